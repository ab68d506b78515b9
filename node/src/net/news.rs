//! News that came with its body: taken in without asking for it.
//!
//! It passes the same doors as what a session brings, and what becomes of it is nobody's fault: if it is not taken in, for whatever
//! reason, the log is pulled from whom it was heard, and that session finds out why.

use std::sync::Arc;

use libp2p::PeerId;

use super::gossip::News;
use super::reports::Report;
use super::task::Task;
use crate::core::PreparedRun;

impl Task {
    /// Takes news in, unless too much of it is on its way already: then it is pulled like everything else.
    pub(super) fn take_in(&mut self, peer: PeerId, News { run, frame }: News) {
        let log = run.log();
        let Ok(place) = Arc::clone(&self.news).try_acquire_owned() else { return self.schedule.want_log(&peer, log) };
        let core = self.core.clone();
        self.report_when_done((peer, None), async move {
            let taken = core.admit_prepared(PreparedRun::compressed(run, &frame)).await;
            drop(place);
            Report::News { peer, log, failed: taken.err() }
        });
    }
}
