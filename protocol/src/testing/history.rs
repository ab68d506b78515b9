//! Random histories of a network: rotations, retirements, forks at any place, entries that stand by their chain alone, keyrings
//! that go back on what they said, keys claimed by others, logs carried over from a former network. And ways to deliver them: cut into runs at random, in any order,
//! again and again.

use alloc::{vec, vec::Vec};

use super::{Actor, Dice, Founding, Host, LogWriter, ring};
use crate::{
    ballot::Papers,
    fork::ForkProof,
    former::{Carried, Former},
    hash::Hash,
    key::MemberId,
    keyring::{KeyLine, KeyState, Place},
    kind::{Audience, Kind},
    roster::Roster,
};

/// All branches of one log.
pub type Branches = Vec<LogWriter>;

/// Something that is sent: some places of a branch of a log, or papers of a ballot.
enum Sent {
    Run(usize, usize, core::ops::Range<u64>),
    Papers(usize),
}

/// What was ever signed in a network.
#[derive(Debug, Clone)]
pub struct History {
    /// The network.
    pub founding: Founding,
    /// Every log with all its branches.
    pub logs: Vec<Branches>,
    /// Everything that was said in ballots, one statement each.
    pub papers: Vec<Papers>,
    /// The rosters that followed one another, the founders' first.
    pub rosters: Vec<Roster>,
    /// If rivals came into force: the version of the roster that both would follow, and both.
    pub rivals: Option<(u64, [Hash; 2])>,
    /// The rosters that followed the other one of them.
    pub rival_rosters: Vec<Roster>,
}

impl History {
    /// The history that follows from a seed. Small, so that rare meetings are frequent.
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let members = 2 + dice.below(3);
        let mut carried = if matches!(seed % 5, 2 | 3) { Some(Before::random(seed)) } else { None };
        let founding = Founding::with(seed, members, |charter| {
            charter.former = carried.iter_mut().map(Before::carry).collect();
            charter.bounds.log_entries = 6 + dice.clone().roll() % 20;
            if seed.is_multiple_of(4) {
                charter.bounds.log_bytes = 1500 + dice.clone().roll() % 5000;
            }
            if let Some(last) = charter.members.last_mut().filter(|_| seed.is_multiple_of(3)) {
                last.role = "partner".into();
            }
        });
        let mut published: Vec<Branches> = Vec::new();
        for actor in &founding.actors {
            for key in &actor.publish {
                let mut branches = content(&mut dice, founding.publish_log(&actor.id, key));
                if dice.once_in(5)
                    && let Some(other) = dice.pick(&founding.actors).filter(|other| other.id != actor.id)
                {
                    // Whoever holds the key says that it speaks for another.
                    branches.extend(content(&mut dice, founding.publish_log(&other.id, key)));
                }
                published.push(branches);
            }
        }
        // Their keys may be claimed in keyrings here like any other.
        published.extend(carried.map(|before| before.logs).unwrap_or_default());
        let mut logs = Vec::new();
        for actor in &founding.actors {
            logs.push(keyrings(&mut dice, &founding, actor, &published));
        }
        logs.append(&mut published);
        Self { founding, logs, papers: Vec::new(), rosters: Vec::new(), rivals: None, rival_rosters: Vec::new() }
    }

    /// One way to send everything once: every branch cut into runs that end at anchors, some overlapping, all in random order.
    pub fn sending(&self, dice: &mut Dice) -> Vec<(usize, usize, core::ops::Range<u64>)> {
        let mut sending = Vec::new();
        for (log, branches) in self.logs.iter().enumerate() {
            for (branch, writer) in branches.iter().enumerate() {
                let mut from = 0;
                while from < writer.len() {
                    let to = from + dice.below(usize::try_from(writer.len() - from).unwrap_or(1)) as u64;
                    let to = (to..writer.len()).find(|seq| writer.is_anchor(*seq)).map_or(writer.len(), |seq| seq + 1);
                    let overlap = if dice.once_in(3) { dice.below(3) as u64 } else { 0 };
                    sending.push((log, branch, from.saturating_sub(overlap)..to));
                    from = to;
                }
            }
        }
        dice.shuffle(&mut sending);
        sending
    }

    /// Delivers everything to a new node, in the way that the dice say, until nothing changes any more.
    pub fn deliver(&self, dice: &mut Dice) -> Host {
        let mut host = Host::new(self.founding.network);
        self.deliver_to(&mut host, dice);
        host
    }

    /// Delivers everything to these nodes, and the fork proofs that each of them knows to the others as bytes, as sync does, until
    /// that changes nothing any more.
    pub fn spread(&self, hosts: &mut [Host], dice: &mut Dice) {
        let all = |hosts: &[Host]| hosts.iter().map(Host::frontier).collect::<Vec<_>>();
        let mut before = Vec::new();
        for _ in 0..20 {
            if all(hosts) == before {
                break;
            }
            before = all(hosts);
            let shown = |host: &Host| -> Vec<Vec<u8>> {
                let logs = self.logs.iter().filter_map(|branches| branches.first().map(LogWriter::log));
                logs.filter_map(|log| host.ledger.fork_to_show(&log, &host.store).map(ForkProof::encode)).collect()
            };
            let proofs: Vec<Vec<u8>> = hosts.iter().flat_map(shown).collect();
            for host in &mut *hosts {
                for bytes in &proofs {
                    let proof = ForkProof::decode(&self.founding.charter.networks(), bytes)
                        .expect("a node carries sound proofs");
                    host.ledger.learn_fork(&proof);
                }
                self.deliver_to(host, dice);
            }
        }
    }

    /// Delivers everything to a node, in the way that the dice say, until nothing changes any more.
    pub fn deliver_to(&self, host: &mut Host, dice: &mut Dice) {
        let mut quiet = 0;
        for _ in 0..200 {
            let state = |host: &Host| (host.frontier(), host.counted(), host.ballots());
            let before = state(host);
            let runs = self.sending(dice).into_iter().map(|(log, branch, places)| Sent::Run(log, branch, places));
            let mut sent: Vec<Sent> = runs.chain((0..self.papers.len()).map(Sent::Papers)).collect();
            if !self.papers.is_empty() {
                dice.shuffle(&mut sent);
            }
            for sent in sent {
                // What becomes of each is the ledger's affair; only the end is compared.
                match sent {
                    Sent::Run(log, branch, places) => {
                        let writer = self.logs.get(log).and_then(|branches| branches.get(branch));
                        writer.map(|writer| host.deliver(&writer.run(places)));
                    }
                    Sent::Papers(number) => {
                        self.papers.get(number).map(|papers| host.take(papers));
                    }
                }
            }
            quiet = if before == state(host) { quiet + 1 } else { 0 };
            if quiet == 3 {
                break;
            }
        }
    }
}

