//! Offering the keys of this node, and reading the offer of another.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use nanduti_node::api::{ApiError, ErrorKind, KeyOffer, KeyRole, OfferReply};
use serde::{Deserialize, Serialize};

use super::super::words;
use crate::{
    context::Context,
    outcome::{self, Outcome},
    terminal::{View, sanitise, style, table::Pairs},
};

/// Far more than an offer has.
const OFFER_MAX: u64 = 16 * 1024;

/// An offer in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    path: String,
    #[serde(flatten)]
    offer: OfferReply,
}

pub(super) async fn run(context: &Context, member: Option<String>, out: Option<PathBuf>) -> Outcome {
    let offer = context.call("looking at the keys", KeyOffer { member }).await?;
    let path = out.unwrap_or_else(|| PathBuf::from(&offer.file_name));
    write(&path, &format!("{}\n", offer.offer))?;
    let written = Written { path: path.display().to_string(), offer };
    context.terminal().reply(&written, text)?;
    context
        .terminal()
        .hint("on the member's first node, `nanduti key add FILE`; compare the fingerprints by telephone");
    Ok(outcome::DONE)
}

fn text(written: &Written, _view: View) -> String {
    let mut pairs = Pairs::new();
    pairs.add("member", style::strong(&sanitise::line(&written.offer.member)));
    for key in &written.offer.keys {
        let name = match key.key_use {
            KeyRole::Publish => "publishing key",
            KeyRole::Node => "node key",
        };
        pairs.add(name, format!("{}\n{}", words::glance(&key.key), sanitise::line(&key.fingerprint)));
    }
    pairs.add("file", sanitise::line(&written.path));
    pairs.render()
}

/// The text of an offer, given itself or in a file.
pub(super) fn read(offer: &Path) -> Result<String, ApiError> {
    let given = offer.to_string_lossy();
    if given.trim_start().get(..13).is_some_and(|start| start.eq_ignore_ascii_case("nanduti-keys:")) {
        return Ok(given.into_owned());
    }
    let unreadable = |error: &std::io::Error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { ErrorKind::NotFound } else { ErrorKind::Failed };
        ApiError::new(kind, format!("{} cannot be read", offer.display()))
            .because(error)
            .hint("name the file that `nanduti key offer` wrote on the other node")
    };
    let mut text = String::new();
    let file = std::fs::File::open(offer).map_err(|error| unreadable(&error))?;
    file.take(OFFER_MAX).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    Ok(text)
}

fn write(path: &Path, text: &str) -> Result<(), ApiError> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    nanduti_node::create_file_durably(path, text.as_bytes(), 0o644).map_err(|error| {
        ApiError::new(ErrorKind::Failed, format!("{} cannot be written", path.display()))
            .because(&error)
            .hint("name another file with --out")
    })
}
