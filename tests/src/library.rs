//! What tests of real processes do with a library: publish a practice, read the titles, copy a home.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{collections::BTreeSet, fs, path::Path};

use crate::{World, practice};

/// Publishes a practice with this title from a home.
pub fn publish(world: &World, home: &str, title: &str) {
    let file = format!("{home}-{title}.md");
    world.write(&file, practice(title, 300));
    world.on(home, &["publish", &file]).good();
}

/// The titles of the practices that a home shows.
pub fn titles(world: &World, home: &str) -> BTreeSet<String> {
    let list = world.json(home, &["list"]);
    list["practices"].as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// Titles to compare with those of a home.
pub fn set(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}
