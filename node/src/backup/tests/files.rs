//! Any damage is refused, and whatever somebody puts into a file that is whole.

use std::{
    io::{Cursor, Write},
    process::{Command, Stdio},
};

use proptest::prelude::*;

use crate::backup::{
    FILE_MAX,
    error::FormError,
    form::{FormReader, unpacked},
    made::{self, least, manifest, network, seal, sealed, with_manifest},
    place::MANIFEST,
    restore::check,
    seal::SEAL_LEN,
};

type Files = Vec<(String, Vec<u8>)>;

/// A file by its path and its content.
fn file(path: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (path.to_owned(), bytes.to_vec())
}

/// What a home might have.
fn sample() -> Files {
    let mut files = least();
    files.push(file("config.toml", b"[network]\n"));
    files.push(file("keys/member", b"PRY\n"));
    let pairs = vec![(
        serde_bytes::ByteBuf::from(b"peers".to_vec()),
        serde_bytes::ByteBuf::from(b"one".to_vec()),
        serde_bytes::ByteBuf::from(vec![7; 300]),
    )];
    files.push(("local/00000000".into(), nanduti_protocol::cbor::encode(&pairs)));
    files.push((format!("logs/{}/00000000000000000000.seg.zst", "ab".repeat(32)), vec![1; 700]));
    files
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    made::tar(files).unwrap()
}

fn whole() -> Vec<u8> {
    sealed(&tar(&with_manifest(sample())))
}

fn read(bytes: &[u8]) -> Result<Vec<String>, FormError> {
    let (_, manifest, total) = check(&mut Cursor::new(bytes), &mut |_, _| {})?;
    assert_eq!(total, manifest.files.iter().map(|file| file.len).sum::<u64>());
    Ok(manifest.files.into_iter().map(|file| file.path).collect())
}

/// Why a tar is refused whose seal holds.
#[track_caller]
fn refused(tar: &[u8]) -> FormError {
    read(&sealed(tar)).expect_err("it must be refused")
}

#[test]
fn a_whole_backup_is_taken() {
    let paths: Vec<String> = sample().into_iter().map(|(path, _)| path).collect();
    assert_eq!(read(&whole()).unwrap(), paths);
}

#[test]
fn no_bit_of_it_can_be_another_and_no_byte_be_missing_or_more() {
    let whole = whole();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            assert!(read(&changed).is_err(), "bit {bit} of byte {at}");
        }
        assert!(read(&whole[..at]).is_err(), "cut at {at}");
        let mut without = whole.clone();
        without.remove(at);
        assert!(read(&without).is_err(), "without byte {at}");
    }
    for more in [&[0][..], &[0; 40], &whole] {
        assert!(read(&[&whole, more].concat()).is_err(), "{} bytes more", more.len());
    }
}

#[test]
fn no_bit_of_the_tar_can_be_another_behind_a_seal_that_holds() {
    let files = with_manifest(sample());
    let tar = tar(&files);
    let manifest = files.last().unwrap().1.len();
    let manifest =
        tar.len() - 1024 - manifest.next_multiple_of(512)..tar.len() - 1024 - manifest.next_multiple_of(512) + manifest;
    // Each byte with one bit changed, which one follows from the place: all of them would take minutes.
    for at in 0..tar.len() {
        let mut changed = tar.clone();
        changed[at] ^= 1 << (at % 8);
        let taken = read(&sealed(&changed));
        // What the manifest says of the node is compared with what is restored, and the rest of it with the files.
        assert!(taken.is_err() || manifest.contains(&at), "byte {at}: {taken:?}");
    }
    for at in (0..tar.len()).step_by(7) {
        refused(&tar[..at]);
    }
    refused(&[&tar[..], &[0; 512]].concat());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn several_changes_at_once_are_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let whole = whole();
        let mut changed = whole.clone();
        for (at, value) in changes {
            changed[at.index(whole.len())] ^= value;
        }
        if let Some(cut) = cut {
            changed.truncate(cut.index(whole.len()));
        }
        prop_assume!(changed != whole);
        prop_assert!(read(&changed).is_err());
    }
}

#[test]
fn a_path_that_no_home_has_is_refused_and_so_is_one_that_is_there_twice() {
    for path in ["../keys/node.pem", "/etc/passwd", "keys/../../x", "keys/.hidden", "restored", "lock", "index/db", "x"]
    {
        let mut files = least();
        files.push(file(path, b"hostile"));
        assert!(matches!(refused(&tar(&with_manifest(files))), FormError::Path(found) if found == path), "{path}");
    }
    let mut files = least();
    files.push(files[1].clone());
    assert!(matches!(refused(&tar(&with_manifest(files))), FormError::Twice(_)));
}

