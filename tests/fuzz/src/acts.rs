//! Requests to a root or governance key whose parts name each other by their hashes, as no fuzzer finds them.
//!
//! A script says what stands in them: a list of members that makes no sense, a keyring in any state, a beginning of anybody. The hashes
//! and the consents of keys are put in here. What holds is signed, and what was signed has to say the same as what was shown.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use nanduti_node::{api::RequestView, fuzzing, offline::Request};
use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Replace, Statement as BallotStatement, request, rules::Step},
    cbor,
    charter::{Bounds, Charter, Member, Quorum},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse},
    kind::{Audience, Kind},
    roster::{End, Roster, Turn},
    run::push_item,
    testing::{Actor, Dice, Founding, LogWriter, ring},
};
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::{mail::some_place, script::Script};

/// The form of the file. Field order is that of the encoding, here as below.
#[derive(Serialize)]
struct Form {
    act: Act,
    charter: ByteBuf,
    version: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Vote(Vote),
    Keyring(NextKeyring),
    Beginning(Beginning),
}

#[derive(Serialize)]
struct Vote {
    roster: ByteBuf,
    proposal: ByteBuf,
    statement: ByteBuf,
}

#[derive(Serialize)]
struct NextKeyring {
    body: ByteBuf,
    logs: Vec<ByteBuf>,
    before: Option<ByteBuf>,
    member: MemberId,
    statement: ByteBuf,
}

#[derive(Serialize)]
struct Beginning {
    body: ByteBuf,
    line: Option<ByteBuf>,
    logs: Vec<ByteBuf>,
    root: PublicKey,
    time: u64,
    member: MemberId,
}

struct World {
    founding: Founding,
    newcomer: Actor,
    governance: SigningKey,
    /// The publishing logs of each, with their openings.
    logs: BTreeMap<PublicKey, LogWriter>,
}

thread_local! {
    static WORLD: World = World::new();
}

/// A request that a script puts together: shown without a panic, and signed just as it was shown, by the keys that may.
pub fn act(data: &[u8]) {
    WORLD.with(|world| {
        let mut script = Script::new(data);
        let act = match script.below(3) {
            0 => world.vote(&mut script),
            1 => world.keyring(&mut script),
            _ => world.beginning(&mut script),
        };
        let charter = ByteBuf::from(world.founding.charter.encode());
        let bytes = cbor::encode(&Form { act, charter, version: 2 });
        let Ok(request) = Request::decode(&bytes) else { return };
        assert_eq!(request.encode(), bytes, "the form written here is that of the program");
        let Ok(shown) = request.view() else { return };
        assert!(!shown.signed && !request.is_signed());
        let other = world.keys().nth(script.below(6)).expect("there are six");
        let root = world.keys().find(|key| PublicKey::from(*key).to_hex() == shown.root_key);
        for key in root.into_iter().chain([&world.governance, other]) {
            let signed = fuzzing::signed(&bytes, key).expect("what can be shown can be signed");
            let signed = Request::decode(&signed).expect("what is written can be read").view();
            let is_root = PublicKey::from(key).to_hex() == shown.root_key;
            match signed {
                Ok(signed) => {
                    assert!(signed.signed && (is_root || shown.ordinary), "another key may not sign it");
                    assert_eq!(RequestView { signed: false, ..signed }, shown, "what was signed is what was shown");
                }
                Err(error) => assert!(!is_root, "the key that is asked for may sign it: {error}"),
            }
        }
    });
}

impl World {
    fn new() -> Self {
        let governance = SigningKey::from_bytes(&[0x33; 32]);
        let line = |charter: &mut Charter| {
            if let Some(member) = charter.members.get_mut(1) {
                member.governance = Some((&SigningKey::from_bytes(&[0x33; 32])).into());
            }
        };
        let (founding, newcomer) = (Founding::with(5, 4, line), Actor::new(Dice::new(4).roll(), 9));
        let mut logs = BTreeMap::new();
        for actor in founding.actors.iter().chain([&newcomer]) {
            let log = |key| (PublicKey::from(key), founding.publish_log(&actor.id, key));
            logs.extend(actor.publish.iter().map(log));
        }
        Self { founding, newcomer, governance, logs }
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        let roots = self.founding.actors.iter().chain([&self.newcomer]).map(|actor| &actor.root);
        roots.chain([&self.governance])
    }

