//! What the members publish: the rows of `data/demo_practices.csv` as the files that an author would write.
//!
//! Invariants: every record says in its summary and at the head of its description that no State has signed it; a text says
//! only what the row says, and "Not stated in the source" where a record needs one and the row has none; kinds and
//! capacities follow from the strands by the table below, which `data/README.md` explains.

use std::collections::BTreeMap;

use nanduti_node::authoring;
use nanduti_protocol::record::{Record, Value};
use serde::Deserialize;

const ROWS: &str = include_str!("../../../data/demo_practices.csv");

/// What every record of the demonstration begins with.
const MARK: &str = "Demonstration: not signed by the State.";
const NOTE: &str = "This text was written for a demonstration, from public sources. Kind, capacities, maturity and phase are \
                    the demonstration's own classification.";
const UNVERIFIED: &str = "The present state is not verified.";
const SILENT: &str = "Not stated in the source.";
/// The schema asks for a contact, and there is none: `example.org` belongs to nobody.
const CONTACT: &str = "https://example.org/demonstration-no-contact";
/// The day on which the rows were checked for personal data.
const CHECKED: &str = "2026-11-23";
/// What stands between the values of a cell.
const BETWEEN: &str = "; ";

/// Kind and capacity that follow from a strand.
const CLASSES: [(&str, &str, &str); 9] = [
    ("information-systems", "digital-tool", "information-management"),
    ("mandate-legal-basis", "legal-basis", "coordination"),
    ("civil-society-nhri", "consultation-process", "consultation"),
    ("cooperation", "cooperation-programme", "engagement"),
    ("sdg-integration", "planning-monitoring", "information-management"),
    ("statistics-indicators", "planning-monitoring", "coordination"),
    ("parliament", "institutional-setup", "coordination"),
    ("local-government", "institutional-setup", "coordination"),
    ("judiciary", "institutional-setup", "coordination"),
];

/// One practice, ready to be published.
#[derive(Debug, Clone)]
pub(super) struct Practice {
    /// The member that publishes it.
    pub(super) member: String,
    /// The file.
    pub(super) markdown: String,
}

/// A row of the list.
#[derive(Debug, Deserialize)]
struct Row {
    member: String,
    title: String,
    strands: String,
    phase: String,
    start: String,
    end: String,
    lead_body: String,
    legal_basis: String,
    place: String,
    summary: String,
    description: String,
    results: String,
    civil_society_role: String,
    nhri_role: String,
    parliament_role: String,
    local_role: String,
    resources: String,
    evidence: String,
    verification: String,
}

/// Every practice, in the order of the list.
pub(super) fn all() -> Vec<Practice> {
    csv::Reader::from_reader(ROWS.as_bytes())
        .into_deserialize::<Row>()
        .map(|row| row.expect("the list is part of the program, and a test reads all of it"))
        .map(|row| Practice { markdown: authoring::render(&row.record(), None, None), member: row.member })
        .collect()
}

impl Row {
    fn record(&self) -> Record {
        let mut record = Record::new();
        self.classify(&mut record);
        let unverified = self.verification.contains("unverified").then_some(UNVERIFIED);
        let description = [Some(MARK), Some(&self.description), Some(NOTE), unverified];
        let description = description.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        for (name, value) in [
            ("title", self.title.as_str()),
            ("summary", &format!("{MARK} {}", self.summary)),
            ("description", &description),
            ("start", &self.start),
            ("lead_body", or_silent(&self.lead_body)),
            ("results", or_silent(&self.results)),
            ("civil_society_role", or_silent(&self.civil_society_role)),
            ("lessons", SILENT),
            ("source_language", "en"),
            ("contact", CONTACT),
            ("licence", "CC0-1.0"),
        ] {
            record.set(name, text(value));
        }
        for (name, value) in [
            ("end", &self.end),
            ("nhri_role", &self.nhri_role),
            ("parliament_role", &self.parliament_role),
            ("local_role", &self.local_role),
            ("resources", &self.resources),
        ] {
            if !value.is_empty() {
                record.set(name, text(value));
            }
        }
        list(&mut record, "place", cells(&self.place).map(text).collect());
        list(&mut record, "legal_basis", groups(&self.legal_basis, ["title", "number", "date"]));
        list(&mut record, "evidence", groups(&self.evidence, ["kind", "title", "url", "symbol", "date"]));
        let review =
            [("personal_data", Value::Bool(true)), ("defender_safety", Value::Bool(true)), ("date", text(CHECKED))];
        record.set("safety_review", Value::Map(review.map(|(name, value)| (name.to_owned(), value)).into()));
        record
    }

    fn classify(&self, record: &mut Record) {
        let strands: Vec<&str> = cells(&self.strands).collect();
        let follow = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
            let mut codes: Vec<&str> = Vec::new();
            for class in strands.iter().filter_map(|strand| CLASSES.iter().find(|class| class.0 == *strand)) {
                if !codes.contains(&pick(class)) {
                    codes.push(pick(class));
                }
            }
            codes.into_iter().map(text).collect()
        };
        list(record, "kind", follow(|class| class.1));
        list(record, "capacities", follow(|class| class.2));
        list(record, "strands", strands.iter().copied().map(text).collect());
        list(record, "keywords", vec![text("demonstration")]);
        record.set("maturity", text("promising"));
        record.set("phase", text(&self.phase));
    }
}

fn or_silent(value: &str) -> &str {
    if value.is_empty() { SILENT } else { value }
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn list(record: &mut Record, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        record.set(name, Value::List(values));
    }
}

fn cells(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(BETWEEN).filter(|value| !value.is_empty())
}

/// Small records, their parts separated by `|`; an empty part is left out.
fn groups<const N: usize>(cell: &str, names: [&str; N]) -> Vec<Value> {
    let group = |item: &str| {
        let parts = names.iter().zip(item.split('|')).filter(|(_, part)| !part.is_empty());
        Value::Map(parts.map(|(name, part)| ((*name).to_owned(), text(part))).collect::<BTreeMap<_, _>>())
    };
    cells(cell).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_published_and_says_what_it_is() {
        let practices = all();
        assert_eq!(practices.len(), 21);
        for Practice { member, markdown } in practices {
            let draft =
                authoring::parse(&markdown).unwrap_or_else(|problems| panic!("{member}: {problems:#?}\n{markdown}"));
            for field in ["summary", "description"] {
                assert!(draft.record.text(field).unwrap().starts_with(MARK), "{markdown}");
            }
            for warning in draft.warnings {
                // The last is the number of an article.
                let known =
                    ["is recommended", "has no address and no symbol", "202110130111 looks like an identity number"];
                assert!(known.contains(&warning.message.as_str()), "{member}: {warning:?}");
            }
        }
    }

    #[test]
    fn parts_go_where_they_belong() {
        let rows: Vec<Row> =
            csv::Reader::from_reader(ROWS.as_bytes()).into_deserialize().collect::<Result<_, _>>().unwrap();
        for row in &rows {
            let parts = |cell: &str, count: usize| cells(cell).all(|item| item.split('|').count() == count);
            assert!(parts(&row.legal_basis, 3), "{}", row.title);
            assert!(parts(&row.evidence, 5), "{}", row.title);
            let known = |strand: &str| CLASSES.iter().any(|class| class.0 == strand);
            assert!(cells(&row.strands).all(known), "{}", row.title);
        }
    }

    #[test]
    fn a_practice_reads_well() {
        insta::assert_snapshot!(all()[8].markdown);
    }
}
