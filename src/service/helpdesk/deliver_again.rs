//! A copy sealed and offered once more: for a device on which it does not work though all else is right.

use certporter_model::CopyId;
use certporter_model::access::{Caller, Permit};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;

use crate::pipeline::work::Work;
use crate::plan::{Action, Holder, Place, Purpose, Slot};
use crate::service::action::ActionDraft;
use crate::service::devices::CopyView;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::replan::{Touched, replan_after};
use crate::service::{copies as shown, scope};
use crate::store::certificates::{self, Certificate};
use crate::store::copies::{self, Copy};
use crate::store::devices::{self, Device};
use crate::store::planning::changes;
use crate::store::steps::certificates as work;
use crate::store::{Announcement, AuditEvent, Conn, Target, escrowed_keys};

/// What stands together: a copy, its certificate and its device.
struct Delivery {
    copy: Copy,
    certificate: Certificate,
    device: Device,
}

/// Has a copy delivered again: it is sealed for the device's present management certificate and offered. The certificate
/// stays the same.
///
/// # Errors
/// When the caller may not, there is no such copy, or it can't be: its key is not kept, its certificate is not good, the
/// device is not enrolled, or the copy is on its way already.
pub async fn deliver_again(
    portal: &Portal,
    caller: &Caller,
    id: CopyId,
    draft: &ActionDraft,
) -> Result<CopyView, ServiceError> {
    Operation::CopiesDeliverAgain.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (found, permit) = find(&mut conn, caller, id).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    devices::lock(&mut tx, &[found.device.id]).await?;
    // Asked again within: it may have changed in between.
    let (Delivery { copy, certificate, device }, _) = find(&mut tx, caller, id).await?;
    if let Some(why_not) = why_not(&copy, &certificate, &device) {
        return Err(ServiceError::conflict(why_not));
    }
    let keys: Vec<_> = certificate.escrowed_key_id.into_iter().collect();
    if escrowed_keys::kept(&mut tx, &keys).await?.is_empty() {
        return Err(ServiceError::conflict(
            "the certificate's key is not kept, so that it can't be delivered a second time: have it reissued",
        ));
    }
    copy.state.to(CopyState::Pending)?;
    work::lock(&mut tx, certificate.id).await?;
    changes::move_copy(&mut tx, (id, certificate.id), CopyState::Pending, now).await?;
    Work::Seal { certificate: certificate.id }.enqueue(&mut tx, now, portal.random()).await?;
    let holder = certificate.device_id.map(Holder::Device).or(certificate.user_id.map(Holder::User));
    let place = Place { device: device.id, enrolment: copy.enrolment_id, feature: copy.feature };
    let purpose = if copy.purpose == "use" { Purpose::Use } else { Purpose::Decrypt };
    let delivery = Action::Deliver { certificate: certificate.id, place, copy: Some(id), purpose };
    let itself = holder.map(|holder| (Slot { holder, profile: certificate.profile_id }, delivery));
    let touched = Touched::device(device.id).and_user(certificate.user_id);
    replan_after(portal, &mut tx, &touched, itself, now).await?;
    let target = Target::one("device", device.id.as_uuid());
    let mut event = AuditEvent::new(now, Operation::CopiesDeliverAgain.name(), target)
        .with("name", device.name.as_str())
        .with("copy", id.to_string())
        .with("serial", certificate.serial.to_string())
        .with("feature", copy.feature.as_str());
    if let Some(explanation) = &explanation {
        event = event.with("explanation", explanation.as_str());
    }
    tx.announce(Announcement {
        device_id: Some(device.id),
        user_id: device.owner_id,
        certificate_id: Some(certificate.id),
        copy_id: Some(id),
        ..Announcement::new("copy")
    });
    tx.commit(event).await?;
    let mut conn = portal.db().read().await?;
    let row = copies::get(&mut conn, id).await?;
    let view = shown::shown(&mut conn, vec![row]).await?.into_iter().next();
    view.ok_or(ServiceError::NotFound { what: "copy" })
}

async fn find(conn: &mut Conn, caller: &Caller, id: CopyId) -> Result<(Delivery, Permit), ServiceError> {
    Operation::CopiesDeliverAgain.thinkable(caller)?;
    let copy = copies::get(conn, id).await?;
    let device = devices::get(conn, copy.device_id).await?;
    let scope = scope::of_device(conn, device.id, device.owner_id).await?;
    let permit = Operation::CopiesDeliverAgain.on(caller, &scope, "copy")?;
    let certificate = certificates::get(conn, copy.certificate_id).await?;
    Ok((Delivery { copy, certificate, device }, permit))
}

/// Why a copy is not delivered again, whatever its key.
fn why_not(copy: &Copy, certificate: &Certificate, device: &Device) -> Option<String> {
    if device.state != DeviceState::Enrolled {
        return Some(format!("the device is {}: nothing is delivered to it", device.state));
    }
    match certificate.status {
        CertificateStatus::Valid => {}
        CertificateStatus::Held => return Some("the certificate is on hold: nothing is delivered".into()),
        CertificateStatus::Revoked => {
            return Some("the certificate is revoked: it is never delivered again".into());
        }
    }
    if !matches!(certificate.standing, Standing::Current | Standing::History) {
        return Some("the certificate is not the one in use: deliver that one".into());
    }
    match copy.state {
        CopyState::Pending => Some("the copy is being prepared already: wait a moment".into()),
        CopyState::Offered => {
            Some("the copy is offered already: the device fetches it as soon as it is in contact".into())
        }
        CopyState::Removing | CopyState::Removed => {
            Some("the copy was taken from the device, and is not to be there".into())
        }
        CopyState::Installed | CopyState::HandedOut | CopyState::Failed | CopyState::Missing => None,
    }
}
