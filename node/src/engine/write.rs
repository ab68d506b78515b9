//! Signing: publish, revise, withdraw.

use std::time::{SystemTime, UNIX_EPOCH};

use nanduti_protocol::{
    hash::Hash,
    key::{MemberId, PublicKey},
    kind::{Audience, Kind},
    library::{Series, Standing},
    limits,
    record::{self, REVISES_MAX, Record, RecordBody, WITHDRAWAL, WithdrawalBody, validate},
};

use super::{
    Engine, Handle,
    closed::Asker,
    failure::{failed, refused, restored},
    ids::{Found, find},
    readers, views,
};
use crate::{
    api::{ApiError, ErrorKind, Problem, Publish, PublishOutcome, PublishReply, RevisionView, Withdraw},
    authoring,
    core::{Authored, Core},
};

impl Handle<Publish> for Engine {
    async fn handle(&self, call: Publish) -> Result<PublishReply, ApiError> {
        let Publish { markdown, revises, new_series, check } = call;
        if markdown.len() > limits::BODY_MAX {
            return Err(failed(format!("the file is larger than a record may be, {} bytes", limits::BODY_MAX)));
        }
        let draft = authoring::parse(&markdown).map_err(problems)?;
        let title = draft.record.title().to_owned();
        let reply = PublishReply {
            outcome: PublishOutcome::Valid,
            title,
            audience: draft.audience.unwrap_or(Audience::Public).into(),
            id: None,
            short: None,
            revision: None,
            seq: None,
            warnings: draft.warnings,
        };
        if check {
            return Ok(reply);
        }
        let member = self.may_write()?;
        self.may_sign()?;
        // From looking at what is there until signing what follows from it, nobody else signs.
        let _signing = self.signing.lock().await;
        let (id, log) = (revises.or(draft.id), self.own_log());
        let (record, said) = (draft.record, draft.audience);
        let (record, audience, plan) = self
            .blocking(move |core| {
                let (audience, plan) = plan(core, (&member, log), id.as_deref(), (&record, said), new_series)?;
                Ok((record, audience, plan))
            })
            .await?;
        let reply = PublishReply { audience: audience.into(), ..reply };
        self.sign_record(reply, (record, audience), plan).await
    }
}

impl Handle<Withdraw> for Engine {
    async fn handle(&self, call: Withdraw) -> Result<RevisionView, ApiError> {
        let member = self.may_write()?;
        self.may_sign()?;
        let _signing = self.signing.lock().await;
        let id = call.id.clone();
        let found = self.blocking(move |core| find(core, Asker::Operator, &id)).await?;
        own(&found, &member)?;
        if found.series.standing(&found.name) == Standing::Withdrawn {
            return Err(failed("that practice is withdrawn already"));
        }
        // It names what it withdraws: a revision that another node of the member signs meanwhile is not swept along unseen.
        let mut versions: Vec<Hash> = found.series.newest().into_iter().map(|(hash, _)| hash).collect();
        if versions.len() > REVISES_MAX {
            return Err(failed(format!(
                "that practice has {} newest revisions, more than one withdrawal can name",
                versions.len()
            ))
            .hint("revise it first: a revision merges sixteen of them at a time"));
        }
        versions.sort_unstable();
        let body = WithdrawalBody {
            salt: salt()?,
            series: found.name,
            versions,
            reason: call.reason,
            note: call.note.filter(|note| !note.trim().is_empty()),
        };
        let errors: Vec<_> =
            validate(&WITHDRAWAL, &body.record()).into_iter().filter(|problem| problem.is_error()).collect();
        if !errors.is_empty() {
            let told = failed("the withdrawal is not right").hint(
                "nothing was signed. `nanduti practice fields --vocabulary withdraw_reason` says what the codes mean",
            );
            return Err(ApiError { problems: errors.into_iter().map(to_api).collect(), ..told });
        }
        let bytes = body.encode().map_err(|error| failed("the withdrawal cannot be signed").because(&error))?;
        let Authored { hash, log, seq } = self.core.author(Kind::Withdrawal, Audience::Public, now_ms(), bytes).await?;
        self.blocking(move |core| {
            let proof = views::proof(core, &log, seq)?;
            let title = found.series.newest().first().map(|(_, newest)| newest.card.title.clone()).unwrap_or_default();
            let revises = found.series.newest().iter().map(|(hash, _)| hash.to_cid()).collect();
            let arrived = core.arrival(&log, seq).map(crate::offline::time_text);
            let time = arrived.clone().unwrap_or_default();
            Ok(RevisionView { id: hash.to_cid(), revises, title, time, arrived, newest: true, proof })
        })
        .await
    }
}

/// What a publication is to do.
enum Plan {
    /// Begin a series.
    Begin,
    /// Add a revision.
    Revise { name: Hash, revises: Vec<Hash> },
    /// Nothing: the newest revision says exactly this.
    Unchanged { name: Hash },
}

impl Engine {
    /// The member for whom this node may sign.
    fn may_write(&self) -> Result<MemberId, ApiError> {
        self.member.clone().ok_or_else(|| {
            refused("this node is an observer: it reads and verifies everything, and signs nothing")
                .hint("only a node with a member's publishing key can write; `nanduti init --member …` makes one")
        })
    }

