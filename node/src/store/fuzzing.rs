//! A door for fuzz targets: the bytes of a segment file after damage.

use nanduti_protocol::{hash::Hash, run::VerifiedRun};

use super::walk::next_run;

/// The runs at the front of a file, and where reading stopped and whether what follows looks like an unfinished write.
pub fn segment_file(network: &Hash, bytes: &[u8]) -> (Vec<VerifiedRun>, Option<(usize, bool)>) {
    let (mut runs, mut end) = (Vec::new(), 0);
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        match next_run(network, rest, end) {
            Ok(run) => {
                end += run.bytes().len();
                runs.push(run);
            }
            Err(stop) => return (runs, Some((stop.offset, stop.unfinished))),
        }
    }
    (runs, None)
}
