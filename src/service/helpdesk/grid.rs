//! A person at a glance: their devices across, profiles and what they are for down, each cell in a word. Of a device by
//! itself there is one column.

use std::collections::BTreeSet;

use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{CertificateId, CopyId, DeviceId, ProfileId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::diagnosis::Facts;
use super::diagnosis::facts::{CopyFacts, DeviceFacts, RequestFacts, Standing};
use crate::service::reference::ProfileReference;

/// A person's devices, and what of which profile is on each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridView {
    /// Their devices; those out of use come last.
    pub devices: Vec<GridDevice>,
    /// A profile and what it is for, by the profile's name.
    pub rows: Vec<GridRow>,
}

/// A column of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridDevice {
    /// The device.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Where it is in its life.
    pub state: DeviceState,
    /// When its present enrolment began.
    pub enrolled_at: Option<Timestamp>,
    /// When it was last heard of.
    pub last_contact_at: Option<Timestamp>,
}

/// A row of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridRow {
    /// The profile.
    pub profile: ProfileReference,
    /// What the certificate is for.
    pub feature: Feature,
    /// One for each device, in the order of the devices.
    pub cells: Vec<GridCell>,
}

/// What of a profile is on a device for a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GridCell {
    /// The device.
    pub device: DeviceId,
    /// How it stands.
    pub state: CellState,
    /// Since when, where something is there or on its way.
    pub since: Option<Timestamp>,
    /// The copy.
    pub copy: Option<CopyId>,
    /// Its certificate.
    pub certificate: Option<CertificateId>,
    /// Until when the certificate is good.
    pub not_after: Option<Timestamp>,
    /// Whether the copy can be delivered again: its key is kept.
    pub key_kept: bool,
    /// The request that is under way.
    pub request: Option<RequestId>,
}

/// How a cell stands: the copy's state, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// The device has confirmed it, and it is good.
    Installed,
    /// The device can fetch it.
    Offered,
    /// It is sealed for the device.
    Preparing,
    /// Handed out by a channel that can't confirm.
    HandedOut,
    /// The device could not install it.
    NotInstalled,
    /// Gone from the device though it should be there.
    Gone,
    /// The device is told to remove it.
    Removing,
    /// Installed, but over.
    Expired,
    /// Its certificate is on hold.
    OnHold,
    /// Installed, but revoked.
    Revoked,
    /// A certificate is being issued.
    UnderWay,
    /// The CA has not decided yet.
    CaDecides,
    /// Waits for a value of the person or the device.
    WaitsForValue,
    /// It could not be issued.
    Failed,
    /// It should be there, and nothing is on its way.
    Missing,
    /// A group bars it.
    Excluded,
    /// The profile is for other platforms.
    OtherPlatform,
    /// The person has not confirmed the device.
    Unconfirmed,
    /// It is not for this device.
    None,
}

/// The grid of what was read.
pub(super) fn of(facts: &Facts, now: Timestamp) -> GridView {
    let mut rows: Vec<GridRow> = places(facts)
        .into_iter()
        .map(|(name, profile, feature)| GridRow {
            profile: ProfileReference { id: profile, name },
            feature,
            cells: facts.devices.iter().map(|device| cell(facts, device, profile, feature, now)).collect(),
        })
        .collect();
    rows.sort_by(|a, b| (a.profile.name.as_str(), a.feature).cmp(&(b.profile.name.as_str(), b.feature)));
    let devices = facts.devices.iter().map(|device| GridDevice {
        id: device.id,
        name: device.name.clone(),
        platform: device.platform,
        state: device.state,
        enrolled_at: device.enrolled_at,
        last_contact_at: device.last_contact_at,
    });
    GridView { devices: devices.collect(), rows }
}

/// Every profile with each feature that has to do with the person.
fn places(facts: &Facts) -> BTreeSet<(String, ProfileId, Feature)> {
    let mut places = BTreeSet::new();
    for it in &facts.profiles {
        places.extend(it.features.iter().map(|feature| (it.profile.1.clone(), it.profile.0, *feature)));
    }
    for copy in facts.devices.iter().flat_map(|device| &device.copies) {
        places.insert((copy.profile.1.clone(), copy.profile.0, copy.feature));
    }
    places
}

fn cell(
    facts: &Facts,
    device: &DeviceFacts,
    profile: ProfileId,
    feature: Feature,
    now: Timestamp,
) -> GridCell {
    let here = device.copies.iter().filter(|copy| copy.profile.0 == profile && copy.feature == feature);
    // The one in use before one that goes, the newest among the same.
    let copy = here.max_by_key(|copy| {
        (copy.certificate.is_current, copy.state != CopyState::Removing, copy.certificate.id)
    });
    let mut requests = facts
        .requests
        .iter()
        .filter(|request| request.profile.0 == profile && request.device.is_none_or(|id| id == device.id));
    let request = requests.next().filter(|_| device.state == DeviceState::Enrolled);
    let stands = copy.filter(|copy| copy.state != CopyState::Removing || request.is_none());
    let state = match (stands, request) {
        (Some(copy), _) => of_copy(copy, now),
        (None, Some(request)) => of_request(request),
        (None, None) => of_standing(facts, device, profile),
    };
    GridCell {
        device: device.id,
        state,
        since: stands.map(|copy| copy.since).or(request.map(|request| request.since)),
        copy: copy.map(|copy| copy.id),
        certificate: copy.map(|copy| copy.certificate.id),
        not_after: copy.map(|copy| copy.certificate.not_after),
        key_kept: copy.is_some_and(|copy| copy.certificate.key_kept),
        request: request.map(|request| request.id),
    }
}

fn of_copy(copy: &CopyFacts, now: Timestamp) -> CellState {
    match (copy.state, copy.certificate.status) {
        (CopyState::Installed, CertificateStatus::Held) => CellState::OnHold,
        (CopyState::Installed, CertificateStatus::Revoked) => CellState::Revoked,
        (CopyState::Installed, CertificateStatus::Valid) if copy.certificate.not_after <= now => {
            CellState::Expired
        }
        (CopyState::Installed, CertificateStatus::Valid) => CellState::Installed,
        (CopyState::Pending, _) => CellState::Preparing,
        (CopyState::Offered, _) => CellState::Offered,
        (CopyState::HandedOut, _) => CellState::HandedOut,
        (CopyState::Failed, _) => CellState::NotInstalled,
        (CopyState::Missing, _) => CellState::Gone,
        (CopyState::Removing | CopyState::Removed, _) => CellState::Removing,
    }
}

fn of_request(request: &RequestFacts) -> CellState {
    match request.state {
        RequestState::Waiting => CellState::WaitsForValue,
        RequestState::Failed => CellState::Failed,
        RequestState::Pending => CellState::CaDecides,
        _ => CellState::UnderWay,
    }
}

fn of_standing(facts: &Facts, device: &DeviceFacts, profile: ProfileId) -> CellState {
    let of = facts.profiles.iter().filter(|it| it.profile.0 == profile);
    let mut here = of.filter(|it| it.device.is_none_or(|id| id == device.id));
    match here.next().map(|it| &it.standing) {
        Some(Standing::Wanted) => CellState::Missing,
        Some(Standing::Lacks { .. }) => CellState::WaitsForValue,
        Some(Standing::Held) => CellState::OnHold,
        Some(Standing::Excluded(_)) => CellState::Excluded,
        Some(Standing::OtherPlatform) => CellState::OtherPlatform,
        Some(Standing::Unconfirmed) => CellState::Unconfirmed,
        Some(Standing::NamesAPerson | Standing::Not) | None => CellState::None,
    }
}
