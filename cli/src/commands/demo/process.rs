//! One node as a process of its own: the same program, with a home of its own, on this machine only.
//!
//! Invariants: a node stops when whoever started it goes away, even if that was killed, because its standard input ends
//! then; it does not hear the Ctrl-C of the terminal, so that there is one place that decides; it takes no settings from
//! the environment.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nanduti_node::{
    Client, Config, Home,
    api::{ApiError, ErrorKind, Status, StatusReply},
};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdin, Command},
};

use super::members::Member;

/// How long a node may take to stop in order.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Lines of a node's log that are shown when it failed.
const LAST_LINES: usize = 12;
/// What makes a node small, and keeps it on this machine. Ports are free ones.
const SETTINGS: [&str; 8] = [
    "network.listen=/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0",
    "network.mdns=false",
    "network.sync_interval_s=5",
    "web.listen=127.0.0.1:0",
    "storage.index_cache_mib=4",
    "runtime.worker_threads=1",
    "runtime.verify_threads=1",
    "log.level=info",
];

/// What all nodes of a demonstration share.
#[derive(Debug, Clone)]
pub(super) struct Launcher {
    /// The program.
    pub(super) program: PathBuf,
    /// Where the logs go.
    pub(super) folder: PathBuf,
    /// Settings beyond our own.
    pub(super) sets: Vec<(String, String)>,
}

/// A node that runs.
#[derive(Debug)]
pub(super) struct Node {
    /// Its member.
    pub(super) member: Member,
    /// Where it lives.
    pub(super) home: Home,
    /// Id of its process.
    pub(super) pid: u32,
    /// Where other nodes reach it.
    pub(super) addresses: Vec<String>,
    /// Where its pages are.
    pub(super) web: Option<String>,
    log: PathBuf,
    client: Client,
    child: Child,
    /// Held only so that it ends with us.
    _stdin: Option<ChildStdin>,
}

/// What a node says when it gives up.
#[derive(Debug, Deserialize)]
struct Report {
    error: ApiError,
}

/// What a node says when it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    addresses: Vec<String>,
    web: Option<String>,
}

impl Launcher {
    /// Starts the node of a member and waits until it is ready.
    pub(super) async fn start(self, member: Member, home: Home) -> Result<Node, ApiError> {
        let log = self.folder.join(format!("{}.log", member.id));
        let mut child = self.spawn(&home, &log).map_err(|error| {
            ApiError::new(ErrorKind::Failed, format!("the node of {} cannot be started", member.id)).because(&error)
        })?;
        let (pid, stdin) = (child.id().unwrap_or_default(), child.stdin.take());
        let ready = match child.stdout.take() {
            Some(stdout) => BufReader::new(stdout).lines().next_line().await.unwrap_or_default(),
            None => None,
        };
        let Some(ready) = ready.as_deref().and_then(|line| serde_json::from_str::<Ready>(line).ok()) else {
            // Whatever it is waiting for, it will not come.
            let _ = child.start_kill();
            let status = child.wait().await.ok();
            return Err(ended(&member, status, &log));
        };
        let config = Config::load_with(&home, std::iter::empty(), &[]).unwrap_or_default();
        let client = Client::open(&home, config).await?;
        let (addresses, web) = (ready.addresses, ready.web);
        Ok(Node { member, home, pid, addresses, web, log, client, child, _stdin: stdin })
    }

    fn spawn(&self, home: &Home, log: &Path) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg0("nanduti");
        command.args(["run", "--json", "--stop-with-stdin", "--home"]).arg(home.path());
        for setting in SETTINGS {
            command.args(["--set", setting]);
        }
        for (key, value) in &self.sets {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("NANDUTI_") && name != "NANDUTI_LOG") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log)?);
        command.process_group(0).kill_on_drop(true).spawn()
    }
}

/// The program that runs now. Linux has a name for it that stays even if the file is replaced by another version.
pub(super) fn own_program() -> io::Result<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() }
}

impl Node {
    /// A way to ask it.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// How it stands.
    pub(super) async fn status(&self) -> Result<StatusReply, ApiError> {
        self.client.call(Status {}).await
    }

    /// Why it has stopped, if it has.
    pub(super) fn failure(&mut self) -> Option<ApiError> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(ended(&self.member, Some(status), &self.log))
    }
}

/// Stops all of them at once: in order, or after a while by force.
pub(super) async fn stop_all(mut nodes: Vec<Node>) {
    for node in &nodes {
        // One that has been waited for has no id any more, so that no stranger is hit.
        let id = node.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // The only failure is that it is gone.
            let _ = kill_process(id, Signal::TERM);
        }
    }
    let deadline = tokio::time::Instant::now() + STOP_TIME;
    for node in &mut nodes {
        if tokio::time::timeout_at(deadline, node.child.wait()).await.is_err() {
            // As above.
            let _ = node.child.kill().await;
        }
    }
}

/// The end of a node, with the reason that it gave, or else its last words.
fn ended(member: &Member, status: Option<std::process::ExitStatus>, log: &Path) -> ApiError {
    let how = status.map_or_else(|| "for a reason that is not known".to_owned(), |status| status.to_string());
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<String> = text.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect();
    let error = ApiError::new(ErrorKind::Failed, format!("the node of {} has stopped ({how})", member.id));
    if let Some(reason) = lines.last().and_then(|line| serde_json::from_str::<Report>(line).ok()) {
        let ApiError { message, causes, hint, .. } = reason.error;
        let causes = std::iter::once(message).chain(causes).collect();
        return ApiError { causes, hint, ..error };
    }
    let last = lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).cloned().collect();
    ApiError { causes: last, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_node_comes_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("PRY.log");
        let text: String = (0..40).map(|n| format!("line {n}\n\n")).collect();
        std::fs::write(&log, text).unwrap();
        let member = Member { id: "PRY".into(), name: "Paraguay".into() };
        let error = ended(&member, None, &log);
        assert_eq!(error.causes.len(), LAST_LINES);
        assert_eq!(error.causes.last().unwrap(), "line 39");

        std::fs::write(
            &log,
            r#"line
{"error":{"kind":"store","message":"the disk is full","causes":["no space"],"hint":"make room"}}
"#,
        )
        .unwrap();
        let error = ended(&member, None, &log);
        assert_eq!(
            (error.causes, error.hint.as_deref()),
            (vec!["the disk is full".into(), "no space".into()], Some("make room"))
        );
    }

    #[test]
    fn the_settings_are_ones_that_there_are() {
        let sets: Vec<(String, String)> =
            SETTINGS.iter().map(|set| set.split_once('=').unwrap()).map(|(k, v)| (k.into(), v.into())).collect();
        Config::load_with(&Home::at("/nowhere"), std::iter::empty(), &sets).unwrap();
    }
}