/// A network that was left, and what was signed in it.
struct Before {
    dice: Dice,
    founding: Founding,
    logs: Vec<Branches>,
}

impl Before {
    fn random(seed: u64) -> Self {
        // Dice of its own: a history without it is the same as it was before there were any.
        let mut dice = Dice::new(!seed);
        let founding = Founding::with(seed ^ 0x0f0f, 2 + dice.below(2), |charter| {
            charter.bounds.log_entries = 6 + dice.clone().roll() % 20;
            if let Some(last) = charter.members.last_mut().filter(|_| seed.is_multiple_of(3)) {
                last.role = "partner".into();
            }
        });
        let mut logs = Vec::new();
        for actor in &founding.actors {
            for key in &actor.publish {
                logs.push(content(&mut dice, founding.publish_log(&actor.id, key)));
            }
        }
        Self { dice, founding, logs }
    }

    /// What a charter says of it: of most logs a place on one of their branches, now and then one that nobody has, or another member
    /// than the one for whom the log spoke.
    fn carry(&mut self) -> Former {
        let Self { dice, founding, logs } = self;
        let mut carried = Vec::new();
        for branches in logs.iter() {
            let Some(branch) = dice.pick(branches) else { continue };
            let last = branch.place(dice.below(usize::try_from(branch.len()).unwrap_or(1)) as u64);
            let left_out = dice.once_in(6);
            let Some(last) = last.filter(|place| !left_out && place.seq < founding.charter.bounds.log_entries) else {
                continue;
            };
            let last = if dice.once_in(8) { nowhere(last) } else { last };
            let other = dice.pick(&founding.actors).filter(|_| dice.clone().once_in(8));
            let member = other.map_or_else(|| branch.member(), |other| other.id.clone());
            carried.push(Carried { log: branch.log(), last, member });
        }
        carried.sort_by_key(|carried| carried.log);
        Former {
            logs: carried,
            name: founding.charter.name.clone(),
            reason: "Too many root keys were lost.".into(),
            roster: Roster::founding(&founding.charter),
            consents: Vec::new(),
        }
    }
}

/// A publishing log with some entries and perhaps some branches.
pub(super) fn content(dice: &mut Dice, mut trunk: LogWriter) -> Branches {
    grow(dice, &mut trunk);
    let mut branches = vec![trunk];
    while branches.len() < 4 && dice.once_in(2) {
        let Some(from) = dice.pick(&branches).cloned() else { break };
        let mut branch = from.back_to(1 + dice.below(usize::try_from(from.len()).unwrap_or(1)) as u64);
        grow(dice, &mut branch);
        branches.push(anchored(branch));
    }
    branches
}

