//! A test certificate: the whole way to the CA and back, without a request and for no device.

use certporter_model::serial::SerialNumber;
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, PreflightId, Timestamp};
use serde::{Deserialize, Serialize};

/// Bring a test certificate, compare it with what was asked, and revoke it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightOrder {
    /// Which preflight.
    pub preflight: PreflightId,
    /// The issuing CA.
    pub ca: Name,
    /// The CA's template; empty for its default.
    pub template: String,
    /// The portal's time.
    pub at: Timestamp,
    /// Whether an earlier attempt stopped in the middle: nothing new is asked of the CA then, but what it may have
    /// issued is revoked.
    pub again: bool,
    /// What an earlier attempt brought.
    pub issued: Option<TestCertificate>,
}

/// The test certificate, as far as it takes to revoke it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCertificate {
    /// The CA's generation that signed it.
    pub generation: CaGenerationId,
    /// Its serial number.
    pub serial: SerialNumber,
}

/// A step of a preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreflightStage {
    /// A connector of the pool has taken it.
    Claimed,
    /// The connector has generated a key.
    KeyGenerated,
    /// The CA has signed.
    Issued,
    /// What came is what was asked.
    Checked,
    /// The CA has revoked it.
    Revoked,
    /// The published CRL has it.
    InCrl,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PreflightStep {
    /// Which step.
    pub stage: PreflightStage,
    /// Whether it worked.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What came of it.
    pub detail: Option<String>,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How far a connector is with a preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightReport {
    /// Every step so far.
    pub steps: Vec<PreflightStep>,
    /// The certificate, as soon as there is one.
    pub issued: Option<TestCertificate>,
    /// Whether the connector has done its part.
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_form_of_a_step() {
        let step = PreflightStep {
            stage: PreflightStage::KeyGenerated,
            ok: true,
            duration_ms: 3,
            detail: None,
            cause: None,
            remedy: None,
        };
        let json =
            r#"{"stage":"key_generated","ok":true,"duration_ms":3,"detail":null,"cause":null,"remedy":null}"#;
        assert_eq!(serde_json::to_string(&step).unwrap(), json);
        assert_eq!(serde_json::from_str::<PreflightStep>(json).unwrap(), step);
    }
}
