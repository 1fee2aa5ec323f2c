//! What devices say of their copies, and what follows.

use certporter_model::copy::CopyState;
use certporter_model::request::Step;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CopyId, DeviceId, Timestamp};

use super::reconciliation::devices;
use super::timeline;
use super::work::{ReplanScope, Work};
use crate::random::Random;
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::copies::{self, CopyInWork};
use crate::store::steps::revocations;
use crate::store::{Announcement, StoreError, WriteTx};

/// What a device says of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// It is there, opened and checked.
    Installed,
    /// It could not be installed, for this cause.
    Failed(String),
    /// It is gone because it was to be removed.
    Removed,
    /// It is gone though it should be there.
    Missing,
}

/// What a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something changed.
    Changed,
    /// It was known, or is about a certificate that the copy is not of any more.
    Nothing,
    /// There is no such copy, or it is another device's: refused, and worth an audit event.
    NotTheirs,
}

/// Takes a device's report of a copy in `tx`. What the plan draws from it is asked for in the same transaction.
///
/// # Errors
/// When the database refuses.
pub async fn take(
    tx: &mut WriteTx,
    device: DeviceId,
    (copy, thumbprint): (CopyId, Thumbprint),
    reported: &Reported,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Effect, StoreError> {
    let mut copy = match copies::lock(tx, copy).await {
        Ok(copy) if copy.device_id == device => copy,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(Effect::NotTheirs),
        Err(error) => return Err(error),
    };
    let certificate = certificates::get(tx, copy.certificate_id).await?;
    let next = next_state(copy.state, reported).filter(|_| certificate.thumbprint == thumbprint);
    let Some((next, step)) = next else {
        return contradiction(tx, &mut copy, &certificate, (thumbprint, reported), now, random).await;
    };
    let before = copy.state;
    copy.go(next)?;
    let mut row = timeline::of_copy(step, &copy, &certificate).detail(copy.feature.as_str());
    match reported {
        Reported::Installed => {
            copy.installed_at = Some(now);
            // The device has it: the envelope has done its work.
            copy.envelope_id = None;
            copies::discard_envelopes(tx, copy.id).await?;
        }
        Reported::Failed(cause) => {
            let remedy = "Put right what the device says, then have it sync; or reissue the certificate.";
            copy.cause = Some(cause.clone());
            copy.remedy = Some(remedy.to_owned());
            row = row.wrong(cause.clone(), remedy);
        }
        Reported::Removed => {
            copy.removed_at = Some(now);
            copy.envelope_id = None;
            copies::discard_envelopes(tx, copy.id).await?;
        }
        Reported::Missing => {
            let remedy = "It is delivered again, or reissued, by itself.";
            row = row.wrong("the copy is gone from the device though it should be there", remedy);
        }
    }
    copies::save(tx, &copy, now).await?;
    if *reported != Reported::Missing {
        devices::agrees(tx, &copy, now).await?;
    }
    row.write(tx, now, random);
    revocations::settle(tx, &[certificate.id], now).await?;
    let quiet =
        *reported == Reported::Installed && !certificates::awaits_confirmation(tx, &certificate).await?;
    if before != next && !quiet {
        replan(tx, &copy, &certificate, now, random).await?;
    }
    announce(tx, &copy, &certificate);
    Ok(Effect::Changed)
}

/// What a device that gets removals alone says of a copy that it still has: nothing of it counts but that it is there.
///
/// # Errors
/// When the database refuses.
pub async fn still_there(
    tx: &mut WriteTx,
    device: DeviceId,
    (copy, thumbprint): (CopyId, Thumbprint),
    now: Timestamp,
    random: &dyn Random,
) -> Result<Effect, StoreError> {
    let mut copy = copies::lock(tx, copy).await?;
    if copy.device_id != device || !matches!(copy.state, CopyState::Removing | CopyState::Removed) {
        return Ok(Effect::Nothing);
    }
    let certificate = certificates::get(tx, copy.certificate_id).await?;
    contradiction(tx, &mut copy, &certificate, (thumbprint, &Reported::Installed), now, random).await
}

/// What a device says of a copy changes nothing: it is known, or contradicts what is known.
async fn contradiction(
    tx: &mut WriteTx,
    copy: &mut CopyInWork,
    certificate: &CertificateInWork,
    said: (Thumbprint, &Reported),
    now: Timestamp,
    random: &dyn Random,
) -> Result<Effect, StoreError> {
    let told = devices::contradicts(tx, copy, certificate, said, now, random).await?;
    let same = said.0 == certificate.thumbprint;
    let known = same && copy.state == CopyState::Installed && *said.1 == Reported::Installed;
    let changed = told || (known && devices::agrees(tx, copy, now).await?);
    Ok(if changed { Effect::Changed } else { Effect::Nothing })
}

/// A device says what it sees; what that means depends on what it was told. Nothing when it means nothing new.
fn next_state(state: CopyState, reported: &Reported) -> Option<(CopyState, Step)> {
    use CopyState as C;
    match (reported, state) {
        (Reported::Installed, C::Offered | C::Failed | C::Missing) => Some((C::Installed, Step::Installed)),
        (Reported::Failed(_), C::Offered | C::Installed | C::Failed) => {
            Some((C::Failed, Step::InstallFailed))
        }
        // A copy that is to go and is not there is gone, however the device calls it.
        (Reported::Removed | Reported::Missing, C::Removing) => Some((C::Removed, Step::Removed)),
        (Reported::Missing | Reported::Removed, C::Installed) => Some((C::Missing, Step::Missing)),
        _ => None,
    }
}

/// Has the plan made anew for whom this copy may concern: a predecessor gives way, a key is destroyed, a copy is
/// delivered again.
async fn replan(
    tx: &mut WriteTx,
    copy: &CopyInWork,
    certificate: &CertificateInWork,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let scope = match certificate.user_id.filter(|_| certificate.device_id.is_none()) {
        Some(user) => ReplanScope::User { id: user },
        None => ReplanScope::Device { id: copy.device_id },
    };
    Work::ReplanInTurn { scope }.enqueue(tx, now, random).await
}

/// Tells pages and the device's long poll.
pub(super) fn announce(tx: &mut WriteTx, copy: &CopyInWork, certificate: &CertificateInWork) {
    tx.announce(Announcement {
        copy_id: Some(copy.id),
        device_id: Some(copy.device_id),
        user_id: certificate.user_id,
        certificate_id: Some(certificate.id),
        request_id: certificate.request_id,
        ..Announcement::new("copy")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_to_go_is_gone_however_it_is_called() {
        assert_eq!(
            next_state(CopyState::Removing, &Reported::Missing),
            Some((CopyState::Removed, Step::Removed))
        );
        assert_eq!(
            next_state(CopyState::Installed, &Reported::Missing),
            Some((CopyState::Missing, Step::Missing))
        );
    }

    #[test]
    fn a_late_or_repeated_report_changes_nothing() {
        for state in [CopyState::Removing, CopyState::Removed, CopyState::Installed, CopyState::Pending] {
            assert_eq!(next_state(state, &Reported::Installed), None, "{state}");
        }
        assert_eq!(next_state(CopyState::Removed, &Reported::Removed), None);
    }

    #[test]
    fn every_transition_is_one_that_copies_can_make() {
        let reports =
            [Reported::Installed, Reported::Failed("no".into()), Reported::Removed, Reported::Missing];
        for state in CopyState::ALL {
            for reported in &reports {
                if let Some((next, _)) = next_state(*state, reported) {
                    assert!(state.to(next).is_ok(), "{state} to {next}");
                }
            }
        }
    }
}
