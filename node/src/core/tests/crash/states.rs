//! The states in which a crash can leave the files of a home, made from the steps that were taken.
//!
//! After a killed process everything is there that was written. After a power cut there is for certain only what was flushed:
//! the content of a file by flushing the file, its name by flushing the folder. Of the rest anything may be there: writes in
//! another order, sectors of them, zeros in the place of them, names of some files and not of others. A file that is given
//! another name has the old or the new one, until both folders are flushed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::disk::watch::{Folder, Kept, SLED, Taken};

const SECTOR: usize = 512;

/// Numbers that look random, from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Debug, Default, Clone)]
struct Content {
    flushed: Vec<u8>,
    now: Vec<u8>,
}

/// A change of names, and the folders that have to be flushed before it is certain.
#[derive(Debug, Clone)]
struct Naming {
    folders: BTreeSet<PathBuf>,
    gone: Option<PathBuf>,
    here: Option<(PathBuf, Node)>,
}

/// The files of a home, as steps have left them.
#[derive(Debug, Default, Clone)]
pub(super) struct Disk {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, Node>,
    certain: BTreeMap<PathBuf, Node>,
    uncertain: Vec<Naming>,
    /// What sled's folders held when they were flushed last.
    flushed: BTreeMap<&'static str, Folder>,
    flushing: BTreeSet<&'static str>,
    /// What they hold now.
    sled: BTreeMap<&'static str, Folder>,
    /// The last number that was noted.
    pub(super) noted: usize,
}

/// What is left of that which was not flushed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left {
    Nothing,
    /// Names and no content.
    Names,
    /// Content and no names.
    Contents,
    /// Some names; a beginning of what was written.
    Beginnings,
    /// Some names; some sectors of what was written, and zeros for the others.
    Sectors,
}

pub(super) const LEFT: [Left; 5] = [Left::Nothing, Left::Names, Left::Contents, Left::Beginnings, Left::Sectors];

impl Disk {
    /// What was there just before this step: sled's folders.
    pub(super) fn before(&mut self, kept: &Kept) {
        for name in std::mem::take(&mut self.flushing) {
            self.flushed.insert(name, kept.sled[name].clone());
        }
        self.sled = kept.sled.clone();
    }

    /// Takes a step.
    pub(super) fn take(&mut self, kept: &Kept) {
        match &kept.taken {
            Taken::Create(path) if !self.names.contains_key(path) => {
                self.contents.push(Content::default());
                self.put(path, Node::File(self.contents.len() - 1));
            }
            Taken::Create(_) => {}
            Taken::MakeDir(path) => self.put(path, Node::Folder),
            Taken::Write(path, bytes) => self.content(path).now.extend_from_slice(bytes),
            Taken::SetLen(path, len) => self.content(path).now.resize(*len as usize, 0),
            Taken::Sync(path) => {
                let content = self.content(path);
                content.flushed = content.now.clone();
            }
            Taken::SyncDir(folder) => self.sync_dir(folder),
            Taken::Rename(from, to) => {
                // sled's folders are no files of ours.
                let Some(node) = self.names.remove(from) else { return };
                self.names.insert(to.clone(), node);
                let folders = [folder_of(from), folder_of(to)].into();
                self.uncertain.push(Naming { folders, gone: Some(from.clone()), here: Some((to.clone(), node)) });
            }
            Taken::Remove(path) => {
                self.names.remove(path);
                let folders = [folder_of(path)].into();
                self.uncertain.push(Naming { folders, gone: Some(path.clone()), here: None });
            }
            Taken::Flush(path) => self.flushing.extend(SLED.iter().find(|name| Path::new(name) == path)),
            // It stands in sled's folders, as far as it stands anywhere.
            Taken::Index => {}
            Taken::Note(number) => self.noted = *number,
        }
    }

    fn put(&mut self, path: &Path, node: Node) {
        self.names.insert(path.to_path_buf(), node);
        let folders = [folder_of(path)].into();
        self.uncertain.push(Naming { folders, gone: None, here: Some((path.to_path_buf(), node)) });
    }

    fn content(&mut self, path: &Path) -> &mut Content {
        let Some(Node::File(number)) = self.names.get(path) else { panic!("{} is no file", path.display()) };
        &mut self.contents[*number]
    }

