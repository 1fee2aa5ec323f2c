//! Copies on devices that need somebody to look.

use std::time::Duration;

use certporter_model::{ParseError, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::devices as store;

/// How long a device may take to confirm a copy before somebody should look.
pub(in crate::service) const CONFIRMATION_GRACE: Duration = Duration::from_secs(3 * 86_400);

/// What is wrong with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyTrouble {
    /// It was offered days ago and never confirmed.
    Unconfirmed,
    /// The device could not install it.
    Failed,
}

impl CopyTrouble {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Unconfirmed, Self::Failed];

    /// Its word in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
        }
    }

    pub(super) fn at(self, now: Timestamp) -> store::CopyTrouble {
        match self {
            Self::Unconfirmed => store::CopyTrouble::Unconfirmed(now.minus(CONFIRMATION_GRACE)),
            Self::Failed => store::CopyTrouble::Failed,
        }
    }
}

impl std::str::FromStr for CopyTrouble {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("trouble of a copy", "is unconfirmed or failed");
        Self::ALL.iter().copied().find(|it| it.as_str() == text).ok_or_else(wrong)
    }
}
