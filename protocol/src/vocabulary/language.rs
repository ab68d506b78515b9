//! Language tags: is a tag well formed by RFC 5646 (BCP 47), and how is it written.
//!
//! The registry of subtags changes every month, so a tag is not looked up in it; a well-formed tag that means nothing harms
//! nobody. The grandfathered tags, all of them deprecated or oddly formed, are refused. Private-use tags (`x-…` alone) are
//! refused too: another reader could not know what they mean.

use alloc::string::String;
use core::iter::Peekable;

/// Longest tag accepted. The RFC asks readers to take at least 35 characters.
const LONGEST: usize = 48;

/// Is this a well-formed language tag, in whatever case?
pub fn is_language(tag: &str) -> bool {
    tag.len() <= LONGEST && parse(&mut tag.split('-').peekable()).is_some()
}

/// The tag in the case that RFC 5646 recommends (`zh-Hant-TW`); `None` if it is not well formed.
pub fn canonical_language(tag: &str) -> Option<String> {
    if !is_language(tag) {
        return None;
    }
    let mut out = String::with_capacity(tag.len());
    let mut after_singleton = false;
    for (place, subtag) in tag.split('-').enumerate() {
        if place > 0 {
            out.push('-');
        }
        let lower = subtag.to_ascii_lowercase();
        match (place > 0 && !after_singleton, lower.len()) {
            (true, 2) => out.push_str(&subtag.to_ascii_uppercase()),
            (true, 4) => {
                let mut chars = lower.chars();
                out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
                out.push_str(chars.as_str());
            }
            _ => out.push_str(&lower),
        }
        after_singleton |= subtag.len() == 1;
    }
    Some(out)
}

/// Walks `language [-script] [-region] *(-variant) *(-extension) [-privateuse]`.
fn parse<'a>(subtags: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<()> {
    let language = subtags.next()?;
    if !alpha(language, 2, 8) {
        return None;
    }
    if language.len() <= 3 {
        for _ in 0..3 {
            subtags.next_if(|subtag| alpha(subtag, 3, 3));
        }
    }
    subtags.next_if(|subtag| alpha(subtag, 4, 4));
    subtags.next_if(|subtag| alpha(subtag, 2, 2) || (subtag.len() == 3 && subtag.bytes().all(|b| b.is_ascii_digit())));
    while subtags.next_if(|subtag| variant(subtag)).is_some() {}
    while let Some(singleton) = subtags.next() {
        if singleton.len() != 1 || !alnum(singleton, 1, 1) {
            return None;
        }
        let least = if singleton.eq_ignore_ascii_case("x") { 1 } else { 2 };
        subtags.next_if(|subtag| alnum(subtag, least, 8))?;
        while subtags.next_if(|subtag| alnum(subtag, least, 8)).is_some() {}
        if least == 1 && subtags.peek().is_some() {
            return None;
        }
    }
    Some(())
}

fn alpha(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn alnum(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn variant(text: &str) -> bool {
    alnum(text, 5, 8) || (alnum(text, 4, 4) && text.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_tags_are_told_from_others() {
        for good in [
            "en",
            "gn",
            "zh-Hans",
            "pt-BR",
            "es-419",
            "sl-rozaj-biske",
            "de-CH-1901",
            "ar-u-nu-latn",
            "zh-cmn-Hans-CN",
            "en-x-a-b",
        ] {
            assert!(is_language(good), "{good}");
        }
        for bad in [
            "",
            "e",
            "english language",
            "en-",
            "-en",
            "en--US",
            "en_US",
            "i-klingon",
            "x-ours",
            "en-u",
            "en-a",
            "abcdefghi",
            "12",
        ] {
            assert!(!is_language(bad), "{bad}");
        }
    }

    #[test]
    fn tags_are_written_in_one_case() {
        for (from, to) in
            [("PT-br", "pt-BR"), ("ZH-HANT-tw", "zh-Hant-TW"), ("en-U-NU-latn", "en-u-nu-latn"), ("ES-419", "es-419")]
        {
            assert_eq!(canonical_language(from).as_deref(), Some(to));
        }
    }
}
