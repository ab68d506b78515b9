//! A small library in memory: an ordinary practice, one in Arabic, a hostile one, a withdrawn one, and one whose newest
//! revisions do not know of each other.

use std::{future::Future, sync::Arc};

use nanduti_node::{
    api::{
        ApiError, Audience, ClosedReply, ClosedView, ErrorKind, FieldForm, FieldView, ForMembersView, ForkReport,
        ForkSide, ForkState, ForkView, ForkedLog, FormerMember, FormerView, ListFilter, ListReply, NodeRole, PlaceView,
        PracticeRow, PracticeView, Proof, ProofFormer, RevisionView, SeriesState, StatusReply, ValueView,
        WithdrawalView,
    },
    web::{Choice, Choices, Library, Place},
};

/// Short ids of the records.
pub(crate) const ORDINARY: &str = "ordinary22";
pub(crate) const ARABIC: &str = "arabic2222";
pub(crate) const HOSTILE: &str = "hostile222";
pub(crate) const WITHDRAWN: &str = "withdrawn2";
pub(crate) const CONCURRENT: &str = "concurrent";

/// A title that tries everything.
pub(crate) const HOSTILE_TITLE: &str =
    "</title><script>alert(1)</script> \"><img src=x onerror=alert(2)> \u{202e}gpj.exe & 'quotes' {{ 7*7 }}";

/// The library.
pub(crate) struct Fixture {
    practices: Vec<PracticeView>,
}

impl Fixture {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { practices: vec![ordinary(), arabic(), hostile(), withdrawn(), concurrent()] })
    }

    /// The same with `more` further practices, for pages of the list.
    pub(crate) fn with_more(more: usize) -> Arc<Self> {
        let mut practices = vec![ordinary(), arabic()];
        practices.extend((0..more).map(|n| {
            let mut view = ordinary();
            view.row.id = id(&format!("more{n}"));
            view.row.title = format!("Practice number {n}");
            view
        }));
        Arc::new(Self { practices })
    }

    fn find(&self, id: &str) -> Result<&PracticeView, ApiError> {
        self.practices
            .iter()
            .find(|view| [&view.row.id, &view.row.short, &view.revision.id].into_iter().any(|known| known == id))
            .ok_or_else(|| ApiError::new(ErrorKind::NotFound, format!("no practice has the id {id}")))
    }
}

impl Library for Fixture {
    async fn list(&self, filter: ListFilter) -> Result<ListReply, ApiError> {
        let any =
            |wanted: &[String], have: &[String]| wanted.is_empty() || wanted.iter().any(|code| have.contains(code));
        let matching: Vec<_> = self
            .practices
            .iter()
            .map(|view| &view.row)
            .filter(|row| any(&filter.member, std::slice::from_ref(&row.member)))
            .filter(|row| any(&filter.strand, &row.strands))
            .filter(|row| any(&filter.capacity, &row.capacities))
            .filter(|row| any(&filter.theme, &row.themes))
            .filter(|row| any(&filter.language, std::slice::from_ref(&row.language)))
            .filter(|row| match filter.state.as_slice() {
                [] => row.state != SeriesState::Withdrawn,
                states => states.contains(&row.state),
            })
            .cloned()
            .collect();
        let total = matching.len() as u64;
        let practices = matching.into_iter().skip(filter.offset as usize).take(filter.limit as usize).collect();
        let closed = ClosedReply { entries: Vec::new(), total: closed().len() as u64 };
        Ok(ListReply { practices, total, notice: None, closed })
    }

    async fn show(&self, id: String) -> Result<PracticeView, ApiError> {
        self.find(&id).cloned()
    }

    async fn history(&self, id: String) -> Result<Vec<RevisionView>, ApiError> {
        let view = self.find(&id)?;
        let mut first = view.revision.clone();
        first.id = self::id(&format!("first{}", view.row.short));
        first.title = format!("{} (draft)", first.title);
        first.time = "2026-01-05T08:00:00Z".to_owned();
        first.arrived = None;
        first.newest = false;
        first.proof.seq = 3;
        let mut second = view.revision.clone();
        second.revises = vec![first.id.clone()];
        Ok(vec![first, second])
    }

    async fn closed(&self, offset: u64, limit: u64) -> Result<ClosedReply, ApiError> {
        let all = closed();
        let total = all.len() as u64;
        let entries = all.into_iter().skip(offset as usize).take(limit as usize).collect();
        Ok(ClosedReply { entries, total })
    }

