//! Founding a network anew, where so many root keys are lost that the old one can decide nothing any more.
//!
//! ```text
//! each founder   init      a new home with new keys: keys serve one network         PRY.card
//! who still has its old root key
//!                consent   the old key's word for the new one                       PRY.consent
//! one of them    refound   the charter, from cards, consents and the old library    draft.nanduti
//! ```
//!
//! Then it goes on as at any founding. What the charter says of the former network is taken from a home of it, and a founder or
//! whoever joins can compare it with a home of its own ([`Claims::compare`]).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use nanduti_protocol::{
    cbor,
    charter::{Charter, Member},
    former::{Carried, Former},
    hash::Hash,
    key::PublicKey,
    limits,
    roster::Roster,
};

use super::{
    consent::{ConsentText, is_consent},
    document::{Document, FILE_MAX},
    draft::{members_of, random_salt, warnings, write_draft},
    failure,
};
use crate::api::{ApiError, CarriedView, FormerMember, FormerReply, FormerView, LogPlace, RefoundReply};

/// From what a network is founded anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefoundOptions {
    /// Name of the new network.
    pub name: String,
    /// What it is for; the same as before if nothing is said.
    pub purpose: Option<String>,
    /// Why the former network is left.
    pub reason: String,
    /// Cards of all founders, and consents of those who have one.
    pub files: Vec<PathBuf>,
    /// The file to write.
    pub out: PathBuf,
}

/// A charter of a network that is founded anew, not written yet.
#[derive(Debug)]
pub struct Refounding {
    charter: Charter,
    out: PathBuf,
    practices: u64,
    warnings: Vec<String>,
}

/// Makes the charter of a network that carries the library of a former one over, on the terms of its roster in force. Nothing is
/// written.
///
/// # Errors
/// If a card or a consent is not one, a consent does not go with the card and the former roster, or the charter makes no sense.
pub fn refound(options: RefoundOptions, from: &FormerReply) -> Result<Refounding, ApiError> {
    let mut formers = formers_of(from)?;
    let (consents, cards): (Vec<PathBuf>, Vec<PathBuf>) = options.files.into_iter().partition(|path| is_consent(path));
    let members = members_of(&cards)?;
    let Some(last) = formers.first_mut() else { return Err(failure::refused("nothing was left")) };
    options.reason.trim().clone_into(&mut last.reason);
    for path in &consents {
        let consent = ConsentText::read(path)?;
        let wrong = |why: &str| failure::refused(format!("{} {why}", path.display()));
        if consent.network != last.network() {
            return Err(wrong("is a consent for another network than the one that is left"));
        }
        let line = consent.check(&members, &last.roster).map_err(|error| wrong("does not hold").because(&error))?;
        if let Err(place) = last.consents.binary_search_by(|known| known.member.cmp(&line.member)) {
            last.consents.insert(place, line);
        }
    }
    let roster = last.roster.clone();
    let charter = Charter {
        name: options.name,
        salt: random_salt()?,
        roles: roster.roles,
        rules: roster.rules,
        bounds: roster.bounds,
        former: formers,
        quorum: roster.quorum,
        members,
        purpose: options.purpose.unwrap_or_else(|| from.purpose.clone()),
    };
    charter.check().map_err(|error| failure::usage("this cannot be a charter").because(&error))?;
    // The founding bundle repeats it for each founder.
    if charter.encode().len() as u64 * (charter.members.len() as u64 + 1) > FILE_MAX {
        return Err(failure::usage("the charter is too large for so many founders")
            .hint("found the network with fewer, and admit the others by ballot"));
    }
    let mut warned = warnings(&charter);
    warned.extend(from.warnings.iter().cloned());
    Ok(Refounding { charter, out: options.out, practices: from.practices, warnings: warned })
}

impl Refounding {
    /// What it claims.
    pub fn view(&self) -> FormerView {
        views(&self.charter, false).into_iter().next().expect("it was made with a former network")
    }

    /// What will follow, in plain words.
    pub fn consequences(&self) -> Vec<String> {
        let view = self.view();
        let mut said = vec![
            format!("this drafts another network, `{}`, that takes the place of `{}`", self.charter.name, view.name),
            format!(
                "it carries over {} practices in {} logs as they were signed, up to the last entry that counts here now",
                self.practices, view.carried
            ),
            view.claim(),
        ];
        if !view.unproven().is_empty() {
            said.push(format!("founders without a consent of their former root key: {}", view.unproven().join(", ")));
        }
        if !view.absent().is_empty() {
            said.push(format!(
                "no founders: {}; their practices stand as they are, until a ballot admits them",
                view.absent().join(", ")
            ));
        }
        said.push(
            "the former network goes on for whoever stays in it: nobody's node follows this charter by itself; root logs, \
             ballots and drafts are not carried over"
                .into(),
        );
        said
    }

