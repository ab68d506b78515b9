//! Turns the code lists of `data/` into static tables, so that the library needs no file when it runs.
//!
//! The output is one slice of `(vocabulary, terms)` in the order of the files. A list that cannot be read, a column that is
//! missing, a code that stands twice or a `replaced_by` that leads nowhere stops the build.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

/// One code as it is read from a list.
struct Row {
    code: String,
    label: String,
    group: String,
    replaced_by: String,
}

/// Vocabularies in order of first appearance, with their rows.
#[derive(Default)]
struct Lists {
    order: Vec<String>,
    rows: BTreeMap<String, Vec<Row>>,
}

impl Lists {
    fn add(&mut self, vocabulary: &str, row: Row) {
        if !self.rows.contains_key(vocabulary) {
            self.order.push(vocabulary.to_owned());
        }
        let rows = self.rows.entry(vocabulary.to_owned()).or_default();
        assert!(rows.iter().all(|other| other.code != row.code), "{vocabulary}: code {} stands twice", row.code);
        rows.push(row);
    }
}

fn main() {
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=build.rs");
    let mut lists = Lists::default();
    for file in ["nmirf_vocab.csv", "own_vocab.csv"] {
        for line in read(file) {
            // `innovative` is a flag of the record, listed there only to say what it means.
            if line["vocabulary"] != "innovative" {
                lists.add(&line["vocabulary"], row(&line, "code", "label_en"));
            }
        }
    }
    plain(&mut lists, "iso3", "un_member_states.csv", ["iso3", "name_en", "regional_group", ""]);
    plain(&mut lists, "mechanisms", "treaty_bodies.csv", ["code", "name_en", "kind", ""]);
    plain(&mut lists, "mechanisms", "special_procedures.csv", ["code", "title_en_short", "scope", "replaced_by"]);
    plain(&mut lists, "uhri_themes", "uhri_themes.csv", ["code_proposed", "uhri_label_en", "group_proposed", ""]);
    plain(&mut lists, "uhri_affected_persons", "uhri_affected_persons.csv", ["code_proposed", "label_en", "", ""]);
    plain(&mut lists, "sdg", "sdg_goals_targets.csv", ["code", "short_label_en_own_words", "goal", ""]);
    plain(&mut lists, "languages", "languages.csv", ["bcp47", "name_en", "direction", ""]);
    for line in read("upr_cycles.csv") {
        let label = format!("Cycle {} ({} to {})", line["cycle"], line["from"], line["to"]);
        let (group, replaced_by) = (line["status"].clone(), String::new());
        lists.add("upr_cycles", Row { code: line["cycle"].clone(), label, group, replaced_by });
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    fs::write(Path::new(&out).join("vocabularies.rs"), render(&lists)).expect("OUT_DIR can be written");
}

/// Adds a file whose columns are code, label, group and successor (an empty name: the list has no such column).
fn plain(lists: &mut Lists, vocabulary: &str, file: &str, [code, label, group, replaced_by]: [&str; 4]) {
    for line in read(file) {
        let cell = |name: &str| if name.is_empty() { String::new() } else { line[name].clone() };
        lists.add(vocabulary, Row { group: cell(group), replaced_by: cell(replaced_by), ..row(&line, code, label) });
    }
}

fn row(line: &BTreeMap<String, String>, code: &str, label: &str) -> Row {
    Row { code: line[code].clone(), label: line[label].clone(), group: String::new(), replaced_by: String::new() }
}

fn read(file: &str) -> Vec<BTreeMap<String, String>> {
    let path = Path::new("data").join(file);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|line| line.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}

fn render(lists: &Lists) -> String {
    let mut out = String::from("pub(super) static TABLES: &[(&str, &[Term])] = &[\n");
    for name in &lists.order {
        let rows = &lists.rows[name];
        writeln!(out, "    ({name:?}, &[").expect("a string can be written to");
        for Row { code, label, group, replaced_by } in rows {
            let known = replaced_by.is_empty() || rows.iter().any(|other| other.code == *replaced_by);
            assert!(known, "{name}: {code} is replaced by {replaced_by}, which is no code");
            let [group, replaced_by] =
                [group, replaced_by].map(|cell| if cell.is_empty() { None } else { Some(cell.as_str()) });
            writeln!(
                out,
                "        Term {{ code: {code:?}, label: {label:?}, group: {group:?}, replaced_by: {replaced_by:?} }},"
            )
            .expect("a string can be written to");
        }
        out.push_str("    ]),\n");
    }
    out.push_str("];\n");
    out
}
