//! What a device reports of its copies.

use std::collections::HashSet;

use super::{Contact, DeviceProtocol, ProtocolError, Standing};
use crate::pipeline::reports::{self, Effect, Reported};
use crate::store::device_contacts::{self, ReportedCopy};
use crate::store::{AuditEvent, Target, WriteTx};
use crate::wire::device::{CopyStatus, Report, ReportAnswer, ReportedState, VERSION};

/// Whether a contact may speak of a copy: it is of its device and enrolment, or left over from an earlier one. What an
/// earlier enrolment says of the present one's copies is worth nothing.
fn is_theirs(contact: &Contact, copy: &ReportedCopy) -> bool {
    let same_enrolment = copy.enrolment_id == contact.row.enrolment_id;
    copy.device_id == contact.device() && (same_enrolment || contact.standing == Standing::Served)
}

impl DeviceProtocol {
    /// Takes a report: all of it or nothing.
    ///
    /// # Errors
    /// [`ProtocolError::CopyUnknown`] when it names a copy that is not this device's; [`ProtocolError::RemovalsOnly`] when
    /// a device that is not served reports anything but removals.
    pub async fn report(&self, contact: &Contact, report: &Report) -> Result<ReportAnswer, ProtocolError> {
        let gone =
            |status: &CopyStatus| matches!(status.state, ReportedState::Removed | ReportedState::Missing);
        let served = contact.standing == Standing::Served;
        if !served && !report.complete && !report.statuses.iter().all(gone) {
            contact.must_be_served()?;
        }
        let now = self.clock.now();
        let permit = Self::permit(&contact.caller())?;
        let mut tx = self.db.write(&permit).await?;
        let (mut theirs, mut kept) = (Vec::new(), Vec::new());
        let (mut unknown, mut foreign) = (Vec::new(), Vec::new());
        for (place, status) in report.statuses.iter().enumerate() {
            let found = device_contacts::reported_copy(&mut tx, status.copy).await?;
            match found {
                Some(copy) if is_theirs(contact, &copy) => {
                    // The first word on a copy counts.
                    let said = theirs.iter().any(|earlier: &&CopyStatus| earlier.copy == status.copy);
                    if !said && (served || gone(status)) {
                        theirs.push(status);
                    } else if !said && status.state == ReportedState::Installed {
                        kept.push(status);
                    }
                }
                other => {
                    unknown.push(place);
                    foreign.extend(other.map(|copy| copy.id));
                }
            }
        }
        if !unknown.is_empty() {
            if !foreign.is_empty() {
                let ids: Vec<String> = foreign.iter().map(ToString::to_string).collect();
                let target = Target::one("device", contact.device().as_uuid());
                tx.commit(AuditEvent::new(now, "device.report_refused", target).with("copies", ids)).await?;
            }
            return Err(ProtocolError::CopyUnknown(unknown));
        }
        let missing = if report.complete { missing(&mut tx, contact, report).await? } else { Vec::new() };
        let mut told = Vec::new();
        for status in theirs.into_iter().chain(&missing) {
            let about = (status.copy, status.thumbprint);
            let said = reported(status);
            let effect = reports::take(&mut tx, contact.device(), about, &said, now, &*self.random).await?;
            if effect == Effect::Changed {
                told.push(serde_json::json!({ "copy": status.copy, "state": status.state }));
            }
        }
        for status in kept {
            let about = (status.copy, status.thumbprint);
            let effect = reports::still_there(&mut tx, contact.device(), about, now, &*self.random).await?;
            if effect == Effect::Changed {
                told.push(serde_json::json!({ "copy": status.copy, "state": status.state }));
            }
        }
        let changed = u32::try_from(told.len()).unwrap_or(u32::MAX);
        if changed > 0 {
            let target = Target::one("device", contact.device().as_uuid());
            tx.commit(AuditEvent::new(now, "device.report", target).with("copies", told)).await?;
        }
        Ok(ReportAnswer { version: VERSION, changed })
    }
}

/// What a complete report doesn't name, though it was confirmed, is missing.
async fn missing(
    tx: &mut WriteTx,
    contact: &Contact,
    report: &Report,
) -> Result<Vec<CopyStatus>, ProtocolError> {
    let named: HashSet<_> = report.statuses.iter().map(|status| status.copy).collect();
    let installed = device_contacts::installed_copies(tx, contact.device(), contact.row.enrolment_id).await?;
    let state = ReportedState::Missing;
    let status =
        |copy: ReportedCopy| CopyStatus { copy: copy.id, thumbprint: copy.thumbprint, state, cause: None };
    Ok(installed.into_iter().filter(|copy| !named.contains(&copy.id)).map(status).collect())
}

fn reported(status: &CopyStatus) -> Reported {
    match status.state {
        ReportedState::Installed => Reported::Installed,
        ReportedState::Removed => Reported::Removed,
        ReportedState::Missing => Reported::Missing,
        ReportedState::Failed => {
            let said = status.cause.as_ref().map_or("the device does not say why", |cause| cause.as_str());
            Reported::Failed(said.to_owned())
        }
    }
}
