//! How far an import is: a bar on a terminal, now and then a line in the log otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// After how many files a line is written.
const STRIDE: usize = 100;

pub(super) struct Progress {
    bar: ProgressBar,
    lines: bool,
    done: AtomicUsize,
    total: usize,
}

impl Progress {
    pub(super) fn start(total: usize, terminal: bool) -> Self {
        let bar = if terminal {
            ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX))
        } else {
            ProgressBar::hidden()
        };
        // A template that cannot be read leaves the plain bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len}  {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, lines: !terminal, done: AtomicUsize::new(0), total }
    }

    /// One more file is done.
    pub(super) fn step(&self, source: &str) {
        self.bar.set_message(source.to_owned());
        self.bar.inc(1);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.lines && done.is_multiple_of(STRIDE) {
            tracing::info!(done, total = self.total, "importing");
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
