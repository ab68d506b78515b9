//! A process of ours under measurement.

use std::{
    io::{BufRead, BufReader, Error, Result},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// The program: beside this one, where the same build put it.
pub(crate) fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("nanduti");
    if program.exists() { Ok(program) } else { Err(Error::other("build the program first: cargo build --release")) }
}

/// A node that runs until it is dropped.
pub(crate) struct Running {
    child: Child,
    /// An address on which it can be reached.
    pub(crate) address: String,
}

impl Running {
    /// Starts a node and waits until it is ready.
    pub(crate) fn start(home: &std::path::Path, transport: &str) -> Result<Self> {
        let listen = match transport {
            "tcp" => "network.listen=/ip4/127.0.0.1/tcp/0",
            _ => "network.listen=/ip4/127.0.0.1/udp/0/quic-v1",
        };
        let mut child = Command::new(program()?)
            .args(["--home".as_ref(), home.as_os_str()])
            .args(["run", "--json", "--set", listen, "--set", "web.enabled=false"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or_else(|| Error::other("no output"))?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: serde_json::Value = serde_json::from_str(&line)?;
        let address = ready["addresses"][0].as_str().ok_or_else(|| Error::other("no address"))?.to_owned();
        Ok(Self { child, address })
    }

    /// CPU seconds so far.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        cpu_s(self.child.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds, user and system, of a process that lives (proc(5): fields 14 and 15, in ticks of 10 ms).
fn cpu_s(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks =
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    Ok(ticks / 100.0)
}

/// Waits for a child and gives its CPU seconds and its peak memory in MiB.
///
/// Memory is looked at every ten milliseconds, since it shows only while the process lives; times still show after it has ended,
/// until it is waited for.
pub(crate) fn finish(child: &mut Child) -> Result<(f64, f64)> {
    let pid = child.id();
    let (mut cpu, mut peak) = (0.0, 0.0);
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()) {
            peak = kib / 1024.0;
        }
        cpu = cpu_s(pid).unwrap_or(cpu);
        if status.lines().any(|line| line.starts_with("State:") && line.contains('Z')) {
            child.wait()?;
            return Ok((cpu, peak));
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
}
