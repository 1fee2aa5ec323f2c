//! What a connector brings back.

use certporter_model::thumbprint::PublicKeyHash;
use certporter_model::{CaGenerationId, KraGenerationId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{CsrOctets, Lease, RevokeOrder, SealedKeyOctets};
use crate::wire::octets::CertificateOctets;

/// What is stored before a CSR leaves, so that anybody can finish after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// SHA-256 of the public key.
    pub public_key_hash: PublicKeyHash,
    /// The CSR as it goes to the CA.
    pub csr: CsrOctets,
    /// The private key, sealed.
    pub sealed_key: SealedKeyOctets,
    /// For which generation of the key recovery agent's transport key.
    pub kra_generation: KraGenerationId,
    /// How long the generation of the key took, in milliseconds.
    pub generation_ms: u32,
}

/// Whether the connector goes on after it has stated an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IntentAnswer {
    /// Stored: the CSR goes to the CA.
    Stored,
    /// There was one already: that one's CSR goes to the CA, and the new key is dropped.
    Already {
        /// What is stored.
        intent: Box<Intent>,
    },
    /// The certificate is not wanted any more, and nothing was stored.
    NotWanted,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// The CA has issued.
    Issued {
        /// The certificate as it came.
        certificate: CertificateOctets,
        /// The CA's generation that signed it.
        generation: CaGenerationId,
        /// How long the CA took, in milliseconds.
        duration_ms: u32,
    },
    /// The CA has not decided yet.
    Pending {
        /// How the CA calls it.
        reference: String,
        /// When to ask again.
        poll_at: Timestamp,
    },
    /// The CA has decided against it; asking again brings nothing until somebody changes something.
    Refused {
        /// Why.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
    /// It did not work this time.
    Failed {
        /// Why.
        cause: String,
        /// What to do about it, if it goes on.
        remedy: String,
        /// Whether it is the CA's trouble, whatever was asked of it: then it is tried for as long as that lasts.
        #[serde(default)]
        outage: bool,
    },
    /// The certificate was not wanted any more, and the CA has issued none.
    Nothing,
    /// The revocation, hold or release is in the CA's records.
    Revoked {
        /// How long the CA took, in milliseconds.
        duration_ms: u32,
    },
}

/// What came of an order to revoke, hold or release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeAnswer {
    /// Under which lease it was carried out.
    pub lease: Lease,
    /// The order.
    pub order: RevokeOrder,
    /// What the CA said.
    pub answer: Answer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_form_of_answers() {
        let pending = Answer::Pending { reference: "4711".into(), poll_at: Timestamp::from_millis(0) };
        let json = r#"{"kind":"pending","reference":"4711","poll_at":"1970-01-01T00:00:00Z"}"#;
        assert_eq!(serde_json::to_string(&pending).unwrap(), json);
        assert_eq!(serde_json::from_str::<Answer>(json).unwrap(), pending);
        let newer = r#"{"kind":"nothing","why":"it never saw the CSR"}"#;
        assert_eq!(serde_json::from_str::<Answer>(newer).unwrap(), Answer::Nothing);
    }
}
