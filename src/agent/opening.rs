//! Opens an envelope and the PFX inside, and checks that all fits together before anything is installed.

use certporter_model::Timestamp;
use certporter_model::feature::Feature;
use certporter_model::thumbprint::Thumbprint;
use zeroize::Zeroizing;

use super::AgentError;
use super::identity::ManagementIdentity;
use crate::delivery::envelope;
use crate::pki::{PkiError, pem, pkcs12};

/// What is in an envelope, opened and checked. Every secret in it is zeroed when it is dropped.
pub struct OpenedCopy {
    /// The PFX, as the portal made it.
    pub pfx: Zeroizing<Vec<u8>>,
    /// Its password.
    pub password: Zeroizing<String>,
    /// The key as PEM, not encrypted.
    pub key_pem: Zeroizing<String>,
    /// The certificate as PEM.
    pub certificate_pem: String,
    /// The CA certificates above it as PEM, the nearest first.
    pub chain_pem: String,
    /// The certificate expires then.
    pub not_after: Timestamp,
}

/// Opens an envelope with the management key, opens the PFX, and checks that the certificate is the one that was
/// announced. That the key is the certificate's is checked by opening the PFX.
///
/// # Errors
/// When the envelope is not for this device, or something in it does not fit.
pub fn open(
    envelope_cms: &[u8],
    identities: &[&ManagementIdentity],
    thumbprint: Thumbprint,
    feature: Feature,
) -> Result<OpenedCopy, AgentError> {
    let mut content = Err(PkiError::NotRecipient);
    for identity in identities {
        content = envelope::open(identity.certificate(), identity.key(), envelope_cms);
        if content.is_ok() {
            break;
        }
    }
    let content = content?;
    let mismatch = |why: &str| AgentError::Answer(format!("the envelope holds something else: {why}"));
    if content.feature != feature {
        return Err(mismatch("it is for another feature"));
    }
    let opened = pkcs12::open(&content.pfx, &content.password)?;
    if opened.certificate.thumbprint() != thumbprint {
        return Err(mismatch("the certificate is another"));
    }
    Ok(OpenedCopy {
        key_pem: Zeroizing::new(pem::encode("PRIVATE KEY", &opened.key.to_pkcs8()?)),
        certificate_pem: opened.certificate.to_pem(),
        chain_pem: pem::certificates(opened.chain.iter().map(crate::pki::certificate::Certificate::as_der)),
        not_after: opened.certificate.not_after(),
        pfx: content.pfx,
        password: content.password,
    })
}

impl std::fmt::Debug for OpenedCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedCopy").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}
