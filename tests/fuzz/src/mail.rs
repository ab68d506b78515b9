//! Lines of text that institutions mail each other: requests to join, and offers of keys.
//!
//! Each ends with a checksum, which stops a fuzzer and no forger. So the bytes are read three times: as the text that came, behind a
//! checksum that fits, and, where keys sign, as what keys signed.

use ed25519_dalek::SigningKey;
use nanduti_node::{fuzzing, governance::RequestText};
use nanduti_protocol::{
    cbor, envelope,
    envelope::Purpose,
    hash::Hash,
    key::PublicKey,
    keyring::{KeyLine, KeyState, KeyUse, Place},
    limits,
    testing::{Actor, Founding},
};
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::{
    forms::{checked, network},
    script::Script,
};

const REQUEST: &str = "nanduti-request:";
const OFFER: &str = "nanduti-keys:";

/// A request to be on the list of members: as it came, behind a checksum that fits, and as a line that its root key signed.
pub fn request_text(data: &[u8]) {
    asked(&String::from_utf8_lossy(data));
    let text = checked(REQUEST, data);
    if let Some(read) = asked(&text) {
        assert_eq!(read.to_text(), text, "one request, one text");
    }
    let key = SigningKey::from_bytes(&[9; 32]);
    let signed = envelope::seal(Purpose::Request, &network(), &key, data);
    if let Some(read) = asked(&checked(REQUEST, &[network().as_bytes(), signed.as_slice()].concat())) {
        assert_eq!(cbor::encode(&read.line), data, "what was signed is what is read");
        assert_eq!((read.line.root, read.network, &read.request), (PublicKey::from(&key), network(), &signed));
        assert!(signed.len() <= limits::REQUEST_MAX);
    }
}

fn asked(text: &str) -> Option<RequestText> {
    let read = RequestText::parse(text).ok()?;
    assert_eq!(RequestText::parse(&read.to_text()).as_ref(), Ok(&read), "what is read can be written");
    Some(read)
}

/// An offer of keys. Field order is that of the encoding.
#[derive(Serialize)]
struct Offer {
    keys: Vec<KeyLine>,
    logs: Vec<ByteBuf>,
    member: String,
    network: Hash,
}

/// An offer of keys: as it came, behind a checksum that fits, and put together by a script of lines that keys signed.
pub fn offer(data: &[u8]) {
    if let Some(written) = fuzzing::offer(&String::from_utf8_lossy(data)) {
        assert_eq!(fuzzing::offer(&written).as_ref(), Some(&written), "one offer, one text");
    }
    let text = checked(OFFER, data);
    if let Some(written) = fuzzing::offer(&text) {
        assert_eq!(written, text, "one content, one text");
    }
    let mut script = Script::new(data);
    let offer = FOUNDING.with(|founding| some_offer(founding, &mut script));
    let text = checked(OFFER, &cbor::encode(&offer));
    if let Some(written) = fuzzing::offer(&text) {
        assert_eq!(written, text);
        let of = |key_use| offer.keys.iter().filter(|line| line.key_use == key_use).count();
        assert!(of(KeyUse::Publish) <= 1 && of(KeyUse::Node) <= 1 && !offer.keys.is_empty());
        assert_eq!(offer.logs.len(), of(KeyUse::Publish));
    }
}

thread_local! {
    static FOUNDING: Founding = Founding::new(3, 2);
}

fn some_offer(founding: &Founding, script: &mut Script<'_>) -> Offer {
    let (actor, other) = (&founding.actors[0], &founding.actors[1]);
    let mut keys: Vec<KeyLine> = (0..1 + script.below(3)).map(|_| some_line(founding, actor, script)).collect();
    if script.below(8) > 0 {
        keys.sort_by_key(|line| line.key);
    }
    let mut logs = Vec::new();
    for _ in 0..script.below(3) {
        let whose = if script.below(6) == 1 { other } else { actor };
        let log = founding.publish_log(&whose.id, &whose.publish[script.below(2)]);
        let mut opening = log.segment(0..1);
        if script.below(8) == 1 {
            let at = script.below(opening.len());
            opening[at] ^= script.byte();
        }
        logs.push(ByteBuf::from(opening));
    }
    let member = if script.below(8) == 1 { &other.id } else { &actor.id };
    let network = if script.below(8) == 1 { network() } else { founding.network };
    Offer { keys, logs, member: member.to_string(), network }
}

fn some_line(founding: &Founding, actor: &Actor, script: &mut Script<'_>) -> KeyLine {
    let key = [&actor.publish[0], &actor.publish[1], &actor.node][script.below(3)];
    let key_use = match (script.below(6), key == &actor.node) {
        (1, _) => KeyUse::Node,
        (2, _) | (_, false) => KeyUse::Publish,
        (_, true) => KeyUse::Node,
    };
    let place = some_place(script);
    let state = if script.below(4) == 1 { KeyState::Ended(place) } else { KeyState::Live(place) };
    let mut line = KeyLine::sign(key_use, &founding.network, &actor.id, key, state);
    if script.below(12) == 1 {
        line.proof = script.bytes(20).to_vec().into();
    }
    line
}

/// A place of a log, or none.
pub(crate) fn some_place(script: &mut Script<'_>) -> Option<Place> {
    let seq = script.number()?;
    Some(Place { seq, hash: Hash::of(&seq.to_be_bytes()) })
}
