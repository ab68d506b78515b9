//! The disk fails at each step of a backup and of a restoration, one after the other, and what is flushed when.

use std::{collections::BTreeSet, fs, path::Path};

use super::moments::{found, open, to};
use crate::{
    Handle, Home,
    api::Backup,
    backup::restore::check,
    disk::watch::{Plan, Taken, Watch},
    restore,
};

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A backup of a small node, in a folder of its own.
async fn backup(dir: &Path) -> std::path::PathBuf {
    found(dir, &["MAR", "PRY"]);
    let engine = open(&dir.join("PRY")).await;
    let file = dir.join("file");
    engine.handle(to(&file, true)).await.unwrap();
    engine.close().await;
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_left_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = backup(dir.path()).await;
    for empty in [false, true] {
        let table = dir.path().join(format!("table {empty}"));
        let home = table.join("home");
        fs::create_dir(&table).unwrap();
        // The first steps are much alike, and the same for both.
        let mut steps = if empty { 70 } else { 1 };
        loop {
            if empty {
                fs::create_dir_all(&home).unwrap();
            }
            let watch = Watch::new(&table, Plan::FailAt(steps), None);
            let restored = restore(&Home::at(&home), &file, &mut |_, _| {});
            drop(watch);
            let Err(error) = restored else { break };
            let there = if empty { names(&home) } else { names(&table) };
            assert!(there.is_empty(), "step {steps}: {there:?}, {error:?}");
            assert!(error.hint.is_some_and(|hint| hint.contains("nothing was left behind")), "step {steps}");
            steps += if steps < 70 { 7 } else { 1 };
        }
        assert!(steps > 75, "{steps} steps");
        assert!(names(&home).contains("restored") && !names(&home).iter().any(|name| name.starts_with('.')));
        assert_eq!(names(&table).len(), 1);
        let engine = open(&home).await;
        assert!(engine.core().warnings().is_empty());
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_flushed_before_it_is_the_home_and_the_marker_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let file = backup(dir.path()).await;
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    let watch = Watch::new(&home, Plan::Keep(Vec::new()), None);
    restore(&Home::at(&home), &file, &mut |_, _| {}).unwrap();
    let steps: Vec<Taken> = watch.kept().into_iter().map(|kept| kept.taken).collect();
    let within_home = |path: &Path| path.components().count() == 1;
    let moves: Vec<(usize, &Path)> = (0..)
        .zip(&steps)
        .filter_map(|(at, step)| match step {
            Taken::Rename(_, to) if within_home(to) => Some((at, to.as_path())),
            _ => None,
        })
        .collect();
    assert_eq!((moves[0].1, moves[moves.len() - 1].1), (Path::new("restored"), Path::new("network")));
    for (at, name) in &moves {
        assert!(matches!(&steps[at + 1], Taken::SyncDir(path) if path == Path::new("")), "{}", name.display());
    }
    let before = &steps[..moves[0].0];
    let mut written = BTreeSet::new();
    for (at, step) in (0..).zip(before) {
        let flushed =
            |path: &Path| before[at..].iter().any(|step| matches!(step, Taken::Sync(synced) if synced == path));
        let listed =
            |path: &Path| before[at..].iter().any(|step| matches!(step, Taken::SyncDir(synced) if synced == path));
        if let Taken::Create(path) | Taken::Write(path, _) = step {
            assert!(flushed(path) && listed(path.parent().unwrap()), "{}", path.display());
            written.insert(path);
        }
    }
    assert!(written.len() > 8 && before.iter().any(|step| matches!(step, Taken::Flush(_))), "`local/` too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    found(dir.path(), &["MAR", "PRY"]);
    let engine = open(&dir.path().join("PRY")).await;
    let folder = dir.path().join("backups");
    fs::create_dir(&folder).unwrap();
    let (new, old) = (folder.join("new"), folder.join("old"));
    fs::write(&old, "what was there").unwrap();
    for overwrite in [false, true] {
        let file = if overwrite { &old } else { &new };
        let mut steps = 1;
        loop {
            let watch = Watch::new(&folder, Plan::FailAt(steps), None);
            let made = engine.handle(Backup { overwrite, ..to(file, false) }).await;
            drop(watch);
            if made.is_ok() {
                break;
            }
            let is_whole = || check(&mut fs::File::open(file).unwrap(), &mut |_, _| {}).is_ok();
            let is_old = overwrite && fs::read(file).is_ok_and(|bytes| bytes == b"what was there");
            assert!(is_old || !file.exists() || is_whole(), "step {steps}");
            assert!(!names(&folder).iter().any(|name| name.starts_with('.')), "step {steps}");
            if !overwrite && file.exists() {
                fs::remove_file(file).unwrap();
            }
            steps += 1;
        }
        assert!(steps > 4, "{steps} steps");
    }
    engine.close().await;
}
