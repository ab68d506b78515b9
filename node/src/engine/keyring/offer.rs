//! Offering the keys of this node to a member.

use nanduti_protocol::{
    key::MemberId,
    keyring::{KeyLine, KeyState, KeyUse, Place},
};

use crate::{
    api::{ApiError, KeyOffer, OfferReply, OfferedKey},
    engine::{
        Engine, Handle,
        failure::{failed, refused, usage},
    },
    founding::opening_run,
    keys::{KeyError, KeyStore},
    offline::{Offer, fingerprint, role},
};

impl Handle<KeyOffer> for Engine {
    async fn handle(&self, call: KeyOffer) -> Result<OfferReply, ApiError> {
        let named = call.member.map(|text| MemberId::parse(text.trim()).map_err(|error| usage(error.to_string())));
        let member = match (named.transpose()?, self.member.clone()) {
            (Some(named), Some(own)) if named != own => {
                return Err(refused(format!(
                    "this home was made for {own}, and its publishing key speaks for nobody else"
                )));
            }
            (named, own) => {
                named.or(own).ok_or_else(|| usage("name the member that is to list the keys: --member PRY"))?
            }
        };
        let snapshot = self.core.snapshot();
        let authority = snapshot.ledger.authority();
        if authority.is_some_and(|authority| authority.roster().member(&member).is_none()) {
            return Err(refused(format!("{member} is not a member of this network")));
        }
        let network = self.info.network;
        let mut keys =
            vec![KeyLine::sign(KeyUse::Node, &network, &member, self.node_key.signing_key(), KeyState::Live(None))];
        let mut openings = Vec::new();
        let unusable = |error: KeyError| failed("the publishing key cannot be used").because(&error);
        // One at a time: the opening of the log is made once.
        let _signing = self.signing.lock().await;
        match KeyStore::of(&self.home).open_publish() {
            Ok(publish) => {
                let opening = opening_run(&self.home, &network, &member, &publish)?;
                let state = KeyState::Live(Some(Place { seq: 0, hash: opening.head() }));
                keys.push(KeyLine::sign(KeyUse::Publish, &network, &member, publish.signing_key(), state));
                openings.push(opening);
            }
            Err(KeyError::Missing { .. }) => {}
            Err(error) => return Err(unusable(error)),
        }
        let held = keys.iter().find(|line| snapshot.ledger.extent(&line.key).is_some());
        if let Some(line) = held {
            let key = super::ring::short(&line.key);
            return Err(refused(format!(
                "the publishing key {key} of this node has a log already: it was listed before"
            ))
            .hint("`nanduti key list` shows how it stands"));
        }
        let shown = |line: &KeyLine| OfferedKey {
            key: line.key.to_hex(),
            key_use: role(line.key_use),
            fingerprint: fingerprint(&line.key),
        };
        let short = keys.last().map(|line| super::ring::short(&line.key)).unwrap_or_default();
        let file_name = format!("{member}-{}.keys", short.get(..8).unwrap_or(&short));
        let shown = keys.iter().map(shown).collect();
        let offer = Offer::new(network, member.clone(), keys, &openings).to_text();
        Ok(OfferReply { member: member.to_string(), offer, keys: shown, file_name })
    }
}
