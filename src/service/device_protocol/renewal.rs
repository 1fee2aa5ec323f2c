//! Renewing the management certificate.

use super::contact::{Standing, renew_at};
use super::{Contact, DeviceProtocol, ProtocolError};
use crate::pki::Csr;
use crate::store::{AuditEvent, Target, management_certificates};
use crate::wire::device::{ManagementCertificate, RenewRequest};

impl DeviceProtocol {
    /// Issues another management certificate, for the same key or for another. The key of the newest certificate gets
    /// that one again, as long as it need not be renewed: the answer was lost.
    ///
    /// # Errors
    /// When the CSR can't be accepted, or the device may not renew.
    pub async fn renew(
        &self,
        contact: &Contact,
        request: &RenewRequest,
    ) -> Result<ManagementCertificate, ProtocolError> {
        if contact.standing == Standing::RemovalsOnly {
            return Err(ProtocolError::RemovalsOnly);
        }
        let csr = Csr::parse(request.csr.as_slice()).map_err(ProtocolError::CsrRefused)?;
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit(&contact.caller())?).await?;
        let newest = management_certificates::newest(&mut tx, contact.row.enrolment_id).await?;
        if newest.public_key_hash == csr.public_key_hash()
            && now < renew_at(newest.not_before, newest.not_after)
        {
            return self.wire_certificate(&newest);
        }
        let whose = (contact.row.device_id, contact.row.enrolment_id);
        let row = self.issue(&mut tx, whose, &csr).await?;
        // What is sealed for the certificate before and not installed yet is sealed anew.
        self.plan_device(&mut tx, contact.row.device_id, contact.row.owner_id).await?;
        let target = Target::one("device", row.device_id.as_uuid());
        let event = AuditEvent::new(now, "management_certificate.renew", target)
            .with("generation", row.generation)
            .with("thumbprint", row.thumbprint.to_string());
        tx.commit(event).await?;
        self.wire_certificate(&row)
    }
}