    /// Said before anything else is looked at: a restored node may lack what there is to say something about. The writer asks
    /// again before it signs.
    fn may_sign(&self) -> Result<(), ApiError> {
        let snapshot = self.core.snapshot();
        self.knows_the_rules(&snapshot)?;
        self.restored(&snapshot).map_or(Ok(()), |hindrance| Err(restored(&hindrance)))
    }

    async fn sign_record(
        &self,
        reply: PublishReply,
        (record, audience): (Record, Audience),
        plan: Plan,
    ) -> Result<PublishReply, ApiError> {
        let (body, begun) = match plan {
            Plan::Unchanged { name } => {
                let (id, short) = (Some(name.to_cid()), Some(name.short()));
                return Ok(PublishReply { outcome: PublishOutcome::Unchanged, id, short, ..reply });
            }
            Plan::Begin => (RecordBody::first(salt()?, record), None),
            Plan::Revise { name, revises } => (RecordBody::revision(salt()?, name, revises, record), Some(name)),
        };
        let bytes = body.encode().map_err(|error| failed("the record cannot be signed").because(&error))?;
        let Authored { hash, seq, .. } = self.core.author(Kind::Practice, audience, now_ms(), bytes).await?;
        let name = begun.unwrap_or(hash);
        Ok(PublishReply {
            outcome: if begun.is_some() { PublishOutcome::Revised } else { PublishOutcome::Published },
            id: Some(name.to_cid()),
            short: Some(name.short()),
            revision: Some(hash.to_cid()),
            seq: Some(seq),
            ..reply
        })
    }
}

fn plan(
    core: &Core,
    (member, log): (&MemberId, Option<PublicKey>),
    id: Option<&str>,
    (record, said): (&Record, Option<Audience>),
    new_series: bool,
) -> Result<(Audience, Plan), ApiError> {
    let Some(id) = id else {
        // To look through all series of the member takes long in a large library, and most libraries hold nothing for members only.
        let silent = said.is_none() && core.index().for_members().next().is_some();
        let titled = if new_series && !silent { Vec::new() } else { titled(core, member, record.title())? };
        let audience = readers::of_first(&titled, member, said)?;
        let same = titled.into_iter().find(|(_, series)| !new_series && series.audience() == Some(audience));
        let Some((name, series)) = same else { return Ok((audience, Plan::Begin)) };
        if says(core, &series, record) {
            return Ok((audience, Plan::Unchanged { name }));
        }
        let short = name.short();
        return Err(failed(format!("{member} has a practice with this title already: {short}")).hint(format!(
            "to revise it, add `id: {short}` to the front matter or pass `--revises {short}`; to begin another one, pass `--new`"
        )));
    };
    let found = find(core, Asker::Operator, id)?;
    own(&found, member)?;
    let audience = readers::of_revision(&found, said)?;
    if found.series.standing(&found.name) == Standing::Withdrawn {
        return Err(refused("that practice is withdrawn, and cannot be revised")
            .hint("take `id` out of the front matter and pass `--new` to begin another one"));
    }
    if says(core, &found.series, record) {
        return Ok((audience, Plan::Unchanged { name: found.name }));
    }
    let newest = found.series.newest();
    if let Some(named) = found.revision.filter(|named| newest.iter().all(|(hash, _)| hash != named)) {
        return Err(failed(format!("a later revision stands on {} already", named.short())).hint(format!(
            "`nanduti diff {}` shows what changed since; to replace it, name the practice itself: {}",
            found.name.short(),
            found.name.short()
        )));
    }
    if log.is_some_and(|log| found.series.is_full(&log)) {
        return Err(refused("that practice has as many revisions by this node's key as can count")
            .hint("take `id` out of the front matter and pass `--new` to begin another one"));
    }
    // Where there are more, a next revision merges the rest.
    let revises = found.series.newest().into_iter().map(|(hash, _)| hash).take(REVISES_MAX).collect();
    Ok((audience, Plan::Revise { name: found.name, revises }))
}

fn own(found: &Found, member: &MemberId) -> Result<(), ApiError> {
    if found.member == *member {
        return Ok(());
    }
    Err(refused(format!("that practice is {}'s; this node speaks for {member}", found.member)))
}

/// Does the one newest revision say exactly this?
fn says(core: &Core, series: &Series, record: &Record) -> bool {
    match series.newest().as_slice() {
        [(_, newest)] => views::record(core, newest).is_ok_and(|held| held == *record),
        _ => false,
    }
}

/// The practices of the member that have this title and are not withdrawn.
fn titled(core: &Core, member: &MemberId, title: &str) -> Result<Vec<(Hash, Series)>, ApiError> {
    let titled = core.pick_series(Some(member), |(name, _), series| {
        let is_one = series.standing(&name) != Standing::Withdrawn
            && series.newest().iter().any(|(_, newest)| newest.card.title == title);
        is_one.then_some((name, series))
    })?;
    Ok(titled)
}

fn problems(problems: Vec<Problem>) -> ApiError {
    let message = match problems.len() {
        1 => "the file has one problem".to_owned(),
        count => format!("the file has {count} problems"),
    };
    let mut error = ApiError::new(ErrorKind::Failed, message)
        .hint("nothing was signed. `nanduti practice template` explains every field");
    error.problems = problems;
    error
}

fn to_api(problem: record::Problem) -> Problem {
    Problem { field: problem.path, line: None, message: problem.message, hint: problem.hint }
}

pub(super) fn salt() -> Result<[u8; 16], ApiError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| failed("the machine gives no random numbers"))?;
    Ok(salt)
}

/// The clock: milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
