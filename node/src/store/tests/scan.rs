//! Every way in which a small log can be torn or damaged.

use std::fs;

use nanduti_protocol::{hash::Hash, kind::Kind};

use super::chains::{Chain, World};
use crate::{
    Home,
    store::{LogScan, Repair, Watermark},
};

struct Desk {
    _dir: tempfile::TempDir,
    home: Home,
    world: World,
    chain: Chain,
}

/// What was read: hashes in order, and what had to be repaired.
struct Read {
    hashes: Vec<Hash>,
    repairs: Vec<Repair>,
}

impl Desk {
    fn new(chain: impl FnOnce(&World) -> Chain) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let world = World::new();
        let chain = chain(&world);
        fs::create_dir_all(home.log_dir(chain.id().as_bytes())).unwrap();
        Self { _dir: dir, home, world, chain }
    }

    fn put(&self, first: u64, bytes: &[u8]) {
        fs::write(self.home.segment_file(self.chain.id().as_bytes(), first), bytes).unwrap();
    }

    fn scan(&self) -> LogScan {
        LogScan::new(self.home.clone(), self.world.network, self.chain.id())
    }

    fn read_by(&self, scan: &LogScan) -> Read {
        let mut hashes = Vec::new();
        let from = Watermark { next: 0, head: self.world.network, file: None };
        let scanned = scan
            .read(from, &mut |run, _| {
                hashes.extend(run.items().iter().map(|item| item.hash));
                Ok(())
            })
            .unwrap();
        assert!(scanned.next >= hashes.len() as u64);
        Read { hashes, repairs: scanned.repairs }
    }

    fn read(&self) -> Read {
        self.read_by(&self.scan())
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_nothing_else_is() {
    let desk = Desk::new(|world| world.log(0, 1).practices(2));
    let (bytes, ends) = (desk.chain.pieces(0, 3), desk.chain.ends());
    for len in 0..=bytes.len() {
        desk.put(0, &bytes[..len]);
        let whole = ends.iter().filter(|end| **end <= len).count();
        let mend = len % 61 == 0;
        let read = if mend { desk.read() } else { desk.read_by(&desk.scan().read_only()) };
        assert_eq!(read.hashes, desk.chain.hashes[..whole], "torn at {len}");
        let kept = if whole == 0 { 0 } else { ends[whole - 1] };
        match &read.repairs[..] {
            [] => assert!(len == kept, "torn at {len} and not noticed"),
            [Repair::Cut { len: cut, bytes: lost, .. }] => {
                assert_eq!((*cut, *lost), (kept as u64, (len - kept) as u64))
            }
            other => panic!("torn at {len}: {other:?}"),
        }
        if mend {
            let read = desk.read();
            assert!(read.repairs.is_empty() && read.hashes.len() == whole, "the second look at {len}");
        }
    }
}

#[test]
fn zeros_at_the_end_are_a_torn_write() {
    let desk = Desk::new(|world| world.log(0, 1).practices(1));
    desk.put(0, &[desk.chain.pieces(0, 2), vec![0; 4096]].concat());
    assert!(matches!(&desk.read().repairs[..], [Repair::Cut { bytes: 4096, .. }]));
}

#[test]
fn a_flipped_bit_anywhere_is_damage_and_never_shows() {
    let desk = Desk::new(|world| world.log(0, 1).practices(2));
    let (bytes, ends) = (desk.chain.pieces(0, 3), desk.chain.ends());
    let look = desk.scan().read_only();
    for at in 0..bytes.len() {
        for bit in [0, 3, 5, 7] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            desk.put(0, &flipped);
            let hit = ends.iter().filter(|end| **end <= at).count();
            let read = desk.read_by(&look);
            assert_eq!(read.hashes, desk.chain.hashes[..hit], "bit {bit} of byte {at}");
            let [Repair::SetAside { damage, .. }] = &read.repairs[..] else {
                panic!("bit {bit} of byte {at}: {:?}", read.repairs)
            };
            let begin = if hit == 0 { 0 } else { ends[hit - 1] };
            assert_eq!(damage.offset as usize, begin, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn nothing_that_was_set_aside_is_thrown_away() {
    let desk = Desk::new(|world| world.log(0, 1).practices(2));
    let bytes = desk.chain.pieces(0, 3);
    for (count, at) in [0, 10, 300, bytes.len() - 1].into_iter().enumerate() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        desk.put(0, &flipped);
        desk.read();
        let kept = fs::read_dir(desk.home.path().join("set-aside").join(desk.chain.id().to_hex())).unwrap().count();
        assert_eq!(kept, count + 1);
        assert!(desk.read().repairs.is_empty(), "mended");
    }
}

#[test]
fn entries_that_no_signature_vouches_for_are_damage() {
    let desk = Desk::new(|world| {
        let mut chain = world.log(0, 1).practices(1);
        chain.push_unsigned(Kind::Practice, b"unsigned");
        chain
    });
    desk.put(0, &desk.chain.pieces(0, 3));
    let read = desk.read();
    assert_eq!(read.hashes, desk.chain.hashes[..2]);
    assert!(matches!(&read.repairs[..], [Repair::SetAside { .. }]), "{:?}", read.repairs);
}

#[test]
fn an_entry_by_its_chain_alone_is_read_with_the_anchor_behind_it() {
    let desk = Desk::new(|world| {
        let mut chain = world.log(0, 1);
        chain.push_unsigned(Kind::Practice, b"unsigned");
        chain.practice("signed");
        chain
    });
    desk.put(0, &desk.chain.piece(0, 3));
    let read = desk.read();
    assert_eq!((read.hashes, read.repairs), (desk.chain.hashes.clone(), Vec::new()));
}

#[test]
fn a_missing_file_is_damage_of_the_one_behind_it() {
    let desk = Desk::new(|world| world.log(0, 1).practices(3));
    desk.put(0, &desk.chain.pieces(0, 1));
    desk.put(2, &desk.chain.pieces(2, 3));
    desk.put(3, &desk.chain.pieces(3, 4));
    let read = desk.read_by(&desk.scan().read_only());
    let [Repair::SetAside { damage, .. }] = &read.repairs[..] else { panic!("{:?}", read.repairs) };
    assert!(damage.what.contains("1 to 1 are missing"), "{damage}");
    assert_eq!(read.hashes.len(), 3, "those behind the gap are looked at too");
}

#[test]
fn stray_files_are_left_alone_or_set_aside() {
    let desk = Desk::new(|world| world.log(0, 1).practices(3));
    desk.put(0, &desk.chain.pieces(0, 2));
    desk.put(2, &desk.chain.pieces(2, 4));
    let folder = desk.home.log_dir(desk.chain.id().as_bytes());
    for name in ["2.seg.zst", "+2.seg.zst", "x.seg.zst", "00000000000000000002.seg.zst.tmp", ".new-x"] {
        fs::write(folder.join(name), b"stray").unwrap();
    }
    fs::create_dir(folder.join("folder.seg.zst")).unwrap();
    let read = desk.read();
    assert_eq!((read.hashes.len(), read.repairs.len()), (4, 0));
    desk.put(1, &desk.chain.pieces(1, 2));
    let read = desk.read();
    assert_eq!(read.hashes.len(), 4, "a file that repeats takes nothing with it");
    assert!(matches!(&read.repairs[..], [Repair::SetAside { .. }]));
    assert!(desk.read().repairs.is_empty());
}

#[test]
fn damage_takes_what_follows_it_along() {
    let desk = Desk::new(|world| world.log(0, 1).practices(5));
    for (first, damaged) in [(0, false), (2, true), (4, false)] {
        let mut bytes = desk.chain.pieces(first, first + 2);
        if damaged {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        }
        desk.put(first, &bytes);
    }
    let looked = desk.read_by(&desk.scan().read_only());
    assert_eq!((looked.hashes.len(), looked.repairs.len()), (5, 1), "looking goes on behind the damage");
    let read = desk.read();
    assert_eq!(read.hashes, desk.chain.hashes[..3]);
    let [Repair::SetAside { damage, reached }] = &read.repairs[..] else { panic!("{:?}", read.repairs) };
    assert!(damage.file.ends_with("00000000000000000002.seg.zst") && damage.offset > 0 && *reached >= 4);
    assert!(desk.read().repairs.is_empty());
}
