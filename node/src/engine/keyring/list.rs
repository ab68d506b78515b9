//! The keys of a member, with where each stands and since when.

use std::collections::BTreeMap;

use libp2p::{PeerId, identity};
use nanduti_protocol::{
    authority::Authority,
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Place},
    kind::Kind,
    ledger::Ledger,
    roster::Roster,
};

use super::listed::{ended_by_ballot, lower, replacements};
use crate::{
    api::{ApiError, KeyList, KeyListReply, KeyStanding, KeyView, NamedKey},
    core::{Core, Snapshot},
    engine::{
        Engine, Handle,
        failure::{failed, not_found, usage},
    },
    offline::{fingerprint, place, role, time_text},
};

impl Handle<KeyList> for Engine {
    async fn handle(&self, call: KeyList) -> Result<KeyListReply, ApiError> {
        let member = match call.member {
            Some(text) => MemberId::parse(text.trim()).map_err(|error| usage(error.to_string()))?,
            None => self.member.clone().ok_or_else(|| {
                usage("this node speaks for no member: name the one whose keys are to be shown")
                    .hint("`nanduti key list --member PRY`")
            })?,
        };
        let own: Vec<PublicKey> =
            self.own_log().into_iter().chain([PublicKey::from_bytes(self.node_key.public())]).collect();
        self.blocking(move |core| list(core, &member, &own)).await
    }
}

fn list(core: &Core, member: &MemberId, own: &[PublicKey]) -> Result<KeyListReply, ApiError> {
    let snapshot = core.snapshot();
    let authority = snapshot.ledger.authority().ok_or_else(|| failed("the charter has not arrived yet"))?;
    let listed = authority.roster().member(member).ok_or_else(|| {
        not_found(format!("{member} is not a member of this network")).hint("`nanduti member list` lists the members")
    })?;
    let in_force = authority.keyring(member);
    let past = Past::of(core, &snapshot, member, in_force.map(|(_, keyring)| keyring))?;
    let lines = in_force.map(|(_, keyring)| keyring.keys.as_slice()).unwrap_or_default();
    let mut keys: Vec<KeyView> =
        lines.iter().map(|line| view(line, &snapshot, (member, &past), own.contains(&line.key))).collect();
    keys.sort_by_key(|key| (key.state != KeyStanding::Live, key.since));
    Ok(KeyListReply {
        member: member.to_string(),
        member_name: listed.name.clone(),
        root_key: listed.root.to_hex(),
        root_fingerprint: fingerprint(&listed.root),
        spare: listed.spare.map(named),
        governance: listed.governance.map(named),
        keyring: in_force.map(|(seq, _)| seq),
        keyring_time: past.time.map(time_text),
        root_forked_at: snapshot.ledger.open_fork(&listed.root, snapshot.as_ref()).map(|fork| fork.mark().seq),
        keys,
    })
}

fn named(key: PublicKey) -> NamedKey {
    NamedKey { key: key.to_hex(), fingerprint: fingerprint(&key) }
}

fn view(line: &KeyLine, snapshot: &Snapshot, (member, past): (&MemberId, &Past), own: bool) -> KeyView {
    let ledger: &Ledger = &snapshot.ledger;
    let entries = ledger.extent(&line.key).map_or(0, |extent| extent.next);
    let told = past.keys.get(&line.key).copied().unwrap_or_default();
    let roster = ledger.authority().map(Authority::roster);
    let by_ballot = roster.and_then(|roster| by_ballot(roster, member, line, (told, past.roots)));
    let stands = by_ballot.map_or(line.state, |(_, last)| KeyState::Ended(last));
    let (state, fixed) = match stands {
        KeyState::Live(checkpoint) => (KeyStanding::Live, checkpoint),
        KeyState::Ended(None) if line.key_use == KeyUse::Node => (KeyStanding::Retired, None),
        KeyState::Ended(None) => (KeyStanding::Revoked, None),
        KeyState::Ended(Some(last)) if entries > last.seq.saturating_add(1) => (KeyStanding::Revoked, Some(last)),
        KeyState::Ended(last) => (KeyStanding::Retired, last),
    };
    KeyView {
        key: line.key.to_hex(),
        key_use: role(line.key_use),
        fingerprint: fingerprint(&line.key),
        peer_id: (line.key_use == KeyUse::Node).then(|| peer_id_of(&line.key)).flatten(),
        state,
        place: fixed.map(place),
        entries,
        counted: ledger.counted(&line.key, snapshot),
        since: told.since,
        ended_by: told.ended_by.filter(|_| by_ballot.is_none()),
        ended_by_roster: by_ballot.map(|(version, _)| version),
        own,
    }
}

