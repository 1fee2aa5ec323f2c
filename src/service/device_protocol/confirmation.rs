//! A device confirms that another device, or a session, is its person's: it authenticates with its management
//! certificate, which that person's device alone has.

use certporter_model::security_event::SecurityEventKind;

use super::{Contact, DeviceProtocol, ProtocolError};
use crate::service::confirmations::{self, Subject, Waiting};
use crate::store::enrolments;
use crate::store::{Conn, devices};
use crate::wire::device::{
    AwaitedConfirmation, AwaitedKind, ConfirmAnswer, ConfirmRequest, Confirmations, VERSION,
};

impl DeviceProtocol {
    /// What of the person's waits to be confirmed, and may be on this device.
    ///
    /// # Errors
    /// When the device is not served, is not somebody's, or waits itself.
    pub async fn confirmations(&self, contact: &Contact) -> Result<Confirmations, ProtocolError> {
        contact.must_be_served()?;
        let mut conn = self.db.read().await?;
        let mut awaited = Vec::new();
        for waiting in self.confirmable(&mut conn, contact).await? {
            awaited.push(AwaitedConfirmation {
                id: waiting.id(),
                kind: match waiting.subject {
                    Subject::Device(_) => AwaitedKind::Device,
                    Subject::Session(_) => AwaitedKind::Session,
                },
                device: confirmations::device_name(&mut conn, waiting.device).await?,
                since: waiting.since,
                staff: waiting.staff.clone(),
            });
        }
        Ok(Confirmations { version: VERSION, awaited })
    }

    /// Confirms one of them. Asked again it answers the same.
    ///
    /// # Errors
    /// As [`DeviceProtocol::confirmations`]; when nothing of that id waits for this device.
    pub async fn confirm(
        &self,
        contact: &Contact,
        request: &ConfirmRequest,
    ) -> Result<ConfirmAnswer, ProtocolError> {
        contact.must_be_served()?;
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit(&contact.caller())?).await?;
        devices::lock(&mut tx, &[contact.device()]).await?;
        let waiting = self.confirmable(&mut tx, contact).await?;
        let waiting = confirmations::one(waiting, request.id).map_err(|_| ProtocolError::NothingAwaited)?;
        let user = contact.row.owner_id.ok_or(ProtocolError::NothingAwaited)?;
        let how = SecurityEventKind::ConfirmedByDevice;
        confirmations::settle(&mut tx, &*self.random, user, &waiting, how, now).await?;
        if let Some(device) = waiting.device {
            self.plan_device(&mut tx, device, Some(user)).await?;
        }
        tx.commit(confirmations::event("device.confirm", user, &waiting, now)).await?;
        Ok(ConfirmAnswer { version: VERSION })
    }

    /// What this device may confirm: what is its person's, but not itself; nothing while it waits itself.
    async fn confirmable(&self, conn: &mut Conn, contact: &Contact) -> Result<Vec<Waiting>, ProtocolError> {
        let own = enrolments::get(conn, contact.row.enrolment_id).await?;
        if own.staff_issued_code && own.confirmed_at.is_none() {
            return Err(ProtocolError::Unconfirmed);
        }
        let Some(user) = contact.row.owner_id else { return Ok(Vec::new()) };
        let mut waiting = confirmations::of_person(conn, user, self.clock.now()).await?;
        waiting.retain(|it| it.device != Some(contact.device()));
        Ok(waiting)
    }
}