#[test]
fn a_header_has_one_form() {
    let whole = tar(&with_manifest(sample()));
    // The second header: behind the form and its content.
    let header = 1024;
    let with = |change: &dyn Fn(&mut [u8])| {
        let mut changed = whole.clone();
        change(&mut changed[header..header + 512]);
        // With a sum that fits, so that not the sum alone speaks against it.
        changed[header + 148..header + 156].copy_from_slice(b"        ");
        let sum: u32 = changed[header..header + 512].iter().map(|byte| u32::from(*byte)).sum();
        changed[header + 148..header + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        changed
    };
    assert!(read(&sealed(&with(&|_| {}))).is_ok());
    for kind in *b"\x001234567gxLKSV" {
        assert!(matches!(refused(&with(&|header| header[156] = kind)), FormError::Shape(_)), "kind {kind}");
    }
    for (what, at, bytes) in [
        ("a mode", 100, &b"0004755\0"[..]),
        ("an owner", 108, b"0000001\0"),
        ("a time", 136, b"00000000001\0"),
        ("the target of a link", 157, b"/etc/passwd"),
        ("the magic of GNU", 257, b"ustar  \0"),
        ("a prefix", 345, b".."),
        ("another spelling of the length", 124, b"       101 \0"),
        ("a length in binary", 124, b"\x80\0\0\0\0\0\0\0\0\0\0\x41"),
        ("something behind the name", 50, b"x"),
    ] {
        let changed = with(&|header| header[at..at + bytes.len()].copy_from_slice(bytes));
        assert!(matches!(refused(&changed), FormError::Shape(_)), "{what}");
    }
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let mut huge = tar(&least());
    huge.truncate(huge.len() - 1024);
    let mut header = huge[1024..1536].to_vec();
    header[124..136].copy_from_slice(format!("{:011o}\0", FILE_MAX + 1).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(matches!(refused(&[&huge[..], &header].concat()), FormError::Large(_)));

    // A gigabyte of zeros is small when compressed, and is refused where it begins.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(&huge).unwrap();
    for _ in 0..256 {
        encoder.write_all(&[0; 4 << 20]).unwrap();
    }
    let bomb = seal(&encoder.finish().unwrap());
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(read(&bomb), Err(FormError::Shape(_))));

    // Nor may unpacking take much memory.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&tar(&with_manifest(sample()))).unwrap();
    assert!(matches!(read(&seal(&encoder.finish().unwrap())), Err(FormError::Compression)));
}

#[test]
fn the_manifest_is_that_of_the_files() {
    let again = |change: &dyn Fn(&mut Files), files: Files| {
        let manifest = manifest(&files).encode().unwrap();
        let mut files = files;
        change(&mut files);
        files.push((MANIFEST.into(), manifest));
        refused(&tar(&files))
    };
    let is_of_manifest = |error: FormError| matches!(error, FormError::Manifest(_));
    assert!(is_of_manifest(again(&|files| files[2].1[0] ^= 1, sample())), "another content");
    assert!(is_of_manifest(again(&|files| files.swap(2, 3), sample())), "another order");
    assert!(is_of_manifest(again(&|files| drop(files.remove(3)), sample())), "a file is missing");
    assert!(is_of_manifest(again(&|files| files.push(file("keys/more", b"")), sample())), "a file too many");
    assert!(is_of_manifest(again(&|files| files[3].0 = "keys/other".into(), sample())), "another name");
    assert!(is_of_manifest(refused(&tar(&sample()))), "no manifest");
    let mut behind = with_manifest(sample());
    behind.push(file("keys/more", b""));
    assert!(matches!(refused(&tar(&behind)), FormError::Shape(_)), "something behind the manifest");
    assert!(is_of_manifest(refused(&tar(&with_manifest(least()[1..].to_vec())))), "no network");
    assert!(is_of_manifest(refused(&tar(&with_manifest(least()[..1].to_vec())))), "no node key");
    let mut other = least();
    other[0].1 = b"00".to_vec();
    assert!(is_of_manifest(refused(&tar(&with_manifest(other)))), "another network");
    assert_ne!(network(), nanduti_protocol::hash::Hash::default());
    let mut broken = sample();
    broken[4].1.push(0);
    assert!(matches!(refused(&tar(&with_manifest(broken))), FormError::Local(_)));
}

#[test]
fn what_is_later_or_something_else_is_said_to_be() {
    let mut files = sample();
    let mut manifest = manifest(&files);
    manifest.version = 2;
    files.push((MANIFEST.into(), manifest.encode().unwrap()));
    assert!(matches!(refused(&tar(&files)), FormError::OtherForm(2)));
    let with_form = |form: &[u8; 17]| {
        let mut tar = tar(&with_manifest(sample()));
        tar[512..529].copy_from_slice(form);
        refused(&tar)
    };
    assert!(matches!(with_form(b"nanduti backup 7\n"), FormError::OtherForm(7)));
    assert!(matches!(with_form(b"nanduti backup 1\n"), FormError::OtherForm(1)), "of an earlier version");
    assert!(matches!(with_form(b"another program.\n"), FormError::Foreign));
    assert!(matches!(read(b""), Err(FormError::Foreign)));
    assert!(matches!(read(&[7; 4096]), Err(FormError::Foreign)));
    assert!(matches!(read(&zstd::bulk::compress(&[7; 4096], 1).unwrap()), Err(FormError::Foreign | FormError::Seal)));
    assert!(matches!(read(&sealed(&[7; 4096])), Err(FormError::Shape(_))));
}

#[test]
fn any_tar_and_any_zstd_open_it() {
    let whole = whole();
    // With the seal, as `zstd -d` would see it: the frame is passed over.
    let unpacked_all = zstd::stream::decode_all(Cursor::new(&whole)).unwrap();
    assert_eq!(unpacked_all, tar(&with_manifest(sample())));
    let sealed_len = whole.len() - SEAL_LEN as usize;
    let mut reader = FormReader::new(unpacked(&whole[..sealed_len]).unwrap()).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().path, "network/network");

    let started = Command::new("tar").args(["-tf", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        assert!(std::env::var("NANDUTI_TEST_REQUIRE").as_deref() != Ok("all"), "there is no tar here");
        return;
    };
    child.stdin.take().unwrap().write_all(&unpacked_all).unwrap();
    let listed = child.wait_with_output().unwrap();
    assert!(listed.status.success());
    let listed = String::from_utf8(listed.stdout).unwrap();
    let paths: Vec<String> = with_manifest(sample()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(listed.lines().collect::<Vec<_>>(), [&["FORMAT".to_owned()], &paths[..]].concat());
}
