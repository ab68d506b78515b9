//! `nanduti`: the program of a node's operator.
//!
//! A command parses its arguments, asks the node (the running one over its socket, or the store itself: the node crate
//! decides), and hands the reply to the terminal. Nothing here knows a format, a key or a socket.

mod app;
mod args;
mod commands;
mod context;
mod help;
mod outcome;
mod signals;
mod terminal;

fn main() -> std::process::ExitCode {
    app::main()
}
