//! Which profiles reach a device or a user, and why, or why not: the plan's own decision, in words.

use std::collections::{BTreeSet, HashMap};

use certporter_model::access::Caller;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::names::Names as CertificateNames;
use certporter_model::{DeviceId, GroupId, ProfileId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::portal::Portal;
use super::reference::{DeviceReference, GroupReference, ProfileReference};
use super::{devices, users};
use crate::pipeline::planner;
use crate::plan::Holder;
use crate::plan::why::{Explanation, Obstacle, Way};
use crate::store::{Conn, groups};

/// What a profile does for a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileReach {
    /// The profile.
    pub profile: ProfileReference,
    /// The device; none where the same holds for all of a user's devices, or there is none.
    pub device: Option<DeviceReference>,
    /// Whether the device gets a certificate of it.
    pub outcome: Outcome,
    /// Why, what weighs most first.
    pub reasons: Vec<ReachReason>,
}

/// Whether a device gets a profile's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It does.
    Gets,
    /// It would, but a value in a name is missing or doesn't fit.
    Waits,
    /// It is on hold.
    Held,
    /// It doesn't.
    None,
}

/// A reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReachReason {
    /// The reason in words, groups named.
    pub text: String,
    /// The groups that it names: the one that has the assignment first, then those through which it reaches the member.
    pub groups: Vec<GroupReference>,
}

/// Which profiles reach a device, and why, or why not: every profile there is.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn of_device(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
) -> Result<Vec<ProfileReach>, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    devices::find(&mut conn, caller, Operation::DevicesProfiles, id).await?;
    told(portal, &mut conn, Holder::Device(id)).await
}

/// Which profiles reach a user's devices, and why, or why not: every profile there is.
///
/// # Errors
/// When the caller may not, or there is no such user.
pub async fn of_user(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
) -> Result<Vec<ProfileReach>, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    users::find(&mut conn, caller, Operation::UsersProfiles, id).await?;
    told(portal, &mut conn, Holder::User(id)).await
}

/// What the plan says of one profile on one device; none when there is no such profile any more.
///
/// # Errors
/// When the database refuses.
pub(super) async fn explained_on(
    conn: &mut Conn,
    device: DeviceId,
    profile: ProfileId,
    now: Timestamp,
) -> Result<Option<Explanation>, ServiceError> {
    let explained = planner::explain(conn, Holder::Device(device), now).await?;
    Ok(explained.into_iter().find(|it| it.profile == profile))
}

/// The same in words, with what says it.
///
/// # Errors
/// When the database refuses.
pub(super) async fn told_one(
    conn: &mut Conn,
    it: &Explanation,
) -> Result<(ProfileReach, Words), ServiceError> {
    let words = Words::of_all(conn, std::slice::from_ref(it)).await?;
    let names = Names::of(conn, [], it.device, [it.profile]).await?;
    let (outcome, reasons) = words.of(it);
    let (profile, device) = (names.profile(it.profile), names.device(it.device));
    Ok((ProfileReach { profile, device, outcome, reasons }, words))
}

async fn told(portal: &Portal, conn: &mut Conn, holder: Holder) -> Result<Vec<ProfileReach>, ServiceError> {
    let explained = planner::explain(conn, holder, portal.now()).await?;
    let machines = explained.iter().filter_map(|it| it.device);
    let names = Names::of(conn, [], machines, explained.iter().map(|it| it.profile)).await?;
    let words = Words::of_all(conn, &explained).await?;
    let mut told: Vec<ProfileReach> = explained
        .iter()
        .map(|it| {
            let (outcome, reasons) = words.of(it);
            ProfileReach {
                profile: names.profile(it.profile),
                device: names.device(it.device),
                outcome,
                reasons,
            }
        })
        .collect();
    told.sort_by(|a, b| {
        let key = |it: &ProfileReach| (it.outcome, it.profile.name.clone());
        key(a).cmp(&key(b))
    });
    Ok(told)
}

/// Says explanations in words.
pub(super) struct Words {
    groups: HashMap<GroupId, String>,
}

