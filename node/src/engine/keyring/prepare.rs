//! Making what the root key is to sign.

use nanduti_protocol::{
    authority::Authority,
    cbor,
    entry::{BodyRef, Statement},
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Place},
    kind::{Audience, Kind},
    ledger::Extent,
    limits,
};
use serde_bytes::ByteBuf;

use super::{
    listed::{Listed, left_out},
    ring::{Fresh, Ring},
};
use crate::{
    Home,
    api::{ApiError, EffectView, KeyChange, KeyPrepare, PreparedReply},
    core::{Core, Snapshot},
    engine::{
        Engine, Handle,
        failure::{failed, refused, usage},
        places::{around, contradicted},
        write::{now_ms, salt},
    },
    founding::{charter_bytes_of, opening_run},
    governance,
    keys::{KeyError, KeyStore},
    offline::{Act, Checked, KeyringAct, Offer, Request},
    restored::Tally,
};

impl Handle<KeyPrepare> for Engine {
    async fn handle(&self, call: KeyPrepare) -> Result<PreparedReply, ApiError> {
        let member = self
            .member
            .clone()
            .ok_or_else(|| refused("this node is an observer: it has no member whose keys could change"))?;
        // Two keys that were made at once would be one too many.
        let _signing = self.signing.lock().await;
        if !call.unheard {
            self.knows_its_root_log(&self.core.snapshot())?;
        }
        let (home, own) = (self.home.clone(), self.own_log());
        self.blocking(move |core| Draft { core, home: &home, member: &member, own }.prepare(&call.change)).await
    }
}

impl Engine {
    /// A home that came out of a backup may have forgotten entries of its root log, and a second entry for one place forks it. Where
    /// nobody else could tell, there is nothing to wait for.
    pub(super) fn knows_its_root_log(&self, snapshot: &Snapshot) -> Result<(), ApiError> {
        let authority = snapshot.ledger.authority();
        let line = self.member.as_ref().and_then(|member| authority?.roster().member(member));
        let (Some(restored), Some(line)) = (&snapshot.restored, line) else { return Ok(()) };
        let hindrance = restored.hindrance(&line.root, &line.id, authority);
        let Some(tally) = hindrance.map(|hindrance| hindrance.tally).filter(Tally::is_possible) else { return Ok(()) };
        let next = snapshot.ledger.extent(&line.root).map_or(0, |extent| extent.next);
        let message = format!("this home came out of a backup and has not learnt where its root log stands: {tally}");
        Err(refused(message)
            .because_text("a second statement for one place forks the root log, which only a ballot can heal")
            .hint(format!(
                "keep `nanduti run` connected to other members until enough have said so. If none can be reached, and another node shows that \
                 entry {next} of the root log is free (`nanduti key list --member {}` there), --unheard goes on all the same",
                line.id
            )))
    }
}

/// From what a request is made.
struct Draft<'a> {
    core: &'a Core,
    home: &'a Home,
    member: &'a MemberId,
    own: Option<PublicKey>,
}

