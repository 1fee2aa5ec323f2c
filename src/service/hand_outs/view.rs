//! Hand-outs as they are shown.

use std::collections::BTreeMap;

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::delivery::{Channel, HandOutFormat, HandOutState};
use certporter_model::device::DeviceState;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::feature::Feature;
use certporter_model::ids::CertificateId;
use certporter_model::{HandOutId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::error::ServiceError;
use crate::service::names::Names;
use crate::service::reference::{CertificateReference, DeviceReference, ProfileReference};
use crate::store::copies::Copy;
use crate::store::devices::Device;
use crate::store::hand_outs::HandOut;
use crate::store::{Conn, certificates, copies, enrolments, escrowed_keys, hand_outs, profiles};

/// What waits to be handed out for a device, and what was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandOutsView {
    /// The device.
    pub device: DeviceReference,
    /// Its state.
    pub state: DeviceState,
    /// By which road it gets its certificates; none while it is not enrolled.
    pub channel: Option<Channel>,
    /// Its certificates that are or can be handed out.
    pub certificates: Vec<WaitingCertificate>,
    /// The links that were made, the newest first.
    pub hand_outs: Vec<HandOutView>,
}

/// A certificate that waits for a device, or was handed out for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingCertificate {
    /// The certificate.
    pub certificate: CertificateReference,
    /// The profile it comes from.
    pub profile: ProfileReference,
    /// What it is for on the device.
    pub features: Vec<Feature>,
    /// Where its copies are: `pending` waits, `handed_out` was fetched.
    pub state: CopyState,
    /// Whether a file can be made of it now.
    pub available: bool,
    /// Why not, and what to do about it.
    pub obstacle: Option<String>,
    /// Whether its key is kept in escrow for good: such a one is given to the person alone.
    pub retained: bool,
    /// What the profile doesn't say, so that a part of a configuration profile is left out.
    pub left_out: Vec<String>,
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandOutView {
    /// Its id.
    pub id: HandOutId,
    /// Which certificate.
    pub certificate: CertificateId,
    /// What the file is called.
    pub file_name: String,
    /// In which form.
    pub format: HandOutFormat,
    /// Where it is.
    pub state: HandOutState,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when the link can be used.
    pub expires_at: Timestamp,
    /// When the file was fetched.
    pub fetched_at: Option<Timestamp>,
    /// From which network address.
    pub fetched_from: Option<String>,
}

/// What there is for a device.
pub(super) async fn shown(
    conn: &mut Conn,
    device: &Device,
    now: Timestamp,
) -> Result<HandOutsView, ServiceError> {
    let road = enrolments::road(conn, device.id).await?;
    let mut by_certificate: BTreeMap<CertificateId, Vec<Copy>> = BTreeMap::new();
    if let Some(road) = road.filter(|road| road.channel.is_handed_out()) {
        for copy in copies::of_device(conn, device.id).await? {
            let shown = matches!(copy.state, CopyState::Pending | CopyState::HandedOut);
            if shown && copy.enrolment_id == road.id {
                by_certificate.entry(copy.certificate_id).or_default().push(copy);
            }
        }
    }
    let names =
        Names::of(conn, [], [device.id], by_certificate.values().flatten().map(|it| it.profile_id)).await?;
    let mut waiting = Vec::new();
    for (id, of) in by_certificate {
        let found = one(conn, &names, id, &of, device, now).await?;
        waiting.push(found);
    }
    // The newest first: what was fetched long ago comes last.
    waiting.reverse();
    Ok(HandOutsView {
        device: names.the_device(device.id),
        state: device.state,
        channel: road.map(|road| road.channel),
        certificates: waiting,
        hand_outs: hand_outs::of_device(conn, device.id).await?.into_iter().map(|it| view(it, now)).collect(),
    })
}

async fn one(
    conn: &mut Conn,
    names: &Names,
    id: CertificateId,
    of: &[Copy],
    device: &Device,
    now: Timestamp,
) -> Result<WaitingCertificate, ServiceError> {
    let certificate = certificates::get(conn, id).await?;
    let key = match certificate.escrowed_key_id {
        Some(key) => Some(escrowed_keys::get(conn, key).await?),
        None => None,
    };
    let profile = profiles::get(conn, certificate.profile_id).await?;
    let version = profiles::version(conn, profile.id, profile.current_version).await?;
    let features: Vec<Feature> = of.iter().map(|copy| copy.feature).collect();
    let missing = version.body.feature_settings().missing(&features);
    let in_escrow = key.as_ref().is_some_and(|key| key.state != EscrowState::Destroyed);
    let handed_out = of.iter().all(|copy| copy.state == CopyState::HandedOut);
    let obstacle = obstacle(&certificate, device, in_escrow, handed_out, now);
    Ok(WaitingCertificate {
        profile: names.profile(certificate.profile_id),
        state: if handed_out { CopyState::HandedOut } else { CopyState::Pending },
        available: obstacle.is_none(),
        obstacle,
        retained: key.is_some_and(|key| key.policy == EscrowPolicy::Retained),
        left_out: missing.into_iter().map(|it| it.sentence.to_owned()).collect(),
        features,
        certificate: CertificateReference {
            id: certificate.id,
            serial: certificate.serial,
            not_after: certificate.not_after,
        },
    })
}

/// Why no file can be made of a certificate now.
pub(super) fn obstacle(
    certificate: &certificates::Certificate,
    device: &Device,
    in_escrow: bool,
    handed_out: bool,
    now: Timestamp,
) -> Option<String> {
    let why = if !device.state.is_served() {
        format!("the device is {}: nothing is handed out for it", device.state)
    } else if certificate.status != CertificateStatus::Valid {
        format!(
            "the certificate is {}: it is of no use any more, delete it on the device",
            certificate.status
        )
    } else if certificate.not_after <= now {
        "the certificate has expired: another is issued by itself, or have it reissued".to_owned()
    } else if matches!(certificate.standing, Standing::Former | Standing::Surplus) {
        "another certificate has taken its place".to_owned()
    } else if in_escrow {
        return None;
    } else if handed_out {
        "it was handed out, and its key destroyed then, as its profile says: have it reissued to get another"
            .to_owned()
    } else {
        "its key was destroyed, as its profile says: have it reissued to get another".to_owned()
    };
    Some(why)
}

fn view(it: HandOut, now: Timestamp) -> HandOutView {
    HandOutView {
        id: it.id,
        certificate: it.certificate_id,
        state: it.state(now),
        file_name: it.file_name,
        format: it.format,
        created_by: it.created_by,
        created_at: it.created_at,
        expires_at: it.expires_at,
        fetched_at: it.fetched_at,
        fetched_from: it.fetched_from,
    }
}
