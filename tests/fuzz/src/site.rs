//! The public pages as a whole: any address, and a library of which every word is a stranger's.
//!
//! Whatever is asked, the answer carries the policy, is no failure of the node's, and its page holds nothing that runs or loads
//! from elsewhere; a program gets JSON.

use std::sync::Arc;

use nanduti_node::{
    api::{
        ApiError, CarriedView, ClosedReply, ClosedView, ErrorKind, ForMembersView, ForkReport, ForkSide, ForkState,
        ForkView, ForkedLog, FormerMember, FormerView, ListFilter, ListReply, NodeRole, PlaceView, PracticeView,
        ProofFormer, RevisionView, StatusReply, WithdrawalView,
    },
    fuzzing,
    web::{Choice, Choices, Library, Place},
};

use crate::{html, node::view, script::Script};

/// Addresses, each with a place for a stranger's part.
const ADDRESSES: [&str; 14] = [
    "",
    "/practices/",
    "/practices/bafy?",
    "/forks/",
    "/for-members?",
    "/?",
    "/status?",
    "/static/",
    "/api/practices?",
    "/api/practices/",
    "/api/for-members?",
    "/api/forks/",
    "/api/status",
    "/health",
];
/// A log of which the library knows a fork.
const FORKED: &str = "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0";
/// What stands only where nobody but the operator reads.
const PRIVATE: &str = "operators-alone";

