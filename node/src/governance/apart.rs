//! Keys are kept apart: what publishes or names a node is no institution's key.
//!
//! A key that the list of members has as a root key is nothing else: its publishing log counts no more. So whoever holds another's
//! publishing key, or confuses its own keys, must not get it onto the list. No rule of the protocol can see to that, since a
//! keyring may be on its way while members vote; therefore no member's node votes for what it knows to be wrong.

use nanduti_protocol::{
    authority::Authority,
    ballot::{Change, Proposal, Replace, request},
    charter::Member,
    key::{MemberId, PublicKey},
};

use crate::api::{ApiError, ErrorKind};

/// Does a proposal bring a key to the list of members that is in other use here?
///
/// # Errors
/// If it does.
pub(crate) fn keys_are_apart(authority: &Authority, proposal: &Proposal) -> Result<(), ApiError> {
    let network = authority.network();
    for change in &proposal.changes {
        let line = match change {
            Change::Admit(bytes) | Change::Replace(Replace { request: bytes, .. }) => {
                request::open(bytes, &network).ok()
            }
            Change::Amend(amend) => Some(amend.line.clone()),
            _ => None,
        };
        if let Some((line, (key, user))) = line.and_then(|line| Some((line.clone(), in_use(authority, &line)?))) {
            return Err(refused(&line, &key, &user));
        }
    }
    Ok(())
}

/// A key of the line that publishes or names a node, and for whom.
fn in_use(authority: &Authority, line: &Member) -> Option<(PublicKey, MemberId)> {
    // What is on the list already is not made worse by a change of something else.
    let new = |key: &PublicKey| !authority.roster().institutional_keys().any(|known| known == *key);
    line.keys().filter(new).find_map(|key| {
        let opened = authority.opens_as_publishing(&key).then(|| authority.claimed_member(&key)).flatten();
        authority.listed_by(&key).first().or(opened).map(|user| (key, user.clone()))
    })
}

fn refused(line: &Member, key: &PublicKey, user: &MemberId) -> ApiError {
    let message =
        format!("the line of {} has the key {}, which publishes or names a node for {user}", line.id, key.to_hex());
    ApiError::new(ErrorKind::Refused, message).hint(format!(
        "a root key is used for nothing else: on the list of members it would take from {user} all that it has published. Ask {} for \
         a request with a root key of its own, and tell {user} that somebody may have its key",
        line.id
    ))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nanduti_protocol::{
        hash::Hash,
        keyring::KeyState,
        testing::{Founding, ring},
    };
    use serde_bytes::ByteBuf;

    use super::*;

    #[test]
    fn nobody_votes_for_a_root_key_that_publishes_for_somebody() {
        let founding = Founding::new(3, 4);
        let (owner, key) = (&founding.actors[0], &founding.actors[0].publish[0]);
        let log = founding.publish_log(&owner.id, key);
        let mut authority = Authority::new(&founding.charter);
        let admission = |root: &SigningKey, governance: Option<PublicKey>| {
            let id = MemberId::parse("ZZZ").unwrap();
            let line = Member { id, root: root.into(), governance, ..authority.roster().members[0].clone() };
            let request = ByteBuf::from(request::sign(&founding.network, &line, root));
            Proposal { roster: Hash::default(), changes: vec![Change::Admit(request)] }
        };
        let fresh = SigningKey::from_bytes(&[9; 32]);
        let stolen = [admission(key, None), admission(&fresh, Some(key.into()))];
        let honest = admission(&fresh, None);
        assert!(
            stolen.iter().all(|proposal| keys_are_apart(&authority, proposal).is_ok()),
            "nothing is known of it yet"
        );
        let line = log.line(&owner.id, KeyState::Live(log.place(0)));
        authority.learn_keyring(&(&owner.root).into(), 1, &ring(&[line]));
        for proposal in &stolen {
            let error = keys_are_apart(&authority, proposal).unwrap_err();
            assert!(
                error.message.contains(&log.log().to_hex()) && error.message.contains(owner.id.as_str()),
                "{error:?}"
            );
        }
        assert_eq!(keys_are_apart(&authority, &honest), Ok(()));
    }
}
