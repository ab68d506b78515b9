//! The practice: what a mechanism did, what came of it, and how others could do it.
//!
//! Field names, cardinalities and lengths are those of `data/record_fields.csv`; a test holds the two together.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{Field, Form, Precision, Problem, Record, Schema, Value, bounds::ATTACHMENT_MAX, date};
use crate::vocabulary::Vocabulary as V;

/// The table of the kind `practice`.
pub static PRACTICE: Schema = Schema { kind: "practice", fields: FIELDS, rules };

const fn f(name: &'static str, label: &'static str, form: Form, help: &'static str) -> Field {
    Field::new(name, label, form, help)
}
const fn line(max: usize) -> Form {
    Form::Line { max }
}
const fn text(max: usize) -> Form {
    Form::Text { max }
}
const fn markdown(max: usize) -> Form {
    Form::Markdown { max }
}

const FIELDS: &[Field] = &[
    f("title", "Title", line(150), "What the practice is, in one line that means something abroad.").required(),
    f("summary", "Summary", text(600), "Two or three sentences in plain language.").required(),
    f("source_language", "Source language", Form::Language, "The language of this text, such as es or pt-BR.")
        .required(),
    f("kind", "Kind", Form::Code(V::PracticeKind), "What sort of practice, one to three.").required().many(1, 3),
    f("maturity", "Maturity", Form::Code(V::Maturity), "Good needs two kinds of evidence, one not a self-assessment.")
        .required(),
    f("innovative", "Innovative", Form::Bool, "Has it not been done elsewhere, as far as you know?"),
    f("phase", "Phase", Form::Code(V::ImplementationPhase), "How far it has come.").required(),
    f("capacities", "Capacities", Form::Code(V::Capacity), "The capacities of a mechanism that it serves.")
        .required()
        .many(1, 4),
    f("strands", "Strands", Form::Code(V::Strand), "The strands of the Network's work that it belongs to.")
        .required()
        .many(1, 5),
    f("start", "Start", Form::Date(Precision::MonthOrUnknown), "Year or year-month; XXXX if it is not stated.")
        .required(),
    f("end", "End", Form::Date(Precision::Month), "Year or year-month."),
    f("place", "Place", Form::Place { max: 100 }, "Codes of ISO 3166-2, such as PY-ASU, or names of places.")
        .many(1, 10),
    f("problem", "Problem", markdown(3000), "What was wrong or missing before.").recommended(),
    f("objective", "Objective", text(1500), "What was to be reached.").recommended(),
    f("description", "Description", markdown(12_000), "What was done, by whom, step by step.").required(),
    f("legal_basis", "Legal basis", Form::Group(LEGAL_BASIS), "Laws, decrees, agreements.").many(1, 10),
    f("lead_body", "Lead body", line(200), "The institution that leads.").recommended(),
    f("partners", "Partners", Form::Group(PARTNERS), "Organizations that took part. No natural persons.").many(1, 30),
    f(
        "civil_society_role",
        "Civil society's role",
        text(1500),
        "How civil society took part. If it did not, write: none.",
    )
    .recommended(),
    f(
        "nhri_role",
        "National human rights institution's role",
        text(1500),
        "How it took part, and how it stayed independent.",
    ),
    f("parliament_role", "Parliament's role", text(1500), "How parliament took part."),
    f("local_role", "Local government's role", text(1500), "How local authorities took part."),
    f("resources", "Resources", text(1500), "Money, staff, software."),
    f("results", "Results", text(4000), "What came of it, that somebody else could check.").required(),
    f("indicators", "Indicators", Form::Group(INDICATORS), "Results as numbers.").many(1, 20),
    f("evidence", "Evidence", Form::Group(EVIDENCE), "Where a reader can check what you say.").required().many(1, 30),
    f("enabling_factors", "Enabling factors", text(2000), "What made it possible."),
    f("constraints", "Constraints", text(2000), "What stood in the way, honestly.").recommended(),
    f("lessons", "Lessons", text(3000), "What you would tell a colleague who begins.").required(),
    f("sustainability", "Sustainability", text(2000), "What keeps it going."),
    f("replicability", "Replicability", text(2000), "Under which conditions, at what cost, with what changes.")
        .recommended(),
    f("criteria", "Criteria", Form::Group(CRITERIA), "Which criteria of a good practice it meets, and why.").many(1, 7),
    f("mechanisms", "Mechanisms", Form::Code(V::Mechanisms), "Treaty bodies, special procedures, UPR.")
        .recommended()
        .many(1, 20),
    f("recommendations", "Recommendations", Form::Group(RECOMMENDATIONS), "The recommendations that it answers.")
        .many(1, 50),
    f("themes", "Themes", Form::Code(V::Themes), "Themes of the Universal Human Rights Index.")
        .recommended()
        .many(1, 10),
    f("affected_persons", "Affected persons", Form::Code(V::AffectedPersons), "Whose rights it concerns.").many(1, 10),
    f("sdg", "Sustainable Development Goals", Form::Code(V::Sdg), "Goals or targets, such as 16 or 16.6.")
        .recommended()
        .many(1, 10),
    f("keywords", "Keywords", line(50), "Words to find it by, in the source language.").many(1, 10),
    f("related", "Related practices", Form::Group(RELATED), "Other practices of this library.").many(1, 20),
    f("attachments", "Attachments", Form::Group(ATTACHMENTS), "Files. The text has to stand without them.").many(1, 10),
    f("links", "Links", Form::Group(LINKS), "Pages worth reading.").many(1, 20),
    f(
        "contact",
        "Contact",
        Form::Contact,
        "An institution's mailbox or the https address of a form, never a person's.",
    )
    .required(),
    f("licence", "Licence", Form::Code(V::Licence), "On what terms others may use the text.").required(),
    f("safety_review", "Safety review", Form::Group(SAFETY), "Declared by the validating authority before signing.")
        .required(),
    f(
        "review_by",
        "Review by",
        Form::Date(Precision::Day),
        "The day after which readers are told that this may be out of date.",
    ),
];

