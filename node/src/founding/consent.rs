//! The consent: a line of text by which a root key of a former network says which root key takes its place.
//!
//! ```text
//! payload = DAG-CBOR {root, member}
//! proof   = envelope of the payload: purpose "nanduti/consent/1", the former network's id, signed by the former root key
//! text    = "nanduti-consent:" base32(DAG-CBOR {proof, network}, first 4 bytes of BLAKE3 of that), lower case, no padding
//! ```
//!
//! It holds for one member, one new root key and one former network, so nobody can use it for anything else. It is no secret.

use std::path::{Path, PathBuf};

use nanduti_protocol::{
    cbor::{self, CborError},
    charter::Member,
    envelope::EnvelopeError,
    former::{Consent, check_consent, consented_member, sign_consent},
    hash::Hash,
    key::{MemberId, PublicKey},
    roster::Roster,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    card::Card,
    disk::{PUBLIC_FILE, read_bounded, write_new},
    failure,
    former::formers_of,
    identity,
};
use crate::{
    Home,
    api::{ApiError, ConsentReply, ErrorKind, FormerReply},
    keys::{Fingerprint, KeyStore, Passphrase},
};

/// What the text begins with.
const SCHEME: &str = "nanduti-consent:";
/// Bytes of the checksum, which tells a slip of the pen from a forgery.
const CHECKSUM: usize = 4;
/// The file may have white space that a mailer added.
const FILE_MAX: u64 = 4 * 1024;

/// A consent as it is carried. Field order is that of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentText {
    /// What the former root key signed.
    pub(super) proof: ByteBuf,
    /// The former network.
    pub(super) network: Hash,
}

