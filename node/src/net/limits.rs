//! What the network of one node may take up, and why just so much.
//!
//! The bounds of the formats are the protocol's (`nanduti_protocol::limits`). These are this node's own: they can be changed
//! without asking anybody.

use std::time::Duration;

/// Connections to one peer: one, and one more for the moment in which both dialled at once, or in which one came back from a
/// restart before we noticed that it was gone.
pub(super) const CONNECTIONS_PER_PEER: usize = 2;

/// How many of the connections others may make: strangers cannot take the places in which this node dials those whom it knows.
pub(super) fn incoming(max_connections: usize) -> usize {
    max_connections - max_connections / 4
}

/// Two connections to one peer made within this time were dialled by both sides at once.
pub(super) const SIMULTANEOUS: Duration = Duration::from_secs(5);

/// How often an idle QUIC connection says that it lives: just often enough for the routers that forget a flow after thirty
/// seconds, since eight quiet connections should cost less than 10 MB a day, and this is half of what they cost. Each node
/// takes up to a tenth more or less, so that not both ends of a connection speak up at the same moment.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// How long a QUIC connection may be silent before it counts as dead.
pub(super) const IDLE_MS: u32 = 60_000;

/// How often each side pings, so that a TCP connection is not forgotten on its way. That one is dead is found out by
/// synchronising ([`SILENCE`]).
pub(super) const PING: Duration = Duration::from_secs(300);

/// How often a peer is told anew what runs here. It hears so on connecting, and it does not change.
pub(super) const IDENTIFY: Duration = Duration::from_secs(86_400);

/// Connections that this node is making at a time.
pub(super) const PENDING_OUTGOING: usize = 64;

/// Connections that others are making to this node at a time. A handshake takes a signature and a few kilobytes; somebody who
/// never finishes his must not keep all others out, so the places of one address are fewer.
pub(super) const PENDING_INCOMING: usize = 256;

/// See [`PENDING_INCOMING`]: enough for a demonstration of many nodes on one machine that all start at once.
pub(super) const PENDING_PER_ADDRESS: usize = 48;

/// How many of the connections that others made may come from one address (one /64 of IPv6), members' nodes not counted. The
/// loopback is exempt, as it is for the pages.
pub(super) fn incoming_per_address(max_connections: usize) -> usize {
    (incoming(max_connections) / 4).max(1)
}

/// Streams that a peer may be negotiating at a time: identify, ping, gossip, a synchronisation and an exchange of records
/// need five.
pub(super) const NEGOTIATING_STREAMS: usize = 16;

/// Streams of one connection, both ways together: an honest relation needs ten, and each may have 256 KiB unread. Who opens
/// more loses the connection.
pub(super) const STREAMS: usize = 24;

/// The bytes of one connection that have arrived and are not read yet, over all its streams. What a stream may have unread begins
/// at 256 KiB and grows while it is read, to what is left of this: 3 MiB carry 30 MB a second over a round trip of a tenth of
/// a second.
pub(super) const UNREAD_BYTES: usize = STREAMS * 256 * 1024 + 3 * 1024 * 1024;

/// The same for a stream of QUIC, whose windows do not grow.
pub(super) const UNREAD_STREAM_BYTES: u32 = 3 * 1024 * 1024;

/// Inbound streams of one connection that wait for the node to take them, beyond which they are dropped.
pub(super) const INBOUND_STREAMS: usize = 8;

/// Streams that the node may be opening on one connection.
pub(super) const OPENING_STREAMS: usize = 8;

/// How long a peer has for its first frame, and for the negotiation of a stream.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// A session that moves fewer than [`PROGRESS_BYTES`] in this time, both directions together, is cut.
pub(super) const PROGRESS: Duration = Duration::from_secs(30);

/// What a session has to move in [`PROGRESS`]. A line of 2 kB/s moves sixty kilobytes, so it lives; who reads one byte now
/// and then to keep a slot does not.
pub(super) const PROGRESS_BYTES: u64 = 2048;

/// While a session of ours with a peer has been running for longer than this, the peer's wait for its end.
pub(super) const AT_WORK: Duration = Duration::from_secs(2);

/// How long a peer behind a TCP connection may leave our sessions without an answer before the connection counts as dead. TCP
/// itself hopes for a quarter of an hour, in which nobody would dial the peer anew; what waits in its buffers for a line of
/// 2 kB/s goes out within this. QUIC has its own clock for this ([`IDLE_MS`]).
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// How long a stranger's session may take when another stranger waits for its place. What was admitted stays, and the next
/// session goes on from there.
pub(super) const FAIR: Duration = Duration::from_secs(30);