/// Adds some entries. The last one is signed, as what anybody can hold ends so; others now and then are not.
fn grow(dice: &mut Dice, log: &mut LogWriter) {
    let count = dice.below(10);
    for number in 0..count {
        let kind = match dice.below(8) {
            0 => Kind::Keyring,
            1 => Kind::Withdrawal,
            2 => Kind::Other("adoption".into()),
            3 => Kind::Other("unheard-of".into()),
            _ => Kind::Practice,
        };
        let body = dice.bytes(20);
        let mut statement = log.next_statement(kind, &body);
        let needed = statement.kind.needs_body();
        if !needed && dice.once_in(3) {
            statement.audience = Audience::Members;
        }
        let held = needed || !dice.once_in(3);
        let body = held.then_some(body.as_slice());
        // Most often just where a branch begins: two branches then meet in entries that prove nothing by themselves.
        let unsigned = if number == 0 { !dice.once_in(4) } else { dice.once_in(2) };
        if number + 1 < count && unsigned {
            log.push_unsigned(&statement, body);
        } else {
            log.push_statement(&statement, body);
        }
    }
}

/// The same log, which ends at an anchor.
fn anchored(log: LogWriter) -> LogWriter {
    let last = (0..log.len()).rev().find(|seq| log.is_anchor(*seq));
    log.back_to(last.map_or(0, |seq| seq + 1))
}

/// A root log with keyrings, sound and unsound, and perhaps a branch.
pub(super) fn keyrings(dice: &mut Dice, founding: &Founding, actor: &Actor, published: &[Branches]) -> Branches {
    let mut trunk = founding.root_log(actor);
    let member = &actor.id;
    let mut lines = vec![actor.node_line(&founding.network)];
    let change = |dice: &mut Dice, lines: &mut _| change(dice, (&founding.network, member), lines, published);
    let mut grow = |dice: &mut Dice, log: &mut LogWriter| {
        for _ in 0..1 + dice.below(4) {
            change(dice, &mut lines);
            if dice.once_in(4) {
                let body = ring(&lines);
                log.push_unsigned(&log.next_statement(Kind::Keyring, &body), Some(&body));
                change(dice, &mut lines);
            }
            log.push(Kind::Keyring, &ring(&lines));
            if dice.once_in(5) {
                log.push(Kind::Practice, b"a root key does not publish");
            }
        }
    };
    grow(dice, &mut trunk);
    let mut branches = vec![trunk];
    if dice.once_in(3)
        && let Some(from) = branches.first()
    {
        let mut branch = from.back_to(1 + dice.below(usize::try_from(from.len()).unwrap_or(1)) as u64);
        grow(dice, &mut branch);
        branches.push(branch);
    }
    branches
}

/// Changes the lines of a keyring: most often as a member may, sometimes as it may not.
fn change(dice: &mut Dice, (network, member): (&Hash, &MemberId), lines: &mut Vec<KeyLine>, published: &[Branches]) {
    for branches in published {
        let Some(branch) = dice.pick(branches) else { continue };
        let own = branch.member() == *member;
        if !own && !dice.once_in(6) {
            continue;
        }
        let key = branch.log();
        if dice.once_in(8) {
            lines.retain(|line| line.key != key);
            continue;
        }
        let place = branch.place(dice.below(usize::try_from(branch.len()).unwrap_or(1)) as u64);
        let place = place.map(|place| if dice.once_in(12) { nowhere(place) } else { place });
        // The key of another most often agrees: two members then list it. Without its agreement the whole keyring is void.
        let agrees = if own || !dice.once_in(6) { member } else { &branch.member() };
        let new = branch.line_in(network, agrees, new_state(dice, place));
        match lines.iter_mut().find(|line| line.key == key) {
            Some(line) if dice.once_in(2) || matches!(line.state, KeyState::Ended(_)) => {
                if dice.once_in(3) {
                    *line = new;
                }
            }
            Some(line) => *line = new,
            None => lines.push(new),
        }
    }
}

/// A branch that nobody has.
pub(super) fn nowhere(place: Place) -> Place {
    Place { hash: Hash::of(place.hash.as_bytes()), ..place }
}

fn new_state(dice: &mut Dice, place: Option<Place>) -> KeyState {
    match (place, dice.below(6)) {
        (None, _) | (_, 0) => KeyState::Ended(None),
        (Some(_), 1) => KeyState::Ended(place),
        (Some(_), _) => KeyState::Live(place),
    }
}
