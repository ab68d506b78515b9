//! The forms of the protocol, one by one: whatever is accepted has exactly the bytes by which it would be written.
//!
//! A form that forgives (a ticket in capitals) or that keeps what it does not know (a record) says here what it comes back
//! as. What lies behind a signature is in the other modules, since no fuzzer makes one by chance.

use data_encoding::BASE32_NOPAD;
use nanduti_protocol::{
    announce::{Announcement, NewEntry},
    authority::Authority,
    ballot::Statement as BallotStatement,
    cbor,
    charter::Charter,
    entry::Entry,
    envelope::{Envelope, EnvelopeError, Purpose},
    fork::ForkProof,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{Keyring, Opening},
    kind::{Audience, Kind},
    limits,
    networks::NetworkOf,
    node_record::SealedNodeRecord,
    record,
    roster::Roster,
    run,
    run::ReceivedRun,
    sync::{self, FrameHeader, FrameType, Message},
    ticket::Ticket,
    vocabulary,
};

/// The network of the vectors, so that what they signed verifies here.
pub fn network() -> Hash {
    Hash::of(b"nanduti vectors")
}

/// The signed envelope: what opens is its one form, and verifies under no key that its content chooses.
pub fn envelope(data: &[u8]) {
    let Ok(envelope) = Envelope::open(data, limits::ENTRY_MAX) else { return };
    assert!(data.len() <= limits::ENTRY_MAX);
    let (head, rest) = data.split_at(6);
    assert_eq!(head, [0x84, 0x43, 0xA1, 0x01, 0x32, 0xA0]);
    assert_eq!(rest.len(), head_len(envelope.payload.len()) + envelope.payload.len() + 2 + 64);
    assert!(data.ends_with(envelope.signature));
    let key = PublicKey::from_bytes(*Hash::of(data).as_bytes());
    let purposes = [Purpose::Entry, Purpose::NodeKey, Purpose::PublishKey, Purpose::Card, Purpose::NodeRecord];
    for purpose in purposes.into_iter().chain([Purpose::Ballot, Purpose::Request]) {
        assert_eq!(envelope.verify(purpose, &network(), &key), Err(EnvelopeError::Signature));
    }
}

/// How many bytes stand before a byte string, counted anew.
fn head_len(len: usize) -> usize {
    match len {
        0..=23 => 1,
        24..=255 => 2,
        256..=65_535 => 3,
        _ => 5,
    }
}

/// An entry.
pub fn entry(data: &[u8]) {
    let Ok(entry) = Entry::decode(data) else { return };
    assert_eq!(entry.hash, Hash::of(data));
    let envelope = Envelope::open(data, data.len()).expect("an entry is an envelope");
    assert_eq!(cbor::encode(&entry.statement), envelope.payload);
    let statement = &entry.statement;
    assert!(statement.seq < limits::LOG_ENTRIES_MAX && statement.time <= limits::TIME_MAX_MS);
    assert!(statement.body.size <= limits::BODY_MAX as u64);
    assert_eq!(Kind::parse(statement.kind.name()), Some(statement.kind.clone()));
    // An entry that verifies does so for one network.
    if entry.verify(&network()).is_ok() {
        assert!(entry.verify(&Hash::of(b"another network")).is_err());
    }
}

/// A segment: what is accepted is whole items and nothing else, and each way to cut it gives runs again.
pub fn segment(data: &[u8]) {
    let Ok(received) = ReceivedRun::receive(data.to_vec()) else { return };
    let mut items = Vec::new();
    let mut rest = data;
    let mut written = Vec::new();
    while let Some((entry, body, len)) = run::split_item(rest) {
        assert_eq!(run::item_len(rest), Some(len));
        run::push_item(&mut written, entry, body);
        items.push((entry, body));
        rest = &rest[len..];
    }
    assert!(rest.is_empty() && written == data, "a run is its items in their one form");
    let anchored = received.anchored_len(&network());
    assert!(anchored <= items.len());
    let Ok(verified) = received.verify(&network()) else {
        assert!(anchored < items.len(), "the last entry is no anchor");
        return;
    };
    assert_eq!((anchored, verified.items().len()), (items.len(), items.len()));
    assert_eq!(verified.bytes(), data);
    let first = verified.first_seq();
    for (seq, (entry, body)) in (first..).zip(&items) {
        let item = verified.item_at(seq).expect("it is in the run");
        assert_eq!(item.hash, Hash::of(entry));
        assert_eq!((verified.entry_bytes(item), verified.body_bytes(item)), (*entry, *body));
        let tail = verified.clone().starting_at(seq).expect("a place of the run");
        assert_eq!((tail.first_seq(), tail.next_seq(), tail.head()), (seq, verified.next_seq(), verified.head()));
        let again = ReceivedRun::receive(tail.bytes().to_vec()).and_then(|run| run.verify(&network()));
        assert_eq!(again, Ok(tail));
        if let Some(front) = verified.clone().ending_before(seq, &network()) {
            assert!(front.next_seq() <= seq);
            let again = ReceivedRun::receive(front.bytes().to_vec()).and_then(|run| run.verify(&network()));
            assert_eq!(again, Ok(front));
        }
    }
}

