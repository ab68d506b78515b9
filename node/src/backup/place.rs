//! The places of a home that a backup may hold.
//!
//! A path in a backup comes from whoever made the file. Only what has one of these forms is a place, so that no path can
//! lead out of the home, or to what a home does not have.

use data_encoding::HEXLOWER_PERMISSIVE;

/// Where the form of the backup is said. It is no file of a home.
pub(super) const FORMAT: &str = "FORMAT";
/// The manifest. It is no file of a home.
pub(super) const MANIFEST: &str = "manifest.json";
/// The longest path: what the field of a tar header holds.
pub(super) const PATH_MAX: usize = 100;
/// The longest name of a file in `keys/` or `network/`.
const NAME_MAX: usize = 80;

/// What a path in a backup stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A small file that is put back as it is.
    Plain,
    /// A part of `local/`, as keys and values.
    Local,
    /// A segment file, or the proof of a fork.
    Log,
}

impl Place {
    /// The place of a path, if it is one.
    pub(super) fn of(path: &str) -> Option<Self> {
        if path.len() > PATH_MAX {
            return None;
        }
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["config.toml"] => Some(Self::Plain),
            [name] if is_name(name) && (name.ends_with(".card") || name.ends_with(".request")) => Some(Self::Plain),
            ["keys" | "network", name] if is_name(name) => Some(Self::Plain),
            ["keys" | "network", folder, name] if is_name(folder) && is_name(name) => Some(Self::Plain),
            ["local", part] if part.len() == 8 && is_digits(part) => Some(Self::Local),
            ["logs", log, file] if is_log(log) && is_log_file(file) => Some(Self::Log),
            _ => None,
        }
    }
}

/// Letters, digits and a few marks; hidden files and the folder above begin with a dot.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_log(name: &str) -> bool {
    name.len() == 64
        && !name.bytes().any(|byte| byte.is_ascii_uppercase())
        && HEXLOWER_PERMISSIVE.decode(name.as_bytes()).is_ok()
}

fn is_log_file(name: &str) -> bool {
    let seq = name.strip_suffix(".seg.zst").filter(|seq| seq.len() == 20 && is_digits(seq));
    matches!(name, "fork" | "fork-above") || seq.is_some_and(|seq| seq.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_home_has_is_a_place() {
        let log = "ab".repeat(32);
        for (path, place) in [
            ("config.toml".to_owned(), Place::Plain),
            ("PRY-DGDH.card".into(), Place::Plain),
            ("PRY.request".into(), Place::Plain),
            ("keys/root.pem".into(), Place::Plain),
            ("network/ballots/00000000000000000007".into(), Place::Plain),
            ("network/ticket".into(), Place::Plain),
            (format!("network/founding/{}.signed", "0f".repeat(32)), Place::Plain),
            ("local/00000007".into(), Place::Local),
            (format!("logs/{log}/00000000000000000000.seg.zst"), Place::Log),
            (format!("logs/{log}/fork-above"), Place::Log),
        ] {
            assert_eq!(Place::of(&path), Some(place), "{path}");
        }
    }

    #[test]
    fn nothing_else_is() {
        let log = "ab".repeat(32);
        for path in [
            "",
            "/",
            "/etc/passwd",
            "../keys/root.pem",
            "keys/../../x",
            "keys/..",
            "keys/.",
            "keys/.new-1",
            "keys//x",
            "keys/",
            "keys",
            "./config.toml",
            "config.toml/",
            "keys\\x",
            "keys/a b",
            "keys/a\0",
            "keys/ä",
            "FORMAT",
            "manifest.json",
            "restored",
            "lock",
            "api.sock",
            "index/db",
            "local/db",
            "local/0000007",
            "local/0000000a",
            "blobs/x",
            "set-aside/x",
            "keys/a/b/c",
            ".card",
            "card",
            &format!("logs/{}/00000000000000000000.seg.zst", "AB".repeat(32)),
            &format!("logs/{log}/0.seg.zst"),
            &format!("logs/{log}/99999999999999999999.seg.zst"),
            &format!("logs/{log}/+0000000000000000000.seg.zst"),
            &format!("logs/{log}"),
            &format!("logs/{log}/x/00000000000000000000.seg.zst"),
            &format!("keys/{}", "a".repeat(81)),
            &format!("network/{}/{}", "a".repeat(60), "b".repeat(60)),
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
