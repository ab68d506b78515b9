//! The public pages of a node: the library, a practice with its proof, its history, the node's status; and the same as
//! JSON.
//!
//! What holds here:
//!
//! - Only what is public leaves, on a member's node too: of a document for members only a page says what its entry says.
//!   The pages read through [`Library`], and the node's status passes through
//!   [`PublicStatus`], which has no field for a path, an address or a peer's id.
//! - Every value of a record is a stranger's text. Templates escape it, Markdown is rendered and then sanitised, a link is
//!   `https:`, `http:` or `mailto:` or it is not a link, and text that could reorder its surroundings is isolated.
//! - A page needs nothing but itself, one stylesheet and one picture from the same node: no script, no cookie, no request
//!   to another host. The policy in the headers makes the browser hold to this too.
//! - A reader can use only what the [`bounds`] allow: connections, requests at a time, time, header bytes, query bytes and
//!   rows of a page.
//! - The address by which a reader found the node is never read. A page that is tricked into asking here under another
//!   name (DNS rebinding) learns what everybody may read, and there is no session, no write and no operator's call behind
//!   this listener that it could borrow.
//! - No reader's address is logged.
//!
//! Absent on purpose: signing in, writing, the operator's API (another listener), search and facets, languages of the
//! interface other than English (its words are together in [`text`], so that they can come), TLS (a proxy's work).

mod api;
mod assets;
mod bounds;
mod closed;
mod connections;
mod display;
mod failure;
mod fork;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod guard;
mod health;
mod history;
mod layout;
mod library;
mod markdown;
mod practice;
mod public_status;
mod query;
mod server;
mod source;
mod status;
mod text;

use std::sync::Arc;

use axum::{Router, middleware, routing::get};

pub use public_status::PublicStatus;
pub use server::serve;
pub use source::{Choice, Choices, Library, Place};

/// The pages and the JSON of `source`, with the headers and the bounds that every answer obeys.
pub fn router<L: Library>(source: Arc<L>) -> Router {
    let pages = Router::new()
        .route("/", get(library::page::<L>))
        .route("/practices", get(library::moved))
        .route("/practices/{id}", get(practice::page::<L>))
        .route("/practices/{id}/history", get(history::page::<L>))
        .route("/for-members", get(closed::page::<L>))
        .route("/forks/{log}", get(fork::page::<L>))
        .route("/status", get(status::page::<L>))
        .route("/api/practices", get(api::practices::<L>))
        .route("/api/practices/{id}", get(api::practice::<L>))
        .route("/api/practices/{id}/history", get(api::history::<L>))
        .route("/api/for-members", get(api::closed::<L>))
        .route("/api/forks/{log}", get(api::fork::<L>))
        .route("/api/status", get(api::status::<L>))
        .route("/static/{name}", get(assets::file))
        .with_state(source)
        .fallback(failure::no_such_page)
        .layer(middleware::from_fn_with_state(guard::Busy::new(), guard::limit));
    // Whoever watches over the node must not take a busy one for a dead one: health is answered outside the limit.
    Router::new()
        .route("/health", get(health::answer))
        .merge(pages)
        .layer(middleware::from_fn(guard::admit))
        .layer(middleware::from_fn(guard::headers))
}