/// The charter, and the roster that it makes.
pub fn charter(data: &[u8]) {
    let Ok(charter) = Charter::decode(data) else { return };
    assert_eq!(charter.encode(), data);
    assert_eq!(charter.network(), Hash::of(data));
    let roster = Roster::founding(&charter);
    assert_eq!(cbor::decode_exact(&cbor::encode(&roster)), Ok(roster.clone()));
    let voters = charter.members.iter().filter(|member| charter.roles[&member.role].votes).count() as u64;
    let quorum = charter.quorum.of(voters);
    assert!(quorum * 3 > voters * 2 && quorum <= voters, "{quorum} of {voters}");
    for member in &charter.members {
        assert_eq!(charter.member_by_root(&member.root), Some(member));
        assert_eq!(roster.member(&member.id), Some(member));
    }
    carried_over(&charter);
}

/// Of each log that a charter carries over: its network is not this one, it ends where it is said to, and is nobody's root log.
fn carried_over(charter: &Charter) {
    let (authority, networks) = (Authority::new(charter), charter.networks());
    for former in &charter.former {
        for carried in &former.logs {
            assert_eq!(networks.network_of(&carried.log), former.network());
            let standing = authority.standing(&carried.log).expect("the charter says how it stands");
            assert_eq!((standing.member.id.clone(), standing.fixed), (carried.member.clone(), Some(carried.last)));
            assert!(!standing.is_root && standing.ends == Some(carried.last.seq + 1));
            assert!(standing.rights.at(carried.last.seq).is_some());
            assert_eq!(authority.member_by_root(&carried.log), None);
        }
    }
    for member in &charter.members {
        assert_eq!(networks.network_of(&member.root), charter.network());
    }
}

/// A keyring; and that it follows itself.
pub fn keyring(data: &[u8]) {
    let member = MemberId::parse("PRY").expect("an id");
    let Ok(keyring) = Keyring::decode(data, &network(), &member, None) else { return };
    assert_eq!(keyring.encode(), data);
    assert_eq!(keyring.follows(&keyring), Ok(()));
    assert_eq!(Keyring::decode(data, &network(), &member, Some(&keyring)).as_ref(), Ok(&keyring));
    for line in &keyring.keys {
        assert_eq!(keyring.line(&line.key), Some(line));
    }
}

/// What a publishing log says of itself.
pub fn opening(data: &[u8]) {
    if let Ok(opening) = Opening::decode(data) {
        assert_eq!(opening.encode(), data);
    }
}

/// A fork proof.
pub fn fork(data: &[u8]) {
    let Ok(proof) = ForkProof::decode(&network(), data) else { return };
    assert_eq!(proof.encode(), data);
    assert_eq!(proof.merge(&proof), proof);
    assert!(proof.mark().low < proof.mark().high);
}

/// A gossip message, and what it may carry.
pub fn announcement(data: &[u8]) {
    let Ok(message) = Announcement::decode(data) else { return };
    assert_eq!(message.encode(), data);
    match message {
        Announcement::Entry(bytes) => entry(bytes),
        Announcement::Segment(content) => new_entry(content),
        Announcement::Fork(bytes) => fork(bytes),
        Announcement::Node(bytes) => node_record(bytes),
        Announcement::Ballot(bytes) => statement(bytes),
    }
}

/// An entry that is announced with its body: here what stands in the place of the frame is the run itself.
fn new_entry(content: &[u8]) {
    let Ok((len, run)) = NewEntry::split(content) else { return };
    assert!((1..=limits::GOSSIP_RUN_MAX).contains(&len));
    let Ok(new) = NewEntry::read(run.to_vec()) else { return };
    let read = new.entry().expect("it was taken apart");
    assert_eq!(read.statement.audience, Audience::Public);
    assert!(run.len() <= limits::GOSSIP_RUN_MAX && new.log() == read.statement.log);
}

/// A statement of a ballot.
pub fn statement(data: &[u8]) {
    let Ok(statement) = BallotStatement::decode(data) else { return };
    let envelope = Envelope::open(data, data.len()).expect("a statement is an envelope");
    assert_eq!(cbor::encode(&statement), envelope.payload);
    assert!((1..=limits::ROUNDS_MAX).contains(&statement.round) && data.len() <= limits::STATEMENT_MAX);
    assert!(statement.cites.is_none_or(|cited| cited > 0 && cited < statement.round));
}

