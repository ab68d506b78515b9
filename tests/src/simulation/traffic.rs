//! The sessions of a node: beginning and answering them, moving bytes between the wire and the protocol's machine, and ending them.

use nanduti_protocol::{
    networks::NetworkOf,
    run::RunError,
    sync::{Input, Output, Serve, Session, body_frame, message_frame},
};

use super::{
    clock::{End, Event, NodeId, SECOND, SessionId},
    node::Node,
    schedule::{Ended, Job, SESSIONS},
    session::{DEFERRED_FORKS, RUNS, Reply, Role, Seen, Side, Why, segment_frame},
    stage::Stage,
    trace::What,
    writer::{Command, QUEUE},
};

/// How long a session may move too little.
const PATIENCE: u64 = 30 * SECOND;
/// What it has to move in that time.
const PROGRESS: u64 = 2048;

impl Node {
    /// Opens a stream and begins a session.
    pub(super) fn begin(&mut self, peer: NodeId, job: Job, stage: &mut Stage) {
        let now = stage.clock.now();
        let Some(id) = stage.open(self.id, peer) else {
            self.schedule.ended(peer, &job, Ended::Badly, now, &mut stage.dice);
            return;
        };
        let word = if job == Job::Full { "full" } else { "pull" };
        stage.note(self.id, What { verb: "begins", word, peer: Some(peer), number: id, ..What::default() });
        let seen = self.seen(stage);
        let session = match &job {
            Job::Full => Session::initiator(seen),
            Job::Pull(logs) => Session::pulling(seen, logs),
        };
        self.enter(id, 0, session, peer, Role::Initiator(job), stage);
    }

    /// A peer has opened a stream. Whoever has enough to do closes it unread.
    pub(super) fn answer_stream(&mut self, id: SessionId, peer: NodeId, stage: &mut Stage) {
        let answering = self.sessions.values().filter(|side| matches!(side.role, Role::Responder));
        let (same, all) = answering.fold((0, 0), |(same, all), side| (same + usize::from(side.peer == peer), all + 1));
        if !self.up || !self.schedule.is_connected(peer) || same > 0 || all >= SESSIONS {
            stage.note(self.id, What { verb: "busy", peer: Some(peer), number: id, ..What::default() });
            stage.close(id, 1);
            return;
        }
        stage.note(self.id, What { verb: "answers", peer: Some(peer), number: id, ..What::default() });
        let session = Session::responder(self.seen(stage));
        self.enter(id, 1, session, peer, Role::Responder, stage);
        self.go_on(stage);
    }

    fn enter(&mut self, id: SessionId, end: End, session: Session<Seen>, peer: NodeId, role: Role, stage: &mut Stage) {
        let to_member = stage.key_of(peer).is_some_and(|key| self.is_member_node(&key, stage));
        self.sessions.insert(id, Side::new(session, peer, role, to_member));
        self.ready.insert(id);
        stage.clock.after(PATIENCE, Event::Patience(id, end, 0));
    }

    fn seen(&self, stage: &Stage) -> Seen {
        Seen {
            ledger: self.snapshot.clone(),
            frontier: self.frontier.clone(),
            shelf: self.shelf.clone(),
            wanted: self.wanted(stage),
        }
    }

    /// Bytes have arrived.
    pub(super) fn receive(&mut self, id: SessionId, end: End, bytes: &[u8], stage: &mut Stage) {
        match self.sessions.get_mut(&id) {
            Some(side) => {
                side.inbox.extend_from_slice(bytes);
                side.moved += bytes.len() as u64;
                if side.inbox.len() > stage.inbox_bound() {
                    let waiting = side.inbox.len();
                    stage.fail(self.id, format!("{waiting} bytes of one session wait to be read"));
                }
                self.ready.insert(id);
                self.go_on(stage);
            }
            // Nobody reads any more.
            None => stage.read(id, end, bytes.len()),
        }
    }

    /// The peer has closed the stream, or it broke.
    pub(super) fn closed(&mut self, id: SessionId, stage: &mut Stage) {
        if let Some(side) = self.sessions.get_mut(&id) {
            side.ended = true;
            self.ready.insert(id);
            self.go_on(stage);
        }
    }

