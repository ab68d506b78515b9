//! Every bound on what a peer, a file or an author can make this program hold, in bytes unless the name says otherwise.
//!
//! The bounds are part of the formats: an honest node refuses what is larger, so raising one is a change of the rules
//! (`docs/spec/limits.md`). What is only a matter of one node's means (queues, connections, caches) is configuration and
//! lives in the node.

/// The bytes of an entry: the COSE envelope with its payload.
pub const ENTRY_MAX: usize = 4 * 1024;

/// The bytes of a body.
pub const BODY_MAX: usize = 1024 * 1024;

/// The bytes of a segment: a run of consecutive entries of one log with their bodies.
pub const SEGMENT_MAX: usize = 4 * 1024 * 1024;

/// Entries from one that has to carry its own valid signature to the next: in every log those at the places before a multiple of
/// this. So from any place of any branch the key's own word follows within so many entries, and a fork can be proven.
pub const ANCHOR_SPACING: u64 = 64;

/// The bytes of the entries of a chain together: as many as may lie between two anchors, each of at most 512 bytes. No entry
/// is larger, since every field of one is bounded.
pub const CHAIN_MAX: usize = ANCHOR_SPACING as usize * 512;

/// The bytes of a fork proof: two chains, with a little around each entry.
pub const FORK_PROOF_MAX: usize = 2 * CHAIN_MAX + 1024;

/// What a sender aims at for one segment on the wire: large enough that one signature vouches for hundreds of entries,
/// small enough that ten in flight fit into a small machine.
pub const SEGMENT_TARGET: usize = 1024 * 1024;

/// The name of a kind, in characters of `a-z 0-9 -`.
pub const KIND_MAX: usize = 32;

/// The id of a member, in characters.
pub const MEMBER_ID_MAX: usize = 16;

/// A name or a title in a charter.
pub const NAME_MAX: usize = 200;

/// The purpose in a charter.
pub const PURPOSE_MAX: usize = 4_000;

/// The reason for which a network was founded anew.
pub const REASON_MAX: usize = 4_000;

/// Former networks that a charter names: one more for each time that it was founded anew.
pub const FORMER_MAX: usize = 8;

/// Logs that a charter carries over, of all former networks together. Each takes some 110 bytes of the charter.
pub const CARRIED_LOGS_MAX: usize = 4096;

/// Members of a roster: twice the number of States in the world.
pub const MEMBERS_MAX: usize = 400;

/// Roles in a charter.
pub const ROLES_MAX: usize = 16;

/// Kinds named by one role.
pub const ROLE_KINDS_MAX: usize = 64;

/// Lines of a keyring: the charter may set a lower bound, not a higher one.
pub const KEYRING_LINES_MAX: usize = 256;

/// Bytes of the proof by which a key agrees to stand in a keyring.
pub const KEY_PROOF_MAX: usize = 256;

/// Entries of a root log. All its keyrings are kept at hand, and a member speaks by its root key a few times a year.
pub const ROOT_LOG_ENTRIES_MAX: u64 = 4096;

/// Bytes of a root log with its bodies: as many keyrings as a member will ever need, and not as many as it could sign.
pub const ROOT_LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Revisions of one series by one key that count: a revision a fortnight for twenty years. Those at the lowest places do.
pub const SERIES_REVISIONS_MAX: usize = 512;

/// Withdrawals of one series by one key that count, by the same rule.
pub const SERIES_WITHDRAWALS_MAX: usize = 64;

/// Addresses in a ticket.
pub const TICKET_ADDRESSES_MAX: usize = 8;

/// One address in a ticket.
pub const ADDRESS_MAX: usize = 256;

/// The latest time that an entry may claim: the end of the year 9999, in milliseconds since 1970.
pub const TIME_MAX_MS: u64 = 253_402_300_799_999;

/// Bytes of one log with its bodies: the charter may set a lower bound, not a higher one.
pub const LOG_BYTES_MAX: u64 = 1 << 40;

