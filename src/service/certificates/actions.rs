//! What is done to a certificate.

use certporter_model::CertificateId;
use certporter_model::access::Caller;
use certporter_model::revocation::Trigger;
use certporter_model::text::Explanation;

use super::{CertificateView, RevocationDraft, find, reasons, shown};
use crate::pipeline::bulk;
use crate::pipeline::revoke::{self, Why};
use crate::plan::{Action, Departure, Holder, Slot};
use crate::service::action::ActionDraft;
use crate::service::error::{ServiceError, parsed};
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::replan::{Touched, replan, replan_after};
use crate::store::certificates::{self, Certificate};
use crate::store::{AuditEvent, Target, steps};

/// Revokes a certificate for good. Its copies are removed; it is finished when CA, CRL and devices have it.
///
/// # Errors
/// When the caller may not, or not for this reason, there is no such certificate, or a field is wrong.
pub async fn revoke(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
    draft: &RevocationDraft,
) -> Result<CertificateView, ServiceError> {
    Operation::CertificatesRevoke.thinkable(caller)?;
    let allowed = reasons(caller);
    if !allowed.contains(&draft.reason) {
        let words: Vec<&str> = allowed.iter().map(|reason| reason.as_str()).collect();
        return Err(ServiceError::field(
            "reason",
            format!("your role may choose one of {}", words.join(", ")),
        ));
    }
    let explanation = parsed("explanation", Explanation::parse(&draft.explanation))?;
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, Operation::CertificatesRevoke, id).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let (before, _) = find(&mut tx, caller, Operation::CertificatesRevoke, id).await?;
    if let Some(why_not) = bulk::why_not_revoked(before.status, before.reason, draft.reason) {
        return Err(ServiceError::conflict(why_not));
    }
    let why = Why {
        explanation: Some(explanation.as_str().to_owned()),
        ..Why::revoked(draft.reason, Trigger::Asked)
    };
    revoke::ask_for(&mut tx, id, &why, now, portal.random()).await?;
    let departure = Departure { reason: draft.reason, trigger: Trigger::Asked };
    let itself = Action::Revoke { certificate: id, departure, standing: before.standing };
    let itself = slot(&before).map(|slot| (slot, itself));
    replan_after(portal, &mut tx, &holder(&before), itself, now).await?;
    let event =
        AuditEvent::new(now, Operation::CertificatesRevoke.name(), Target::one("certificate", id.as_uuid()))
            .with("serial", before.serial.to_string())
            .with("reason", draft.reason.as_str())
            .with("explanation", explanation.as_str());
    tx.commit(event).await?;
    let mut conn = portal.db().read().await?;
    let after = certificates::get(&mut conn, id).await?;
    shown(&mut conn, caller, after).await
}

/// Has a certificate reissued: the plan brings the holder a new one, and the old one is superseded once that is
/// confirmed.
///
/// # Errors
/// When the caller may not, there is no such certificate, or it is not the one in use.
pub async fn reissue(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
    draft: &ActionDraft,
) -> Result<CertificateView, ServiceError> {
    Operation::CertificatesReissue.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (found, permit) = find(&mut conn, caller, Operation::CertificatesReissue, id).await?;
    if is_only_user(caller) {
        let version = found.profile_version;
        let profile = crate::store::profiles::version(&mut conn, found.profile_id, version).await?;
        if !profile.body.user_may_reissue() {
            return Err(ServiceError::conflict(
                "the profile does not let its users reissue: ask the helpdesk",
            ));
        }
    }
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let (before, _) = find(&mut tx, caller, Operation::CertificatesReissue, id).await?;
    if let Some(why_not) = bulk::why_not_reissued(before.status, before.standing) {
        return Err(ServiceError::conflict(why_not));
    }
    steps::certificates::ask_reissue(&mut tx, id, now).await?;
    replan(portal, &mut tx, &holder(&before), now).await?;
    let mut event =
        AuditEvent::new(now, Operation::CertificatesReissue.name(), Target::one("certificate", id.as_uuid()))
            .with("serial", before.serial.to_string());
    if let Some(explanation) = &explanation {
        event = event.with("explanation", explanation.as_str());
    }
    tx.commit(event).await?;
    let mut conn = portal.db().read().await?;
    let after = certificates::get(&mut conn, id).await?;
    shown(&mut conn, caller, after).await
}

/// Whether the caller asks for themselves alone.
fn is_only_user(caller: &Caller) -> bool {
    use certporter_model::access::Role;
    !Role::ALL.iter().any(|&role| {
        role != Role::User && caller.has_role(role) && role.has(Operation::CertificatesReissue.permission())
    })
}

fn slot(certificate: &Certificate) -> Option<Slot> {
    let device = certificate.device_id.map(Holder::Device);
    let holder = device.or(certificate.user_id.map(Holder::User))?;
    Some(Slot { holder, profile: certificate.profile_id })
}

fn holder(certificate: &Certificate) -> Touched {
    let mut touched = Touched::default().and_user(certificate.user_id);
    touched.devices.extend(certificate.device_id);
    touched
}
