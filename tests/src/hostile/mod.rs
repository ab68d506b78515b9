//! Hostile peers: programs that speak the real protocols and mean harm, and an arena in which a real node is attacked by them
//! and measured from outside.
//!
//! [`attacks`] holds the ways to attack, each with its bounds. An attacker is a process of its own, so that what it takes is not
//! counted as the victim's; it knows only what `Target` says and uses libp2p's transports and the protocol crate, nothing of
//! the node. [`arena`] starts the victim, an honest peer, and members who come and go, and judges.
//!
//! Absent: attacks on the host itself (its network, its disk) and on people.

pub mod arena;
mod attacks;
mod forge;
mod line;
mod measure;
mod talk;
mod target;

pub use attacks::{ATTACKS, Attack, Bounds, Done, attack};
pub use measure::{Figures, Verdict, json, markdown};
pub use target::Target;

use std::time::Duration;

/// No attack lasts longer, whatever happens to the one who started it.
const LONGEST: Duration = Duration::from_secs(600);

/// Attacks, in a process of its own, until its input ends, and gives what is to be said to the one who started it.
///
/// # Errors
/// If there is no such attack, or the attacker itself fails.
pub fn attack_as_told(name: &str, target: &str) -> std::io::Result<String> {
    let attack = attack(name).ok_or_else(|| std::io::Error::other(format!("there is no attack {name}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    std::thread::spawn(|| {
        // However it ends, nobody is there any more.
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        attacks::stop();
    });
    let done = runtime.block_on(attack.run(Target::from_json(target)?, LONGEST))?;
    // What still runs holds connections; it ends with the process.
    runtime.shutdown_background();
    Ok(serde_json::json!({ "count": done.count, "exactly": done.exactly }).to_string())
}
