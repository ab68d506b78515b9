//! What the logs of a member may say, by place, after several turns.

use nanduti_protocol::{
    ballot::{Change, Replace, request},
    charter::Member,
    key::PublicKey,
    roster::{End, Roster},
};
use serde_json::{Value, json};

use super::{
    super::made as keys,
    made::{self, amend, ends, line, proposal, root, roster},
};

const PLACES: u64 = 24;

/// A roster after many turns: a member was suspended and came back in another role; another one's root key was replaced, then it was
/// suspended; of a third one the root key was replaced, and nothing stands that it said; of a fourth one the roster chose the branch of
/// its root log.
pub(super) fn turned() -> Roster {
    let partner = Member { role: "partner".into(), ..line(0) };
    let rooted = Member { root: keys::public(0x62), ..line(1) };
    let sign = |line: &Member, key| request::sign(&made::network(), line, &keys::key(key)).into();
    let request = sign(&rooted, 0x62);
    let undone = sign(&Member { root: keys::public(0x63), ..line(2) }, 0x63);
    let of = |logs: &[(u8, Option<u64>)]| -> Vec<End> {
        ends(&logs.iter().map(|(byte, last)| (keys::public(*byte), *last)).collect::<Vec<_>>())
    };
    let steps = [
        vec![amend(line(0), true, of(&[(root(0), Some(3)), (0x41, Some(6))]))],
        vec![
            amend(partner, false, of(&[(root(0), Some(3)), (0x41, Some(9)), (0x44, None)])),
            Change::Replace(Replace { ends: of(&[(root(1), Some(2)), (0x42, Some(5))]), request }),
        ],
        vec![
            amend(rooted, true, of(&[(0x62, Some(7)), (0x42, Some(11))])),
            Change::Replace(Replace { ends: of(&[(root(2), None)]), request: undone }),
            amend(line(3), false, of(&[(root(3), Some(8))])),
        ],
    ];
    steps
        .into_iter()
        .fold(roster(), |before, changes| proposal(&before, changes).apply(&before).expect("it makes sense"))
}

pub(super) fn all() -> Vec<Value> {
    let turned = turned();
    let logs: [(usize, &str, PublicKey); 11] = [
        (0, "the root log of one who came back in another role", keys::public(root(0))),
        (0, "its publishing log", keys::public(0x41)),
        (0, "a log of which nothing stood as before", keys::public(0x44)),
        (0, "a log that no turn names", keys::public(0x45)),
        (1, "the log of a replaced root key", keys::public(root(1))),
        (1, "the log of the root key in its place", keys::public(0x62)),
        (1, "a publishing log that the replacement of the root key names", keys::public(0x42)),
        (1, "a log of a suspended member that no turn names", keys::public(0x46)),
        (2, "the log of a replaced root key of which nothing stands", keys::public(root(2))),
        (2, "a root log that no turn names", keys::public(0x63)),
        (3, "a root log of which the branch was chosen", keys::public(root(3))),
    ];
    logs.iter()
        .map(|(member, name, log)| {
            let member = turned.member(&line(*member).id).expect("a member");
            let rights = turned.rights(member, log);
            let mut parts: Vec<Value> = Vec::new();
            let mut last = None;
            for seq in 0..PLACES {
                let role = rights.at(seq);
                if last != Some(role) {
                    parts.push(json!({"from": seq, "role": role}));
                    last = Some(role);
                }
            }
            let fixed = turned.fixed(&member.id, log, rights.end());
            let fixed = fixed.map(|place| json!({"seq": place.seq, "hash": place.hash.to_hex()}));
            let holder = turned.member_by_root(log).map(|member| member.id.as_str());
            json!({"name": name, "roster": "turned", "member": member.id.as_str(), "log": log.to_hex(),
                   "rights": parts, "end": rights.end(), "fixed": fixed, "root_of": holder})
        })
        .collect()
}