const LEGAL_BASIS: &[Field] = &[
    f("title", "Title", line(300), "Name of the instrument.").required(),
    f("date", "Date", Form::Date(Precision::Any), "When it was made."),
    f("number", "Number", line(60), "Its official number."),
    f("url", "Address", Form::Url, "Where it can be read."),
];

const PARTNERS: &[Field] = &[
    f("name", "Name", line(200), "Name of the organization.").required(),
    f("party_kind", "Kind of organization", Form::Code(V::PartyKind), "What sort of organization.").required(),
    f("role", "Role", line(200), "What it did."),
];

const INDICATORS: &[Field] = &[
    f("name", "Name", line(200), "What is measured.").required(),
    f("unit", "Unit", line(50), "In what unit."),
    f("baseline", "Baseline", Form::Number, "The number before."),
    f("value", "Value", Form::Number, "The number now.").required(),
    f("date", "Date", Form::Date(Precision::Any), "When it was measured."),
    f("source", "Source", Form::Url, "Where the number can be checked."),
];

const EVIDENCE: &[Field] = &[
    f("kind", "Kind of evidence", Form::Code(V::EvidenceKind), "What sort of evidence.").required(),
    f("title", "Title", line(300), "What it is called.").required(),
    f("url", "Address", Form::Url, "Where it can be read."),
    f("symbol", "Symbol", line(60), "Symbol of the United Nations document."),
    f("date", "Date", Form::Date(Precision::Any), "When it was made."),
];

const CRITERIA: &[Field] = &[
    f("criterion", "Criterion", Form::Code(V::Criterion), "Which criterion.").required(),
    f("reason", "Reason", line(300), "Why it is met.").required(),
];

