//! What several commands do with a home of a former network: compare a charter with it, and take its library over.

use std::path::Path;

use nanduti_node::{
    Home,
    api::{ApiError, Audience, BundleExport, BundleImport, ErrorKind, Former},
    founding::{self, Claims},
};

use super::bundle::absolute;
use crate::{context::Context, outcome::Stop};

/// Compares what the charter in a file claims with a home of the former network, and notes what is worth a look.
pub(super) async fn compare(context: &Context, file: &Path, from: &Path) -> Result<Claims, Stop> {
    let claims = founding::claims_of(file)?;
    let call = Former { places: claims.places() };
    let known = context.at(from).call("reading the former library", call).await?;
    for note in claims.compare(&known)? {
        context.terminal().warning(&crate::terminal::sanitise::line(&note));
    }
    Ok(claims)
}

/// Takes what the charter carries over out of a home of the former network. Returns how many entries are new here.
pub(super) async fn take_over(context: &Context, home: &Home, claims: &Claims, from: &Path) -> Result<u64, Stop> {
    let bundle = home.path().join("former-library.bundle");
    let path = absolute(&bundle)?;
    let logs = claims.places().into_iter().map(|place| place.log).collect();
    let export = BundleExport { path: path.clone(), overwrite: true, audience: Audience::Members, logs };
    context.at(from).call("reading the former library", export).await?;
    let imported = context.call("taking the former library over", BundleImport { path }).await;
    // It was only a way from one home to the other.
    std::fs::remove_file(&bundle).map_err(|error| {
        ApiError::new(ErrorKind::Failed, format!("{} cannot be removed", bundle.display())).because(&error)
    })?;
    let imported = imported?;
    let held = context.call("checking the library", Former { places: claims.places() }).await?;
    let missing = held.held.iter().filter(|held| held.is_none()).count();
    if missing > 0 || !imported.refused.is_empty() {
        let refused = super::words::tally(&imported.refused);
        context.terminal().warning(&format!(
            "{missing} of the carried logs are not whole here yet; synchronisation brings what others have ({refused})"
        ));
    }
    Ok(imported.new)
}
