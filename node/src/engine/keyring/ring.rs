//! What a change makes of the lines of a keyring, by the rules by which one keyring follows another. Each refusal says which rule, and
//! what to do instead.

use nanduti_protocol::{
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Place},
    run::VerifiedRun,
};

use super::listed::{self, lower};
use crate::{
    api::{ApiError, KeyChange},
    core::{Core, Snapshot},
    engine::{
        failure::{not_found, refused, usage},
        places::{self, last_counted},
    },
    offline::{Offer, fingerprint},
};

/// Fewer characters of a key than this are not looked up.
const SHORTEST: usize = 4;

/// The lines of a keyring while it is made.
pub(super) struct Ring<'a> {
    pub(super) core: &'a Core,
    pub(super) snapshot: &'a Snapshot,
    pub(super) member: &'a MemberId,
    pub(super) lines: Vec<KeyLine>,
    /// Lines that former root keys listed, and that this keyring leaves out.
    pub(super) former: Vec<KeyLine>,
    /// Logs that begin with it.
    pub(super) openings: Vec<VerifiedRun>,
    /// The key that is cut off, and where.
    pub(super) cut: Option<(PublicKey, Option<Place>)>,
    pub(super) warnings: Vec<String>,
}

/// A fresh publishing key of this node: its line, and the opening of its log.
pub(super) struct Fresh {
    pub(super) line: KeyLine,
    pub(super) opening: VerifiedRun,
}

