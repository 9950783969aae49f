//! Progress bars for what takes a while; nothing is drawn where standard error is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use ring4_storage::{Progress, Stage};

/// How often the bar moves without news.
const TICK: Duration = Duration::from_millis(200);

/// One bar, through all stages of one piece of work.
pub(super) struct Bar {
    bar: ProgressBar,
    stage: Option<Stage>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let style = "{msg:12} {bar:40} {pos}/{len} rows, {eta} left";
        // The template is ours and parses; without it the bar has its own look.
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(TICK);
        Self { bar, stage: None }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        if self.stage != Some(progress.stage) {
            self.stage = Some(progress.stage);
            self.bar.set_message(match progress.stage {
                Stage::Writing => "writing",
                Stage::Verifying => "comparing",
                Stage::Encrypting => "sealing",
                Stage::Restoring => "restoring",
                Stage::Replaying => "replaying",
            });
            self.bar.reset_eta();
        }
        if progress.total > 0 {
            self.bar.set_length(progress.total);
        }
        self.bar.set_position(progress.done);
    }

    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// Something that moves while nobody knows how long it takes.
pub(super) struct Waiting(ProgressBar);

impl Waiting {
    pub(super) fn new(what: String) -> Self {
        let spinner = ProgressBar::new_spinner().with_message(what);
        spinner.enable_steady_tick(TICK);
        Self(spinner)
    }

    pub(super) fn end(self) {
        self.0.finish_and_clear();
    }
}