/// The same for members' nodes and named peers.
pub(super) const FAIR_TRUSTED: Duration = Duration::from_secs(120);

/// The bytes of segments that one session holds between the wire and the disk.
pub(super) const SESSION_BYTES: usize = 16 * 1024 * 1024;

/// The bytes of segments that all sessions hold together: what keeps a machine of 512 MB alive.
pub(super) const ALL_SESSIONS_BYTES: usize = 64 * 1024 * 1024;

/// Segments that are read from the disk and compressed ahead of the wire. Two keep the wire busy; more only take memory.
pub(super) const READ_AHEAD: usize = 2;

/// Runs of one session that wait for their verification or admission, in their order.
pub(super) const RUNS_IN_FLIGHT: usize = 32;

/// Runs in a row without anything new, after which a session ends: either the peer wastes our time, or somebody else was
/// faster, and a new comparison saves both sides the rest.
pub(super) const IDLE_RUNS: usize = 64;

/// Runs of one session that are refused without blame, after which it ends. An honest peer sends some for keys that have
/// become known to it first; more than a roster of logs at once it does not.
pub(super) const REFUSED_RUNS: usize = 1024;

/// Dials under way. Each may try eight addresses.
pub(super) const DIALS: usize = 16;

/// Peers whose addresses are remembered for dialling.
pub(super) const KNOWN_PEERS: usize = 1024;

/// Addresses remembered of one peer: as many as a record may carry.
pub(super) const ADDRESSES_PER_PEER: usize = nanduti_protocol::limits::NODE_ADDRESSES_MAX;

/// Peers that a node keeps connected to of its own accord, beyond those that it was told to. Gossip needs six; the rest
/// shorten the way.
pub(super) const WANTED_CONNECTIONS: usize = 16;

/// Node records that are stored: members' nodes first.
pub(super) const NODE_RECORDS: usize = 1024;

/// The first wait after a failed dial; it doubles with each failure.
pub(super) const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest wait between dials of a peer that the operator named.
pub(super) const BACKOFF_NAMED: Duration = Duration::from_secs(120);

/// The longest wait between dials of a peer that was only heard of.
pub(super) const BACKOFF_HEARD: Duration = Duration::from_secs(3600);

/// Gossip of one peer that is looked at: messages a second, and at once. A busy network of two hundred members says a few a
/// second, all of which may come through one peer; what is passed over comes by synchronisation.
pub(super) const GOSSIP_PEER_RATE: (f64, f64) = (100.0, 400.0);

/// Gossip of one peer beyond which it is a flood: no honest node passes on so much, since it takes no more than
/// [`GOSSIP_ALL_RATE`] from all its peers, and adds a few offers and wishes a second.
pub(super) const GOSSIP_FLOOD_RATE: (f64, f64) = (1200.0, 6000.0);

/// Messages of gossip of one peer, and frames without any, that are looked into at all: beyond it they are dropped unread, which blames
/// nobody. Of the messages [`GOSSIP_PEER_RATE`] are looked at.
pub(super) const GOSSIP_FRAME_RATE: (f64, f64) = (400.0, 2000.0);

/// Bytes in a frame of gossip. libp2p holds all that it has read against this, be it several frames (libp2p-gossipsub 0.50), and
/// takes no more gossip of a connection after the fifth time that it was too much: so it has to be larger than the largest
/// message and what is read at a time, or a few announcements in one packet would silence an honest peer.
pub(super) const GOSSIP_FRAME: usize = 64 << 10;

/// Messages that are offered to a peer, or asked of it, in one frame. libp2p takes 16 KiB of such from a peer, which is 480 names of
/// messages, and ends the stream of one who sends more: left to itself it would send 5,000, and a busy minute would silence honest
/// peers.
pub(super) const GOSSIP_OFFERS: usize = 400;

/// How long gossip remembers a peer that is gone: our own judgement is kept elsewhere, and names are free.
pub(super) const GOSSIP_RETAIN: Duration = Duration::from_secs(60);

/// Gossip of all peers together. A signature takes some 40 µs, so that this is less than a tenth of one core.
pub(super) const GOSSIP_ALL_RATE: (f64, f64) = (1000.0, 4000.0);

