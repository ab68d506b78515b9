//! The beginning of a root log, prepared in a home whose root key is elsewhere, and taken in again.
//!
//! It needs no running node: a founder has no network yet, and a newcomer no log.

use std::path::Path;

use nanduti_protocol::{cbor, charter::Member, key::PublicKey};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    begin::BeginningAct,
    check::{Checked, Says},
    request::{Act, Request},
    sign::unfit,
};
use crate::{
    Home,
    api::{ApiError, ErrorKind, RequestView},
    founding::{
        Asked, RequestOptions, RequestReply, SignReply, adopt, failure, first_keyring, has_adopted, member_of, now_ms,
        opening_run, read_draft,
    },
    keys::KeyStore,
};

/// What came of a beginning that was signed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HandedIn {
    /// A founder adopted the charter.
    Charter(SignReply),
    /// An institution asks to be admitted.
    Admission(RequestReply),
}

/// What the root key of this home's member is to sign so that it adopts the charter of a draft.
///
/// # Errors
/// If it is no draft, this home's member is not on it, or the keys of the home cannot be used.
pub fn prepare_charter(home: &Home, draft: &Path) -> Result<Request, ApiError> {
    let charter = read_draft(draft)?;
    let own = member_of(home)?
        .ok_or_else(|| failure::usage("this home was made for an observer: it speaks for no institution"))?;
    let member = charter.members.iter().find(|member| member.id == own).ok_or_else(|| {
        failure::refused(format!("{own} is not on the draft"))
            .hint("send your card to whoever drafts the charter, and sign the draft that has it")
    })?;
    let network = charter.network();
    if has_adopted(home, &network)? {
        return Err(failure::refused("this home has signed the draft already").hint(
            "`nanduti network sign DRAFT` hands out what was signed: to sign a second time would contradict it",
        ));
    }
    beginning(home, &charter, (member.root, None), member, network)
}

/// What this home would sign if it adopted the charter of a draft: none if it has signed it already, and would only hand that out again.
///
/// # Errors
/// As [`prepare_charter`].
pub fn adoption(home: &Home, draft: &Path) -> Result<Option<RequestView>, ApiError> {
    let charter = read_draft(draft)?;
    if has_adopted(home, &charter.network())? {
        return Ok(None);
    }
    let request = prepare_charter(home, draft)?;
    Ok(Some(request.view().map_err(|error| unfit(&error))?))
}

/// What the root key of an institution is to sign so that it asks to be admitted.
///
/// # Errors
/// If the home has no network or its charter has not arrived, or the keys of the home cannot be used.
pub fn prepare_admission(home: &Home, options: &RequestOptions) -> Result<Request, ApiError> {
    let asked = Asked::of(home, options)?;
    if asked.has_first_words(home)? {
        return Err(failure::refused("this home has asked already, and what it says first is signed").hint(
            "send the request again that it made; to ask for something else, --root-key FILE signs the request alone",
        ));
    }
    let line = Some(ByteBuf::from(cbor::encode(&asked.line)));
    beginning(home, &asked.charter, (asked.line.root, line), &asked.line, asked.network)
}

fn beginning(
    home: &Home,
    charter: &nanduti_protocol::charter::Charter,
    (root, line): (PublicKey, Option<ByteBuf>),
    member: &Member,
    network: nanduti_protocol::hash::Hash,
) -> Result<Request, ApiError> {
    let store = KeyStore::of(home);
    let failed = |error| failure::key("the keys of this home cannot be used", &error);
    let (publish, node) = (store.open_publish().map_err(failed)?, store.open_node().map_err(failed)?);
    let opening = opening_run(home, &network, &member.id, &publish)?;
    let keyring = first_keyring(&network, &member.id, (&publish, &node), opening.head())?;
    let act = BeginningAct {
        body: ByteBuf::from(keyring.encode()),
        line,
        logs: vec![ByteBuf::from(opening.bytes().to_vec())],
        root,
        time: now_ms(),
        member: member.id.clone(),
    };
    let request = Request::new(Act::Beginning(act), charter.encode());
    // What is handed out must pass the doors that it will meet elsewhere.
    Checked::of(&request).map_err(|error| unfit(&error))?;
    Ok(request)
}

/// Takes in a beginning that the root key has signed: it is kept in the home, and what is to be sent to others is written beside
/// the file, or to `out`. To hand in the same file again changes nothing.
///
/// # Errors
/// If nobody has signed it, it does not hold, or it contradicts what this home has.
pub fn hand_in(home: &Home, request: &Request, file: &Path, out: Option<&Path>) -> Result<HandedIn, ApiError> {
    let checked =
        Checked::of(request).map_err(|error| failure::refused("the request does not hold").because(&error))?;
    let Says::Beginning(beginning) = checked.says else {
        return Err(failure::usage("this request begins nothing: the node takes it in"));
    };
    let begun = beginning.signed.ok_or_else(|| {
        failure::usage("nobody has signed this request yet").hint("`nanduti sign FILE` signs it, where the root key is")
    })?;
    let (Some(line), Some(signed)) = (beginning.line, begun.request) else {
        return Ok(HandedIn::Charter(adopt(home, begun.runs, (file, out))?));
    };
    let asked = Asked::line(home, line)?;
    if asked.network != checked.network {
        return Err(failure::refused("this home has joined another network than the one that it asks to join"));
    }
    let own = PublicKey::from_bytes(
        KeyStore::of(home)
            .open_publish()
            .map_err(|error| failure::key("the keys of this home cannot be used", &error))?
            .public(),
    );
    if beginning.keyring.line(&own).is_none() {
        return Err(failure::refused("this was prepared in another home, whose keys it lists")
            .hint("hand it in where `nanduti member request --prepare` made it"));
    }
    let runs = begun.runs.to_vec();
    if !asked.has_first_words(home)? {
        asked.keep_first_words(home, runs)?;
    } else if !asked.are_first_words(home, &runs)? {
        return Err(ApiError::new(ErrorKind::Refused, "this home has signed something else with which it begins")
            .hint("destroy this file: two statements for one place contradict each other"));
    }
    Ok(HandedIn::Admission(asked.hand_out(home, signed, out)?))
}
