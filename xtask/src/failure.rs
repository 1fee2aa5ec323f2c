//! What went wrong, as a sentence for the person at the terminal.

use std::fmt;
use std::path::Path;

/// Why a command ended. It is only ever shown, never branched on.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// What a step gives, or why it could not.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Turns an I/O error at a path into a sentence that names the path.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |error| Self(format!("{path}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.0)
    }
}
