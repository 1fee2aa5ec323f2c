//! The device gives up.

use certporter_model::device::DeviceState;

use super::{Contact, DeviceProtocol, ProtocolError};
use crate::store::{AuditEvent, Target, devices, enrolments};

impl DeviceProtocol {
    /// Retires the device: from then on it gets removals and nothing else. A device that is retired already gets the
    /// same answer.
    ///
    /// # Errors
    /// When the device is not served for another reason, or the database fails.
    pub async fn retire(&self, contact: &Contact) -> Result<(), ProtocolError> {
        if contact.row.device_state == DeviceState::Retired {
            return Ok(());
        }
        contact.must_be_served()?;
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit(&contact.caller())?).await?;
        devices::lock(&mut tx, &[contact.device()]).await?;
        let mut device = devices::get(&mut tx, contact.device()).await?;
        // Somebody may have blocked it in between.
        device.state = device.state.to(DeviceState::Retired).map_err(|_| ProtocolError::RemovalsOnly)?;
        device.state_changed_at = now;
        device.updated_at = now;
        devices::update(&mut tx, &device).await?;
        enrolments::end(&mut tx, device.id, now).await?;
        // Revoked with the same commit: whoever gives a device up need not trust that anything comes after.
        self.plan_now(&mut tx, device.id, device.owner_id).await?;
        let target = Target::one("device", device.id.as_uuid());
        tx.commit(AuditEvent::new(now, "device.retire", target)).await?;
        Ok(())
    }
}