/// The roster that ended a publishing key together with the root key that listed it, and the last entry that counts; none if a keyring
/// ended it there or below already.
fn by_ballot(
    roster: &Roster,
    member: &MemberId,
    line: &KeyLine,
    (told, roots): (Told, usize),
) -> Option<(u64, Option<Place>)> {
    if line.key_use == KeyUse::Node {
        return None;
    }
    // What the ballot that replaced its root key did not name ended with it, and nothing of it counts.
    let unnamed = || {
        let turn = replacements(roster, member).nth(told.roots).filter(|_| told.roots < roots)?;
        Some((turn.version, None))
    };
    let (version, last) = ended_by_ballot(roster, member, &line.key).or_else(unnamed)?;
    let by_keyring =
        told.ended_by.is_some() && matches!(line.state, KeyState::Ended(own) if lower(line.state, last) == own);
    (!by_keyring).then_some((version, last))
}

fn peer_id_of(key: &PublicKey) -> Option<String> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(PeerId::from_public_key(&identity::PublicKey::from(key)).to_string())
}

/// What the keyrings up to the one in force said.
#[derive(Default)]
struct Past {
    keys: BTreeMap<PublicKey, Told>,
    time: Option<u64>,
    /// How many root keys came before the one under which the keyring in force stands.
    roots: usize,
}

/// What they said of one key.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// The first that lists it.
    since: u64,
    /// The one that ended it.
    ended_by: Option<u64>,
    /// How many root keys came before the last one that listed it.
    roots: usize,
}

impl Past {
    /// Goes through the root logs from below, by the rule by which authority finds the keyring in force.
    fn of(core: &Core, snapshot: &Snapshot, member: &MemberId, in_force: Option<&Keyring>) -> Result<Self, ApiError> {
        let mut past = Self::default();
        let (Some(in_force), Some(authority)) = (in_force, snapshot.ledger.authority()) else { return Ok(past) };
        let Some(listed) = authority.roster().member(member) else { return Ok(past) };
        for (roots, root) in authority.roster().roots(listed).enumerate() {
            // Under another root key a member begins anew.
            let mut before: Option<Keyring> = None;
            for seq in 0..snapshot.ledger.counted(&root, snapshot) {
                let Some(entry) = core.read_at(&root, seq)?.filter(|entry| entry.statement.kind == Kind::Keyring)
                else {
                    continue;
                };
                let body = entry.body.unwrap_or_default();
                let network = authority.network();
                let Ok(keyring) = Keyring::decode(&body, &network, member, Some(in_force)) else { continue };
                if before.as_ref().is_some_and(|before| keyring.follows(before).is_err()) {
                    continue;
                }
                past.note(roots, seq, &keyring);
                if keyring.salt == in_force.salt {
                    past.time = Some(entry.statement.time);
                    return Ok(past);
                }
                before = Some(keyring);
            }
        }
        Ok(past)
    }

    fn note(&mut self, roots: usize, seq: u64, keyring: &Keyring) {
        self.roots = roots;
        for line in &keyring.keys {
            let told = self.keys.entry(line.key).or_insert(Told { since: seq, ended_by: None, roots });
            told.roots = roots;
            if matches!(line.state, KeyState::Ended(_)) {
                told.ended_by.get_or_insert(seq);
            }
        }
    }
}
