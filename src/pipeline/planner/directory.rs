//! The part of the directory that these holders' plan looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certporter_model::assignment::{HolderKind, MemberKind};
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};
use uuid::Uuid;

use super::whom::split;
use crate::plan::Holder;
use crate::plan::desired::value;
use crate::plan::directory::{
    Assigned, DeviceEntry, Directory, FormerDevice, Membership, ProfileEntry, Reissue, Span, UserEntry,
    Values,
};
use crate::store::device_owners::Ownership;
use crate::store::planning::{self as reading, Holders, PlanDevice, PlanMembership, PlanUser, reached};
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
    let (users, _) = split(holders);
    let former = reached::former_devices(conn, &users).await?;
    let owned = reached::devices_of(conn, &users).await?;
    within_knowing(conn, structure, holders, Ownerships { owned, former }).await
}

/// Devices of the users that are planned for.
#[derive(Debug, Clone, Default)]
pub(super) struct Ownerships {
    /// That they own.
    pub(super) owned: Vec<DeviceId>,
    /// That were theirs, as they began.
    pub(super) former: Vec<Ownership>,
}

/// The same, where it is known whose devices are and were.
pub(super) async fn within_knowing(
    conn: &mut Conn,
    Structure { profiles, assignments, nesting }: Structure,
    holders: &BTreeSet<Holder>,
    Ownerships { owned, former }: Ownerships,
) -> Result<Directory, StoreError> {
    let (users, mut devices) = split(holders);
    // For a user-scoped certificate all of the user's devices count, those that were theirs too.
    devices.extend(owned);
    devices.extend(former.iter().map(|ownership| ownership.device_id));
    devices.sort();
    devices.dedup();
    let of_devices = Holders::Some { devices, users: Vec::new() };
    let found = reading::devices(conn, &of_devices).await?;
    // For a device, its owner counts.
    let owners = found.iter().filter_map(|device| device.owner_id);
    let users: BTreeSet<UserId> = users.into_iter().chain(owners).collect();
    let of_users = Holders::Some { devices: Vec::new(), users: users.into_iter().collect() };
    let mut directory = Directory { profiles, assignments, nesting, ..Directory::default() };
    add_users(conn, &mut directory, &of_users).await?;
    for ownership in former {
        if let (Some(user), Some(until)) =
            (directory.users.get_mut(&ownership.user_id), ownership.valid_until)
        {
            let span = Span { from: ownership.valid_from, until: Some(until) };
            user.former_devices.push(FormerDevice { device: ownership.device_id, span });
        }
    }
    add_devices(conn, &mut directory, found, &of_devices).await?;
    Ok(directory)
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
    let of = Holders::Some { devices: device.into_iter().collect(), users: user.into_iter().collect() };
    let mut directory = Directory::default();
    if user.is_some() {
        add_users(conn, &mut directory, &of).await?;
    }
    if device.is_some() {
        let found = reading::devices(conn, &of).await?;
        add_devices(conn, &mut directory, found, &of).await?;
    }
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

/// What users or devices bring along: memberships and custom attributes.
async fn belongings(
    conn: &mut Conn,
    (member, holder): (MemberKind, HolderKind),
    of: &Holders,
) -> Result<(BTreeMap<Uuid, Vec<Membership>>, BTreeMap<Uuid, Values>), StoreError> {
    let mut groups: BTreeMap<Uuid, Vec<Membership>> = BTreeMap::new();
    let mut values: BTreeMap<Uuid, Values> = BTreeMap::new();
    for it in reading::memberships(conn, member, of).await? {
        groups.entry(it.member_id).or_default().push(membership(&it));
    }
    for it in reading::attributes(conn, holder, of).await? {
        values.entry(it.owner_id).or_default().insert(Variable::Custom(it.name), it.value);
    }
    Ok((groups, values))
}

async fn add_users(conn: &mut Conn, directory: &mut Directory, of: &Holders) -> Result<(), StoreError> {
    let (mut groups, mut values) = belongings(conn, (MemberKind::User, HolderKind::User), of).await?;
    for user in reading::users(conn, of).await? {
        let id = user.id.as_uuid();
        let custom = values.remove(&id).unwrap_or_default();
        let entry = UserEntry {
            state: user.state,
            values: user_values(&user, custom),
            memberships: groups.remove(&id).unwrap_or_default(),
            former_devices: Vec::new(),
        };
        directory.users.insert(user.id, entry);
    }
    Ok(())
}

async fn add_devices(
    conn: &mut Conn,
    directory: &mut Directory,
    found: Vec<PlanDevice>,
    of: &Holders,
) -> Result<(), StoreError> {
    let (mut groups, mut values) = belongings(conn, (MemberKind::Device, HolderKind::Device), of).await?;
    for device in found {
        let id = device.id.as_uuid();
        let custom = values.remove(&id).unwrap_or_default();
        let entry = DeviceEntry {
            state: device.state,
            platform: device.platform,
            owner: device.owner_id,
            enrolment: device.enrolment_id,
            management_generation: device.management_generation.unwrap_or(0),
            trusted: !device.unconfirmed.unwrap_or(false),
            last_seen: device.last_contact_at,
            values: device_values(&device, custom),
            memberships: groups.remove(&id).unwrap_or_default(),
        };
        directory.devices.insert(device.id, entry);
    }
    Ok(())
}

fn user_values(user: &PlanUser, mut values: Values) -> Values {
    let known = [
        (Variable::UserName, Some(user.user_name.as_str())),
        (Variable::UserPrincipalName, user.upn.as_deref()),
        (Variable::EmailAddress, user.email.as_deref()),
        (Variable::DisplayName, Some(user.display_name.as_str())),
        (Variable::OnPremDistinguishedName, user.on_prem_dn.as_deref()),
        (Variable::OnPremisesSamAccountName, user.sam_account_name.as_deref()),
        (Variable::OnPremisesSecurityIdentifier, user.sid.as_deref()),
    ];
    add_known(&mut values, known);
    values
}

fn device_values(device: &PlanDevice, mut values: Values) -> Values {
    let id = device.id.to_string();
    let known = [
        (Variable::DeviceId, Some(id.as_str())),
        (Variable::DeviceName, Some(device.name.as_str())),
        (Variable::SerialNumber, device.serial_number.as_deref()),
        (Variable::ImeiNumber, device.imei.as_deref()),
        (Variable::Meid, device.meid.as_deref()),
        (Variable::WifiMacAddress, device.wifi_mac.as_deref()),
        (Variable::FullyQualifiedDomainName, device.fqdn.as_deref()),
    ];
    add_known(&mut values, known);
    values
}

fn add_known<const N: usize>(values: &mut Values, known: [(Variable, Option<&str>); N]) {
    let given = known.into_iter().filter_map(|(variable, value)| Some((variable, value?.to_owned())));
    values.extend(given.filter(|(_, value)| !value.is_empty()));
}
