//! Random rosters over a random history: admissions, suspensions and their end, other roles, replaced root keys, branches chosen by a
//! roster, other rules; ballots in one round and in two, with voters who contradict themselves or say too much; and, now and then, so
//! many of them that two rivals come into force.
//!
//! The places that a roster names are drawn like everything else: below and above what they cut, of any branch, of none at all.

use alloc::{collections::BTreeMap, format, vec, vec::Vec};

use ed25519_dalek::SigningKey;
use serde_bytes::ByteBuf;

use super::{
    Actor, Dice, History, LogWriter,
    history::{Branches, content, keyrings, nowhere},
};
use crate::{
    ballot::{
        Amend, Change, Papers, Proposal, Replace, Statement, request,
        rules::{Round, Step},
    },
    charter::{Bounds, Member, Quorum},
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::Kind,
    limits,
    roster::{End, Roster},
    ticket::RosterRef,
};

/// Places in the list of States that founders do not have.
const NEWCOMERS: usize = 40;

/// What was said in ballots, while it is said.
struct Assembly {
    history: History,
    dice: Dice,
    published: Vec<Branches>,
    roots: Vec<Branches>,
    /// Every root key that anybody has.
    keys: BTreeMap<PublicKey, SigningKey>,
    actors: BTreeMap<MemberId, Actor>,
    roster: Roster,
    /// A number for whatever has to differ.
    next: usize,
}

impl History {
    /// The history that follows from a seed, with ballots.
    pub fn with_rosters(seed: u64) -> Self {
        let mut assembly = Assembly::of(Self::random(seed), Dice::new(seed.rotate_left(23) ^ 0x5eed));
        assembly.open_again();
        let versions = assembly.dice.below(5);
        for _ in 0..versions {
            let rivals = assembly.history.rivals.is_none() && assembly.dice.once_in(8);
            assembly.decide(rivals);
        }
        assembly.speak_in_vain();
        assembly.close()
    }

    /// The roster of the line that was followed, of each version.
    pub fn pins(&self) -> Vec<RosterRef> {
        self.rosters.iter().map(|roster| RosterRef { version: roster.version, hash: roster.hash() }).collect()
    }
}

impl Assembly {
    fn of(mut history: History, dice: Dice) -> Self {
        let mut logs = core::mem::take(&mut history.logs);
        let published = logs.split_off(history.founding.actors.len());
        let actors: BTreeMap<_, _> =
            history.founding.actors.iter().map(|actor| (actor.id.clone(), actor.clone())).collect();
        let keys = actors.values().map(|actor| (PublicKey::from(&actor.root), actor.root.clone())).collect();
        let roster = Roster::founding(&history.founding.charter);
        history.rosters.push(roster.clone());
        Self { history, dice, published, roots: logs, keys, actors, roster, next: NEWCOMERS }
    }

    fn close(mut self) -> History {
        self.history.logs = self.roots;
        self.history.logs.append(&mut self.published);
        self.history
    }

    /// Some logs are forked at their first entry.
    fn open_again(&mut self) {
        for branches in &mut self.published {
            let Some(first) = branches.first().filter(|_| self.dice.once_in(8)) else { continue };
            let mut again = first.back_to(0);
            let opening = crate::keyring::Opening {
                key_use: crate::keyring::KeyUse::Publish,
                salt: [3; 16],
                member: first.member(),
            };
            again.push(Kind::Log, &opening.encode());
            branches.extend(content(&mut self.dice, again));
        }
        for branches in &mut self.roots {
            let Some(first) = branches.first().filter(|_| self.dice.once_in(12)) else { continue };
            let mut again = first.back_to(0);
            let charter = self.history.founding.charter.encode();
            let mut statement = again.next_statement(Kind::Charter, &charter);
            statement.time += 1;
            again.push_statement(&statement, Some(&charter));
            branches.push(again);
        }
    }

    /// One roster more, if what is drawn makes sense.
    fn decide(&mut self, rivals: bool) {
        let Some((proposal, next)) = self.sensible() else { return };
        if rivals {
            let other = self.renaming(0);
            let Ok(rival) = other.apply(&self.roster).map_err(drop) else { return };
            if rival == next {
                return;
            }
            self.history.rivals = Some((self.roster.version, [proposal.hash(), other.hash()]));
            self.history.rival_rosters.push(rival.clone());
            let voters = self.voters();
            let quorum = self.roster.quorum();
            self.pass(&proposal, voters.get(..quorum).unwrap_or_default(), 1);
            self.pass(&other, voters.get(voters.len() - quorum..).unwrap_or_default(), 1);
            let own = core::mem::replace(&mut self.roster, rival);
            if let Some((after, made)) = self.sensible() {
                let voters = self.voters();
                self.pass(&after, &voters, 1);
                self.history.rival_rosters.push(made);
            }
            self.roster = own;
        } else {
            self.debate(&proposal);
        }
        self.roster = next;
        self.history.rosters.push(self.roster.clone());
    }

