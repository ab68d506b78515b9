//! Adopting a charter: what a member signs with its root key, once.
//!
//! ```text
//! root log        0  charter   the body is the charter
//!                 1  keyring   the publishing key with its checkpoint, the node key with its proof
//! publishing log  0  log       the key says for itself whom it speaks for
//! ```
//!
//! The signed file is on the home's disk before it is handed out, and handed out again whenever the same draft is signed: to
//! sign anew would make a second statement at each place, which is a fork.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use nanduti_protocol::{
    charter::{Charter, Member},
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Place},
    kind::{Audience, Kind},
    limits,
    run::push_item,
};

use super::{
    disk::{PUBLIC_FILE, read_if_there, write_new},
    document::{Document, FILE_MAX},
    draft::random_salt,
    failure, identity,
    opening::opening_run,
    types::SignReply,
    verify::Adoption,
};
use crate::{
    Home, HomeLock,
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, create_file_durably, create_private_dir},
    keys::{KeyError, KeyStore, NodeKey, Passphrase, PublishKey, RootKey},
};

/// Signs a draft as the member of this home, and writes what was signed to `out`, or to `MEMBER.signed` beside the draft.
/// To sign the same draft again gives the same bytes.
///
/// # Errors
/// If it is no draft, the home's root key is not on it, the home belongs to another network, the passphrase is wrong, or the
/// disk fails.
pub fn sign(home: &Home, draft: &Path, out: Option<&Path>, passphrase: &Passphrase) -> Result<SignReply, ApiError> {
    sign_with(home, draft, out, None, passphrase)
}

/// The same with a root key that is not in the home but in a file of its own.
///
/// # Errors
/// As [`sign`].
pub fn sign_with(
    home: &Home,
    draft: &Path,
    out: Option<&Path>,
    root_key: Option<&Path>,
    passphrase: &Passphrase,
) -> Result<SignReply, ApiError> {
    let charter = read_draft(draft)?;
    let network = charter.network();
    if !home.path().is_dir() {
        return Err(ApiError::new(ErrorKind::NotFound, format!("there is no home at {}", home.path().display()))
            .hint("`nanduti init` makes one"));
    }
    let _lock = HomeLock::acquire(home).map_err(|error| failure::lock(&error))?;
    let pen = Pen::open(home, &charter, root_key, passphrase)?;
    refuse_second_network(home, &network)?;
    let bytes = match stored(home, &network, &pen.keys())? {
        Some(bytes) => bytes,
        None => store(home, &network, pen.sign(home, &charter)?)?,
    };
    hand_out(&pen.member.id, &network, &bytes, &beside(draft, out, &pen.member.id))
}

/// Takes in the root log and the publishing log of a member who adopts a charter, signed elsewhere: keeps them in the home, and writes
/// them to `out`, or to `MEMBER.signed` beside the file in which they came.
///
/// # Errors
/// If they do not hold, are not of this home's keys, contradict what this home signed before, or the disk fails.
pub(crate) fn adopt(
    home: &Home,
    runs: [Vec<u8>; 2],
    (came_in, out): (&Path, Option<&Path>),
) -> Result<SignReply, ApiError> {
    let [root, log] = runs.clone();
    let adoption =
        Adoption::verify(root, log).map_err(|error| failure::failed("this charter cannot be adopted", &error))?;
    let (network, member) = (adoption.network(), adoption.member.clone());
    let _lock = HomeLock::acquire(home).map_err(|error| failure::lock(&error))?;
    refuse_second_network(home, &network)?;
    let publish = KeyStore::of(home)
        .open_publish()
        .map_err(|error| failure::key("the keys of this home cannot be used", &error))?;
    let own = identity::member_of(home)?.is_none_or(|id| id == member);
    if !own || PublicKey::from_bytes(publish.public()) != adoption.log.log() {
        return Err(failure::refused("this was prepared in another home, whose keys it lists")
            .hint("hand it in where `nanduti network sign --prepare` made it"));
    }
    let keys = (adoption.root.log(), adoption.log.log());
    let bytes = match stored(home, &network, &keys)? {
        Some(bytes) if bytes == Document::Signed(runs.to_vec()).encode() => bytes,
        Some(_) => {
            return Err(failure::refused("this home signed the draft before, in another way")
                .hint("destroy this file: two statements for one place contradict each other"));
        }
        None => store(home, &network, runs.to_vec())?,
    };
    hand_out(&member, &network, &bytes, &beside(came_in, out, &member))
}

fn beside(file: &Path, out: Option<&Path>, member: &MemberId) -> PathBuf {
    out.map_or_else(|| file.with_file_name(format!("{member}.signed")), Path::to_path_buf)
}

fn hand_out(member: &MemberId, network: &Hash, bytes: &[u8], path: &Path) -> Result<SignReply, ApiError> {
    write_new(path, bytes, PUBLIC_FILE).map_err(|error| failure::file(&error))?;
    Ok(SignReply { network: network.to_hex(), member: member.to_string(), path: path.display().to_string() })
}

