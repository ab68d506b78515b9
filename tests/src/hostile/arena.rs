//! A real node under attack, an honest peer beside it, and members who come and go meanwhile.
//!
//! The victim is one process for all attacks: the memory that one of them leaves behind is there for the next; the connections have
//! to be given back first. Everything is measured from outside: the victim by the system's accounts and its own counters, the honest
//! by the clock.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use libp2p::identity::Keypair;
use nanduti_node::{
    Home,
    api::{Publish, Sync},
    keys::KeyStore,
};
use serde_json::Value;

use super::{
    Attack, Done, Figures, Target,
    line::{Line, Way},
    measure::{Honest, Taken, counted},
    talk,
};
use crate::{Running, World, practice, until};

/// How long the honest try before it counts as never.
const NEVER: Duration = Duration::from_secs(40);
/// Seconds after which what has not been refused will not be.
const PATIENCE: f64 = 60.0;
/// Files that the victim may hold open between two attacks, beyond those at the beginning: honest sessions come and go.
const FILES_AT_REST: u64 = 16;
/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(10);

/// The victim, and those beside it.
#[derive(Debug)]
pub struct Arena {
    world: World,
    victim: Running,
    honest: Running,
    /// The name of a member's node that runs nowhere: it comes to see whether it is let in.
    caller: Keypair,
    target: Target,
    published: u64,
    /// How the honest fare when nobody attacks: a slow machine is no attack.
    quiet: Honest,
    /// Files that the victim holds open when nobody attacks.
    quiet_files: u64,
}

impl Arena {
    /// Founds a network and starts the victim and the honest peer.
    ///
    /// # Panics
    /// If that does not work.
    pub fn new(program: &str) -> Self {
        let world = World::new(program);
        world.found(&["PRY", "MAR", "KEN", "PRT"]);
        let victim = world.start("PRY", &[]);
        let honest = world.start("MAR", &[victim.as_peer()]);
        let mut arena = {
            let node = KeyStore::of(&Home::at(world.path("PRT"))).open_node().expect("a home has the key of its node");
            let caller = Keypair::ed25519_from_bytes(node.signing_key().to_bytes()).expect("a secret is a key");
            let status = victim.status();
            let target = Target::new(&victim.addresses(), victim.web(), &status.network, &world.path("KEN"));
            let target = target.expect("the home of the member that means harm can be read");
            Self { world, victim, honest, caller, target, published: 0, quiet: Honest::default(), quiet_files: 0 }
        };
        for _ in 0..5 {
            arena.publish();
        }
        until("both hold the same", || arena.victim.status().digest == arena.honest.status().digest);
        let mut quiet = Honest::default();
        for _ in 0..3 {
            arena.try_honest(&mut quiet);
        }
        arena.quiet = quiet;
        arena.quiet_files = Taken::of(arena.victim.pid()).expect("the victim lives").files;
        arena
    }

    /// Lets a process attack for so long, and until the victim has refused what it has to refuse, and measures. `attacker` makes the command of
    /// one from the attack's name and the target; it attacks until its input ends, and says one line then.
    ///
    /// # Panics
    /// If the victim dies, or the attacker fails.
    pub fn endure(
        &mut self,
        attack: &'static Attack,
        seconds: f64,
        attacker: impl FnOnce([&str; 2]) -> Command,
    ) -> Figures {
        let pid = self.victim.pid();
        self.rests();
        Taken::forget_peak(pid).expect("the peak of our own child can be forgotten");
        let before = Taken::of(pid).expect("the victim lives");
        let refused = self.refused();
        let began = Instant::now();
        let mut command = attacker([attack.name, &self.target.to_json()]);
        let mut child =
            Attacker(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("an attacker starts"));
        let (mut honest, mut files) = (Honest::default(), 0);
        while child.0.try_wait().expect("our own child can be waited for").is_none() {
            self.try_honest(&mut honest);
            files = files.max(Taken::of(pid).expect("the victim lives").files);
            let elapsed = began.elapsed().as_secs_f64();
            let more = self.more(&refused);
            let seen = attack.refused.is_empty() || attack.refused.iter().any(|name| more.contains_key(*name));
            if elapsed >= seconds && (seen || elapsed >= seconds + PATIENCE) {
                drop(child.0.stdin.take());
            }
            assert!(elapsed < seconds + 3.0 * PATIENCE, "the attacker {} does not end", attack.name);
        }
        let done = child.done(attack.name);
        let elapsed = began.elapsed().as_secs_f64();
        let after = Taken::of(pid).expect("the victim lives");
        // Reports of sessions come a moment after their streams are closed.
        let settled = || done.exactly.iter().all(|(name, count)| counted(&self.more(&refused), name) >= *count);
        let patience = Instant::now();
        while !settled() && patience.elapsed() < Duration::from_secs(3) {
            std::thread::park_timeout(BETWEEN);
        }
        Figures {
            attack,
            seconds: elapsed,
            memory_mib: (after.peak_mib - before.memory_mib).max(0.0),
            cores: (after.cpu_s - before.cpu_s) / elapsed,
            files: files.saturating_sub(before.files),
            refused: self.more(&refused),
            honest,
            quiet_s: self.quiet.worst(),
            done,
        }
    }