    fn actor(&self, script: &mut Script<'_>) -> &Actor {
        let index = script.below(self.founding.actors.len() + 1);
        self.founding.actors.get(index).unwrap_or(&self.newcomer)
    }

    fn vote(&self, script: &mut Script<'_>) -> Act {
        let roster = self.roster(script);
        let changes = (0..1 + script.below(3)).map(|_| self.change(script, &roster)).collect();
        let mut proposal = Proposal { roster: roster.hash(), changes };
        if script.below(16) == 1 {
            proposal.roster = Hash::of(b"another");
        }
        let step = if script.below(2) == 0 { Step::Endorse } else { Step::Ratify };
        let round = script.below(4) as u32 + u32::from(script.below(8) != 1);
        let cites = (script.below(3) == 1).then(|| script.below(4) as u32);
        let member = self.actor(script).id.clone();
        let statement =
            BallotStatement { step, cites, round, member, roster: roster.hash(), proposal: proposal.hash() };
        Act::Vote(Vote {
            roster: ByteBuf::from(cbor::encode(&roster)),
            proposal: ByteBuf::from(proposal.encode()),
            statement: ByteBuf::from(cbor::encode(&statement)),
        })
    }

    /// A list of members of which nobody has checked anything.
    fn roster(&self, script: &mut Script<'_>) -> Roster {
        let mut roster = Roster::founding(&self.founding.charter);
        for _ in 0..script.below(4) {
            let index = script.below(roster.members.len().max(1));
            let line = roster.members.get(index).cloned();
            match (script.below(9), line) {
                (0, _) => {
                    let number = |value: Option<u64>| value.unwrap_or_default();
                    roster.quorum = Quorum(number(script.number()), number(script.number()));
                }
                (1, _) => roster.version = script.number().unwrap_or_default(),
                (2, Some(line)) => roster.suspended.insert(0, line.id),
                (3, _) => roster.roles.clear(),
                (4, Some(mut line)) => {
                    line.name = String::from_utf8_lossy(script.bytes(20)).into_owned();
                    roster.members[index] = line;
                }
                (5, Some(line)) => roster.members.insert(0, line),
                (6, Some(line)) => {
                    let ends = vec![End { log: line.root, last: some_place(script) }];
                    let role = (script.below(2) == 1).then(|| line.role.clone());
                    let root = (script.below(2) == 1).then_some(line.root);
                    let version = script.number().unwrap_or_default();
                    roster.turns.push(Turn { ends, role, root, member: line.id, version });
                }
                (7, _) => roster.rules = script.number().unwrap_or_default(),
                _ => roster.members.truncate(index),
            }
        }
        roster
    }

    fn change(&self, script: &mut Script<'_>, roster: &Roster) -> Change {
        let network = &self.founding.network;
        let line = script.pick(&roster.members).cloned().unwrap_or_else(|| self.newcomer.member("partner"));
        let ends = vec![End { log: line.root, last: some_place(script) }];
        match script.below(7) {
            0 => {
                let asked = Member { name: text(script), ..self.newcomer.member("partner") };
                Change::Admit(request::sign(network, &asked, &self.newcomer.root).into())
            }
            1 => Change::Amend(Amend { ends, suspended: script.below(2) == 1, line }),
            2 => {
                let other = Member { name: text(script), role: "observer".into(), ..line };
                Change::Amend(Amend {
                    ends: if script.below(2) == 1 { ends } else { Vec::new() },
                    suspended: false,
                    line: other,
                })
            }
            3 => {
                let spare = script.below(2) == 1;
                let root = PublicKey::from(&self.newcomer.root);
                let other = Member { root, spare: spare.then_some(line.root), governance: None, ..line };
                let request = request::sign(network, &other, &self.newcomer.root).into();
                Change::Replace(Replace { ends, request })
            }
            4 => Change::Quorum(Quorum(script.number().unwrap_or(3), script.number().unwrap_or(4))),
            5 => {
                let [keys, log_bytes, log_entries] =
                    [64, 4 << 30, 1_000_000].map(|usual| script.number().unwrap_or(usual));
                Change::Bounds(Bounds { keys, log_bytes, log_entries })
            }
            _ => Change::Rules(script.number().unwrap_or(2)),
        }
    }

