//! The act of stating which keys speak for the member: an entry of the root log with a keyring.
//!
//! ```text
//! keyring = {body: bytes, logs: [bytes], before: bytes | null, member, statement: bytes}
//! ```
//!
//! | field | content |
//! | --- | --- |
//! | `body` | the keyring that the entry commits to |
//! | `logs` | the openings of publishing logs that begin with this keyring |
//! | `before` | the item (entry and body) of the keyring that is in force, to compare with |
//! | `statement` | the payload that is to be signed: the entry of the root log |
//!
//! The member is the one for whom every key of the keyring agrees to speak; the place is the one of the statement. The keyring before
//! is signed by a root key too; that it is the one in force, only a node knows.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    cbor,
    charter::Charter,
    entry::{Entry, Statement},
    envelope::{Envelope, Purpose},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyState, KeyUse, Keyring, Opening, Place},
    kind::{Audience, Kind},
    limits,
    run::{ReceivedRun, VerifiedRun, push_item, split_item},
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    check::{Signature, content, only, seal},
    journal::Note,
    request::RequestError,
};

/// Logs that one keyring may begin.
const LOGS_MAX: usize = 8;
/// Bytes of the opening of a log.
const LOG_MAX: usize = 8 * 1024;

/// An entry of the root log with a keyring. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyringAct {
    pub(crate) body: ByteBuf,
    pub(crate) logs: Vec<ByteBuf>,
    pub(crate) before: Option<ByteBuf>,
    pub(crate) member: MemberId,
    pub(crate) statement: ByteBuf,
}

/// A keyring whose parts fit together.
#[derive(Debug, Clone)]
pub(crate) struct CheckedKeyring {
    pub(crate) statement: Statement,
    /// The keyring that is to stand.
    pub(crate) after: Keyring,
    /// The keyring that it is compared with, its place and the key that signed it.
    pub(crate) before: Option<Before>,
    /// The openings of the logs that begin with it.
    pub(crate) openings: Vec<VerifiedRun>,
    /// The entry as it goes into the root log, once it is signed.
    pub(crate) run: Option<VerifiedRun>,
    payload: Vec<u8>,
}

/// The keyring before.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    pub(crate) root: PublicKey,
    pub(crate) place: Place,
    pub(crate) keyring: Keyring,
}

impl KeyringAct {
    pub(super) fn is_bounded(&self) -> bool {
        let before = self.before.as_ref().is_none_or(|item| item.len() <= limits::ENTRY_MAX + limits::BODY_MAX + 16);
        before
            && are_bounded(&self.logs)
            && self.body.len() <= limits::BODY_MAX
            && self.statement.len() <= limits::ENTRY_MAX
    }
}

/// Are these openings few and short?
pub(super) fn are_bounded(logs: &[ByteBuf]) -> bool {
    logs.len() <= LOGS_MAX && logs.iter().all(|log| log.len() <= LOG_MAX)
}

impl CheckedKeyring {
    pub(super) fn of(
        act: &KeyringAct,
        (charter, network): (&Charter, &Hash),
        signed: Option<&[&[u8]]>,
    ) -> Result<Self, RequestError> {
        let statement: Statement =
            cbor::decode_exact(&act.statement).map_err(|error| RequestError::because("the statement")(&error))?;
        check_statement(&statement, act)?;
        if charter.member_by_root(&statement.log).is_some_and(|listed| listed.id != act.member) {
            return Err(content("the charter lists this root key for another member"));
        }
        let before = act.before.as_deref().map(|item| read_before(item, network, &act.member)).transpose()?;
        let sound = before.as_ref().map(|before| &before.keyring);
        let after = Keyring::decode(&act.body, network, &act.member, sound)
            .map_err(|error| RequestError::because("the keyring")(&error))?;
        if let Some(before) = &before {
            after.follows(&before.keyring).map_err(|error| RequestError::because("the keyring")(&error))?;
            let follows = statement.seq > before.place.seq
                && (statement.seq > before.place.seq + 1 || statement.prev == before.place.hash);
            if before.root == statement.log && !follows {
                return Err(content("the statement does not stand above the keyring that it is compared with"));
            }
        }
        let openings = act
            .logs
            .iter()
            .map(|log| check_opening(log, network, &act.member, &after))
            .collect::<Result<Vec<_>, _>>()?;
        let run = signed.map(|signed| signed_run(only(signed)?, act, network)).transpose()?;
        let payload = act.statement.to_vec();
        Ok(Self { statement, after, before, openings, run, payload })
    }

