//! Measures what the node costs: two real processes, real sockets on loopback, a real disk.
//!
//! ```text
//! cargo run --release -p nanduti-tests --bin bench -- catch-up [PRACTICES]
//! ```
//!
//! Figures differ from machine to machine and from hour to hour: compare within one run only.

#![expect(clippy::print_stdout, reason = "this program's purpose is to print a table")]

mod catch_up;
mod process;
mod text;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let practices = arguments.next().map_or(Ok(10_000), |text| text.parse());
    match (command.as_deref(), practices) {
        (Some("catch-up"), Ok(practices)) => match catch_up::measure(practices) {
            Ok(figures) => {
                println!("{figures}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                println!("error: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            println!("usage: bench catch-up [PRACTICES]");
            ExitCode::from(2)
        }
    }
}
