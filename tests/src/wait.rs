//! Waiting for a condition.

use std::time::{Duration, Instant};

/// How long anything may take here. A machine that is busy with many tests is slow.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks: a look may cost a process.
const BETWEEN: Duration = Duration::from_millis(20);

/// Waits until `look` gives something.
///
/// # Panics
/// If it takes too long; `what` is said then.
pub fn until_some<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_some_within(PATIENCE, what, look)
}

/// Waits until `look` is true.
///
/// # Panics
/// If it takes too long; `what` is said then.
pub fn until(what: &str, look: impl FnMut() -> bool) {
    until_within(PATIENCE, what, look);
}

/// Waits until `look` is true, for so long; gives how long it took.
///
/// # Panics
/// If it takes longer; `what` is said then.
pub fn until_within(patience: Duration, what: &str, mut look: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    until_some_within(patience, what, || look().then_some(()));
    began.elapsed()
}

fn until_some_within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < patience, "waited {patience:?} in vain until {what}");
        std::thread::park_timeout(BETWEEN);
    }
}
