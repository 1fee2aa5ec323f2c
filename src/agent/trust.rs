//! Whom the agent trusts: the one CA whose fingerprint is in the enrolment code.

use super::AgentError;
use super::client::{DeviceClient, ServerAddress};
use crate::pki::certificate::Certificate;
use crate::wire::device::EnrolmentCode;

/// The CA that the code was made for, as DER. It is asked from whoever answers, and taken only if its fingerprint is
/// the code's: somebody in between would need a certificate with the same fingerprint.
///
/// # Errors
/// When the server can't be reached, or is known by another CA.
pub async fn anchor(server: &ServerAddress, code: &EnrolmentCode) -> Result<Vec<u8>, AgentError> {
    let offered = DeviceClient::trusting_anybody(server)?.trust_anchors().await?;
    for octets in offered.certificates {
        let certificate = Certificate::parse(octets.as_slice())?;
        if certificate.is_ca() && code.is_for(&certificate.thumbprint()) {
            return Ok(octets.into_vec());
        }
    }
    Err(AgentError::OtherServer)
}
