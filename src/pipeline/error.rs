//! What can go wrong in a step.

use super::queue::Outcome;
use crate::kra::KraError;
use crate::pki::PkiError;
use crate::store::StoreError;

/// A step failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cryptographic could not be read or made.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The lease was lost: another worker has the job, and this one's step is refused.
    #[error("another worker has taken this over")]
    LeaseLost,
    /// It can't work until somebody changes something.
    #[error("{cause}")]
    Hopeless {
        /// Why.
        cause: String,
        /// What to change.
        remedy: String,
    },
    /// It did not work this time.
    #[error("{cause}")]
    Temporary {
        /// Why.
        cause: String,
        /// What to do about it, if it goes on.
        remedy: String,
    },
}

impl StepError {
    /// What it means for the job.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Store(error) => Outcome::of_error(error),
            Self::Pki(error) => Outcome::Failed {
                cause: error.to_string(),
                remedy: "It is tried again by itself. If it stays so, reissue the certificate.".into(),
            },
            Self::LeaseLost => Outcome::Lost,
            Self::Hopeless { cause, remedy } => {
                Outcome::Dead { cause: cause.clone(), remedy: remedy.clone() }
            }
            Self::Temporary { cause, remedy } => {
                Outcome::Failed { cause: cause.clone(), remedy: remedy.clone() }
            }
        }
    }
}

/// What an error of the key recovery agent means for a step.
pub(super) fn kra_error(error: KraError) -> StepError {
    match error {
        KraError::Store(error) => StepError::Store(error),
        KraError::Pki(error) => StepError::Pki(error),
        KraError::Destroyed | KraError::NoGeneration(_) => StepError::Hopeless {
            cause: error.to_string(),
            remedy: "Reissue the certificate: it then gets a new key.".into(),
        },
    }
}
