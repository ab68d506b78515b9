//! One entry differs among many logs: what it costs to find it and to bring it over.

use std::{
    io::{Error, Result},
    path::Path,
};

use nanduti_node::{Home, api::SyncReply};
use nanduti_protocol::kind::Kind;

use crate::{
    figures as f, filled,
    homes::Bench,
    library::Library,
    namespace,
    process::{self, Running},
    report::{Outcome, Runs},
};

/// Brings one entry over, again and again, each time to another home.
pub(crate) fn measure(bench: &Bench, practices: u64, logs: usize) -> Result<Outcome> {
    let library = Library::new(practices, logs)?;
    let full = filled::home(bench, &library, practices)?;
    let twins = (0..bench.runs).map(|_| filled::twin(bench, &library, &full)).collect::<Result<Vec<_>>>()?;
    add_one(&library, &full)?;
    let listen = format!("network.listen={}", bench.transport.listen());
    let sender = Running::node(&bench.program, &full, &[&listen])?;
    let mut runs = Runs::default();
    for twin in twins {
        let before = namespace::carried()?;
        let spent =
            process::run(process::program_on(&bench.program, &twin).args(["--json", "sync", sender.address()?]))?;
        let carried = namespace::carried()?;
        let reply: SyncReply = serde_json::from_slice(&spent.output)?;
        let [peer] = reply.peers.as_slice() else { return Err(Error::other("not one peer")) };
        if peer.received != 1 || !peer.equal {
            return Err(Error::other(format!("one entry was to come: {reply:?}")));
        }
        runs.add(f::DIFFERENCE_OURS, (peer.bytes_in + peer.bytes_out) as f64);
        if bench.isolated {
            runs.add(f::DIFFERENCE_KERNEL, (carried.bytes - before.bytes) as f64);
        }
        runs.add(f::DIFFERENCE_SESSION_MS, peer.elapsed_ms as f64);
        runs.add(f::DIFFERENCE_COMMAND_MS, spent.seconds * 1000.0);
    }
    sender.stop()?;
    Ok(runs.outcome("difference", Some(practices), Some(logs)).over(bench.transport.name()))
}

/// One practice more, in a log in the middle.
fn add_one(library: &Library, home: &Path) -> Result<()> {
    let mut log = library.log(library.logs() / 2)?;
    let place = log.push(Kind::Practice, &library.body(u64::MAX)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let core = filled::open(&Home::at(home), library, runtime.handle())?;
    let admitted = runtime.block_on(core.admit(log.run(place.seq..place.seq + 1)));
    runtime.block_on(core.close());
    if admitted.map_err(Error::other)?.appended == 1 { Ok(()) } else { Err(Error::other("nothing was added")) }
}
