//! Hashes and the ids made of them.

use nanduti_protocol::{
    hash::{CID_COMMON_PREFIX, Hash},
    key::MemberId,
    kind::Kind,
};
use serde_json::{Value, json};

use super::hex;

pub(super) fn vectors() -> Value {
    let long = [b'a'; 3000];
    let inputs: [&[u8]; 4] = [b"", b"nanduti", &long[..1024], &long];
    let hashes: Vec<Value> = inputs
        .iter()
        .map(|bytes| {
            let hash = Hash::of(bytes);
            assert_eq!(Hash::from_cid(&hash.to_cid()), Some(hash));
            json!({"bytes": hex(bytes), "hash": hash.to_hex(), "cid": hash.to_cid(), "blob_cid": hash.to_blob_cid(),
                   "short": hash.short()})
        })
        .collect();
    let cid = Hash::of(b"nanduti").to_cid();
    let refused = [
        ("upper case", cid.to_uppercase()),
        ("the id of a blob", Hash::of(b"nanduti").to_blob_cid()),
        ("base58 of another multihash", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG".into()),
        ("cut off", cid[..cid.len() - 1].into()),
        ("white space", format!(" {cid}")),
    ];
    let refused: Vec<Value> = refused
        .into_iter()
        .map(|(name, text)| {
            super::refused(name, "cid", Hash::from_cid(&text).is_none().then_some("cid"), json!({"cid": text}))
        })
        .collect();
    let names = |good: bool, all: &[&str], read: &dyn Fn(&str) -> bool| {
        all.iter().for_each(|name| assert_eq!(read(name), good, "{name}"));
        json!(all)
    };
    let member = |text: &str| MemberId::parse(text).is_ok();
    let kind = |text: &str| Kind::parse(text).is_some();
    json!({
        "about": "BLAKE3 hashes, CIDs of entries and blobs, short ids, member ids, names of kinds (docs/spec/README.md)",
        "cid_common_prefix": CID_COMMON_PREFIX,
        "hashes": hashes,
        "refused_cids": refused,
        "member_ids": names(true, &["PRY", "PRY-DGDH", "WSM-1", "KEN-ABCDEFGHIJKL"], &member),
        "refused_member_ids": names(false, &["", "PR", "pry", "PRYX", "PRY-", "PRY-a", "PRY-ABCDEFGHIJKLM", "PRY-A-B", "PÑY", " PRY"], &member),
        "kinds": names(true, &["practice", "a", "x-1", "a-kind-of-thirty-two-characters-"], &kind),
        "refused_kinds": names(false, &["", "Practice", "prac tice", "práctica", "a_b", "a-kind-of-thirty-three-characters"], &kind),
    })
}
