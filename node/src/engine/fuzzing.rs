//! A door for fuzz targets: the runs of a bundle.

use nanduti_protocol::{hash::Hash, run::VerifiedRun};

use super::bundle;

/// What of a bundle's items of one log holds, and how many items do not.
pub fn bundle(bytes: &[u8], network: &Hash) -> (Vec<VerifiedRun>, u64) {
    bundle::verify(bytes, network)
}
