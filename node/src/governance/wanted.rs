//! From what somebody wants changed to a proposal.

use nanduti_protocol::{
    ballot::{Amend, Change, Proposal, Replace},
    charter::{Bounds, Member, Quorum},
    hash::Hash,
    key::{MemberId, PublicKey},
    keyring::Place,
    ledger::{History, Ledger},
    limits,
    roster::{End, Roster},
};
use serde_bytes::ByteBuf;

use super::text::RequestText;
use crate::api::{ApiError, ErrorKind, LastEntry, WantedChange};

/// The proposal that makes these changes of the roster in force. Where a member's rights turn, each of its logs is named with the
/// last entry that stands as before: the one that was asked for, or the last that is held and counts. For who returns from a suspension
/// it is the last that is held: what the suspension left out stays out.
///
/// # Errors
/// If a change makes no sense.
pub(crate) fn proposal(
    ledger: &Ledger,
    history: &impl History,
    wanted: &[WantedChange],
    last: &[LastEntry],
) -> Result<Proposal, ApiError> {
    let authority = ledger.authority().ok_or_else(|| refused("the charter has not arrived yet"))?;
    let roster = authority.roster();
    let maker = Maker { ledger, history, roster, last };
    let mut changes = Vec::new();
    for change in merged(wanted, roster)? {
        changes.push(maker.change(change)?);
    }
    if let Some(unused) = last.iter().find(|last| !changes.iter().any(|change| names(change, last))) {
        return Err(usage(format!("no change of this proposal is about the log {}", unused.log)));
    }
    let settles = wanted.iter().any(|change| matches!(change, WantedChange::Settle { .. }));
    if settles && last.is_empty() {
        return Err(usage("to choose a branch, name an entry on it that stands as before")
            .hint("--last LOG=ENTRY, with the number of an entry where the branches have parted; or `nanduti fork choose LOG ENTRY`"));
    }
    let proposal = Proposal { roster: roster.hash(), changes };
    if proposal.encode().len() > limits::PROPOSAL_MAX {
        return Err(usage("this is too much for one proposal").hint("make several, one after the other"));
    }
    proposal.apply(roster).map_err(|error| refused("this proposal makes no sense").because(&error))?;
    Ok(proposal)
}

fn names(change: &Change, last: &LastEntry) -> bool {
    let ends = match change {
        Change::Amend(Amend { ends, .. }) | Change::Replace(Replace { ends, .. }) => ends.as_slice(),
        _ => &[],
    };
    ends.iter().any(|end| end.log.to_hex().starts_with(&last.log.to_lowercase()))
}

/// A change of one thing.
enum One {
    Line { line: Member, suspended: bool, turns: bool },
    Other(WantedChange),
}

/// Changes of one member are one change.
fn merged(wanted: &[WantedChange], roster: &Roster) -> Result<Vec<One>, ApiError> {
    let mut all: Vec<One> = Vec::new();
    for change in wanted {
        let Some(id) = whose_line(change) else {
            all.push(One::Other(change.clone()));
            continue;
        };
        let member = member_of(roster, id)?;
        if !all.iter().any(|one| matches!(one, One::Line { line, .. } if line.id == member.id)) {
            let suspended = roster.is_suspended(&member.id);
            all.push(One::Line { line: member.clone(), suspended, turns: false });
        }
        for one in &mut all {
            if let One::Line { line, suspended, turns } = one
                && line.id == member.id
            {
                edit(change, line, suspended, turns)?;
            }
        }
    }
    Ok(all)
}

/// The member whose line a change is about.
fn whose_line(change: &WantedChange) -> Option<&str> {
    match change {
        WantedChange::Suspend { member }
        | WantedChange::Reinstate { member }
        | WantedChange::Settle { member }
        | WantedChange::Role { member, .. }
        | WantedChange::Name { member, .. }
        | WantedChange::Governance { member, .. }
        | WantedChange::Spare { member, .. } => Some(member),
        _ => None,
    }
}

fn edit(change: &WantedChange, line: &mut Member, suspended: &mut bool, turns: &mut bool) -> Result<(), ApiError> {
    match change {
        WantedChange::Suspend { .. } => (*suspended, *turns) = (true, true),
        WantedChange::Reinstate { .. } => (*suspended, *turns) = (false, true),
        WantedChange::Settle { .. } => *turns = true,
        WantedChange::Role { role, .. } => (line.role, *turns) = (role.clone(), true),
        WantedChange::Name { name, .. } => line.name.clone_from(name),
        WantedChange::Governance { key, .. } => line.governance = key.as_deref().map(parse_key).transpose()?,
        WantedChange::Spare { key, .. } => line.spare = key.as_deref().map(parse_key).transpose()?,
        _ => {}
    }
    Ok(())
}

