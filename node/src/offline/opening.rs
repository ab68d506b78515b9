//! Entry 0 of a publishing log, made once and kept.
//!
//! The keyring fixes entry 0 by its hash before anybody has it, and it holds random bytes: to make it a second time would be a
//! second statement at its place, which is a fork. So it lies beside its key from the moment it is made.

use nanduti_protocol::{
    entry::{BodyRef, Statement},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::{KeyUse, Opening},
    kind::{Audience, Kind},
    run::{ReceivedRun, VerifiedRun, push_item},
};

use crate::{
    Home,
    api::{ApiError, ErrorKind},
    durable::{PRIVATE_FILE, create_file_durably},
    founding::{disk, failure, now_ms, random_salt},
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
    let path = home.keys_dir().join(format!("opening-{log}"));
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
