//! Revocations, holds and releases: how they are asked for, and their way to CA, CRL and devices.

use certporter_model::certificate::{CertificateStatus, RevocationKind};
use certporter_model::request::Step;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::text::Name;
use certporter_model::{CertificateId, RevocationId, Timestamp};

use super::timeline;
use super::work::Work;
use crate::random::{Random, octets};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::profiles;
use crate::store::steps::revocations::{self, NewRevocation};
use crate::store::{Announcement, StoreError, WriteTx};

/// Why a certificate is to be revoked, held or released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// For good, on hold, off hold.
    pub kind: RevocationKind,
    /// Why, as the CRL says.
    pub reason: Reason,
    /// What set it off.
    pub trigger: Trigger,
    /// What somebody said about it.
    pub explanation: Option<String>,
}

impl Why {
    /// Revoked for good.
    #[must_use]
    pub const fn revoked(reason: Reason, trigger: Trigger) -> Self {
        Self { kind: RevocationKind::Revoke, reason, trigger, explanation: None }
    }

    /// On hold.
    #[must_use]
    pub const fn held(trigger: Trigger) -> Self {
        Self { kind: RevocationKind::Hold, reason: Reason::CertificateHold, trigger, explanation: None }
    }

    /// Off hold.
    #[must_use]
    pub const fn released(trigger: Trigger) -> Self {
        Self { kind: RevocationKind::Release, reason: Reason::CertificateHold, trigger, explanation: None }
    }
}

/// Revokes, holds or releases a certificate that is locked in `tx`: from this commit on the portal counts it so, and
/// a job brings it to the CA. Its copies and its key are the plan's business. Answers the new revocation, or none when
/// nothing changes: it is revoked already, and for no lesser reason.
///
/// # Errors
/// When the certificate can't go there (a revoked one can't be released), or the database refuses.
pub async fn ask(
    tx: &mut WriteTx,
    certificate: &mut CertificateInWork,
    why: &Why,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Option<RevocationId>, StoreError> {
    let next = match why.kind {
        RevocationKind::Revoke => CertificateStatus::Revoked,
        RevocationKind::Hold => CertificateStatus::Held,
        RevocationKind::Release => CertificateStatus::Valid,
    };
    let mut reason = why.reason;
    if certificate.status == next {
        let graver = certificate.reason.is_some_and(|known| known.graver(why.reason) != known);
        if next != CertificateStatus::Revoked || !graver {
            return Ok(None);
        }
    } else {
        certificate.status =
            certificate.status.to(next).map_err(|error| StoreError::Other(error.to_string()))?;
    }
    if next == CertificateStatus::Revoked {
        reason = certificate.reason.map_or(reason, |known| known.graver(reason));
    }
    certificate.reason = (next != CertificateStatus::Valid).then_some(reason);
    certificates::save(tx, certificate, now).await?;
    certificate.version += 1;
    let id = RevocationId::new(now, octets(random));
    let new = NewRevocation {
        id,
        certificate: certificate.id,
        kind: why.kind,
        reason,
        trigger: why.trigger,
        explanation: why.explanation.clone(),
    };
    revocations::insert(tx, &new, now).await?;
    let step = match why.kind {
        RevocationKind::Revoke => Step::RevocationRequested,
        RevocationKind::Hold => Step::Held,
        RevocationKind::Release => Step::Released,
    };
    let row = timeline::of_certificate(step, certificate).detail(format!("{reason}, {}", why.trigger));
    row.write(tx, now, random);
    let pool = pool_of(tx, certificate).await?;
    Work::Revoke { certificate: certificate.id, pool }.enqueue(tx, now, random).await?;
    announce(tx, certificate);
    Ok(Some(id))
}

/// The same for a certificate that is not locked yet.
///
/// # Errors
/// As [`ask`]; also when there is no such certificate.
pub async fn ask_for(
    tx: &mut WriteTx,
    certificate: CertificateId,
    why: &Why,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Option<RevocationId>, StoreError> {
    let mut certificate = certificates::lock(tx, certificate).await?;
    ask(tx, &mut certificate, why, now, random).await
}

async fn pool_of(tx: &mut WriteTx, certificate: &CertificateInWork) -> Result<Name, StoreError> {
    let profile = profiles::version(tx, certificate.profile_id, certificate.profile_version).await?;
    Ok(profile.connector_pool().clone())
}

/// Tells pages that show it.
pub(super) fn announce(tx: &mut WriteTx, certificate: &CertificateInWork) {
    tx.announce(Announcement {
        certificate_id: Some(certificate.id),
        device_id: certificate.device_id,
        user_id: certificate.user_id,
        request_id: certificate.request_id,
        ..Announcement::new("certificate")
    });
}

/// Why a certificate that still came for a cancelled request is revoked: as the event that cancelled it. What would
/// only have been put on hold is revoked, since nobody will ever use it.
#[must_use]
pub const fn reason_of(trigger: Trigger) -> Reason {
    match trigger {
        Trigger::DeviceLost => Reason::KeyCompromise,
        Trigger::UserDisabled => Reason::AffiliationChanged,
        Trigger::LeftGroup | Trigger::Blocked | Trigger::HoldExpired => Reason::PrivilegeWithdrawn,
        Trigger::ProfileEdited
        | Trigger::AttributeChanged
        | Trigger::Renewal
        | Trigger::Succeeded
        | Trigger::CopyLost
        | Trigger::FeatureAdded
        | Trigger::EnrolledAgain
        | Trigger::Surplus => Reason::Superseded,
        Trigger::DeviceRetired
        | Trigger::DeviceDeleted
        | Trigger::AssignmentRemoved
        | Trigger::ProfileDeleted
        | Trigger::OwnerChanged
        | Trigger::Targeted
        | Trigger::Unblocked
        | Trigger::Asked => Reason::CessationOfOperation,
    }
}
