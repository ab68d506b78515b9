//! What another network would carry over, if this one were founded anew.
//!
//! Of each publishing log it is the last entry that counts, and that was written while its key had a right to speak. What this
//! network carried over itself goes on as its charter says. Nothing is changed here: to found a network is the founders' affair.

use data_encoding::HEXLOWER;
use nanduti_protocol::{
    authority::Authority,
    cbor,
    charter::{Charter, RULES},
    former::{Carried, Former as FormerNetwork},
    hash::Hash,
    key::PublicKey,
    keyring::Place,
    ledger::History,
};

use super::{
    Engine, Handle,
    failure::{failed, refused},
};
use crate::{
    api::{ApiError, Former, FormerReply},
    core::Snapshot,
    founding::charter_bytes_of,
};

impl Handle<Former> for Engine {
    async fn handle(&self, call: Former) -> Result<FormerReply, ApiError> {
        let snapshot = self.core.snapshot();
        let home = self.home.clone();
        self.blocking(move |_| {
            let bytes = charter_bytes_of(&home)?.ok_or_else(no_charter)?;
            let charter = Charter::decode(&bytes).map_err(|error| failed("the charter is damaged").because(&error))?;
            reply(&snapshot, &charter, &call)
        })
        .await
    }
}

fn reply(snapshot: &Snapshot, charter: &Charter, call: &Former) -> Result<FormerReply, ApiError> {
    let authority = snapshot.ledger.authority().ok_or_else(no_charter)?;
    if authority.roster().rules != RULES {
        return Err(refused("the members have gone over to rules that this version does not know")
            .hint("upgrade the program first: it cannot tell what counts"));
    }
    let mut formers = vec![FormerNetwork {
        logs: carried(snapshot, authority),
        name: authority.network_name().to_owned(),
        reason: String::new(),
        roster: authority.roster().clone(),
        consents: Vec::new(),
    }];
    // Consents are of the founders of this network, not of the next.
    formers.extend(charter.former.iter().map(|former| FormerNetwork { consents: Vec::new(), ..former.clone() }));
    let held = call.places.iter().map(|place| {
        let log = PublicKey::from_hex(&place.log)?;
        snapshot.hash_at(&log, place.seq).map(Hash::to_hex)
    });
    Ok(FormerReply {
        network: authority.network().to_hex(),
        name: authority.network_name().to_owned(),
        purpose: charter.purpose.clone(),
        former: HEXLOWER.encode(&cbor::encode(&formers)),
        practices: snapshot.counts.practices.values().sum(),
        held: held.collect(),
        warnings: warnings(snapshot),
    })
}

/// The logs of this network that count, each up to its last entry that does.
fn carried(snapshot: &Snapshot, authority: &Authority) -> Vec<Carried> {
    let mut carried = Vec::new();
    for (log, _) in snapshot.ledger.logs() {
        let Some(standing) = authority.standing(log).filter(|standing| !standing.is_root && standing.former.is_none())
        else {
            continue;
        };
        let counted = snapshot.ledger.counted(log, snapshot);
        let last = (0..counted).rev().find(|seq| standing.rights.at(*seq).is_some());
        let place = last.and_then(|seq| Some(Place { seq, hash: snapshot.hash_at(log, seq)? }));
        carried.extend(place.map(|last| Carried { log: *log, last, member: standing.member.id.clone() }));
    }
    carried
}

fn warnings(snapshot: &Snapshot) -> Vec<String> {
    let mut warnings = Vec::new();
    let authority = snapshot.ledger.authority();
    for (log, _) in snapshot.ledger.logs() {
        if let Some(fork) = snapshot.ledger.open_fork(log, snapshot) {
            let member = authority.and_then(|authority| authority.claimed_member(log)).map(ToString::to_string);
            warnings.push(format!(
                "the log {log} of {} is forked at place {}: only what stands below is carried over",
                member.unwrap_or_default(),
                fork.mark().seq
            ));
        }
    }
    if snapshot.counts.wanted > 0 {
        warnings.push(format!(
            "{} texts have not arrived in this home yet: synchronise it first, or take another home",
            snapshot.counts.wanted
        ));
    }
    warnings
}

fn no_charter() -> ApiError {
    refused("the charter of this network has not arrived yet").hint("`nanduti sync` fetches it")
}
