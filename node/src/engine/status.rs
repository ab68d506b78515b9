//! How the node stands.

use nanduti_protocol::{
    authority::Authority,
    fork::ForkProof,
    key::PublicKey,
    keyring::Place,
    ledger::{History, Ledger},
};

use super::{
    Engine, Handle,
    failure::{FORKED, refused, way_out},
};
use crate::{
    api::{ApiError, ForkView, FormerView, NodeRole, RestoredView, Status, StatusReply},
    core::{CoreError, Snapshot, Unable},
    founding::former_views,
    governance,
    offline::time_text,
    restored::Hindrance,
};

impl Handle<Status> for Engine {
    async fn handle(&self, _: Status) -> Result<StatusReply, ApiError> {
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority();
        let own = self.member.as_ref().and_then(|member| snapshot.counts.practices.get(member));
        let unable = self.unable(&snapshot)?;
        let able = unable.is_none();
        let mut warnings = self.warnings(&snapshot);
        warnings.extend(unable.as_ref().and_then(warning_of));
        let restored = self.restored(&snapshot).map(|hindrance| view(&hindrance, self.own_log().as_ref()));
        let reply = StatusReply {
            version: env!("CARGO_PKG_VERSION").into(),
            running: self.running_since.get().is_some(),
            home: self.home.path().display().to_string(),
            network: self.info.network.to_hex(),
            network_name: authority.map(|authority| authority.network_name().to_owned()),
            former: authority.map(former).unwrap_or_default(),
            roster_version: authority.map(|authority| authority.roster().version),
            members: authority.map_or(0, |authority| authority.roster().members.len() as u64),
            role: self.role(&snapshot.ledger, unable.as_ref()),
            unable: unable.as_ref().map(unable_text),
            member: self.member.as_ref().map(ToString::to_string),
            publish_key: self.own_log().map(nanduti_protocol::key::PublicKey::to_hex),
            keyring_seq: self.own_keyring(&snapshot.ledger),
            peer_id: Some(self.node_key.peer_id().to_string()),
            addresses: Vec::new(),
            web: self.web.get().cloned(),
            logs: snapshot.ledger.logs().count() as u64,
            entries: snapshot.ledger.logs().map(|(_, extent)| extent.next).sum(),
            counted: snapshot.frontier.iter().map(|(_, position)| position.next).sum(),
            practices: snapshot.counts.practices.values().sum(),
            own_practices: own.copied().unwrap_or_default(),
            wanted_bodies: snapshot.counts.wanted,
            for_members: self.for_members().await?,
            bytes: snapshot.ledger.logs().map(|(_, extent)| extent.bytes).sum(),
            digest: snapshot.digest.to_hex(),
            peers_connected: 0,
            peers_equal: 0,
            forks: forks(&snapshot),
            refused: Vec::new(),
            warnings,
            writable: snapshot.blocked.is_none() && self.member.is_some() && restored.is_none() && able,
            restored,
            uptime_s: self.running_since.get().map(|since| since.elapsed().as_secs()),
        };
        Ok(self.with_network(reply).await)
    }
}

impl Engine {
    /// Adds what only the running network knows.
    async fn with_network(&self, mut reply: StatusReply) -> StatusReply {
        let Some(network) = self.network.read().await.clone() else { return reply };
        reply.addresses = network.addresses().iter().map(ToString::to_string).collect();
        // A network that is just stopping has nothing to tell.
        reply.refused = network.refused().await.unwrap_or_default();
        let peers = network.peers().await.unwrap_or_default();
        reply.peers_connected = peers.iter().filter(|peer| peer.connected).count() as u64;
        reply.peers_equal = peers.iter().filter(|peer| peer.connected && peer.equal == Some(true)).count() as u64;
        reply
    }

    fn warnings(&self, snapshot: &Snapshot) -> Vec<String> {
        let mut warnings = self.core.warnings();
        warnings.extend(snapshot.blocked.as_deref().map(ToOwned::to_owned));
        if snapshot.ledger.authority().is_none() {
            warnings.push("the charter of the network has not arrived yet: nothing can be judged before it has".into());
        }
        warnings.extend(snapshot.ledger.succession().and_then(governance::obstacle));
        warnings
    }

    /// A node that does not know the rules in force does not sign: what it would say might mean something else, or nothing.
    pub(super) fn knows_the_rules(&self, snapshot: &Snapshot) -> Result<(), ApiError> {
        match snapshot.ledger.succession().and_then(governance::later_rules) {
            None => Ok(()),
            Some(later) => Err(refused("this node does not sign: it does not know the rules in force")
                .because_text(later)
                .hint("install a newer version of the program; until then the node carries what others say, and goes on reading")),
        }
    }

    /// Why this node does not sign, if that is because it came out of a backup.
    pub(super) fn restored(&self, snapshot: &Snapshot) -> Option<Hindrance> {
        let (log, member) = (self.own_log()?, self.member.as_ref()?);
        snapshot.restored.as_ref()?.hindrance(&log, member, snapshot.ledger.authority())
    }

