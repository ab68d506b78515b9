//! How long a node takes from the start of its process until it is ready, and how much memory it has then.

use std::{fs::File, io::Result, path::Path};

use crate::{
    figures as f, filled,
    homes::Bench,
    library::Library,
    process::Running,
    report::{Outcome, Runs},
};

/// Starts a node again and again: with its files on the disk only, and with its files in the system's memory.
pub(crate) fn measure(bench: &Bench, practices: u64, logs: usize) -> Result<Outcome> {
    let library = Library::new(practices, logs)?;
    let full = filled::home(bench, &library, practices)?;
    let listen = format!("network.listen={}", bench.transport.listen());
    let mut runs = Runs::default();
    // The first start after a copy may write down what the others find.
    Running::node(&bench.program, &full, &[&listen])?.stop()?;
    for _ in 0..bench.runs {
        forget(&full)?;
        let cold = Running::node(&bench.program, &full, &[&listen])?;
        runs.add(f::START_COLD_MS, cold.seconds * 1000.0);
        cold.stop()?;
        let warm = Running::node(&bench.program, &full, &[&listen])?;
        runs.add(f::START_WARM_MS, warm.seconds * 1000.0);
        runs.add(f::START_MEMORY, warm.memory_mib()?);
        runs.add(f::START_CPU, warm.cpu_s()?);
        warm.stop()?;
    }
    Ok(runs.outcome("start", Some(practices), Some(logs)))
}

/// Lets the system forget what the files of a folder say, as far as it holds that in memory.
fn forget(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget(&path)?;
        } else if path.is_file() {
            let file = File::open(&path)?;
            // Only what is on the disk can be forgotten.
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}
