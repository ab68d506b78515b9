//! What plots share: who is who, signing with a key that one has, slipping something to a node, drawing up a proposal, and voting.

use std::rc::Rc;

use nanduti_protocol::{
    ballot::{
        Change, Papers, Proposal, Statement, request,
        rules::{Round, Said, Step},
    },
    charter::Member,
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, Place},
    kind::{Audience, Kind},
    record::{RecordBody, WithdrawalBody},
    roster::Roster,
    testing::{Actor, LogWriter, ring},
};
use serde_bytes::ByteBuf;

use super::super::{
    clock::{NodeId, SECOND, Time},
    deliberation::{offered, papers},
    member::{record, salt},
    node::Node,
    trace::What,
    truth::Owner,
    world::World,
    writer::{Command, QUEUE},
};

impl World {
    pub(super) fn now(&self) -> Time {
        self.stage.clock.now()
    }

    /// A time within the busy minutes: from so many hundredths of them to so many.
    pub(super) fn moment(&mut self, from: u64, to: u64) -> Time {
        super::super::schedule::between(&mut self.stage.dice, self.busy * from / 100, self.busy * to / 100)
    }

    pub(super) fn honest_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.honest)
    }

    /// The first member that keeps to the rules.
    pub(super) fn first_honest(&self) -> usize {
        self.institutions.iter().position(|institution| institution.honest).unwrap_or(0)
    }

    pub(super) fn honest_members(&self) -> Vec<usize> {
        (0..self.institutions.len()).filter(|member| self.institutions[*member].honest).collect()
    }

    /// The node of a member.
    pub(super) fn node_of(&self, member: usize) -> &Node {
        &self.nodes[self.institutions[member].node]
    }

    /// May a command be given to this node now?
    pub(super) fn is_idle(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        node.up && !node.writer.flushing && node.writer.queue.is_empty()
    }

    /// Gives a node something, as a peer does that keeps to no rules.
    pub(super) fn slip(&mut self, node: NodeId, command: Command) {
        let Some(node) = self.nodes.get_mut(node).filter(|node| node.up && node.writer.queue.len() < QUEUE) else {
            return;
        };
        self.stage.counters.lies += 1;
        node.writer.queue.push_back(command);
        node.go_on(&mut self.stage);
    }

    /// Gives a node a log, some entries at a time, as what comes over a stream does.
    pub(super) fn slip_log(&mut self, node: NodeId, log: &LogWriter) {
        for from in (0..log.len()).step_by(PIECE) {
            let places = from..log.len().min(from + PIECE as u64);
            self.slip(node, Command::Admit(Box::new(log.run(places)), None));
        }
    }

    /// Gives a node a segment, which has to pass the same doors as on a stream.
    pub(super) fn slip_segment(&mut self, node: NodeId, bytes: Vec<u8>) {
        let ledger = Rc::clone(&self.nodes[node].snapshot);
        if let Ok(run) = self.stage.verify(bytes, &ledger) {
            self.slip(node, Command::Admit(Box::new(run), None));
        }
    }

    pub(super) fn any_node(&mut self) -> NodeId {
        self.stage.dice.below(self.nodes.len())
    }

    /// Signs an entry with a key that somebody has.
    pub(super) fn sign(&mut self, log: &mut LogWriter, kind: Kind, body: &[u8]) -> Place {
        let place = log.push(kind, body);
        self.stage.truth.sign(log.log(), place);
        place
    }

    /// Signs what its owner never said, or said when nobody listens to it any more.
    pub(super) fn forge(&mut self, log: &mut LogWriter, kind: Kind, body: &[u8]) -> Place {
        let place = self.sign(log, kind, body);
        self.stage.truth.forged.insert(place.hash);
        place
    }

    /// All that is written so far is what somebody with the key of a log really signed.
    pub(super) fn own(&mut self, log: &LogWriter, member: &MemberId, is_root: bool, honest: bool) {
        let kinds = if is_root { vec!["keyring"] } else { vec!["practice", "withdrawal"] };
        let kinds = kinds.into_iter().map(str::to_owned).collect();
        self.stage.truth.owners.insert(log.log(), Owner { member: member.clone(), is_root, honest, kinds });
        for place in (0..log.len()).filter_map(|seq| log.place(seq)) {
            self.stage.truth.sign(log.log(), place);
        }
    }

    /// A practice that nobody has read before.
    pub(super) fn practice(&mut self) -> Vec<u8> {
        RecordBody::first(salt(&mut self.stage.dice), record(&mut self.stage.dice)).encode().expect("a sound record")
    }

    /// A later revision of a practice.
    pub(super) fn revision(&mut self, series: Hash, replaced: Hash) -> Vec<u8> {
        let body =
            RecordBody::revision(salt(&mut self.stage.dice), series, vec![replaced], record(&mut self.stage.dice));
        body.encode().expect("a sound record")
    }

    /// A withdrawal of a practice.
    pub(super) fn withdrawal(&mut self, series: Hash, newest: Hash) -> Vec<u8> {
        let salt = salt(&mut self.stage.dice);
        let body = WithdrawalBody { salt, series, versions: vec![newest], reason: "error".into(), note: None };
        body.encode().expect("a sound withdrawal")
    }

    /// A practice of an honest member that its node shows: its series, a revision, and who may read it.
    pub(super) fn practice_of(&mut self, member: usize) -> Option<(Hash, Hash, Audience)> {
        let institution = &self.institutions[member];
        institution.any_practice(&self.nodes[institution.node], &mut self.stage.dice)
    }

    /// The roster that a member's node follows.
    pub(super) fn roster_of(&self, member: usize) -> Option<&Roster> {
        self.node_of(member).ledger.authority().map(|authority| authority.roster())
    }

    /// An honest member says of a proposal what the rules let it, if anything.
    pub(super) fn vote(&mut self, member: usize, proposal: &Proposal) {
        let (actor, id) = (self.institutions[member].actor.clone(), self.institutions[member].node);
        if !self.is_idle(id) {
            return;
        }
        let node = &mut self.nodes[id];
        let Some(poll) = node.ledger.succession().map(|it| it.poll()).filter(|poll| poll.hash() == proposal.roster)
        else {
            return;
        };
        let tally = poll.tally();
        let new = tally.proposals.len().try_into().unwrap_or_default();
        let choice = tally.choice(&proposal.hash()).unwrap_or(new);
        let said = poll.voter(&actor.id).and_then(|voter| offered(tally, voter, choice, &mut self.stage.dice));
        let Some(said) = said else { return };
        self.say(id, &actor, proposal, &said);
    }

    /// A member says something of a proposal on its node.
    pub(super) fn say(&mut self, id: NodeId, actor: &Actor, proposal: &Proposal, said: &Said) {
        let papers = papers(actor, proposal, said, &self.stage.network);
        self.stage.counters.statements += 1;
        self.stage.note(id, What { verb: "speaks", ..What::default() });
        let node = &mut self.nodes[id];
        node.writer.queue.push_back(Command::Papers(Box::new(papers), None));
        node.go_on(&mut self.stage);
    }

    /// Somebody with a root key says anything to some node.
    pub(super) fn shout(&mut self, actor: &Actor, proposal: &Proposal, rounds: usize) {
        let round = 1 + self.stage.dice.below(rounds) as Round;
        let step = if self.stage.dice.once_in(2) { Step::Endorse } else { Step::Ratify };
        let cites = (step == Step::Endorse && round > 1 && self.stage.dice.once_in(2)).then(|| round - 1);
        let statement = Statement {
            step,
            cites,
            round,
            member: actor.id.clone(),
            roster: proposal.roster,
            proposal: proposal.hash(),
        };
        let statements = vec![statement.sign(&self.stage.network, &actor.root)];
        let papers = Papers { roster: proposal.roster, proposal: proposal.encode(), statements };
        let node = self.any_node();
        self.slip(node, Command::Papers(Box::new(papers), None));
    }

    /// Does anything count on an honest node that somebody else signed with a member's key? The node, and where.
    pub(super) fn counted_forgery(&self) -> Option<String> {
        self.honest_nodes().find_map(|node| {
            let disk = node.shelf.look();
            node.frontier.iter().find_map(|(log, position)| {
                let counted = disk.logs.get(log).into_iter().flatten().take(position.next as usize);
                let forged = counted.enumerate().find(|(_, held)| self.stage.truth.forged.contains(&held.hash));
                forged.map(|(seq, _)| format!("on node {} the entry at {seq} of {log:?} counts", node.id))
            })
        })
    }
}

