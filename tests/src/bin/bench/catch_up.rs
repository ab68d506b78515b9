//! An empty node catches up with a full one.

use std::{
    fmt,
    io::{Error, Result},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use nanduti_node::{
    Config, Engine, Handle, Home,
    api::Publish,
    founding::{self, DraftOptions, InitOptions, Passphrase},
};
use nanduti_protocol::{
    hash::Hash,
    kind::{Audience, Kind},
    record::RecordBody,
};

use crate::{
    process::{Running, finish, program},
    text::{TEXT_BYTES, practice},
};

/// What was measured.
pub(crate) struct Figures {
    practices: u64,
    seconds: f64,
    sender_cpu_s: f64,
    receiver_cpu_s: f64,
    receiver_peak_mib: f64,
    received: u64,
    bytes_in: u64,
    disk: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = (self.practices * TEXT_BYTES as u64) as f64;
        let per_10k = 10_000.0 / self.practices as f64;
        writeln!(
            f,
            "practices              {} of {TEXT_BYTES} bytes ({} entries received)",
            self.practices, self.received
        )?;
        writeln!(
            f,
            "practices per second   {:.0} (from the start of the process until its end)",
            self.practices as f64 / self.seconds
        )?;
        writeln!(
            f,
            "CPU s per 10,000       {:.2} sender + {:.2} receiver",
            self.sender_cpu_s * per_10k,
            self.receiver_cpu_s * per_10k
        )?;
        writeln!(f, "receiver's peak memory {:.0} MiB", self.receiver_peak_mib)?;
        writeln!(f, "wire over payload      {:.2} (bytes of the sync protocol)", self.bytes_in as f64 / payload)?;
        write!(f, "disk over payload      {:.2} (segment files)", self.disk as f64 / payload)
    }
}

/// Founds a network, publishes on one node, and lets another catch up.
pub(crate) fn measure(practices: u64) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let (full, empty) = (folder.path().join("full"), folder.path().join("empty"));
    found(folder.path(), &full, &empty)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(fill(&full, practices))?;
    let sender = Running::start(&full, "quic")?;
    let sender_before = sender.cpu_s()?;
    let started = Instant::now();
    let mut receiver = Command::new(program()?)
        .args(["--home".as_ref(), empty.as_os_str()])
        .args(["--json", "sync", &sender.address])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let (receiver_cpu_s, receiver_peak_mib) = finish(&mut receiver)?;
    let seconds = started.elapsed().as_secs_f64();
    let output = receiver.wait_with_output()?;
    let reply: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let peer = &reply["peers"][0];
    let number = |name: &str| peer[name].as_u64().ok_or_else(|| Error::other(format!("no {name} in {reply}")));
    Ok(Figures {
        practices,
        seconds,
        sender_cpu_s: sender.cpu_s()? - sender_before,
        receiver_cpu_s,
        receiver_peak_mib,
        received: number("received")?,
        bytes_in: number("bytes_in")?,
        disk: disk_usage(&empty.join("logs"))?,
    })
}

/// A network of one member, whose node is full, and an observer that holds nothing yet.
fn found(folder: &Path, full: &Path, empty: &Path) -> Result<()> {
    let passphrase = Passphrase::new("only for measuring".to_owned());
    let home = Home::at(full);
    let member = InitOptions { member: Some("PRY".into()), name: Some("Measured".into()), role: None, observer: false };
    let card = founding::init(&home, member, Some(&passphrase)).map_err(Error::other)?.card;
    let card = card.ok_or_else(|| Error::other("no card"))?;
    let (draft, signed, sealed) = (folder.join("draft"), folder.join("signed"), folder.join("sealed"));
    let options = DraftOptions {
        name: "Measured".into(),
        purpose: "To measure.".into(),
        cards: vec![card.into()],
        out: draft.clone(),
    };
    founding::draft(options).map_err(Error::other)?;
    founding::sign(&home, &draft, Some(&signed), &passphrase).map_err(Error::other)?;
    let ticket = founding::seal(&draft, &[signed], &[], &sealed).map_err(Error::other)?.ticket;
    founding::join(&home, &sealed.display().to_string()).map_err(Error::other)?;
    founding::join(&Home::at(empty), &ticket).map_err(Error::other)?;
    Ok(())
}

async fn fill(home: &Path, practices: u64) -> Result<()> {
    let home = Home::at(home);
    let config = Config::load(&home, &[]).map_err(Error::other)?;
    let engine = Arc::new(Engine::open(home, config).await.map_err(Error::other)?);
    // One goes all the way, so that what is measured is what can be published; the others take its record.
    let first = Publish { markdown: practice(0), ..Publish::default() };
    engine.handle(first).await.map_err(Error::other)?;
    let record = nanduti_node::authoring::parse(&practice(0)).map_err(|_| Error::other("a bad practice"))?.record;
    let mut waiting = tokio::task::JoinSet::new();
    for number in 1..practices {
        let mut record = record.clone();
        let text = practice(number);
        let description = text.split("---\n").nth(2).and_then(|rest| rest.split("\n\n## ").next()).unwrap_or_default();
        record.set("title", format!("Practice number {number}").into());
        record.set("description", description.into());
        let mut salt = [0; 16];
        salt.copy_from_slice(&Hash::of(&number.to_be_bytes()).as_bytes()[..16]);
        let body = RecordBody::first(salt, record).encode().map_err(Error::other)?;
        let core = engine.core().clone();
        waiting.spawn(async move { core.author(Kind::Practice, Audience::Public, 1_700_000_000_000, body).await });
        if waiting.len() >= 256 {
            waiting.join_next().await.transpose()?.transpose().map_err(Error::other)?;
        }
    }
    while let Some(done) = waiting.join_next().await {
        done?.map_err(Error::other)?;
    }
    engine.close().await;
    Ok(())
}

fn disk_usage(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { disk_usage(&entry.path())? } else { found.len() };
    }
    Ok(bytes)
}
