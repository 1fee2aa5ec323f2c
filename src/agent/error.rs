//! What can go wrong on the device.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::pki::PkiError;
use crate::wire::problem::Problem;

/// Why the agent can't go on. Says what to do; never holds a code, key or password.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The folder holds no enrolment.
    #[error("{0} holds no enrolled device: enrol it first with `certporter agent enrol`")]
    NotEnrolled(PathBuf),
    /// The folder holds another enrolment.
    #[error("{0} holds an enrolled device already: retire it first, or take another folder")]
    AlreadyEnrolled(PathBuf),
    /// Another agent works in the folder.
    #[error("another agent is at work in {0}: wait until it is done, or stop it")]
    Locked(PathBuf),
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that is not as the agent wrote it.
    #[error("{path} is damaged ({why}): restore it, or retire this device and enrol again")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The address is none of a portal's device listener.
    #[error("the server's address is https://HOST or https://HOST:PORT: {0}")]
    Address(String),
    /// The server can't be reached, or the connection broke.
    #[error("the server can't be reached: {0}")]
    Unreachable(String),
    /// The server is not the one that the code was made for.
    #[error(
        "the server is not the one that this enrolment code was made for: check the address and the code, and if both \
         are right, tell the administrator that somebody may be in between"
    )]
    OtherServer,
    /// The portal refused.
    #[error("{problem}")]
    Refused {
        /// What it said.
        problem: Problem,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The server's answer can't be understood.
    #[error("the server's answer can't be understood ({0}): is this the address of the device listener?")]
    Answer(String),
    /// Something cryptographic failed.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// Something was still to be done when the time was up.
    #[error("not everything that is meant for this device arrived within {0} seconds: run the sync again")]
    Unfinished(u64),
}

impl AgentError {
    /// Makes an input or output error name its file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// Whether the portal refused with the problem of that name.
    #[must_use]
    pub fn is_problem(&self, name: &str) -> bool {
        matches!(self, Self::Refused { problem, .. } if problem.is(name))
    }

    /// Whether trying again later can help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { problem, .. } => problem.status == 429 || problem.status >= 500,
            _ => false,
        }
    }
}
