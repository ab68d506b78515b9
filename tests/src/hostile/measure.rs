//! What an attack cost, as seen from outside, and whether that was within its bounds.

use std::{collections::BTreeMap, fmt::Write as _, fs, io};

use serde_json::{Value, json};

use super::{Attack, Bounds, Done};

/// What a process takes, from the system's accounts (proc(5)).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// The peak of its memory since it was last forgotten, in MiB.
    pub peak_mib: f64,
    /// Its memory, in MiB.
    pub memory_mib: f64,
    /// Processor seconds.
    pub cpu_s: f64,
    /// Open file descriptors.
    pub files: u64,
}

impl Taken {
    /// What a living process takes.
    ///
    /// # Errors
    /// If it does not live.
    pub(super) fn of(pid: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        let files = fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
        Ok(Self { peak_mib: mib("VmHWM:"), memory_mib: mib("VmRSS:"), cpu_s: ticks.sum::<f64>() / 100.0, files })
    }

    /// Lets the system forget the peak, so that the next one is that of what comes now.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub(super) fn forget_peak(pid: u32) -> io::Result<()> {
        fs::write(format!("/proc/{pid}/clear_refs"), "5")
    }
}

/// The worst that the honest met during an attack, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest {
    /// From publishing on the honest peer to readable on the victim.
    pub publish_s: f64,
    /// A session of the honest peer.
    pub session_s: f64,
    /// A member comes, is let in, and is served everything.
    pub member_s: f64,
    /// A page.
    pub page_s: f64,
    /// The operator's socket.
    pub operator_s: f64,
    /// How often all of this was tried.
    pub rounds: u64,
}

impl Honest {
    /// The worst of all.
    pub fn worst(&self) -> f64 {
        [self.publish_s, self.session_s, self.member_s, self.page_s, self.operator_s].into_iter().fold(0.0, f64::max)
    }
}

/// What an attack cost.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The attack.
    pub attack: &'static Attack,
    /// For how long.
    pub seconds: f64,
    /// What the attacker says.
    pub done: Done,
    /// MiB by which the peak of the victim's memory stood above what it took before.
    pub memory_mib: f64,
    /// Processor seconds that the victim spent in a second.
    pub cores: f64,
    /// Most open files beyond those before.
    pub files: u64,
    /// How the honest fared.
    pub honest: Honest,
    /// The worst that they met when nobody attacked.
    pub quiet_s: f64,
    /// What the victim refused meanwhile, by reason.
    pub refused: BTreeMap<String, u64>,
}

/// Whether the figures are within the bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict(pub Vec<String>);

impl Figures {
    /// What is beyond the bounds: nothing, if all is well. The honest may wait `patience` times as long as the bound says.
    pub fn verdict(&self, patience: f64) -> Verdict {
        let Bounds { memory_mib, cores, honest_s, files } = self.attack.bounds;
        let mut wrong = Vec::new();
        // On a machine that is busy with other things everybody is slow.
        let honest_s = patience * (honest_s + 4.0 * self.quiet_s);
        let mut hold = |what: &str, found: f64, bound: f64| {
            if found > bound {
                wrong.push(format!("{what} {found:.2}, more than {bound:.2}"));
            }
        };
        hold("memory (MiB)", self.memory_mib, memory_mib);
        hold("processors", self.cores, cores);
        hold("files", self.files as f64, files as f64);
        hold("publish to readable (s)", self.honest.publish_s, honest_s);
        hold("an honest session (s)", self.honest.session_s, honest_s);
        hold("a member who comes (s)", self.honest.member_s, honest_s);
        hold("a page (s)", self.honest.page_s, honest_s);
        hold("the operator's socket (s)", self.honest.operator_s, honest_s);
        if self.honest.rounds == 0 {
            wrong.push("the honest were never tried".to_owned());
        }
        if self.done.count == 0 {
            wrong.push("the attackers came to nothing".to_owned());
        }
        for (name, count) in &self.done.exactly {
            let found = counted(&self.refused, name);
            if found != *count {
                wrong.push(format!("{name} was counted {found} times, not {count}"));
            }
        }
        let expected = self.attack.refused;
        if !expected.is_empty() && !expected.iter().any(|name| self.refused.contains_key(*name)) {
            wrong.push(format!("none of {expected:?} was counted"));
        }
        Verdict(wrong)
    }
}

/// How often something was refused; the sum, of names with a `+` between them.
pub(super) fn counted(refused: &BTreeMap<String, u64>, names: &str) -> u64 {
    names.split('+').filter_map(|name| refused.get(name)).sum()
}

/// The figures as a table.
pub fn markdown(all: &[Figures]) -> String {
    let mut table = String::from(
        "| attack | what it does | what the victim does | memory, MiB (bound) | processors (bound) | files (bound) | the honest, s (bound) | refused |\n\
         | --- | --- | --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for figures in all {
        let Attack { name, what, answer, bounds, .. } = figures.attack;
        let mut refused: Vec<(&String, &u64)> = figures.refused.iter().collect();
        refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let refused: Vec<String> = refused.iter().take(4).map(|(name, count)| format!("{name} {count}")).collect();
        // Writing into a text cannot fail.
        let _ = writeln!(
            table,
            "| `{name}` | {what} | {answer} | {:.0} ({:.0}) | {:.2} ({:.1}) | {} ({}) | {:.2} ({:.0}) | {} |",
            figures.memory_mib,
            bounds.memory_mib,
            figures.cores,
            bounds.cores,
            figures.files,
            bounds.files,
            figures.honest.worst(),
            bounds.honest_s,
            refused.join(", "),
        );
    }
    table
}

/// The figures as JSON.
pub fn json(all: &[Figures]) -> Value {
    let row = |figures: &Figures| {
        let Bounds { memory_mib, cores, honest_s, files } = figures.attack.bounds;
        let Honest { publish_s, session_s, member_s, page_s, operator_s, rounds } = figures.honest;
        json!({
            "attack": figures.attack.name,
            "seconds": figures.seconds,
            "count": figures.done.count,
            "memory_mib": figures.memory_mib,
            "cores": figures.cores,
            "files": figures.files,
            "quiet_s": figures.quiet_s,
            "honest": {
                "publish_s": publish_s, "session_s": session_s, "member_s": member_s, "page_s": page_s,
                "operator_s": operator_s, "rounds": rounds,
            },
            "bounds": { "memory_mib": memory_mib, "cores": cores, "files": files, "honest_s": honest_s },
            "refused": figures.refused,
            "beyond": figures.verdict(1.0).0,
        })
    };
    all.iter().map(row).collect()
}
