//! Attacks a node in every way that there is, each for as long as asked, and prints what it cost.
//!
//! ```text
//! cargo build --release && cargo run --release -p nanduti-tests --bin hostile -- --all [--seconds 60] [--json FILE]
//! cargo run --release -p nanduti-tests --bin hostile -- ATTACK… [--seconds 60]
//! ```
//!
//! The victim is the program beside this one. All traffic stays on the loopback interface.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's purpose is to print a table")]

use std::{
    io::{Error, Result},
    process::{Command, ExitCode},
};

use nanduti_tests::hostile::{ATTACKS, Attack, arena::Arena, attack, attack_as_told, json, markdown};

/// The first argument of a process that attacks.
const ATTACKER: &str = "attacker";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.as_slice() {
        [first, name, target] if first == ATTACKER => attacker(name, target).map(|()| true),
        [] => {
            list();
            Ok(true)
        }
        arguments => endure(arguments),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn attacker(name: &str, target: &str) -> Result<()> {
    println!("{}", attack_as_told(name, target)?);
    Ok(())
}

fn list() {
    println!("usage: hostile --all | ATTACK… [--seconds S] [--json FILE]\n");
    for Attack { name, what, .. } in ATTACKS {
        println!("{name:22} {what}");
    }
}

fn endure(arguments: &[String]) -> Result<bool> {
    let (mut chosen, mut seconds, mut file) = (Vec::new(), 60.0, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--all" => chosen.extend(ATTACKS),
            "--seconds" => seconds = rest.next().and_then(|text| text.parse().ok()).ok_or_else(wrong)?,
            "--json" => file = Some(rest.next().ok_or_else(wrong)?),
            name => chosen.push(attack(name).ok_or_else(|| Error::other(format!("there is no attack {name}")))?),
        }
    }
    let own = std::env::current_exe()?;
    let program = own.with_file_name("nanduti");
    if !program.exists() {
        return Err(Error::other("build the program first: cargo build --release"));
    }
    let mut arena = Arena::new(program.to_str().ok_or_else(wrong)?);
    let mut all = Vec::new();
    for attack in chosen {
        let figures = arena.endure(attack, seconds, |told| {
            let mut command = Command::new(&own);
            command.arg(ATTACKER).args(told);
            command
        });
        let wrong = figures.verdict(1.0).0;
        eprintln!(
            "{:22} {}",
            attack.name,
            if wrong.is_empty() { "within bounds".to_owned() } else { wrong.join("; ") }
        );
        all.push(figures);
    }
    arena.recovers();
    println!("{}", markdown(&all));
    match file {
        Some(file) => std::fs::write(file, format!("{:#}\n", json(&all)))?,
        None => println!("{:#}", json(&all)),
    }
    Ok(all.iter().all(|figures| figures.verdict(1.0).0.is_empty()))
}

fn wrong() -> Error {
    Error::other("the arguments make no sense")
}
