//! The founding of the demonstration's network: the real steps, all on this machine.
//!
//! Keys take long on purpose (their passphrase is stretched), so they are made and used on all cores. The first node has
//! to run before its address is known, so the charter is sealed twice: once for the first node to join with, once more
//! with the address in the ticket for everybody else. Sealing only puts together what is signed.
//!
//! Absent: secrecy. One random passphrase encrypts every root key of the demonstration.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use nanduti_node::{
    Home,
    api::{ApiError, ErrorKind},
    founding::{self, DraftOptions, InitOptions, SealReply},
    keys::Passphrase,
};

use super::members::Member;

const NAME: &str = "Demonstration of a network of NMIRFs";
const PURPOSE: &str = "Show how national mechanisms share practices without a central server. \
                       No State takes part in this network, and none has signed what it holds.";
/// What `nanduti init` calls a national mechanism. It says nothing about the State.
const ROLE: &str = "mechanism";

/// How far the founding is; it is looked at and called off from outside.
#[derive(Debug, Default)]
pub(super) struct Steps {
    done: AtomicUsize,
    called_off: AtomicBool,
}

impl Steps {
    /// Keys made and used so far: two steps a member.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Stops before the next key.
    pub(super) fn call_off(&self) {
        self.called_off.store(true, Ordering::Relaxed);
    }
}

/// A network whose charter is signed by all, and sealed without an address.
#[derive(Debug, Clone)]
pub(super) struct Founded {
    draft: PathBuf,
    signed: Vec<PathBuf>,
    bundle: PathBuf,
}

/// Where the node of a member lives.
pub(super) fn home_of(folder: &Path, member: &Member) -> Home {
    Home::at(folder.join(&member.id))
}

/// Founds the network in `folder`, up to the seal.
pub(super) fn found(
    folder: &Path,
    members: &[Member],
    passphrase: &Passphrase,
    steps: &Steps,
) -> Result<Founded, ApiError> {
    let papers = folder.join("founding");
    std::fs::create_dir(&papers).map_err(|error| unwritable(&papers, &error))?;
    let cards = each(members, steps, |member| {
        let who = InitOptions {
            member: Some(member.id.clone()),
            name: Some(member.name.clone()),
            role: Some(ROLE.to_owned()),
            ..InitOptions::default()
        };
        let reply = founding::init(&home_of(folder, member), who, Some(passphrase))?;
        reply
            .card
            .map(PathBuf::from)
            .ok_or_else(|| ApiError::new(ErrorKind::Failed, "a member was made without a card"))
    })?;
    let draft = papers.join("draft.nanduti");
    founding::draft(DraftOptions { name: NAME.to_owned(), purpose: PURPOSE.to_owned(), cards, out: draft.clone() })?;
    let signed = each(members, steps, |member| {
        let out = papers.join(format!("{}.signed", member.id));
        founding::sign(&home_of(folder, member), &draft, Some(&out), passphrase)?;
        Ok(out)
    })?;
    let founded = Founded { draft, signed, bundle: papers.join("founding.nanduti") };
    founded.seal(&[])?;
    Ok(founded)
}

impl Founded {
    /// Enters the network with the bundle as it stands.
    pub(super) fn join(&self, home: &Home) -> Result<(), ApiError> {
        founding::join(home, &self.bundle.display().to_string())?;
        Ok(())
    }

    /// Puts the addresses into the ticket, in place of the bundle that had none.
    pub(super) fn seal_again(&self, addresses: &[String]) -> Result<SealReply, ApiError> {
        std::fs::remove_file(&self.bundle).map_err(|error| unwritable(&self.bundle, &error))?;
        self.seal(addresses)
    }

    /// The founding bundle.
    pub(super) fn bundle(&self) -> &Path {
        &self.bundle
    }

    fn seal(&self, addresses: &[String]) -> Result<SealReply, ApiError> {
        founding::seal(&self.draft, &self.signed, addresses, &self.bundle)
    }
}

/// Does something slow for every member, on all cores; the results are in the order of the members.
fn each<T: Send>(
    members: &[Member],
    steps: &Steps,
    work: impl Fn(&Member) -> Result<T, ApiError> + Sync,
) -> Result<Vec<T>, ApiError> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<T, ApiError>)>> = Mutex::new(Vec::new());
    let worker = || {
        while !steps.called_off.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(member) = members.get(at) else { break };
            let result = work(member);
            steps.done.fetch_add(1, Ordering::Relaxed);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores.min(members.len()) {
            scope.spawn(worker);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    let results = results.into_iter().map(|(_, result)| result).collect::<Result<Vec<_>, _>>()?;
    if results.len() == members.len() {
        Ok(results)
    } else {
        Err(ApiError::new(ErrorKind::Failed, "the founding was called off"))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> ApiError {
    ApiError::new(ErrorKind::Failed, format!("{} cannot be written", path.display())).because(error)
}
