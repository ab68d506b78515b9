//! Ballots in a node: papers become durable with their batch, and another roster is followed once they are.

use nanduti_protocol::{announce::Announcement, ballot::Papers};

use super::{
    clock::{SECOND, SessionId},
    gossip::Message,
    node::Node,
    schedule::between,
    session::Reply,
    stage::Stage,
    trace::What,
};

/// What was said in ballots and is on its way to the disk.
#[derive(Debug, Default)]
pub(super) struct Balloted {
    /// Does it bring another roster into force?
    roster: bool,
    /// Statements to be announced then.
    statements: Vec<Vec<u8>>,
}

impl Node {
    /// Takes papers in; false if nothing else goes into the batch.
    pub(super) fn take_papers(&mut self, papers: &Papers, from: Option<SessionId>) -> bool {
        let taken = match self.ledger.take_papers(papers, &self.shelf) {
            Ok(taken) => taken,
            Err(error) => {
                let blamed = error.blames_peer();
                self.answer(from, if blamed { Reply::Blamed("bad-ballot") } else { Reply::Refused("unknown-roster") });
                return true;
            }
        };
        if !taken.changed {
            self.answer(from, Reply::Done(0));
            return true;
        }
        let balloted = self.writer.ballots.get_or_insert_default();
        balloted.roster |= taken.roster;
        balloted.statements.extend(papers.statements.first().cloned());
        self.after(from, Reply::Done(1));
        !taken.roster
    }

    /// Of each version there is one roster, on all honest nodes, and no node goes back to an earlier one.
    pub(super) fn check_roster(&mut self, stage: &mut Stage) {
        let Some(roster) = self.ledger.authority().map(|authority| authority.roster()) else { return };
        let (version, hash) = (roster.version, roster.hash());
        if !self.honest {
            return;
        }
        if version < self.roster {
            stage.fail(self.id, format!("went back from roster {} to roster {version}", self.roster));
        }
        self.roster = version;
        let known = stage.truth.rosters.insert(version, hash);
        match known {
            Some(known) if known != hash => stage.fail(self.id, format!("two rosters {version} are in force")),
            Some(_) => {}
            None => stage.counters.rosters += u64::from(version > 0),
        }
    }

    /// Ballots have reached the disk.
    pub(super) fn keep_ballots(&mut self, balloted: Option<&Balloted>) {
        if let (Some(_), Some(succession)) = (balloted, self.ledger.succession()) {
            self.shelf.change().ballots = succession.all_papers();
        }
    }

    /// Another roster is in force: all is read and judged anew, and the others may hold what was refused before.
    pub(super) fn follow(&mut self, balloted: Option<Balloted>, stage: &mut Stage) {
        let Some(Balloted { roster, statements }) = balloted else { return };
        for statement in statements {
            self.tell_everybody(&Message::new(Announcement::ballot(&statement).encode()), None, stage);
        }
        if roster {
            let version = self.ledger.authority().map_or(0, |authority| authority.roster().version);
            stage.note(self.id, What { verb: "roster", number: version, ..What::default() });
            self.check_roster(stage);
            self.reopen(stage);
            let now = stage.clock.now();
            for peer in self.schedule.peers().collect::<Vec<_>>() {
                let rest = between(&mut stage.dice, 0, 2 * SECOND);
                self.schedule.want_full_soon(peer, now + rest);
            }
        }
    }
}
