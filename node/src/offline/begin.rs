//! The act of beginning to speak: a root log opens with the charter and a first keyring. A founder so adopts the charter; an
//! institution that asks to be admitted also signs the line that it asks for.
//!
//! ```text
//! beginning = {body: bytes, line: bytes | null, logs: [bytes], root, time, member}
//! ```
//!
//! | field | content |
//! | --- | --- |
//! | `body` | the first keyring |
//! | `line` | the line of the list of members that is asked for; null for a founder, whose line stands in the charter |
//! | `logs` | the opening of the publishing log |
//! | `root` | the root key that signs |
//! | `time` | milliseconds since 1970, for both entries |
//!
//! What is signed is computed where it is signed, from the charter and these: entry 1 names entry 0 by its signed bytes. So there are two
//! signatures of a founder, and a third, the request, of a newcomer.

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    ballot::request,
    cbor,
    charter::{Charter, Member},
    entry::Statement,
    envelope::Envelope,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Keyring,
    limits,
    run::{ReceivedRun, VerifiedRun},
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    check::{Signature, content},
    journal::Note,
    keyring::{are_bounded, check_opening},
    request::RequestError,
    words::fingerprint,
};
use crate::{
    api::FormerView,
    founding::{RootLog, former_views, root_log},
};

/// How a root log is to begin. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginningAct {
    pub(crate) body: ByteBuf,
    pub(crate) line: Option<ByteBuf>,
    pub(crate) logs: Vec<ByteBuf>,
    pub(crate) root: PublicKey,
    pub(crate) time: u64,
    pub(crate) member: MemberId,
}

/// A beginning whose parts fit together.
#[derive(Debug, Clone)]
pub(crate) struct CheckedBeginning {
    pub(crate) root: PublicKey,
    pub(crate) keyring: Keyring,
    /// The line asked for, by a newcomer.
    pub(crate) line: Option<Member>,
    pub(crate) time: u64,
    /// What was signed, once it is.
    pub(crate) signed: Option<Begun>,
    /// Does the charter take the place of another network's?
    carries_over: bool,
    log: RootLog,
}

/// A beginning that was signed.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    /// The root log and the publishing log.
    pub(crate) runs: [Vec<u8>; 2],
    /// The request of a newcomer.
    pub(crate) request: Option<Vec<u8>>,
}

impl BeginningAct {
    pub(super) fn is_bounded(&self) -> bool {
        let line = self.line.as_ref().is_none_or(|line| line.len() <= limits::REQUEST_MAX);
        self.body.len() <= limits::BODY_MAX && line && are_bounded(&self.logs)
    }
}

impl CheckedBeginning {
    pub(super) fn of(
        act: &BeginningAct,
        (charter, network): (&Charter, &Hash),
        signed: Option<&[&[u8]]>,
    ) -> Result<Self, RequestError> {
        let because = RequestError::because;
        let line: Option<Member> = act
            .line
            .as_deref()
            .map(|line| cbor::decode_exact(line).map_err(|error| because("the line that is asked for")(&error)))
            .transpose()?;
        let listed = charter.member_by_root(&act.root);
        match &line {
            None if listed.is_none_or(|listed| listed.id != act.member) => {
                return Err(content("the charter does not list this root key for this member"));
            }
            Some(_) if listed.is_some() => return Err(content("the charter lists this root key already")),
            Some(line) if line.root != act.root || line.id != act.member => {
                return Err(content("the line that is asked for is of another member or another root key"));
            }
            _ => {}
        }
        if act.time > limits::TIME_MAX_MS {
            return Err(content("the time is out of bounds"));
        }
        let keyring =
            Keyring::decode(&act.body, network, &act.member, None).map_err(|error| because("the keyring")(&error))?;
        let [opening] = act.logs.as_slice() else { return Err(content("it does not open one publishing log")) };
        let opening = check_opening(opening, network, &act.member, &keyring)?;
        let log = root_log(charter, act.root, &act.body, act.time);
        let carries_over = !charter.former.is_empty();
        let checked = Self { root: act.root, keyring, line, time: act.time, signed: None, carries_over, log };
        let signed = signed.map(|signed| checked.read(network, signed, &opening)).transpose()?;
        Ok(Self { signed, ..checked })
    }

    /// What was signed, if it is just what was to be signed.
    fn read(&self, network: &Hash, signed: &[&[u8]], opening: &VerifiedRun) -> Result<Begun, RequestError> {
        let because = RequestError::because("the signature");
        let (entries, request) = match (signed, &self.line) {
            ([adopted, listed], None) => ([*adopted, *listed], None),
            ([adopted, listed, request], Some(line)) => {
                let asked = request::open(request, network).map_err(|error| because(&error))?;
                if asked != *line {
                    return Err(content("what was asked for is another line than the one in the file"));
                }
                ([*adopted, *listed], Some(request.to_vec()))
            }
            _ => return Err(content("it has another number of signatures than it should")),
        };
        let [adopted, listed] = entries;
        let is = |bytes: &[u8], statement: &Statement| {
            Envelope::open(bytes, limits::ENTRY_MAX).is_ok_and(|envelope| envelope.payload == cbor::encode(statement))
        };
        if !is(adopted, self.log.first()) || !is(listed, &self.log.second(adopted)) {
            return Err(content("what is signed is another statement than the one in the file"));
        }
        // Each entry by itself, since to sign the first is to adopt the charter.
        for bytes in entries {
            let entry = nanduti_protocol::entry::Entry::decode(bytes).map_err(|error| because(&error))?;
            entry.verify(network).map_err(|error| because(&error))?;
        }
        let run = self.log.run(adopted, listed);
        ReceivedRun::receive(run.clone()).and_then(|run| run.verify(network)).map_err(|error| because(&error))?;
        Ok(Begun { runs: [run, opening.bytes().to_vec()], request })
    }

