//! What is shown of issuing CAs and connectors.

use certporter_model::key::KeyAlgorithm;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CaGenerationId, CaId, ConnectorId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::external::ExternalView;

/// Every issuing CA and connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthoritiesView {
    /// Issuing CAs, by name.
    pub authorities: Vec<AuthorityView>,
    /// Connectors, by name.
    pub connectors: Vec<ConnectorView>,
}

/// An issuing CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthorityView {
    /// Its id.
    pub id: CaId,
    /// What profiles call it.
    pub name: String,
    /// Which kind of CA: builtin, devices, or an external one.
    pub kind: String,
    /// Whether certificates can be put on hold.
    pub hold: bool,
    /// Whether the reason of a revocation reaches the CRL.
    pub reasons: bool,
    /// Whether its CRLs are made here.
    pub publishes: bool,
    /// Where relying parties ask about single certificates.
    pub ocsp: Option<String>,
    /// How it is set up and was found, if somebody has added it.
    pub external: Option<ExternalView>,
    /// Its keys and certificates.
    pub generations: Vec<GenerationView>,
}

/// A key and certificate of a CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GenerationView {
    /// Its id.
    pub id: CaGenerationId,
    /// root, issuing or device.
    pub purpose: String,
    /// Counts from 1 for each purpose.
    pub number: u32,
    /// The generation that signed its certificate.
    pub parent: Option<CaGenerationId>,
    /// The certificate's subject.
    pub subject: String,
    /// The certificate's issuer.
    pub issuer: String,
    /// The certificate's serial number.
    pub serial: SerialNumber,
    /// The key's algorithm.
    pub key: Option<KeyAlgorithm>,
    /// SHA-256 of the certificate.
    pub thumbprint: Thumbprint,
    /// Start of the certificate's validity.
    pub not_before: Timestamp,
    /// End of the certificate's validity.
    pub not_after: Timestamp,
    /// active, or retired: then it only signs CRLs.
    pub state: String,
    /// Whether it ends within half a year.
    pub ends_soon: bool,
    /// Where relying parties find the certificate.
    pub certificate_address: Option<String>,
    /// Where relying parties find the CRL.
    pub crl_address: Option<String>,
    /// The published CRL.
    pub crl: Option<CrlView>,
}

/// A published CRL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CrlView {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// Until when relying parties go on with it, and with every shard of it: the soonest.
    pub next_update: Timestamp,
    /// Whether less than a third of its time is left, or of a shard's: the next one is overdue.
    pub stale: bool,
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorView {
    /// Its id.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// The pool that it serves.
    pub pool: String,
    /// Whether it may work.
    pub state: String,
    /// The version of its program.
    pub software_version: Option<String>,
    /// When it was last heard of.
    pub last_contact_at: Option<Timestamp>,
    /// Whether it was not heard of for longer than it should.
    pub silent: bool,
    /// How many jobs are due and wait for its pool.
    pub waiting: u64,
    /// Since when the oldest of them is due.
    pub waiting_since: Option<Timestamp>,
}

/// What can be downloaded of a CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Its certificate, DER.
    Der,
    /// Its certificate with the chain above, PEM.
    Pem,
    /// Its CRL, DER.
    Crl,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its octets.
    pub octets: Vec<u8>,
}