struct Maker<'a, H> {
    ledger: &'a Ledger,
    history: &'a H,
    roster: &'a Roster,
    last: &'a [LastEntry],
}

impl<H: History> Maker<'_, H> {
    fn change(&self, one: One) -> Result<Change, ApiError> {
        Ok(match one {
            One::Line { line, suspended, turns } => {
                let before = member_of(self.roster, line.id.as_str())?;
                let returns = self.roster.is_suspended(&line.id) && !suspended;
                let ends = if turns { self.ends(before, returns)? } else { Vec::new() };
                Change::Amend(Amend { ends, line, suspended })
            }
            One::Other(WantedChange::Admit { request }) => Change::Admit(self.request(&request)?.0),
            One::Other(WantedChange::ReplaceRoot { request }) => {
                let (request, line) = self.request(&request)?;
                let ends = self.ends(member_of(self.roster, line.id.as_str())?, false)?;
                Change::Replace(Replace { ends, request })
            }
            One::Other(WantedChange::Quorum { over, of }) => Change::Quorum(Quorum(over, of)),
            One::Other(WantedChange::Bounds { keys, log_bytes, log_entries }) => {
                let now = self.roster.bounds;
                Change::Bounds(Bounds {
                    keys: keys.unwrap_or(now.keys),
                    log_bytes: log_bytes.unwrap_or(now.log_bytes),
                    log_entries: log_entries.unwrap_or(now.log_entries),
                })
            }
            One::Other(WantedChange::Rules { number }) => Change::Rules(number),
            One::Other(_) => return Err(usage("a change of a member's line is merged with others of the same line")),
        })
    }

    fn request(&self, text: &str) -> Result<(ByteBuf, Member), ApiError> {
        let request = RequestText::parse(text).map_err(|error| {
            usage("this is not a request")
                .because(&error)
                .hint("ask for the line that `nanduti member request` printed")
        })?;
        if request.network != self.roster.network {
            return Err(refused(format!("{} asks to join another network", request.line.id)));
        }
        Ok((ByteBuf::from(request.request), request.line))
    }

    /// The logs of a member, each with the last entry that stands as before. Who returns from a suspension is heard again above all that
    /// is held here: what was left out stays out.
    fn ends(&self, member: &Member, returns: bool) -> Result<Vec<End>, ApiError> {
        let mut logs: Vec<PublicKey> = vec![member.root];
        if let Some((_, keyring)) = self.ledger.authority().and_then(|authority| authority.keyring(&member.id)) {
            logs.extend(keyring.keys.iter().map(|line| line.key).filter(|key| self.ledger.extent(key).is_some()));
        }
        logs.sort_unstable();
        logs.dedup();
        logs.into_iter().map(|log| Ok(End { log, last: self.last_of(&log, returns)? })).collect()
    }

    fn last_of(&self, log: &PublicKey, returns: bool) -> Result<Option<Place>, ApiError> {
        let asked: Vec<&LastEntry> =
            self.last.iter().filter(|last| log.to_hex().starts_with(&last.log.to_lowercase())).collect();
        let seq = match asked.as_slice() {
            [] if returns => self.ledger.extent(log).and_then(|extent| extent.next.checked_sub(1)),
            [] => self.ledger.counted(log, self.history).checked_sub(1),
            [one] => one.seq,
            _ => return Err(usage(format!("the last entry of the log {log} is named twice"))),
        };
        let Some(seq) = seq else { return Ok(None) };
        let told = asked.first().and_then(|last| last.hash.as_deref());
        let told =
            told.map(|hash| Hash::from_hex(hash).ok_or_else(|| usage(format!("`{hash}` is not the hash of an entry"))));
        let hash = told.transpose()?.or_else(|| self.history.hash_at(log, seq));
        let place = hash.map(|hash: Hash| Place { seq, hash });
        place.map(Some).ok_or_else(|| {
            ApiError::new(ErrorKind::NotFound, format!("entry {seq} of the log {log} is not held here"))
                .hint("name the last entry by its number in the log, as `nanduti show` prints it")
        })
    }
}

fn member_of<'a>(roster: &'a Roster, id: &str) -> Result<&'a Member, ApiError> {
    let parsed = MemberId::parse(&id.to_ascii_uppercase()).map_err(|error| usage(error.to_string()))?;
    roster.member(&parsed).ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, format!("{parsed} is no member")).hint("`nanduti member list` lists them")
    })
}

fn parse_key(text: &str) -> Result<PublicKey, ApiError> {
    PublicKey::from_hex(text.trim()).ok_or_else(|| {
        usage(format!("`{text}` is not a public key in hexadecimal"))
            .hint("`nanduti key governance` and `nanduti key spare` print the public half of what they make")
    })
}

fn usage(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Usage, message)
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorKind::Refused, message)
}
