//! Processes of ours under measurement.

use std::{
    io::{BufRead, BufReader, Error, Result, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The program to measure: the one named, or the one beside this one, which is built first if that is wanted and this one was
/// built in the same way.
pub(crate) fn program(named: Option<&Path>, build_it: bool) -> Result<PathBuf> {
    if let Some(named) = named {
        return named.canonicalize();
    }
    let own = std::env::current_exe()?;
    if build_it && !cfg!(debug_assertions) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--locked", "--quiet", "--package", "nanduti", "--manifest-path"]);
        let built = build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).status()?;
        if !built.success() {
            return Err(Error::other("the program was not built"));
        }
    }
    let program = own.with_file_name("nanduti");
    if program.exists() { Ok(program) } else { Err(Error::other("build the program first: cargo build --release")) }
}

/// The program on a home, with no settings from the environment.
pub(crate) fn program_on(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"NANDUTI_")) {
        command.env_remove(name);
    }
    command.arg("--home").arg(home);
    command
}

/// What a process that has ended took.
#[derive(Debug)]
pub(crate) struct Spent {
    /// Seconds from its start until its end.
    pub(crate) seconds: f64,
    /// CPU seconds, user and system.
    pub(crate) cpu_s: f64,
    /// Most memory that it had at a time.
    pub(crate) peak_mib: f64,
    /// Its standard output.
    pub(crate) output: Vec<u8>,
}

/// Runs a command to its end, and measures it.
pub(crate) fn run(command: &mut Command) -> Result<Spent> {
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ended = AtomicBool::new(false);
    let (seconds, peak_mib) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0.0;
            while !ended.load(Ordering::Relaxed) {
                peak = status_mib(child.id(), "VmHWM").unwrap_or(peak);
                std::thread::park_timeout(LOOK);
            }
            peak
        });
        // Its times can be read as long as nobody has waited for it in earnest.
        let waited = rustix::process::waitid(WaitId::Pid(pid(&child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let seconds = began.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        waited?;
        Ok::<_, Error>((seconds, watcher.join().map_err(|_| Error::other("memory was not watched"))?))
    })?;
    let cpu_s = cpu_s(child.id())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(Error::other(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(Spent { seconds, cpu_s, peak_mib, output: output.stdout })
}

/// A process that says in one line of JSON that it is ready, and runs until its input ends. It is killed when dropped.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    /// What it said.
    pub(crate) ready: serde_json::Value,
    /// Seconds from its start until it was ready.
    pub(crate) seconds: f64,
}

impl Running {
    /// Starts a process and waits until it is ready.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (input, stdout) = (child.stdin.take(), child.stdout.take());
        let mut running = Self { child, input, ready: serde_json::Value::Null, seconds: 0.0 };
        let mut line = String::new();
        BufReader::new(stdout.ok_or_else(|| Error::other("no output"))?).read_line(&mut line)?;
        running.seconds = began.elapsed().as_secs_f64();
        let not_ready = |error| Error::other(format!("{command:?} did not become ready: {error}"));
        running.ready = serde_json::from_str(&line).map_err(not_ready)?;
        Ok(running)
    }

    /// Starts a node on a home, with these settings, and without pages.
    pub(crate) fn node(program: &Path, home: &Path, sets: &[&str]) -> Result<Self> {
        let mut command = program_on(program, home);
        command.args(["run", "--json", "--stop-with-stdin", "--set", "web.enabled=false"]);
        for set in sets {
            command.args(["--set", set]);
        }
        Self::start(&mut command)
    }

    /// The first address on which it can be reached.
    pub(crate) fn address(&self) -> Result<&str> {
        self.ready["addresses"][0].as_str().ok_or_else(|| Error::other("no address"))
    }

    /// CPU seconds so far.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        cpu_s(self.child.id())
    }

    /// Forgets what it took at most until now, so that [`Running::peak_mib`] counts from here.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")
    }

    /// Most memory that it had at a time.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        status_mib(self.child.id(), "VmHWM").ok_or_else(|| Error::other("the process has no memory any more"))
    }

    /// The memory that it has now.
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        status_mib(self.child.id(), "VmRSS").ok_or_else(|| Error::other("the process has no memory any more"))
    }

    /// Writes a line to its input.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        self.input.as_mut().map_or_else(|| Err(Error::other("no input")), |input| writeln!(input, "{line}"))
    }

    /// Lets it stop in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Error::other(format!("a process ended with {status}"))) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// CPU seconds, user and system, of a process that was not waited for yet (proc(5): fields 14 and 15, in ticks of 10 ms).
fn cpu_s(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// A line of `/proc/PID/status` that is an amount of memory.
fn status_mib(pid: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured() {
        let mut command = Command::new("sh");
        command.args(["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done"]);
        let spent = run(&mut command).unwrap();
        assert_eq!(spent.output, b"done\n");
        assert!(spent.cpu_s > 0.0 && spent.cpu_s <= spent.seconds + 0.02, "{spent:?}");
        assert!(spent.peak_mib > 0.1, "{spent:?}");
        assert!(run(Command::new("sh").args(["-c", "exit 3"])).is_err());
    }

    #[test]
    fn a_running_process_says_that_it_is_ready_and_stops_with_its_input() {
        let mut command = Command::new("sh");
        let running = Running::start(command.args(["-c", "echo '{\"addresses\":[\"here\"]}'; cat >&2"])).unwrap();
        assert_eq!(running.address().unwrap(), "here");
        assert!(running.peak_mib().unwrap() > 0.1 && running.cpu_s().unwrap() < 1.0);
        running.stop().unwrap();
        assert!(Running::start(Command::new("sh").args(["-c", "echo no"])).is_err());
    }
}