    /// Waits until the attack before is over for the victim too: the system queues the connections of a crowd, and the victim finds
    /// them dead one by one, which would count as files of the next attack.
    fn rests(&self) {
        until("a page comes through the queue", || page(&self.target.web));
        until("the victim has closed what the attack before opened", || {
            let now = Taken::of(self.victim.pid()).expect("the victim lives").files;
            now <= self.quiet_files + FILES_AT_REST
        });
    }

    /// Waits until everybody holds the same again.
    pub fn recovers(&self) {
        until("both hold the same after the attacks", || self.victim.status().digest == self.honest.status().digest);
    }

    /// What the victim has refused, by reason.
    fn refused(&self) -> BTreeMap<String, u64> {
        self.victim.status().refused.into_iter().collect()
    }

    /// What it has refused since.
    fn more(&self, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let more = self.refused().into_iter().map(|(name, count)| {
            let known = before.get(&name).copied().unwrap_or_default();
            (name, count - known)
        });
        more.filter(|(_, count)| *count > 0).collect()
    }

    fn publish(&mut self) {
        self.published += 1;
        let markdown = practice(&format!("Practice {}", self.published), 2000);
        let call = Publish { markdown, new_series: true, ..Publish::default() };
        self.honest.ask(call).expect("the honest peer can write");
    }

    /// One round of everything that honest people do.
    fn try_honest(&mut self, honest: &mut Honest) {
        let operator = timed(|| self.victim.status());
        let own = |arena: &Self| arena.honest.status().own_practices;
        self.publish();
        let wanted = own(self);
        let publish = timed(|| self.until_some(|arena| arena.readable(wanted)));
        let session = timed(|| self.until_some(Self::synchronised));
        let member = timed(|| self.until_some(Self::member_comes));
        let page = timed(|| self.until_some(|arena| page(&arena.target.web)));
        honest.operator_s = honest.operator_s.max(operator);
        honest.publish_s = honest.publish_s.max(publish);
        honest.session_s = honest.session_s.max(session);
        honest.member_s = honest.member_s.max(member);
        honest.page_s = honest.page_s.max(page);
        honest.rounds += 1;
    }

    fn until_some(&self, mut look: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !look(self) && began.elapsed() < NEVER {
            std::thread::park_timeout(BETWEEN);
        }
    }

    /// Has the victim everything that the honest peer published? Its page says so as well as its socket; the socket is asked,
    /// for what is read there is what is readable.
    fn readable(&self, wanted: u64) -> bool {
        let filter = nanduti_node::api::ListFilter { member: vec!["MAR".into()], limit: 1, ..Default::default() };
        self.victim.ask(nanduti_node::api::List { filter }).is_ok_and(|list| list.total >= wanted)
    }

    fn synchronised(&self) -> bool {
        let peer = self.victim.addresses().first().cloned();
        let outcome = self.honest.ask(Sync { peer });
        outcome.is_ok_and(|reply| reply.peers.iter().all(|peer| peer.error.is_none()))
    }

    /// A member's node comes by TCP, asks for everything, and goes.
    fn member_comes(&self) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async {
            let line = Line::named(self.target.address(Way::Tcp), Way::Tcp, &self.caller).await;
            match line {
                Ok(line) => talk::fetch(&line, self.target.network).await.is_ok(),
                Err(_) => false,
            }
        })
    }

    /// The folder of the victim's and the others' homes.
    pub fn world(&self) -> &World {
        &self.world
    }
}

/// A process that attacks; it does not outlive the arena.
struct Attacker(Child);

impl Attacker {
    fn done(&mut self, name: &str) -> Done {
        let status = self.0.wait().expect("our own child can be waited for");
        let mut said = String::new();
        self.0.stdout.take().expect("it was asked for").read_to_string(&mut said).expect("an attacker writes UTF-8");
        assert!(status.success(), "the attacker {name} failed: {said}");
        let line = said.lines().find_map(|line| line.find('{').map(|at| &line[at..])).unwrap_or_default();
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{name} said {said}: {error}"));
        let exactly = value["exactly"].as_object().into_iter().flatten();
        Done {
            count: value["count"].as_u64().unwrap_or_default(),
            exactly: exactly.map(|(name, count)| (name.clone(), count.as_u64().unwrap_or_default())).collect(),
        }
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn timed<T>(what: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    what();
    began.elapsed().as_secs_f64()
}

/// Asks for the status page.
fn page(web: &str) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = TcpStream::connect(web)?;
        stream.set_read_timeout(Some(NEVER))?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
