//! Personal data: signs of it that deserve a second look before signing.
//!
//! These are warnings, never errors, and they find only what has a shape: telephone and identity numbers, coordinates, the
//! mailbox of a person. Names have none; for them there is the safety review. Web addresses are left out of the search,
//! since they are full of numbers.

use alloc::{format, string::String, vec::Vec};

use super::{Problem, url};

/// What the word before a number says about it, in several languages.
const IDENTITY_WORDS: &[&str] = &[
    "passport",
    "pasaporte",
    "passeport",
    "passaporte",
    "cédula",
    "cedula",
    "dni",
    "cpf",
    "nif",
    "cin",
    "ssn",
    "паспорт",
];

/// Digits of the shortest telephone number with a country code that is worth a warning.
const PHONE_DIGITS: usize = 8;
/// Digits in a row that no year, date or count in a report has.
const LONG_NUMBER: usize = 9;

/// Names what in a text looks like personal data.
pub(super) fn check(path: &str, text: &str, problems: &mut Vec<Problem>) {
    let text: Vec<&str> = text.split_whitespace().filter(|word| !word.contains("://")).collect();
    let hint = "leave it out, unless it belongs to an institution and is public";
    if let Some(mailbox) = text.iter().copied().map(bare).find(|word| is_personal_mailbox(word)) {
        problems.push(Problem::warning(path, format!("{mailbox} looks like the mailbox of a person")).hint(hint));
    }
    if let Some(number) = phone(&text) {
        problems.push(Problem::warning(path, format!("{number} looks like a telephone number")).hint(hint));
    } else if let Some(number) = identity(&text) {
        problems.push(Problem::warning(path, format!("{number} looks like an identity number")).hint(hint));
    }
    if has_coordinates(&text) {
        let problem = Problem::warning(path, "contains what looks like coordinates");
        problems.push(problem.hint("name the town or the region instead of the exact place"));
    }
}

/// A mailbox whose local part is `name.surname` or `initial.surname` is probably a person's.
pub(super) fn is_personal_mailbox(word: &str) -> bool {
    if !url::is_email(word) {
        return false;
    }
    let local = word.split('@').next().unwrap_or_default();
    let parts: Vec<&str> = local.split(['.', '_']).collect();
    let institutional = |part: &&str| INSTITUTIONAL.iter().any(|known| part.eq_ignore_ascii_case(known));
    parts.len() > 1
        && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic()))
        && !parts.iter().any(institutional)
}

const INSTITUTIONAL: &[&str] = &[
    "info",
    "contact",
    "contacto",
    "contato",
    "office",
    "secretariat",
    "secretaria",
    "mail",
    "press",
    "unit",
    "rights",
    "human",
    "humanos",
    "derechos",
    "direitos",
    "droits",
    "nmirf",
    "dept",
    "ministry",
    "mission",
    "nhri",
    "commission",
];

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// A plus sign and enough digits after it, with at most separators between them.
fn phone(words: &[&str]) -> Option<String> {
    for (place, word) in words.iter().enumerate() {
        let word = word.trim_start_matches(['(', '[', ':']);
        if !word.starts_with('+') && !word.starts_with("00") {
            continue;
        }
        let numeric = |word: &&&str| word.chars().all(|c| digit(c) || "+-().,/;".contains(c));
        let rest = words.get(place..).unwrap_or_default().iter().take_while(numeric);
        let number =
            rest.fold(String::new(), |all, word| if all.is_empty() { (*word).into() } else { all + " " + word });
        if number.chars().filter(|c| digit(*c)).count() >= PHONE_DIGITS {
            return Some(number);
        }
    }
    None
}

/// A long row of digits, or a number after a word such as `passport`.
fn identity(words: &[&str]) -> Option<String> {
    let mut after_word = 0_u8;
    for word in words {
        let digits = word.chars().filter(|c| digit(*c)).count();
        let number = bare(word);
        let dense = number.chars().all(|c| digit(c) || "-.".contains(c));
        let date = number.split('-').count() == 3 && digits == 8;
        let grouped = number.contains('.') || date;
        if (number.chars().all(digit) && digits >= LONG_NUMBER) || (after_word > 0 && dense && digits >= 5 && !grouped)
        {
            return Some(number.into());
        }
        if after_word > 0 && dense && digits >= 6 && !date {
            return Some(number.into());
        }
        let lower = number.to_lowercase();
        after_word = if IDENTITY_WORDS.contains(&lower.as_str()) { 3 } else { after_word.saturating_sub(1) };
    }
    None
}

/// Two decimals with four places or more beside each other, or degrees with minutes.
fn has_coordinates(words: &[&str]) -> bool {
    let exact = |word: &&str| {
        let number = word.trim_matches(|c: char| !c.is_ascii_digit());
        number.split_once('.').is_some_and(|(whole, part)| {
            whole.len() <= 3
                && !whole.is_empty()
                && part.len() >= 4
                && whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit())
        })
    };
    let parts: Vec<&str> = words.iter().flat_map(|word| word.split(',')).filter(|part| !part.is_empty()).collect();
    parts.windows(2).any(|pair| pair.iter().all(exact))
        || words.iter().any(|word| word.contains('°') && word.contains(['\'', '′', '"', '″']))
}

/// A digit of any of the scripts in which telephone numbers are commonly written here.
fn digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let mut problems = Vec::new();
        check("x", text, &mut problems);
        assert!(problems.iter().all(|problem| !problem.is_error()));
        problems.len()
    }

    #[test]
    fn personal_data_is_noticed() {
        for smell in [
            "write to ana.gomez@example.org.",
            "call +999 21 555 0100",
            "call (+99921)5550100 now",
            "اتصل ‎+٩٩٩ ٥٥ ٥٥٥ ٠١٠٠ ".trim_matches('\u{200e}').replace('\u{200e}', "").as_str(),
            "passport no. 4512345",
            "her number 4512345678",
            "at -25.28221, -57.63512",
            "25°16′ S",
        ] {
            assert_eq!(found(smell), 1, "{smell}");
        }
    }

    #[test]
    fn ordinary_reports_are_left_alone() {
        for fine in [
            "Decree 4368 of 9 November 2015 (2015-11-09), A/HRC/WG.6/29/BHS/1, CEDAW/C/PRY/CO/7.",
            "3,494 recommendations in 2019-2020; 1.234.567 guaraníes; 98.7%",
            "see https://example.org/1234567890/12.34567,12.34567",
            "dgdh@example.org, human.rights@example.org",
            "",
        ] {
            assert_eq!(found(fine), 0, "{fine}");
        }
    }
}
