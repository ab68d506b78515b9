//! The pages as JSON, in the shapes of the operator's API.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection},
};

use crate::api::{ClosedReply, ForkReport, ListReply, PracticeView, RevisionView};

use super::{
    failure::JsonFailure,
    public_status::PublicStatus,
    query::{self, Pairs, Unknown, practice_id},
    source::Library,
};

type Reply<T> = Result<Json<T>, JsonFailure>;

pub(crate) async fn practices<L: Library>(
    State(library): State<Arc<L>>,
    Query(pairs): Query<Pairs>,
) -> Reply<ListReply> {
    let filter = query::parse(pairs, Unknown::Refuse)?;
    Ok(Json(library.list(filter).await?))
}

pub(crate) async fn practice<L: Library>(
    State(library): State<Arc<L>>,
    id: Result<Path<String>, PathRejection>,
) -> Reply<PracticeView> {
    Ok(Json(library.show(practice_id(id)?).await?))
}

pub(crate) async fn history<L: Library>(
    State(library): State<Arc<L>>,
    id: Result<Path<String>, PathRejection>,
) -> Reply<Vec<RevisionView>> {
    Ok(Json(library.history(practice_id(id)?).await?))
}

pub(crate) async fn closed<L: Library>(
    State(library): State<Arc<L>>,
    Query(pairs): Query<Pairs>,
) -> Reply<ClosedReply> {
    let (offset, limit) = query::page(pairs, Unknown::Refuse)?;
    Ok(Json(library.closed(offset, limit).await?))
}

pub(crate) async fn fork<L: Library>(
    State(library): State<Arc<L>>,
    log: Result<Path<String>, PathRejection>,
) -> Reply<ForkReport> {
    Ok(Json(library.fork(query::log_key(log)?).await?))
}

pub(crate) async fn status<L: Library>(State(library): State<Arc<L>>) -> Reply<PublicStatus> {
    Ok(Json(library.status().await?.into()))
}
