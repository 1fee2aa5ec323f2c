//! Certificates as they are shown. Never their keys.

use certporter_model::certificate::{CertificateStatus, RevocationKind, Standing};
use certporter_model::escrow::EscrowState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SanText;
use certporter_model::thumbprint::{Sha1Thumbprint, Thumbprint};
use certporter_model::{CertificateId, RequestId, RevocationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::devices::CopyView;
use crate::service::reference::{DeviceReference, ProfileReference, UserReference};

/// A certificate in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateSummary {
    /// Its id in the portal.
    pub id: CertificateId,
    /// Its serial number, in hexadecimal digits.
    pub serial: SerialNumber,
    /// Its subject (RFC 4514).
    pub subject: String,
    /// The profile it was issued from.
    pub profile: ProfileReference,
    /// The user it belongs to.
    pub user: Option<UserReference>,
    /// The device it belongs to, when each device has its own.
    pub device: Option<DeviceReference>,
    /// Whether it is good.
    pub status: CertificateStatus,
    /// Its place among those of the same holder and profile.
    pub standing: Standing,
    /// Why it was revoked.
    pub reason: Option<Reason>,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid until.
    pub not_after: Timestamp,
    /// When it came into the portal.
    pub created_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// One certificate, with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub certificate: CertificateSummary,
    /// The request that brought it.
    pub request_id: Option<RequestId>,
    /// The version of the profile that it was issued from.
    pub profile_version: i64,
    /// Its serial number in decimal digits, as some consoles show it.
    pub serial_decimal: String,
    /// Algorithm and size of its key, such as `rsa-2048`; absent for one that the portal doesn't know.
    pub public_key: Option<String>,
    /// Where its issuer's certificate is (RFC 5280, section 4.2.2.1).
    pub ca_issuers_urls: Vec<String>,
    /// Where OCSP answers for it.
    pub ocsp_urls: Vec<String>,
    /// Where the CRL is that it would be on (RFC 5280, section 4.2.1.13).
    pub crl_urls: Vec<String>,
    /// The security identifier that a domain controller maps it by.
    pub sid: Option<String>,
    /// Its issuers up to the root, the nearest first.
    pub chain: Vec<IssuerView>,
    /// Its issuer (RFC 4514).
    pub issuer: String,
    /// Its alternative names.
    pub subject_alternative_names: Vec<SanText>,
    /// What its key may be used for.
    pub key_usage: certporter_model::key::KeyUsage,
    /// What it may be used for, as object identifiers.
    pub extended_key_usages: Vec<String>,
    /// SHA-256 of the certificate.
    pub thumbprint: Thumbprint,
    /// SHA-1 of the certificate, as some consoles show it.
    pub sha1_thumbprint: Sha1Thumbprint,
    /// When its renewal is due.
    pub renew_at: Timestamp,
    /// Whether its key is in escrow.
    pub escrow: Option<EscrowState>,
    /// Where it is on devices; copies that are gone come last.
    pub copies: Vec<CopyView>,
    /// What was done to its standing at the CA, newest first.
    pub revocations: Vec<RevocationView>,
    /// The reasons that the caller may revoke it for; none when it can't be revoked.
    pub reasons: Vec<Reason>,
}

/// A CA certificate above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuerView {
    /// Its subject (RFC 4514).
    pub subject: String,
    /// Its serial number.
    pub serial: SerialNumber,
    /// SHA-256 of it.
    pub thumbprint: Thumbprint,
    /// Valid until.
    pub not_after: Timestamp,
}

/// A revocation, hold or release, and how far it is. It is finished when the CA, the CRL and the devices have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationView {
    /// Its id.
    pub id: RevocationId,
    /// For good, on hold, or off hold.
    pub kind: RevocationKind,
    /// Why.
    pub reason: Reason,
    /// What set it off.
    pub trigger: Trigger,
    /// By whom, in words.
    pub actor: String,
    /// What they wrote about it.
    pub explanation: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the CA had it.
    pub at_ca_at: Option<Timestamp>,
    /// The first CRL with it.
    pub crl_number: Option<i64>,
    /// When that CRL was published.
    pub in_crl_at: Option<Timestamp>,
    /// When the last device had removed its copy.
    pub removed_at: Option<Timestamp>,
    /// When all of it was done.
    pub finished_at: Option<Timestamp>,
}

/// What somebody asks when revoking a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationDraft {
    /// Why, as the CRL says it (RFC 5280, section 5.3.1); which ones depends on the role.
    pub reason: Reason,
    /// Why, in words: 1 to 500 characters.
    pub explanation: String,
}

/// A form of the public part of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicForm {
    /// The certificate alone, PEM (RFC 7468).
    Pem,
    /// The certificate alone, DER.
    Der,
    /// The certificate and its issuers up to the root, PEM.
    Chain,
}

/// The public part of a certificate, to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPart {
    /// A name for the file: only ASCII letters, digits, dots and hyphens.
    pub file_name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its octets.
    pub octets: Vec<u8>,
}
