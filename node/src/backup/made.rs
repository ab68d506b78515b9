//! Backups made up for tests and fuzz targets: any files, with a manifest that fits them.

use std::io::{self, Write};

use nanduti_protocol::hash::Hash;

use super::{
    form::FormWriter,
    manifest::{FileLine, Manifest, VERSION},
    place::MANIFEST,
    seal::Sealing,
};

/// The network that every backup here is of.
pub(super) fn network() -> Hash {
    Hash::of(b"a network")
}

/// The files that a backup cannot do without.
pub(super) fn least() -> Vec<(String, Vec<u8>)> {
    vec![
        ("network/network".into(), format!("{}\n", network().to_hex()).into_bytes()),
        ("keys/node.pem".into(), b"a node key".to_vec()),
    ]
}

/// A manifest that lists these files.
pub(super) fn manifest(files: &[(String, Vec<u8>)]) -> Manifest {
    Manifest {
        version: VERSION,
        program: "0.1.0".into(),
        made_ms: 1_800_000_000_000,
        network: network(),
        member: None,
        peer_id: "a node".into(),
        all: false,
        own_logs: Vec::new(),
        logs: 0,
        entries: 0,
        files: files.iter().map(|(path, bytes)| FileLine::of(path, bytes)).collect(),
    }
}

/// The tar of these files.
pub(super) fn tar(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut form = FormWriter::new(Vec::new())?;
    files.iter().try_for_each(|(path, bytes)| form.add(path, bytes))?;
    form.finish()
}

/// These files, and the manifest that fits them.
pub(super) fn with_manifest(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let manifest = manifest(&files).encode().expect("a small one");
    files.push((MANIFEST.into(), manifest));
    files
}

/// A tar, compressed and sealed.
pub(super) fn sealed(tar: &[u8]) -> Vec<u8> {
    seal(&zstd::bulk::compress(tar, 1).expect("memory is there"))
}

/// Anything, with a seal that holds.
pub(super) fn seal(bytes: &[u8]) -> Vec<u8> {
    let mut sealing = Sealing::new(Vec::new());
    sealing.write_all(bytes).expect("memory takes everything");
    sealing.seal().expect("memory takes everything").0
}
