//! Web addresses and mailboxes: what is safe to show as a link.
//!
//! Not a full parser: the address has to be one that a browser reads the same way, so everything doubtful is refused
//! (user names before the host, back-slashes, spaces, control and direction characters).

use super::{bounds::URL_MAX, text};

/// Longest mailbox, by RFC 5321.
const EMAIL_MAX: usize = 254;

/// Is this an `https` or `http` address that can be linked to?
pub fn is_url(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let port = authority.get(host.len()..).unwrap_or_default();
    let port_is_fine = port.is_empty() || (port.len() > 1 && port.bytes().skip(1).all(|byte| byte.is_ascii_digit()));
    address.chars().count() <= URL_MAX && address.chars().all(allowed) && is_host(host) && port_is_fine
}

/// Is this a mailbox, in the form that people use (`local@domain`)?
pub fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    address.len() <= EMAIL_MAX
        && !local.is_empty()
        && local.len() <= 64
        && local.chars().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && is_host(domain)
        && domain.contains('.')
}

/// Is this a contact: a mailbox, or an `https` address?
pub fn is_contact(contact: &str) -> bool {
    contact.len() <= EMAIL_MAX && (is_email(contact) || (contact.starts_with("https://") && is_url(contact)))
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !host.is_empty() && host.split('.').all(label)
}

fn allowed(c: char) -> bool {
    !c.is_whitespace() && !text::is_control(c) && !text::turns_direction(c) && !"<>\"{}|\\^`".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_linked() {
        for good in
            ["https://example.org", "http://example.org:8080/a?b=c#d", "https://exämple.org/ä", "https://e.org/@a"]
        {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "javascript:alert(1)",
            "HTTPS://example.org",
            "https://",
            "https:///path",
            "https://user@example.org/",
            "https://a b.org",
            "https://example.org\\@evil.org",
            "https://example.org/\u{202e}gpj",
            "https://example.org:/",
            "https://example.org:80a/",
            "ftp://example.org",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn mailboxes() {
        assert!(is_email("dgdh@example.org"));
        for bad in ["", "@b.c", "a@", "a@b", "a b@c.d", ".a@c.d", "a@c..d", "a@@c.d"] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_contact("https://example.org/form"));
        assert!(!is_contact("http://example.org/form"));
    }
}