    pub(super) fn sign(&self, network: &Hash, key: &SigningKey) -> Vec<Signature> {
        let [adopted, listed] = self.log.sign(network, key);
        let note = |statement: &Statement| Some(Note::entry(statement));
        let (first, second) = (note(self.log.first()), note(&self.log.second(&adopted)));
        let mut signed = vec![Signature { bytes: adopted, note: first }, Signature { bytes: listed, note: second }];
        if let Some(line) = &self.line {
            signed.push(Signature { bytes: request::sign(network, line, key), note: None });
        }
        signed
    }

    /// What is said, in words: for a founder the whole charter, for a newcomer what it asks for.
    pub(super) fn words(&self, charter: &Charter) -> Vec<String> {
        match &self.line {
            Some(line) => asked(line),
            None => adopted(charter),
        }
    }

    /// What cannot be known from the file alone.
    pub(super) fn unchecked(&self) -> Vec<String> {
        let mut unchecked = match &self.line {
            Some(_) => vec!["whether this is the network that you mean to join: compare its id with a member".to_owned()],
            None => vec!["whether the other founders sign the same: compare the id of the network, and with each of them its fingerprint".to_owned()],
        };
        if self.line.is_none() && self.carries_over {
            unchecked.push(
                "whether what it says of the former network is so: `nanduti network show --from OLD_HOME DRAFT` compares the draft with a home \
                 of it"
                    .into(),
            );
        }
        unchecked.push("whose machine holds the new keys: compare their fingerprints with it".into());
        unchecked
    }
}

fn asked(line: &Member) -> Vec<String> {
    let mut lines = vec![format!("{} ({}) asks to be a member as {}", line.id, line.name, line.role)];
    lines.extend(further_keys(line).into_iter().map(|key| format!("  {key}")));
    lines
}

fn adopted(charter: &Charter) -> Vec<String> {
    let votes = |member: &&Member| charter.roles.get(&member.role).is_some_and(|role| role.votes);
    let voters = charter.members.iter().filter(votes).count() as u64;
    let mut lines = vec![
        "adopts this charter:".to_owned(),
        format!("  purpose: {}", charter.purpose),
        format!(
            "  more than {} of {} voters change the list of members: {} of {voters}",
            charter.quorum.0,
            charter.quorum.1,
            charter.quorum.of(voters)
        ),
        format!(
            "  a keyring has at most {} lines, a log at most {} bytes and {} entries; rules number {}",
            charter.bounds.keys, charter.bounds.log_bytes, charter.bounds.log_entries, charter.rules
        ),
    ];
    for (name, role) in &charter.roles {
        let kinds: Vec<&str> = role.kinds.iter().map(nanduti_protocol::kind::Kind::name).collect();
        let votes = if role.votes { "votes" } else { "does not vote" };
        lines.push(format!("  who is a {name} {votes}, and may write: {}", kinds.join(", ")));
    }
    for member in &charter.members {
        let key = fingerprint(&member.root);
        lines.push(format!("  {} ({}) as {}; root key {key}", member.id, member.name, member.role));
        lines.extend(further_keys(member).into_iter().map(|key| format!("    {key}")));
    }
    lines.extend(former_views(&charter.former, &charter.members, false).iter().flat_map(anew));
    lines
}

/// What it says of a former network.
fn anew(former: &FormerView) -> Vec<String> {
    let mut lines = vec![
        format!(
            "  it founds a network anew: its founders claim that it takes the place of {}, {}, and that its last list of members was roster {}, {}",
            former.name, former.network, former.roster_version, former.roster_hash
        ),
        format!("    reason, which everybody reads: {}", former.reason),
        format!("    {}", former.claim()),
    ];
    for (what, ids) in [
        ("founders with a consent", former.consenting()),
        ("founders without a consent", former.unproven()),
        ("members there that are no founders", former.absent()),
    ] {
        if !ids.is_empty() {
            lines.push(format!("    {what}: {}", ids.join(", ")));
        }
    }
    lines.push(format!(
        "    it carries over {} logs with {} entries, each up to the entry that it names; nothing can be added to them",
        former.carried, former.entries
    ));
    lines
}

/// The keys on a line beside the root key.
fn further_keys(line: &Member) -> Vec<String> {
    let named = |what: &str, key: Option<PublicKey>| key.map(|key| format!("{what} {}", fingerprint(&key)));
    [named("spare root key", line.spare), named("governance key", line.governance)].into_iter().flatten().collect()
}
