//! Looking after the store: verify, reindex.

use std::time::Instant;

use nanduti_protocol::{entry::Statement, key::PublicKey, library::Origin};

use super::{
    Engine, Handle,
    closed::Asker,
    ids::{Found, Named, find_any},
    views,
};
use crate::{
    Home,
    api::{ApiError, DamageView, Reindex, ReindexReply, Verify, VerifyReply},
    core::{Core, CoreError, VerifyReport, verify_entry, verify_store},
    store::{Damage, StoreError},
};

impl Handle<Verify> for Engine {
    async fn handle(&self, call: Verify) -> Result<VerifyReply, ApiError> {
        let home = self.home.clone();
        let networks = self.core.snapshot().ledger.networks().clone();
        let reply = self
            .blocking(move |core| match &call.id {
                Some(id) => verify_series(core, &home, id),
                None => {
                    // What was found when the home was opened is not where it was any more.
                    let lost = core.lost(&home)?;
                    let mut report = verify_store(&home, &networks, call.deep, &mut |_| {})?;
                    report.damage.extend(lost);
                    Ok(reply(report))
                }
            })
            .await?;
        self.mend(&reply.damage).await?;
        Ok(reply)
    }
}

impl Engine {
    /// Has what was found damaged set aside, so that the next synchronisation fetches it again. Nothing is thrown away.
    async fn mend(&self, damage: &[DamageView]) -> Result<(), ApiError> {
        let log_of = |file: &str| file.strip_prefix("logs/")?.split('/').next().and_then(PublicKey::from_hex);
        let logs: std::collections::BTreeSet<PublicKey> = damage.iter().filter_map(|it| log_of(&it.file)).collect();
        for log in logs {
            self.core.repair(log).await?;
        }
        Ok(())
    }
}

/// Checks every revision of a practice and its withdrawal, each by its own signature or by the one that vouches for it.
fn verify_series(core: &Core, home: &Home, id: &str) -> Result<VerifyReply, ApiError> {
    let networks = core.snapshot().ledger.networks().clone();
    let origins: Vec<Origin> = match find_any(core, Asker::Operator, id)? {
        Named::Series(Found { series, .. }) => {
            let withdrawal = series.withdrawal().map(|(_, withdrawal)| withdrawal.origin);
            series.history().into_iter().map(|(_, revision)| revision.origin).chain(withdrawal).collect()
        }
        // Its signature can be checked by whoever may not read it.
        Named::Closed(entry) => {
            let Statement { log, seq, time, .. } = entry.statement;
            vec![Origin { log, seq, time }]
        }
    };
    let mut report = VerifyReport::default();
    let mut logs = std::collections::BTreeSet::new();
    let mut signed = Vec::new();
    for origin in origins {
        logs.insert(origin.log);
        // What is damaged is told as damage below.
        signed.extend(views::proof(core, &origin.log, origin.seq));
        match verify_entry(home, &networks, &origin.log, origin.seq) {
            Ok(Some(entry)) => {
                report.entries += 1;
                report.signatures += 1;
                report.bodies += u64::from(entry.held);
                report.by_chain_alone += u64::from(!entry.signed);
            }
            Ok(None) => report.damage.push(gone(&origin)),
            Err(error) => report.damage.push(damage_of(error)?),
        }
    }
    report.logs = logs.len() as u64;
    Ok(VerifyReply { signed, ..reply(report) })
}

fn gone(origin: &Origin) -> Damage {
    let what = format!("entry {} is not there any more", origin.seq);
    Damage { file: std::path::Path::new("logs").join(origin.log.to_hex()), offset: 0, what }
}

/// Damage is what was looked for; anything else is an error.
fn damage_of(error: CoreError) -> Result<Damage, ApiError> {
    match &error {
        CoreError::Store(store) => match store.as_ref() {
            StoreError::Damaged(damage) => Ok(damage.clone()),
            _ => Err(error.into()),
        },
        _ => Err(error.into()),
    }
}

fn reply(report: VerifyReport) -> VerifyReply {
    let VerifyReport { logs, entries, bodies, signatures, by_chain_alone, bytes, damage } = report;
    let damage = damage.into_iter().map(|Damage { file, offset, what }| DamageView {
        file: file.display().to_string(),
        offset,
        what,
    });
    VerifyReply {
        logs,
        entries,
        bodies,
        signatures,
        by_chain_alone,
        bytes,
        damage: damage.collect(),
        signed: Vec::new(),
    }
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