/// Why a text is not a consent, or does not go with the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConsentError {
    /// It does not begin as a consent does.
    #[error("a consent begins with `nanduti-consent:`")]
    Scheme,
    /// A character that cannot stand in one, or a part is missing.
    #[error("the consent is not whole: a part is missing or a character cannot stand there")]
    Text,
    /// The checksum does not fit.
    #[error("the consent was changed on its way: its checksum does not fit")]
    Checksum,
    /// The content is at fault.
    #[error("the consent is {0}")]
    Content(#[from] CborError),
    /// The envelope is at fault.
    #[error("the consent is {0}")]
    Form(#[from] EnvelopeError),
    /// No founder.
    #[error("it is of {0}, of whom there is no card")]
    NoCard(MemberId),
    /// No member of the former network.
    #[error("it is of {0}, who is not on the roster of the former network")]
    NoMember(MemberId),
    /// Not what the former root key said of the key on the card.
    #[error("it is not the word of the former root key of {member} for the root key on its card: {error}")]
    Signature {
        /// The member.
        member: MemberId,
        /// What is wrong.
        error: EnvelopeError,
    },
}

/// A consent that is to be given: all is checked that can be without the key.
#[derive(Debug)]
pub struct Consenting {
    network: Hash,
    network_name: String,
    version: u64,
    /// The root key that the roster in force there lists.
    former: PublicKey,
    card: Card,
    key: PathBuf,
    out: PathBuf,
}

/// Prepares that the root key of a home of the former network, or one in a file, consents to the root key on a card. The consent goes
/// to `out`, or beside the card. `from` is what that home says of its network.
///
/// # Errors
/// If the home speaks for another member or is no home of one that is listed, the card is none or names the same root key, or there is no key.
pub fn consenting(
    home: &Home,
    card: &Path,
    (root_key, out): (Option<&Path>, Option<&Path>),
    from: &FormerReply,
) -> Result<Consenting, ApiError> {
    let read = Card::read(card)?;
    if let Some(member) = identity::member_of(home)?.filter(|member| *member != read.id) {
        return Err(failure::refused(format!("the card is of {}, and this home speaks for {member}", read.id)));
    }
    let former = formers_of(from)?.into_iter().next().ok_or_else(|| failure::refused("nothing was left"))?;
    let line = former.roster.member(&read.id).ok_or_else(|| {
        failure::refused(format!("{} is not on the list of members of `{}`", read.id, former.name))
            .hint("who was no member there founds the network without a consent")
    })?;
    if line.root == read.root {
        return Err(failure::refused("the card names the root key of this home")
            .hint("keys serve one network: `nanduti init --home NEW` makes new ones"));
    }
    let key = root_key.map_or_else(|| KeyStore::of(home).root_file(), Path::to_path_buf);
    if !key.exists() {
        return Err(no_key(ApiError::new(ErrorKind::NotFound, format!("there is no root key at {}", key.display()))));
    }
    Ok(Consenting {
        network: former.network(),
        former: line.root,
        version: former.roster.version,
        network_name: former.name,
        out: out.map_or_else(|| card.with_file_name(format!("{}.consent", read.id)), Path::to_path_buf),
        card: read,
        key,
    })
}

impl Consenting {
    /// What is consented to, in plain words.
    pub fn about(&self) -> Vec<String> {
        let Self { network, network_name, card, .. } = self;
        let id = &card.id;
        vec![
            format!(
                "the root key of {id} in `{network_name}` ({network}), {}, says that another takes its place:",
                fingerprint(&self.former)
            ),
            format!("  {} of {}, the root key on the card", fingerprint(&card.root), card.name),
            "compare that fingerprint with whoever made the card".into(),
            format!(
                "it holds for {id}, for this one key and for a network that takes the place of that one, and for nothing else; it cannot be \
                 taken back"
            ),
        ]
    }

    /// Signs it, and writes it. Nothing in the home changes, so that a node may run there.
    ///
    /// # Errors
    /// If the key cannot be used or is not the one that the former network lists, or the disk fails.
    pub fn sign(self, passphrase: &Passphrase) -> Result<ConsentReply, ApiError> {
        let Self { network, former, card, .. } = &self;
        let root = KeyStore::open_root_at(&self.key, passphrase)
            .map_err(|error| no_key(failure::key("the former root key cannot be used", &error)))?;
        let own = PublicKey::from_bytes(root.public());
        if own != *former {
            return Err(failure::refused(format!(
                "roster {} of `{}` lists another root key of {} than this one, which may have been replaced: nobody would heed its consent",
                self.version, self.network_name, card.id
            ))
            .because_text(format!("it lists {}, and this is {}", fingerprint(former), fingerprint(&own)))
            .hint("--root-key FILE names the one that it lists"));
        }
        let proof = ByteBuf::from(sign_consent(network, &card.id, root.signing_key(), &card.root));
        let text = ConsentText { proof, network: *network }.to_text();
        write_new(&self.out, format!("{text}\n").as_bytes(), PUBLIC_FILE).map_err(|error| failure::file(&error))?;
        Ok(ConsentReply {
            network: network.to_hex(),
            member: card.id.to_string(),
            root_key: card.root.to_hex(),
            fingerprint: fingerprint(&card.root),
            path: self.out.display().to_string(),
        })
    }
}

fn no_key(error: ApiError) -> ApiError {
    error.hint(
        "where it is kept elsewhere, --root-key FILE names it; if it is lost, found the network without a consent",
    )
}

fn fingerprint(key: &PublicKey) -> String {
    Fingerprint::of(key.as_bytes()).to_string()
}

/// Does a file begin as a consent does?
pub(super) fn is_consent(path: &Path) -> bool {
    read_bounded(path, FILE_MAX).is_ok_and(|bytes| {
        String::from_utf8_lossy(&bytes)
            .trim_start()
            .get(..SCHEME.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    })
}

impl ConsentText {
    /// The consent as a line of text.
    pub(super) fn to_text(&self) -> String {
        write_text(&cbor::encode(self))
    }

    /// Reads a consent. White space anywhere and capital letters are forgiven. Whose it is, is asked of [`ConsentText::check`].
    pub(super) fn parse(text: &str) -> Result<Self, ConsentError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let text = text.strip_prefix(SCHEME).ok_or(ConsentError::Scheme)?.to_ascii_uppercase();
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| ConsentError::Text)?;
        let split = bytes.len().checked_sub(CHECKSUM).ok_or(ConsentError::Text)?;
        let (content, sum) = bytes.split_at(split);
        if !Hash::of(content).as_bytes().starts_with(sum) {
            return Err(ConsentError::Checksum);
        }
        let read: Self = cbor::decode_exact(content)?;
        consented_member(&read.proof)?;
        Ok(read)
    }

    /// Reads the consent in a file.
    pub(super) fn read(path: &Path) -> Result<Self, ApiError> {
        let bytes = read_bounded(path, FILE_MAX).map_err(|error| failure::file(&error))?;
        Self::parse(&String::from_utf8_lossy(&bytes))
            .map_err(|error| failure::failed(format!("{} is not a consent", path.display()), &error))
    }

    /// The line of the charter, if it is the word of a former root key for the root key of a founder.
    pub(super) fn check(&self, founders: &[Member], former: &Roster) -> Result<Consent, ConsentError> {
        let member = consented_member(&self.proof)?;
        let founder = founders.iter().find(|founder| founder.id == member);
        let founder = founder.ok_or_else(|| ConsentError::NoCard(member.clone()))?;
        let before = former.member(&member).ok_or_else(|| ConsentError::NoMember(member.clone()))?;
        check_consent(&self.proof, &former.network, &member, &before.root, &founder.root)
            .map_err(|error| ConsentError::Signature { member: member.clone(), error })?;
        Ok(Consent { proof: self.proof.clone(), member })
    }
}

pub(super) fn write_text(content: &[u8]) -> String {
    let sum = Hash::of(content);
    let bytes: Vec<u8> = content.iter().chain(sum.as_bytes().iter().take(CHECKSUM)).copied().collect();
    format!("{SCHEME}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;

    fn text() -> String {
        let member = MemberId::parse("PRY").unwrap();
        let key = SigningKey::from_bytes(&[1; 32]);
        let network = Hash::of(b"former");
        let proof = sign_consent(&network, &member, &key, &PublicKey::from_bytes([2; 32]));
        ConsentText { proof: ByteBuf::from(proof), network }.to_text()
    }

    #[test]
    fn a_consent_survives_the_mail_and_every_slip_is_noticed() {
        let text = text();
        let read = ConsentText::parse(&format!(" {}\r\n", text.to_uppercase())).unwrap();
        assert_eq!(read.to_text(), text);
        assert_eq!(ConsentText::parse("nanduti-card:abc"), Err(ConsentError::Scheme));
        for (place, _) in text.char_indices().skip(SCHEME.len()) {
            let mut changed = text.clone();
            changed.replace_range(place..=place, if changed[place..].starts_with('a') { "b" } else { "a" });
            assert!(ConsentText::parse(&changed).is_err(), "at {place}");
            assert!(ConsentText::parse(&text[..place]).is_err(), "cut at {place}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(tail in "[a-z2-7]{0,200}") {
            let text = format!("{SCHEME}{tail}");
            prop_assert!(ConsentText::parse(&text).is_err());
        }
    }
}
