//! A request as a line of text that can be mailed or read from paper.
//!
//! ```text
//! text = "nanduti-request:" base32(network, request, first 4 bytes of BLAKE3(network, request)), lower case, no padding
//! ```
//!
//! It names the network, so that nobody proposes in one network who asked to join another.

use nanduti_protocol::{
    ballot::request::{self, RequestError},
    charter::Member,
    hash::Hash,
    limits,
};

/// What the text begins with.
const SCHEME: &str = "nanduti-request:";
/// Bytes of the checksum, which tells a slip of the pen from a forgery.
const CHECKSUM: usize = 4;
/// Bytes of the network's id.
const NETWORK: usize = 32;

/// A request with the network that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestText {
    /// The network.
    pub network: Hash,
    /// The request as it was signed.
    pub request: Vec<u8>,
    /// The line that the institution asks for.
    pub line: Member,
}

/// Why a text is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestTextError {
    /// It does not begin as a request does.
    #[error("a request begins with `nanduti-request:`")]
    Scheme,
    /// A character that cannot stand in one, or a part is missing.
    #[error("the request is not whole: a part is missing or a character cannot stand there")]
    Text,
    /// The checksum does not fit.
    #[error("the request was changed on its way: its checksum does not fit")]
    Checksum,
    /// It is not signed by the key that it names, or says something else.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl RequestText {
    /// The request as a line of text.
    pub fn to_text(&self) -> String {
        let mut bytes = self.network.as_bytes().to_vec();
        bytes.extend_from_slice(&self.request);
        let sum = Hash::of(&bytes);
        bytes.extend(sum.as_bytes().iter().take(CHECKSUM));
        format!("{SCHEME}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }

    /// Reads a request and checks its signature. White space anywhere and capital letters are forgiven.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Self, RequestTextError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let text = text.strip_prefix(SCHEME).ok_or(RequestTextError::Scheme)?.to_ascii_uppercase();
        if text.len() > 2 * (NETWORK + limits::REQUEST_MAX + CHECKSUM) {
            return Err(RequestTextError::Text);
        }
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| RequestTextError::Text)?;
        let split = bytes.len().checked_sub(CHECKSUM).ok_or(RequestTextError::Text)?;
        let (whole, sum) = bytes.split_at(split);
        if !Hash::of(whole).as_bytes().starts_with(sum) {
            return Err(RequestTextError::Checksum);
        }
        let (network, request) = whole.split_first_chunk::<NETWORK>().ok_or(RequestTextError::Text)?;
        let network = Hash::from_bytes(*network);
        let line = request::open(request, &network)?;
        Ok(Self { network, request: request.to_vec(), line })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nanduti_protocol::key::MemberId;

    use super::*;

    fn made() -> RequestText {
        let (network, root) = (Hash::of(b"network"), SigningKey::from_bytes(&[1; 32]));
        let line = Member {
            id: MemberId::parse("NEW").expect("an id"),
            name: "Ministère".into(),
            role: "mechanism".into(),
            root: (&root).into(),
            spare: None,
            governance: None,
        };
        RequestText { network, request: request::sign(&network, &line, &root), line }
    }

    #[test]
    fn a_request_survives_paper() {
        let request = made();
        let text = request.to_text();
        assert_eq!(RequestText::parse(&text), Ok(request.clone()));
        let (first, rest) = text.split_at(40);
        assert_eq!(RequestText::parse(&format!(" {}\n {}", first.to_uppercase(), rest)), Ok(request));
    }

    #[test]
    fn what_was_changed_on_the_way_is_told_from_a_forgery() {
        let text = made().to_text();
        let swap = |at: usize| {
            let other = if text.as_bytes()[at] == b'a' { "b" } else { "a" };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        };
        assert_eq!(RequestText::parse(&swap(60)), Err(RequestTextError::Checksum));
        assert_eq!(RequestText::parse("nanduti:abc"), Err(RequestTextError::Scheme));
        assert_eq!(
            RequestText::parse(&text.replace("nanduti-request:", "nanduti-request:1")),
            Err(RequestTextError::Text)
        );
        assert_eq!(RequestText::parse(SCHEME), Err(RequestTextError::Text));
        let elsewhere = RequestText { network: Hash::of(b"other"), ..made() };
        assert!(matches!(RequestText::parse(&elsewhere.to_text()), Err(RequestTextError::Request(_))));
    }
}
