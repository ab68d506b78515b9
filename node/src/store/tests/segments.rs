//! Appending: all of a batch or none of it.

use std::fs;

use super::chains::{World, practice};
use crate::{
    Home,
    store::{Segments, StoreError},
};
use nanduti_protocol::kind::Kind;

#[test]
fn a_file_is_filled_to_its_bound_and_then_the_next_begins() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path());
    fs::create_dir_all(home.logs_dir()).unwrap();
    let world = World::new();
    let mut chain = world.log(0, 1);
    for _ in 0..12 {
        chain.push(Kind::Practice, &practice("large", 900_000));
    }
    let mut segments = Segments::new(home.clone(), 0);
    for seq in 0..chain.len() {
        segments.append(&[(&chain.run(seq, seq + 1), None)]).unwrap();
    }
    let tail = segments.tail(&chain.id()).unwrap();
    assert_eq!((tail.file, tail.files), (11, 3));
    assert_eq!(fs::metadata(home.segment_file(chain.id().as_bytes(), 11)).unwrap().len(), tail.len);
}

#[test]
fn a_batch_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path());
    fs::create_dir_all(home.logs_dir()).unwrap();
    let world = World::new();
    let (one, other) = (world.log(0, 1).practices(3), world.log(1, 2));
    let mut segments = Segments::new(home.clone(), 0);
    segments.append(&[(&one.run(0, 1), None)]).unwrap();
    let len = fs::metadata(home.segment_file(one.id().as_bytes(), 0)).unwrap().len();
    // A file stands where the folder of the other log should be made.
    fs::write(home.log_dir(other.id().as_bytes()), b"in the way").unwrap();
    assert!(matches!(segments.append(&[(&one.run(1, 4), None), (&other.all(), None)]), Err(StoreError::Io { .. })));
    assert_eq!(fs::metadata(home.segment_file(one.id().as_bytes(), 0)).unwrap().len(), len);
    segments.append(&[(&one.run(1, 4), None)]).unwrap();
    assert_eq!(
        fs::read(home.segment_file(one.id().as_bytes(), 0)).unwrap(),
        [one.piece(0, 1), one.piece(1, 4)].concat()
    );
}

#[test]
fn a_reserve_is_kept_free() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path());
    fs::create_dir_all(home.logs_dir()).unwrap();
    let mut segments = Segments::new(home, u64::MAX);
    assert!(matches!(segments.append(&[(&World::new().log(0, 1).all(), None)]), Err(StoreError::Full)));
}
