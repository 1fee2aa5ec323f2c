//! In which order certificates are listed.

use super::certificates::Certificate;
use super::{Engine, SortKey, fold};

/// What certificates are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortedBy {
    /// When they were issued.
    Issue,
    /// When they expire.
    Expiry,
    /// Their subject, without regard to case and accents.
    Subject,
}

impl SortedBy {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Issue => "certificates.id",
            Self::Expiry => "certificates.not_after",
            Self::Subject => "certificates.subject_key",
        }
    }

    /// The same where no index of it may be used: what is to be sorted is few, and the index of the order has everything.
    pub(super) const fn without_index(self, engine: Engine) -> &'static str {
        match (engine, self) {
            (Engine::Sqlite, Self::Expiry) => "+certificates.not_after",
            (Engine::Sqlite, Self::Subject) => "+certificates.subject_key",
            (Engine::Postgres, Self::Expiry) => "certificates.not_after + 0",
            (Engine::Postgres, Self::Subject) | (_, Self::Issue) => self.column(),
        }
    }

    /// The key by which a certificate has its place.
    #[must_use]
    pub fn key_of(self, certificate: &Certificate) -> SortKey {
        match self {
            // The id alone says it.
            Self::Issue => SortKey::Int(0),
            Self::Expiry => certificate.not_after.into(),
            Self::Subject => SortKey::Text(fold(&certificate.subject)),
        }
    }
}
