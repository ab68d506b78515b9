//! Several hosts on one machine, each with an address, a firewall and a line of its own, and an internet between them that
//! can be slow, lossy or cut in two.
//!
//! ```text
//!   host 1 (namespace)      host 2 (namespace)
//!       net0                    net0            10.77.0.1, fd77::1; 10.77.0.2, fd77::2 …
//!         ╎                       ╎             a VXLAN device each, numbered like its host, whose wire ends here:
//!   ┌─────┴───────────────────────┴─────┐
//!   │ wires (namespace)      10.76.0.1  │
//!   └─────────────────┬─────────────────┘
//!   ┌─────────────────┴─────────────────┐
//!   │ exchange (namespace)   10.76.0.2  │       a thread of the test: takes each frame and decides by the lines of both
//!   └───────────────────────────────────┘       hosts whether and when it comes out
//! ```
//!
//! The kernel's own way to spoil a link, `netem`, is a module that many kernels lack, so the exchange is ours. It sees
//! whole Ethernet frames: address resolution, multicast, TCP and QUIC pass alike, as the kernels of the hosts make them.
//!
//! Invariants: nothing touches the machine's own network or leaves the namespaces; names are unique to the run, and taken
//! away when dropped, after a panic too; what a killed run left behind is cleared by the next one; what the exchange does
//! depends on its seed, but for the moments at which frames arrive.
//!
//! Absent: routers and address translation. All hosts are in one network.

mod host;
mod internet;
mod line;
mod namespace;
mod switch;

pub use host::{Host, Traffic};
pub use internet::Internet;
pub use line::Line;
