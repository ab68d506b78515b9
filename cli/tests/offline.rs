//! The program as others meet it, as far as it needs no node: what goes to which stream, the exit codes, the form of
//! errors. What needs a node is tested in the crate `tests`.

use std::process::{Command, Output, Stdio};

fn nanduti(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nanduti"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NANDUTI_") {
            command.env_remove(name);
        }
    }
    command.env("HOME", "/nowhere").env_remove("XDG_DATA_HOME").stdin(Stdio::null()).args(args);
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = nanduti(args).output().expect("the program is built before its tests");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    (status.code().expect("no signal ends it"), text(stdout), text(stderr))
}

#[test]
fn help_is_data_and_a_wrong_command_line_is_not() {
    let (code, stdout, stderr) = run(&["--help"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("Start here:"));
    let (code, stdout, stderr) = run(&["lsit"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("similar subcommand"), "{stderr}");
    assert_eq!(run(&[]).0, 2);
    assert_eq!(run(&["list", "--limit", "0"]).0, 2);
}

#[test]
fn nothing_is_coloured_in_a_pipe_unless_asked_for() {
    assert!(!run(&["--help"]).1.contains('\u{1b}'));
    assert!(run(&["--color", "always", "--help"]).1.contains('\u{1b}'));
    assert!(run(&["--color", "always", "practice", "fields"]).1.contains('\u{1b}'));
}

#[test]
fn a_wrong_file_is_named_with_all_its_problems() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("practice.md");
    std::fs::write(&path, "---\ntitle: A plan\nkind: [rumour]\n---\n").unwrap();
    let path = path.to_str().unwrap();
    let (code, stdout, stderr) = run(&["publish", "--check", path]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains(&format!("{path}:3 kind[0]: ")), "{stderr}");
    assert!(stderr.contains("summary: "), "{stderr}");
}

#[test]
fn an_error_for_programs_is_one_line_on_stderr() {
    let (code, stdout, stderr) = run(&["--json", "practice", "fields", "--vocabulary", "strnad"]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert_eq!(stderr.lines().count(), 1);
    let error: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["error"]["kind"], "not-found");
    assert_eq!(error["error"]["hint"], "did you mean strand?");
}

#[test]
fn json_is_one_document() {
    let (code, stdout, stderr) = run(&["--json", "practice", "fields"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(serde_json::from_str::<serde_json::Value>(&stdout).unwrap().as_array().is_some_and(|rows| rows.len() > 20));
    let (code, stdout, _) = run(&["--json", "config", "show", "--set", "web.listen=127.0.0.1:1"]);
    assert_eq!(code, 0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["web"]["listen"], "127.0.0.1:1");
}

#[test]
fn all_mistakes_in_the_settings_are_named() {
    let (code, _, stderr) = run(&["config", "show", "--set", "web.lisen=1", "--set", "log.level=loud"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean web.listen?") && stderr.contains("log.level"), "{stderr}");
}

#[test]
fn a_passphrase_is_asked_for_only_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let (code, _, stderr) = run(&["--home", home, "init", "--member", "PRY", "--name", "Ministry"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("hint: use --passphrase-file FILE"), "{stderr}");
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = nanduti(&["practice", "fields"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_full_disk_is_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = nanduti(&["practice", "fields"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("standard output cannot be written"));
}

#[test]
fn completions_and_manual_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).1.contains("nanduti"));
    }
    assert!(run(&["man", "bundle", "export"]).1.contains(".SH EXAMPLES"));
}