    /// A ballot about the last roster that comes to nothing.
    fn speak_in_vain(&mut self) {
        let Some((proposal, _)) = self.sensible() else { return };
        let voters = self.voters();
        let few = self.dice.below(self.roster.quorum());
        self.pass(&proposal, voters.get(..few).unwrap_or_default(), 1);
    }

    /// A proposal that makes sense, and the roster that it makes.
    fn sensible(&mut self) -> Option<(Proposal, Roster)> {
        for _ in 0..8 {
            let changes = (0..1 + self.dice.below(2)).filter_map(|_| self.change()).collect();
            let proposal = Proposal { roster: self.roster.hash(), changes };
            if let Ok(next) = proposal.apply(&self.roster) {
                return Some((proposal, next));
            }
        }
        None
    }

    fn change(&mut self) -> Option<Change> {
        let member = self.dice.pick(&self.roster.members)?.clone();
        let suspended = self.roster.is_suspended(&member.id);
        Some(match self.dice.below(10) {
            0 | 1 => self.admission(),
            2 | 3 => Change::Amend(Amend { ends: self.ends(&member), line: member, suspended: !suspended }),
            4 => {
                let role = if member.role == "partner" { "mechanism" } else { "partner" };
                let line = Member { role: role.into(), ..member.clone() };
                Change::Amend(Amend { ends: self.ends(&member), line, suspended })
            }
            5 | 6 => self.replacement(&member),
            7 | 8 => Change::Amend(Amend { ends: self.ends(&member), line: member, suspended }),
            _ if self.dice.once_in(2) => Change::Quorum(Quorum(3, 4)),
            _ => {
                let bounds = self.roster.bounds;
                Change::Bounds(Bounds { log_entries: bounds.log_entries + 1 + self.dice.below(8) as u64, ..bounds })
            }
        })
    }

    fn fresh(&mut self) -> (Actor, SigningKey) {
        self.next += 1;
        let actor = Actor::new(self.history.founding.charter.members.len() as u64, self.next);
        let root = actor.root.clone();
        self.keys.insert((&root).into(), root.clone());
        (actor, root)
    }

    /// A newcomer with its logs, which are there whether it is admitted or not.
    fn admission(&mut self) -> Change {
        let (fresh, root) = self.fresh();
        let root = self.taken_key().unwrap_or(root);
        self.keys.insert((&root).into(), root.clone());
        let actor = Actor { root: root.clone(), ..fresh };
        let network = self.history.founding.network;
        let line = actor.member(if self.dice.once_in(3) { "partner" } else { "mechanism" });
        for key in &actor.publish {
            self.published.push(content(&mut self.dice, self.history.founding.publish_log(&actor.id, key)));
        }
        self.write_keyrings(&actor);
        self.actors.insert(actor.id.clone(), actor);
        Change::Admit(ByteBuf::from(request::sign(&network, &line, &root)))
    }

    /// In some networks a newcomer takes the key by which another publishes for its root key. That costs no roll of the dice.
    fn taken_key(&self) -> Option<SigningKey> {
        let takes = self.history.founding.network.as_bytes().first().is_some_and(|byte| byte % 4 == 1);
        let publish = self.actors.values().filter_map(|actor| actor.publish.first());
        let free = |key: &&SigningKey| takes && !self.keys.contains_key(&PublicKey::from(*key));
        publish.rev().find(free).cloned()
    }

    /// Another root key for a member, with a log of its own.
    fn replacement(&mut self, member: &Member) -> Change {
        let (_, root) = self.fresh();
        let ends = self.ends(member);
        if let Some(actor) = self.actors.get(&member.id).cloned() {
            let actor = Actor { root: root.clone(), ..actor };
            self.write_keyrings(&actor);
        }
        let line = Member { root: (&root).into(), ..member.clone() };
        Change::Replace(Replace {
            ends,
            request: ByteBuf::from(request::sign(&self.history.founding.network, &line, &root)),
        })
    }

    fn write_keyrings(&mut self, actor: &Actor) {
        self.roots.push(keyrings(&mut self.dice, &self.history.founding, actor, &self.published));
    }

    /// Ends of the logs of a member: of its root log, and of some of the others.
    fn ends(&mut self, member: &Member) -> Vec<End> {
        let own = |branches: &&Branches| branches.first().is_some_and(|first| first.member() == member.id);
        let published: Vec<&Branches> = self.published.iter().filter(own).collect();
        let is_root = |branches: &&Branches| branches.first().is_some_and(|first| first.log() == member.root);
        let mut ends = Vec::new();
        for (number, branches) in self.roots.iter().filter(is_root).chain(published).enumerate() {
            if number > 0 && self.dice.once_in(3) {
                continue;
            }
            let Some(branch) = self.dice.pick(branches) else { continue };
            let seq = self.dice.below(usize::try_from(branch.len()).unwrap_or(1)) as u64;
            let last = branch.place(seq).filter(|_| !self.dice.once_in(8));
            let last = last.map(|place| if self.dice.once_in(12) { nowhere(place) } else { place });
            ends.push(End { log: branch.log(), last });
        }
        ends.sort_by_key(|end| end.log);
        ends
    }

