//! The machine, the versions and the revision: without them a figure says nothing.

use std::{
    io::{Error, Result},
    path::Path,
    process::Command,
};

use serde::{Deserialize, Serialize};

/// Where and of what something was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// When.
    pub(crate) at: String,
    /// The model of the processor.
    pub(crate) cpu: String,
    /// Its cores, as far as this process may use them.
    pub(crate) cores: usize,
    /// Memory.
    pub(crate) memory_mib: u64,
    /// The system.
    pub(crate) kernel: String,
    /// The file system of the homes.
    pub(crate) file_system: String,
    /// Did the kernel count our bytes alone?
    pub(crate) namespace: bool,
    /// The program's name and version.
    pub(crate) program: String,
    /// The compiler.
    pub(crate) rustc: String,
    /// The git revision of the sources.
    pub(crate) revision: String,
    /// Were there changes that were not committed?
    pub(crate) dirty: bool,
    /// Was it built for debugging? Such figures are good for nothing but trying this program out.
    pub(crate) debug: bool,
    /// The load average of the last minute before it began.
    pub(crate) load: f64,
}

impl Machine {
    /// Looks at this machine.
    pub(crate) fn look(folder: &Path, program: &Path, namespace: bool) -> Result<Self> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let system = rustix::system::uname();
        let kernel = format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy());
        let changed = said("git", &["-C", root, "status", "--porcelain", "--untracked-files=no"]);
        Ok(Self {
            at: now(),
            cpu: field(&cpu, "model name").unwrap_or_else(|| std::env::consts::ARCH.into()),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: field(&memory, "MemTotal").and_then(|text| kib(&text)).unwrap_or(0) / 1024,
            kernel,
            file_system: file_system(folder)?,
            namespace,
            program: said(program, &["--version"]).ok_or_else(|| Error::other("the program does not start"))?,
            rustc: said("rustc", &["--version"]).unwrap_or_else(|| "not known".into()),
            revision: said("git", &["-C", root, "rev-parse", "HEAD"]).unwrap_or_else(|| "not known".into()),
            dirty: changed.is_none_or(|changed| !changed.is_empty()),
            debug: cfg!(debug_assertions),
            load: load(),
        })
    }
}

/// The time, as RFC 3339.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The load average of the last minute; 0 where the system does not tell.
pub(crate) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// The name of the file system that a folder is on.
pub(crate) fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    Ok(file_system_of(&mounts, &folder).unwrap_or_else(|| "not known".into()))
}

/// The last of the longest mounts that hold the folder is the one on top (proc(5)).
fn file_system_of(mounts: &str, folder: &Path) -> Option<String> {
    let found = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?.replace("\\040", " ");
        folder.starts_with(&point).then(|| (point.len(), kind.split(' ').next().unwrap_or_default()))
    });
    found.max_by_key(|(length, _)| *length).map(|(_, kind)| kind.to_owned())
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn kib(text: &str) -> Option<u64> {
    text.strip_suffix(" kB")?.parse().ok()
}

/// What a command says on one line, if it is there and succeeds.
fn said(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_on_top_counts() {
        let mounts = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / /tmp rw shared:1 - tmpfs none rw\n\
                      3 2 8:2 / /tmp/a\\040b rw - xfs /dev/sdb rw\n4 1 0:6 / /tm rw - btrfs none rw\n";
        let of = |path: &str| file_system_of(mounts, Path::new(path));
        assert_eq!(of("/home/x").as_deref(), Some("ext4"));
        assert_eq!(of("/tmx").as_deref(), Some("ext4"), "a mount holds what is below it, not what begins like it");
        assert_eq!(of("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(of("/tmp/a b/c").as_deref(), Some("xfs"));
    }

    #[test]
    fn fields_are_read() {
        assert_eq!(field("model name\t: AMD EPYC\n", "model name").as_deref(), Some("AMD EPYC"));
        assert_eq!(kib("1024 kB"), Some(1024));
        assert_eq!(now().len(), 20);
    }
}