/// Has this home signed for a network?
///
/// # Errors
/// If what it signed is damaged.
pub(crate) fn has_adopted(home: &Home, network: &Hash) -> Result<bool, ApiError> {
    Ok(stored_adoption(home, network)?.is_some())
}

/// What this home signed for a network, if it did.
pub(super) fn stored_adoption(home: &Home, network: &Hash) -> Result<Option<Adoption>, ApiError> {
    let path = identity::signed_file(home, network);
    let Some(bytes) = read_if_there(&path, FILE_MAX).map_err(|error| failure::store(&error))? else { return Ok(None) };
    let damaged = || ApiError::new(ErrorKind::Store, format!("{} is damaged", path.display()));
    let document = Document::decode(&bytes).map_err(|error| damaged().because(&error))?;
    let Document::Signed(runs) = document else { return Err(damaged()) };
    let [root, log] = <[Vec<u8>; 2]>::try_from(runs).map_err(|_| damaged())?;
    let adoption = Adoption::verify(root, log).map_err(|error| damaged().because(&error))?;
    if adoption.network() == *network { Ok(Some(adoption)) } else { Err(damaged()) }
}

/// The charter of a draft.
pub(crate) fn read_draft(path: &Path) -> Result<Charter, ApiError> {
    match Document::read(path)? {
        Document::Draft(charter) => Charter::decode(&charter)
            .map_err(|error| failure::failed(format!("{} is not a charter", path.display()), &error)),
        other => Err(failure::usage(format!("{} is {}", path.display(), other.name()))
            .hint("name the draft that `nanduti network new` made")),
    }
}

/// The keys of the home, and the member for whom they sign.
pub(super) struct Pen {
    member: Member,
    root: SigningKey,
    publish: PublishKey,
    node: NodeKey,
}

impl Pen {
    fn open(
        home: &Home,
        charter: &Charter,
        root_key: Option<&Path>,
        passphrase: &Passphrase,
    ) -> Result<Self, ApiError> {
        let store = KeyStore::of(home);
        let failed = |error| failure::key("the keys of this home cannot be used", &error);
        let root = match root_key {
            Some(path) => KeyStore::open_root_at(path, passphrase),
            None => store.open_root(passphrase),
        };
        let root = root.map_err(|error| match (&error, root_key) {
            (KeyError::Missing { .. }, None) => {
                failed(error).hint("where the root key is kept elsewhere, --root-key FILE names it")
            }
            _ => failed(error),
        })?;
        let member = charter.member_by_root(&PublicKey::from_bytes(root.public())).cloned().ok_or_else(|| {
            failure::refused("the root key of this home is not on the draft")
                .hint("send your card to whoever drafts the charter, and sign the draft that has it")
        })?;
        if identity::member_of(home)?.is_some_and(|id| id != member.id) {
            return Err(failure::refused(format!(
                "the draft lists the root key of this home under the id {}",
                member.id
            )));
        }
        Self::with(&store, member, &root)
    }

    /// The keys of a home that is to speak for a member that no charter lists.
    pub(super) fn of(
        home: &Home,
        member: Member,
        root_key: Option<&Path>,
        passphrase: &Passphrase,
    ) -> Result<Self, ApiError> {
        let store = KeyStore::of(home);
        let root = match root_key {
            Some(path) => KeyStore::open_root_at(path, passphrase),
            None => store.open_root(passphrase),
        };
        let root = root.map_err(|error| failure::key("the keys of this home cannot be used", &error))?;
        if member.root != PublicKey::from_bytes(root.public()) {
            return Err(failure::refused(format!(
                "the card of {} names another root key than this home has",
                member.id
            )));
        }
        Self::with(&store, member, &root)
    }

    /// The root key.
    pub(super) fn root(&self) -> &SigningKey {
        &self.root
    }

    fn with(store: &KeyStore, member: Member, root: &RootKey) -> Result<Self, ApiError> {
        let failed = |error| failure::key("the keys of this home cannot be used", &error);
        let (publish, node) = (store.open_publish().map_err(failed)?, store.open_node().map_err(failed)?);
        Ok(Self { member, root: root.signing_key().clone(), publish, node })
    }

    /// The logs in which it speaks.
    fn keys(&self) -> (PublicKey, PublicKey) {
        (PublicKey::from(&self.root), PublicKey::from_bytes(self.publish.public()))
    }

    /// The root log and the publishing log.
    pub(super) fn sign(&self, home: &Home, charter: &Charter) -> Result<Vec<Vec<u8>>, ApiError> {
        let network = charter.network();
        let opening = opening_run(home, &network, &self.member.id, &self.publish)?;
        let keyring = first_keyring(&network, &self.member.id, (&self.publish, &self.node), opening.head())?.encode();
        let statements = root_log(charter, self.member.root, &keyring, now_ms());
        let [adopted, listed] = statements.sign(&network, &self.root);
        Ok(vec![statements.run(&adopted, &listed), opening.bytes().to_vec()])
    }
}

