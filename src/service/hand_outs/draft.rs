//! What somebody says about a file that is to be handed out.

use certporter_model::delivery::HandOutFormat;
use certporter_model::{CertificateId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pki::Certificate;
use crate::service::error::ServiceError;

/// The longest certificate that is read, in octets.
const RECIPIENT_MAX: usize = 16_384;

/// A hand-out that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOutDraft {
    /// Which certificate: one that waits for this device.
    pub certificate: CertificateId,
    /// In which form; that of the device's channel when absent.
    #[serde(default)]
    pub format: Option<HandOutFormat>,
    /// For a configuration profile: the certificate, in PEM, of an identity that the device has already, such as that of
    /// its management. The payloads are sealed to it, and nobody has to type a password.
    #[serde(default)]
    pub recipient_certificate: Option<String>,
}

/// The recipient that was given, read.
pub(super) fn recipient(
    draft: &HandOutDraft,
    format: HandOutFormat,
    now: Timestamp,
) -> Result<Option<Certificate>, ServiceError> {
    const FIELD: &str = "recipient_certificate";
    let wrong = |why: &str| Err(ServiceError::field(FIELD, why));
    let Some(text) = draft.recipient_certificate.as_deref().filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    if format != HandOutFormat::Mobileconfig {
        return wrong("only a configuration profile is sealed to a device's certificate: leave this out");
    }
    if text.len() > RECIPIENT_MAX {
        return wrong("the device's certificate has at most 16384 octets of PEM");
    }
    let found = Certificate::parse_pem(text).unwrap_or_default();
    let [certificate] = found.as_slice() else {
        return wrong(
            "this is not one certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
        );
    };
    if certificate.is_ca() {
        return wrong("this is a CA's certificate: give that of the device's own identity");
    }
    if certificate.not_after() <= now {
        return wrong("this certificate has expired: give that which the device uses now");
    }
    if certificate.key_algorithm().is_none() {
        return wrong("the certificate's key is neither RSA of 2048 to 4096 bits nor EC on P-256 or P-384");
    }
    Ok(Some(certificate.clone()))
}