impl Ring<'_> {
    /// Changes the lines, and moves the checkpoints of all live keys on.
    pub(super) fn apply(
        &mut self,
        change: &KeyChange,
        own: Option<PublicKey>,
        fresh: Option<Fresh>,
        offer: Option<Offer>,
    ) -> Result<(), ApiError> {
        match change {
            KeyChange::Checkpoint => {}
            KeyChange::Replace { last } => self.replace(own, last.as_deref(), fresh)?,
            KeyChange::Add { .. } => self.add(offer)?,
            KeyChange::Retire { key } => {
                let at = self.find(key)?;
                self.retire(at, own)?;
            }
            KeyChange::Choose { key, entry } => {
                let at = self.find(key)?;
                self.choose(at, entry, own, fresh)?;
            }
            KeyChange::Revoke { key, last } => {
                self.take_up(key)?;
                let at = self.find(key)?;
                self.revoke(at, last.as_deref(), own)?;
            }
        }
        self.move_checkpoints();
        self.lines.sort_by_key(|line| line.key);
        Ok(())
    }

    fn replace(&mut self, own: Option<PublicKey>, last: Option<&str>, fresh: Option<Fresh>) -> Result<(), ApiError> {
        let Some(fresh) = fresh else { return Err(refused("this node has no key of its own to replace")) };
        let present = own.and_then(|own| self.lines.iter().position(|line| line.key == own));
        let live = present.filter(|at| matches!(self.lines.get(*at).map(|line| line.state), Some(KeyState::Live(_))));
        match (live, last) {
            (Some(at), Some(last)) => self.revoke(at, Some(last), None)?,
            (Some(at), None) => self.retire(at, None)?,
            (None, Some(_)) if present.is_some() || self.former.iter().any(|line| own == Some(line.key)) => {
                return Err(refused("the key of this node has ended already")
                    .hint("`nanduti key revoke KEY --last …` cuts it earlier; `nanduti key replace` without --last gives this node a fresh one"));
            }
            (None, _) => {}
        }
        self.lines.push(fresh.line);
        self.openings.push(fresh.opening);
        Ok(())
    }

    fn add(&mut self, offer: Option<Offer>) -> Result<(), ApiError> {
        let Some(offer) = offer else { return Err(usage("there is no offer of keys")) };
        for line in offer.lines() {
            let key = short(&line.key);
            let known = self.lines.iter().find(|known| known.key == line.key);
            if self.ended_by_ballot(&line.key).is_some()
                || known.is_some_and(|known| matches!(known.state, KeyState::Ended(_)))
            {
                return Err(refused(format!("the key {key} has ended, and an ended key never comes back"))
                    .hint("make fresh keys on the other node, and offer those"));
            }
            if known.is_some() {
                return Err(refused(format!("the keyring lists the key {key} already")));
            }
            self.lines.push(line.clone());
        }
        let openings = offer.openings().map_err(|error| refused("the offer does not hold").because(&error))?;
        self.openings.extend(openings);
        Ok(())
    }

    fn retire(&mut self, at: usize, own: Option<PublicKey>) -> Result<(), ApiError> {
        let Some(line) = self.lines.get(at).cloned() else { return Ok(()) };
        let KeyState::Live(checkpoint) = line.state else {
            return Err(refused(format!("the key {} has ended already", short(&line.key)))
                .hint("`nanduti key revoke KEY --last …` cuts it earlier"));
        };
        let last = match line.key_use {
            KeyUse::Node => None,
            KeyUse::Publish => Some(self.end_of(&line.key, checkpoint)?),
        };
        self.warn_of_own(&line, own);
        self.end(at, last);
        Ok(())
    }

    /// The last entry of a log, as far as this node and the keyring know it.
    fn end_of(&mut self, key: &PublicKey, checkpoint: Option<Place>) -> Result<Place, ApiError> {
        let held = last_counted(self.snapshot, key);
        if let Some(fork) = self.snapshot.ledger.open_fork(key, self.snapshot) {
            self.warnings.push(format!(
                "two entries {} of that key are known: the key ends below them unless `revoke` or `replace` names a later entry with --last,                  which chooses the branch that this node holds",
                fork.mark().seq
            ));
        }
        match (held, checkpoint) {
            (Some(held), Some(fixed)) if held.seq < fixed.seq => {
                self.warnings.push(format!(
                    "this node holds entries of that key up to {} only, and the keyring fixes entry {}: the key ends there, and later \
                     entries that others may hold stop counting",
                    held.seq, fixed.seq
                ));
                Ok(fixed)
            }
            (Some(held), _) => Ok(held),
            (None, Some(fixed)) => {
                self.warnings.push(format!(
                    "this node holds nothing of that key that counts: it ends at entry {}, which the keyring fixes",
                    fixed.seq
                ));
                Ok(fixed)
            }
            (None, None) => Err(refused("nothing is known of the log of that key").hint("`nanduti sync` fetches it")),
        }
    }

    fn revoke(&mut self, at: usize, last: Option<&str>, own: Option<PublicKey>) -> Result<(), ApiError> {
        let Some(line) = self.lines.get(at).cloned() else { return Ok(()) };
        let key = short(&line.key);
        if line.key_use == KeyUse::Node {
            if last.is_some() {
                return Err(usage("a node key signs no entries: it has no last one").hint("leave --last out"));
            }
            if matches!(line.state, KeyState::Ended(_)) {
                return Err(refused(format!("the key {key} has ended already")));
            }
            self.warn_of_own(&line, own);
            self.end(at, None);
            return Ok(());
        }
        let last = last.ok_or_else(|| {
            usage("a stolen key needs the last entry that is to count").hint(
                "--last ENTRY names it by its number or id, --last none lets nothing of the key count; \
                 `nanduti key revoke KEY` without it lists the last entries",
            )
        })?;
        let last = places::named(self.core, &line.key, last)?;
        match (line.state, last) {
            (KeyState::Ended(None), _) => return Err(refused(format!("nothing of the key {key} counts already"))),
            (KeyState::Ended(Some(old)), Some(new)) if new.seq >= old.seq => {
                return Err(refused(format!(
                    "the key {key} ended at entry {} already, and can only be cut earlier",
                    old.seq
                ))
                .hint("what a keyring has cut off never counts again: publish it anew with a key that lives"));
            }
            _ => {}
        }
        self.warn_of_own(&line, own);
        self.end(at, last);
        Ok(())
    }

    pub(super) fn end(&mut self, at: usize, last: Option<Place>) {
        if let Some(line) = self.lines.get_mut(at) {
            line.state = KeyState::Ended(last);
            if line.key_use == KeyUse::Publish {
                self.cut = Some((line.key, last));
            }
        }
    }

    fn warn_of_own(&mut self, line: &KeyLine, own: Option<PublicKey>) {
        if own == Some(line.key) {
            self.warnings.push(
                "this is the key that this node signs with: without it the node publishes nothing. `nanduti key replace` ends it and \
                 gives the node a fresh one, in one keyring"
                    .into(),
            );
        }
    }

    /// The line that an operator named by a key, the beginning of one, or a fingerprint.
    fn find(&self, text: &str) -> Result<usize, ApiError> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() < SHORTEST {
            return Err(usage(format!("type at least {SHORTEST} characters of the key")));
        }
        let mut found = (0..).zip(&self.lines).filter(|(_, line)| names(line, &text)).map(|(at, _)| at);
        let mut former = self.former.iter().filter(|line| names(line, &text));
        match (found.next(), found.next(), former.next()) {
            (Some(at), None, None) => Ok(at),
            (None, _, None) => {
                Err(not_found(format!("the keyring lists no key `{text}`")).hint("`nanduti key list` shows the keys"))
            }
            (None, _, Some(line)) if former.next().is_none() => {
                let key = short(&line.key);
                Err(refused(format!(
                    "a former root key listed the key {key}, and the ballot that replaced that root key ended it"
                ))
                .hint("`nanduti key list` shows where; `nanduti key revoke KEY --last …` cuts it earlier"))
            }
            _ => Err(usage(format!("`{text}` is the beginning of several keys: type more of it"))),
        }
    }

    /// A key that a former root key listed takes a line here, if it is the one named: where a ballot ended it, it can be cut earlier.
    fn take_up(&mut self, text: &str) -> Result<(), ApiError> {
        let text = text.trim().to_ascii_lowercase();
        let all = self.lines.iter().chain(&self.former);
        if text.len() < SHORTEST || all.filter(|line| names(line, &text)).count() != 1 {
            return Ok(());
        }
        let Some(at) = self.former.iter().position(|line| names(line, &text)) else { return Ok(()) };
        let mut line = self.former.remove(at);
        line.state = match self.ended_by_ballot(&line.key) {
            Some(last) => KeyState::Ended(lower(line.state, last)),
            // Nobody has said yet how far it counts: the present root key may.
            None => KeyState::Live(None),
        };
        self.lines.push(line);
        Ok(())
    }

    /// The last entry that counts of a log that a ballot has ended when it replaced a root key.
    fn ended_by_ballot(&self, key: &PublicKey) -> Option<Option<Place>> {
        let roster = self.snapshot.ledger.authority()?.roster();
        listed::ended_by_ballot(roster, self.member, key).map(|(_, last)| last)
    }

    /// Live keys are fixed at the last entry that this node holds of them and that counts.
    fn move_checkpoints(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        for line in &mut lines {
            let KeyState::Live(Some(old)) = line.state else { continue };
            // What a ballot has ended goes on nowhere.
            if self.ended_by_ballot(&line.key).is_some() {
                continue;
            }
            if let Some(new) = last_counted(self.snapshot, &line.key).filter(|new| new.seq > old.seq) {
                line.state = KeyState::Live(Some(new));
            }
        }
        self.lines = lines;
    }
}

/// Does a text that an operator typed name a key?
fn names(line: &KeyLine, text: &str) -> bool {
    line.key.to_hex().starts_with(text) || fingerprint(&line.key) == text
}

/// The beginning of a key, enough to tell it from the others.
pub(super) fn short(key: &PublicKey) -> String {
    key.to_hex().chars().take(16).collect()
}
