//! One-time enrolment codes.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::device::DeviceState;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{DeviceId, EnrolmentCodeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{EnrolmentCodeView, event, open};
use crate::service::action::ActionDraft;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::security_events::{self, Happened};
use crate::store::enrolment_codes::{self, NewEnrolmentCode};
use crate::store::{Conn, ca_generations};
use crate::wire::device::EnrolmentCode;

/// How long a code may be used, in hours, when nothing is said.
const DEFAULT_HOURS: u32 = 72;
/// The longest that a code may be used, in hours.
const MAX_HOURS: u32 = 30 * 24;

/// What somebody says about a new code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeDraft {
    /// How long it may be used, 1 to 720 hours; 72 when absent.
    #[serde(default)]
    pub expires_in_hours: Option<u32>,
    /// Why, in words: at most 500 characters. Kept in the audit trail.
    #[serde(default)]
    pub explanation: Option<String>,
}

/// Issues a code. Earlier ones of the device that were not used stop working.
///
/// # Errors
/// When the caller may not, there is no such device, it can't enrol, or a field is wrong.
pub async fn issue_code(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &CodeDraft,
) -> Result<EnrolmentCodeView, ServiceError> {
    Operation::DevicesCodesIssue.thinkable(caller)?;
    let hours = draft.expires_in_hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(ServiceError::field(
            "expires_in_hours",
            format!("a code may be used for 1 to {MAX_HOURS} hours"),
        ));
    }
    let explanation = ActionDraft { explanation: draft.explanation.clone() }.parse()?;
    let (_, mut tx, device) = open(portal, caller, Operation::DevicesCodesIssue, id).await?;
    if device.state == DeviceState::Blocked {
        return Err(ServiceError::conflict("the device is blocked: lift the block before it enrols again"));
    }
    let now = portal.now();
    let code = EnrolmentCode::new(portal.octets(), &device_ca(&mut tx).await?);
    let expires_at = now.plus(Duration::from_secs(u64::from(hours) * 60 * 60));
    // Who gets a code from somebody else has not shown yet that they are the person; nor has who came with one.
    let own = caller.user().is_some() && caller.user() == device.owner_id;
    let staff_issued = !(own && caller.may_have_retained_keys());
    let issuer = match caller.staff_code() {
        Some(opened_by) => opened_by.issuer,
        None => caller.actor().account(),
    };
    let row = NewEnrolmentCode {
        id: EnrolmentCodeId::new(now, portal.octets()),
        code_hash: code.hash(),
        device_id: id,
        issued_by: caller.actor().to_string(),
        staff_issued,
        created_at: now,
        expires_at,
    };
    enrolment_codes::expire_unused(&mut tx, id, now).await?;
    enrolment_codes::insert(&mut tx, &row).await?;
    enrolment_codes::set_issuer(&mut tx, row.id, issuer).await?;
    if let Some(user) = device.owner_id.filter(|_| staff_issued) {
        let kind = SecurityEventKind::EnrolmentCodeIssued;
        let happened = Happened { user, kind, device: Some(id), by: None };
        security_events::tell(&mut tx, portal.random(), now, happened).await?;
    }
    let mut audit = event(now, Operation::DevicesCodesIssue, &device)
        .with("code_id", row.id.to_string())
        .with("expires_at", expires_at.to_string());
    if let Some(explanation) = &explanation {
        audit = audit.with("explanation", explanation.as_str());
    }
    tx.commit(audit).await?;
    let server = portal.addresses().device.to_string();
    Ok(EnrolmentCodeView { id: row.id, code: code.reveal().to_string(), expires_at, server })
}

/// The fingerprint of the CA by which devices know the portal.
async fn device_ca(conn: &mut Conn) -> Result<certporter_model::thumbprint::Thumbprint, ServiceError> {
    let ca = ca_generations::ca_named(conn, crate::ca::device_ca::NAME).await?;
    let generations = ca_generations::generations(conn, ca.id).await?;
    let active = generations.into_iter().filter(|generation| generation.state == "active");
    active.max_by_key(|generation| generation.generation).map(|generation| generation.thumbprint).ok_or_else(
        || ServiceError::Unavailable {
            detail: "the portal's device CA is not ready yet".to_owned(),
            retry_after: 5,
        },
    )
}
