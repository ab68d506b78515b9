//! A small network in which everything happens that makes sync hard: a log that forked, one whose key ended, one with an entry
//! that no signature of its own vouches for, bodies that were withheld, and strangers who say that they are members.

use std::{collections::BTreeSet, ops::Range};

use nanduti_protocol::{
    ballot::{Change, Papers, Proposal, Statement, request, rules::Step},
    chain::Chain,
    fork::ForkProof,
    frontier::Position,
    hash::Hash,
    key::PublicKey,
    kind::{Audience, Kind},
    record::{self, Record, RecordBody},
    roster::Roster,
    run::VerifiedRun,
    testing::{Actor, Dice, Founding, Host, LogWriter, ended, live, ring},
};

use crate::script::Script;

/// One way in which a log was written.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) log: LogWriter,
    /// The runs from the first place to each anchor.
    fronts: Vec<VerifiedRun>,
}

/// A network, and all that was ever signed in it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) network: Hash,
    /// Root logs first.
    pub(crate) branches: Vec<Branch>,
    /// Logs of keys that nobody listed.
    pub(crate) strangers: Vec<LogWriter>,
    /// What members signed: log, place and hash.
    signed: BTreeSet<(PublicKey, u64, Hash)>,
    /// The log whose key ended, and the place after the last entry that counts.
    ended: (PublicKey, u64),
    pub(crate) proof: ForkProof,
    /// What was said of two ballots, the second about the roster that the first makes.
    pub(crate) papers: Vec<Papers>,
}

impl Branch {
    fn new(log: LogWriter) -> Self {
        let anchors = (0..log.len()).filter(|seq| log.is_anchor(*seq));
        let fronts = anchors.map(|seq| log.run(0..seq + 1)).collect();
        Self { log, fronts }
    }

    /// The items of these places, as they stand in a segment.
    pub(crate) fn segment(&self, places: Range<u64>) -> Vec<u8> {
        self.log.segment(places)
    }
}

impl World {
    /// The same world every time.
    pub(crate) fn new() -> Self {
        let founding = Founding::new(7, 3);
        let network = founding.network;
        let [one, two, three] = founding.actors.as_slice() else { unreachable!("three founders") };
        let mut plain = founding.publish_log(&one.id, &one.publish[0]);
        grow(&mut plain, 5);
        plain.push(Kind::Keyring, b"a publishing key says nothing of keys");
        let mut forked = founding.publish_log(&one.id, &one.publish[1]);
        grow(&mut forked, 4);
        let mut other = forked.back_to(2);
        other.push(Kind::Practice, b"another");
        grow(&mut other, 1);
        let mut cut = founding.publish_log(&two.id, &two.publish[0]);
        grow(&mut cut, 5);
        let unsigned = with_unsigned(&founding, two);
        let whole = members_only(&founding, three, true);
        let withheld = members_only(&founding, three, false);
        let chain = |log: &LogWriter| {
            let entry = log.entry(2).expect("written").to_vec();
            Chain::new(&network, vec![entry]).expect("it is signed")
        };
        let proof = ForkProof::new(2, chain(&forked), chain(&other)).expect("they contradict each other");
        let first = |log: &LogWriter| log.place(0).expect("it has an opening");
        let root = |actor: &Actor, lines: &[&LogWriter], last: Option<&LogWriter>| {
            let mut log = founding.root_log(actor);
            let mut ring_of: Vec<_> = lines.iter().map(|log| live(log, first(log))).collect();
            ring_of.push(actor.node_line(&network));
            log.push(Kind::Keyring, &ring(&ring_of));
            if let Some(ends) = last {
                ring_of.retain(|line| line.key != ends.log());
                ring_of.push(ended(ends, ends.place(3)));
                log.push(Kind::Keyring, &ring(&ring_of));
            }
            log
        };
        let ended = (cut.log(), 4);
        let roots = [
            root(one, &[&plain, &forked], None),
            root(two, &[&cut, &unsigned], Some(&cut)),
            root(three, &[&whole], None),
        ];
        let logs = roots.into_iter().chain([plain, forked, other, cut, unsigned, whole, withheld]);
        let branches: Vec<Branch> = logs.map(Branch::new).collect();
        let places = |log: &LogWriter| {
            (0..log.len()).filter_map(|seq| Some((log.log(), seq, log.place(seq)?.hash))).collect::<Vec<_>>()
        };
        let signed = branches.iter().flat_map(|branch| places(&branch.log)).collect();
        let papers = ballots(&founding);
        Self { network, branches, strangers: strangers(&founding), signed, ended, proof, papers }
    }

    /// A node that holds of each branch as much as the script says.
    pub(crate) fn host(&self, script: &mut Script<'_>) -> Host {
        let mut host = Host::new(self.network);
        for branch in &self.branches {
            let held = script.below(branch.fronts.len() + 1);
            if let Some(run) = held.checked_sub(1).and_then(|last| branch.fronts.get(last)) {
                // Of a second branch nothing is held; what becomes of it is the ledger's affair.
                let _ = host.deliver(run);
            }
        }
        // What it knows of ballots follows from what it holds, so that scripts mean what they meant.
        let entries: u64 = host.ledger.logs().map(|(_, extent)| extent.next).sum();
        let known = usize::try_from(entries).unwrap_or(0) % (self.papers.len() + 1);
        for papers in &self.papers[..known] {
            let _ = host.ledger.take_papers(papers, &host.store);
        }
        host
    }

