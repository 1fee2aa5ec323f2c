//! The part of the directory that these holders' plan looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use certporter_model::assignment::MemberKind;
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, EnrolmentId, GroupId, ProfileId, UserId};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use super::whom::split;
use crate::plan::Holder;
use crate::plan::desired::value;
use crate::plan::directory::{
    Assigned, DeviceEntry, Directory, FormerDevice, Membership, ProfileEntry, Reissue, Span, UserEntry,
    Values,
};
use crate::store::device_owners::Ownership;
use crate::store::planning::people::People;
use crate::store::planning::{
    self as reading, Holders, PlanDevice, PlanMembership, PlanUser, reached, swept_people,
};
use crate::store::{Conn, StoreError, assignments, profiles};

/// The part that is the same for everybody: a sweep reads it once.
#[derive(Debug, Clone)]
pub(super) struct Structure {
    profiles: BTreeMap<ProfileId, ProfileEntry>,
    assignments: Vec<Assigned>,
    nesting: BTreeMap<GroupId, Vec<Membership>>,
}

impl Structure {
    /// Reads it.
    pub(super) async fn read(conn: &mut Conn) -> Result<Self, StoreError> {
        Ok(Self {
            profiles: profile_entries(conn).await?,
            assignments: assigned(conn).await?,
            nesting: nesting(conn).await?,
        })
    }

    /// What is in force of the profiles that count, a line each, in an order of its own.
    pub(super) fn in_force(&self, counts: impl Fn(&ProfileId) -> bool) -> Vec<String> {
        let profiles = self.profiles.iter().filter(|(id, _)| counts(id)).map(|(id, it)| {
            let body = serde_json::to_string(&*it.profile).unwrap_or_default();
            format!("{id} {} {:?} {:?} {body}", it.deleted, it.on_edit, it.on_attribute_change)
        });
        let open = |span: Span| span.until.is_none();
        let assignments = self.assignments.iter().filter(|it| open(it.span) && counts(&it.profile));
        let assignments = assignments.map(|it| format!("{} {} {:?}", it.profile, it.group, it.mode));
        let nesting = self.nesting.iter().flat_map(|(inner, outer)| {
            let outer = outer.iter().filter(|it| open(it.span));
            outer.map(move |it| format!("{inner} in {}", it.group))
        });
        let mut lines: Vec<String> = profiles.chain(assignments).chain(nesting).collect();
        lines.sort_unstable();
        lines
    }
}

/// Reads it.
pub(super) async fn of(conn: &mut Conn, holders: &BTreeSet<Holder>) -> Result<Directory, StoreError> {
    let structure = Structure::read(conn).await?;
    within(conn, structure, holders).await
}

/// Reads the rest of it.
pub(super) async fn within(
    conn: &mut Conn,
    structure: Structure,
    holders: &BTreeSet<Holder>,
) -> Result<Directory, StoreError> {
    let (users, mut devices) = split(holders);
    let former = reached::former_devices(conn, &users).await?;
    // For a user-scoped certificate all of the user's devices count, those that were theirs too.
    devices.extend(reached::devices_of(conn, &users).await?);
    devices.extend(former.iter().map(|ownership| ownership.device_id));
    let mut people = People::default();
    add_devices_and_owners(conn, &mut people, users, devices).await?;
    Ok(of_people(structure, people, &former))
}

/// People of consecutive ids and what they own, where it is known which enrolments devices have and what was theirs.
pub(super) async fn within_range(
    conn: &mut Conn,
    structure: Structure,
    ids: &RangeInclusive<UserId>,
    enrolled: &FxHashMap<DeviceId, Enrolled>,
    former: &[Ownership],
) -> Result<Directory, StoreError> {
    let mut people = swept_people::people(conn, ids).await?;
    for device in &mut people.devices {
        if let Some(last) = enrolled.get(&device.id) {
            device.enrolment_id = Some(last.enrolment);
            device.management_generation = last.generation.map(i64::from);
            device.unconfirmed = Some(last.unconfirmed);
        }
    }
    let were_theirs = former.iter().map(|ownership| ownership.device_id).collect();
    add_devices_and_owners(conn, &mut people, Vec::new(), were_theirs).await?;
    Ok(of_people(structure, people, former))
}

