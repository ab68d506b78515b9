//! What the README and the guides show is what happens: their blocks marked `console test` are run, in order, in a fresh
//! folder that holds what `docs/examples` holds.
//!
//! How a block is written: see `nanduti_tests::Step`. Beside that, the passphrase is set, ports are free ones, and what one
//! command exports is there for the next.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nanduti_tests::{Step, World, matches, steps, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nanduti");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Free ports of this machine, instead of those that a real node has.
const SETTINGS: [(&str, &str); 3] = [
    ("NANDUTI_NETWORK_LISTEN", "/ip4/127.0.0.1/udp/0/quic-v1,/ip4/127.0.0.1/tcp/0"),
    ("NANDUTI_WEB_LISTEN", "127.0.0.1:0"),
    ("NANDUTI_NETWORK_SYNC_INTERVAL_S", "1"),
];

/// Commands that go on beside others; they end with the walkthrough.
#[derive(Default)]
struct Beside(Vec<Child>);

impl Drop for Beside {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn the_readme() {
    assert!(walk(Path::new("README.md")) > 5, "the README shows how a network is founded");
}

#[test]
fn the_guides() {
    let mut guides: Vec<PathBuf> = std::fs::read_dir(Path::new(ROOT).join("docs/guide"))
        .expect("there are guides")
        .map(|entry| Path::new("docs/guide").join(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    guides.sort();
    for guide in guides {
        walk(&guide);
    }
}

/// Runs a document; how many commands it shows.
fn walk(file: &Path) -> usize {
    let text = std::fs::read_to_string(Path::new(ROOT).join(file)).expect("the documents are beside the program");
    let steps = steps(&text);
    if steps.is_empty() {
        return 0;
    }
    let world = World::new(PROGRAM);
    let folder = world.path("walk");
    copy(&Path::new(ROOT).join("docs/examples"), &folder);
    let (mut beside, mut wrong) = (Beside::default(), String::new());
    for step in &steps {
        let (code, found, stderr) = run(&world, &folder, step, &mut beside);
        if code != step.code || !matches(&step.output, &found) {
            let (place, found) = (format!("{}:{}", file.display(), step.line), found.join("\n"));
            let expected = step.output.join("\n");
            write!(
                wrong,
                "{place}: $ {}\n--- shown, exit code {}\n{expected}\n--- found, exit code {code}\n{found}\n--- stderr\n{stderr}\n",
                step.command, step.code
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    steps.len()
}

/// Runs a step in the shell; its exit code and output. What it exports is kept in a file for the next.
fn run(world: &World, folder: &Path, step: &Step, beside: &mut Beside) -> (i32, Vec<String>, String) {
    let state = world.path("state");
    let load = format!("if test -f {0}; then . {0}; fi", state.display());
    let save = format!("code=$?; export -p > {0}; echo \"cd '$PWD'\" >> {0}; exit $code", state.display());
    if let Some(command) = step.command.strip_suffix(" &") {
        let out = std::fs::File::create(world.path(&format!("beside-{}", step.line))).unwrap();
        let mut shell = shell(world, folder);
        shell.arg(format!("{load}; exec {command}")).stdout(out.try_clone().unwrap()).stderr(out);
        beside.0.push(shell.spawn().unwrap());
        // A node says something when it is ready.
        until("the command says something", || {
            std::fs::metadata(world.path(&format!("beside-{}", step.line))).is_ok_and(|found| found.len() > 0)
        });
        return (step.code, step.output.clone(), String::new());
    }
    let mut shell = shell(world, folder);
    let done = shell.arg(format!("{load}\n{}\n{save}", step.command)).output().expect("there is a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found: Vec<String> = text(&done.stdout).lines().map(|line| line.trim_end().to_owned()).collect();
    while found.last().is_some_and(String::is_empty) {
        found.pop();
    }
    (done.status.code().unwrap_or(-1), found, text(&done.stderr))
}

fn shell(world: &World, folder: &Path) -> Command {
    let program = Path::new(PROGRAM).parent().expect("a program stands in a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(program.to_path_buf()).chain(std::env::split_paths(&path));
    let mut shell = Command::new("sh");
    for (name, value) in world.command().get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.envs(SETTINGS).env("PATH", std::env::join_paths(paths).unwrap());
    shell.current_dir(folder).stdin(Stdio::null()).arg("-c");
    shell
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).expect("there are examples") {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
