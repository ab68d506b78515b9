//! Changing the keys of this node's member: shown, asked, signed, handed in; or written into a file to be signed elsewhere.

use nanduti_node::api::{KeyChange, KeyPrepare};

use super::super::signing::{KeyringSigning, around_text, finish};
use crate::{
    context::{Context, Session},
    outcome::{self, Outcome, Stop},
    terminal::sanitise,
};

/// Runs a change.
pub(in crate::commands) async fn run(context: &Context, change: KeyChange, how: &KeyringSigning) -> Outcome {
    let session = context.open().await?;
    let done = async {
        if let KeyChange::Revoke { key, last: None } = &change {
            offer_places(context, &session, key).await?;
        }
        let prepared = session.call("preparing", KeyPrepare { change, unheard: how.unheard }).await?;
        how.root.run((context, &session), prepared, how.unheard).await
    };
    let done = done.await;
    match session.close(done).await? {
        Some(reply) => finish(context, &reply),
        None => Ok(outcome::DONE),
    }
}

/// Without the last entry that counts nothing can be revoked: the last ones are shown, to choose from.
async fn offer_places(context: &Context, session: &Session<'_>, key: &str) -> Result<(), Stop> {
    let retire = KeyPrepare { change: KeyChange::Retire { key: key.to_owned() }, unheard: true };
    let shown = session.call("reading the log", retire).await;
    // A key that has ended, or a node key, has nothing to choose from: preparing says why.
    let Ok(shown) = shown else { return Ok(()) };
    if shown.around.is_empty() {
        return Ok(());
    }
    let clean = sanitise::reply(&shown.around).unwrap_or_else(|_| shown.around.clone());
    context
        .terminal()
        .note(&format!("the last entries of that key:\n\n{}", around_text(&clean, context.terminal().view())));
    Ok(())
}
