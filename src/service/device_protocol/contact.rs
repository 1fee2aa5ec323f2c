//! Who connects, and what it may do.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::device::EnrolmentState;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{DeviceId, Timestamp};

use super::{DeviceProtocol, GRACE, ProtocolError};
use crate::pipeline::leap;
use crate::plan::Limits;
use crate::store::device_contacts::{self, ContactRow};
use crate::store::{AuditEvent, Target, management_certificates};

/// The last contact is noted at most this often: it is shown in minutes, and a fleet polls all the time.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What a device may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything that is a device's.
    Served,
    /// Renew its management certificate, which is expired and within its grace period; and removals.
    MustRenew,
    /// Fetch and confirm removals, and nothing else: blocked, retired, lost, wiped, deleted, enrolled again, or expired for
    /// long. Nothing secret goes to such a device.
    RemovalsOnly,
}

/// A device that connects.
#[derive(Debug, Clone)]
pub struct Contact {
    /// What is known of it.
    pub(super) row: ContactRow,
    /// Its certificate.
    pub(super) thumbprint: Thumbprint,
    /// What it may do.
    pub standing: Standing,
    /// Where it comes from.
    pub(super) address: String,
}

impl Contact {
    /// The device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.row.device_id
    }

    /// The device as the gate knows it.
    pub(super) fn caller(&self) -> Caller {
        Caller::device(self.row.device_id).at(&self.address)
    }

    /// Passes only a device that is served.
    pub(super) fn must_be_served(&self) -> Result<(), ProtocolError> {
        match self.standing {
            Standing::Served => Ok(()),
            Standing::MustRenew => Err(ProtocolError::RenewFirst),
            Standing::RemovalsOnly => Err(ProtocolError::RemovalsOnly),
        }
    }
}

/// Two thirds of a certificate's life.
pub(in crate::service) fn renew_at(not_before: Timestamp, not_after: Timestamp) -> Timestamp {
    not_before.plus(not_after.since(not_before) * 2 / 3)
}

fn standing(row: &ContactRow, now: Timestamp) -> Standing {
    if row.enrolment_state != EnrolmentState::Active || !row.device_state.is_served() {
        Standing::RemovalsOnly
    } else if now <= row.not_after {
        Standing::Served
    } else if now <= row.not_after.plus(GRACE) {
        Standing::MustRenew
    } else {
        Standing::RemovalsOnly
    }
}

impl DeviceProtocol {
    /// Who has that certificate, and what it may do now. Asked at every request, and again at each wake of a long poll.
    ///
    /// # Errors
    /// [`ProtocolError::CertificateUnknown`] when there is no certificate, or none that counts.
    pub async fn contact(
        &self,
        thumbprint: Option<Thumbprint>,
        address: &str,
    ) -> Result<Contact, ProtocolError> {
        let thumbprint = thumbprint.ok_or(ProtocolError::CertificateUnknown)?;
        let mut conn = self.db.read().await?;
        let row = device_contacts::by_thumbprint(&mut conn, &thumbprint).await?;
        // A device that has used a newer certificate never comes back with an older one; somebody else might.
        let row = row.filter(|row| row.superseded_at.is_none()).ok_or(ProtocolError::CertificateUnknown)?;
        let standing = standing(&row, self.clock.now());
        Ok(Contact { row, thumbprint, standing, address: address.to_owned() })
    }

    /// Notes that the device is there: when, and that it uses this certificate, so that older ones end.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn note_contact(&self, contact: &Contact) -> Result<(), ProtocolError> {
        let now = self.clock.now();
        let row = &contact.row;
        let away = row.last_contact_at.map(|at| now.since(at));
        let served = contact.standing == Standing::Served;
        let long = served && away.is_none_or(|away| away >= Limits::default().contact);
        if long && leap::waits(&self.db, now, &*self.random).await? {
            // It was not the device that was away: what would follow waits for somebody, and its contact with it.
            return Ok(());
        }
        if long {
            // What was not renewed while nobody knew whether the device would ever come back is renewed now.
            let mut tx = self.db.write(&Self::permit(&contact.caller())?).await?;
            device_contacts::returned(&mut tx, row.device_id, now).await?;
            self.plan_device(&mut tx, row.device_id, row.owner_id).await?;
            let target = Target::one("device", row.device_id.as_uuid());
            let days = away.map(|away| away.as_secs() / 86_400);
            tx.commit(AuditEvent::new(now, "device.return", target).with("days_away", days)).await?;
        } else if away.is_none_or(|away| away >= NOTED_EVERY) {
            let mut tx = self.db.bookkeeping().await?;
            device_contacts::touch(&mut tx, row.device_id, now).await?;
            tx.commit().await?;
        }
        let has_older = row.generation > 1 && {
            let mut conn = self.db.read().await?;
            management_certificates::has_older(&mut conn, row.enrolment_id, row.generation).await?
        };
        if has_older {
            let mut tx = self.db.write(&Self::permit(&contact.caller())?).await?;
            let (enrolment, generation) = (row.enrolment_id, row.generation);
            management_certificates::supersede_older(&mut tx, enrolment, generation, now).await?;
            let target = Target::one("device", row.device_id.as_uuid());
            let event = AuditEvent::new(now, "management_certificate.use", target);
            tx.commit(event.with("generation", generation)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_starts_at_two_thirds() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!(renew_at(at(1000), at(4000)), at(3000));
    }
}
