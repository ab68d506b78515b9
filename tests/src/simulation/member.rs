//! Institutions: their root keys, which are not on any node, and what they do: publish, revise, withdraw, fix the branch of a key, and
//! go over to another key. A liar's institution also claims what is not its own and goes back on what it said.

use nanduti_protocol::{
    hash::Hash,
    key::PublicKey,
    keyring::{KeyLine, KeyState, KeyUse, Place},
    kind::{Audience, Kind},
    record::{Record, RecordBody, Value, WithdrawalBody},
    testing::{Actor, Dice, Founding, LogWriter, ended, live, ring},
};

use super::{
    node::Node,
    stage::Stage,
    trace::What,
    writer::{Command, QUEUE},
};

/// An institution, its offline keys, and the node that publishes for it.
pub(super) struct Institution {
    pub(super) actor: Actor,
    pub(super) root: LogWriter,
    pub(super) node: usize,
    pub(super) honest: bool,
    /// Says nothing for now.
    pub(super) paused: bool,
    lines: Vec<KeyLine>,
    /// Which of its publishing keys is in use.
    used: usize,
    /// The log of that key, as it was begun.
    pub(super) begun: LogWriter,
}

impl Institution {
    /// An institution that has founded a network with others: its root log, its first keyring, and the opening of its first log.
    pub(super) fn found(founding: &Founding, actor: &Actor, node: usize, honest: bool, stage: &mut Stage) -> Self {
        let begun = founding.publish_log(&actor.id, &actor.publish[0]);
        let mut lines = vec![actor.node_line(&founding.network)];
        lines.extend(begun.place(0).map(|place| live(&begun, place)));
        let mut root = founding.root_log(actor);
        root.push(Kind::Keyring, &ring(&lines));
        for log in [&root, &begun] {
            for place in (0..log.len()).filter_map(|seq| log.place(seq)) {
                stage.truth.sign(log.log(), place);
            }
        }
        Self { actor: actor.clone(), root, node, honest, paused: false, lines, used: 0, begun }
    }

    /// Puts what the institution has signed on its node: at the beginning, and again if a crash took it.
    pub(super) fn hand_over(&self, node: &mut Node) {
        let held = |node: &Node, log: &LogWriter| node.ledger.extent(&log.log()).map_or(0, |extent| extent.next);
        for log in [&self.root, &self.begun] {
            let next = held(node, log);
            if next < log.len() && node.writer.queue.len() < QUEUE {
                node.writer.queue.push_back(Command::Admit(Box::new(log.run(next..log.len())), None));
            }
        }
    }

    /// Does one thing.
    pub(super) fn act(&mut self, founding: &Founding, node: &mut Node, stage: &mut Stage) {
        if !node.up || node.writer.flushing || !node.writer.queue.is_empty() {
            return;
        }
        self.hand_over(node);
        match stage.dice.below(20) {
            0 => self.fix_branch(node, stage),
            1 if self.used == 0 => self.change_key(founding, node, stage),
            2 if !self.honest => self.overreach(founding, stage),
            3 => self.withdraw(node, &mut stage.dice),
            4..8 => self.revise(node, &mut stage.dice),
            _ => self.publish(node, &mut stage.dice),
        }
        self.hand_over(node);
        node.go_on(stage);
    }

    /// Publishes or revises something, or fixes the branch of its key: what every member does while a plot goes on.
    pub(super) fn act_plainly(&mut self, node: &mut Node, stage: &mut Stage) {
        if self.paused || !node.up || node.writer.flushing || !node.writer.queue.is_empty() {
            return;
        }
        self.hand_over(node);
        match stage.dice.below(20) {
            0 if self.used == 0 => self.fix_branch(node, stage),
            1..5 => self.revise(node, &mut stage.dice),
            _ => self.publish(node, &mut stage.dice),
        }
        self.hand_over(node);
        node.go_on(stage);
    }

    /// The key of this log was stolen: the institution fixes what is its own and goes over to the other key.
    pub(super) fn answer_theft(&mut self, founding: &Founding, node: &mut Node, stage: &mut Stage) -> bool {
        if !node.up || node.writer.flushing || !node.writer.queue.is_empty() {
            return false;
        }
        if self.used == 0 {
            self.change_key(founding, node, stage);
            self.hand_over(node);
            node.go_on(stage);
        }
        true
    }

    pub(super) fn log(&self) -> PublicKey {
        self.begun.log()
    }

    /// The institution signs a keyring.
    fn sign_keyring(&mut self, stage: &mut Stage) {
        let place = self.root.push(Kind::Keyring, &ring(&self.lines));
        stage.truth.sign(self.root.log(), place);
        stage.note(
            self.node,
            What { verb: "keyring", log: Some(self.root.log()), number: place.seq, ..What::default() },
        );
    }

    fn set_line(&mut self, line: KeyLine) {
        self.lines.retain(|known| known.key != line.key);
        self.lines.push(line);
    }

