//! The filter of the library in an address: read, checked and written again.
//!
//! A page passes over names that it does not know, since other sites append their own to links. The JSON refuses them: a
//! program that misspells a filter would otherwise take the whole library for the answer.

use std::fmt::Write as _;

use axum::extract::{Path, rejection::PathRejection};

use crate::api::{ApiError, ErrorKind, ListFilter, SeriesState};

use super::{
    bounds::{ID_BYTES_MAX, OFFSET_MAX, QUERY_VALUE_BYTES_MAX, ROWS_DEFAULT, ROWS_MAX},
    text::TEXT,
};

/// Names and values of a query, in the order in which they stand.
pub(crate) type Pairs = Vec<(String, String)>;

/// What to do with a name that is not a filter's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    PassOver,
    Refuse,
}

/// The filters that hold a list of codes, in the order of the form.
pub(crate) const LISTS: [&str; 5] = ["member", "strand", "capacity", "theme", "language"];

/// Reads a filter. An empty value is the form's way to say "any".
pub(crate) fn parse(pairs: Pairs, unknown: Unknown) -> Result<ListFilter, ApiError> {
    let mut filter = ListFilter { limit: ROWS_DEFAULT, ..ListFilter::default() };
    for (name, value) in pairs {
        if value.is_empty() {
            continue;
        }
        if value.len() > QUERY_VALUE_BYTES_MAX {
            return Err(bad(format!("the value of a filter is longer than {QUERY_VALUE_BYTES_MAX} bytes")));
        }
        match name.as_str() {
            "state" => push(&mut filter.state, state(&value)?),
            "offset" => filter.offset = number(&name, &value, 0, OFFSET_MAX)?,
            "limit" => filter.limit = number(&name, &value, 1, ROWS_MAX)?,
            _ => match list(&mut filter, &name) {
                Some(codes) => push(codes, value),
                None if unknown == Unknown::PassOver => {}
                None => return Err(bad("there is a filter that this node does not know")),
            },
        }
    }
    Ok(filter)
}

/// Reads which page of a list without filters is asked for: how many rows to pass over, and how many to show.
pub(crate) fn page(pairs: Pairs, unknown: Unknown) -> Result<(u64, u64), ApiError> {
    let of_page = |name: &str| ["offset", "limit"].contains(&name);
    if unknown == Unknown::Refuse && pairs.iter().any(|(name, _)| !of_page(name)) {
        return Err(bad("this list has no filters"));
    }
    let filter = parse(pairs.into_iter().filter(|(name, _)| of_page(name)).collect(), unknown)?;
    Ok((filter.offset, filter.limit))
}

/// The address of the library with this filter.
pub(crate) fn address(filter: &ListFilter) -> String {
    let mut out = String::from("/");
    let mut pair = |name: &str, value: &str| {
        out.push(if out.len() == 1 { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        percent_encode(&mut out, value);
    };
    for name in LISTS {
        codes(filter, name).iter().for_each(|code| pair(name, code));
    }
    filter.state.iter().for_each(|state| pair("state", state_code(*state)));
    if filter.offset > 0 {
        pair("offset", &filter.offset.to_string());
    }
    if filter.limit != ROWS_DEFAULT {
        pair("limit", &filter.limit.to_string());
    }
    out
}

/// The codes that a filter asks for.
pub(crate) fn codes<'a>(filter: &'a ListFilter, name: &str) -> &'a [String] {
    match name {
        "member" => &filter.member,
        "strand" => &filter.strand,
        "capacity" => &filter.capacity,
        "theme" => &filter.theme,
        "language" => &filter.language,
        _ => &[],
    }
}

/// The same, to change.
pub(crate) fn list<'a>(filter: &'a mut ListFilter, name: &str) -> Option<&'a mut Vec<String>> {
    match name {
        "member" => Some(&mut filter.member),
        "strand" => Some(&mut filter.strand),
        "capacity" => Some(&mut filter.capacity),
        "theme" => Some(&mut filter.theme),
        "language" => Some(&mut filter.language),
        _ => None,
    }
}

/// How a state is written in an address.
pub(crate) fn state_code(state: SeriesState) -> &'static str {
    match state {
        SeriesState::Current => "current",
        SeriesState::Concurrent => "concurrent",
        SeriesState::Withdrawn => "withdrawn",
    }
}

/// The id in an address. What cannot be an id is not asked for.
pub(crate) fn practice_id(id: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    match id {
        Ok(Path(id)) if (4..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(id)
        }
        _ => Err(ApiError::new(ErrorKind::NotFound, TEXT.no_such_practice.cause)),
    }
}

/// The key of a log in an address.
pub(crate) fn log_key(log: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    match log {
        Ok(Path(log)) if log.len() == 64 && log.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(log),
        _ => Err(ApiError::new(ErrorKind::NotFound, TEXT.no_such_fork)),
    }
}

fn state(value: &str) -> Result<SeriesState, ApiError> {
    [SeriesState::Current, SeriesState::Concurrent, SeriesState::Withdrawn]
        .into_iter()
        .find(|state| state_code(*state) == value)
        .ok_or_else(|| bad("`state` is none of `current`, `concurrent` and `withdrawn`"))
}

fn number(name: &str, value: &str, least: u64, most: u64) -> Result<u64, ApiError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && (least..=most).contains(&number) => Ok(number),
        _ => Err(bad(format!("`{name}` is not a whole number from {least} to {most}"))),
    }
}

fn push<T: PartialEq>(values: &mut Vec<T>, value: T) {
    if !values.contains(&value) {
        values.push(value);
    }
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Usage, message)
        .hint("filters are member, strand, capacity, theme, language and state; pages are chosen by offset and limit")
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_read_is_written_again() {
        let read = parse(
            pairs(&[
                ("theme", "theme:a&b"),
                ("member", "PRY"),
                ("strand", ""),
                ("member", "MAR"),
                ("member", "PRY"),
                ("state", "withdrawn"),
                ("offset", "50"),
            ]),
            Unknown::Refuse,
        )
        .unwrap();
        assert_eq!(read.member, ["PRY", "MAR"]);
        assert_eq!(address(&read), "/?member=PRY&member=MAR&theme=theme%3Aa%26b&state=withdrawn&offset=50");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "201"),
            ("limit", "+5"),
            ("offset", "-1"),
            ("offset", "x"),
            ("state", "gone"),
            ("member", &"x".repeat(101)),
        ] {
            assert_eq!(
                parse(pairs(&[(name, value)]), Unknown::PassOver).unwrap_err().kind,
                ErrorKind::Usage,
                "{name}={value}"
            );
        }
        assert!(parse(pairs(&[("membre", "PRY")]), Unknown::Refuse).is_err());
        assert_eq!(
            parse(pairs(&[("fbclid", "x")]), Unknown::PassOver).unwrap(),
            parse(Vec::new(), Unknown::Refuse).unwrap()
        );
    }
}
