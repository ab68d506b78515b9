//! A network that lost too many root keys, and the one that its members founded anew.

use alloc::{vec, vec::Vec};

use serde_bytes::ByteBuf;

use super::{Actor, Founding, LogWriter};
use crate::{
    charter::Member,
    former::{Carried, Consent, Former, sign_consent},
    kind::Kind,
    roster::Roster,
};

/// A former network of four members, and the one that three of them founded: two by consent of their former root keys.
#[derive(Debug, Clone)]
pub struct Refounding {
    /// The former network.
    pub former: Founding,
    /// The new one.
    pub founding: Founding,
    /// The logs that it carries over: one of each former member.
    pub logs: Vec<LogWriter>,
}

impl Refounding {
    /// The two networks that follow from a seed. The last former member is no founder.
    pub fn new(seed: u64) -> Self {
        let former = Founding::new(seed, 4);
        let log = |actor: &Actor| {
            let mut log = actor.publish.first().map(|key| former.publish_log(&actor.id, key)).expect("two keys");
            for body in [b"one", b"two"] {
                log.push(Kind::Practice, body);
            }
            log
        };
        let logs: Vec<LogWriter> = former.actors.iter().map(log).collect();
        let founding = Self::found(seed, &former, &logs, 3, 2);
        Self { former, founding, logs }
    }

    /// The network that the first members of a former one found anew, so many of them by consent of their former root keys, with
    /// these logs of it up to their last entries.
    pub fn found(seed: u64, former: &Founding, logs: &[LogWriter], founders: usize, consents: usize) -> Founding {
        // Another seed gives the same members other keys.
        Founding::with(!seed, founders, |charter| {
            charter.former = vec![Self::claim(former, logs, &charter.members, consents)];
        })
    }

    /// What the charter of these members says of a former network: these logs of it up to their last entries, and consents of so many
    /// of the members who were founders there.
    pub fn claim(former: &Founding, logs: &[LogWriter], members: &[Member], consents: usize) -> Former {
        let carried = |log: &LogWriter| {
            let last = log.place(log.len().saturating_sub(1))?;
            Some(Carried { log: log.log(), last, member: log.member() })
        };
        let mut carried: Vec<Carried> = logs.iter().filter_map(carried).collect();
        carried.sort_by_key(|carried| carried.log);
        let old = |member: &Member| former.actors.iter().find(|actor| actor.id == member.id);
        let consents = members.iter().filter_map(|member| Some((old(member)?, member))).take(consents);
        let consents = consents.map(|(actor, member)| {
            let proof = sign_consent(&former.network, &actor.id, &actor.root, &member.root);
            Consent { proof: ByteBuf::from(proof), member: actor.id.clone() }
        });
        Former {
            logs: carried,
            name: former.charter.name.clone(),
            reason: "Too many root keys were lost.".into(),
            roster: Roster::founding(&former.charter),
            consents: consents.collect(),
        }
    }
}
