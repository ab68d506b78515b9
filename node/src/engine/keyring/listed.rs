//! What the present root key of a member lists, and what is left of its former ones.
//!
//! Under another root key a member begins anew. The publishing keys that its former root keys listed are carried on by every node
//! without being listed again, and the ballot that replaced a root key has ended them: what they say past the places that it named
//! is a thief's, whatever a keyring says of them. So the next keyring leaves them out. It could list them, and would then say that they
//! may speak, which is not so; and a thief of a root key could fill it with so many that its owner could change nothing any more.

use nanduti_protocol::{
    key::{MemberId, PublicKey},
    keyring::{KeyLine, KeyState, KeyUse, Keyring, Place},
    ledger::History,
    roster::{Roster, Turn},
    run::push_item,
};

use super::ring::short;
use crate::{
    api::ApiError,
    core::{Core, Snapshot},
    engine::failure::failed,
};

/// Keys that are named one by one in a sentence.
const NAMED: usize = 4;

/// The keyring in force, taken apart by who listed what.
#[derive(Default)]
pub(super) struct Listed {
    /// What the present root key said last that counts.
    pub(super) own: Option<Own>,
    /// Lines that are carried on from former root keys.
    pub(super) former: Vec<KeyLine>,
}

/// A keyring as it stands in the present root log.
pub(super) struct Own {
    pub(super) keyring: Keyring,
    /// Its entry, with the body.
    pub(super) item: Vec<u8>,
}

impl Listed {
    pub(super) fn of(core: &Core, snapshot: &Snapshot, member: &MemberId) -> Result<Self, ApiError> {
        let gone = || failed("the keyring in force cannot be read");
        let authority = snapshot.ledger.authority().ok_or_else(gone)?;
        let Some((seq, in_force)) = authority.keyring(member) else { return Ok(Self::default()) };
        let listed = authority.roster().member(member).ok_or_else(gone)?;
        let mut roots: Vec<PublicKey> = authority.roster().roots(listed).collect();
        // The present one first: whoever has a former one could have copied into its log what stands in this.
        roots.reverse();
        for root in roots {
            let (Some(found), Some(entry)) = (core.read_at(&root, seq)?, snapshot.entry_at(&root, seq)) else {
                continue;
            };
            // The salt says which body it is that has come into force, with lines carried on or without.
            let body = found.body.as_deref();
            let read = body.and_then(|body| Keyring::decode(body, &authority.network(), member, Some(in_force)).ok());
            let Some(keyring) = read.filter(|read| read.salt == in_force.salt) else { continue };
            if root != listed.root {
                let former = in_force.keys.iter().filter(|line| line.key_use == KeyUse::Publish).cloned().collect();
                return Ok(Self { own: None, former });
            }
            let mut item = Vec::new();
            push_item(&mut item, &entry, body);
            let former = in_force.keys.iter().filter(|line| keyring.line(&line.key).is_none()).cloned().collect();
            return Ok(Self { own: Some(Own { keyring, item }), former });
        }
        Err(gone())
    }
}

/// The changes of the roster by which root keys of a member were replaced, in their order.
pub(super) fn replacements<'a>(roster: &'a Roster, member: &'a MemberId) -> impl Iterator<Item = &'a Turn> + 'a {
    roster.turns.iter().filter(move |turn| turn.member == *member && turn.root.is_some())
}

/// The replacement of a root key that named a log, and the last entry of it that counts: it has ended the log for good.
pub(super) fn ended_by_ballot(roster: &Roster, member: &MemberId, log: &PublicKey) -> Option<(u64, Option<Place>)> {
    replacements(roster, member)
        .find_map(|turn| Some((turn.version, turn.ends.iter().find(|end| end.log == *log)?.last)))
}

/// The lower of the last entries that a line and a ballot let count.
pub(super) fn lower(state: KeyState, last: Option<Place>) -> Option<Place> {
    match state {
        KeyState::Live(_) => last,
        KeyState::Ended(own) => own.zip(last).map(|(own, last)| if own.seq < last.seq { own } else { last }),
    }
}

/// That the next keyring leaves keys out, in words.
pub(super) fn left_out(former: &[KeyLine]) -> Option<String> {
    let named: Vec<String> = former.iter().take(NAMED).map(|line| short(&line.key)).collect();
    let more = former.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = named.join(", ");
    match former.len() {
        0 => None,
        1 => Some(format!(
            "the key {named}, which a former root key listed, is not listed again: the ballot that replaced that root key ended it, and it \
             stays ended"
        )),
        many => Some(format!(
            "{many} keys that former root keys listed are not listed again ({named}{more}): the ballots that replaced those root keys ended \
             them, and they stay ended"
        )),
    }
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::hash::Hash;

    use super::*;

    fn place(seq: u64) -> Option<Place> {
        Some(Place { seq, hash: Hash::of(&seq.to_be_bytes()) })
    }

    #[test]
    fn the_lower_end_counts() {
        assert_eq!(lower(KeyState::Live(place(9)), place(4)), place(4));
        assert_eq!(lower(KeyState::Ended(place(2)), place(4)), place(2));
        assert_eq!(lower(KeyState::Ended(place(5)), place(4)), place(4));
        assert_eq!(lower(KeyState::Ended(None), place(4)), None);
        assert_eq!(lower(KeyState::Ended(place(5)), None), None);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let member = MemberId::parse("PRY").unwrap();
        let line = |byte: u8| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[byte; 32]);
            KeyLine::sign(KeyUse::Publish, &Hash::of(b"network"), &member, &key, KeyState::Live(place(0)))
        };
        assert_eq!(left_out(&[]), None);
        let one = left_out(&[line(1)]).unwrap();
        assert!(one.contains(&short(&line(1).key)) && one.contains("is not listed again"), "{one}");
        let many = left_out(&(1..=62).map(line).collect::<Vec<_>>()).unwrap();
        assert!(many.starts_with("62 keys") && many.contains("and 58 more"), "{many}");
    }
}
