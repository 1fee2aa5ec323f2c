//! What devices report against what they were told. It is told when a device says it, and gone when the device says
//! otherwise.

use std::time::Duration;

use certporter_model::copy::CopyState;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::request::Step;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{DiscrepancyId, Timestamp};

use super::discrepancy;
use crate::pipeline::reports::{self, Reported};
use crate::pipeline::timeline;
use crate::random::{Random, octets};
use crate::store::discrepancies::{self, Discrepancy};
use crate::store::reconciliations;
use crate::store::steps::certificates::CertificateInWork;
use crate::store::steps::copies::{self, CopyInWork};
use crate::store::{StoreError, WriteTx};

/// Contacts are noted this often at the most: one that is noted was really no earlier.
const NOTED: Duration = Duration::from_secs(60);

/// Looks at a report that changes nothing by itself. Answers whether it contradicts what is known, and was told so.
///
/// # Errors
/// When the database refuses.
pub(in crate::pipeline) async fn contradicts(
    tx: &mut WriteTx,
    copy: &mut CopyInWork,
    certificate: &CertificateInWork,
    (thumbprint, reported): (Thumbprint, &Reported),
    now: Timestamp,
    random: &dyn Random,
) -> Result<bool, StoreError> {
    let there = matches!(reported, Reported::Installed);
    if thumbprint != certificate.thumbprint {
        if !there || copy.state == CopyState::Removed {
            return Ok(false);
        }
        let detail = format!("the device reports {thumbprint}, and should have {}", certificate.thumbprint);
        note(tx, copy, (DiscrepancyKind::AnotherThumbprint, Mending::None), detail, (now, random)).await?;
        return Ok(true);
    }
    match (copy.state, reported) {
        (CopyState::Removed, Reported::Installed) => {
            ask_removal_again(tx, copy, certificate, now, random).await?;
            let detail = "the device said that it is removed, and reports it as installed".to_owned();
            let kind = (DiscrepancyKind::ReportedAgain, Mending::RemovalAskedAgain);
            note(tx, copy, kind, detail, (now, random)).await?;
            Ok(true)
        }
        (CopyState::Removing, Reported::Installed | Reported::Failed(_)) => {
            // The first report after it was told to remove it is of before it knew.
            let told = copy.removal_offered_at.unwrap_or(now).plus(NOTED);
            let knew = reconciliations::last_contact(tx, copy.device_id).await?.is_some_and(|at| at > told);
            let failed = if let Reported::Failed(cause) = reported { Some(cause) } else { None };
            if !knew && failed.is_none() {
                return Ok(false);
            }
            let detail = match failed {
                Some(cause) => format!("the device could not remove it: {cause}"),
                None => "the device was told to remove it, and still reports it".to_owned(),
            };
            let kind = (DiscrepancyKind::StillReported, Mending::RemovalAskedAgain);
            note(tx, copy, kind, detail, (now, random)).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// What a device reports goes together with what is known: whatever was told about the copy is gone.
///
/// # Errors
/// When the database refuses.
pub(in crate::pipeline) async fn agrees(
    tx: &mut WriteTx,
    copy: &CopyInWork,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let open = discrepancies::open_of_copy(tx, copy.id).await?;
    for it in &open {
        discrepancies::resolve(tx, it.id, now).await?;
    }
    Ok(!open.is_empty())
}

/// The device is told to remove it, as if for the first time: the revocation is not finished until it has.
async fn ask_removal_again(
    tx: &mut WriteTx,
    copy: &mut CopyInWork,
    certificate: &CertificateInWork,
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    copy.go(CopyState::Removing)?;
    copy.removal_offered_at = Some(now);
    copy.removed_at = None;
    copies::save(tx, copy, now).await?;
    copy.version += 1;
    reconciliations::not_removed(tx, certificate.id).await?;
    let row = timeline::of_copy(Step::RemovalOffered, copy, certificate);
    row.detail("again: the device still has it").write(tx, now, random);
    reports::announce(tx, copy, certificate);
    Ok(())
}

async fn note(
    tx: &mut WriteTx,
    copy: &CopyInWork,
    (kind, mending): (DiscrepancyKind, Mending),
    detail: String,
    (now, random): (Timestamp, &dyn Random),
) -> Result<(), StoreError> {
    let id = DiscrepancyId::new(now, octets(random));
    let it = Discrepancy {
        certificate_id: Some(copy.certificate_id),
        device_id: Some(copy.device_id),
        copy_id: Some(copy.id),
        mending,
        ..discrepancy(id, kind, copy.id.to_string(), detail, now)
    };
    discrepancies::note(tx, &it).await
}
