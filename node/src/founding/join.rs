//! Entering a network, with a ticket or with the founding bundle.
//!
//! The id of the network is written first: a crash in the middle leaves a home that belongs to the network and knows little
//! of it, which the next `join` or the first sync repairs. Everything else goes through the core's door, so that a bundle is
//! trusted no more than a peer.

use std::path::Path;

use nanduti_protocol::{charter::Charter, hash::Hash, limits, roster::Roster, run::VerifiedRun, ticket::Ticket};

use super::{
    document::Document,
    failure,
    identity::{self, NetworkInfo},
    init::write_config,
    sign::{now_ms, stored_adoption},
    types::JoinReply,
    verify::{Adoption, verify_founding},
};
use crate::{
    Config, Core, CoreError, CoreOptions, Home, HomeLock,
    api::{ApiError, ErrorKind, NodeRole},
    durable::{PRIVATE_FILE, write_file_durably},
    keys::KeyStore,
};

/// Enters the network of a ticket or of a founding bundle. A home without keys becomes an observer's. To join again adds what
/// the ticket or the bundle knows more.
///
/// # Errors
/// If it is neither ticket nor bundle, something in it does not verify, the home belongs to another network, is in use, or
/// the disk fails.
pub fn join(home: &Home, ticket_or_file: &str) -> Result<JoinReply, ApiError> {
    let (ticket, adoptions) = read_invitation(ticket_or_file)?;
    let network = ticket.network;
    home.create().map_err(|error| failure::home(&error))?;
    let _lock = HomeLock::acquire(home).map_err(|error| failure::lock(&error))?;
    let before = identity::network_of(home)?;
    if let Some(other) = before.as_ref().filter(|before| before.network != network) {
        return Err(failure::refused(format!("this home belongs to the network {} already", other.network))
            .hint("use another --home for another network"));
    }
    write_config(home)?;
    let config =
        Config::load(home, &[]).map_err(|error| failure::usage("the configuration cannot be used").because(&error))?;
    KeyStore::of(home).open_or_create_node().map_err(|error| failure::key("the node key cannot be used", &error))?;
    let adoptions = with_own(home, &network, adoptions)?;
    let ticket = merge(ticket, before)?;
    let charter = match adoptions.first() {
        Some(adoption) => Some(adoption.charter.clone()),
        None => charter_of(home)?,
    };
    check_roster(charter.as_ref(), &ticket)?;
    put(&identity::network_file(home), &network.to_hex())?;
    put(&identity::ticket_file(home), &ticket.to_text())?;
    let role = admit(home, &config, &ticket, in_order(&adoptions))?;
    Ok(JoinReply {
        network: network.to_hex(),
        network_name: charter.as_ref().map(|charter| charter.name.clone()),
        role,
        member: identity::member_of(home)?.map(|id| id.to_string()),
        needs_sync: charter.is_none(),
        carried_over: None,
    })
}

/// Reads the ticket, or the bundle with the ticket in it.
fn read_invitation(ticket_or_file: &str) -> Result<(Ticket, Vec<Adoption>), ApiError> {
    let text = ticket_or_file.trim();
    let looks_like_ticket = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("nanduti:"));
    if looks_like_ticket {
        let ticket = Ticket::parse(text).map_err(|error| {
            failure::usage("this is not a whole ticket").because(&error).hint("copy it again, from end to end")
        })?;
        return Ok((ticket, Vec::new()));
    }
    let path = Path::new(ticket_or_file);
    let document = Document::read(path).map_err(|error| match error.kind {
        ErrorKind::NotFound => error.hint("a ticket begins with `nanduti:`; anything else is taken for a file"),
        _ => error,
    })?;
    let (runs, ticket) = match document {
        Document::Founding(runs, ticket) => (runs, ticket),
        other => {
            return Err(failure::usage(format!("{} is {}", path.display(), other.name()))
                .hint("join with the bundle that `nanduti network seal` made, or with a ticket"));
        }
    };
    let adoptions = verify_founding(runs)
        .map_err(|error| failure::failed(format!("{} is not a founding bundle that holds", path.display()), &error))?;
    let charter = adoptions.first().map(|adoption| &adoption.charter);
    let roster = charter.map(Roster::founding);
    if roster.is_none_or(|roster| roster.network != ticket.network || roster.hash() != ticket.roster.hash) {
        return Err(failure::refused(format!("the ticket in {} is not that of its charter", path.display())));
    }
    Ok((ticket, adoptions))
}

/// What the bundle brings, and what this home signed itself.
fn with_own(home: &Home, network: &Hash, mut adoptions: Vec<Adoption>) -> Result<Vec<Adoption>, ApiError> {
    let Some(own) = stored_adoption(home, network)? else { return Ok(adoptions) };
    match adoptions.iter().find(|adoption| adoption.member == own.member) {
        Some(theirs) if theirs.root != own.root || theirs.log != own.log => {
            let message = format!("the bundle has another statement of {} than this home signed", own.member);
            Err(failure::refused(message).hint("a root key signs a draft once: a copy of this home signed it as well"))
        }
        Some(_) => Ok(adoptions),
        None => {
            adoptions.push(own);
            Ok(adoptions)
        }
    }
}