    fn renaming(&mut self, number: usize) -> Proposal {
        let member = self.roster.members.get(number % self.roster.members.len()).expect("a roster has members");
        let line = Member { name: format!("Name {number} as of {}", self.roster.version), ..member.clone() };
        let suspended = self.roster.is_suspended(&member.id);
        let changes = vec![Change::Amend(Amend { ends: Vec::new(), line, suspended })];
        Proposal { roster: self.roster.hash(), changes }
    }

    fn voters(&mut self) -> Vec<MemberId> {
        let mut voters: Vec<MemberId> = self.roster.voters().map(|member| member.id.clone()).collect();
        self.dice.shuffle(&mut voters);
        voters
    }

    /// A ballot in which a proposal comes into force, whatever liars say beside it.
    fn debate(&mut self, proposal: &Proposal) {
        let voters = self.voters();
        let quorum = self.roster.quorum();
        let supporters = quorum + self.dice.below(voters.len() - quorum + 1);
        let other = self.renaming(1);
        let mut round = 1;
        if self.dice.once_in(3) {
            // Votes are split in the first round; in the second one all are for the same.
            for (number, voter) in voters.iter().enumerate() {
                let subject = if number < quorum / 2 { proposal } else { &other };
                self.say(subject, voter, (Step::Endorse, 1, None));
            }
            round = 2;
        }
        self.pass(proposal, voters.get(..supporters).unwrap_or_default(), round);
        let liars = (2 * quorum - voters.len()).saturating_sub(1);
        for liar in voters.iter().take(liars).filter(|_| !proposal.eq(&other)) {
            match self.dice.below(6) {
                0 => self.say_too_much(liar),
                1..=3 => {
                    for _ in 0..self.dice.below(5) {
                        let round = 1 + self.dice.below(3) as Round;
                        let cites = (round > 1 && self.dice.once_in(2)).then_some(1);
                        let said = if self.dice.once_in(2) {
                            (Step::Endorse, round, cites)
                        } else {
                            (Step::Ratify, round, None)
                        };
                        self.say(&other, liar, said);
                    }
                }
                _ => {}
            }
        }
    }

    fn say_too_much(&mut self, liar: &MemberId) {
        for number in 0..=limits::PROPOSALS_OF_VOTER_MAX {
            let proposal = self.renaming(2 + number);
            self.say(&proposal, liar, (Step::Endorse, 1, None));
        }
    }

    /// These voters endorse and ratify a proposal.
    fn pass(&mut self, proposal: &Proposal, voters: &[MemberId], round: Round) {
        for step in [Step::Endorse, Step::Ratify] {
            for voter in voters {
                self.say(proposal, voter, (step, round, None));
            }
        }
    }

    fn say(&mut self, proposal: &Proposal, member: &MemberId, (step, round, cites): (Step, Round, Option<Round>)) {
        let network = self.history.founding.network;
        let Some(key) = self.roster.member(member).and_then(|line| self.keys.get(&line.root)) else { return };
        let (roster, subject, member) = (self.roster.hash(), proposal.hash(), member.clone());
        let statement = Statement { step, cites, round, member, roster, proposal: subject }.sign(&network, key);
        self.history.papers.push(Papers { roster, proposal: proposal.encode(), statements: vec![statement] });
    }
}

/// A roster that nobody ever made.
pub fn no_roster(version: u64) -> RosterRef {
    RosterRef { version, hash: Hash::of(&version.to_be_bytes()) }
}

impl History {
    /// A part of the history: of each log some branches, each up to some anchor, and some of what was said in ballots.
    #[must_use]
    pub fn part(&self, dice: &mut Dice) -> Self {
        let mut part = self.clone();
        for branches in &mut part.logs {
            branches.retain(|_| !dice.once_in(5));
            for branch in branches {
                let upto = dice.below(usize::try_from(branch.len()).unwrap_or(0) + 1) as u64;
                let anchored = (0..upto).rev().find(|seq| branch.is_anchor(*seq)).map_or(0, |seq| seq + 1);
                *branch = branch.back_to(anchored);
            }
        }
        part.logs.retain_mut(|branches| {
            branches.retain(|branch: &LogWriter| !branch.is_empty());
            !branches.is_empty()
        });
        part.papers.retain(|_| !dice.once_in(4));
        part
    }
}
