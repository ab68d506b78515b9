//! Making a home: its folders, its configuration, its keys, and the card to hand out.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use nanduti_protocol::{
    charter::{Charter, Role},
    key::{MemberId, PublicKey},
};

use super::{
    card::{Card, listed_key},
    disk::{PUBLIC_FILE, write_new},
    failure, identity,
    types::{InitOptions, InitReply},
};
use crate::{
    Config, Home, HomeLock,
    api::ApiError,
    durable::{PRIVATE_FILE, create_file_durably, write_file_durably},
    keys::{KeyStore, NodeKey, Passphrase, Protection, PublishKey, RootKey},
};

/// Makes a home. A member gets a root key (encrypted with the passphrase), a publishing key, a node key and a card; a further
/// node of a member gets the last two keys; an observer gets a node key. An observer's home can become a member's; nothing else
/// is ever made a second time.
///
/// # Errors
/// If there are keys already, an id or a name is not one, the passphrase is missing or too short, or the disk fails.
pub fn init(home: &Home, who: InitOptions, passphrase: Option<&Passphrase>) -> Result<InitReply, ApiError> {
    if who.further_node {
        return init_further(home, who.member);
    }
    let member = if who.observer { None } else { Some(Applicant::check(who, passphrase)?) };
    home.create().map_err(|error| failure::home(&error))?;
    let _lock = HomeLock::acquire(home).map_err(|error| failure::lock(&error))?;
    refuse_to_repeat(home, member.is_some())?;
    write_config(home)?;
    let node = KeyStore::of(home)
        .open_or_create_node()
        .map_err(|error| failure::key("the node key could not be made", &error))?;
    match member {
        Some(member) => make_member(home, member, &node),
        None => Ok(InitReply {
            member: None,
            fingerprint: None,
            root_file: None,
            card: None,
            root_key: None,
            publish_key: None,
            node_peer_id: Some(node.peer_id().to_string()),
        }),
    }
}

/// The home of a further node: its keys speak for the member once the member's keyring lists them.
fn init_further(home: &Home, member: Option<String>) -> Result<InitReply, ApiError> {
    let id = member.ok_or_else(|| failure::usage("a further node needs the id of its member").hint("--member PRY"))?;
    let id = MemberId::parse(&id).map_err(|error| failure::usage(error.to_string()))?;
    home.create().map_err(|error| failure::home(&error))?;
    let _lock = HomeLock::acquire(home).map_err(|error| failure::lock(&error))?;
    refuse_to_repeat(home, true)?;
    write_config(home)?;
    let store = KeyStore::of(home);
    let failed = |error| failure::key("the keys could not be made", &error);
    let node = store.open_or_create_node().map_err(failed)?;
    let publish = PublishKey::generate().map_err(failed)?;
    store.create_publish(&publish).map_err(failed)?;
    write_member(home, &id)?;
    Ok(InitReply {
        member: Some(id.to_string()),
        fingerprint: None,
        root_file: None,
        card: None,
        root_key: None,
        publish_key: Some(PublicKey::from_bytes(publish.public()).to_hex()),
        node_peer_id: Some(node.peer_id().to_string()),
    })
}

fn write_member(home: &Home, id: &MemberId) -> Result<(), ApiError> {
    write_file_durably(&identity::member_file(home), format!("{id}\n").as_bytes(), PRIVATE_FILE)
        .map_err(|error| failure::failed("the id of the member could not be written", &error))
}

/// Writes the commented configuration, if there is none.
pub(super) fn write_config(home: &Home) -> Result<(), ApiError> {
    match create_file_durably(&home.config_file(), Config::template().as_bytes(), PRIVATE_FILE) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failure::failed("the configuration could not be written", &error))
        }
        _ => Ok(()),
    }
}

/// An institution that wants keys.
struct Applicant<'a> {
    id: MemberId,
    name: String,
    role: String,
    passphrase: &'a Passphrase,
    root_key: Option<PathBuf>,
    /// The file of the root key, if there is one already, and the key.
    from_spare: Option<(PathBuf, RootKey)>,
    spare: Option<PublicKey>,
    governance: Option<PublicKey>,
}

