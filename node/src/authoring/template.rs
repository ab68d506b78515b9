//! The file that an author starts from, made from the schema so that it cannot fall behind.

use std::fmt::Write as _;

use nanduti_protocol::{
    record::{Field, Form, Need, PRACTICE, Precision},
    vocabulary,
};

use super::sections;

/// Codes that are listed one a line; longer lists are only pointed to.
const CODES_LISTED: usize = 14;

const HEAD: &str = "\
# A practice for the library. Fill in what you can and delete what you do not need: what is left blank is left out.
# Check it as often as you like with `nanduti publish --check FILE.md`; nothing is signed then.
# A text that contains a colon, a hash sign or quotes needs quotes around it: title: \"Courts: a first year\"
# To revise a practice of yours, put its id here:
# id: bafyr4i…
# Everybody may read it, and may keep it for good. To write for members of the network only (others see that something is
# there, from whom and when, and nothing else), take the hash sign away:
# audience: members
";

const FOOT: &str = "
<!--
The long texts follow, one section each. Plain paragraphs; where it says Markdown, also *emphasis*, lists and links.
Comments like this one are left out. A section without text is left out.
-->
";

/// The template of a practice, with an explanation of each field, required ones first.
pub fn template() -> String {
    let mut out = String::from("---\n");
    out.push_str(HEAD);
    for (need, title) in [
        (Need::Required, "REQUIRED"),
        (Need::Recommended, "RECOMMENDED: readers will look for these"),
        (Need::Optional, "OPTIONAL"),
    ] {
        line(&mut out, format_args!("\n# ---- {title} ----"));
        for field in PRACTICE.fields.iter().filter(|field| field.need == need && !field.is_section()) {
            short(&mut out, field);
        }
    }
    out.push_str("---\n");
    out.push_str(FOOT);
    for need in [Need::Required, Need::Recommended, Need::Optional] {
        for field in PRACTICE.fields.iter().filter(|field| field.need == need && field.is_section()) {
            let heading = sections::HEADING;
            line(&mut out, format_args!("\n{heading}{}\n\n<!-- {} {} -->", field.label, field.help, facts(field)));
        }
    }
    out
}

fn short(out: &mut String, field: &Field) {
    line(out, format_args!("\n# {}. {}", field.label, field.help));
    line(out, format_args!("# {}", facts(field)));
    codes(out, &field.form, "#   ");
    match (&field.form, field.is_list()) {
        (Form::Group(fields), is_list) => {
            line(out, format_args!("{}:", field.name));
            for (place, inner) in fields.iter().enumerate() {
                let lead = if is_list && place == 0 { "- " } else { "  " };
                let lead = if is_list { format!("  {lead}") } else { lead.to_owned() };
                line(out, format_args!("{lead}{}:  # {} {}", inner.name, inner.help, facts(inner)));
                codes(out, &inner.form, "    #   ");
            }
        }
        (_, true) => line(out, format_args!("{}:\n  -", field.name)),
        (_, false) => line(out, format_args!("{}:", field.name)),
    }
}

fn facts(field: &Field) -> String {
    let need = match field.need {
        Need::Required => "Required",
        Need::Recommended => "Recommended",
        Need::Optional => "Optional",
    };
    let many = if field.is_list() { format!(", {} to {} values", field.min, field.max) } else { String::new() };
    let form = match &field.form {
        Form::Line { max } => format!("one line of at most {max} characters"),
        Form::Text { max } => format!("text of at most {max} characters"),
        Form::Markdown { max } => format!("Markdown of at most {max} characters"),
        Form::Code(vocabulary) => format!("code of the list {}", vocabulary.name()),
        Form::Language => "language tag (BCP 47)".to_owned(),
        Form::Bool => "true or false".to_owned(),
        Form::Count { max } => format!("whole number up to {max}"),
        Form::Number => "number".to_owned(),
        Form::Date(Precision::Month | Precision::MonthOrUnknown) => "2019 or 2019-03".to_owned(),
        Form::Date(Precision::Any) => "2019, 2019-03 or 2019-03-29".to_owned(),
        Form::Date(Precision::Day) => "2019-03-29".to_owned(),
        Form::Place { max } => format!("code of ISO 3166-2 or text of at most {max} characters"),
        Form::Url => "web address".to_owned(),
        Form::Contact => "mailbox or https address".to_owned(),
        Form::Entry => "id of a practice".to_owned(),
        Form::Blob => "id of a file".to_owned(),
        Form::Group(_) => "small record".to_owned(),
    };
    format!("[{need}{many}: {form}]")
}

fn codes(out: &mut String, form: &Form, lead: &str) {
    let Form::Code(vocabulary) = form else { return };
    let current: Vec<_> = vocabulary::terms(*vocabulary).iter().filter(|term| term.replaced_by.is_none()).collect();
    let width = current.iter().take(CODES_LISTED).map(|term| term.code.len()).max().unwrap_or_default();
    if current.len() <= CODES_LISTED {
        for term in current {
            line(out, format_args!("{lead}{:width$}  {}", term.code, term.label));
        }
    } else {
        let some: Vec<&str> = current.iter().take(4).map(|term| term.code).collect();
        line(out, format_args!("{lead}such as {}", some.join(", ")));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string can be written to");
}
