//! Entry 0 of a publishing log, made once and kept.
//!
//! The keyring fixes entry 0 by its hash before anybody has it, and it holds random bytes: to make it a second time would be a
//! second statement at its place, which is a fork. So it lies beside its key from the moment it is made: one for each network, since a
//! founder may sign several drafts before one of them is founded.

use std::path::PathBuf;

use nanduti_protocol::{
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyUse, Opening},
    kind::{Audience, Kind},
    run::{ReceivedRun, VerifiedRun, push_item},
};

use super::{disk, draft::random_salt, failure, sign::now_ms};
use crate::{
    Home,
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, create_file_durably},
    keys::PublishKey,
};

/// Far more than an opening has.
const FILE_MAX: u64 = 8 * 1024;

/// The opening of a publishing log, made now if it never was.
pub(crate) fn opening_run(
    home: &Home,
    network: &Hash,
    member: &MemberId,
    key: &PublishKey,
) -> Result<VerifiedRun, ApiError> {
    let log = PublicKey::from_bytes(key.public());
    let path = path_of(home, network, &log);
    let damaged = || ApiError::new(ErrorKind::Store, format!("{} is damaged", path.display()));
    let bytes = match disk::read_if_there(&path, FILE_MAX).map_err(|error| failure::store(&error))? {
        Some(bytes) => bytes,
        None => {
            let bytes = sign(network, member, key)?;
            create_file_durably(&path, &bytes, PRIVATE_FILE)
                .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))?;
            bytes
        }
    };
    let run =
        ReceivedRun::receive(bytes).and_then(|run| run.verify(network)).map_err(|error| damaged().because(&error))?;
    let says = run.item_at(0).and_then(|item| Opening::decode(run.body_bytes(item)?).ok());
    let fits = run.log() == log && run.items().len() == 1 && says.is_some_and(|opening| opening.member == *member);
    if fits { Ok(run) } else { Err(damaged()) }
}

/// Where it lies. A name without the network is that of an earlier version of the program, whose homes had one each.
fn path_of(home: &Home, network: &Hash, log: &PublicKey) -> PathBuf {
    let earlier = home.keys_dir().join(format!("opening-{log}"));
    // One that cannot be read at all may be this one: it is said to be damaged then, and not made again.
    let is_of_another = |bytes: Vec<u8>| ReceivedRun::receive(bytes).is_ok_and(|run| run.verify(network).is_err());
    let found = disk::read_if_there(&earlier, FILE_MAX).ok().flatten();
    if found.is_some_and(|bytes| !is_of_another(bytes)) {
        return earlier;
    }
    // Short enough for a backup, which holds names of some length only.
    let first = |hex: String| hex.chars().take(24).collect::<String>();
    home.keys_dir().join(format!("opening-{}-{}", first(log.to_hex()), first(network.to_hex())))
}

fn sign(network: &Hash, member: &MemberId, key: &PublishKey) -> Result<Vec<u8>, ApiError> {
    let opening = Opening { key_use: KeyUse::Publish, salt: random_salt()?, member: member.clone() }.encode();
    let statement = Statement {
        log: PublicKey::from_bytes(key.public()),
        seq: 0,
        body: BodyRef::to(&opening),
        kind: Kind::Log,
        prev: *network,
        time: now_ms(),
        audience: Audience::Public,
    };
    let mut bytes = Vec::new();
    push_item(&mut bytes, &statement.sign(network, key.signing_key()), Some(&opening));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_of_a_log_is_made_once_for_each_network() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        home.create().unwrap();
        let (key, network, other) = (PublishKey::from_seed(&[5; 32]), Hash::of(b"network"), Hash::of(b"other"));
        let member = MemberId::parse("PRY").unwrap();
        let first = opening_run(&home, &network, &member, &key).unwrap();
        assert_eq!(opening_run(&home, &network, &member, &key).unwrap().bytes(), first.bytes());
        let error = opening_run(&home, &network, &MemberId::parse("KEN").unwrap(), &key).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Store, "it says that it speaks for another");
        assert_ne!(opening_run(&home, &other, &member, &key).unwrap().bytes(), first.bytes());
        assert_eq!(opening_run(&home, &network, &member, &key).unwrap().bytes(), first.bytes());
        // As an earlier version of the program named it.
        let log = PublicKey::from_bytes(key.public());
        let earlier = home.keys_dir().join(format!("opening-{log}"));
        std::fs::rename(path_of(&home, &network, &log), &earlier).unwrap();
        assert_eq!(opening_run(&home, &network, &member, &key).unwrap().bytes(), first.bytes());
        std::fs::write(&earlier, b"damaged").unwrap();
        assert_eq!(opening_run(&home, &network, &member, &key).unwrap_err().kind, ErrorKind::Store, "not made again");
    }
}
