//! How errors, warnings and hints look, for people and for programs.
//!
//! ```text
//! error: the charter does not name this member
//!   because no key of PRY stands in the roster
//! hint: ask for the charter to be drafted again with your card
//! ```
//!
//! What is wrong with a file is listed all at once, in a form that editors know how to follow: `FILE:LINE field: what`.
//! Programs get the same as one line of JSON: `{"error":{"kind":…,"message":…,"causes":[…],"hint":…,"problems":[…]}}`,
//! with `"file"` beside `"error"` if one file is what it is about.

use nanduti_node::api::{ApiError, Problem};
use serde::Serialize;

use super::{sanitise, style};

/// How bad a problem of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It has to be mended.
    Error,
    /// It is worth a look.
    Warning,
}

/// An error for people, each line ended.
pub(super) fn error(file: Option<&str>, error: &ApiError) -> String {
    let mut text = format!("{} {}\n", style::bad("error:"), sanitise::line(&error.message));
    for cause in &error.causes {
        text.push_str(&format!("  because {}\n", sanitise::line(cause)));
    }
    text.push_str(&problems(file.unwrap_or_default(), &error.problems, Weight::Error));
    if let Some(advice) = &error.hint {
        text.push_str(&hint(&sanitise::line(advice)));
        text.push('\n');
    }
    text
}

/// A hint, without the end of the line.
pub(super) fn hint(text: &str) -> String {
    format!("{} {text}", style::faint("hint:"))
}

/// A warning, without the end of the line.
pub(super) fn warning(text: &str) -> String {
    format!("{} {text}", style::careful("warning:"))
}

/// Problems of a file, in the order in which they were found, each line ended.
pub(super) fn problems(file: &str, problems: &[Problem], weight: Weight) -> String {
    let mut text = String::new();
    for problem in problems {
        // Without a file the field itself says where, such as the path of a configuration.
        let (file, field) = if file.is_empty() { (problem.field.as_str(), "") } else { (file, problem.field.as_str()) };
        let place = match problem.line {
            Some(line) => format!("{}:{line}", sanitise::line(file)),
            None => sanitise::line(file),
        };
        let field = if field.is_empty() { String::new() } else { format!(" {}", sanitise::line(field)) };
        let separator = if place.is_empty() && field.is_empty() { "" } else { ": " };
        let weight = if weight == Weight::Warning { style::careful("warning: ") } else { String::new() };
        let place = style::strong(format!("{place}{field}").trim());
        text.push_str(&format!("{place}{separator}{weight}{}\n", sanitise::line(&problem.message)));
        if let Some(advice) = &problem.hint {
            text.push_str(&format!("  {}\n", hint(&sanitise::line(advice))));
        }
    }
    text
}

/// What is worth a look in a file, each line ended. Fields of which the same is to be said, without a place in the file,
/// share a line: a list of everything that could still be written must not bury what is wrong.
pub(super) fn warnings(file: &str, warnings: &[Problem]) -> String {
    let mut text = String::new();
    let mut told: Vec<&str> = Vec::new();
    for warning in warnings {
        let shares = |other: &&Problem| other.line.is_none() && other.message == warning.message;
        let same: Vec<&Problem> = warnings.iter().filter(shares).collect();
        if warning.line.is_some() || same.len() < 2 {
            text.push_str(&problems(file, std::slice::from_ref(warning), Weight::Warning));
        } else if !told.contains(&warning.message.as_str()) {
            told.push(&warning.message);
            let fields: Vec<String> = same.iter().map(|warning| sanitise::line(&warning.field)).collect();
            let message = sanitise::line(&warning.message);
            let message = message.strip_prefix("is ").map_or(message.clone(), |rest| format!("are {rest}"));
            let place = style::strong(&format!("{}:", sanitise::line(file)));
            text.push_str(&format!("{place} {} {} {message}\n", style::careful("warning:"), fields.join(", ")));
        }
    }
    text
}

/// An error for programs, on one line, without its end.
pub(super) fn json_line(file: Option<&str>, error: &ApiError) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        error: &'a ApiError,
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<&'a str>,
    }
    serde_json::to_string(&Line { error, file }).unwrap_or_else(|_| {
        // Strings and numbers can always be written; this is for a type that might one day hold something else.
        r#"{"error":{"kind":"failed","message":"the error cannot be written as JSON"}}"#.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::ErrorKind;

    use super::*;

    fn sample() -> ApiError {
        let mut error = ApiError::new(ErrorKind::Failed, "2 problems in the file").hint("mend them and publish again");
        error.causes = vec!["the front matter does not follow the schema".into()];
        error.problems = vec![
            Problem {
                field: "title".into(),
                line: Some(2),
                message: "is 171 characters long, at most 150".into(),
                hint: None,
            },
            Problem {
                field: "evidence[2].kind".into(),
                line: Some(31),
                message: "`rumour` is not a code of evidence_kind".into(),
                hint: Some("one of: official-document, statistic".into()),
            },
            Problem { field: String::new(), line: None, message: "summary is missing".into(), hint: None },
        ];
        error
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn an_error_of_a_file() {
        insta::assert_snapshot!(plain(&error(Some("practice.md"), &sample())), @r"
        error: 2 problems in the file
          because the front matter does not follow the schema
        practice.md:2 title: is 171 characters long, at most 150
        practice.md:31 evidence[2].kind: `rumour` is not a code of evidence_kind
          hint: one of: official-document, statistic
        practice.md: summary is missing
        hint: mend them and publish again
        ");
    }

    #[test]
    fn an_error_with_causes_only() {
        let error = ApiError::new(ErrorKind::Network, "no peer answered").because(&std::io::Error::other("timed out"));
        insta::assert_snapshot!(plain(&super::error(None, &error)), @r"
        error: no peer answered
          because timed out
        ");
    }

    #[test]
    fn warnings_of_a_file() {
        let text = problems("practice.md", &sample().problems[..1], Weight::Warning);
        insta::assert_snapshot!(plain(&text), @"practice.md:2 title: warning: is 171 characters long, at most 150");
    }

    #[test]
    fn the_same_warning_of_many_fields_is_one_line() {
        let warning = |field: &str, line: Option<u64>| Problem {
            field: field.into(),
            line,
            message: "is recommended".into(),
            hint: Some("What was wrong or missing before.".into()),
        };
        let text =
            warnings("practice.md", &[warning("problem", None), warning("title", Some(3)), warning("themes", None)]);
        insta::assert_snapshot!(plain(&text), @r"
        practice.md: warning: problem, themes are recommended
        practice.md:3 title: warning: is recommended
          hint: What was wrong or missing before.
        ");
    }

    #[test]
    fn an_error_for_programs_is_one_line() {
        insta::assert_snapshot!(
            json_line(Some("a.md"), &ApiError::new(ErrorKind::NotFound, "no practice `x`").hint("see `nanduti list`")),
            @r#"{"error":{"kind":"not-found","message":"no practice `x`","hint":"see `nanduti list`"},"file":"a.md"}"#
        );
        assert_eq!(json_line(None, &sample()).lines().count(), 1);
    }

    #[test]
    fn an_error_cannot_act_on_the_terminal() {
        let hostile = ApiError::new(ErrorKind::Network, "peer said \u{1b}[2J\nerror: all is well");
        assert_eq!(plain(&error(None, &hostile)), "error: peer said \\u{1b}[2J error: all is well\n");
    }
}
