//! An empty observer catches up with a full one.
//!
//! The clock runs from the start of the receiver's process until its end: until everything is durable, readable, and the home is closed.

use std::{
    io::{Error, Result},
    path::Path,
};

use crate::{
    figures as f, filled, floor,
    homes::{self, Bench},
    library::Library,
    namespace,
    options::Transport,
    process::{self, Running},
    report::{Outcome, Runs},
    text::TEXT_BYTES,
};

/// Lets observers catch up, one after another, and measures the floor of the same bytes in between.
pub(crate) fn measure(bench: &Bench, practices: u64, logs: usize, transport: Transport) -> Result<Outcome> {
    let library = Library::new(practices, logs)?;
    let full = filled::home(bench, &library, practices)?;
    let mut runs = Runs::default();
    for _ in 0..bench.runs {
        let rate = run(bench, &library, (&full, transport), practices, &mut runs)?;
        let floor = floor::combined(bench, practices, transport)?;
        runs.add(f::FLOOR_COMBINED, floor.rate);
        runs.add(f::FLOOR_PART, 100.0 * rate / floor.rate);
    }
    Ok(runs.outcome("catch-up", Some(practices), Some(logs)).over(transport.name()))
}

/// One observer. Returns practices per second.
fn run(
    bench: &Bench,
    library: &Library,
    (full, transport): (&Path, Transport),
    practices: u64,
    runs: &mut Runs,
) -> Result<f64> {
    let empty = bench.observer("empty", &library.ticket())?;
    let listen = format!("network.listen={}", transport.listen());
    let sender = Running::node(&bench.program, full, &[&listen])?;
    sender.forget_peak()?;
    let (cpu_before, wire_before) = (sender.cpu_s()?, namespace::carried()?);
    let receiver =
        process::run(process::program_on(&bench.program, &empty).args(["--json", "sync", sender.address()?]))?;
    let wire = namespace::carried()?.bytes - wire_before.bytes;
    let sender_cpu = sender.cpu_s()? - cpu_before;
    let reply: serde_json::Value = serde_json::from_slice(&receiver.output)?;
    let peer = &reply["peers"][0];
    let number = |name: &str| peer[name].as_f64().ok_or_else(|| Error::other(format!("no {name} in {reply}")));
    if number("received")? != library.entries() as f64 || peer["equal"] != true {
        return Err(Error::other(format!("not everything has arrived: {reply}")));
    }
    let (payload, per_10k) = ((practices * TEXT_BYTES as u64) as f64, 10_000.0 / practices as f64);
    let rate = practices as f64 / receiver.seconds;
    runs.add(f::RATE, rate);
    runs.add(f::SECONDS, receiver.seconds);
    runs.add(f::SESSION_SECONDS, number("elapsed_ms")? / 1000.0);
    runs.add(f::CPU_BOTH, (sender_cpu + receiver.cpu_s) * per_10k);
    runs.add(f::CPU_SENDER, sender_cpu * per_10k);
    runs.add(f::CPU_RECEIVER, receiver.cpu_s * per_10k);
    runs.add(f::PEAK_SENDER, sender.peak_mib()?);
    runs.add(f::PEAK_RECEIVER, receiver.peak_mib);
    runs.add(f::WIRE_OURS, (number("bytes_in")? + number("bytes_out")?) / payload);
    if bench.isolated {
        runs.add(f::WIRE_KERNEL, wire as f64 / payload);
    }
    runs.add(f::DISK_SEGMENTS, homes::size(&empty.join("logs"))?.long as f64 / payload);
    runs.add(f::DISK_HOME, homes::size(&empty)?.taken as f64 / payload);
    sender.stop()?;
    check(bench, &empty, practices)?;
    Ok(rate)
}

/// Asks the receiver's home, with a process of its own, whether it has the library.
fn check(bench: &Bench, home: &Path, practices: u64) -> Result<()> {
    let status = process::run(process::program_on(&bench.program, home).args(["--json", "status"]))?.output;
    let status: serde_json::Value = serde_json::from_slice(&status)?;
    if status["practices"] == practices {
        Ok(())
    } else {
        Err(Error::other(format!("the library is not whole: {status}")))
    }
}
