//! A node that runs as a process of its own.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use nanduti_node::{
    Client, Config, Engine, Handle, Home,
    api::{ApiError, Call, Status, StatusReply},
};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Free ports of the loopback interface, and a sync every second.
pub(crate) const SETTINGS: [&str; 5] = [
    "network.listen=/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0",
    "web.listen=127.0.0.1:0",
    "network.sync_interval_s=1",
    "runtime.worker_threads=1",
    "runtime.verify_threads=1",
];

/// A running node. It is killed when dropped; its log is shown if the test fails.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// What it said when it was ready.
    pub ready: Value,
    home: Home,
    log: PathBuf,
    runtime: Runtime,
}

impl Running {
    pub(crate) fn start(mut command: Command, home: &Path, log: &Path, sets: &[String]) -> Self {
        command.args(["run", "--json", "--stop-with-stdin", "--home"]).arg(home);
        for set in SETTINGS.iter().copied().chain(sets.iter().map(String::as_str)) {
            command.args(["--set", set]);
        }
        let file = File::options().create(true).append(true).open(log).expect("a log can be written");
        // The other end of its input is ours: if the test is killed, the node stops.
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().expect("the program was built before its tests");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was asked for");
        let read = BufReader::new(stdout).read_line(&mut line);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let (home, log) = (Home::at(home), log.to_path_buf());
        let mut node = Self { child, ready: Value::Null, home, log, runtime };
        node.ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("no node: {error}, {read:?}, {line:?}"));
        node
    }

    /// Addresses on which other nodes reach it.
    pub fn addresses(&self) -> Vec<String> {
        let addresses = self.ready["addresses"].as_array().expect("a node listens");
        addresses.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The setting with which another node connects to this one.
    pub fn as_peer(&self) -> String {
        format!("network.peers={}", self.addresses().join(","))
    }

    /// Where its pages are.
    pub fn web(&self) -> &str {
        self.ready["web"].as_str().expect("a node serves pages")
    }

    /// One of its pages, with the head of the answer.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn page(&self, path: &str) -> String {
        let host = self.web().trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(host).expect("the pages are served");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is taken");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("a page of text");
        page
    }

    /// Id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it something over its socket.
    ///
    /// # Errors
    /// What it says against it, or that it is gone.
    pub fn ask<C: Call>(&self, call: C) -> Result<C::Reply, ApiError>
    where
        Engine: Handle<C>,
    {
        let config = Config::load_with(&self.home, std::iter::empty(), &[]).expect("the home was made by the program");
        self.runtime.block_on(async {
            let client = Client::open(&self.home, config).await?;
            let reply = client.call(call).await;
            client.close().await?;
            reply
        })
    }

    /// How it stands.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn status(&self) -> StatusReply {
        self.ask(Status {}).expect("a running node answers")
    }

    /// Kills it, as a power cut would.
    ///
    /// # Panics
    /// If the system does not.
    pub fn kill(mut self) {
        self.child.kill().expect("our own child can be killed");
        self.child.wait().expect("our own child can be waited for");
    }

    /// Lets it stop in order.
    ///
    /// # Panics
    /// If the system does not tell how it ended.
    pub fn stop(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().expect("our own child can be waited for")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            // Through the writer of the test's thread, so that it is shown with the failure.
            #[expect(clippy::print_stderr, reason = "a failing test shows the logs of its nodes")]
            {
                eprintln!("--- {}\n{log}", self.log.display());
            }
        }
    }
}
