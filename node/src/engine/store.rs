//! Looking after the store: verify, reindex.

use std::time::Instant;

use nanduti_protocol::{entry::Entry, key::PublicKey};

use super::{Engine, Handle, ids::find};
use crate::{
    Home,
    api::{ApiError, DamageView, Reindex, ReindexReply, Verify, VerifyReply},
    core::Core,
    store::{LogScan, Repair, StoreError, Watermark},
};

impl Handle<Verify> for Engine {
    async fn handle(&self, call: Verify) -> Result<VerifyReply, ApiError> {
        let home = self.home.clone();
        self.blocking(move |core| {
            let logs = match &call.id {
                Some(id) => logs_of(core, id)?,
                None => core.snapshot().ledger.logs().map(|(log, _)| *log).collect(),
            };
            let mut reply = VerifyReply::default();
            for log in logs {
                verify_log(core, &home, log, call.deep, &mut reply)?;
            }
            Ok(reply)
        })
        .await
    }
}

/// The logs that a practice rests on: those of its revisions, and its member's root log.
fn logs_of(core: &Core, id: &str) -> Result<Vec<PublicKey>, ApiError> {
    let found = find(core, id)?;
    let mut logs: Vec<PublicKey> = found.series.history().iter().map(|(_, revision)| revision.origin.log).collect();
    let snapshot = core.snapshot();
    let roster = snapshot.ledger.authority().map(|authority| authority.roster());
    logs.extend(roster.and_then(|roster| roster.member(&found.member)).map(|member| member.root));
    logs.sort_unstable();
    logs.dedup();
    Ok(logs)
}

fn verify_log(core: &Core, home: &Home, log: PublicKey, deep: bool, reply: &mut VerifyReply) -> Result<(), StoreError> {
    let network = core.snapshot().ledger.network();
    let scan = LogScan::new(home.clone(), network, log).read_only();
    reply.logs += 1;
    let scanned = scan.read(Watermark { next: 0, head: network, file: None }, &mut |run, _| {
        reply.entries += run.items().len() as u64;
        reply.bodies += run.items().iter().filter(|item| item.held).count() as u64;
        reply.bytes += run.bytes().len() as u64;
        reply.signatures += 1;
        for item in run.items().iter().filter(|_| deep) {
            let sound = Entry::decode(run.entry_bytes(item)).is_ok_and(|entry| entry.verify(&network).is_ok());
            reply.signatures += 1;
            reply.by_chain_alone += u64::from(!sound);
        }
        Ok(())
    })?;
    for repair in scanned.repairs {
        if let Repair::SetAside { damage, .. } = repair {
            let file = damage.file.display().to_string();
            reply.damage.push(DamageView { file, offset: damage.offset, what: damage.what });
        }
    }
    Ok(())
}

impl Handle<Reindex> for Engine {
    async fn handle(&self, _: Reindex) -> Result<ReindexReply, ApiError> {
        let started = Instant::now();
        self.core.reindex().await?;
        let snapshot = self.core.snapshot();
        Ok(ReindexReply {
            logs: snapshot.ledger.logs().count() as u64,
            entries: snapshot.ledger.logs().map(|(_, extent)| extent.next).sum(),
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}
