//! Reads what a person holds, or a device by itself: what the grid shows, and what a diagnosis is made from.

use std::collections::{BTreeSet, HashMap, HashSet};

use certporter_model::certificate::Standing as CertificateStanding;
use certporter_model::copy::CopyState;
use certporter_model::names::Names as CertificateNames;
use certporter_model::request::RequestState;
use certporter_model::{CertificateId, GroupId, ProfileId, Timestamp};

use super::diagnosis::Facts;
use super::diagnosis::facts::{
    CertificateFacts, CopyFacts, DeviceFacts, PersonFacts, ProfileFacts, RequestFacts, Standing,
};
use crate::pipeline::planner;
use crate::plan::Holder;
use crate::plan::why::{Explanation, Obstacle};
use crate::service::device_protocol::contact::renew_at;
use crate::store::certificates::Certificate;
use crate::store::copies::Copy;
use crate::store::devices::Device;
use crate::store::requests::{Request, RequestFilter};
use crate::store::users::User;
use crate::store::{
    Conn, Page, StoreError, certificates, copies, devices, enrolments, escrowed_keys, groups,
    management_certificates, profiles, requests,
};

/// Requests that are looked at: more are in flight for nobody.
const REQUESTS: u32 = 500;

/// Reads what a person holds, and how it came to be or not, in the state that the connection sees.
pub(super) async fn facts(conn: &mut Conn, user: &User, now: Timestamp) -> Result<Facts, StoreError> {
    let mut theirs: Vec<Device> = devices::of_owners(conn, &[user.id])
        .await?
        .into_iter()
        .filter(|it| it.deleted_at.is_none())
        .collect();
    // What is in use comes first.
    theirs.sort_by_key(|device| (device.state.is_out_of_use(), device.id));
    let filter = RequestFilter { user: Some(user.id), ..RequestFilter::default() };
    let requests = in_flight(conn, filter).await?;
    let explained = planner::explain(conn, Holder::User(user.id), now).await?;
    let person = PersonFacts { id: user.id, name: user.display_name.to_string(), state: user.state };
    gathered(conn, Some(person), theirs, explained, requests).await
}

/// Reads what a device holds by itself: one that is nobody's, or whose person is not looked at.
pub(super) async fn facts_of_device(
    conn: &mut Conn,
    device: Device,
    now: Timestamp,
) -> Result<Facts, StoreError> {
    let filter = RequestFilter { device: Some(device.id), ..RequestFilter::default() };
    let requests = in_flight(conn, filter).await?;
    let explained = planner::explain(conn, Holder::Device(device.id), now).await?;
    gathered(conn, None, vec![device], explained, requests).await
}

async fn gathered(
    conn: &mut Conn,
    person: Option<PersonFacts>,
    theirs: Vec<Device>,
    mut explained: Vec<Explanation>,
    requests: Vec<Request>,
) -> Result<Facts, StoreError> {
    let mut on_devices = Vec::new();
    for device in &theirs {
        on_devices.push(copies::of_device(conn, device.id).await?);
    }
    let kept = Kept::of(conn, &on_devices).await?;
    let present: BTreeSet<ProfileId> = on_devices
        .iter()
        .flatten()
        .filter(is_there)
        .map(|copy| copy.profile_id)
        .chain(requests.iter().map(|it| it.profile_id))
        .collect();
    // A profile that no group brings or bars, and of which there is nothing, is none of theirs.
    let concerns = |it: &Explanation| {
        !it.included.is_empty() || !it.excluded.is_empty() || present.contains(&it.profile)
    };
    explained.retain(concerns);
    let named = named(conn, &explained, &present).await?;
    let groups = named_groups(conn, &explained).await?;
    let mut device_facts = Vec::new();
    for (device, copies) in theirs.iter().zip(on_devices) {
        device_facts.push(device_of(conn, device, copies, &kept, &named).await?);
    }
    Ok(Facts {
        person,
        devices: device_facts,
        profiles: explained.iter().map(|it| profile_of(it, &named, &groups)).collect(),
        requests: requests.into_iter().map(|it| request_of(it, &named)).collect(),
    })
}

fn is_there(copy: &&Copy) -> bool {
    copy.state != CopyState::Removed
}

async fn in_flight(conn: &mut Conn, filter: RequestFilter) -> Result<Vec<Request>, StoreError> {
    let states = RequestState::ALL.iter().copied().filter(|state| state.is_in_flight()).collect();
    let filter = RequestFilter { states, ..filter };
    let all = certporter_model::access::Visibility::All;
    requests::list(conn, &all, &filter, Page { after: None, limit: REQUESTS, newest_first: true }).await
}

/// Certificates whose copies are on devices, and which of their keys are there still.
struct Kept {
    certificates: HashMap<CertificateId, Certificate>,
    keys: HashSet<certporter_model::EscrowedKeyId>,
}

impl Kept {
    async fn of(conn: &mut Conn, on_devices: &[Vec<Copy>]) -> Result<Self, StoreError> {
        let ids: BTreeSet<CertificateId> =
            on_devices.iter().flatten().filter(is_there).map(|copy| copy.certificate_id).collect();
        let ids: Vec<CertificateId> = ids.into_iter().collect();
        let rows = certificates::by_ids(conn, &ids).await?;
        let keys: Vec<_> = rows.iter().filter_map(|row| row.escrowed_key_id).collect();
        Ok(Self {
            keys: escrowed_keys::kept(conn, &keys).await?.into_iter().collect(),
            certificates: rows.into_iter().map(|row| (row.id, row)).collect(),
        })
    }