    /// Lines of keys that agree to speak for a member; now and then one that speaks for another.
    fn lines(&self, actor: &Actor, script: &mut Script<'_>) -> Vec<KeyLine> {
        let line = |script: &mut Script<'_>| {
            let number = script.below(3);
            let (key, key_use) = match actor.publish.get(number) {
                Some(key) => (key, KeyUse::Publish),
                None => (&actor.node, KeyUse::Node),
            };
            let begins = self.logs.get(&PublicKey::from(key)).and_then(|log| log.place(0));
            let place = match (script.below(4), key_use) {
                (0 | 1, KeyUse::Publish) => begins,
                (0 | 1, KeyUse::Node) => None,
                _ => some_place(script),
            };
            let state = if script.below(3) == 1 { KeyState::Ended(place) } else { KeyState::Live(place) };
            let network = if script.below(16) == 1 { Hash::of(b"another") } else { self.founding.network };
            KeyLine::sign(key_use, &network, &actor.id, key, state)
        };
        (0..1 + script.below(3)).map(|_| line(script)).collect()
    }

    fn logs(&self, actor: &Actor, script: &mut Script<'_>) -> Vec<ByteBuf> {
        let opening = |script: &mut Script<'_>| {
            ByteBuf::from(self.logs[&PublicKey::from(&actor.publish[script.below(2)])].segment(0..1))
        };
        (0..script.below(3)).map(|_| opening(script)).collect()
    }

    fn keyring(&self, script: &mut Script<'_>) -> Act {
        let actor = self.actor(script);
        let body = ring(&self.lines(actor, script));
        let root = if script.below(8) == 1 { self.actor(script) } else { actor };
        let before = (script.below(2) == 1).then(|| self.before(root, &ring(&self.lines(actor, script)), script));
        let (seq, time) = (script.number().unwrap_or(3), script.number().unwrap_or(1_750_000_000_000));
        let prev = before.as_ref().map_or(self.founding.network, |(_, hash)| *hash);
        let kind = if script.below(16) == 1 { Kind::Practice } else { Kind::Keyring };
        let log = PublicKey::from(&root.root);
        let statement = Statement { log, seq, body: BodyRef::to(&body), kind, prev, time, audience: Audience::Public };
        Act::Keyring(NextKeyring {
            body: ByteBuf::from(body),
            logs: self.logs(actor, script),
            before: before.map(|(item, _)| ByteBuf::from(item)),
            member: actor.id.clone(),
            statement: ByteBuf::from(cbor::encode(&statement)),
        })
    }

    /// The item of a keyring at a place of a root log, and its hash.
    fn before(&self, root: &Actor, body: &[u8], script: &mut Script<'_>) -> (Vec<u8>, Hash) {
        let log = LogWriter::new(self.founding.network, &root.root);
        let seq = script.number().unwrap_or(2);
        let entry =
            Statement { seq, ..log.next_statement(Kind::Keyring, body) }.sign(&self.founding.network, &root.root);
        let mut item = Vec::new();
        push_item(&mut item, &entry, (script.below(8) != 1).then_some(body));
        (item, Hash::of(&entry))
    }

    fn beginning(&self, script: &mut Script<'_>) -> Act {
        let actor = self.actor(script);
        let body = ByteBuf::from(ring(&self.lines(actor, script)));
        let line = (script.below(2) == 1).then(|| {
            let asked = Member { name: text(script), ..actor.member("partner") };
            ByteBuf::from(cbor::encode(&asked))
        });
        let root = if script.below(8) == 1 { self.actor(script) } else { actor };
        Act::Beginning(Beginning {
            body,
            line,
            logs: self.logs(actor, script),
            root: PublicKey::from(&root.root),
            time: script.number().unwrap_or(1_750_000_000_000),
            member: actor.id.clone(),
        })
    }
}

fn text(script: &mut Script<'_>) -> String {
    String::from_utf8_lossy(script.bytes(20)).into_owned()
}
