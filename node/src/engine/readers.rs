//! For whom a publication is: what the file says, and what stands already.
//!
//! A practice keeps its readers, from its first revision on: what was public stays in everybody's hands, and what was for
//! members would not be found by others under an id of which they know nothing. So to change readers is to begin another
//! practice. Nothing becomes public by silence: where something for members only stands under the same name, the file has to
//! say who may read it.

use nanduti_protocol::{hash::Hash, key::MemberId, kind::Audience, library::Series};

use super::failure::refused;
use crate::{api::ApiError, engine::ids::Found};

/// Who is to read a revision of a series.
pub(super) fn of_revision(found: &Found, said: Option<Audience>) -> Result<Audience, ApiError> {
    let short = found.name.short();
    let stands = found.series.audience().unwrap_or(Audience::Public);
    match (stands, said) {
        (Audience::Public, None) => Ok(stands),
        (_, Some(said)) if said == stands => Ok(stands),
        (Audience::Members, None) => {
            Err(refused(format!("{short} is for members only, and the file does not say who may read the new revision"))
                .hint(format!("add `audience: members` to the front matter; {AS_ITS_OWN}")))
        }
        (Audience::Members, Some(_)) => {
            Err(refused(format!("{short} is for members only, and a practice keeps its readers")).hint(AS_ITS_OWN))
        }
        (Audience::Public, Some(_)) => {
            Err(refused(format!("{short} is public, and a practice keeps its readers: what was public is in everybody's hands"))
                .hint("take `id` out of the front matter to begin a practice for members only; `nanduti withdraw` takes the public one out of the library"))
        }
    }
}

const AS_ITS_OWN: &str =
    "to publish it for everybody, as a practice of its own, take `id` out and write `audience: public`";

/// Who is to read a practice that the file does not call a revision, where these of the member have the same title.
pub(super) fn of_first(
    titled: &[(Hash, Series)],
    member: &MemberId,
    said: Option<Audience>,
) -> Result<Audience, ApiError> {
    if let Some(said) = said {
        return Ok(said);
    }
    let mut closed = titled.iter().filter(|(_, series)| series.audience() == Some(Audience::Members));
    match closed.next().map(|(name, _)| name.short()) {
        None => Ok(Audience::Public),
        Some(short) => Err(refused(format!(
            "{member} has a practice with this title for members only, {short}, and the file does not say who may read this one"
        ))
        .hint(format!(
            "write `audience: members` into the front matter, with `id: {short}` to revise it; or `audience: public` to publish for everybody"
        ))),
    }
}
