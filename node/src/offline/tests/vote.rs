//! Statements of ballots that are signed away: by which key, in which words, and never two that contradict each other.

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Statement, Succession, request, rules::Step},
    cbor,
    charter::{Charter, Member, Quorum},
    hash::Hash,
    key::MemberId,
    roster::Roster,
    testing::Founding,
};
use serde_bytes::ByteBuf;

use super::{super::VoteAct, WORDS, key};
use crate::{
    api::{ErrorKind, RequestAct},
    keys::{KeyStore, Passphrase, Protection, RootKey},
    offline::{Act, Checked, KeyFile, Request, Says, SignedAt},
};

const GOVERNANCE: u8 = 90;

struct Case {
    folder: tempfile::TempDir,
    founding: Founding,
}

impl Case {
    fn new() -> Self {
        let governed = |charter: &mut Charter| charter.members[0].governance = Some((&key(GOVERNANCE)).into());
        Self { folder: tempfile::tempdir().unwrap(), founding: Founding::with(3, 4, governed) }
    }

    fn roster(&self) -> Roster {
        Roster::founding(&self.founding.charter)
    }

    fn own(&self) -> &MemberId {
        &self.founding.actors[0].id
    }

    fn admission(&self, name: &str) -> Change {
        let root = key(201);
        let id = MemberId::parse("NEW").unwrap();
        let (role, spare, governance) = ("mechanism".into(), Some((&key(202)).into()), None);
        let line = Member { id, name: name.into(), role, root: (&root).into(), spare, governance };
        Change::Admit(ByteBuf::from(request::sign(&self.founding.network, &line, &root)))
    }

    fn vote(&self, change: Change, round: u32, step: Step) -> Request {
        self.vote_about(&self.roster(), change, round, step)
    }

    fn vote_about(&self, roster: &Roster, change: Change, round: u32, step: Step) -> Request {
        let proposal = Proposal { roster: roster.hash(), changes: vec![change] };
        let (member, proposed) = (self.own().clone(), proposal.hash());
        let statement = Statement { step, cites: None, round, member, roster: roster.hash(), proposal: proposed };
        let act = VoteAct::new(roster, &proposal, &statement);
        Request::new(Act::Vote(act), self.founding.charter.encode())
    }

    fn file(&self, name: &str, seed: &[u8; 32]) -> KeyFile {
        let (path, words) = (self.folder.path().join(name), Passphrase::from(WORDS));
        if !path.exists() {
            KeyStore::create_sealed_at(&path, &RootKey::from_seed(seed), &words, Protection::Pbkdf2).unwrap();
        }
        KeyFile::open(&path, &words).unwrap()
    }

    fn root(&self) -> KeyFile {
        self.file("root.pem", &self.founding.actors[0].root.to_bytes())
    }

    fn governance(&self) -> KeyFile {
        self.file("governance.pem", &[GOVERNANCE; 32])
    }
}

#[test]
fn a_list_of_members_that_no_ballot_makes_is_not_shown() {
    let case = Case::new();
    let good = case.roster();
    let changed = |change: fn(&mut Roster)| {
        let mut roster = good.clone();
        change(&mut roster);
        roster
    };
    let lists = [
        changed(|roster| roster.quorum = Quorum(u64::MAX, 1)),
        changed(|roster| roster.quorum = Quorum(1, 2)),
        changed(|roster| roster.bounds.keys = 0),
        changed(|roster| roster.suspended = vec![MemberId::parse("XXX").unwrap()]),
    ];
    for roster in lists {
        let error = case.vote_about(&roster, Change::Rules(2), 1, Step::Endorse).view().unwrap_err();
        assert!(error.to_string().starts_with("the list of members: "), "{error}");
    }
    assert!(case.vote_about(&good, Change::Rules(2), 1, Step::Endorse).view().is_ok());
}

