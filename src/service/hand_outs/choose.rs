//! Enrolling a device over a channel without the agent.

use certporter_model::access::Caller;
use certporter_model::delivery::Channel;
use certporter_model::device::{DeviceState, EnrolmentState};
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{DeviceId, EnrolmentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HandOutsView;
use crate::service::devices;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::security_events::{self, Happened};
use crate::store::enrolments::{self, EnrolmentRow, NO_KEY, Staff};
use crate::store::{AuditEvent, Target, enrolment_codes};

/// By which road a device gets its certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelDraft {
    /// `apple_profile`, `export` or `download`. For the agent, issue an enrolment code.
    pub channel: Channel,
}

/// Enrols a device over a channel without the agent, or changes the channel of one that is enrolled so. From then on it
/// gets what it is assigned, to be handed out.
///
/// # Errors
/// When the caller may not, there is no such device, it has the agent, or its state doesn't allow it.
pub async fn choose(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: ChannelDraft,
) -> Result<HandOutsView, ServiceError> {
    Operation::HandOutsChoose.thinkable(caller)?;
    if !draft.channel.is_handed_out() {
        return Err(ServiceError::field(
            "channel",
            "files are handed out over apple_profile, export or download; for the agent, issue an enrolment code",
        ));
    }
    let (_, mut tx, before) = devices::open(portal, caller, Operation::HandOutsChoose, id).await?;
    let now = portal.now();
    let audit = AuditEvent::new(now, Operation::HandOutsChoose.name(), Target::one("device", id.as_uuid()))
        .with("name", before.name.as_str())
        .with("channel", draft.channel.as_str());
    let road = enrolments::road(&mut tx, id).await?;
    if let Some(road) = road.filter(|_| before.state == DeviceState::Enrolled) {
        if !road.channel.is_handed_out() {
            return Err(ServiceError::conflict(
                "this device has the agent, which fetches by itself: retire the device first",
            ));
        }
        enrolments::change_road(&mut tx, road.id, draft.channel).await?;
        tx.commit(audit).await?;
        return super::list(portal, caller, id).await;
    }
    if before.state == DeviceState::Blocked {
        return Err(ServiceError::conflict("the device is blocked: lift the block before it enrols again"));
    }
    let device = devices::changed(&before, DeviceState::Enrolled, now)?;
    enrolments::end(&mut tx, id, now).await?;
    enrolment_codes::expire_unused(&mut tx, id, now).await?;
    // Who enrols somebody else's device has not shown that they are the person; nor has who came with a code.
    let own = caller.user().is_some() && caller.user() == device.owner_id;
    let staff = !(own && caller.may_have_retained_keys());
    let enrolment = EnrolmentRow {
        id: EnrolmentId::new(now, portal.octets()),
        device_id: id,
        state: EnrolmentState::Active,
        public_key_hash: NO_KEY,
        staff_issued_code: staff,
        confirmed_at: None,
        started_at: now,
        ended_at: None,
    };
    enrolments::insert_over(&mut tx, &enrolment, draft.channel).await?;
    if staff {
        let issuer = match caller.staff_code() {
            Some(opened_by) => opened_by.issuer,
            None => caller.actor().account(),
        };
        let by = Staff { staff_account_id: issuer, staff_name: Some(caller.actor().to_string()) };
        enrolments::set_staff(&mut tx, enrolment.id, &by).await?;
        if let Some(user) = device.owner_id {
            let kind = SecurityEventKind::DeviceEnrolled;
            let happened = Happened { user, kind, device: Some(id), by: None };
            security_events::tell(&mut tx, portal.random(), now, happened).await?;
        }
    }
    devices::follow_up(portal, &mut tx, &device).await?;
    tx.commit(audit).await?;
    super::list(portal, caller, id).await
}