/// The body of a keyring, and the place where a root log says it.
pub(super) fn keyring(world: &mut World, root: &mut LogWriter, lines: &[KeyLine]) -> Place {
    world.sign(root, Kind::Keyring, &ring(lines))
}

/// The change that admits a newcomer of this number who stays silent.
pub(super) fn admission(roster: &Roster, number: usize) -> Change {
    let stranger = Actor::new(7, 700 + number);
    let line = Member { id: MemberId::parse(&format!("ZZZ-{number}")).expect("an id"), ..stranger.member("partner") };
    Change::Admit(ByteBuf::from(request::sign(&roster.network, &line, &stranger.root)))
}

/// A proposal of one change.
pub(super) fn proposal(roster: &Roster, change: Change) -> Proposal {
    Proposal { roster: roster.hash(), changes: vec![change] }
}

/// The last entry of a log that is durable on a node.
pub(super) fn head(node: &Node, log: &PublicKey) -> Option<Place> {
    let extent = node.shelf.look().extent(log)?;
    Some(Place { seq: extent.next - 1, hash: extent.head })
}

/// Entries of a run that somebody slips to a node.
const PIECE: usize = 8;

/// How often a plot goes on.
pub(in super::super) const TICK: (Time, Time) = (3 * SECOND, 8 * SECOND);
