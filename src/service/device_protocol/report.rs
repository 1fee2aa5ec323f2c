//! What a device reports of its copies.

use std::collections::HashSet;

use certporter_model::copy::CopyState;
use certporter_model::request::Step;
use certporter_model::{TimelineEventId, Timestamp};

use super::{Contact, DeviceProtocol, ProtocolError, Standing};
use crate::random::octets;
use crate::store::copy_reports::{self, ReportedChange};
use crate::store::device_contacts::{self, ReportedCopy};
use crate::store::{Announcement, AuditEvent, Target, WriteTx};
use crate::wire::device::{CopyStatus, Report, ReportAnswer, ReportedState, VERSION};

/// What to do when a device can't install a copy.
const REMEDY: &str = "see the cause; once it is mended, have the copy delivered again";

/// Which state and step follow from a report; nothing where it is late, repeated or out of turn.
fn follows(from: CopyState, reported: ReportedState) -> Option<(CopyState, Step)> {
    use CopyState as C;
    let (to, step) = match (from, reported) {
        (C::Offered | C::Failed | C::Missing, ReportedState::Installed) => (C::Installed, Step::Installed),
        (C::Offered | C::Installed, ReportedState::Failed) => (C::Failed, Step::InstallFailed),
        (C::Installed, ReportedState::Missing) => (C::Missing, Step::Missing),
        (C::Removing, ReportedState::Removed | ReportedState::Missing) => (C::Removed, Step::Removed),
        (C::Installed | C::Offered | C::Failed | C::Missing, ReportedState::Removed) => {
            (C::Removed, Step::Removed)
        }
        _ => return None,
    };
    from.to(to).is_ok().then_some((to, step))
}

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
        let mut changes: Vec<ReportedChange> = Vec::new();
        let (mut unknown, mut foreign) = (Vec::new(), Vec::new());
        for (place, status) in report.statuses.iter().enumerate() {
            let found = device_contacts::reported_copy(&mut tx, status.copy).await?;
            match found {
                Some(copy) if is_theirs(contact, &copy) => {
                    // The first word on a copy counts.
                    let said = changes.iter().any(|change| change.copy == copy.id);
                    if !said && (served || gone(status)) {
                        changes.extend(self.change(&copy, status, now));
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
        if report.complete {
            self.missing(&mut tx, contact, report, &mut changes).await?;
        }
        if changes.is_empty() {
            return Ok(ReportAnswer { version: VERSION, changed: 0 });
        }
        let event = self.take(&mut tx, contact, &changes, now).await?;
        tx.commit(event).await?;
        Ok(ReportAnswer { version: VERSION, changed: u32::try_from(changes.len()).unwrap_or(u32::MAX) })
    }

    async fn take(
        &self,
        tx: &mut WriteTx,
        contact: &Contact,
        changes: &[ReportedChange],
        now: Timestamp,
    ) -> Result<AuditEvent, ProtocolError> {
        let mut told = Vec::new();
        for change in changes {
            copy_reports::change(tx, change, now).await?;
            tx.announce(Announcement {
                device_id: Some(contact.device()),
                copy_id: Some(change.copy),
                ..Announcement::new("copy")
            });
            told.push(serde_json::json!({ "copy": change.copy, "state": change.to }));
        }
        self.plan_device(tx, contact.device()).await?;
        let target = Target::one("device", contact.device().as_uuid());
        Ok(AuditEvent::new(now, "device.report", target).with("copies", told))
    }

    /// What a complete report doesn't name, though it was confirmed, is missing.
    async fn missing(
        &self,
        tx: &mut WriteTx,
        contact: &Contact,
        report: &Report,
        changes: &mut Vec<ReportedChange>,
    ) -> Result<(), ProtocolError> {
        let named: HashSet<_> = report.statuses.iter().map(|status| status.copy).collect();
        let now = self.clock.now();
        for copy in device_contacts::installed_copies(tx, contact.device(), contact.row.enrolment_id).await? {
            if !named.contains(&copy.id) {
                let state = ReportedState::Missing;
                let status = CopyStatus { copy: copy.id, thumbprint: copy.thumbprint, state, cause: None };
                changes.extend(self.change(&copy, &status, now));
            }
        }
        Ok(())
    }

    fn change(&self, copy: &ReportedCopy, status: &CopyStatus, now: Timestamp) -> Option<ReportedChange> {
        // About another certificate: late.
        if copy.thumbprint != status.thumbprint {
            return None;
        }
        let (to, step) = follows(copy.state, status.state)?;
        let failed = to == CopyState::Failed;
        let said = || status.cause.as_ref().map_or("the device does not say why", |cause| cause.as_str());
        Some(ReportedChange {
            copy: copy.id,
            from: copy.state,
            to,
            step,
            cause: failed.then(|| said().to_owned()),
            remedy: failed.then(|| REMEDY.to_owned()),
            event: TimelineEventId::new(now, octets(&*self.random)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_never_makes_an_impossible_change() {
        let states =
            [ReportedState::Installed, ReportedState::Failed, ReportedState::Removed, ReportedState::Missing];
        for &from in CopyState::ALL {
            for reported in states {
                if let Some((to, _)) = follows(from, reported) {
                    assert!(from != to && from.to(to).is_ok());
                }
            }
        }
    }

    #[test]
    fn nothing_a_device_says_brings_a_copy_back_that_is_to_go() {
        for from in [CopyState::Removing, CopyState::Removed] {
            assert_eq!(follows(from, ReportedState::Installed), None);
            assert_eq!(follows(from, ReportedState::Failed), None);
        }
        assert_eq!(follows(CopyState::Installed, ReportedState::Installed), None);
    }
}
