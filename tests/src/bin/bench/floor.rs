//! What this machine does at best with the same bytes: nothing that is a network of signed logs can be faster.
//!
//! The bytes are the texts alone, uncompressed, one after another. Two processes move them over one libp2p stream, as the
//! node's sessions are moved; what is done with them on one side is done in this process.

use std::{
    fs::File,
    io::{Result, Write},
    process::Command,
    time::Instant,
};

use nanduti_protocol::hash::Hash;

use crate::{
    figures as f,
    homes::Bench,
    options::Transport,
    process::{self, Running},
    report::{Outcome, Runs},
    stream::BATCH,
    text::{self, TEXT_BYTES},
};

/// Compressed at a time: what a synchronisation sends in one segment.
const CHUNK: usize = 1024 * 1024;

/// The texts of so many practices, one after another.
pub(crate) fn payload(practices: u64) -> Vec<u8> {
    (0..practices).flat_map(|number| text::text(number).into_bytes()).collect()
}

/// Measures all floors.
pub(crate) fn measure(bench: &Bench, practices: u64) -> Result<Outcome> {
    let mut runs = Runs::default();
    let payload = payload(practices);
    for _ in 0..bench.runs {
        let whole = combined(bench, practices, bench.transport)?;
        runs.add(f::FLOOR_COMBINED, whole.rate);
        runs.add(f::FLOOR_COMBINED_CPU, whole.cpu_s_per_10k);
        let tcp = stream(bench, practices, Transport::Tcp, false)?;
        runs.add(f::FLOOR_STREAM_TCP, tcp.rate);
        runs.add(f::FLOOR_STREAM_TCP_CPU, tcp.cpu_s_per_10k);
        let quic = stream(bench, practices, Transport::Quic, false)?;
        runs.add(f::FLOOR_STREAM_QUIC, quic.rate);
        runs.add(f::FLOOR_STREAM_QUIC_CPU, quic.cpu_s_per_10k);
        let rate = |began: Instant| practices as f64 / began.elapsed().as_secs_f64();
        runs.add(f::FLOOR_BLAKE3, hash(&payload, rate));
        runs.add(f::FLOOR_APPEND, append(bench, &payload, rate)?);
        compress(&payload, rate, &mut runs)?;
    }
    Ok(runs.outcome("floor", Some(practices), None).over(bench.transport.name()))
}

/// How fast something went.
pub(crate) struct Speed {
    /// Practices per second, from the start of the receiver's process until its end.
    pub(crate) rate: f64,
    /// CPU seconds of both sides.
    pub(crate) cpu_s_per_10k: f64,
}

/// The same bytes over a plain stream, each text hashed, appended to a file, with one sync per batch.
pub(crate) fn combined(bench: &Bench, practices: u64, transport: Transport) -> Result<Speed> {
    stream(bench, practices, transport, true)
}

fn stream(bench: &Bench, practices: u64, transport: Transport, to_disk: bool) -> Result<Speed> {
    let own = std::env::current_exe()?;
    let number = practices.to_string();
    let mut serve = Command::new(&own);
    let sender = Running::start(serve.args(["floor-serve", "--practices", &number, "--listen", transport.listen()]))?;
    let before = sender.cpu_s()?;
    let mut get = Command::new(&own);
    get.args(["floor-get", "--practices", &number, "--from", sender.address()?]);
    if to_disk {
        get.arg("--file").arg(bench.fresh("floor"));
    }
    let receiver = process::run(&mut get)?;
    let cpu_s = sender.cpu_s()? - before + receiver.cpu_s;
    Ok(Speed { rate: practices as f64 / receiver.seconds, cpu_s_per_10k: cpu_s * 10_000.0 / practices as f64 })
}

fn hash(payload: &[u8], rate: impl Fn(Instant) -> f64) -> f64 {
    let began = Instant::now();
    let mut all = 0_u8;
    for text in payload.chunks(TEXT_BYTES) {
        all ^= Hash::of(text).as_bytes()[0];
    }
    std::hint::black_box(all);
    rate(began)
}

fn append(bench: &Bench, payload: &[u8], rate: impl Fn(Instant) -> f64) -> Result<f64> {
    let began = Instant::now();
    let mut file = File::create(bench.fresh("append"))?;
    for batch in payload.chunks(BATCH) {
        file.write_all(batch)?;
        file.sync_data()?;
    }
    Ok(rate(began))
}

fn compress(payload: &[u8], rate: impl Fn(Instant) -> f64, runs: &mut Runs) -> Result<()> {
    let began = Instant::now();
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    let small: Vec<Vec<u8>> = payload.chunks(CHUNK).map(|chunk| compressor.compress(chunk)).collect::<Result<_>>()?;
    runs.add(f::FLOOR_COMPRESS, rate(began));
    let bytes: usize = small.iter().map(Vec::len).sum();
    runs.add(f::FLOOR_COMPRESSED, bytes as f64 / payload.len() as f64);
    let began = Instant::now();
    let mut decompressor = zstd::bulk::Decompressor::new()?;
    for chunk in &small {
        std::hint::black_box(decompressor.decompress(chunk, CHUNK)?);
    }
    runs.add(f::FLOOR_DECOMPRESS, rate(began));
    Ok(())
}
