//! Reading what one is asked to sign, and what was signed.

use std::collections::BTreeSet;
use std::path::Path;

use nanduti_protocol::{
    charter::Charter,
    key::{MemberId, PublicKey},
};

use super::{
    document::Document,
    draft::voters,
    failure,
    former::views,
    identity,
    types::{CharterKind, CharterView, FounderView},
    verify::{Adoption, verify_founding},
};
use crate::{
    Home,
    api::{ApiError, ErrorKind},
    keys::Fingerprint,
};

/// Shows the charter in a draft, in a signed file, in a founding bundle, or of the network that a home has joined. What is
/// shown as signed was verified in full.
///
/// # Errors
/// If there is nothing of the kind there, or it is not what it should be.
pub fn show(path: &Path) -> Result<CharterView, ApiError> {
    if path.is_dir() {
        return show_home(&Home::at(path));
    }
    if !path.exists() {
        return Err(ApiError::new(ErrorKind::NotFound, format!("there is nothing at {}", path.display())).hint(
            "give the file of a draft, a signed charter or a founding bundle, or the --home of a node that has joined",
        ));
    }
    let wrong =
        |error: &(dyn std::error::Error + 'static)| failure::failed(format!("{} does not hold", path.display()), error);
    match Document::read(path)? {
        Document::Draft(bytes) => {
            let charter = Charter::decode(&bytes).map_err(|error| wrong(&error))?;
            Ok(view(CharterKind::Draft, &charter, &BTreeSet::new()))
        }
        Document::Signed(runs) => {
            let [root, log] = <[Vec<u8>; 2]>::try_from(runs)
                .map_err(|_| failure::usage(format!("{} is incomplete", path.display())))?;
            let adoption = Adoption::verify(root, log).map_err(|error| wrong(&error))?;
            Ok(view(CharterKind::Signed, &adoption.charter, &BTreeSet::from([adoption.member])))
        }
        Document::Founding(runs, _) => {
            let adoptions = verify_founding(runs).map_err(|error| wrong(&error))?;
            let signed = adoptions.iter().map(|adoption| adoption.member.clone()).collect();
            let Some(first) = adoptions.first() else {
                return Err(failure::usage(format!("{} has no founders", path.display())));
            };
            Ok(view(CharterKind::Founding, &first.charter, &signed))
        }
    }
}

fn show_home(home: &Home) -> Result<CharterView, ApiError> {
    let nothing = |message: &str, hint: &str| ApiError::new(ErrorKind::NotFound, message).hint(hint);
    let Some(info) = identity::network_of(home)? else {
        return Err(nothing("this home has not joined a network", "`nanduti join` enters one"));
    };
    let Some(bytes) = identity::charter_bytes_of(home)? else {
        return Err(nothing("the charter of this network has not arrived yet", "`nanduti sync` fetches it"));
    };
    let damaged = || ApiError::new(ErrorKind::Store, "the charter of this home is damaged");
    let charter = Charter::decode(&bytes).map_err(|error| damaged().because(&error))?;
    if charter.network() != info.network {
        return Err(damaged());
    }
    // A root log is only ever admitted with the charter in its entry 0.
    let held = |id: &&nanduti_protocol::charter::Member| home.segment_file(id.root.as_bytes(), 0).exists();
    let signed = charter.members.iter().filter(held).map(|member| member.id.clone()).collect();
    Ok(view(CharterKind::Home, &charter, &signed))
}

pub(super) fn view(kind: CharterKind, charter: &Charter, signed: &BTreeSet<MemberId>) -> CharterView {
    let voters = voters(charter);
    let fingerprint = |key: PublicKey| Fingerprint::of(key.as_bytes()).to_string();
    let members = charter.members.iter().map(|member| FounderView {
        id: member.id.to_string(),
        name: member.name.clone(),
        role: member.role.clone(),
        fingerprint: fingerprint(member.root),
        root_key: member.root.to_hex(),
        spare: member.spare.map(fingerprint),
        governance: member.governance.map(fingerprint),
        signed: signed.contains(&member.id),
    });
    CharterView {
        kind,
        network: charter.network().to_hex(),
        name: charter.name.clone(),
        purpose: charter.purpose.clone(),
        former: views(charter, true),
        quorum: format!("{} of {voters} voting members", charter.quorum.of(voters)),
        members: members.collect(),
    }
}
