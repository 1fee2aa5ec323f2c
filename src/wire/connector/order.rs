//! What the portal wants a connector to do.

use certporter_model::certificate::RevocationKind;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::text::Name;
use certporter_model::{
    CaGenerationId, CertificateId, JobId, KraGenerationId, RequestId, RevocationId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::Intent;
use crate::wire::octets::CertificateOctets;

/// The right to work on a job. Another worker's claim of the same job has a higher fence, and then this one's steps
/// are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// How often it had been claimed, this claim included.
    pub fence: i64,
}

/// A thing to do, for as long as the lease lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The version of this message.
    pub version: u16,
    /// Goes with every step.
    pub lease: Lease,
    /// How many times it has been tried since the last progress, this time included.
    pub attempt: u32,
    /// What to do.
    pub task: Task,
}

/// Kinds of orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Task {
    /// Bring a certificate, or, when it is not wanted any more, whatever the CA may have issued.
    Issue(Box<IssueOrder>),
    /// Revoke, hold or release a certificate.
    Revoke(RevokeOrder),
    /// Bring a test certificate, and take it away again.
    Preflight(super::PreflightOrder),
}

/// Bring a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueOrder {
    /// The request that it is for.
    pub request: RequestId,
    /// The issuing CA.
    pub ca: Name,
    /// The CA's template; empty for its default.
    pub template: String,
    /// The key pair to generate.
    pub key_algorithm: KeyAlgorithm,
    /// What the certificate shall say.
    pub asked: Asked,
    /// What an earlier attempt stated. The same CSR goes to the CA again.
    pub intent: Option<Intent>,
    /// The CA's name for a request that it has not decided yet.
    pub reference: Option<String>,
    /// The key recovery agent's transport generation.
    pub kra_generation: KraGenerationId,
    /// Its certificate: the key is sealed to it.
    pub transport_certificate: CertificateOctets,
    /// Whether the certificate is still wanted. If not, nothing new is asked of the CA, but what it may have issued
    /// is brought, so that it can be revoked.
    pub wanted: bool,
}

/// What a certificate shall say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The subject.
    pub subject: DistinguishedName,
    /// The alternative names.
    pub alternative_names: Vec<SubjectAlternativeName>,
    /// Bits of keyUsage.
    pub key_usage: KeyUsage,
    /// Object identifiers of extKeyUsage.
    pub extended_key_usages: Vec<Oid>,
    /// Days from issue to expiry.
    pub validity_days: u32,
    /// The user's SID.
    pub sid: Option<Sid>,
    /// How the SID goes in.
    pub strong_mapping: StrongMapping,
}

/// Revoke, hold or release a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeOrder {
    /// The revocation that it is for, the certificate's latest.
    pub revocation: RevocationId,
    /// The portal's id of the certificate.
    pub certificate_id: CertificateId,
    /// The issuing CA.
    pub ca: Name,
    /// The CA's generation that signed it: serial numbers are unique within.
    pub generation: CaGenerationId,
    /// Which certificate.
    pub serial: SerialNumber,
    /// For good, on hold, off hold.
    pub what: RevocationKind,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_what_it_writes() {
        let order = Order {
            version: super::super::VERSION,
            lease: Lease { job: "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap(), fence: 7 },
            attempt: 1,
            task: Task::Revoke(RevokeOrder {
                revocation: "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
                certificate_id: "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
                ca: Name::parse("builtin").unwrap(),
                generation: "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
                serial: SerialNumber::parse("0a1b").unwrap(),
                what: RevocationKind::Hold,
                reason: Reason::CertificateHold,
                at: Timestamp::from_millis(1_763_803_800_123),
            }),
        };
        let json = serde_json::to_string(&order).unwrap();
        assert!(json.contains(r#""task":{"kind":"revoke","revocation":"#), "{json}");
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }
}