    async fn fork(&self, log: String) -> Result<ForkReport, ApiError> {
        fork().filter(|fork| fork.key == log).ok_or_else(|| ApiError::new(ErrorKind::NotFound, "no such fork"))
    }

    fn status(&self) -> impl Future<Output = Result<StatusReply, ApiError>> + Send {
        std::future::ready(Ok(status()))
    }

    async fn choices(&self) -> Result<Choices, ApiError> {
        let choices = |pairs: &[(&str, &str)]| pairs.iter().map(|(code, label)| Choice::new(*code, *label)).collect();
        Ok(Choices {
            members: choices(&[("KEN", "Kenya"), ("MAR", "Morocco"), ("PRY", "Paraguay")]),
            strands: choices(&[
                ("civil-society-nhri", "Civil society and NHRIs"),
                ("information-systems", "Information systems"),
            ]),
            capacities: choices(&[
                ("coordination", "Coordination"),
                ("information-management", "Information management"),
            ]),
            themes: choices(&[("theme:participation", "Participation")]),
            languages: choices(&[("ar", "Arabic"), ("en", "English")]),
        })
    }

    async fn place(&self) -> Place {
        let (network_name, member) = (Some("Demonstration network".to_owned()), Some("Paraguay".to_owned()));
        Place { network_name, member, outdated: false }
    }
}

/// The fork that the status names.
fn fork() -> Option<ForkReport> {
    let side = |short: &str, hash: &str, held: bool| ForkSide {
        id: id(short),
        short: short.to_owned(),
        hash: hash.repeat(32),
        kind: held.then(|| "practice".to_owned()),
        time: held.then(|| "2026-02-01T09:30:00Z".to_owned()),
        held,
        entries: if held { 1_204 } else { 1 },
        last: PlaceView { seq: 17, hash: hash.repeat(32) },
        rows: Vec::new(),
    };
    Some(ForkReport {
        key: "f0".repeat(32),
        member: Some("KEN".to_owned()),
        member_name: Some("Kenya".to_owned()),
        log: ForkedLog::Publishing,
        state: ForkState::Open,
        seq: 17,
        named: None,
        own: false,
        sides: vec![side("sidea22222", "0a", true), side("sideb22222", "0b", false)],
        proposals: Vec::new(),
    })
}

/// Documents for members only, as everybody sees them.
fn closed() -> Vec<ClosedView> {
    let entry = |short: &str, member: &str, name: &str, seq| ClosedView {
        id: id(short),
        short: short.to_owned(),
        member: member.to_owned(),
        member_name: name.to_owned(),
        kind: "practice".to_owned(),
        key: "c1".repeat(32),
        seq,
        time: "2026-02-01T09:30:00Z".to_owned(),
        withdrawal: None,
    };
    let withdrawal = WithdrawalView {
        id: id("withdraw22"),
        reason: "superseded".to_owned(),
        note: Some("<script>alert(1)</script> see the later one".to_owned()),
        time: "2026-02-03T09:30:00Z".to_owned(),
    };
    let withdrawn = ClosedView { withdrawal: Some(withdrawal), ..entry("closed3333", "MAR", "", 3) };
    vec![entry("closed2222", "KEN", "Kenya", 1_204), withdrawn]
}

/// An operator's status with something private in every private field.
pub(crate) fn status() -> StatusReply {
    StatusReply {
        version: "0.1.0".to_owned(),
        running: true,
        home: "/srv/private-home".to_owned(),
        network: "5e".repeat(32),
        network_name: Some("Demonstration network".to_owned()),
        former: vec![former()],
        roster_version: Some(0),
        members: 5,
        role: NodeRole::Member,
        unable: None,
        member: Some("PRY".to_owned()),
        publish_key: None,
        keyring_seq: None,
        peer_id: Some("12D3KooWprivatepeer".to_owned()),
        addresses: vec!["/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooWprivatepeer".to_owned()],
        web: Some("http://192.0.2.7:8080/".to_owned()),
        logs: 11,
        entries: 12_345,
        counted: 12_340,
        practices: 1_042,
        own_practices: 3,
        wanted_bodies: 0,
        for_members: ForMembersView { readable: true, entries: 3, practices: 42, own_practices: 1, missing: 77_777 },
        bytes: 987_654_321,
        digest: "d1".repeat(32),
        peers_connected: 4,
        peers_equal: 4,
        forks: vec![ForkView {
            key: "f0".repeat(32),
            member: Some("KEN".to_owned()),
            seq: 17,
            hashes: vec!["0a".repeat(32), "0b".repeat(32)],
        }],
        refused: vec![("private-reason".to_owned(), 2)],
        warnings: vec!["private warning".to_owned()],
        writable: true,
        restored: None,
        uptime_s: Some(93_784),
    }
}

