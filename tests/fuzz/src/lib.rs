//! What must hold whatever the bytes are.
//!
//! Each function here takes any bytes and panics if something is wrong with what the program makes of them: one for each
//! decoder that a stranger's bytes reach, and some that read the bytes as a script for a whole sync session. The fuzz targets
//! in `libfuzzer/` call them with what a fuzzer finds; the test `replay` calls them with the corpus and with seeded mutations
//! of it, on any compiler. So a finding is one file in `corpus/`, and stays a test for ever.
//!
//! What is absent: knowledge of how a decoder works. A property is said in terms of what goes in and what comes out.

#[cfg(feature = "node")]
pub mod acts;
pub mod ballots;
pub mod forms;
#[cfg(feature = "node")]
pub mod gossip;
#[cfg(feature = "node")]
mod html;
#[cfg(feature = "node")]
pub mod mail;
#[cfg(feature = "node")]
pub mod node;
#[cfg(feature = "node")]
pub mod pieces;
pub mod records;
mod script;
pub mod session;
#[cfg(feature = "node")]
pub mod site;

/// A target: its name, which is that of its folder in `corpus/`, and what must hold.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Panics if something is wrong.
    pub holds: fn(&[u8]),
}

macro_rules! targets {
    ($($name:literal => $holds:path,)*) => { &[$(Target { name: $name, holds: $holds }),*] };
}

/// All forms of the protocol.
pub const PROTOCOL: &[Target] = targets! {
    "envelope" => forms::envelope,
    "entry" => forms::entry,
    "segment" => forms::segment,
    "charter" => forms::charter,
    "keyring" => forms::keyring,
    "opening" => forms::opening,
    "fork" => forms::fork,
    "announcement" => forms::announcement,
    "node_record" => forms::node_record,
    "statement" => forms::statement,
    "proposal" => ballots::proposal,
    "papers" => ballots::papers,
    "ticket" => forms::ticket,
    "sync_message" => forms::sync_message,
    "sync_frames" => forms::sync_frames,
    "texts" => forms::texts,
    "practice" => records::practice,
    "withdrawal" => records::withdrawal,
    "library" => records::library,
};

/// Whole sessions.
pub const SESSIONS: &[Target] = targets! {
    "session" => session::session,
    "wire" => session::wire,
};

/// All targets of the node.
#[cfg(feature = "node")]
pub const NODE: &[Target] = targets! {
    "card" => node::card,
    "consent" => node::consent,
    "document" => node::document,
    "claims" => node::claims,
    "request" => node::request,
    "act" => acts::act,
    "request_text" => mail::request_text,
    "offer" => mail::offer,
    "key_file" => node::key_file,
    "config" => node::config,
    "exchange" => node::exchange,
    "addresses" => node::addresses,
    "stream" => node::stream,
    "gossip" => gossip::gossip,
    "segment_file" => node::segment_file,
    "frame" => pieces::frame,
    "pieces" => pieces::pieces,
    "backup" => node::backup,
    "front_matter" => node::front_matter,
    "markdown" => node::markdown,
    "page" => node::page,
    "site" => site::site,
    "query" => node::query,
    "calls" => node::calls,
    "terminal" => node::terminal,
};