    /// Ends a session in which too little moves.
    pub(super) fn lose_patience(&mut self, id: SessionId, end: End, before: u64, stage: &mut Stage) {
        let Some(side) = self.sessions.get_mut(&id) else { return };
        if side.moved - before < PROGRESS && side.writing == 0 {
            side.failed = side.failed.or(Some(Why::Stalled));
            self.ready.insert(id);
            self.go_on(stage);
        } else {
            stage.clock.after(PATIENCE, Event::Patience(id, end, side.moved));
        }
    }

    /// Goes on with one session as far as it can.
    pub(super) fn pump(&mut self, id: SessionId, stage: &mut Stage) {
        let Some(mut side) = self.sessions.remove(&id) else { return };
        match self.drive(id, &mut side, stage) {
            Ok(false) => drop(self.sessions.insert(id, side)),
            Ok(true) => self.end(id, side, None, stage),
            Err(why) => self.end(id, side, Some(why), stage),
        }
    }

    fn drive(&mut self, id: SessionId, side: &mut Side, stage: &mut Stage) -> Result<bool, Why> {
        let end = end_of(&side.role);
        loop {
            if let Some(why) = side.failed {
                return Err(why);
            }
            self.take_outputs(id, side, stage)?;
            self.serve(id, side, stage)?;
            self.write(id, end, side, stage);
            if side.finished && side.outbox.is_empty() && side.writing == 0 {
                return Ok(true);
            }
            // Before the charter is known segments are taken one by one: it comes with the first.
            let most = if self.snapshot.authority().is_none() { 1 } else { RUNS };
            let full = side.writing >= most || self.writer.queue.len() >= QUEUE;
            if side.finished || full {
                return Ok(false);
            }
            let Some((input, name, len)) = side.next_frame()? else {
                return if side.ended { Err(cut(side)) } else { Ok(false) };
            };
            stage.read(id, end, len);
            stage.note(self.id, What { verb: "reads", word: name, peer: Some(side.peer), number: id, log: None });
            side.session.handle(input)?;
            self.check_session(side, stage);
        }
    }

    fn take_outputs(&mut self, id: SessionId, side: &mut Side, stage: &mut Stage) -> Result<(), Why> {
        while let Some(output) = side.session.poll_output() {
            let command = match output {
                Output::Send(message) => {
                    side.outbox.push_back(message_frame(&message));
                    continue;
                }
                Output::Finished(outcome) => {
                    (side.finished, side.equal) = (true, outcome.equal);
                    continue;
                }
                Output::Segment(bytes) => match stage.verify(bytes, &self.snapshot) {
                    Ok(run) => Some(Command::Admit(Box::new(run), Some(id))),
                    // It may be of a log that the charter carries over from another network.
                    Err(RunError::Anchor(_) | RunError::Spacing { .. }) if self.snapshot.authority().is_none() => {
                        side.writing += 1;
                        side.reply(Reply::Refused("no-charter"));
                        None
                    }
                    Err(_) => return Err(Why::Fault("bad-segment")),
                },
                Output::Body { log, seq, bytes } if self.shelf.look().fits(&log, seq, &bytes) => {
                    Some(Command::Body(log, seq, bytes, Some(id)))
                }
                // The peer may hold another branch of the log, and could not know that: it is not to blame.
                Output::Body { .. } => None,
                Output::Papers(papers) => Some(Command::Papers(Box::new(papers), Some(id))),
                Output::Fork(proof) => {
                    let authority = self.snapshot.authority();
                    let known = authority.is_some_and(|authority| authority.standing(&proof.log()).is_some());
                    if !known && side.forks.len() < DEFERRED_FORKS {
                        side.forks.push(proof.clone());
                    }
                    known.then(|| Command::Fork(Box::new(proof), Some(id)))
                }
                Output::Evidence(chain) => {
                    let proof = self.snapshot.contradicts(&chain, &self.shelf);
                    proof.map(|proof| Command::Fork(Box::new(proof), Some(id)))
                }
            };
            if let Some(command) = command {
                side.writing += 1;
                self.writer.queue.push_back(command);
            }
        }
        Ok(())
    }