/// Announcements of one log that are accepted, whoever brings them: a member cannot flood the network in its own name. What
/// is passed over is not lost, for each announcement stands for everything below it.
pub(super) const GOSSIP_LOG_RATE: (f64, f64) = (40.0, 200.0);

/// Node records that are passed on: anybody can make as many names as he likes.
pub(super) const GOSSIP_NODE_RATE: (f64, f64) = (5.0, 300.0);

/// New fork proofs that are accepted. Each is flushed to the disk and makes all be judged again, and a key can make any number,
/// each with a lower place or a smaller hash than the last. What is passed over comes by synchronisation.
pub(super) const GOSSIP_FORK_RATE: (f64, f64) = (2.0, 64.0);

/// Exchanges of node records that a peer may ask for: on connecting, and a few more.
pub(super) const PEERS_RATE: (f64, f64) = (0.05, 4.0);

/// Sessions that a peer may ask for. Gossip makes many small ones: one for each publication, and an institution that brings in its
/// archive publishes some twenty-five a second. One at a time runs with each peer.
pub(super) const SESSION_RATE: (f64, f64) = (40.0, 200.0);

/// Peers or logs for which a rate is remembered; beyond it the fullest bucket is forgotten, which costs nothing.
pub(super) const RATES: usize = 4096;

/// Messages of a gossip queue to one peer. What does not fit is dropped: synchronisation brings it.
pub(super) const GOSSIP_QUEUE: usize = 256;

/// Own announcements a second, and at once; beyond it only the last of each log goes out.
pub(super) const ANNOUNCE_RATE: (f64, f64) = (40.0, 200.0);

/// Logs that wait to be announced.
pub(super) const ANNOUNCE_QUEUE: usize = 4096;

/// Message ids remembered, so that nothing is published twice.
pub(super) const RECENT_MESSAGES: usize = 8192;

/// Logs that wait to be pulled from one peer; beyond it the whole frontier is compared.
pub(super) const PULL_LOGS: usize = nanduti_protocol::limits::SYNC_PULL_MAX;

/// The timer of a quiet peer is stretched by two to this power at most.
pub(super) const STRETCH: u32 = 3;

/// After a session that moved something and left the two unequal, as far as is known, they compare again after about this.
pub(super) const CONFIRM: Duration = Duration::from_secs(1);

/// Statements of ballots that are looked at: each costs a signature, and one that is news a session.
pub(super) const GOSSIP_BALLOT_RATE: (f64, f64) = (4.0, 256.0);

/// After gossip from a key that is unknown here, the sender is asked for everything after this: its keyring is probably on
/// the way already.
pub(super) const UNPLACED_REST: Duration = Duration::from_secs(2);

/// Peers of whom faults are remembered.
pub(super) const BLAMED_PEERS: usize = 4096;

/// Below this score a peer is refused for a while.
pub(super) const BAN_SCORE: f64 = -100.0;

/// Points that a score recovers in a second, up to zero.
pub(super) const SCORE_RECOVERY: f64 = 0.1;

/// The first ban; each further one is twice as long.
pub(super) const BAN_FIRST: Duration = Duration::from_secs(600);

/// The longest ban.
pub(super) const BAN_LONGEST: Duration = Duration::from_secs(86_400);

/// The longest ban of a member's or a configured peer: a bug on their side must not part the network.
pub(super) const BAN_TRUSTED: Duration = Duration::from_secs(60);

/// Commands that wait for the network's task.
pub(super) const COMMANDS: usize = 64;

/// So long after connecting node records are exchanged once more, give or take a half.
pub(super) const EXCHANGE_AGAIN: Duration = Duration::from_secs(5);

/// On so many bytes work is done at once: decompressing and verifying them takes a fraction of a millisecond.
pub(super) const AT_ONCE_BYTES: usize = 16 * 1024;

/// News that came with its body and is on its way to the disk: some 40 KB each at most. What comes beyond it is pulled.
pub(super) const NEWS: usize = 32;

/// Reports of sessions that wait for the network's task.
pub(super) const REPORTS: usize = 64;

/// The task looks at all that could be due at most this often, however many events there are.
pub(super) const LOOK_AROUND: Duration = Duration::from_millis(1);

/// How long an orderly stop may take before it becomes a plain one.
pub(super) const STOP: Duration = Duration::from_millis(500);
