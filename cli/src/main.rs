//! `nanduti`: the program of a node's operator.
//!
//! A command parses its arguments, asks the node (the running one over its socket, or the store itself: the node crate
//! decides), and hands the reply to the terminal. Nothing here knows a format, a key or a socket.

mod app;
mod args;
mod commands;
mod context;
mod help;
mod memory;
mod outcome;
mod signals;
mod terminal;

/// A node that catches up takes and gives back megabytes a thousand times a second; the system's allocator hands each of them
/// back to the kernel, which clears it again the next time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    app::main()
}
