//! Memory that nobody uses any more goes back to the system.
//!
//! The allocator gives back what has been free for a second, but looks for it only when something large is taken or dropped. A node
//! that has caught up and falls quiet does neither, and would keep what catching up used for as long as nothing happens. So every few
//! seconds a large block is taken and dropped, untouched, which costs some microseconds.
//!
//! Absent: settings of the allocator. They are made through its C interface or in the environment (`MIMALLOC_…`), which both
//! stay the operator's.

use std::{hint::black_box, time::Duration};

/// How often.
const EVERY: Duration = Duration::from_secs(2);
/// How long a thread that was made to wait for a disk or to calculate stays without work: what it keeps for itself is free only after
/// that.
pub(crate) const THREADS_STAY: Duration = Duration::from_secs(2);
/// Larger than any block that the allocator keeps for its thread.
const BLOCK: usize = 1 << 20;

/// Gives back what is free, again and again.
pub(crate) async fn give_back() {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        look();
    }
}

/// Has the allocator look for what has been free for long enough.
fn look() {
    drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The memory that this process takes up, in KiB.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it says so");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    #[tokio::test]
    async fn what_is_free_goes_back_to_the_system() {
        let before = resident();
        let fill = || drop(black_box((0..1000).map(|number| vec![1_u8; 1000 + number * 131]).collect::<Vec<_>>()));
        std::thread::spawn(fill).join().expect("it ends");
        let full = resident();
        assert!(full > before + (50 << 10), "{before} KiB, then {full}: free memory is kept, or this test is blind");
        let gone = async {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            while resident() > before + (20 << 10) {
                looks.tick().await;
                look();
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), gone).await;
        assert!(waited.is_ok(), "{before} KiB, then {full}, and now {}", resident());
    }
}
