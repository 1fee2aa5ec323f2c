//! What is done to many certificates at once, as it is asked for and shown.

use certporter_model::certificate::BulkKind;
use certporter_model::revocation::Reason;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{BulkActionId, CertificateId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CertificateSummary, CertificatesQuery};
use crate::service::reference::ProfileReference;

/// What somebody asks to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkDraft {
    /// What is done.
    pub kind: BulkKind,
    /// To which certificates.
    pub which: BulkWhich,
    /// For what reason they are revoked (RFC 5280, section 5.3.1); which ones depends on the role. Not for a reissue.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Why, in words: 1 to 500 characters. Required for a revocation.
    #[serde(default)]
    pub explanation: Option<String>,
    /// What the preview gave: it is refused when it would be other certificates now. Without it, it is done to those
    /// that match now.
    #[serde(default)]
    pub digest: Option<ContentDigest>,
}

/// To which certificates: these, or all that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BulkWhich {
    /// These.
    Certificates(Vec<CertificateId>),
    /// All of the list that this query shows.
    Query(Box<CertificatesQuery>),
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkPreview {
    /// How many certificates.
    pub total: usize,
    /// How many of them it can't be done to: those are left as they are, and told of.
    pub unfit: usize,
    /// How many people and devices hold them.
    pub holders: usize,
    /// Of which profiles, the most first.
    pub profiles: Vec<ProfileCount>,
    /// Some of them.
    pub sample: Vec<CertificateSummary>,
    /// Names these certificates and what is done: see [`BulkDraft::digest`].
    pub digest: ContentDigest,
}

/// How many certificates are of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileCount {
    /// The profile.
    pub profile: ProfileReference,
    /// How many.
    pub count: usize,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkView {
    /// Its id.
    pub id: BulkActionId,
    /// What is done.
    pub kind: BulkKind,
    /// For what reason.
    pub reason: Option<Reason>,
    /// Why, in words.
    pub explanation: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// How many certificates.
    pub total: u64,
    /// For how many it is done.
    pub done: u64,
    /// For how many it failed.
    pub failed: u64,
    /// The first hundred of those.
    pub failures: Vec<BulkFailure>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When all had had their turn.
    pub finished_at: Option<Timestamp>,
}

/// A certificate for which it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkFailure {
    /// The certificate.
    pub certificate: CertificateId,
    /// Its subject.
    pub subject: String,
    /// Why.
    pub cause: String,
}
