//! Revocations, holds and releases: how they are asked for, and their way to CA, CRL and devices.

use std::collections::{BTreeMap, HashMap};

use certporter_model::certificate::{CertificateStatus, RevocationKind};
use certporter_model::request::Step;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CertificateId, ProfileId, RevocationId, Timestamp};

use super::timeline;
use super::work::Work;
use crate::random::{Random, octets};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::profiles;
use crate::store::steps::revocations::{self, NewRevocation};
use crate::store::{Announcement, StoreError, WriteTx, ca_generations};

/// So many certificates are brought to their CA by one job, if it takes many together.
pub(super) const MANY: usize = 10;

/// So many at most.
const TOGETHER: usize = 2_500;

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
    let Some(new) = decide(certificate, why, now, random)? else { return Ok(None) };
    let id = new.id;
    certificates::save(tx, certificate, now).await?;
    certificate.version += 1;
    write(tx, &[new], &[&*certificate], now, random).await?;
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

/// The same for many, each once, in some statements for all of them. Answers them as they are now, locked.
///
/// # Errors
/// As [`ask_for`].
pub async fn ask_for_all(
    tx: &mut WriteTx,
    all: &[(CertificateId, Why)],
    now: Timestamp,
    random: &dyn Random,
) -> Result<Vec<CertificateInWork>, StoreError> {
    let whys: HashMap<CertificateId, &Why> = all.iter().map(|(id, why)| (*id, why)).collect();
    let ids: Vec<CertificateId> = whys.keys().copied().collect();
    let mut locked = certificates::lock_all(tx, &ids).await?;
    if locked.len() != ids.len() {
        return Err(StoreError::NotFound { what: "certificate" });
    }
    let (mut new, mut changed) = (Vec::with_capacity(locked.len()), Vec::with_capacity(locked.len()));
    for certificate in &mut locked {
        let Some(why) = whys.get(&certificate.id) else { continue };
        if let Some(revocation) = decide(certificate, why, now, random)? {
            new.push(revocation);
            changed.push(&*certificate);
        }
    }
    certificates::save_all(tx, &changed, now).await?;
    write(tx, &new, &changed, now, random).await?;
    Ok(locked)
}

/// Gives a certificate the status that it is to have. None when nothing changes.
fn decide(
    certificate: &mut CertificateInWork,
    why: &Why,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Option<NewRevocation>, StoreError> {
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
    Ok(Some(NewRevocation {
        id: RevocationId::new(now, octets(random)),
        certificate: certificate.id,
        kind: why.kind,
        reason,
        trigger: why.trigger,
        explanation: why.explanation.clone(),
    }))
}

/// Writes what was decided for these certificates, in the same order; their jobs, timelines and announcements.
async fn write(
    tx: &mut WriteTx,
    new: &[NewRevocation],
    certificates: &[&CertificateInWork],
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    revocations::insert_all(tx, new, now).await?;
    let mut pools: HashMap<(ProfileId, i64), Name> = HashMap::new();
    let together = if new.len() < MANY { Vec::new() } else { taking_many(tx).await? };
    let mut work = Vec::new();
    let mut many: BTreeMap<Name, Vec<CertificateId>> = BTreeMap::new();
    for (revocation, certificate) in new.iter().zip(certificates) {
        let step = match revocation.kind {
            RevocationKind::Revoke => Step::RevocationRequested,
            RevocationKind::Hold => Step::Held,
            RevocationKind::Release => Step::Released,
        };
        let detail = format!("{}, {}", revocation.reason, revocation.trigger);
        timeline::of_certificate(step, certificate).detail(detail).write(tx, now, random);
        let version = (certificate.profile_id, certificate.profile_version);
        let pool = match pools.get(&version) {
            Some(known) => known.clone(),
            None => profiles::version(tx, version.0, version.1).await?.connector_pool().clone(),
        };
        pools.entry(version).or_insert_with(|| pool.clone());
        if together.contains(&certificate.ca_generation_id) {
            many.entry(pool).or_default().push(certificate.id);
        } else {
            work.push(Work::Revoke { certificate: certificate.id, pool });
        }
        announce(tx, certificate);
    }
    for (pool, ids) in many {
        let parts = ids.chunks(TOGETHER);
        work.extend(parts.map(|it| Work::RevokeMany { certificates: it.to_vec(), pool: pool.clone() }));
    }
    Work::enqueue_all(&work, tx, now, random).await
}

/// The generations of CAs that take many together: the portal's own.
async fn taking_many(tx: &mut WriteTx) -> Result<Vec<CaGenerationId>, StoreError> {
    let mut found = Vec::new();
    for ca in ca_generations::cas(tx).await?.into_iter().filter(|ca| ca.kind == ca_generations::BUILTIN) {
        found.extend(ca_generations::generations(tx, ca.id).await?.into_iter().map(|it| it.id));
    }
    Ok(found)
}

/// The pool of connectors beside a certificate's CA.
pub(super) async fn pool_of(tx: &mut WriteTx, certificate: &CertificateInWork) -> Result<Name, StoreError> {
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
        Trigger::DeviceLost | Trigger::DeviceWiped => Reason::KeyCompromise,
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
        | Trigger::RevokedAtCa
        | Trigger::Asked => Reason::CessationOfOperation,
    }
}
