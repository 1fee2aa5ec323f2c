//! What the service answers when it does not do as asked.

use certporter_model::access::Forbidden;
use certporter_model::error::InvalidTransition;
use certporter_model::{FieldErrors, ParseError};

use super::consequences::Consequences;
use crate::pipeline::planner::WhatIf;
use crate::store::StoreError;

/// Why something was not done. Typed by what the asker can do about it; what happened inside is only in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Fields are wrong: each is named, with what would be right.
    #[error("{0}")]
    Invalid(#[from] FieldErrors),
    /// Nobody known is asking.
    #[error("sign in, or send a token that is valid")]
    Unauthenticated,
    /// Known, and not allowed.
    #[error("{0}")]
    Forbidden(#[from] Forbidden),
    /// Nothing there, or nothing that the caller may know of.
    #[error("there is no such {what}, or none that you may see")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
    },
    /// Doesn't go with the present state.
    #[error("{detail}")]
    Conflict {
        /// What stands against it, and what to do.
        detail: String,
    },
    /// Somebody else changed it since the caller read it.
    #[error("the {what} was changed by somebody else in the meantime: load it again, then repeat the change")]
    Stale {
        /// The kind of thing.
        what: &'static str,
    },
    /// What follows is not any more what the caller was shown. Nothing was done.
    #[error("what follows from this has changed since it was shown: look at it again")]
    ConsequencesChanged(Box<Consequences>),
    /// No failure: how a rehearsal ends. See [`super::consequences::preview`].
    #[error("this was rehearsed only")]
    Rehearsed(Box<Consequences>),
    /// No failure: how the rehearsal of a change ends that may concern many. What follows is found out after its
    /// transaction: see [`super::consequences::concluded`].
    #[error("this was rehearsed only")]
    ToLookAt(Box<WhatIf>),
    /// Too often.
    #[error("too many tries: try again in {retry_after} seconds")]
    TooMany {
        /// Seconds until the next try counts.
        retry_after: u64,
    },
    /// Not now.
    #[error("{detail}")]
    Unavailable {
        /// Why, and what to do.
        detail: String,
        /// Seconds after which it may be tried again.
        retry_after: u64,
    },
    /// A failure inside. The log tells more under the instance.
    #[error("something failed inside the portal; its log tells more under {instance}")]
    Internal {
        /// What the log calls this occurrence.
        instance: String,
    },
}

impl ServiceError {
    /// Notes a failure inside in the log, and gives it a name under which it can be found there.
    #[must_use]
    pub fn internal(doing: &str, error: &dyn std::fmt::Display) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(1);
        // Unique within the process, and the log's lines have the time: no randomness is needed.
        let instance = format!("error-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        tracing::error!(%instance, doing, %error, "the service failed");
        Self::Internal { instance }
    }

    /// One field is wrong.
    pub fn field(field: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self::Invalid(FieldErrors::one(field, message))
    }

    /// It doesn't go with the present state.
    pub fn conflict(detail: impl std::fmt::Display) -> Self {
        Self::Conflict { detail: detail.to_string() }
    }

    /// The name of a field that a unique constraint guards: `users__user_name_key` guards `user_name`.
    fn taken(constraint: &str) -> Option<&str> {
        let column = constraint.split("__").nth(1)?;
        Some(column.strip_suffix("_key").unwrap_or(column))
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { what } => Self::NotFound { what },
            StoreError::Stale { what } => Self::Stale { what },
            // Nothing of what was changed has consequences, or it would have ended sooner.
            StoreError::Rehearsed => Self::Rehearsed(Box::default()),
            StoreError::Conflict { constraint } => match Self::taken(constraint) {
                Some(field) => Self::field(field, "is already in use: choose another"),
                None => Self::conflict("this already exists"),
            },
            StoreError::Reference => {
                Self::conflict("this refers to something that does not exist, or is still in use elsewhere")
            }
            StoreError::Busy | StoreError::Serialization => {
                Self::Unavailable { detail: error.to_string(), retry_after: 1 }
            }
            StoreError::Full => Self::Unavailable { detail: error.to_string(), retry_after: 60 },
            StoreError::Unreachable(_) => {
                tracing::warn!(%error, "the database can't be reached");
                Self::Unavailable {
                    detail: "the database can't be reached: try again".to_owned(),
                    retry_after: 5,
                }
            }
            _ => Self::internal("using the database", &error),
        }
    }
}

impl From<InvalidTransition> for ServiceError {
    fn from(error: InvalidTransition) -> Self {
        Self::conflict(error)
    }
}

/// A value that does not parse, under the field that it came in.
pub(crate) fn parsed<T>(field: &str, value: Result<T, ParseError>) -> Result<T, ServiceError> {
    value.map_err(|error| ServiceError::field(field, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_becomes_its_field() {
        for (constraint, field) in [
            ("users__user_name_key", Some("user_name")),
            ("users__upn_key", Some("upn")),
            ("profiles__name_key", Some("name")),
            ("users_pkey", None),
        ] {
            assert_eq!(ServiceError::taken(constraint), field);
        }
    }

    #[test]
    fn a_failure_inside_is_not_told() {
        let error = ServiceError::from(StoreError::Other("SELECT secret FROM sealed".into()));
        assert!(matches!(error, ServiceError::Internal { .. }));
        assert!(!error.to_string().contains("secret"));
    }
}