/// A former network whose founders try everything in its name and its reason.
fn former() -> FormerView {
    let member = |id: &str, founder, proven| FormerMember {
        id: id.to_owned(),
        name: id.to_owned(),
        votes: true,
        founder,
        proven,
    };
    FormerView {
        network: "4a".repeat(32),
        name: HOSTILE_TITLE.to_owned(),
        reason: HOSTILE_TITLE.to_owned(),
        roster_version: 3,
        roster_hash: "4b".repeat(32),
        voters: 3,
        members: vec![member("KEN", true, true), member("MAR", true, false), member("PRY", false, false)],
        carried: 4,
        entries: 1_301,
        logs: Vec::new(),
    }
}

fn id(short: &str) -> String {
    format!("bafyr4i{:2<52}", short.to_lowercase())
}

fn practice(short: &str, member: (&str, &str), language: &str, title: &str) -> PracticeView {
    let revision = RevisionView {
        id: id(&format!("rev{short}")),
        revises: Vec::new(),
        title: title.to_owned(),
        time: "2026-03-14T09:26:53Z".to_owned(),
        arrived: Some("2026-03-14T09:30:00Z".to_owned()),
        newest: true,
        proof: Proof {
            member: member.0.to_owned(),
            member_name: member.1.to_owned(),
            key: "ab".repeat(32),
            seq: 1_234,
            hash: "1f".repeat(32),
            body_hash: "2e".repeat(32),
            body_size: 4_321,
            segment: format!("logs/{}/0000000000000000.seg", "ab".repeat(32)),
            offset: 65_536,
            keyring_seq: 1,
            root_key: "cd".repeat(32),
            counts: true,
            former: None,
        },
    };
    PracticeView {
        row: PracticeRow {
            id: id(short),
            short: short.to_owned(),
            member: member.0.to_owned(),
            title: title.to_owned(),
            language: language.to_owned(),
            strands: vec!["information-systems".to_owned(), "civil-society-nhri".to_owned()],
            capacities: vec!["coordination".to_owned()],
            themes: vec!["theme:participation".to_owned()],
            revisions: 2,
            state: SeriesState::Current,
            audience: Audience::Public,
            time: revision.time.clone(),
        },
        revision,
        concurrent: Vec::new(),
        withdrawal: None,
        fields: Vec::new(),
        record: serde_json::json!({ "title": title }),
        markdown: format!("---\ntitle: {title}\n---\n"),
    }
}

fn value(text: &str) -> ValueView {
    ValueView { text: text.to_owned(), label: None, href: None }
}

fn coded(code: &str, label: &str) -> ValueView {
    ValueView { text: code.to_owned(), label: Some(label.to_owned()), href: None }
}

fn linked(text: &str, href: &str) -> ValueView {
    ValueView { text: text.to_owned(), label: None, href: Some(href.to_owned()) }
}

fn field(name: &str, label: &str, form: FieldForm, values: Vec<ValueView>) -> FieldView {
    FieldView { name: name.to_owned(), label: label.to_owned(), form, values }
}

fn ordinary() -> PracticeView {
    let title = "Focal points with a validating authority (SIMORE Plus)";
    let mut view = practice(ORDINARY, ("PRY", "Paraguay"), "en", title);
    view.fields = vec![
        field("title", "Title", FieldForm::Text, vec![value(title)]),
        field(
            "summary",
            "Summary",
            FieldForm::Text,
            vec![value(
                "Each body names main and alternate focal points and a validating authority, so that two pairs of eyes see every answer before it is public.",
            )],
        ),
        field("kind", "Kind", FieldForm::Code, vec![coded("tool", "Tool or system"), value("unheard-of-code")]),
        field("maturity", "Maturity", FieldForm::Code, vec![coded("promising", "Promising")]),
        field("start", "Start", FieldForm::Plain, vec![value("2014-06")]),
        field(
            "description",
            "Description",
            FieldForm::Markdown,
            vec![value(
                "# How it works\n\nA network of **focal points** in every body:\n\n1. A focal point drafts.\n2. A validating authority approves.\n\nSee the [public page](https://example.org/simore?a=1&b=2) or write to <mailto:mechanism@example.org>.\n\n> Demonstration, not signed by the State.",
            )],
        ),
        field(
            "results",
            "Results",
            FieldForm::Text,
            vec![value("First paragraph.\n\nSecond paragraph, after a line.")],
        ),
        field(
            "evidence",
            "Evidence",
            FieldForm::Plain,
            vec![linked("Report, 2019", "https://example.org/report"), value("A/HRC/WG.6/38/PRY/1")],
        ),
        field(
            "contact",
            "Contact",
            FieldForm::Plain,
            vec![linked("mechanism@example.org", "mailto:mechanism@example.org")],
        ),
        field("invented_later", "invented_later", FieldForm::Unknown, vec![value("a value of a later version")]),
    ];
    view
}