#[test]
fn a_statement_is_read_in_words_and_signed_by_a_key_that_may() {
    let case = Case::new();
    let (admission, raise) =
        (case.vote(case.admission("Ministry"), 1, Step::Endorse), case.vote(Change::Rules(2), 1, Step::Ratify));
    let view = admission.view().unwrap();
    assert_eq!((view.act, view.member.as_str(), view.signed), (RequestAct::Vote, case.own().as_str(), false));
    assert_eq!((view.entry, view.ordinary, view.governance_fingerprint.is_some()), (None, true, true));
    for words in ["endorses", "4 voters; it takes 3", "admit NEW (Ministry)", "with the spare root key"] {
        assert!(view.says.iter().any(|line| line.contains(words)), "{words}: {:?}", view.says);
    }
    assert!(view.unchecked.iter().any(|what| what.contains(&case.roster().hash().to_hex())));
    assert!(raise.view().unwrap().says.iter().any(|line| line.contains("rules number 2")));

    for (request, file, signer) in [(&admission, case.root(), "Root"), (&admission, case.governance(), "Governance")] {
        let signed = file.sign(request, SignedAt::Away).unwrap();
        assert_eq!(file.sign(request, SignedAt::Away).unwrap(), signed, "the same bytes again");
        let Says::Vote(vote) = Checked::of(&signed).unwrap().says else { panic!("a vote") };
        assert_eq!(format!("{:?}", vote.signed.unwrap().1), signer);
        assert_eq!(Request::decode(&signed.encode()).unwrap(), signed);
    }
    let refused = case.governance().sign(&raise, SignedAt::Away).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert!(refused.message.contains("governance key cannot speak"), "{refused}");
    let other = case.file("other.pem", &case.founding.actors[1].root.to_bytes());
    assert!(other.sign(&admission, SignedAt::Away).unwrap_err().message.contains("neither the root key"));
    // Nor is a signature of it taken for one.
    let by_governance = Says::Vote(match Checked::of(&raise).unwrap().says {
        Says::Vote(vote) => vote,
        _ => panic!("a vote"),
    });
    let checked = Checked { says: by_governance, ..Checked::of(&raise).unwrap() };
    let bytes = checked.sign(&key(GOVERNANCE)).remove(0).bytes;
    let forged = Request { signed: Some(vec![ByteBuf::from(bytes)]), ..raise };
    assert!(Checked::of(&forged).unwrap_err().to_string().contains("governance key cannot speak"));
}

#[test]
fn nothing_in_what_is_signed_can_be_changed_unseen() {
    let case = Case::new();
    let signed = case.root().sign(&case.vote(case.admission("Ministry"), 1, Step::Endorse), SignedAt::Here).unwrap();
    let bytes = signed.encode();
    let words = signed.view().unwrap().says;
    let mut read = 0;
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let Ok(request) = Request::decode(&changed) else { continue };
        read += 1;
        assert!(Checked::of(&request).is_err(), "at {place} of {}: {words:?}", bytes.len());
    }
    assert!(read > 1000, "most changes are of a form that is read: {read}");
}

#[test]
fn what_a_liar_puts_together_is_not_signed() {
    let case = Case::new();
    let honest = case.vote(case.admission("Ministry"), 1, Step::Endorse);
    let with = |change: &dyn Fn(&mut VoteAct)| {
        let Act::Vote(mut act) = honest.act.clone() else { panic!("a vote") };
        change(&mut act);
        Request { act: Act::Vote(act), ..honest.clone() }
    };
    let other = case.vote(Change::Rules(2), 1, Step::Endorse);
    let Act::Vote(other) = &other.act else { panic!("a vote") };
    let mut roster = case.roster();
    roster.members[1].name = "Somebody else".into();
    let foreign = Founding::new(9, 4);
    let nobody = |statement: &mut Statement| statement.member = MemberId::parse("ZZZ").unwrap();
    let restated = |change: &dyn Fn(&mut Statement)| {
        with(&|act| {
            let mut statement = Statement::read(&act.statement).unwrap();
            change(&mut statement);
            act.statement = ByteBuf::from(cbor::encode(&statement));
        })
    };
    let lies = [
        (with(&|act| act.proposal = other.proposal.clone()), "another list of members or another proposal"),
        (with(&|act| act.statement = other.statement.clone()), "another list of members or another proposal"),
        (with(&|act| act.roster = ByteBuf::from(cbor::encode(&roster))), "another list of members"),
        (Request { charter: foreign.charter.encode().into(), ..honest.clone() }, "another network"),
        (restated(&nobody), "has no vote"),
        (restated(&|statement| statement.round = 65), "rounds go from"),
        (restated(&|statement| (statement.step, statement.cites) = (Step::Ratify, Some(1))), "rounds go from"),
        (case.vote(Change::Rules(1), 1, Step::Endorse), "rules number has to be higher"),
    ];
    for (lie, why) in lies {
        let error = case.root().sign(&lie, SignedAt::Here).unwrap_err();
        let said = format!("{error} {:?}", error.causes);
        assert!(error.kind == ErrorKind::Refused && said.contains(why), "{why}: {said}");
        assert!(lie.view().is_err());
    }
}