/// A device's last enrolment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Enrolled {
    pub(super) enrolment: EnrolmentId,
    /// The highest generation of its management certificates.
    pub(super) generation: Option<u32>,
    pub(super) unconfirmed: bool,
}

/// Adds those that aren't there: users, and devices with their owners, who count for them.
async fn add_devices_and_owners(
    conn: &mut Conn,
    people: &mut People,
    mut users: Vec<UserId>,
    mut devices: Vec<DeviceId>,
) -> Result<(), StoreError> {
    let known: BTreeSet<DeviceId> = people.devices.iter().map(|it| it.id).collect();
    devices.retain(|id| !known.contains(id));
    devices.sort_unstable();
    devices.dedup();
    if !devices.is_empty() {
        people.add_devices(conn, devices).await?;
    }
    let known: BTreeSet<UserId> = people.users.iter().map(|it| it.id).collect();
    users.extend(people.devices.iter().filter_map(|device| device.owner_id));
    users.retain(|id| !known.contains(id));
    users.sort_unstable();
    users.dedup();
    if !users.is_empty() {
        people.add_users(conn, users).await?;
    }
    Ok(())
}

fn of_people(
    Structure { profiles, assignments, nesting }: Structure,
    people: People,
    former: &[Ownership],
) -> Directory {
    let mut directory = Directory { profiles, assignments, nesting, ..Directory::default() };
    add_people(&mut directory, people);
    for ownership in former {
        if let (Some(user), Some(until)) =
            (directory.users.get_mut(&ownership.user_id), ownership.valid_until)
        {
            let span = Span { from: ownership.valid_from, until: Some(until) };
            user.former_devices.push(FormerDevice { device: ownership.device_id, span });
        }
    }
    directory
}

/// The values that a user and a device give to a profile's variables.
#[derive(Debug, Clone, Default)]
pub struct HolderValues {
    user: Option<Values>,
    device: Option<Values>,
}

impl HolderValues {
    /// A variable's value, as in a request's names.
    #[must_use]
    pub fn get(&self, variable: &Variable) -> Option<&str> {
        value(variable, self.user.as_ref(), self.device.as_ref())
    }
}

/// Reads them as a plan does.
///
/// # Errors
/// When the database refuses.
pub async fn values_of(
    conn: &mut Conn,
    user: Option<UserId>,
    device: Option<DeviceId>,
) -> Result<HolderValues, StoreError> {
    let (mut directory, mut people) = (Directory::default(), People::default());
    if let Some(user) = user {
        people.add_users(conn, vec![user]).await?;
    }
    if let Some(device) = device {
        people.add_devices(conn, vec![device]).await?;
    }
    add_people(&mut directory, people);
    Ok(HolderValues {
        user: user.and_then(|id| directory.users.remove(&id)).map(|entry| entry.values),
        device: device.and_then(|id| directory.devices.remove(&id)).map(|entry| entry.values),
    })
}

/// Every profile in its current version, deleted ones too.
pub(super) async fn profile_entries(
    conn: &mut Conn,
) -> Result<BTreeMap<ProfileId, ProfileEntry>, StoreError> {
    let deleted: BTreeSet<ProfileId> = profiles::all(conn)
        .await?
        .into_iter()
        .filter(|head| head.deleted_at.is_some())
        .map(|head| head.id)
        .collect();
    let versions = profiles::current_versions(conn).await?;
    let entry = |version: profiles::ProfileVersion| {
        let entry = ProfileEntry {
            profile: Arc::new(version.body),
            version: version.version,
            deleted: deleted.contains(&version.profile_id),
            on_edit: reissue(&version.on_edit, "on_edit")?,
            on_attribute_change: reissue(&version.on_attribute_change, "on_attribute_change")?,
        };
        Ok((version.profile_id, entry))
    };
    versions.into_iter().map(entry).collect()
}

