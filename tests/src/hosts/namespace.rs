//! Network namespaces with names that tell whose they are.

use std::{
    fs::File,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustix::{
    process::{Pid, test_kill_process},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

/// Begins all names; the id of the process that made it follows.
const PREFIX: &str = "nanduti-test-";
/// Where `ip` keeps namespaces.
const NAMES: &str = "/run/netns";
/// Where `ip netns exec` looks for files that stand in for those under `/etc`.
const FILES: &str = "/etc/netns";

/// A network namespace, taken away when dropped.
#[derive(Debug)]
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    /// A namespace of its own, with the loopback up.
    ///
    /// # Errors
    /// What the system says against it.
    pub(super) fn new(label: &str) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        // The first namespace ever makes the folder of all names, and must not do so twice at once.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}-{label}", std::process::id());
        let made = {
            let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
            run(&["ip", "netns", "add", &name])
        };
        made?;
        let made = Self { name };
        made.ip(&["link", "set", "lo", "up"])?;
        Ok(made)
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` on it, and gives what it says.
    ///
    /// # Errors
    /// What it says against it.
    pub(super) fn ip(&self, args: &[&str]) -> Result<String, String> {
        run(&[&["ip", "-n", &self.name][..], args].concat())
    }

    /// Runs a program in it, and gives what it says.
    ///
    /// # Errors
    /// What it says against it.
    pub(super) fn run(&self, args: &[&str]) -> Result<String, String> {
        run(&[&["ip", "netns", "exec", &self.name][..], args].concat())
    }

    /// Does something on a thread that lives in it. Sockets stay where they were made.
    pub(super) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let enter = || {
            let namespace = File::open(Path::new(NAMES).join(&self.name)).expect("it stands until it is dropped");
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("who may make a namespace may enter it");
            work()
        };
        std::thread::scope(|scope| match scope.spawn(enter).join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// Puts a file in the place of one under `/etc`, for programs that are started in it afterwards.
    pub(super) fn set_file(&self, name: &str, content: &str) {
        let folder = self.files();
        std::fs::create_dir_all(&folder).expect("root may write to /etc");
        std::fs::write(folder.join(name), content).expect("root may write to /etc");
    }

    fn files(&self) -> PathBuf {
        Path::new(FILES).join(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Takes away what runs left behind that were killed. Processes in it are gone already, or go when nobody holds their input.
pub(super) fn clear() {
    let Ok(names) = std::fs::read_dir(NAMES) else { return };
    for name in names.flatten().filter_map(|name| name.file_name().into_string().ok()) {
        if owner(&name).is_some_and(|owner| test_kill_process(owner).is_err()) {
            remove(&name);
        }
    }
}

/// The process that made it, if it is one of ours.
fn owner(name: &str) -> Option<Pid> {
    let (process, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    Pid::from_raw(process.parse().ok()?)
}

fn remove(name: &str) {
    // It may be half made or half gone; what stays is cleared by the next run.
    let _ = run(&["ip", "netns", "del", name]);
    let _ = std::fs::remove_dir_all(Path::new(FILES).join(name));
}

/// Runs a program of the system, and gives what it says.
///
/// # Errors
/// What it says against it.
pub(super) fn run(args: &[&str]) -> Result<String, String> {
    let (program, rest) = args.split_first().expect("a command has a name");
    let done = Command::new(program).args(rest).output().map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("{}: {}", args.join(" "), String::from_utf8_lossy(&done.stderr).trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_owner() {
        assert_eq!(owner("nanduti-test-17-0-wires"), Pid::from_raw(17));
        assert_eq!(owner("nanduti-test-x-0-wires"), None);
        assert_eq!(owner("somebody-17-0-wires"), None);
    }
}