const RECOMMENDATIONS: &[Field] = &[
    f("symbol", "Symbol", line(60), "Symbol of the document, such as CEDAW/C/PRY/CO/7.").required(),
    f("paragraph", "Paragraph", line(30), "Such as 12 (b)."),
    f("body", "Body", Form::Code(V::Mechanisms), "The mechanism that recommended it."),
    f("upr_cycle", "UPR cycle", Form::Code(V::UprCycles), "Cycle of the Universal Periodic Review."),
    f("uhri_id", "UHRI annotation", line(60), "Its id in the Universal Human Rights Index."),
    f("quote", "Quote", text(500), "Its words."),
];

const RELATED: &[Field] = &[
    f("record", "Practice", Form::Entry, "Id of the other practice.").required(),
    f("relation", "Relation", Form::Code(V::Relation), "How the two relate.").required(),
];

const ATTACHMENTS: &[Field] = &[
    f("hash", "File", Form::Blob, "Id of the file.").required(),
    f("media_type", "Media type", line(100), "Such as application/pdf.").required(),
    f("bytes", "Bytes", Form::Count { max: ATTACHMENT_MAX }, "Size of the file.").required(),
    f("title", "Title", line(150), "What it is.").required(),
    f("language", "Language", Form::Language, "The language of the file."),
    f("licence", "Licence", Form::Code(V::Licence), "On what terms others may use it."),
    f("alt_text", "Description for those who cannot see it", text(500), "What the picture shows."),
];

const LINKS: &[Field] = &[
    f("url", "Address", Form::Url, "Web address.").required(),
    f("title", "Title", line(200), "What is there.").required(),
];

const SAFETY: &[Field] = &[
    f("personal_data", "Free of personal data", Form::Bool, "Checked: no personal data in text and files.").required(),
    f("defender_safety", "Safe for defenders", Form::Bool, "Checked: nobody is put in danger by it.").required(),
    f("date", "Date", Form::Date(Precision::Day), "The day of the check.").required(),
];

fn rules(record: &Record, problems: &mut Vec<Problem>) {
    evidence(record, problems);
    dates(record, problems);
    safety(record, problems);
}

/// "Good" needs two kinds of evidence, one of them not a self-assessment; every piece should lead somewhere.
fn evidence(record: &Record, problems: &mut Vec<Problem>) {
    let mut kinds = BTreeSet::new();
    let Some(Value::List(items)) = record.get("evidence") else { return };
    for (place, item) in items.iter().enumerate() {
        let Value::Map(item) = item else { continue };
        if let Some(Value::String(kind)) = item.get("kind") {
            kinds.insert(kind.as_str());
        }
        if !item.contains_key("url") && !item.contains_key("symbol") {
            let problem = Problem::warning(alloc::format!("evidence[{place}]"), "has no address and no symbol");
            problems.push(problem.hint("say where a reader can check it"));
        }
    }
    if record.text("maturity") == Some("good") {
        let outside = kinds.iter().any(|kind| *kind != "self-assessment");
        if kinds.len() < 2 || !outside {
            let message = "a good practice needs two kinds of evidence, one of them not a self-assessment";
            problems.push(Problem::error("evidence", message).hint("add evidence of another kind, or say `promising`"));
        }
    }
}

fn dates(record: &Record, problems: &mut Vec<Problem>) {
    let (start, end) = (record.text("start"), record.text("end"));
    if let (Some(start), Some(end)) = (start, end)
        && date::is_before(end, start)
    {
        problems.push(Problem::error("end", alloc::format!("{end} is before the start, {start}")));
    }
    if end.is_none() && matches!(record.text("phase"), Some("completed" | "discontinued")) {
        problems.push(Problem::warning("end", "is not given although the practice has ended"));
    }
}

fn safety(record: &Record, problems: &mut Vec<Problem>) {
    let Some(Value::Map(review)) = record.get("safety_review") else { return };
    for name in ["personal_data", "defender_safety"] {
        if review.get(name) == Some(&Value::Bool(false)) {
            let problem = Problem::error(alloc::format!("safety_review.{name}"), "the check has not been made");
            problems.push(problem.hint("set it to true once somebody has checked"));
        }
    }
}