impl Draft<'_> {
    fn prepare(&self, change: &KeyChange) -> Result<PreparedReply, ApiError> {
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority().ok_or_else(|| failed("the charter has not arrived yet"))?;
        let (root, extent) = self.root_log(&snapshot)?;
        let Listed { own, former } = Listed::of(self.core, &snapshot, self.member)?;
        let mut ring = Ring {
            core: self.core,
            snapshot: &snapshot,
            member: self.member,
            lines: own.as_ref().map(|own| own.keyring.keys.clone()).unwrap_or_default(),
            former,
            openings: Vec::new(),
            cut: None,
            warnings: Vec::new(),
        };
        ring.apply(change, self.own, self.fresh(change, &snapshot)?, self.offer(change, &snapshot)?)?;
        bounded(authority, ring.lines.len())?;
        let keyring = Keyring { keys: ring.lines, salt: salt()? };
        if let Some(before) = &own {
            keyring
                .follows(&before.keyring)
                .map_err(|error| refused("the keyring in force does not allow it").because(&error))?;
        }
        let body = keyring.encode();
        let statement = Statement {
            log: root,
            seq: extent.next,
            body: BodyRef::to(&body),
            kind: Kind::Keyring,
            prev: extent.head,
            time: now_ms(),
            audience: Audience::Public,
        };
        let act = KeyringAct {
            body: ByteBuf::from(body),
            logs: ring.openings.iter().map(|run| ByteBuf::from(run.bytes().to_vec())).collect(),
            before: own.map(|own| ByteBuf::from(own.item)),
            member: self.member.clone(),
            statement: ByteBuf::from(cbor::encode(&statement)),
        };
        let charter = charter_bytes_of(self.home)?.ok_or_else(|| failed("the charter has not arrived yet"))?;
        let request = Request::new(Act::Keyring(act), charter);
        // What is handed out must pass the doors that it will meet elsewhere.
        let checked = Checked::of(&request).map_err(|error| failed("the request cannot be made").because(&error))?;
        if let Some(later) = snapshot.ledger.succession().and_then(governance::later_rules) {
            ring.warnings.push(format!("{later}; a newer program may judge this keyring otherwise"));
        }
        if snapshot.restored.is_some() {
            ring.warnings.push(format!(
                "this home came out of a backup: its root log may have gone on since. Before you sign, make sure on another node that entry {} \
                 of the root log is still free (`nanduti key list --member {}` there), or synchronise first",
                extent.next, self.member
            ));
        }
        let around = match ring.cut {
            Some((log, last)) => around(self.core, &log, last)?,
            None => Vec::new(),
        };
        Ok(PreparedReply {
            file: data_encoding::BASE64.encode(&request.encode()),
            request: crate::offline::view(&checked),
            effects: effects(&snapshot, &keyring),
            follows: left_out(&ring.former).into_iter().collect(),
            around,
            warnings: ring.warnings,
        })
    }

    /// The member's root log, and where it goes on.
    fn root_log(&self, snapshot: &Snapshot) -> Result<(PublicKey, Extent), ApiError> {
        let authority = snapshot.ledger.authority().ok_or_else(|| failed("the charter has not arrived yet"))?;
        let listed = authority
            .roster()
            .member(self.member)
            .ok_or_else(|| refused(format!("{} is not on the roster of this network", self.member)))?;
        let root = listed.root;
        if let Some(fork) = snapshot.ledger.open_fork(&root, snapshot) {
            let seq = fork.mark().seq;
            return Err(refused(format!(
                "the root log of {} is forked at entry {seq}: a keyring above that counts for nothing",
                self.member
            ))
            .hint("only a ballot can say which branch is the member's, or give it another root key"));
        }
        let extent = snapshot.ledger.extent(&root).ok_or_else(|| {
            refused(format!("this node does not hold the root log of {}", self.member))
                .hint("`nanduti sync` fetches it")
        })?;
        if authority.standing(&root).is_none_or(|standing| standing.rights.at(extent.next).is_none()) {
            return Err(refused(format!(
                "{} is suspended, or its root key was replaced: a keyring would count for nothing",
                self.member
            )));
        }
        let most = authority.roster().bounds.log_entries.min(limits::ROOT_LOG_ENTRIES_MAX);
        if extent.next >= most {
            return Err(refused(format!("the root log has {most} entries, as many as it can")));
        }
        Ok((root, extent))
    }

    /// A fresh publishing key, if one is wanted. It is on the disk before anything speaks of it.
    fn fresh(&self, change: &KeyChange, snapshot: &Snapshot) -> Result<Option<Fresh>, ApiError> {
        let own = |key: &str| self.own.is_some_and(|own| own.to_hex().starts_with(&key.trim().to_ascii_lowercase()));
        match change {
            KeyChange::Replace { .. } => {}
            KeyChange::Choose { key, .. } if own(key) => {}
            _ => return Ok(None),
        }
        let network = snapshot.ledger.network();
        let unusable = |error: KeyError| failed("the fresh key cannot be made").because(&error);
        let key = KeyStore::of(self.home).open_or_create_next_publish().map_err(unusable)?;
        let opening = opening_run(self.home, &network, self.member, &key)?;
        let state = KeyState::Live(Some(Place { seq: 0, hash: opening.head() }));
        let line = KeyLine::sign(KeyUse::Publish, &network, self.member, key.signing_key(), state);
        Ok(Some(Fresh { line, opening }))
    }

    fn offer(&self, change: &KeyChange, snapshot: &Snapshot) -> Result<Option<Offer>, ApiError> {
        let KeyChange::Add { offer } = change else { return Ok(None) };
        let offer = Offer::parse(offer).map_err(|error| {
            usage("this is not an offer of keys")
                .because(&error)
                .hint("`nanduti key offer` on the other node makes one")
        })?;
        if offer.network != snapshot.ledger.network() || offer.member != *self.member {
            let text = format!("these keys agree to speak for {} in the network {}", offer.member, offer.network);
            return Err(
                refused(text).hint("make the offer on the other node once it has joined this network, for this member")
            );
        }
        Ok(Some(offer))
    }
}

/// A keyring with more lines than the network allows would count for nothing.
fn bounded(authority: &Authority, lines: usize) -> Result<(), ApiError> {
    let most = authority.roster().bounds.keys.min(limits::KEYRING_LINES_MAX as u64);
    if lines as u64 <= most {
        return Ok(());
    }
    Err(refused(format!("the keyring would list {lines} keys, and the network allows {most}")).hint(
        "keys that ended keep their lines as long as the root key is the same; the bound can be raised by a ballot",
    ))
}

/// Entries that count here now, and will not with this keyring.
pub(super) fn effects(snapshot: &Snapshot, after: &Keyring) -> Vec<EffectView> {
    let effect = |line: &KeyLine| {
        let counted = snapshot.ledger.counted(&line.key, snapshot);
        let (ends, place) = match line.state {
            KeyState::Live(place) => (u64::MAX, place),
            KeyState::Ended(last) => (last.map_or(0, |place| place.seq.saturating_add(1)), last),
        };
        let strays = place.filter(|place| contradicted(snapshot, &line.key, place).is_some());
        let counts = counted.min(ends).min(strays.map_or(u64::MAX, |place| place.seq));
        (counted > counts).then(|| EffectView { key: line.key.to_hex(), stops: counted - counts })
    };
    after.keys.iter().filter(|line| line.key_use == KeyUse::Publish).filter_map(effect).collect()
}
