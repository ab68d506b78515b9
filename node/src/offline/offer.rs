//! The keys of a further node, as a line of text that the member's first node takes.
//!
//! ```text
//! payload = DAG-CBOR {logs: [opening], keys: [line], member, network}
//! text    = "nanduti-keys:" base32(payload, first 4 bytes of BLAKE3(payload)), lower case, no padding
//! ```
//!
//! It needs no signature of its own: each line is signed by its key for this member and network, and so is the opening of the log. That
//! the keys are on the right machine is for people to find out, by their fingerprints.

use nanduti_protocol::{
    cbor,
    hash::Hash,
    key::MemberId,
    keyring::{KeyLine, KeyUse, Keyring},
    run::{ReceivedRun, VerifiedRun},
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::request::RequestError;

/// What the text begins with.
const SCHEME: &str = "nanduti-keys:";
/// Bytes of the checksum, which tells a slip of the pen from a forgery.
const CHECKSUM: usize = 4;
/// An offer has a line for each use, and is far shorter.
pub(crate) const TEXT_MAX: usize = 16 * 1024;

/// The keys of a further node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    keys: Vec<KeyLine>,
    logs: Vec<ByteBuf>,
    pub(crate) member: MemberId,
    pub(crate) network: Hash,
}

impl Offer {
    pub(crate) fn new(network: Hash, member: MemberId, mut keys: Vec<KeyLine>, openings: &[VerifiedRun]) -> Self {
        keys.sort_by_key(|line| line.key);
        let logs = openings.iter().map(|run| ByteBuf::from(run.bytes().to_vec())).collect();
        Self { keys, logs, member, network }
    }

    /// The lines that the keyring is to take up.
    pub(crate) fn lines(&self) -> &[KeyLine] {
        &self.keys
    }

    /// The openings of the logs among them.
    pub(crate) fn openings(&self) -> Result<Vec<VerifiedRun>, RequestError> {
        let because = RequestError::because("the opening of a log");
        let verify = |log: &ByteBuf| {
            ReceivedRun::receive(log.to_vec())
                .and_then(|run| run.verify(&self.network))
                .map_err(|error| because(&error))
        };
        self.logs.iter().map(verify).collect()
    }

    /// The line of text.
    pub(crate) fn to_text(&self) -> String {
        let mut bytes = cbor::encode(self);
        let sum = Hash::of(&bytes);
        bytes.extend(sum.as_bytes().iter().take(CHECKSUM));
        format!("{SCHEME}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }

    /// Reads an offer and checks that its keys agree. White space and capital letters are forgiven.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestError> {
        let content = |what: &str| RequestError::Content(what.to_owned());
        if text.len() > TEXT_MAX {
            return Err(RequestError::Oversized);
        }
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let text = text.strip_prefix(SCHEME).ok_or_else(|| content("an offer of keys begins with `nanduti-keys:`"))?;
        let bytes = data_encoding::BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| content("it is not whole: a part is missing or a character cannot stand there"))?;
        let split = bytes.len().checked_sub(CHECKSUM).ok_or_else(|| content("it is not whole"))?;
        let (payload, sum) = bytes.split_at(split);
        if !Hash::of(payload).as_bytes().starts_with(sum) {
            return Err(content("it was changed on its way: its checksum does not fit"));
        }
        let offer: Self = cbor::decode_exact(payload)?;
        let [publish, node] = [KeyUse::Publish, KeyUse::Node].map(|key_use| offer.of(key_use).count());
        if publish > 1 || node > 1 || offer.keys.is_empty() || offer.logs.len() != publish {
            return Err(content(
                "a node offers one publishing key at most, with the opening of its log, and one node key",
            ));
        }
        let keyring = Keyring { keys: offer.keys.clone(), salt: [0; 16] }.encode();
        Keyring::decode(&keyring, &offer.network, &offer.member, None)
            .map_err(|error| RequestError::because("the keys")(&error))?;
        Ok(offer)
    }

    fn of(&self, key_use: KeyUse) -> impl Iterator<Item = &KeyLine> {
        self.keys.iter().filter(move |line| line.key_use == key_use)
    }
}
