//! A request in plain words. Everything is computed from the checked bytes.

use nanduti_protocol::{
    key::PublicKey,
    keyring::{KeyLine, KeyState, KeyUse, Place},
};

use super::{
    check::{Checked, Says},
    keyring::{Before, CheckedKeyring},
};
use crate::{
    api::{KeyRole, KeyStep, PlaceView, RequestAct, RequestView, StepView},
    keys::Fingerprint,
};

/// What a request says.
pub(crate) fn view(checked: &Checked) -> RequestView {
    let root = checked.root();
    let listed = checked.charter.member_by_root(&root);
    let view = RequestView {
        network: checked.network.to_hex(),
        network_name: checked.charter.name.clone(),
        member: checked.member.to_string(),
        member_name: listed.map(|member| member.name.clone()),
        root_key: root.to_hex(),
        root_fingerprint: fingerprint(&root),
        governance_fingerprint: checked.governance().map(|key| fingerprint(&key)),
        ..RequestView::default()
    };
    match &checked.says {
        Says::Keyring(keyring) => {
            let (steps, unchanged) = steps(keyring.before.as_ref(), &keyring.after.keys);
            RequestView {
                act: RequestAct::Keyring,
                entry: Some(keyring.statement.seq),
                time: Some(time_text(keyring.statement.time)),
                signed: keyring.run.is_some(),
                unchecked: unchecked(keyring, &steps),
                steps,
                unchanged,
                ..view
            }
        }
        Says::Vote(vote) => RequestView {
            act: RequestAct::Vote,
            ordinary: vote.ordinary,
            member_name: vote.roster.member(&checked.member).map(|member| member.name.clone()),
            signed: vote.signed.is_some(),
            says: vote.words(),
            unchecked: vote.unchecked(),
            ..view
        },
        Says::Beginning(beginning) => RequestView {
            act: if beginning.line.is_some() { RequestAct::Admission } else { RequestAct::Charter },
            member_name: view.member_name.clone().or_else(|| beginning.line.as_ref().map(|line| line.name.clone())),
            entry: Some(0),
            time: Some(time_text(beginning.time)),
            signed: beginning.signed.is_some(),
            says: beginning.words(&checked.charter),
            steps: steps(None, &beginning.keyring.keys).0,
            unchecked: beginning.unchecked(),
            ..view
        },
    }
}

/// What a key is for.
pub(crate) fn role(key_use: KeyUse) -> KeyRole {
    match key_use {
        KeyUse::Publish => KeyRole::Publish,
        KeyUse::Node => KeyRole::Node,
    }
}

pub(crate) fn place(place: Place) -> PlaceView {
    PlaceView { seq: place.seq, hash: place.hash.to_hex() }
}

pub(crate) fn fingerprint(key: &PublicKey) -> String {
    Fingerprint::of(key.as_bytes()).to_string()
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn time_text(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn steps(before: Option<&Before>, after: &[KeyLine]) -> (Vec<StepView>, u64) {
    let before = before.map(|before| &before.keyring);
    let (mut steps, mut unchanged) = (Vec::new(), 0);
    for line in after {
        let old = before.and_then(|before| before.line(&line.key)).map(|old| old.state);
        match step(line, old) {
            Some(step) => steps.push(step),
            None => unchanged += 1,
        }
    }
    // What takes something away is read first, what merely moves on last.
    steps.sort_by_key(|step| match step.step {
        KeyStep::Ends | KeyStep::CutEarlier => 0,
        KeyStep::Added | KeyStep::AddedEnded => 1,
        KeyStep::MovesOn => 2,
    });
    (steps, unchanged)
}

fn step(line: &KeyLine, old: Option<KeyState>) -> Option<StepView> {
    let (step, from, to) = match (old, line.state) {
        (None, KeyState::Live(to)) => (KeyStep::Added, None, to),
        (None, KeyState::Ended(to)) => (KeyStep::AddedEnded, None, to),
        (Some(old), new) if old == new => return None,
        (Some(KeyState::Live(from)), KeyState::Live(to)) => (KeyStep::MovesOn, from, to),
        (Some(KeyState::Live(from)), KeyState::Ended(to)) => (KeyStep::Ends, from, to),
        // An ended key stays so in a keyring that follows the one before.
        (Some(KeyState::Ended(from)), KeyState::Ended(to) | KeyState::Live(to)) => (KeyStep::CutEarlier, from, to),
    };
    Some(StepView {
        key: line.key.to_hex(),
        key_use: role(line.key_use),
        fingerprint: fingerprint(&line.key),
        step,
        from: from.map(place),
        to: to.map(place),
        meaning: meaning(line.key_use, step, to),
    })
}

fn meaning(key_use: KeyUse, step: KeyStep, to: Option<Place>) -> String {
    let seq = to.map_or(0, |to| to.seq);
    match (step, key_use, to) {
        (KeyStep::Added, KeyUse::Publish, _) => {
            format!("may publish in the name of the member from now on; entry {seq} of its log is fixed")
        }
        (KeyStep::Added, KeyUse::Node, _) => {
            "a node with this key is the member's from now on, and is sent what is for members only".to_owned()
        }
        (KeyStep::MovesOn, ..) => {
            format!("goes on; entry {seq} of its log, and with it all entries before, is fixed for good")
        }
        (_, KeyUse::Node, _) => "a node with this key is not the member's any more".to_owned(),
        (_, KeyUse::Publish, Some(_)) => {
            format!("its entries up to and with {seq} count; every later one counts for nothing, on every node")
        }
        (_, KeyUse::Publish, None) => "nothing that it ever signed counts, on any node".to_owned(),
    }
}

/// What cannot be known from the file alone.
fn unchecked(checked: &CheckedKeyring, steps: &[StepView]) -> Vec<String> {
    let mut unchecked = Vec::new();
    match &checked.before {
        None => unchecked.push(
            "there is no keyring before this one to compare with: if the member has one already, this is not what it seems"
                .to_owned(),
        ),
        Some(before) => {
            let place = before.place.seq;
            unchecked.push(format!(
                "whether the keyring at entry {place} of the root log, with which this was compared, is the last one"
            ));
            if before.root != checked.statement.log {
                let root = before.root.to_hex();
                unchecked.push(format!("whether {root}, which signed that keyring, was the member's root key then"));
            }
        }
    }
    let ends = |step: &&StepView| matches!(step.step, KeyStep::Ends | KeyStep::CutEarlier | KeyStep::AddedEnded);
    if steps.iter().filter(ends).any(|step| step.to.is_some()) {
        unchecked.push(
            "whether the last entry that is to count is the right one: compare its number and hash with the node"
                .to_owned(),
        );
    }
    if steps.iter().any(|step| step.step == KeyStep::MovesOn) {
        unchecked.push("whether the entries that are fixed were all made by the member".to_owned());
    }
    if steps.iter().any(|step| step.step == KeyStep::Added) {
        unchecked.push("whose machine holds the new keys: compare their fingerprints with it".to_owned());
    }
    unchecked
}