    /// A node that holds everything.
    pub(crate) fn full(&self) -> Host {
        let mut host = Host::new(self.network);
        for run in self.branches.iter().filter_map(|branch| branch.fronts.last()) {
            let _ = host.deliver(run);
        }
        for papers in &self.papers {
            let _ = host.ledger.take_papers(papers, &host.store);
        }
        host
    }

    /// Panics if the node holds or counts what nobody may have said.
    pub(crate) fn check(&self, host: &Host) {
        use nanduti_protocol::ledger::History;
        for (log, extent) in host.ledger.logs() {
            for seq in 0..extent.next {
                let hash = host.store.hash_at(log, seq).expect("what the ledger says is held is there");
                assert!(self.signed.contains(&(*log, seq, hash)), "{log} {seq} was never signed");
            }
            assert_eq!(host.store.hash_at(log, extent.next - 1), Some(extent.head));
            assert_eq!(host.store.hash_at(log, extent.next), None);
        }
        for (log, seq, _) in host.counted() {
            let kind = host.store.entries(&log).nth(usize::try_from(seq).expect("small")).map(|(kind, _)| kind);
            let is_root = host.ledger.authority().is_some_and(|known| known.member_by_root(&log).is_some());
            assert!(is_root || kind != Some(&Kind::Keyring), "a publishing key wrote a keyring");
            let knows_end = host.ledger.extent(&self.branches[1].log.log()).is_some_and(|extent| extent.next > 2);
            assert!(!(knows_end && log == self.ended.0 && seq >= self.ended.1), "{log} {seq} is past its end");
        }
        for (log, proof) in host.ledger.forks() {
            // Above the fork too both branches have entries, and two of them at one place prove as much.
            let mark = proof.mark();
            assert!(*log == self.proof.log() && mark.seq >= self.proof.mark().seq, "nobody forked there");
            let both = [mark.low, mark.high].map(|hash| self.signed.contains(&(*log, mark.seq, hash)));
            assert_eq!(both, [true, true], "{log} {} has entries that nobody signed", mark.seq);
        }
    }

    /// A position that a log may have had.
    pub(crate) fn position(&self, script: &mut Script<'_>) -> (PublicKey, Position) {
        let branch = script.pick(&self.branches).expect("there are some");
        let next = script.below(usize::try_from(branch.log.len()).expect("small") + 2) as u64;
        let head = match next.checked_sub(1) {
            None => self.network,
            Some(last) => branch.log.place(last).map_or(Hash::of(b"further on"), |place| place.hash),
        };
        let fork = (script.below(6) == 1).then(|| self.proof.mark());
        (branch.log.log(), Position { next, head, fork })
    }
}

fn grow(log: &mut LogWriter, count: u64) {
    for number in 0..count {
        let mut record = Record::new();
        record.set("title", record::Value::String(format!("Practice {number}")));
        let body = RecordBody::first([3; 16], record).encode().expect("within the bounds");
        log.push(Kind::Practice, &body);
    }
}

/// The log of a member who left one entry without a signature: the next one vouches for it.
fn with_unsigned(founding: &Founding, actor: &Actor) -> LogWriter {
    let mut log = founding.publish_log(&actor.id, &actor.publish[1]);
    grow(&mut log, 1);
    let body = b"vouched for by the next";
    log.push_unsigned(&log.next_statement(Kind::Practice, body), Some(body));
    grow(&mut log, 2);
    log
}

/// A log for members, with its bodies or without.
fn members_only(founding: &Founding, actor: &Actor, held: bool) -> LogWriter {
    let mut log = founding.publish_log(&actor.id, &actor.publish[0]);
    for number in 0..4_u8 {
        let body = [number; 40];
        let mut statement = log.next_statement(Kind::Practice, &body);
        statement.audience = Audience::Members;
        log.push_statement(&statement, held.then_some(body.as_slice()));
    }
    log
}

/// Whoever is nobody: a key that says it speaks for a member, and a root key that no charter names.
fn strangers(founding: &Founding) -> Vec<LogWriter> {
    let stranger = Actor::new(Dice::new(1).roll(), 9);
    let mut claim = founding.publish_log(&founding.actors[0].id, &stranger.publish[0]);
    grow(&mut claim, 2);
    let mut root = founding.root_log(&stranger);
    root.push(Kind::Keyring, &ring(&[live(&claim, claim.place(0).expect("it has an opening"))]));
    vec![claim, root]
}

/// Endorsements and ratifications of two admissions, one after the other, each in a few parts.
fn ballots(founding: &Founding) -> Vec<Papers> {
    let mut roster = Roster::founding(&founding.charter);
    let mut all = Vec::new();
    for place in [10, 11] {
        let newcomer = Actor::new(7, place);
        let line = newcomer.member("partner");
        let asked = request::sign(&founding.network, &line, &newcomer.root);
        let proposal = Proposal { roster: roster.hash(), changes: vec![Change::Admit(asked.into())] };
        for step in [Step::Endorse, Step::Ratify] {
            for actors in founding.actors.chunks(2) {
                let say = |actor: &Actor| {
                    let (member, roster, proposal) = (actor.id.clone(), proposal.roster, proposal.hash());
                    Statement { step, cites: None, round: 1, member, roster, proposal }
                        .sign(&founding.network, &actor.root)
                };
                let statements = actors.iter().map(say).collect();
                all.push(Papers { roster: proposal.roster, proposal: proposal.encode(), statements });
            }
        }
        roster = proposal.apply(&roster).expect("it makes sense");
    }
    all
}
