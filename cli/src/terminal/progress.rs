//! A sign of life while something takes long. It appears only on a terminal and only after a moment, so that quick
//! commands do not flicker, and it leaves nothing behind.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the sign moves.
const TICK: Duration = Duration::from_millis(120);

/// A sign of life; it goes away when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn start(visible: bool, message: &str) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style("{spinner:.dim} {msg} {elapsed:.dim}"));
        bar.set_message(message.to_owned());
        if visible {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// How far it is, out of how much; from now on as a bar.
    pub(crate) fn position(&self, done: u64, of: u64) {
        if self.bar.length() != Some(of) {
            self.bar.set_style(style("{spinner:.dim} {msg} {bar:24} {pos}/{len} {elapsed:.dim}"));
            self.bar.set_length(of);
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
