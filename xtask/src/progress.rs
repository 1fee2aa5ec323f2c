//! Steps shown while they run: a moving line on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A step that is running.
pub(crate) struct Step {
    what: String,
    bar: ProgressBar,
}

impl Step {
    /// Says that a step begins.
    pub(crate) fn begin(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar =
            if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed:.dim} {wide_msg:.dim}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.clone());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { what, bar }
    }

    /// Shows the last thing that happened within the step.
    pub(crate) fn say(&self, line: &str) {
        self.bar.set_message(line.to_owned());
    }

    /// The step is done.
    pub(crate) fn done(self, result: &str) {
        let seconds = self.bar.elapsed().as_secs_f32();
        self.bar.finish_and_clear();
        eprintln!("✓ {}: {result} ({seconds:.1} s)", self.what);
    }

    /// The step was not needed.
    pub(crate) fn unchanged(self) {
        self.bar.finish_and_clear();
        eprintln!("✓ {}: up to date", self.what);
    }
}
