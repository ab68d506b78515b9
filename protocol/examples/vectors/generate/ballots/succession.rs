//! Rosters that follow one another, rivals in force, and what a ticket or later rules hold up.

use nanduti_protocol::{
    ballot::{Change, Obstacle, Papers, Proposal, Replace, Succession, request},
    charter::Member,
    hash::Hash,
    roster::Roster,
    ticket::RosterRef,
};
use serde_json::{Value, json};

use super::{
    super::{hex, made as keys, sessions::shown as papers_shown},
    made::{self, Says, admission, amend, endorses, ends, line, passing, proposal, ratifies, root, roster},
    shown,
};

/// Papers that are taken in one after the other, and a ticket.
struct Course {
    papers: Vec<Papers>,
    pinned: Option<RosterRef>,
    /// Is the result the same in any order in which the papers can be taken?
    any_order: bool,
}

impl Course {
    fn new(papers: Vec<Papers>) -> Self {
        Self { papers, pinned: None, any_order: true }
    }
}

/// An admission, a suspension, and a root key that is replaced: what makes the second, the third and the fourth roster.
fn three() -> (Vec<Papers>, Vec<Roster>) {
    let newcomer = made::newcomer(1);
    let first = roster();
    let admitted = proposal(&first, vec![admission(1)]);
    let second = admitted.apply(&first).expect("it makes sense");
    let logs = [(keys::public(root(0)), Some(3)), (keys::public(0x41), Some(12))];
    let suspended = proposal(&second, vec![amend(line(0), true, ends(&logs))]);
    let third = suspended.apply(&second).expect("it makes sense");
    let rooted = Member { root: keys::public(0x63), ..line(2) };
    let request = request::sign(&made::network(), &rooted, &keys::key(0x63)).into();
    let logs = ends(&[(keys::public(root(2)), Some(5)), (keys::public(0x43), Some(20))]);
    let replaced = proposal(&third, vec![Change::Replace(Replace { ends: logs, request })]);
    let fourth = replaced.apply(&third).expect("it makes sense");
    // Of five voters it takes four; the newcomer is one of them.
    let also = |proposal: &Proposal, step| {
        let statement = nanduti_protocol::ballot::Statement { member: newcomer.id.clone(), ..said(step).of(proposal) };
        statement.sign(&made::network(), &keys::key(0x81))
    };
    let with_newcomer = |proposal: &Proposal, founders: &[usize]| {
        let mut papers = made::papers(proposal, &passing(founders, 1));
        papers.statements.extend([also(proposal, false), also(proposal, true)]);
        papers
    };
    let papers = vec![
        made::papers(&admitted, &passing(&[0, 1, 2], 1)),
        with_newcomer(&suspended, &[1, 2, 3]),
        with_newcomer(&replaced, &[1, 3]),
    ];
    (papers, vec![first, second, third, fourth])
}

fn said(ratifies_it: bool) -> Says {
    if ratifies_it { ratifies(0, 1) } else { endorses(0, 1) }
}

