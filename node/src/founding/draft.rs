//! Drafting the charter from the founders' cards.

use std::path::{Path, PathBuf};

use nanduti_protocol::{
    charter::{Bounds, Charter, Member, Quorum, RULES},
    limits,
};

use super::{
    card::Card,
    disk::{PUBLIC_FILE, write_new},
    document::Document,
    failure,
    types::{DraftOptions, DraftReply},
};
use crate::api::ApiError;

/// Below this number the quorum is all voting members: one lost root key, and the roster can never change again.
const SAFE_VOTERS: u64 = 4;

/// Drafts a charter: checks the cards, sorts the members, sets the usual roles, bounds and quorum. Every draft has its own
/// random salt, so two drafts never found one network.
///
/// # Errors
/// If a card is not one, a member or a key stands twice, the charter makes no sense, or the file exists.
pub fn draft(options: DraftOptions) -> Result<DraftReply, ApiError> {
    let members = members_of(&options.cards)?;
    let charter = Charter {
        name: options.name,
        salt: random_salt()?,
        roles: Charter::usual_roles(),
        rules: RULES,
        bounds: Bounds::default(),
        former: Vec::new(),
        quorum: Quorum(2, 3),
        members,
        purpose: options.purpose,
    };
    charter.check().map_err(|error| failure::usage("this cannot be a charter").because(&error))?;
    write_draft(&charter, &options.out)?;
    Ok(DraftReply {
        network: charter.network().to_hex(),
        path: options.out.display().to_string(),
        members: charter.members.iter().map(|member| member.id.to_string()).collect(),
        warnings: warnings(&charter),
    })
}

/// The founders, from their cards, by id.
pub(super) fn members_of(cards: &[PathBuf]) -> Result<Vec<Member>, ApiError> {
    if cards.len() > limits::MEMBERS_MAX {
        return Err(failure::usage(format!("a charter has at most {} founders", limits::MEMBERS_MAX)));
    }
    let mut members = Vec::with_capacity(cards.len());
    for path in cards {
        let Card { id, name, role, root, spare, governance, .. } = Card::read(path)?;
        members.push(Member { id, name, role, root, spare, governance });
    }
    members.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(twice) = members.windows(2).find_map(|pair| (pair[0].id == pair[1].id).then(|| &pair[0].id)) {
        return Err(failure::usage(format!("two cards are of {twice}")).hint("give each founder's card once"));
    }
    Ok(members)
}

/// Writes a draft of a charter.
pub(super) fn write_draft(charter: &Charter, out: &Path) -> Result<(), ApiError> {
    let document = Document::Draft(charter.encode());
    write_new(out, &document.encode(), PUBLIC_FILE).map_err(|error| failure::file(&error))
}

/// Sixteen random bytes.
pub(crate) fn random_salt() -> Result<[u8; 16], ApiError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| failure::failed("the system has no random numbers", &error))?;
    Ok(salt)
}

/// How many members vote.
pub(super) fn voters(charter: &Charter) -> u64 {
    let votes = |member: &&Member| charter.roles.get(&member.role).is_some_and(|role| role.votes);
    charter.members.iter().filter(votes).count() as u64
}

pub(super) fn warnings(charter: &Charter) -> Vec<String> {
    let voters = voters(charter);
    if voters >= SAFE_VOTERS {
        return Vec::new();
    }
    vec![format!(
        "with {voters} voting members every one of them is needed to change the roster: no root key may be lost; \
         from four members on, one may"
    )]
}
