//! A fresh publishing key takes the place of the present one, once the member's keyring lists it.
//!
//! Asked for after each keyring that is handed in here, at start, and whenever authority changes while the node runs: a crash in between,
//! or a keyring that came by another way, leaves nothing to be done by hand.

use nanduti_protocol::{key::PublicKey, keyring::KeyState};

use crate::{
    api::ApiError,
    core::Author,
    engine::{Engine, failure::failed},
    founding::opening_run,
    keys::{KeyError, KeyStore},
};

impl Engine {
    /// The same while nothing else signs or changes keys.
    pub(in crate::engine) async fn take_over_alone(&self) -> Result<Option<PublicKey>, ApiError> {
        let _signing = self.signing.lock().await;
        self.take_over().await
    }

    /// Signs with the fresh key from now on, if there is one that may speak. Returns it. The caller sees to it that nobody else
    /// signs or changes keys meanwhile.
    pub(in crate::engine) async fn take_over(&self) -> Result<Option<PublicKey>, ApiError> {
        let Some(member) = self.member.clone() else { return Ok(None) };
        let store = KeyStore::of(&self.home);
        let unusable = |error: KeyError| failed("the fresh publishing key cannot be used").because(&error);
        let next = match store.open_next_publish() {
            Ok(next) => next,
            Err(KeyError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(unusable(error)),
        };
        let log = PublicKey::from_bytes(next.public());
        let snapshot = self.core.snapshot();
        let keyring = snapshot.ledger.authority().and_then(|authority| authority.keyring(&member));
        let lives = keyring
            .and_then(|(_, keyring)| keyring.line(&log))
            .is_some_and(|line| matches!(line.state, KeyState::Live(_)));
        if !lives {
            return Ok(None);
        }
        if snapshot.ledger.extent(&log).is_none() {
            let opening = opening_run(&self.home, &snapshot.ledger.network(), &member, &next)?;
            self.core.admit(opening).await?;
        }
        let key = store.take_next_publish().map_err(unusable)?;
        self.core.speak_with(Author::new(key.signing_key().clone(), member)).await?;
        self.note_own_log(log);
        Ok(Some(log))
    }
}
