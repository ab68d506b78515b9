//! Real nodes on several hosts, each with its own address, and what happens to networks: distance, loss, thin lines,
//! firewalls, addresses that change, an internet that falls apart and comes together again.
//!
//! The hosts are network namespaces (`nanduti_tests::hosts`), which takes root, `ip`, `ethtool` and `nft`; without them the
//! tests say that they are skipped. Only the fifty nodes are on the machine's own loopback.
//!
//! Absent: what is decided without a network, such as when to dial again, which is tested beside the code.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod addresses;
mod apart;
mod distance;
mod fifty;
mod firewall;
mod idle;
mod library;
mod scene;
mod thin;
