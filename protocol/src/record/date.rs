//! Dates as records hold them: a part of EDTF (ISO 8601-2), as text.
//!
//! `2015`, `2015-11`, `2015-11-09`, and `XXXX` where a source does not state the year. Years are four digits of the
//! Gregorian calendar.

use super::Precision;

/// The date that is "not stated".
const UNKNOWN: &str = "XXXX";

/// Is this a date of that precision?
pub(super) fn is_date(text: &str, precision: Precision) -> bool {
    if text == UNKNOWN {
        return precision == Precision::MonthOrUnknown;
    }
    let Some(parts) = parse(text) else { return false };
    match precision {
        Precision::Month | Precision::MonthOrUnknown => parts.2.is_none(),
        Precision::Any => true,
        Precision::Day => parts.2.is_some(),
    }
}

/// Is one date surely before another? Dates of different precision are compared in what both state.
pub(super) fn is_before(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (parse(one), parse(other)) else { return false };
    if one.0 != other.0 {
        return one.0 < other.0;
    }
    matches!((one.1, other.1), (Some(one), Some(other)) if one < other)
}

/// What to write, for a hint.
pub(super) fn expected(precision: Precision) -> &'static str {
    match precision {
        Precision::Month => "write a year or a year and month, such as 2019 or 2019-03",
        Precision::MonthOrUnknown => {
            "write a year or a year and month, such as 2019 or 2019-03, or XXXX if it is not stated"
        }
        Precision::Any => "write 2019, 2019-03 or 2019-03-29",
        Precision::Day => "write a day, such as 2019-03-29",
    }
}

fn parse(text: &str) -> Option<(u16, Option<u8>, Option<u8>)> {
    let mut parts = text.split('-');
    let year: u16 = digits(parts.next()?, 4)?;
    let Some(month) = parts.next() else { return Some((year, None, None)) };
    let month = u8::try_from(digits(month, 2)?).ok().filter(|month| (1..=12).contains(month))?;
    let Some(day) = parts.next() else { return Some((year, Some(month), None)) };
    let day = u8::try_from(digits(day, 2)?).ok().filter(|day| (1..=days(year, month)).contains(day))?;
    parts.next().is_none().then_some((year, Some(month), Some(day)))
}

fn digits(text: &str, count: usize) -> Option<u16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_dates_are_dates() {
        for good in ["2015", "2015-11", "2015-11-09", "2024-02-29"] {
            assert!(is_date(good, Precision::Any), "{good}");
        }
        for bad in ["", "15", "2015-13", "2015-1", "2023-02-29", "2015-11-09T00:00", "XXXX", "٢٠١٥", "2015-", "-015"]
        {
            assert!(!is_date(bad, Precision::Any), "{bad}");
        }
        assert!(is_date("XXXX", Precision::MonthOrUnknown));
        assert!(!is_date("2015-11-09", Precision::Month));
        assert!(!is_date("2015-11", Precision::Day));
    }

    #[test]
    fn order_is_told_only_where_it_is_sure() {
        assert!(is_before("2015", "2016-01"));
        assert!(is_before("2015-01", "2015-02"));
        assert!(!is_before("2015", "2015-02"));
        assert!(!is_before("XXXX", "2015"));
    }
}