fn courses() -> Vec<(&'static str, Course)> {
    let founders = roster();
    let (papers, rosters) = three();
    let other = proposal(&founders, vec![admission(2)]);
    let one = proposal(&founders, vec![admission(1)]);
    let for_one = made::papers(&one, &passing(&[0, 1, 2], 1));
    let for_other = made::papers(&other, &passing(&[1, 2, 3], 1));
    let raised = proposal(&founders, vec![Change::Rules(2)]);
    let later = raised.apply(&founders).expect("it makes sense");
    let after = proposal(&later, vec![admission(1)]);
    let raised = vec![made::papers(&raised, &passing(&[0, 1, 2], 1)), made::papers(&after, &passing(&[0, 1, 2], 1))];
    let pin = |roster: &Roster| Some(RosterRef { version: roster.version, hash: roster.hash() });
    let foreign = Some(RosterRef { version: 1, hash: Hash::of(b"another roster") });
    vec![
        ("an admission, a suspension and another root key", Course::new(papers.clone())),
        ("the same in halves, some of it twice", Course::new(halves(&papers))),
        ("a ticket that names the third roster", Course { pinned: pin(&rosters[2]), ..Course::new(papers.clone()) }),
        ("a ticket that names another second roster", Course { pinned: foreign, ..Course::new(papers[..1].to_vec()) }),
        ("later rules: carried, and not followed any further", Course::new(raised)),
        (
            "rivals in force, the one first",
            Course { any_order: false, ..Course::new(vec![for_one.clone(), for_other.clone()]) },
        ),
        (
            "rivals in force, and a ticket that names one",
            Course {
                pinned: pin(&other.apply(&founders).expect("it makes sense")),
                ..Course::new(vec![for_one.clone(), for_other.clone()])
            },
        ),
        ("rivals in force, the other first", Course { any_order: false, ..Course::new(vec![for_other, for_one]) }),
    ]
}

/// Each of the papers in two parts, the ratifications first where that can be, and the first part twice.
fn halves(papers: &[Papers]) -> Vec<Papers> {
    papers
        .iter()
        .flat_map(|whole| {
            let (front, back) = whole.statements.split_at(whole.statements.len() / 2);
            let part = |statements: &[Vec<u8>]| Papers { statements: statements.to_vec(), ..whole.clone() };
            [part(back), part(front), part(back)]
        })
        .collect()
}

pub(super) fn all() -> Vec<Value> {
    courses().into_iter().map(|(name, course)| vector(name, &course)).collect()
}

fn taken(course: &Course, papers: &[Papers]) -> Succession {
    let mut succession = Succession::new(roster());
    succession.pin(course.pinned);
    for papers in papers {
        succession.take(papers).expect("in their order");
    }
    succession
}

fn vector(name: &str, course: &Course) -> Value {
    let succession = taken(course, &course.papers);
    if course.any_order {
        let again = [succession.all_papers(), course.papers.clone()].concat();
        assert_eq!(taken(course, &again), succession, "{name}");
    }
    let rosters: Vec<Value> = succession
        .polls()
        .map(|(poll, passed)| {
            let mut vector = shown("", poll.roster());
            vector["passed"] = json!(passed.map(|hash| hash.to_hex()));
            vector["poll_digest"] = json!(poll.digest().to_hex());
            vector
        })
        .collect();
    let held: Vec<Value> = succession
        .held()
        .iter()
        .map(|held| {
            let ids: Vec<String> = held.ids.iter().map(ToString::to_string).collect();
            json!({"roster": held.roster.to_hex(), "digest": held.digest.to_string(), "ids": ids})
        })
        .collect();
    let pinned = course.pinned.map(|pinned| json!({"version": pinned.version, "hash": pinned.hash.to_hex()}));
    let conflicts: Vec<Value> = succession.conflicts().iter().map(obstacle).collect();
    json!({
        "name": name, "founders": hex(nanduti_protocol::cbor::encode(&roster())), "ticket": pinned,
        "papers": course.papers.iter().map(papers_shown).collect::<Vec<_>>(),
        "rosters": rosters, "digest": succession.digest().to_hex(), "held": held,
        "obstacle": succession.obstacle().as_ref().map(obstacle), "conflicts": conflicts,
    })
}

fn obstacle(obstacle: &Obstacle) -> Value {
    match obstacle {
        Obstacle::Rivals { version, proposals } => {
            let proposals: Vec<String> = proposals.iter().map(|(hash, _)| hash.to_hex()).collect();
            json!({"why": "rivals", "version": version, "proposals": proposals})
        }
        Obstacle::OtherTicket { version } => json!({"why": "other-ticket", "version": version}),
        Obstacle::LaterRules { rules } => json!({"why": "later-rules", "rules": rules}),
    }
}
