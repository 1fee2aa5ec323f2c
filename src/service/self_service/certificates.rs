//! A person's own certificates: what each is for, where it is, until when.

use std::collections::BTreeMap;

use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::{CertificateId, Timestamp};

use super::{devices, for_themselves};
use crate::service::action::ActionDraft;
use crate::service::certificates::{self, CertificateView};
use crate::service::devices::{CopyView, DeviceView};
use crate::service::error::ServiceError;
use crate::service::portal::Portal;
use crate::service::reference::{DeviceReference, ProfileReference};
use crate::store::profiles;

/// A certificate of a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCertificate {
    /// Its id.
    pub id: CertificateId,
    /// The profile that it comes from.
    pub profile: ProfileReference,
    /// What it is for.
    pub features: Vec<Feature>,
    /// Whether it is good.
    pub status: CertificateStatus,
    /// Its place among those of the same holder and profile: the one in use, or an earlier one.
    pub standing: Standing,
    /// Valid until.
    pub not_after: Timestamp,
    /// From when on it is renewed by itself.
    pub renew_at: Timestamp,
    /// Where it is, or is to come.
    pub places: Vec<OwnCopy>,
    /// Whether its person may have it reissued.
    pub reissuable: bool,
}

/// Where a certificate of a person's is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCopy {
    /// The device.
    pub device: DeviceReference,
    /// For what.
    pub feature: Feature,
    /// How far it is.
    pub state: CopyState,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// The caller's certificates that are on their devices, or are to come there: those in use first, then by name.
///
/// # Errors
/// When the caller is nobody's.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<OwnCertificate>, ServiceError> {
    of_devices(portal, caller, &devices::list(portal, caller).await?).await
}

/// Those that are on these devices of the caller's.
///
/// # Errors
/// When the caller is nobody's.
pub async fn of_devices(
    portal: &Portal,
    caller: &Caller,
    devices: &[DeviceView],
) -> Result<Vec<OwnCertificate>, ServiceError> {
    let caller = &for_themselves(caller)?;
    let mut places: BTreeMap<CertificateId, Vec<OwnCopy>> = BTreeMap::new();
    let there = |copy: &&CopyView| copy.state != CopyState::Removed;
    for copy in devices.iter().flat_map(|device| &device.copies).filter(there) {
        places.entry(copy.certificate.id).or_default().push(OwnCopy {
            device: copy.device.clone(),
            feature: copy.feature,
            state: copy.state,
            cause: copy.cause.clone(),
            remedy: copy.remedy.clone(),
        });
    }
    let mut own = Vec::with_capacity(places.len());
    for (id, places) in places {
        // Of a device that changed hands there may be copies of the one before: they are not the caller's to see.
        match certificates::get(portal, caller, id).await {
            Ok(view) => own.push(told(portal, view, places).await?),
            Err(ServiceError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    own.sort_by(|a, b| {
        let key =
            |it: &OwnCertificate| (it.standing != Standing::Current, it.profile.name.to_lowercase(), it.id);
        key(a).cmp(&key(b))
    });
    Ok(own)
}

/// One of the caller's certificates, wherever it is.
///
/// # Errors
/// When the caller is nobody's, or it is not theirs.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
) -> Result<OwnCertificate, ServiceError> {
    let view = certificates::get(portal, &for_themselves(caller)?, id).await?;
    let copy = |copy: &CopyView| OwnCopy {
        device: copy.device.clone(),
        feature: copy.feature,
        state: copy.state,
        cause: copy.cause.clone(),
        remedy: copy.remedy.clone(),
    };
    let places = view.copies.iter().filter(|it| it.state != CopyState::Removed).map(copy).collect();
    told(portal, view, places).await
}

/// Has one of the caller's certificates reissued, where its profile lets them.
///
/// # Errors
/// When it is not theirs, the profile doesn't let them, or it is not the one in use.
pub async fn reissue(portal: &Portal, caller: &Caller, id: CertificateId) -> Result<(), ServiceError> {
    let draft = ActionDraft::default();
    certificates::reissue(portal, &for_themselves(caller)?, id, &draft).await.map(|_| ())
}

async fn told(
    portal: &Portal,
    view: CertificateView,
    places: Vec<OwnCopy>,
) -> Result<OwnCertificate, ServiceError> {
    let certificate = view.certificate;
    let mut conn = portal.db().read().await?;
    let version = profiles::version(&mut conn, certificate.profile.id, view.profile_version).await?;
    let mut features: Vec<Feature> = places.iter().map(|place| place.feature).collect();
    if features.is_empty() {
        features = version.body.features().to_vec();
    }
    features.sort();
    features.dedup();
    let in_use = certificate.status == CertificateStatus::Valid && certificate.standing == Standing::Current;
    Ok(OwnCertificate {
        id: certificate.id,
        profile: certificate.profile,
        features,
        status: certificate.status,
        standing: certificate.standing,
        not_after: certificate.not_after,
        renew_at: view.renew_at,
        places,
        reissuable: in_use && version.body.user_may_reissue(),
    })
}
