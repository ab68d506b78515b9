//! `local/` as keys and values: the database's own files are no form to keep for years, and cannot be copied while they are
//! written to.

use serde_bytes::ByteBuf;

use super::{FILE_MAX, error::FormError, form::Item};

/// Bytes after which a part ends.
const PART: usize = 1024 * 1024;

/// A key with its value, and the tree that it belongs to.
type Pair = (ByteBuf, ByteBuf, ByteBuf);

/// What takes a part, with its path.
type Take<'a, E> = dyn FnMut(&str, Vec<u8>) -> Result<(), E> + 'a;

/// Hands everything that is in `local/` out, in parts.
///
/// # Errors
/// If the database cannot be read, something in it is too large, or what takes a part fails.
pub(super) fn export<E: From<sled::Error> + From<std::io::Error>>(
    local: &sled::Db,
    take: &mut Take<'_, E>,
) -> Result<(), E> {
    let (mut pairs, mut bytes, mut parts): (Vec<Pair>, usize, u32) = (Vec::new(), 0, 0);
    let mut names = local.tree_names();
    names.sort();
    for name in names {
        for pair in &local.open_tree(&name)? {
            let (key, value) = pair?;
            let len = name.len() + key.len() + value.len() + 32;
            if len > FILE_MAX - PART {
                return Err(std::io::Error::other("something in local/ is too large for a backup").into());
            }
            pairs.push((ByteBuf::from(name.to_vec()), ByteBuf::from(key.to_vec()), ByteBuf::from(value.to_vec())));
            bytes += len;
            if bytes > PART {
                take(&path(parts), encode(&std::mem::take(&mut pairs)))?;
                (bytes, parts) = (0, parts + 1);
            }
        }
    }
    if pairs.is_empty() { Ok(()) } else { take(&path(parts), encode(&pairs)) }
}

/// Puts a part back.
pub(super) fn import(local: &sled::Db, item: &Item) -> Result<(), FormError> {
    let failed = |error: sled::Error| FormError::Io(std::io::Error::other(error));
    for (name, key, value) in pairs(item)? {
        local.open_tree(&name).and_then(|tree| tree.insert(&*key, &**value)).map_err(failed)?;
    }
    Ok(())
}

/// Is this a part?
pub(super) fn check(item: &Item) -> Result<(), FormError> {
    pairs(item).map(drop)
}

fn pairs(item: &Item) -> Result<Vec<Pair>, FormError> {
    nanduti_protocol::cbor::decode_exact(&item.bytes).map_err(|_| FormError::Local(item.path.clone()))
}

fn encode(pairs: &Vec<Pair>) -> Vec<u8> {
    nanduti_protocol::cbor::encode(pairs)
}

fn path(part: u32) -> String {
    format!("local/{part:08}")
}