impl Words {
    /// With the names of all groups that they name.
    async fn of_all(conn: &mut Conn, explained: &[Explanation]) -> Result<Self, ServiceError> {
        let ways = explained.iter().flat_map(|it| it.included.iter().chain(&it.excluded));
        let ids: BTreeSet<GroupId> = ways.flat_map(|way| way.groups.iter().copied()).collect();
        let known = groups::by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self { groups: known.into_iter().map(|group| (group.id, group.name.to_string())).collect() })
    }

    fn of(&self, it: &Explanation) -> (Outcome, Vec<ReachReason>) {
        if !it.obstacles.is_empty() {
            return (
                Outcome::None,
                it.obstacles.iter().flat_map(|against| self.against(it, *against)).collect(),
            );
        }
        let mut reasons = Vec::new();
        let outcome = match &it.names {
            CertificateNames::Missing { missing } => {
                let missing = missing.iter().map(|variable| {
                    plain(format!("The value {variable} is missing: give it, and the request goes on."))
                });
                reasons.extend(missing);
                Outcome::Waits
            }
            CertificateNames::Unfit { unfit } => {
                reasons.push(plain(format!("A value doesn't fit: {unfit}.")));
                Outcome::Waits
            }
            CertificateNames::Rendered(_) => Outcome::Gets,
        };
        let outcome = if it.held { Outcome::Held } else { outcome };
        if it.held {
            reasons
                .insert(0, plain("The user or the device is blocked: it is on hold until that is lifted."));
        }
        reasons.extend(it.included.iter().map(|way| self.way(way, "Included by")));
        (outcome, reasons)
    }

    /// What stands against it.
    pub(super) fn against(&self, it: &Explanation, obstacle: Obstacle) -> Vec<ReachReason> {
        let text = match obstacle {
            Obstacle::Excluded => {
                return it.excluded.iter().map(|way| self.way(way, "Excluded by")).collect();
            }
            Obstacle::NotAssigned => "No group of the user or the device includes it.".to_owned(),
            Obstacle::Platform(platform) => format!("The platform {platform} is not among the profile's."),
            Obstacle::Shared => "The device is shared, and the profile names the user.".to_owned(),
            Obstacle::Device(DeviceState::Registered) | Obstacle::NotEnrolled => {
                "The device is not enrolled yet.".to_owned()
            }
            Obstacle::Device(state) => format!("The device is {state}."),
            Obstacle::User(state) => format!("The user is {}.", user_state(state)),
            Obstacle::ProfileDeleted => "The profile was deleted.".to_owned(),
            Obstacle::KeyScope => "The profile's key scope is another.".to_owned(),
            Obstacle::Unconfirmed => {
                "The device enrolled with a code from staff, and its person has not confirmed it yet."
                    .to_owned()
            }
            Obstacle::NoDevice => "The user has no device that could hold it.".to_owned(),
        };
        vec![plain(text)]
    }

    /// A way on which a group reaches somebody.
    pub(super) fn way(&self, way: &Way, what: &str) -> ReachReason {
        let mut groups: Vec<GroupReference> = way.groups.iter().map(|id| self.group(*id)).collect();
        groups.reverse();
        let member = match way.member {
            Holder::User(_) => "user",
            Holder::Device(_) => "device",
        };
        let text = match groups.as_slice() {
            [assigned, .., direct] => {
                format!("{what} group {}, through the {member}'s group {}.", assigned.name, direct.name)
            }
            [assigned] => format!("{what} the {member}'s group {}.", assigned.name),
            [] => String::new(),
        };
        ReachReason { text, groups }
    }

    fn group(&self, id: GroupId) -> GroupReference {
        GroupReference { id, name: self.groups.get(&id).cloned().unwrap_or_default() }
    }
}

/// A reason that names no group.
pub(super) fn plain(text: impl Into<String>) -> ReachReason {
    ReachReason { text: text.into(), groups: Vec::new() }
}

const fn user_state(state: UserState) -> &'static str {
    match state {
        UserState::Enabled => "enabled",
        UserState::Blocked => "blocked",
        UserState::Disabled => "disabled",
        UserState::Deleted => "deleted",
    }
}