    /// The keyring that lists this node's publishing key.
    fn own_keyring(&self, ledger: &Ledger) -> Option<u64> {
        let (member, log) = (self.member.as_ref()?, self.own_log()?);
        let (seq, keyring) = ledger.authority()?.keyring(member)?;
        keyring.line(&log).map(|_| seq)
    }

    /// Why this node signs nothing for its member, as far as that does not come from a backup or from a full disk.
    fn unable(&self, snapshot: &Snapshot) -> Result<Option<CoreError>, ApiError> {
        let (Some(log), Some(member)) = (self.own_log(), self.member.as_ref()) else { return Ok(None) };
        Ok(self.core.hindrance((&log, member), snapshot)?)
    }

    /// What this node is in the network.
    fn role(&self, ledger: &Ledger, unable: Option<&CoreError>) -> NodeRole {
        let Some(own_log) = self.own_log() else { return NodeRole::Observer };
        let standing = ledger.authority().and_then(|authority| authority.standing(&own_log));
        match unable {
            Some(CoreError::CannotSign(Unable::IsRoot)) => NodeRole::Silent,
            _ if standing.is_none() => NodeRole::NotAdmitted,
            Some(CoreError::CannotSign(Unable::Suspended | Unable::Ended)) => NodeRole::Silent,
            _ => NodeRole::Member,
        }
    }
}

/// Why a node signs nothing, without saying so twice.
fn unable_text(unable: &CoreError) -> String {
    match unable {
        CoreError::CannotSign(why) => why.to_string(),
        CoreError::Forked => FORKED.to_owned(),
        other => other.to_string(),
    }
}

/// What the operator is told of it. A fork has lines of its own, and who was never admitted has nothing to be warned of.
fn warning_of(unable: &CoreError) -> Option<String> {
    let CoreError::CannotSign(why) = unable else { return None };
    let what = match why {
        Unable::Suspended => "the member of this node is suspended, and nothing that the node signs counts",
        Unable::Ended => "the publishing key of this node has ended, and nothing that it signs counts",
        Unable::IsRoot => {
            "the publishing key of this node is on the list of members as a root key, and nothing that it signs counts"
        }
        Unable::Damaged => "this node does not sign: a part of its own log was damaged and has not come back yet",
        _ => return None,
    };
    Some(format!("{what}: {}", way_out(*why)))
}

/// The networks whose library this one carries over.
fn former(authority: &Authority) -> Vec<FormerView> {
    former_views(authority.formers(), authority.founders(), false)
}

fn view(hindrance: &Hindrance, log: Option<&PublicKey>) -> RestoredView {
    let Hindrance { marker, tally } = hindrance;
    let time = |ms: u64| (ms > 0).then(|| time_text(ms));
    RestoredView {
        made: time(marker.made_ms),
        restored: time(marker.restored_ms),
        entries: log.and_then(|log| marker.log(log)).map(|log| log.next),
        members: tally.members as u64,
        told: tally.told.iter().map(ToString::to_string).collect(),
        needed: tally.needed() as u64,
        missing: tally.missing() as u64,
        possible: tally.is_possible(),
        message: tally.to_string(),
    }
}

/// The forks that are not settled.
pub(super) fn forks(snapshot: &Snapshot) -> Vec<ForkView> {
    let ledger = &snapshot.ledger;
    let member = |log| ledger.authority().and_then(|authority| authority.claimed_member(log)).map(ToString::to_string);
    let open = |log, proof: &ForkProof| ledger.open_fork(log, snapshot).is_none_or(|open| open.mark() == proof.mark());
    ledger
        .forks()
        .filter(|(log, proof)| is_unsettled(snapshot, log) && open(log, proof))
        .map(|(log, proof)| {
            let mark = proof.mark();
            ForkView {
                key: log.to_hex(),
                member: member(log),
                seq: mark.seq,
                hashes: vec![mark.low.to_hex(), mark.high.to_hex()],
            }
        })
        .collect()
}

/// Does a fork of this log wait for a branch to be named, or for the one that was named?
pub(super) fn is_unsettled(snapshot: &Snapshot, log: &PublicKey) -> bool {
    let ledger = &snapshot.ledger;
    let awaited = awaited(snapshot, log).map(|place| place.seq);
    ledger.open_fork(log, snapshot).is_some()
        || ledger.extent(log).is_none()
        || awaited.is_some_and(|seq| ledger.forks_of(log).any(|proof| proof.mark().seq <= seq))
}

/// The place that a keyring or a roster fixes in a log, while another entry is held there, or none.
pub(super) fn awaited(snapshot: &Snapshot, log: &PublicKey) -> Option<Place> {
    let fixed = snapshot.ledger.authority()?.standing(log)?.fixed?;
    (snapshot.hash_at(log, fixed.seq) != Some(fixed.hash)).then_some(fixed)
}