fn arabic() -> PracticeView {
    let title = "آلية وطنية مشتركة بين الوزارات لمتابعة التوصيات (DIDH)";
    let mut view = practice(ARABIC, ("MAR", "Morocco"), "ar", title);
    view.fields = vec![
        field(
            "summary",
            "Summary",
            FieldForm::Text,
            vec![value(
                "تجمع المندوبية القطاعات الحكومية والمجتمع المدني لإعداد التقارير الوطنية ومتابعة تنفيذ توصيات هيئات المعاهدات (CEDAW/C/MAR/CO/5).",
            )],
        ),
        field("capacities", "Capacities", FieldForm::Code, vec![coded("coordination", "Coordination")]),
        field(
            "description",
            "Description",
            FieldForm::Markdown,
            vec![value(
                "## المراحل\n\n- إعداد المشروع الأول\n- إرساله إلى **أصحاب المصلحة** قبل الاعتماد\n\nانظر [الصفحة العامة](https://example.org/didh).",
            )],
        ),
        field("results", "Results", FieldForm::Text, vec![value("أربع إدارات، واحدة منها للعلاقة مع المجتمع المدني.")]),
    ];
    view
}

fn hostile() -> PracticeView {
    let mut view = practice(HOSTILE, ("KEN", "<b>Kenya</b>"), "en\" onload=\"x", HOSTILE_TITLE);
    view.revision.proof.former = Some(ProofFormer {
        network: "4a".repeat(32),
        name: HOSTILE_TITLE.to_owned(),
        last: 1_300,
        by: HOSTILE_TITLE.to_owned(),
        is_member: false,
        proven: false,
    });
    view.row.strands = vec!["<i>strand</i>".to_owned()];
    view.revision.proof.segment = "logs/<u>x</u>".to_owned();
    view.fields = vec![
        field("summary", "Summary", FieldForm::Text, vec![value(HOSTILE_TITLE)]),
        field("kind", "<s>Kind</s>", FieldForm::Code, vec![coded("<x>", "<y onclick=z>")]),
        field(
            "links",
            "Links",
            FieldForm::Plain,
            vec![
                linked("script", "javascript:alert(3)"),
                linked("data", "data:text/html,x"),
                linked("quote", "https://example.org/\"onmouseover=\"x"),
            ],
        ),
        field(
            "description",
            "Description",
            FieldForm::Markdown,
            vec![value(
                "# big\n\n<script>alert(4)</script>\n\n<iframe src=\"https://example.org\"></iframe>\n\n[a](javascript:alert(5)) ![pixel](https://example.org/track.gif) [b](https://example.org/ \"t\\\" onclick=\\\"x\")\n\n<a href=\"https://example.org\" class=\"skip\" style=\"position:fixed\" onclick=x>c</a>\n\n`</code><script>`",
            )],
        ),
        field("<em>new</em>", "<em>new</em>", FieldForm::Unknown, vec![linked("<v>", "vbscript:x")]),
    ];
    view
}

fn withdrawn() -> PracticeView {
    let mut view = practice(WITHDRAWN, ("KEN", "Kenya"), "en", "A practice that was withdrawn");
    view.row.state = SeriesState::Withdrawn;
    view.withdrawal = Some(WithdrawalView {
        id: id("tombstone"),
        reason: "superseded".to_owned(),
        note: Some("Replaced by a <new> practice.".to_owned()),
        time: "2026-05-01T12:00:00Z".to_owned(),
    });
    view
}

fn concurrent() -> PracticeView {
    let mut view = practice(CONCURRENT, ("PRY", "Paraguay"), "en", "Two offices wrote at once");
    view.row.state = SeriesState::Concurrent;
    view.row.strands = Vec::new();
    let mut other = view.revision.clone();
    other.id = id("rival");
    other.title = "Two offices wrote at once, the other text".to_owned();
    view.concurrent = vec![other];
    view.revision.proof.counts = false;
    view.fields = vec![field("summary", "Summary", FieldForm::Text, vec![value("Short.")])];
    view
}
