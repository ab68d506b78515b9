//! What the public pages may see of the engine.

use std::{collections::BTreeSet, sync::Arc};

use nanduti_protocol::{
    key::MemberId,
    vocabulary::{self, Vocabulary},
};

use super::{
    Engine, Handle,
    asked::Asked,
    closed::{self, Asker},
    forks, library,
};
use crate::{
    api::{ApiError, ClosedReply, ForkReport, ListFilter, ListReply, PracticeView, RevisionView, Status, StatusReply},
    core::{Core, Snapshot},
    governance,
    web::{Choice, Choices, Library, Place},
};

impl Library for Engine {
    async fn list(&self, filter: ListFilter) -> Result<ListReply, ApiError> {
        self.kept_or_made(
            filter,
            Asked::list,
            |core, _, filter| library::list(core, Asker::Anybody, filter),
            Asked::keep_list,
        )
        .await
    }

    async fn show(&self, id: String) -> Result<PracticeView, ApiError> {
        self.blocking(move |core| library::show(core, Asker::Anybody, &id)).await
    }

    async fn history(&self, id: String) -> Result<Vec<RevisionView>, ApiError> {
        self.blocking(move |core| library::history(core, Asker::Anybody, &id)).await
    }

    async fn closed(&self, offset: u64, limit: u64) -> Result<ClosedReply, ApiError> {
        self.blocking(move |core| closed::list(core, Asker::Anybody, (&[], &[]), (offset, limit))).await
    }

    async fn fork(&self, log: String) -> Result<ForkReport, ApiError> {
        self.blocking(move |core| forks::report(core, Asker::Anybody, None, &log)).await
    }

    async fn status(&self) -> Result<StatusReply, ApiError> {
        self.handle(Status {}).await
    }

    async fn choices(&self) -> Result<Choices, ApiError> {
        self.kept_or_made(
            (),
            |asked, snapshot, ()| asked.choices(snapshot),
            |core, snapshot, ()| choices(core, snapshot),
            |asked, snapshot, (), choices| asked.keep_choices(snapshot, choices),
        )
        .await
    }

    async fn place(&self) -> Place {
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority();
        let member = self.member.as_ref().map(|member| {
            let name =
                authority.and_then(|authority| authority.roster().member(member)).map(|member| member.name.clone());
            name.unwrap_or_else(|| member.to_string())
        });
        let outdated = snapshot.ledger.succession().and_then(governance::later_rules).is_some();
        Place { network_name: authority.map(|authority| authority.network_name().to_owned()), member, outdated }
    }
}

impl Engine {
    /// The answer that was kept for this question and this library, or one that is made now and kept.
    async fn kept_or_made<Q: Send + 'static, A: Send + 'static>(
        &self,
        question: Q,
        kept: fn(&Asked, &Arc<Snapshot>, &Q) -> Option<A>,
        make: fn(&Core, &Snapshot, &Q) -> Result<A, ApiError>,
        keep: fn(&Asked, &Arc<Snapshot>, &Q, &A),
    ) -> Result<A, ApiError> {
        if let Some(answer) = kept(&self.asked, &self.core.snapshot(), &question) {
            return Ok(answer);
        }
        let asked = Arc::clone(&self.asked);
        self.blocking(move |core| {
            // Many may have waited for a place with the same question.
            let snapshot = core.snapshot();
            if let Some(answer) = kept(&asked, &snapshot, &question) {
                return Ok(answer);
            }
            let answer = make(core, &snapshot, &question)?;
            keep(&asked, &snapshot, &question, &answer);
            Ok(answer)
        })
        .await
    }
}

/// What occurs in the library: a filter offers nothing that finds nothing.
#[derive(Default)]
struct Occurring {
    members: BTreeSet<MemberId>,
    strands: BTreeSet<String>,
    capacities: BTreeSet<String>,
    themes: BTreeSet<String>,
    languages: BTreeSet<String>,
}

fn choices(core: &Core, snapshot: &Snapshot) -> Result<Choices, ApiError> {
    let mut occurring = Occurring::default();
    core.pick_series(None, |(_, member), series| {
        if !Asker::Anybody.sees(&series) {
            return None;
        }
        occurring.members.insert(member);
        for (_, newest) in series.newest() {
            let card = &newest.card;
            occurring.languages.insert(card.language.clone());
            occurring.strands.extend(card.strands.iter().cloned());
            occurring.capacities.extend(card.capacities.iter().cloned());
            occurring.themes.extend(card.themes.iter().cloned());
        }
        None::<()>
    })?;
    let name = |member: &MemberId| {
        let roster = snapshot.ledger.authority().map(|authority| authority.roster());
        let name = roster.and_then(|roster| roster.member(member)).map(|member| member.name.clone());
        Choice::new(member.as_str(), name.unwrap_or_else(|| member.to_string()))
    };
    Ok(Choices {
        members: by_label(occurring.members.iter().map(name).collect()),
        strands: labelled(Vocabulary::Strand, occurring.strands),
        capacities: labelled(Vocabulary::Capacity, occurring.capacities),
        themes: labelled(Vocabulary::Themes, occurring.themes),
        languages: labelled(Vocabulary::Languages, occurring.languages),
    })
}

fn labelled(list: Vocabulary, codes: BTreeSet<String>) -> Vec<Choice> {
    let choice = |code: String| {
        let label = vocabulary::lookup(list, &code).map_or_else(|| code.clone(), |term| term.label.to_owned());
        Choice::new(code, label)
    };
    by_label(codes.into_iter().filter(|code| !code.is_empty()).map(choice).collect())
}

fn by_label(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by(|a, b| (&a.label, &a.code).cmp(&(&b.label, &b.code)));
    choices
}