fn reissue(word: &str, column: &'static str) -> Result<Reissue, StoreError> {
    match word {
        "now" => Ok(Reissue::Now),
        "at_renewal" => Ok(Reissue::AtRenewal),
        _ => Err(StoreError::Corrupt {
            table: "profile_versions",
            column,
            reason: "is neither now nor at_renewal".to_owned(),
        }),
    }
}

async fn assigned(conn: &mut Conn) -> Result<Vec<Assigned>, StoreError> {
    let all = assignments::all(conn).await?.into_iter();
    Ok(all
        .map(|it| Assigned {
            profile: it.profile_id,
            group: it.group_id,
            mode: it.mode,
            span: Span { from: it.valid_from, until: it.valid_until },
        })
        .collect())
}

async fn nesting(conn: &mut Conn) -> Result<BTreeMap<GroupId, Vec<Membership>>, StoreError> {
    let mut nesting: BTreeMap<GroupId, Vec<Membership>> = BTreeMap::new();
    for it in reading::memberships(conn, MemberKind::Group, &Holders::All).await? {
        nesting.entry(GroupId::from_uuid(it.member_id)).or_default().push(membership(&it));
    }
    Ok(nesting)
}

fn membership(it: &PlanMembership) -> Membership {
    Membership { group: it.group_id, span: Span { from: it.valid_from, until: it.valid_until } }
}

fn add_people(directory: &mut Directory, people: People) {
    let mut groups: BTreeMap<Uuid, Vec<Membership>> = BTreeMap::new();
    let mut values: BTreeMap<Uuid, Values> = BTreeMap::new();
    for it in people.memberships {
        groups.entry(it.member_id).or_default().push(membership(&it));
    }
    for it in people.attributes {
        values.entry(it.owner_id).or_default().insert(Variable::Custom(it.name), it.value);
    }
    for user in people.users {
        let id = user.id;
        let custom = values.remove(&id.as_uuid()).unwrap_or_default();
        let entry = UserEntry {
            state: user.state,
            memberships: groups.remove(&id.as_uuid()).unwrap_or_default(),
            former_devices: Vec::new(),
            values: user_values(user, custom),
        };
        directory.users.insert(id, entry);
    }
    for device in people.devices {
        let id = device.id;
        let custom = values.remove(&id.as_uuid()).unwrap_or_default();
        let entry = DeviceEntry {
            state: device.state,
            platform: device.platform,
            owner: device.owner_id,
            enrolment: device.enrolment_id,
            management_generation: device.management_generation.unwrap_or(0),
            trusted: !device.unconfirmed.unwrap_or(false),
            last_seen: device.last_contact_at,
            memberships: groups.remove(&id.as_uuid()).unwrap_or_default(),
            values: device_values(device, custom),
        };
        directory.devices.insert(id, entry);
    }
}

fn user_values(user: PlanUser, mut values: Values) -> Values {
    let known = [
        (Variable::UserName, Some(user.user_name)),
        (Variable::UserPrincipalName, user.upn),
        (Variable::EmailAddress, user.email),
        (Variable::DisplayName, Some(user.display_name)),
        (Variable::OnPremDistinguishedName, user.on_prem_dn),
        (Variable::OnPremisesSamAccountName, user.sam_account_name),
        (Variable::OnPremisesSecurityIdentifier, user.sid),
    ];
    add_known(&mut values, known);
    values
}

fn device_values(device: PlanDevice, mut values: Values) -> Values {
    let known = [
        (Variable::DeviceId, Some(device.id.to_string())),
        (Variable::DeviceName, Some(device.name)),
        (Variable::SerialNumber, device.serial_number),
        (Variable::ImeiNumber, device.imei),
        (Variable::Meid, device.meid),
        (Variable::WifiMacAddress, device.wifi_mac),
        (Variable::FullyQualifiedDomainName, device.fqdn),
    ];
    add_known(&mut values, known);
    values
}

fn add_known<const N: usize>(values: &mut Values, known: [(Variable, Option<String>); N]) {
    let given = known.into_iter().filter_map(|(variable, value)| Some((variable, value?)));
    values.extend(given.filter(|(_, value)| !value.is_empty()));
}
