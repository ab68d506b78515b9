//! The keys of a member as a table.

use nanduti_node::api::{KeyList, KeyListReply, KeyRole, KeyStanding, KeyView};

use super::super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{
        View, sanitise, style,
        table::{Column, Pairs, Table, Tone},
    },
};

pub(super) async fn run(context: &Context, member: Option<String>) -> Outcome {
    let reply = context.call("reading the keys", KeyList { member }).await?;
    context.terminal().reply(&reply, text)?;
    Ok(outcome::DONE)
}

fn text(reply: &KeyListReply, view: View) -> String {
    let mut pairs = Pairs::new();
    let name = format!("{}, {}", reply.member, reply.member_name);
    pairs.add("member", style::strong(&sanitise::line(&name)));
    pairs.add("root key", format!("{}\n{}", sanitise::line(&reply.root_key), sanitise::line(&reply.root_fingerprint)));
    for (name, key) in [("spare root key", &reply.spare), ("governance key", &reply.governance)] {
        if let Some(key) = key {
            pairs.add(name, format!("{}\n{}", sanitise::line(&key.key), sanitise::line(&key.fingerprint)));
        }
    }
    let signed =
        reply.keyring_time.as_deref().map(|time| format!(", signed {}", words::minute(time))).unwrap_or_default();
    match reply.keyring {
        Some(seq) => pairs.add("keyring", format!("entry {seq} of the root log{signed}")),
        None => pairs.add("keyring", style::careful("none: nothing can be published in its name")),
    }
    if let Some(seq) = reply.root_forked_at {
        pairs.add(
            "root log",
            style::bad(&format!("forked at entry {seq}: what stands there and above counts for nothing")),
        );
    }
    let mut table = Table::new([
        Column::text("key"),
        Column::text("use"),
        Column::text("state"),
        Column::text("place"),
        Column::number("counts"),
        Column::text("since"),
        Column::text("fingerprint"),
        Column::text(""),
    ]);
    for key in &reply.keys {
        table.row(row(key));
    }
    format!("{}\n{}", pairs.render(), table.render(view.width))
}

fn row(key: &KeyView) -> [(String, Tone); 8] {
    let use_of = match key.key_use {
        KeyRole::Publish => "publish",
        KeyRole::Node => "node",
    };
    let (state, tone) = match key.state {
        KeyStanding::Live => ("live", Tone::Good),
        KeyStanding::Retired => ("retired", Tone::Faint),
        KeyStanding::Revoked => ("revoked", Tone::Bad),
    };
    let place = match (&key.place, key.key_use, key.state) {
        (Some(place), _, KeyStanding::Live) => format!("fixed at {}", place.seq),
        (Some(place), ..) => format!("last is {}", place.seq),
        (None, KeyRole::Publish, _) => "none counts".to_owned(),
        (None, KeyRole::Node, _) => String::new(),
    };
    let counts = match (key.key_use, key.entries == key.counted) {
        (KeyRole::Node, _) => String::new(),
        (KeyRole::Publish, true) => words::grouped(key.counted),
        (KeyRole::Publish, false) => format!("{} of {}", words::grouped(key.counted), words::grouped(key.entries)),
    };
    let since = match (key.ended_by_roster, key.ended_by) {
        (Some(version), _) => format!("keyring {}, ended by roster {version}", key.since),
        (None, Some(ended)) => format!("keyring {}, ended by {ended}", key.since),
        (None, None) => format!("keyring {}", key.since),
    };
    [
        (words::glance(&key.key).to_owned(), Tone::Plain),
        (use_of.to_owned(), Tone::Plain),
        (state.to_owned(), tone),
        (place, Tone::Plain),
        (counts, Tone::Plain),
        (since, Tone::Plain),
        (key.fingerprint.clone(), Tone::Plain),
        (if key.own { "this node".to_owned() } else { String::new() }, Tone::Good),
    ]
}

#[cfg(test)]
mod tests {
    use nanduti_node::api::{NamedKey, PlaceView};

    use super::*;
    use crate::commands::samples;

    #[test]
    fn keys_of_every_state() {
        let key = |byte: &str, key_use, state, place: Option<u64>| KeyView {
            key: byte.repeat(32),
            key_use,
            fingerprint: "lusab-babad-gutih-tugad-himug-bazor-nabop".into(),
            peer_id: None,
            state,
            place: place.map(|seq| PlaceView { seq, hash: "ab".repeat(32) }),
            entries: if key_use == KeyRole::Publish { 14 } else { 0 },
            counted: place.map_or(0, |place| if state == KeyStanding::Live { 14 } else { place + 1 }),
            since: 1,
            ended_by: (state != KeyStanding::Live).then_some(3),
            ended_by_roster: (byte == "6b").then_some(2),
            own: byte == "8d",
        };
        let reply = KeyListReply {
            member: "PRY".into(),
            member_name: "Ministry of Foreign Affairs".into(),
            root_key: "7e".repeat(32),
            root_fingerprint: "lusab-babad-gutih-tugad-himug-bazor-nabop".into(),
            spare: Some(NamedKey {
                key: "3c".repeat(32),
                fingerprint: "babab-dadad-gutih-tugad-himug-bazor-nabop".into(),
            }),
            governance: None,
            keyring: Some(3),
            keyring_time: Some("2026-03-02T09:00:00Z".into()),
            root_forked_at: None,
            keys: vec![
                key("8d", KeyRole::Publish, KeyStanding::Live, Some(12)),
                key("9e", KeyRole::Node, KeyStanding::Live, None),
                key("5c", KeyRole::Publish, KeyStanding::Revoked, Some(4)),
                key("6a", KeyRole::Publish, KeyStanding::Retired, Some(13)),
                key("6b", KeyRole::Publish, KeyStanding::Revoked, None),
                key("9f", KeyRole::Node, KeyStanding::Retired, None),
            ],
        };
        insta::assert_snapshot!(samples::plain(&text(&reply, View { width: None })));
    }
}