/// Root logs first: a publishing log counts only when its member's keyring is known.
fn in_order(adoptions: &[Adoption]) -> Vec<VerifiedRun> {
    let roots = adoptions.iter().map(|adoption| adoption.root.clone());
    roots.chain(adoptions.iter().map(|adoption| adoption.log.clone())).collect()
}

/// The charter that this home knows already.
fn charter_of(home: &Home) -> Result<Option<Charter>, ApiError> {
    let Some(bytes) = identity::charter_bytes_of(home)? else { return Ok(None) };
    let charter = Charter::decode(&bytes);
    charter
        .map(Some)
        .map_err(|error| ApiError::new(ErrorKind::Store, "the charter of this home is damaged").because(&error))
}

/// The newer pinned roster, and the addresses of both tickets, the new ones first.
fn merge(new: Ticket, before: Option<NetworkInfo>) -> Result<Ticket, ApiError> {
    let Some(old) = before.and_then(|before| before.ticket) else { return Ok(new) };
    if old.roster.version == new.roster.version && old.roster.hash != new.roster.hash {
        return Err(failure::refused(
            "the ticket names another list of members than the one that this home joined with",
        )
        .hint("one of the two tickets is forged: ask several members for theirs"));
    }
    let roster = if new.roster.version > old.roster.version { new.roster } else { old.roster };
    let mut addresses = new.addresses;
    for address in old.addresses {
        if !addresses.contains(&address) && addresses.len() < limits::TICKET_ADDRESSES_MAX {
            addresses.push(address);
        }
    }
    Ok(Ticket { roster, network: new.network, addresses })
}

/// A ticket that pins the founders' roster must pin the one of the charter, if that is known.
fn check_roster(charter: Option<&Charter>, ticket: &Ticket) -> Result<(), ApiError> {
    let contradicts = |charter: &Charter| ticket.roster.hash != Roster::founding(charter).hash();
    if ticket.roster.version == 0 && charter.is_some_and(contradicts) {
        return Err(failure::refused("the ticket names another list of founders than the charter"));
    }
    Ok(())
}

/// Lets the core take everything in, and asks it what this node is now. The core lives on a runtime of its own, in a thread
/// of its own, so that a caller may be inside another.
fn admit(home: &Home, config: &Config, ticket: &Ticket, runs: Vec<VerifiedRun>) -> Result<NodeRole, ApiError> {
    let author = identity::author_of(home)?;
    let options = CoreOptions {
        network: ticket.network,
        pinned: Some(ticket.roster),
        author: author.clone(),
        index_cache: config.storage.index_cache_bytes(),
        min_free: config.storage.min_free_bytes(),
        now_ms,
    };
    let work = || -> Result<NodeRole, ApiError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failure::failed("the store could not be opened", &error))?;
        let core = Core::open(home.clone(), options, runtime.handle()).map_err(|error| refused_by_core(&error))?;
        runtime.block_on(async {
            let admitted = admit_runs(&core, runs).await;
            let snapshot = core.snapshot();
            core.close().await;
            admitted?;
            let Some(author) = author else {
                let has_root = KeyStore::of(home).root_file().exists();
                return Ok(if has_root { NodeRole::NotAdmitted } else { NodeRole::Observer });
            };
            let authority = snapshot.ledger.authority();
            let standing = authority.and_then(|authority| authority.publishing(&author.log(), author.member()));
            let speaks = standing.is_some_and(|standing| standing.ends.is_none());
            Ok(if speaks { NodeRole::Member } else { NodeRole::NotAdmitted })
        })
    };
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(ApiError::new(ErrorKind::Failed, "the store could not be opened: it ended in a panic")))
}

async fn admit_runs(core: &Core, runs: Vec<VerifiedRun>) -> Result<(), ApiError> {
    for run in runs {
        let log = run.log();
        let admitted = core.admit(run).await.map_err(|error| refused_by_core(&error))?;
        if admitted.fork {
            return Err(failure::refused(format!("the log {log} contradicts what this home holds")));
        }
    }
    Ok(())
}

fn refused_by_core(error: &CoreError) -> ApiError {
    let kind = match error {
        CoreError::Refused(_) => ErrorKind::Refused,
        CoreError::Store(_) => ErrorKind::Store,
        _ => ErrorKind::Failed,
    };
    ApiError::new(kind, "the network could not be taken in").because(error)
}

fn put(path: &Path, line: &str) -> Result<(), ApiError> {
    write_file_durably(path, format!("{line}\n").as_bytes(), PRIVATE_FILE)
        .map_err(|error| failure::failed(format!("{} could not be written", path.display()), &error))
}