    fn sync_dir(&mut self, folder: &Path) {
        for naming in &mut self.uncertain {
            naming.folders.remove(folder);
        }
        for naming in self.uncertain.extract_if(.., |naming| naming.folders.is_empty()) {
            naming.apply(&mut self.certain);
        }
    }

    /// Makes the files as a process leaves them that is killed now; `half` of what it is just writing, if it is.
    pub(super) fn killed(&self, half: Option<(&Path, &[u8])>, to: &Path) {
        self.write(&self.names, to, |path, content| match half {
            Some((written, bytes)) if written == path => [&content.now[..], &bytes[..bytes.len() / 2]].concat(),
            _ => content.now.clone(),
        });
        self.write_sled(to, |_, _, now| now);
    }

    /// Makes the files as a power cut may leave them now.
    pub(super) fn cut_off(&self, left: Left, dice: &mut Dice, to: &Path) {
        let mut names = self.certain.clone();
        for naming in &self.uncertain {
            let there = match left {
                Left::Nothing | Left::Contents => false,
                Left::Names => true,
                Left::Beginnings | Left::Sectors => dice.coin(),
            };
            if there {
                naming.apply(&mut names);
            }
        }
        let choices: Vec<Vec<u8>> = self.contents.iter().map(|content| content.left(left, dice)).collect();
        let at = |content: &Content| self.contents.iter().position(|other| std::ptr::eq(other, content)).unwrap();
        self.write(&names, to, |_, content| choices[at(content)].clone());
        let torn = dice.below(3);
        self.write_sled(to, |name, path, now| {
            let flushed = self.flushed.get(name).and_then(|folder| folder.get(path)).cloned().unwrap_or_default();
            match torn {
                0 => flushed,
                1 => now,
                _ => mixed(&flushed, now, dice),
            }
        });
    }

    fn write(&self, names: &BTreeMap<PathBuf, Node>, to: &Path, content: impl Fn(&Path, &Content) -> Vec<u8>) {
        for (path, node) in names {
            match node {
                Node::Folder => fs::create_dir_all(to.join(path)).unwrap(),
                // A file in a folder that is not there is not there either.
                Node::File(number) if to.join(folder_of(path)).is_dir() => {
                    fs::write(to.join(path), content(path, &self.contents[*number])).unwrap();
                }
                Node::File(_) => {}
            }
        }
    }

    fn write_sled(&self, to: &Path, mut choose: impl FnMut(&str, &Path, Vec<u8>) -> Vec<u8>) {
        for (name, folder) in &self.sled {
            for (path, bytes) in folder.iter() {
                let file = to.join(name).join(path);
                let bytes = choose(name, path, bytes.clone());
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        if let Some(path) = &self.gone {
            names.remove(path);
        }
        if let Some((path, node)) = &self.here {
            names.insert(path.clone(), *node);
        }
    }
}

impl Content {
    fn left(&self, left: Left, dice: &mut Dice) -> Vec<u8> {
        let (flushed, now) = (&self.flushed, &self.now);
        match left {
            _ if flushed == now => now.clone(),
            Left::Nothing | Left::Names => flushed.clone(),
            Left::Contents => now.clone(),
            // It was cut: that is there or not.
            _ if now.len() < flushed.len() => {
                if dice.coin() {
                    now.clone()
                } else {
                    flushed.clone()
                }
            }
            Left::Beginnings => now[..flushed.len() + dice.below(now.len() - flushed.len() + 1)].to_vec(),
            Left::Sectors => {
                let mut bytes = now.clone();
                let mut sector = flushed.len() / SECTOR * SECTOR;
                while sector < bytes.len() {
                    let end = (sector + SECTOR).min(bytes.len());
                    if dice.coin() {
                        bytes[sector.max(flushed.len())..end].fill(0);
                    }
                    sector = end;
                }
                bytes
            }
        }
    }
}

/// Sectors of the one and of the other.
fn mixed(flushed: &[u8], now: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = now;
    for (number, sector) in bytes.chunks_mut(SECTOR).enumerate() {
        let old = flushed.get(number * SECTOR..).unwrap_or_default();
        if dice.coin() {
            let held = old.len().min(sector.len());
            sector[..held].copy_from_slice(&old[..held]);
            sector[held..].fill(0);
        }
    }
    bytes
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}
