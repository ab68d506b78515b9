//! A node that was restored from a backup, after `restored/rule.rs` of the node: it signs once more than a third of the members, itself not
//! among them, have told it by a whole session since its start where its log stands.

use std::collections::BTreeSet;

use nanduti_protocol::{key::MemberId, ledger::Ledger};

use super::{
    clock::NodeId,
    disk::{Disk, Shelf},
    node::Node,
    stage::Stage,
    trace::What,
};

/// The members who have told, since the node started.
#[derive(Debug, Clone, Default)]
pub(super) struct Restored {
    pub(super) told: BTreeSet<MemberId>,
}

impl Node {
    /// The disk is lost, and an older copy stands in its place.
    pub(super) fn lose_disk(&mut self, copy: Disk) {
        self.shelf = Shelf::of(copy);
        self.ledger = Ledger::new(self.ledger.network());
        self.before_crash = None;
        let disk = self.shelf.look();
        let reached = disk.logs.keys().filter_map(|log| Some((*log, disk.extent(log)?)));
        self.acked = reached.map(|(log, extent)| (log, (extent.next, extent.head))).collect();
    }

    /// A whole session with a peer has ended in order: what it holds of this node's log is held here now.
    pub(super) fn is_told_by(&mut self, peer: NodeId, stage: &mut Stage) {
        let (Some(restored), Some(key)) = (&mut self.restored, stage.key_of(peer)) else { return };
        let Some(authority) = self.ledger.authority() else { return };
        let own = stage.key_of(self.id).and_then(|key| authority.member_of_node(&key));
        let Some(member) = authority.member_of_node(&key).filter(|member| Some(*member) != own) else { return };
        restored.told.insert(member.clone());
        let roster = authority.roster();
        let members = roster.members.iter().filter(|member| !roster.is_suspended(&member.id)).count();
        if restored.told.len() > members / 3 {
            stage.note(self.id, What { verb: "signs again", number: restored.told.len() as u64, ..What::default() });
            self.restored = None;
        }
    }
}