/// Entries of one log: the charter may set a lower bound, not a higher one. So no place is so high that the place after it
/// could not be named.
pub const LOG_ENTRIES_MAX: u64 = 1 << 32;

/// A frame of the sync protocol that carries a message.
pub const SYNC_MESSAGE_MAX: usize = 256 * 1024;

/// A frame of the sync protocol that carries a compressed segment. Incompressible data grows a little.
pub const SYNC_SEGMENT_MAX: usize = SEGMENT_MAX + 64 * 1024;

/// A gossip message: an entry, with its body if that is small, or a fork proof of about two dozen entries, with a little around it.
/// Whatever is larger travels by sync alone.
pub const GOSSIP_MAX: usize = 2 * ENTRY_MAX + 256;

/// The zstd frame of a segment in a gossip message: what the message leaves for it.
pub const GOSSIP_FRAME_MAX: usize = GOSSIP_MAX - 32;

/// The run of a segment in a gossip message, not compressed.
pub const GOSSIP_RUN_MAX: usize = 32 * 1024;

/// Addresses in a node record.
pub const NODE_ADDRESSES_MAX: usize = 8;

/// The bytes of a node record: the envelope with eight addresses of the greatest length and a little around them.
pub const NODE_RECORD_MAX: usize = NODE_ADDRESSES_MAX * (ADDRESS_MAX + 3) + 256;

/// Node records in one exchange between two nodes.
pub const NODE_RECORDS_MAX: usize = 64;

/// A frame of the sync protocol that carries one body: its log, its place and its bytes.
pub const SYNC_BODY_MAX: usize = BODY_MAX + 40;

/// Logs of which a node describes the heads themselves instead of digests.
pub const SYNC_HEADS_MAX: usize = 16;

/// Logs that one quick pull asks for.
pub const SYNC_PULL_MAX: usize = 64;

/// Missing bodies asked for in one session.
pub const SYNC_WANT_MAX: usize = 1024;

/// Fork proofs that one side sends in one session; the rest follow in the next.
pub const SYNC_FORKS_MAX: usize = 1024;

/// Messages of comparison in one session, both sides together: enough for every log that a charter can allow.
pub const SYNC_TURNS_MAX: u32 = 256;

/// Rounds of a ballot. Each needs more than a third of the voters to have spoken in the one before.
pub const ROUNDS_MAX: u32 = 64;

/// A signed statement of a ballot. The largest has some 240 bytes.
pub const STATEMENT_MAX: usize = 512;

/// Statements of one key of a voter about what follows one roster: an endorsement and a ratification in each round. One more is kept,
/// which shows that it says more than anybody honest can.
pub const STATEMENTS_OF_VOTER_MAX: usize = 2 * ROUNDS_MAX as usize;

/// Proposals of which one key of a voter may speak, about what follows one roster. Of one more a statement is kept.
pub const PROPOSALS_OF_VOTER_MAX: usize = 16;

/// A proposal: it may admit some two hundred members at once.
pub const PROPOSAL_MAX: usize = 64 * 1024;

/// Changes in one proposal.
pub const CHANGES_MAX: usize = 400;

/// Logs of one member that a change names: all keys of a keyring, and root keys.
pub const ENDS_MAX: usize = KEYRING_LINES_MAX + 16;

/// A request to join or to replace a root key: a member's line, signed.
pub const REQUEST_MAX: usize = 1024;

/// Statements in one message.
pub const PAPERS_STATEMENTS_MAX: usize = 256;

/// Polls that two nodes compare: those about the newest rosters.
pub const SYNC_POLLS_MAX: usize = 256;

/// Names of statements that one side says it holds.
pub const SYNC_BALLOT_IDS_MAX: usize = 8192;

/// Papers of ballots that one side sends in one session; the rest follow in the next.
pub const SYNC_PAPERS_MAX: usize = 4096;