    fn fix_branch(&mut self, node: &Node, stage: &mut Stage) {
        let Some(place) = head(node, &self.log()) else { return };
        if stage.truth.fixed.get(&self.log()).is_some_and(|fixed| fixed.seq >= place.seq) {
            return;
        }
        self.set_line(live(&self.begun, place));
        stage.truth.fixed.insert(self.log(), place);
        self.sign_keyring(stage);
    }

    /// The key ends where it stands, and another goes on.
    pub(super) fn change_key(&mut self, founding: &Founding, node: &mut Node, stage: &mut Stage) {
        let Some(last) = head(node, &self.log()) else { return };
        self.set_line(ended(&self.begun, Some(last)));
        stage.truth.ended.insert(self.log(), Some(last));
        stage.truth.fixed.insert(self.log(), last);
        self.used = 1;
        self.begun = founding.publish_log(&self.actor.id, &self.actor.publish[1]);
        self.set_line(live(&self.begun, self.begun.place(0).expect("it was begun")));
        stage.truth.sign(self.begun.log(), self.begun.place(0).expect("it was begun"));
        node.pen = Some(self.begun.clone());
        self.sign_keyring(stage);
    }

    /// A liar claims another's key, or goes back on what it said.
    fn overreach(&mut self, founding: &Founding, stage: &mut Stage) {
        let before = self.lines.clone();
        if stage.dice.once_in(2) {
            let other = stage.dice.pick(&founding.actors).and_then(|actor| actor.publish.first());
            if let Some(key) = other.filter(|key| PublicKey::from(*key) != self.log()) {
                let state = KeyState::Live(Some(Place { seq: 0, hash: Hash::of(b"mine") }));
                let mut line = KeyLine::sign(KeyUse::Publish, &founding.network, &self.actor.id, key, state);
                // Either it has the key in its hands, or it makes the agreement up.
                if stage.dice.once_in(2) {
                    line.proof =
                        KeyLine::sign(KeyUse::Publish, &founding.network, &self.actor.id, &self.actor.root, state)
                            .proof;
                }
                self.set_line(line);
            }
        } else {
            self.lines.truncate(1);
        }
        self.sign_keyring(stage);
        self.lines = before;
    }

    fn publish(&self, node: &mut Node, dice: &mut Dice) {
        let body = RecordBody::first(salt(dice), record(dice)).encode();
        let audience = if dice.once_in(6) { Audience::Members } else { Audience::Public };
        let kind = if !self.honest && dice.once_in(3) { Kind::Other("unheard-of".into()) } else { Kind::Practice };
        node.writer.queue.extend(body.ok().map(|body| Command::Author(kind, audience, body)));
    }

    fn revise(&self, node: &mut Node, dice: &mut Dice) {
        let Some((series, replaced, audience)) = self.any_practice(node, dice) else { return };
        // A liar also revises for others than those who may read the first revision.
        let audience = if !self.honest && dice.once_in(4) { Audience::Public } else { audience };
        let body = RecordBody::revision(salt(dice), series, vec![replaced], record(dice)).encode();
        node.writer.queue.extend(body.ok().map(|body| Command::Author(Kind::Practice, audience, body)));
    }

    fn withdraw(&self, node: &mut Node, dice: &mut Dice) {
        let Some((series, newest, _)) = self.any_practice(node, dice) else { return };
        let body =
            WithdrawalBody { salt: salt(dice), series, versions: vec![newest], reason: "error".into(), note: None };
        let command = body.encode().ok().map(|body| Command::Author(Kind::Withdrawal, Audience::Public, body));
        node.writer.queue.extend(command);
    }

    /// One of its practices: its series, the revision, and who may read it.
    pub(super) fn any_practice(&self, node: &Node, dice: &mut Dice) -> Option<(Hash, Hash, Audience)> {
        let disk = node.shelf.look();
        let held = dice.pick(disk.logs.get(&self.log())?).filter(|held| held.kind == Kind::Practice)?;
        let body = RecordBody::decode(held.body.as_deref()?).ok()?;
        Some((body.series.unwrap_or(held.hash), held.hash, held.audience))
    }
}

/// The last entry of a log that is durable on a node.
fn head(node: &Node, log: &PublicKey) -> Option<Place> {
    let extent = node.shelf.look().extent(log)?;
    Some(Place { seq: extent.next - 1, hash: extent.head })
}

pub(super) fn salt(dice: &mut Dice) -> [u8; 16] {
    let mut salt = [0; 16];
    salt.iter_mut().for_each(|byte| *byte = dice.roll().to_le_bytes()[0]);
    salt
}

pub(super) fn record(dice: &mut Dice) -> Record {
    let mut record = Record::new();
    record.set("title", Value::String(format!("Practice {}", dice.below(1000))));
    record.set("source_language", Value::String("en".into()));
    record.set("summary", Value::String("Invented for a test. ".repeat(1 + dice.below(30))));
    record
}
