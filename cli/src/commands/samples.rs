//! Replies made up for the tests of renderers: what a node would say, without a node.

use nanduti_node::api::{
    Audience, FieldForm, FieldView, PracticeRow, PracticeView, Proof, RevisionView, SeriesState, ValueView,
};

/// Text without its styles.
pub(super) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A practice of a member.
pub(super) fn row(short: &str, member: &str, title: &str, language: &str) -> PracticeRow {
    PracticeRow {
        id: format!("bafyr4i{short}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        short: short.into(),
        member: member.into(),
        title: title.into(),
        language: language.into(),
        strands: vec!["information-systems".into()],
        capacities: vec!["coordination".into()],
        themes: vec!["right-to-health".into()],
        revisions: 1,
        state: SeriesState::Current,
        audience: Audience::Public,
        time: "2026-03-01T14:05:09Z".into(),
    }
}

/// Four practices in four scripts and three states.
pub(super) fn rows() -> Vec<PracticeRow> {
    let mut rows = vec![
        row("cn23456789", "CHN-X", "国家人权行动计划的跨部门协调与公开监测机制", "zh"),
        row("mar4567abc", "MAR", "خطة وطنية أعدت مع المعنيين بها ومتابعة علنية للتوصيات", "ar"),
        row("prt4567abc", "PRT", "Comissão Nacional para os Direitos Humanos: plenários com a sociedade civil", "pt"),
        row("pry4567abc", "PRY", "SIMORE Plus", "es"),
    ];
    rows[1].strands.push("cooperation".into());
    rows[1].state = SeriesState::Concurrent;
    rows[3].state = SeriesState::Withdrawn;
    rows
}

/// A proof.
pub(super) fn proof(member: &str, seq: u64) -> Proof {
    Proof {
        member: member.into(),
        member_name: "Ministry of Foreign Affairs".into(),
        key: "5c".repeat(32),
        seq,
        hash: "ab".repeat(32),
        body_hash: "cd".repeat(32),
        body_size: 2_412,
        segment: format!("logs/{}/00000000000000000000.seg", "5c".repeat(32)),
        offset: 1_024,
        keyring_seq: 1,
        root_key: "7e".repeat(32),
        counts: true,
        former: None,
    }
}

/// A revision of a practice.
pub(super) fn revision(short: &str, title: &str, seq: u64) -> RevisionView {
    RevisionView {
        id: format!("bafyr4i{short}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        revises: Vec::new(),
        title: title.into(),
        time: "2026-03-01T14:05:09Z".into(),
        arrived: Some("2026-03-01T14:06:00Z".into()),
        newest: true,
        proof: proof("PRY", seq),
    }
}

/// A practice with fields of every form.
pub(super) fn practice() -> PracticeView {
    let field = |name: &str, label: &str, form, values: Vec<ValueView>| FieldView {
        name: name.into(),
        label: label.into(),
        form,
        values,
    };
    let value = |text: &str| ValueView { text: text.into(), label: None, href: None };
    let code = |text: &str, label: &str| ValueView { text: text.into(), label: Some(label.into()), href: None };
    let mut row = row("pry4567abc", "PRY", "SIMORE Plus", "es");
    row.revisions = 2;
    PracticeView {
        row,
        revision: revision("rev2222222", "SIMORE Plus", 4),
        concurrent: Vec::new(),
        withdrawal: None,
        fields: vec![
            field("title", "Title", FieldForm::Text, vec![value("SIMORE Plus")]),
            field(
                "strand",
                "Strands",
                FieldForm::Code,
                vec![
                    code("information-systems", "Information management systems"),
                    code("civil-society", "Civil society and NHRIs"),
                ],
            ),
            field(
                "description",
                "Description",
                FieldForm::Markdown,
                vec![value(
                    "An online system that lists every recommendation, links it to the Sustainable Development Goals, \
                 and shows who follows it up.\n\n- public\n- updated by focal points of every institution that takes part",
                )],
            ),
            field(
                "sources",
                "Sources",
                FieldForm::Plain,
                vec![ValueView {
                    text: "SIMORE Plus".into(),
                    label: None,
                    href: Some("https://www.mre.gov.py/simoreplus/".into()),
                }],
            ),
            field("mood", "mood", FieldForm::Unknown, vec![value("hopeful")]),
        ],
        record: serde_json::json!({"title": "SIMORE Plus"}),
        markdown: "---\ntitle: SIMORE Plus\n---\n".into(),
    }
}
