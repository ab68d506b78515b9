//! What goes wrong sooner or later: a key is stolen, a disk is lost.

use std::{io, path::Path};

use nanduti_node::{
    Home,
    api::{ApiError, ErrorKind},
};
use serde_json::Value;

use super::Teller;
use crate::commands::demo::{
    practices::Practice,
    process::{self, Node},
};

const ROBBED: &str = "KEN";
const THIEF: &str = "thief";
const UNLUCKY: &str = "WSM";
const FORGED: &str = "Nothing left to report";

/// Somebody copies a machine and publishes in its name; the member ends the key at its last own entry.
pub(super) async fn stolen_key(teller: &Teller<'_>, practices: &[Practice]) -> Result<(), ApiError> {
    teller.episode("A publishing key is stolen");
    teller.say("Somebody copies the disk of Kenya's node, with its publishing key, and signs in Kenya's name.");
    let (from, to) = (teller.folder().join(ROBBED), teller.folder().join(THIEF));
    for part in ["keys", "network", "logs"] {
        copy(&from.join(part), &to.join(part)).map_err(|error| failed("a home cannot be copied", &error))?;
    }
    let own = practices.iter().filter(|practice| practice.member == ROBBED).count();
    write(teller, "forged.md", &retitled(practices, ROBBED, FORGED))?;
    teller.run(THIEF, &["publish", "forged.md"]).await?;
    teller.run_briefly(THIEF, &["bundle", "export", "forged.nanduti"]).await?;
    teller.say("It reaches the others, and nothing is wrong with its signature.");
    teller.run("MAR", &["bundle", "import", "forged.nanduti"]).await?;
    teller.run("MAR", &["list", "--member", ROBBED]).await?;
    let arrived = |list: &Value| list["total"] == own + 1;
    teller.until("Kenya sees it", ROBBED, &["list", "--member", ROBBED], arrived).await?;
    teller.say("Kenya notices. Its root key was not on the machine. It names the last entry that is its own, and goes on with a fresh key.");
    teller.run(ROBBED, &["key", "replace", "--last", &own.to_string(), "--yes"]).await?;
    let gone = |list: &Value| list["total"] == own;
    teller.until("the forged practice is gone", "MAR", &["list", "--member", ROBBED], gone).await?;
    teller.say("What Kenya said before stays. What the thief signed has left every library, and whatever it signs later goes nowhere.");
    teller.run("MAR", &["list", "--member", ROBBED]).await?;
    teller.run("MAR", &["key", "list", "--member", ROBBED]).await.map(|_| ())
}

/// A disk is lost; an older backup does not know what was signed since, and waits until others have told it.
pub(super) async fn lost_disk(
    teller: &mut Teller<'_>,
    nodes: &mut Vec<Node>,
    practices: &[Practice],
) -> Result<(), ApiError> {
    teller.episode("A disk is lost, and the backup is old");
    teller.run(UNLUCKY, &["backup", "samoa.backup"]).await?;
    teller.say("A day later Samoa publishes once more. Then the disk dies.");
    write(teller, "after.md", &retitled(practices, UNLUCKY, "What came after the backup"))?;
    teller.run(UNLUCKY, &["publish", "after.md", "--new"]).await?;
    let practices_held = |status: &Value| status["practices"].as_u64() == Some(practices.len() as u64 + 1);
    teller.until("the others have it", "MAR", &["status"], practices_held).await?;
    let Some(place) = nodes.iter().position(|node| node.member.id == UNLUCKY) else { return Ok(()) };
    let node = nodes.remove(place);
    let member = node.member.clone();
    process::stop_all(vec![node]).await;
    let home = teller.folder().join(UNLUCKY);
    std::fs::remove_dir_all(&home).map_err(|error| failed("a home cannot be removed", &error))?;
    teller.run(UNLUCKY, &["restore", "samoa.backup"]).await?;
    teller
        .say("The backup does not know what was signed since. To sign now could contradict it, so the node does not.");
    write(teller, "again.md", &retitled(practices, UNLUCKY, "Samoa is back"))?;
    teller.refused(UNLUCKY, &["publish", "again.md", "--new"]).await?;
    teller.say("It runs, and meets the others. More than a third of them have to tell it where its log stands.");
    let node = teller.launcher().clone().start(member, Home::at(home)).await?;
    nodes.push(node);
    let may_write = |status: &Value| status["writable"] == true;
    teller.until("it may write", UNLUCKY, &["status"], may_write).await?;
    teller.run(UNLUCKY, &["list", "--member", UNLUCKY]).await?;
    teller.run(UNLUCKY, &["publish", "again.md", "--new"]).await?;
    teller.say("What was lost has come back from the others, and the log goes on where it stood, without a fork.");
    Ok(())
}

/// A practice of a member under another title.
fn retitled(practices: &[Practice], member: &str, title: &str) -> String {
    let own = practices.iter().find(|practice| practice.member == member);
    let text = own.map(|practice| practice.markdown.as_str()).unwrap_or_default();
    let line = |line: &str| if line.starts_with("title:") { format!("title: \"{title}\"") } else { line.to_owned() };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn write(teller: &Teller<'_>, name: &str, text: &str) -> Result<(), ApiError> {
    std::fs::write(teller.folder().join(name), text).map_err(|error| failed("a file cannot be written", &error))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn failed(message: &str, error: &io::Error) -> ApiError {
    ApiError::new(ErrorKind::Failed, message).because(error)
}
