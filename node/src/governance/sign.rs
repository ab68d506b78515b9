//! Signing a statement with the root key of a home. The words that were shown are computed again from the bytes that are signed.

use data_encoding::HEXLOWER;
use nanduti_protocol::{
    ballot::{Proposal, Statement},
    cbor,
    hash::Hash,
    key::{MemberId, PublicKey},
    roster::Roster,
};

use super::words;
use crate::{
    Home,
    api::{ApiError, Cast, ErrorKind, StatementDraft},
    keys::{KeyStore, Passphrase},
};

/// Signs a draft.
///
/// # Errors
/// If it is not whole, says other words than its bytes, the home's root key is not the member's, or the passphrase is wrong.
pub fn sign(home: &Home, draft: &StatementDraft, passphrase: &Passphrase) -> Result<Cast, ApiError> {
    let root = KeyStore::of(home).open_root(passphrase).map_err(|error| {
        ApiError::new(ErrorKind::Failed, "the root key cannot be used").because(&error).hint(
            error
                .hint()
                .unwrap_or_else(|| "the root key of the institution has to be at hand to speak in a ballot".into()),
        )
    })?;
    let (network, statement) = check(draft, &PublicKey::from_bytes(root.public()))?;
    let signed = statement.sign(&network, root.signing_key());
    Ok(Cast { proposal: draft.proposal_bytes.clone(), statement: HEXLOWER.encode(&signed) })
}

/// What is to be signed, if the draft is what it says.
fn check(draft: &StatementDraft, root: &PublicKey) -> Result<(Hash, Statement), ApiError> {
    let wrong = |what: &str| ApiError::new(ErrorKind::Failed, format!("the draft of a statement is not whole: {what}"));
    let bytes = |hex: &str, what: &str| HEXLOWER.decode(hex.as_bytes()).map_err(|_| wrong(what));
    let roster: Roster =
        cbor::decode_exact(&bytes(&draft.roster_bytes, "its roster")?).map_err(|_| wrong("its roster"))?;
    let proposal =
        Proposal::decode(&bytes(&draft.proposal_bytes, "its proposal")?).map_err(|_| wrong("its proposal"))?;
    let statement: Statement =
        cbor::decode_exact(&bytes(&draft.statement_bytes, "its bytes")?).map_err(|_| wrong("its bytes"))?;
    let fits = statement.roster == roster.hash()
        && statement.proposal == proposal.hash()
        && proposal.roster == statement.roster
        && roster.network.to_hex() == draft.network
        && words::changes(&proposal, &roster) == draft.changes
        && MemberId::parse(&draft.member).is_ok_and(|member| member == statement.member);
    if !fits {
        return Err(wrong("its words are not those of its bytes"));
    }
    let member = roster.member(&statement.member).ok_or_else(|| wrong("its member is not on its roster"))?;
    if member.root != *root {
        return Err(ApiError::new(
            ErrorKind::Refused,
            format!("the root key of this home is not that of {} on the roster", member.id),
        ));
    }
    Ok((roster.network, statement))
}
