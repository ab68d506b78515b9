//! A network of our own: a namespace in which there is nothing but a loopback interface, so that its counters count just
//! the bytes that are measured.

use std::{
    io::{Error, Result},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

/// Set in the process that runs in the namespace. (Names that begin with NANDUTI_ are settings of the node.)
const INSIDE: &str = "BENCH_INSIDE_NAMESPACE";

/// Is this the process that runs in the namespace?
pub(crate) fn entered() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Goes into a namespace, in which this program begins anew; says whether that is so. It is not where it is not wanted, or
/// where this user may not make one.
pub(crate) fn enter(not_wanted: bool) -> Result<bool> {
    if entered() {
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status()?;
        return if up.success() { Ok(true) } else { Err(Error::other("`ip link set lo up` failed")) };
    }
    if not_wanted || !possible() {
        eprintln!("note: no network namespace, so the kernel's counters are left out");
        return Ok(false);
    }
    let own = std::env::current_exe()?;
    let mut inside = Command::new("unshare");
    inside.args(["-n", "--"]).arg(own).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    // It returns only if it fails.
    Err(inside.exec())
}

fn possible() -> bool {
    let tried = Command::new("unshare")
        .args(["-n", "--", "ip", "link", "set", "lo", "up"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// What the kernel has carried over the loopback interface: bytes with all headers, and packets. Everything sent there is
/// received there, so one direction counts both sides of a conversation.
pub(crate) fn carried() -> Result<Carried> {
    parse(&std::fs::read_to_string("/proc/net/dev")?).ok_or_else(|| Error::other("/proc/net/dev names no loopback"))
}

/// Bytes and packets of the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
}

fn parse(text: &str) -> Option<Carried> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("lo:"))?;
    let mut fields = line.split_whitespace().map(str::parse);
    Some(Carried { bytes: fields.next()?.ok()?, packets: fields.next()?.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_found_among_others() {
        let text = "Inter-|   Receive                |  Transmit\n face |bytes    packets errs\n  eth0:  5  6 0\n    \
                    lo: 1234  17    0    0    0     0  0  0  1234 17 0\n";
        assert_eq!(parse(text), Some(Carried { bytes: 1234, packets: 17 }));
        assert_eq!(parse("nothing"), None);
    }
}
