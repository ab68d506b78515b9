//! What leaves this node for somebody else: every entry, and the bodies that the recipient may read.
//!
//! Sessions and bundles read segments from the disk and pass them through [`Recipient::segment`]; whatever else writes segments
//! for others has to do the same. Backups are the operator's own and hold everything. Who a recipient is, authority says at the
//! moment of sending: a node key that has just ended, or a member that has just been suspended, is given no more.

use nanduti_protocol::{
    entry::Entry,
    key::PublicKey,
    kind::Audience,
    run::{push_item, split_item},
};

use super::Snapshot;

/// Who is to receive something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Anybody: what is for members only is left out.
    Anybody,
    /// A node of a member.
    Member,
}

/// A segment as a recipient may have it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The entries in it.
    pub(crate) entries: u64,
    /// Bodies for members only that are in it.
    pub(crate) for_members: u64,
    /// Bodies for members only that are held here and were left out.
    pub(crate) left_out: u64,
}

impl Recipient {
    /// What the owner of a node key is, as far as is known here.
    pub(crate) fn of_node(snapshot: &Snapshot, key: Option<&PublicKey>) -> Self {
        let authority = snapshot.ledger.authority();
        let member = key.and_then(|key| authority.and_then(|authority| authority.member_of_node(key)));
        if member.is_some() { Self::Member } else { Self::Anybody }
    }

    /// May it have a body for this audience?
    pub(crate) fn may_read(self, audience: Audience) -> bool {
        self == Self::Member || audience == Audience::Public
    }

    /// A segment, without the bodies that the recipient may not read.
    pub(crate) fn segment(self, run: Vec<u8>) -> Leaving {
        let (mut entries, mut for_members, mut left_out) = (0, 0, 0);
        let mut rest = run.as_slice();
        // Most segments hold nothing that is withheld, and leave as they are.
        let mut stripped: Option<Vec<u8>> = None;
        while let Some((entry, body, len)) = split_item(rest) {
            // What cannot be read is not given away.
            let audience = Entry::decode(entry).map_or(Audience::Members, |entry| entry.statement.audience);
            let withhold = body.is_some() && !self.may_read(audience);
            for_members += u64::from(body.is_some() && !withhold && audience == Audience::Members);
            left_out += u64::from(withhold);
            if withhold && stripped.is_none() {
                let done = run.len() - rest.len();
                stripped = Some(run.get(..done).unwrap_or_default().to_vec());
            }
            if let Some(stripped) = &mut stripped {
                push_item(stripped, entry, body.filter(|_| !withhold));
            }
            entries += 1;
            rest = rest.get(len..).unwrap_or_default();
        }
        Leaving { bytes: stripped.unwrap_or(run), entries, for_members, left_out }
    }
}

#[cfg(test)]
mod tests {
    use nanduti_protocol::{
        entry::{BodyRef, Statement},
        hash::Hash,
        kind::Kind,
    };

    use super::*;

    fn item(out: &mut Vec<u8>, seq: u64, audience: Audience, body: &[u8], held: bool) {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let (log, prev) = (PublicKey::from(&key), Hash::of(b"before"));
        let statement = Statement { log, seq, body: BodyRef::to(body), kind: Kind::Practice, prev, time: 0, audience };
        push_item(out, &statement.sign(&Hash::of(b"network"), &key), held.then_some(body));
    }

    #[test]
    fn anybody_is_given_every_entry_and_no_body_for_members() {
        let mut run = Vec::new();
        item(&mut run, 0, Audience::Public, b"first", true);
        item(&mut run, 1, Audience::Members, b"secret", true);
        item(&mut run, 2, Audience::Public, b"third", true);
        item(&mut run, 3, Audience::Members, b"not here", false);
        let all = Recipient::Member.segment(run.clone());
        assert_eq!(all, Leaving { bytes: run.clone(), entries: 4, for_members: 1, left_out: 0 });
        let some = Recipient::Anybody.segment(run.clone());
        assert_eq!((some.entries, some.for_members, some.left_out), (4, 0, 1));
        assert!(!some.bytes.windows(6).any(|bytes| bytes == b"secret"));
        assert!(some.bytes.windows(5).any(|bytes| bytes == b"third"));
        assert_eq!(some.bytes.len(), run.len() - b"secret".len());
        let mut public = Vec::new();
        item(&mut public, 0, Audience::Public, b"first", true);
        assert_eq!(Recipient::Anybody.segment(public.clone()).bytes, public);
    }
}