/// A page of a library of which every word is a stranger's.
pub fn site(data: &[u8]) {
    let mut script = Script::new(data);
    let method = ["GET", "GET", "GET", "HEAD", "POST"][script.below(5)];
    let before = ADDRESSES[script.below(ADDRESSES.len())];
    let behind = match script.below(6) {
        0 => FORKED.as_bytes(),
        1 => b"bafyfound/history",
        2 => b"bafyfound",
        _ => script.bytes(200),
    };
    let library = Arc::new(Words::new(&mut script));
    let address = [before.as_bytes(), behind].concat();
    let Some(answer) = fuzzing::ask(library, method, &address) else { return };
    let asked = String::from_utf8_lossy(&address);
    assert!(answer.status < 500, "{method} {asked}: {}", answer.status);
    assert!(answer.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none';")));
    assert_eq!((answer.header("set-cookie"), answer.header("x-content-type-options")), (None, Some("nosniff")));
    assert!(method != "POST" || answer.status == 405);
    if answer.status >= 300 && answer.status < 400 {
        let place = answer.header("location").expect("elsewhere");
        assert!(place.starts_with('/') && !place.starts_with("//"), "{asked} leads to {place}");
    }
    let body = String::from_utf8(answer.body.clone()).expect("all that is answered is UTF-8");
    let kind = answer.header("content-type").unwrap_or_default();
    if body.is_empty() {
        return;
    }
    assert!(!body.contains(PRIVATE), "{asked}: {body}");
    if kind.starts_with("text/html") {
        html::check(&body, None);
    } else if asked.starts_with("/api/") {
        assert_eq!(kind, "application/json", "{asked}");
        serde_json::from_str::<serde_json::Value>(&body).expect("a program gets JSON");
    }
}

/// A library of words.
struct Words {
    view: PracticeView,
    words: Vec<String>,
    numbers: [u64; 3],
}

impl Words {
    fn new(script: &mut Script<'_>) -> Self {
        let mut view = view(script);
        let words: Vec<String> = (0..6).map(|_| String::from_utf8_lossy(script.bytes(60)).into_owned()).collect();
        let numbers = [0; 3].map(|_| script.number().unwrap_or_default());
        let [one, two, three] = numbers;
        if script.below(2) == 1 {
            let (network, name, by) = (words[0].clone(), words[1].clone(), words[2].clone());
            let former = ProofFormer { network, name, last: one, by, is_member: two > 5, proven: three > 5 };
            view.revision.proof.former = Some(former);
        }
        (view.row.strands, view.row.themes) = (words.clone(), words.clone());
        Self { view, words, numbers }
    }

    fn word(&self, number: usize) -> String {
        self.words[number % self.words.len()].clone()
    }

    fn place(&self) -> PlaceView {
        PlaceView { seq: self.numbers[0], hash: self.word(3) }
    }

    fn former(&self) -> FormerView {
        let [one, two, three] = self.numbers;
        let member =
            FormerMember { id: self.word(0), name: self.word(1), votes: true, founder: one > 5, proven: two > 5 };
        FormerView {
            network: self.word(2),
            name: self.word(3),
            reason: self.word(4),
            roster_version: one,
            roster_hash: self.word(5),
            voters: two,
            members: vec![member],
            carried: three,
            entries: one,
            logs: vec![CarriedView { log: self.word(0), member: self.word(1), last: one, hash: self.word(2) }],
        }
    }

    fn found(&self, id: &str) -> Result<&PracticeView, ApiError> {
        let no = || ApiError::new(ErrorKind::NotFound, format!("no practice has the id {id}"));
        if id.starts_with("bafy") { Ok(&self.view) } else { Err(no()) }
    }
}

impl Library for Words {
    async fn list(&self, filter: ListFilter) -> Result<ListReply, ApiError> {
        let [total, closed, _] = self.numbers;
        assert!((1..=200).contains(&filter.limit), "pages set a limit");
        let practices = vec![self.view.row.clone(); 2];
        let closed = ClosedReply { entries: Vec::new(), total: closed };
        Ok(ListReply { practices, total, notice: Some(self.word(0)), closed })
    }

    async fn show(&self, id: String) -> Result<PracticeView, ApiError> {
        self.found(&id).cloned()
    }

    async fn history(&self, id: String) -> Result<Vec<RevisionView>, ApiError> {
        self.found(&id).map(|view| vec![view.revision.clone(); 2])
    }

    async fn closed(&self, offset: u64, limit: u64) -> Result<ClosedReply, ApiError> {
        assert!((1..=200).contains(&limit) && offset <= 10_000_000, "pages set a limit");
        let entry = ClosedView {
            id: self.view.row.id.clone(),
            short: self.word(0),
            member: self.word(1),
            member_name: self.word(2),
            kind: self.word(3),
            key: self.word(4),
            seq: self.numbers[0],
            time: self.word(5),
            withdrawal: Some(WithdrawalView {
                id: self.view.row.id.clone(),
                reason: self.word(0),
                note: Some(self.word(1)),
                time: self.word(2),
            }),
        };
        Ok(ClosedReply { entries: vec![entry; 2], total: self.numbers[1] })
    }

    async fn fork(&self, log: String) -> Result<ForkReport, ApiError> {
        if log != FORKED {
            return Err(ApiError::new(ErrorKind::NotFound, format!("no fork of the log {log}")));
        }
        let [one, two, three] = self.numbers;
        let side = |held: bool| ForkSide {
            id: self.view.row.id.clone(),
            short: self.word(0),
            hash: self.word(1),
            kind: Some(self.word(2)),
            time: held.then(|| self.word(3)),
            held,
            entries: one,
            last: self.place(),
            rows: Vec::new(),
        };
        Ok(ForkReport {
            key: log,
            member: Some(self.word(4)),
            member_name: (two > 5).then(|| self.word(5)),
            log: [ForkedLog::Publishing, ForkedLog::Root, ForkedLog::Unlisted][(two % 3) as usize],
            state: [ForkState::Open, ForkState::Awaited, ForkState::Settled][(three % 3) as usize],
            seq: one,
            named: (three > 5).then(|| self.place()),
            own: false,
            sides: vec![side(true), side(false), side(true)],
            proposals: Vec::new(),
        })
    }

    async fn status(&self) -> Result<StatusReply, ApiError> {
        let [one, two, three] = self.numbers;
        let fork = ForkView { key: self.word(0), member: Some(self.word(1)), seq: one, hashes: vec![self.word(2); 2] };
        Ok(StatusReply {
            version: self.word(3),
            running: true,
            home: PRIVATE.into(),
            network: self.word(4),
            network_name: Some(self.word(5)),
            former: vec![self.former()],
            roster_version: Some(one),
            members: two,
            role: [NodeRole::Member, NodeRole::Silent, NodeRole::NotAdmitted, NodeRole::Observer][(three % 4) as usize],
            unable: Some(PRIVATE.into()),
            member: Some(self.word(0)),
            publish_key: Some(PRIVATE.into()),
            keyring_seq: None,
            peer_id: Some(PRIVATE.into()),
            addresses: vec![PRIVATE.into()],
            web: Some(PRIVATE.into()),
            logs: one,
            entries: two,
            counted: three,
            practices: one,
            own_practices: two,
            wanted_bodies: three,
            for_members: ForMembersView {
                readable: true,
                entries: one,
                practices: two,
                own_practices: three,
                missing: 1,
            },
            bytes: one,
            digest: self.word(1),
            peers_connected: two,
            peers_equal: three,
            forks: vec![fork],
            refused: vec![(PRIVATE.into(), 1)],
            warnings: vec![PRIVATE.into()],
            writable: true,
            restored: None,
            uptime_s: Some(three),
        })
    }

    async fn choices(&self) -> Result<Choices, ApiError> {
        let choices = || self.words.iter().map(|word| Choice::new(word.clone(), self.word(1))).collect::<Vec<_>>();
        let (members, strands, capacities, themes, languages) = (choices(), choices(), choices(), choices(), choices());
        Ok(Choices { members, strands, capacities, themes, languages })
    }

    async fn place(&self) -> Place {
        Place { network_name: Some(self.word(0)), member: Some(self.word(1)), outdated: self.numbers[0] > 5 }
    }
}