    fn certificate(&self, id: CertificateId) -> Option<CertificateFacts> {
        let row = self.certificates.get(&id)?;
        Some(CertificateFacts {
            id,
            status: row.status,
            is_current: row.standing == CertificateStanding::Current,
            renew_at: row.renew_at,
            not_after: row.not_after,
            key_kept: row.escrowed_key_id.is_some_and(|key| self.keys.contains(&key)),
        })
    }
}

/// A profile's name, and what its certificates are for.
type Named = HashMap<ProfileId, (String, Vec<certporter_model::feature::Feature>)>;

async fn named(
    conn: &mut Conn,
    explained: &[Explanation],
    present: &BTreeSet<ProfileId>,
) -> Result<Named, StoreError> {
    let ids: BTreeSet<ProfileId> =
        explained.iter().map(|it| it.profile).chain(present.iter().copied()).collect();
    let ids: Vec<ProfileId> = ids.into_iter().collect();
    let versions = profiles::current_versions_of(conn, &ids).await?.into_iter();
    let mut features: HashMap<_, _> =
        versions.map(|it| (it.profile_id, it.body.features().to_vec())).collect();
    let heads = profiles::by_ids(conn, &ids).await?.into_iter();
    Ok(heads
        .map(|head| (head.id, (head.name.to_string(), features.remove(&head.id).unwrap_or_default())))
        .collect())
}

async fn named_groups(
    conn: &mut Conn,
    explained: &[Explanation],
) -> Result<HashMap<GroupId, String>, StoreError> {
    let ways = explained.iter().flat_map(|it| it.included.iter().chain(&it.excluded));
    let ids: BTreeSet<GroupId> = ways.flat_map(|way| way.groups.iter().copied()).collect();
    let rows = groups::by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(rows.into_iter().map(|group| (group.id, group.name.to_string())).collect())
}

async fn device_of(
    conn: &mut Conn,
    device: &Device,
    on_it: Vec<Copy>,
    kept: &Kept,
    named: &Named,
) -> Result<DeviceFacts, StoreError> {
    let enrolment = enrolments::active(conn, device.id).await?;
    let newest = match &enrolment {
        Some(enrolment) => management_certificates::newest(conn, enrolment.id).await.ok(),
        None => None,
    };
    let copy = |copy: Copy| {
        Some(CopyFacts {
            id: copy.id,
            profile: (copy.profile_id, name_of(named, copy.profile_id)),
            feature: copy.feature,
            state: copy.state,
            since: copy.updated_at,
            offered_at: copy.offered_at,
            trouble: copy.cause.map(|cause| (cause, copy.remedy)),
            certificate: kept.certificate(copy.certificate_id)?,
        })
    };
    Ok(DeviceFacts {
        id: device.id,
        name: device.name.to_string(),
        platform: device.platform,
        shared: device.owner_id.is_none(),
        state: device.state,
        since: device.state_changed_at,
        enrolled_at: enrolment.map(|enrolment| enrolment.started_at),
        last_contact_at: device.last_contact_at,
        management: newest.map(|it| (renew_at(it.not_before, it.not_after), it.not_after)),
        copies: on_it.into_iter().filter(|it| is_there(&it)).filter_map(copy).collect(),
    })
}

fn name_of(named: &Named, id: ProfileId) -> String {
    named.get(&id).map(|(name, _)| name.clone()).unwrap_or_default()
}

fn request_of(request: Request, named: &Named) -> RequestFacts {
    RequestFacts {
        id: request.id,
        profile: (request.profile_id, name_of(named, request.profile_id)),
        device: request.device_id,
        state: request.state,
        created_at: request.created_at,
        since: request.updated_at,
        trouble: request.cause.map(|cause| (cause, request.remedy)),
        retry_at: request.retry_at,
    }
}

fn profile_of(it: &Explanation, named: &Named, groups: &HashMap<GroupId, String>) -> ProfileFacts {
    let features = named.get(&it.profile).map(|(_, features)| features.clone()).unwrap_or_default();
    ProfileFacts {
        profile: (it.profile, name_of(named, it.profile)),
        features,
        device: it.device,
        standing: standing_of(it, groups),
    }
}

fn standing_of(it: &Explanation, groups: &HashMap<GroupId, String>) -> Standing {
    let has = |wanted: fn(&Obstacle) -> bool| it.obstacles.iter().any(wanted);
    let of_state = has(|it| {
        matches!(
            it,
            Obstacle::Device(_)
                | Obstacle::User(_)
                | Obstacle::NotEnrolled
                | Obstacle::NoDevice
                | Obstacle::ProfileDeleted
        )
    });
    if of_state {
        // The device's or the person's own finding says it.
        return Standing::Not;
    }
    if has(|it| matches!(it, Obstacle::Excluded)) {
        let barring = it.excluded.iter().filter_map(|way| way.groups.last());
        let names: BTreeSet<String> = barring.filter_map(|id| groups.get(id).cloned()).collect();
        return Standing::Excluded(names.into_iter().collect());
    }
    if !it.included.is_empty() && has(|it| matches!(it, Obstacle::Platform(_))) {
        return Standing::OtherPlatform;
    }
    if !it.included.is_empty() && has(|it| matches!(it, Obstacle::Shared)) {
        return Standing::NamesAPerson;
    }
    if has(|it| matches!(it, Obstacle::Unconfirmed)) {
        return Standing::Unconfirmed;
    }
    if !it.obstacles.is_empty() {
        return Standing::Not;
    }
    if it.held {
        return Standing::Held;
    }
    match &it.names {
        CertificateNames::Rendered(_) => Standing::Wanted,
        CertificateNames::Missing { missing } => Standing::Lacks {
            what: missing.iter().map(ToString::to_string).collect(),
            of_device: missing.iter().all(certporter_model::variable::Variable::is_of_device),
        },
        CertificateNames::Unfit { unfit } => Standing::Lacks { what: vec![unfit.clone()], of_device: false },
    }
}