    /// Writes the draft.
    ///
    /// # Errors
    /// If the file exists and holds something else, or cannot be written.
    pub fn write(self) -> Result<RefoundReply, ApiError> {
        write_draft(&self.charter, &self.out)?;
        Ok(RefoundReply {
            network: self.charter.network().to_hex(),
            path: self.out.display().to_string(),
            members: self.charter.members.iter().map(|member| member.id.to_string()).collect(),
            former: self.view(),
            warnings: self.warnings,
        })
    }
}

/// The former networks of a charter, as people read them.
pub(crate) fn views(charter: &Charter, with_logs: bool) -> Vec<FormerView> {
    former_views(&charter.former, &charter.members, with_logs)
}

/// The same of what is said of former networks, beside these members.
pub(crate) fn former_views(formers: &[Former], founders: &[Member], with_logs: bool) -> Vec<FormerView> {
    formers.iter().map(|former| view(former, founders, with_logs)).collect()
}

fn view(former: &Former, founders: &[Member], with_logs: bool) -> FormerView {
    let roster = &former.roster;
    let votes = |member: &Member| roster.voters().any(|voter| voter.id == member.id);
    let members = roster.members.iter().map(|member| FormerMember {
        id: member.id.to_string(),
        name: member.name.clone(),
        votes: votes(member),
        founder: founders.iter().any(|founder| founder.id == member.id),
        proven: former.has_consent(&member.id),
    });
    let log = |carried: &Carried| CarriedView {
        log: carried.log.to_hex(),
        member: carried.member.to_string(),
        last: carried.last.seq,
        hash: carried.last.hash.to_hex(),
    };
    FormerView {
        network: former.network().to_hex(),
        name: former.name.clone(),
        reason: former.reason.clone(),
        roster_version: roster.version,
        roster_hash: roster.hash().to_hex(),
        voters: roster.voters().count() as u64,
        members: members.collect(),
        carried: former.logs.len() as u64,
        entries: former.logs.iter().map(|carried| carried.last.seq + 1).sum(),
        logs: if with_logs { former.logs.iter().map(log).collect() } else { Vec::new() },
    }
}

/// The charter of a draft or of a founding bundle, if it carries something over.
///
/// # Errors
/// If the file is neither, or its network was not founded anew.
pub fn claims_of(path: &Path) -> Result<Claims, ApiError> {
    let charter = match Document::read(path)? {
        Document::Draft(bytes) => Charter::decode(&bytes)
            .map_err(|error| failure::failed(format!("{} is not a charter", path.display()), &error))?,
        Document::Founding(runs, _) => {
            let adoptions = super::verify::verify_founding(runs).map_err(|error| {
                failure::failed(format!("{} is not a founding bundle that holds", path.display()), &error)
            })?;
            let first = adoptions.into_iter().next();
            first.map(|adoption| adoption.charter).ok_or_else(|| failure::usage("it has no founders"))?
        }
        other => return Err(failure::usage(format!("{} is {}", path.display(), other.name()))),
    };
    if charter.former.is_empty() {
        return Err(failure::refused(format!("`{}` was not founded anew: it carries nothing over", charter.name)));
    }
    Ok(Claims { formers: charter.former })
}

/// What a charter claims of former networks, to be compared with a home of one of them.
#[derive(Debug)]
pub struct Claims {
    pub(super) formers: Vec<Former>,
}

impl Claims {
    /// The places about which the home is to be asked.
    pub fn places(&self) -> Vec<LogPlace> {
        let logs = self.formers.iter().flat_map(|former| &former.logs);
        logs.map(|carried| LogPlace { log: carried.log.to_hex(), seq: carried.last.seq }).collect()
    }