    pub(super) fn sign(&self, network: &Hash, key: &SigningKey) -> Signature {
        let note = Some(Note::entry(&self.statement));
        Signature { bytes: seal(Purpose::Entry, network, key, &self.payload), note }
    }
}

fn check_statement(statement: &Statement, act: &KeyringAct) -> Result<(), RequestError> {
    if statement.kind != Kind::Keyring || statement.audience != Audience::Public || statement.seq == 0 {
        return Err(content("the statement is not one with a keyring"));
    }
    if !statement.body.is_of(&act.body) {
        return Err(content("the statement commits to another keyring than the one in the file"));
    }
    if statement.seq >= limits::ROOT_LOG_ENTRIES_MAX || statement.time > limits::TIME_MAX_MS {
        return Err(content("the statement has a place or a time that is out of bounds"));
    }
    Ok(())
}

fn read_before(item: &[u8], network: &Hash, member: &MemberId) -> Result<Before, RequestError> {
    let because = RequestError::because("the keyring before");
    let (entry, body, len) = split_item(item).ok_or_else(|| content("the keyring before is not an entry"))?;
    let decoded = Entry::decode(entry).map_err(|error| because(&error))?;
    decoded.verify(network).map_err(|error| because(&error))?;
    let body = body.filter(|body| len == item.len() && decoded.statement.body.is_of(body));
    let body = body.ok_or_else(|| content("the keyring before is not whole"))?;
    if decoded.statement.kind != Kind::Keyring {
        return Err(content("what stands for the keyring before is something else"));
    }
    let keyring = Keyring::decode(body, network, member, None).map_err(|error| because(&error))?;
    let place = Place { seq: decoded.statement.seq, hash: decoded.hash };
    Ok(Before { root: decoded.statement.log, place, keyring })
}

/// Checks the opening of a log that a keyring lets begin.
pub(super) fn check_opening(
    bytes: &[u8],
    network: &Hash,
    member: &MemberId,
    keyring: &Keyring,
) -> Result<VerifiedRun, RequestError> {
    let because = RequestError::because("the opening of a log");
    let run = ReceivedRun::receive(bytes.to_vec()).map_err(|error| because(&error))?;
    let run = run.verify(network).map_err(|error| because(&error))?;
    let opened = run.item_at(0).filter(|_| run.items().len() == 1 && run.prev() == *network);
    let opening = opened.and_then(|item| Opening::decode(run.body_bytes(item)?).ok());
    if opening.is_none_or(|opening| opening.member != *member) {
        return Err(content("the opening of a log does not say that it speaks for this member"));
    }
    let begins = Place { seq: 0, hash: run.head() };
    let listed = keyring.line(&run.log()).filter(|line| line.key_use == KeyUse::Publish);
    match listed.map(|line| line.state) {
        Some(KeyState::Live(Some(place)) | KeyState::Ended(Some(place))) if place.seq > 0 || place == begins => Ok(run),
        _ => Err(content("the keyring does not let a log begin as its opening says")),
    }
}

fn signed_run(signed: &[u8], act: &KeyringAct, network: &Hash) -> Result<VerifiedRun, RequestError> {
    let because = RequestError::because("the signature");
    let envelope = Envelope::open(signed, limits::ENTRY_MAX).map_err(|error| because(&error))?;
    if envelope.payload != act.statement.as_slice() {
        return Err(content("what is signed is another statement than the one in the file"));
    }
    let mut item = Vec::new();
    push_item(&mut item, signed, Some(&act.body));
    let run = ReceivedRun::receive(item).map_err(|error| because(&error))?;
    run.verify(network).map_err(|error| because(&error))
}