/// The first keyring of a member: the keys of one node.
pub(crate) fn first_keyring(
    network: &Hash,
    member: &MemberId,
    (publish, node): (&PublishKey, &NodeKey),
    opened: Hash,
) -> Result<Keyring, ApiError> {
    let line = |key_use, key: &SigningKey, state| KeyLine::sign(key_use, network, member, key, state);
    let checkpoint = Place { seq: 0, hash: opened };
    let mut keys = vec![
        line(KeyUse::Publish, publish.signing_key(), KeyState::Live(Some(checkpoint))),
        line(KeyUse::Node, node.signing_key(), KeyState::Live(None)),
    ];
    keys.sort_by_key(|line| line.key);
    Ok(Keyring { keys, salt: random_salt()? })
}

/// The statements with which a root log begins. The second names the first by its signed bytes, so it is whole only once that is signed.
#[derive(Debug, Clone)]
pub(crate) struct RootLog {
    charter: Vec<u8>,
    keyring: Vec<u8>,
    first: Statement,
    second: Statement,
}

/// The beginning of a root log: the charter, and a keyring.
pub(crate) fn root_log(charter: &Charter, root: PublicKey, keyring: &[u8], time: u64) -> RootLog {
    let (network, charter) = (charter.network(), charter.encode());
    let statement = |seq, kind, body: &[u8]| {
        let (body, audience) = (BodyRef::to(body), Audience::Public);
        Statement { log: root, seq, body, kind, prev: network, time, audience }
    };
    let (first, second) = (statement(0, Kind::Charter, &charter), statement(1, Kind::Keyring, keyring));
    RootLog { charter, keyring: keyring.to_vec(), first, second }
}

impl RootLog {
    /// Signs both. The same key gives the same bytes.
    pub(crate) fn sign(&self, network: &Hash, root: &SigningKey) -> [Vec<u8>; 2] {
        let adopted = self.first.sign(network, root);
        let listed = self.second(&adopted).sign(network, root);
        [adopted, listed]
    }

    /// The statement at place 0.
    pub(crate) fn first(&self) -> &Statement {
        &self.first
    }

    /// The statement at place 1 above these bytes.
    pub(crate) fn second(&self, adopted: &[u8]) -> Statement {
        Statement { prev: Hash::of(adopted), ..self.second.clone() }
    }

    /// The log, once it is signed.
    pub(crate) fn run(&self, adopted: &[u8], listed: &[u8]) -> Vec<u8> {
        let mut run = Vec::new();
        push_item(&mut run, adopted, Some(&self.charter));
        push_item(&mut run, listed, Some(&self.keyring));
        run
    }
}

/// Keeps what was signed for a network in the home. What is handed out must pass the doors that it will meet elsewhere.
fn store(home: &Home, network: &Hash, runs: Vec<Vec<u8>>) -> Result<Vec<u8>, ApiError> {
    if identity::network_of(home)?.is_some() {
        return Err(failure::refused("this home has joined the network, and what it signed for it is gone")
            .hint("to sign a second time would contradict the first; take the signed file from another founder"));
    }
    let bytes = Document::Signed(runs.clone()).encode();
    let [root, log] =
        <[Vec<u8>; 2]>::try_from(runs).map_err(|_| ApiError::new(ErrorKind::Failed, "a founder signs two logs"))?;
    Adoption::verify(root, log).map_err(|error| failure::failed("this charter cannot be adopted", &error))?;
    let path = identity::signed_file(home, network);
    let folder = home.network_dir().join("founding");
    create_private_dir(&folder)
        .and_then(|()| create_file_durably(&path, &bytes, PRIVATE_FILE))
        .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))?;
    Ok(bytes)
}

/// What was signed before for this network, if it was by these very keys.
fn stored(home: &Home, network: &Hash, keys: &(PublicKey, PublicKey)) -> Result<Option<Vec<u8>>, ApiError> {
    let Some(adoption) = stored_adoption(home, network)? else { return Ok(None) };
    if (adoption.root.log(), adoption.log.log()) != *keys {
        return Err(failure::refused("this home signed the draft before, with other keys"));
    }
    let runs = vec![adoption.root.bytes().to_vec(), adoption.log.bytes().to_vec()];
    // The form is canonical: these are the bytes of the file.
    Ok(Some(Document::Signed(runs).encode()))
}

fn refuse_second_network(home: &Home, network: &Hash) -> Result<(), ApiError> {
    match identity::network_of(home)? {
        Some(joined) if joined.network != *network => {
            Err(failure::refused(format!("this home belongs to the network {} already", joined.network))
                .hint("keys serve one network: use another --home for another"))
        }
        _ => Ok(()),
    }
}

/// The author's claim of when, which decides nothing.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX).min(limits::TIME_MAX_MS)
}