impl<'a> Applicant<'a> {
    /// Everything that can be wrong is found before anything is written.
    fn check(who: InitOptions, passphrase: Option<&'a Passphrase>) -> Result<Self, ApiError> {
        let id =
            who.member.ok_or_else(|| failure::usage("a member needs an id").hint("--member PRY, or --observer"))?;
        let id = MemberId::parse(&id).map_err(|error| failure::usage(error.to_string()))?;
        let name = who.name.ok_or_else(|| failure::usage("a member needs the name of its institution"))?;
        let role = who.role.unwrap_or_else(|| "mechanism".into());
        let roles: BTreeMap<String, Role> = Charter::usual_roles();
        if !roles.contains_key(&role) {
            let known: Vec<&str> = roles.keys().map(String::as_str).collect();
            return Err(failure::usage(format!("`{role}` is not a role; the roles are {}", known.join(", "))));
        }
        let passphrase = passphrase.ok_or_else(|| failure::usage("a root key needs a passphrase"))?;
        passphrase.check().map_err(|error| failure::key("this passphrase cannot protect a root key", &error))?;
        let [spare, governance] = [who.spare, who.governance].map(|key| key.as_deref().map(listed_key).transpose());
        let (spare, governance) = (spare?, governance?);
        if spare.is_some() && spare == governance {
            return Err(failure::usage("the spare and the governance key are one key, and a key has one use"));
        }
        let open = |path: PathBuf| match KeyStore::open_root_at(&path, passphrase) {
            Ok(key) => Ok((path, key)),
            Err(error) => Err(failure::key("the spare root key cannot be used", &error)),
        };
        let from_spare = who.from_spare.map(open).transpose()?;
        let who = Self { id, name, role, passphrase, root_key: who.root_key, from_spare, spare, governance };
        who.card(PublicKey::from_bytes([0; 32]), None, None)
            .check()
            .map_err(|error| failure::usage("the charter could not carry this").because(&error))?;
        Ok(who)
    }

    fn card(&self, root: PublicKey, node: Option<PublicKey>, publish: Option<PublicKey>) -> Card {
        let (id, name, role) = (self.id.clone(), self.name.clone(), self.role.clone());
        Card { id, name, node, role, root, spare: self.spare, publish, governance: self.governance }
    }
}

fn make_member(home: &Home, who: Applicant<'_>, node: &NodeKey) -> Result<InitReply, ApiError> {
    let store = KeyStore::of(home);
    let failed = |error| failure::key("the keys could not be made", &error);
    let publish = PublishKey::generate().map_err(failed)?;
    let (root_file, root) = match &who.from_spare {
        Some(there) => there.clone(),
        None => {
            let root = RootKey::generate().map_err(failed)?;
            let file = who.root_key.clone().unwrap_or_else(|| store.root_file());
            if file == store.root_file() {
                store.create_root(&root, who.passphrase, Protection::Scrypt).map_err(failed)?;
            } else {
                KeyStore::create_sealed_at(&file, &root, who.passphrase, Protection::Scrypt).map_err(failed)?;
            }
            (file, root)
        }
    };
    store.create_publish(&publish).map_err(failed)?;
    write_member(home, &who.id)?;
    let [root_key, publish_key, node_key] = [root.public(), publish.public(), node.public()].map(PublicKey::from_bytes);
    let card = who.card(root_key, Some(node_key), Some(publish_key));
    let path = home.path().join(format!("{}.card", card.id));
    let text = format!("{}\n", card.to_text(&root));
    write_new(&path, text.as_bytes(), PUBLIC_FILE).map_err(|error| failure::file(&error))?;
    Ok(InitReply {
        member: Some(card.id.to_string()),
        fingerprint: Some(root.fingerprint().to_string()),
        root_file: Some(root_file.display().to_string()),
        card: Some(path.display().to_string()),
        root_key: Some(card.root.to_hex()),
        publish_key: Some(publish_key.to_hex()),
        node_peer_id: Some(node.peer_id().to_string()),
    })
}

/// Says what is there instead of making it again.
fn refuse_to_repeat(home: &Home, member: bool) -> Result<(), ApiError> {
    let store = KeyStore::of(home);
    let files = [
        ("a root key", store.root_file()),
        ("a publishing key", store.publish_file()),
        ("a node key", store.node_file()),
    ];
    let there: Vec<_> = files.iter().filter(|(_, path)| path.exists()).collect();
    let only_node = there.iter().all(|(_, path)| *path == store.node_file());
    if there.is_empty() || (member && only_node) {
        return Ok(());
    }
    let whose = identity::member_of(home).ok().flatten();
    let message = match &whose {
        Some(id) => format!("{} is the home of {id} already", home.path().display()),
        None if only_node => format!("{} is an observer's home already", home.path().display()),
        None => format!("{} has keys of a home that was not finished", home.path().display()),
    };
    let mut error = failure::refused(message);
    error.causes = there.iter().map(|(what, path)| format!("there is {what} at {}", path.display())).collect();
    let unfinished = whose.is_none() && !only_node;
    Err(error.hint(if unfinished {
        "nobody has a card of these keys: remove the files and try again"
    } else {
        "a key is never overwritten: use another --home"
    }))
}