#[test]
fn a_key_does_not_contradict_itself_where_it_knows_no_node() {
    let case = Case::new();
    let root = case.root();
    let [one, other] = ["One", "Other"].map(|name| case.admission(name));
    let vote = |change: &Change, round, step| case.vote(change.clone(), round, step);
    root.sign(&vote(&one, 2, Step::Endorse), SignedAt::Away).unwrap();
    root.sign(&vote(&one, 2, Step::Ratify), SignedAt::Away).unwrap();
    let refused = |request: &Request, why: &str| {
        let error = case.root().sign(request, SignedAt::Away).unwrap_err();
        assert!(error.message.contains(why) && error.kind == ErrorKind::Refused, "{error}");
    };
    refused(&vote(&other, 2, Step::Endorse), "would contradict");
    refused(&vote(&other, 2, Step::Ratify), "would contradict");
    refused(&vote(&other, 3, Step::Endorse), "would contradict");
    refused(&vote(&one, 1, Step::Endorse), "nothing is said in an earlier one");
    // The same again is no contradiction, nor is more for the same proposal, nor what the rules let free.
    root.sign(&vote(&one, 2, Step::Endorse), SignedAt::Away).unwrap();
    root.sign(&vote(&one, 3, Step::Endorse), SignedAt::Away).unwrap();
    let Act::Vote(mut act) = vote(&other, 5, Step::Endorse).act else { panic!("a vote") };
    let statement = Statement { cites: Some(4), ..Statement::read(&act.statement).unwrap() };
    act.statement = ByteBuf::from(cbor::encode(&statement));
    let freed = Request::new(Act::Vote(act), case.founding.charter.encode());
    root.sign(&freed, SignedAt::Away).unwrap();
    // Another key of the same member keeps a memory of its own: the node knows of both.
    case.governance().sign(&vote(&other, 2, Step::Endorse), SignedAt::Away).unwrap();
}

#[test]
fn what_the_node_drafts_is_what_is_signed() {
    let case = Case::new();
    let roster = case.roster();
    let line = Member { name: "Renamed".into(), ..roster.members[1].clone() };
    let change = Change::Amend(Amend { ends: vec![], line, suspended: false });
    let proposal = Proposal { roster: roster.hash(), changes: vec![change] };
    let succession = Succession::new(roster.clone());
    let want = crate::governance::Draft {
        member: case.own(),
        step: crate::api::BallotStep::Endorse,
        proposal: &proposal,
        round: None,
    };
    let drafted = crate::governance::draft(&succession, &want).unwrap();
    assert!(drafted.follows.iter().any(|line| line.contains("1 of 4")));
    let act = VoteAct::new(&roster, &proposal, &drafted.statement);
    let request = Request::new(Act::Vote(act), case.founding.charter.encode());
    let signed = case.root().sign(&request, SignedAt::Here).unwrap();
    assert!(signed.view().unwrap().signed && signed.is_signed());
    assert_ne!(Hash::of(&signed.encode()), Hash::of(&request.encode()));
}