    fn serve(&mut self, id: SessionId, side: &mut Side, stage: &mut Stage) -> Result<(), Why> {
        while side.outbox.is_empty()
            && !side.finished
            && stage.has_room(id, end_of(&side.role))
            && let Some(serve) = side.session.next_to_serve()
        {
            match serve {
                Serve::Send(message) => side.outbox.push_back(message_frame(&message)),
                Serve::Run { log, from, to } => {
                    let network = self.snapshot.networks().network_of(&log);
                    let (target, to_whom) = (stage.segment_target, (&network, side.to_member));
                    let (run, next) = self.shelf.look().serve(&log, (from, to), target, to_whom);
                    side.sent += next - from;
                    side.outbox.extend(segment_frame(&run));
                    side.session.handle(Input::Served { next })?;
                }
                Serve::Body { log, seq } => {
                    let body = self.shelf.look().body_for(&log, seq, side.to_member);
                    side.outbox.extend(body.and_then(|body| body_frame(&log, seq, &body)));
                }
            }
            self.take_outputs(id, side, stage)?;
            self.write(id, end_of(&side.role), side, stage);
        }
        Ok(())
    }

    /// Writes what there is room for. A liar changes it on the way.
    fn write(&mut self, id: SessionId, end: End, side: &mut Side, stage: &mut Stage) {
        while !side.outbox.is_empty()
            && stage.has_room(id, end)
            && let Some(frame) = side.outbox.pop_front()
        {
            let frames = match &mut self.liar {
                Some(liar) => liar.change(frame, stage),
                None => vec![frame],
            };
            for frame in frames {
                side.moved += frame.len() as u64;
                stage.send(id, end, &frame);
            }
        }
    }

    fn end(&mut self, id: SessionId, side: Side, why: Option<Why>, stage: &mut Stage) {
        let now = stage.clock.now();
        let word = match why {
            None if side.equal => "equal",
            None => "well",
            Some(Why::Fault(name) | Why::Own(name)) => name,
            Some(Why::Busy) => "busy",
            Some(Why::Cut) => "cut",
            Some(Why::NothingNew) => "nothing-new",
            Some(Why::Stalled) => "stalled",
        };
        stage.note(self.id, What { verb: "ends", word, peer: Some(side.peer), number: id, log: None });
        stage.close(id, end_of(&side.role));
        if why.is_none() {
            self.learn_deferred(&side);
        }
        let equal = self.is_equal(side.peer, side.session.peer().map(|hello| hello.digest));
        let moved = side.received + side.sent > 0;
        if why.is_none() && !matches!(side.role, Role::Initiator(Job::Pull(_))) && side.is_whole() {
            self.is_told_by(side.peer, stage);
        }
        match &side.role {
            Role::Initiator(job) => {
                let ended = if why.is_none() { Ended::Well { moved, equal } } else { Ended::Badly };
                self.schedule.ended(side.peer, job, ended, now, &mut stage.dice);
            }
            Role::Responder if why.is_none() => {
                self.schedule.answered(side.peer, (moved, equal), now, &mut stage.dice);
            }
            Role::Responder => {}
        }
        match why {
            Some(Why::Fault(name)) => self.blame(side.peer, name, stage),
            Some(Why::Own(name)) => stage.fail(self.id, format!("a session ended by a mistake of its own: {name}")),
            _ => {}
        }
        self.plan_due(now, stage);
    }

    fn learn_deferred(&mut self, side: &Side) {
        let Some(authority) = self.snapshot.authority() else { return };
        for proof in &side.forks {
            if authority.standing(&proof.log()).is_some() && self.writer.queue.len() < QUEUE {
                self.writer.queue.push_back(Command::Fork(Box::new(proof.clone()), None));
            }
        }
    }
}

fn cut(side: &Side) -> Why {
    let silent = matches!(side.role, Role::Initiator(_)) && side.session.peer().is_none();
    if silent { Why::Busy } else { Why::Cut }
}

fn end_of(role: &Role) -> End {
    match role {
        Role::Initiator(_) => 0,
        Role::Responder => 1,
    }
}
