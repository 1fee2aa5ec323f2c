//! Steps shown while they run: a moving line each on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The moving lines of all steps that run at the same time.
static LINES: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// A step that is running.
pub(crate) struct Step {
    what: String,
    bar: ProgressBar,
}

impl Step {
    /// Says that a step begins.
    pub(crate) fn begin(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = if std::io::stderr().is_terminal() {
            LINES.add(ProgressBar::new_spinner())
        } else {
            ProgressBar::hidden()
        };
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
        self.end(&format!("{result} ({seconds:.1} s)"));
    }

    /// The step was not needed.
    pub(crate) fn unchanged(self) {
        self.end("up to date");
    }

    fn end(&self, result: &str) {
        self.bar.finish_and_clear();
        // The lines of other steps go on below.
        LINES.suspend(|| eprintln!("✓ {}: {result}", self.what));
    }
}