    /// Compares what is claimed with what a home of the former network answers. Returns what is not wrong, and worth a look.
    ///
    /// # Errors
    /// If something that is claimed is not so.
    pub fn compare(&self, from: &FormerReply) -> Result<Vec<String>, ApiError> {
        let ours = formers_of(from)?;
        let own = ours.first().map(Former::network);
        let Some(claimed) = self.formers.iter().find(|former| Some(former.network()) == own) else {
            return Err(failure::refused(format!(
                "the charter does not name `{}` ({}) as a former network",
                from.name, from.network
            )));
        };
        let mut wrong = self.contradictions(&ours, from);
        let mut notes = Vec::new();
        if claimed.name != from.name {
            wrong.push(format!("it calls the former network `{}`, which is `{}`", claimed.name, from.name));
        }
        if let Some(ours) = ours.first() {
            compare_rosters(&claimed.roster, &ours.roster, &mut wrong, &mut notes);
            notes.extend(left_out(claimed, ours));
        }
        let unknown = from.held.iter().filter(|held| held.is_none()).count();
        if unknown > 0 {
            notes.push(format!(
                "{unknown} carried logs do not reach as far in this home as the charter says: it lags behind"
            ));
        }
        if wrong.is_empty() {
            return Ok(notes);
        }
        let mut error = failure::refused("the charter claims of the former network what is not so there")
            .hint("do not sign it and do not join with it before this is explained: ask whoever drafted it");
        error.causes = wrong;
        Err(error)
    }

    /// What is said of a log otherwise than this home knows it.
    fn contradictions(&self, ours: &[Former], from: &FormerReply) -> Vec<String> {
        let members: BTreeMap<PublicKey, &Carried> =
            ours.iter().flat_map(|former| &former.logs).map(|carried| (carried.log, carried)).collect();
        let claimed = self.formers.iter().flat_map(|former| &former.logs);
        let mut wrong = Vec::new();
        for (carried, held) in claimed.zip(&from.held) {
            let log = carried.log;
            if let Some(known) = members.get(&log).filter(|known| known.member != carried.member) {
                wrong.push(format!("the log {log} spoke for {}, and is claimed for {}", known.member, carried.member));
            }
            let hash = carried.last.hash.to_hex();
            if let Some(held) = held.as_ref().filter(|held| **held != hash) {
                let seq = carried.last.seq;
                wrong.push(format!(
                    "entry {seq} of the log {log} of {} is {held} in this home, and {hash} in the charter",
                    carried.member
                ));
            }
        }
        wrong
    }
}

fn compare_rosters(claimed: &Roster, ours: &Roster, wrong: &mut Vec<String>, notes: &mut Vec<String>) {
    if claimed.hash() == ours.hash() {
        return;
    }
    if claimed.version == ours.version {
        wrong.push(format!("its former roster {} is another one than that of this home", claimed.version));
    } else {
        notes.push(format!(
            "the charter names the former roster {}, and this home knows {}",
            claimed.version, ours.version
        ));
        let other = |member: &&Member| ours.member(&member.id).is_none_or(|known| known.root != member.root);
        let others: Vec<&str> = claimed.members.iter().filter(other).map(|member| member.id.as_str()).collect();
        if !others.is_empty() {
            notes.push(format!(
                "it names other former root keys than this home knows, of {}: their consents show nothing before that is explained",
                others.join(", ")
            ));
        }
    }
}

/// What counts in the former network and would not be carried over.
fn left_out(claimed: &Former, ours: &Former) -> Vec<String> {
    let said = |known: &Carried| match claimed.log(&known.log) {
        None => Some(format!("the log {} of {} is left out", known.log, known.member)),
        Some(carried) if carried.last.seq < known.last.seq => Some(format!(
            "the log {} of {} is carried over up to entry {}, and counts up to {} in this home",
            known.log, known.member, carried.last.seq, known.last.seq
        )),
        Some(_) => None,
    };
    ours.logs.iter().filter_map(said).collect()
}

/// What a home of the former network says of it.
pub(super) fn formers_of(from: &FormerReply) -> Result<Vec<Former>, ApiError> {
    let damaged = || failure::refused("the former home does not say what it holds in a form that can be read");
    let bytes = HEXLOWER.decode(from.former.as_bytes()).map_err(|error| damaged().because(&error))?;
    let formers: Vec<Former> = cbor::decode_exact(&bytes).map_err(|error| damaged().because(&error))?;
    if formers.len() > limits::FORMER_MAX {
        return Err(failure::usage(format!("a charter names at most {} former networks", limits::FORMER_MAX)));
    }
    let id = formers.first().map(Former::network);
    if id == Hash::from_hex(&from.network) { Ok(formers) } else { Err(damaged()) }
}