/// A node record.
pub fn node_record(data: &[u8]) {
    let Ok(sealed) = SealedNodeRecord::decode(data) else { return };
    let envelope = Envelope::open(data, data.len()).expect("a record is an envelope");
    assert_eq!(cbor::encode(&sealed.record), envelope.payload);
    assert!(sealed.record.is_bounded() && data.len() <= limits::NODE_RECORD_MAX);
    if sealed.verify(&network()).is_ok() {
        assert!(sealed.verify(&Hash::of(b"another network")).is_err());
    }
}

/// A ticket, as text, and behind a checksum that fits. White space around it and capitals are forgiven.
pub fn ticket(data: &[u8]) {
    for text in [String::from_utf8_lossy(data).into_owned(), checked("nanduti:", data)] {
        let Ok(ticket) = Ticket::parse(&text) else { continue };
        assert_eq!(ticket.to_text(), text.trim().to_ascii_lowercase());
        assert!(ticket.addresses.len() <= limits::TICKET_ADDRESSES_MAX);
    }
}

/// Any bytes as a line of text with a checksum that fits: it stops a fuzzer, and no forger.
pub(crate) fn checked(scheme: &str, content: &[u8]) -> String {
    let sum = Hash::of(content);
    format!("{scheme}{}", BASE32_NOPAD.encode(&[content, &sum.as_bytes()[..4]].concat()).to_ascii_lowercase())
}

/// A message of sync.
pub fn sync_message(data: &[u8]) {
    let Ok(message) = Message::decode(data) else { return };
    assert_eq!(message.encode(), data);
    let frame = sync::message_frame(&message);
    let (header, content) = frame.split_first_chunk().expect("a frame has a header");
    assert_eq!(FrameHeader::decode(*header), Ok(FrameHeader { frame_type: FrameType::Message, len: content.len() }));
    assert_eq!(content, data);
}

/// The frames of a stream: each within its bound, and written again as it was read.
pub fn sync_frames(data: &[u8]) {
    let mut rest = data;
    while let Some((header, after)) = rest.split_first_chunk() {
        let Ok(read) = FrameHeader::decode(*header) else { return };
        assert_eq!(FrameHeader::new(read.frame_type, read.len), Some(read));
        assert_eq!(read.encode(), *header);
        assert!(read.len <= limits::SYNC_SEGMENT_MAX);
        let Some((content, next)) = after.split_at_checked(read.len) else { return };
        match read.frame_type {
            FrameType::Message => sync_message(content),
            FrameType::Segment => {
                if let Ok((len, zstd)) = sync::split_segment(content) {
                    assert!((1..=limits::SEGMENT_MAX).contains(&len));
                    let head = sync::segment_head(len).expect("within the bounds");
                    assert_eq!([&head[..], zstd].concat(), content);
                }
            }
            FrameType::Body => {
                let (log, seq, body) = sync::split_body(content).expect("the header has seen to its length");
                let frame = sync::body_frame(&log, seq, body).expect("within the bounds");
                assert_eq!(frame, rest[..frame.len()]);
            }
        }
        rest = next;
    }
}

/// Short texts that people and peers write: ids, codes, addresses, languages. Nothing is accepted in two spellings, but for capitals.
pub fn texts(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if let Ok(id) = MemberId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!(text.starts_with(id.state()));
    }
    if let Some(kind) = Kind::parse(text) {
        assert_eq!(kind.name(), text);
    }
    // Whoever types a hash or a key may do so in capitals.
    if let Some(hash) = Hash::from_hex(text) {
        assert_eq!(hash.to_hex(), text.to_ascii_lowercase());
    }
    if let Some(key) = PublicKey::from_hex(text) {
        assert_eq!(key.to_hex(), text.to_ascii_lowercase());
    }
    if let Some(hash) = Hash::from_cid(text) {
        assert_eq!(hash.to_cid(), text);
        assert_eq!(Hash::from_blob_cid(text), None, "an entry is no blob");
    }
    if let Some(hash) = Hash::from_blob_cid(text) {
        assert_eq!(hash.to_blob_cid(), text);
    }
    if let Some(tag) = vocabulary::canonical_language(text) {
        assert!(vocabulary::is_language(&tag), "{tag}");
        assert_eq!(vocabulary::canonical_language(&tag).as_deref(), Some(tag.as_str()));
    }
    let _ = vocabulary::is_iso_3166_2(text);
    if record::is_url(text) || record::is_email(text) || record::is_contact(text) {
        assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace()), "{text:?}");
    }
    if text.len() < 200 {
        let _ = vocabulary::suggest_name(["publish", "node", "root"].into_iter(), text);
    }
}
