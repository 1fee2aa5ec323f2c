//! The part of the directory that these holders' plan looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certporter_model::assignment::{HolderKind, MemberKind};
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, GroupId, ProfileId, UserId};
use uuid::Uuid;

use super::whom::split;
use crate::plan::Holder;
use crate::plan::directory::{
    Assigned, DeviceEntry, Directory, FormerDevice, Membership, ProfileEntry, Reissue, Span, UserEntry,
    Values,
};
use crate::store::devices::Device;
use crate::store::planning::directory::{self as reading, LatestEnrolment};
use crate::store::users::User;
use crate::store::{Conn, StoreError, assignments, custom_attributes, devices, memberships, profiles, users};

/// Reads it.
pub(super) async fn of(conn: &mut Conn, holders: &BTreeSet<Holder>) -> Result<Directory, StoreError> {
    let (mut user_ids, device_ids) = split(holders);
    let mut found = devices::by_ids(conn, &device_ids).await?;
    // For a user-scoped certificate all of the user's devices count, those that were theirs too.
    let former = reading::former_devices(conn, &user_ids).await?;
    found.extend(devices::of_owners(conn, &user_ids).await?);
    let gone: Vec<DeviceId> = former.iter().map(|ownership| ownership.device_id).collect();
    found.extend(devices::by_ids(conn, &gone).await?);
    found.sort_by_key(|device| device.id);
    found.dedup_by_key(|device| device.id);
    // For a device, its owner counts.
    user_ids.extend(found.iter().filter_map(|device| device.owner_id));
    user_ids.sort();
    user_ids.dedup();
    let mut directory = Directory {
        profiles: profile_entries(conn).await?,
        assignments: assigned(conn).await?,
        nesting: nesting(conn).await?,
        ..Directory::default()
    };
    add_users(conn, &mut directory, &user_ids).await?;
    for ownership in former {
        if let (Some(user), Some(until)) =
            (directory.users.get_mut(&ownership.user_id), ownership.valid_until)
        {
            let span = Span { from: ownership.valid_from, until: Some(until) };
            user.former_devices.push(FormerDevice { device: ownership.device_id, span });
        }
    }
    add_devices(conn, &mut directory, found).await?;
    Ok(directory)
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
    for it in reading::nesting(conn).await? {
        nesting.entry(GroupId::from_uuid(it.member_id)).or_default().push(membership(&it));
    }
    Ok(nesting)
}

fn membership(it: &memberships::Membership) -> Membership {
    Membership { group: it.group_id, span: Span { from: it.valid_from, until: it.valid_until } }
}

/// What these users or devices bring along: memberships and custom attributes.
async fn belongings(
    conn: &mut Conn,
    (member, holder): (MemberKind, HolderKind),
    ids: &[Uuid],
) -> Result<(BTreeMap<Uuid, Vec<Membership>>, BTreeMap<Uuid, Values>), StoreError> {
    let mut groups: BTreeMap<Uuid, Vec<Membership>> = BTreeMap::new();
    let mut values: BTreeMap<Uuid, Values> = BTreeMap::new();
    for chunk in ids.chunks(1000) {
        for it in reading::memberships(conn, member, chunk).await? {
            groups.entry(it.member_id).or_default().push(membership(&it));
        }
        for it in custom_attributes::of(conn, holder, chunk).await? {
            values.entry(it.owner_id).or_default().insert(Variable::Custom(it.name), it.value);
        }
    }
    Ok((groups, values))
}

async fn add_users(conn: &mut Conn, directory: &mut Directory, ids: &[UserId]) -> Result<(), StoreError> {
    let plain: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let (mut groups, mut values) = belongings(conn, (MemberKind::User, HolderKind::User), &plain).await?;
    for chunk in ids.chunks(1000) {
        for user in users::by_ids(conn, chunk).await? {
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
    }
    Ok(())
}

async fn add_devices(
    conn: &mut Conn,
    directory: &mut Directory,
    found: Vec<Device>,
) -> Result<(), StoreError> {
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let plain: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let (mut groups, mut values) = belongings(conn, (MemberKind::Device, HolderKind::Device), &plain).await?;
    let mut enrolments: BTreeMap<DeviceId, LatestEnrolment> = BTreeMap::new();
    for chunk in ids.chunks(1000) {
        enrolments.extend(reading::enrolments(conn, chunk).await?.into_iter().map(|it| (it.device_id, it)));
    }
    for device in found {
        let id = device.id.as_uuid();
        let enrolment = enrolments.get(&device.id);
        let custom = values.remove(&id).unwrap_or_default();
        let entry = DeviceEntry {
            state: device.state,
            platform: device.platform,
            owner: device.owner_id,
            enrolment: enrolment.map(|it| it.id),
            management_generation: enrolment.map_or(0, |it| it.generation),
            trusted: enrolment.is_none_or(|it| !it.unconfirmed),
            last_seen: device.last_contact_at,
            values: device_values(&device, custom),
            memberships: groups.remove(&id).unwrap_or_default(),
        };
        directory.devices.insert(device.id, entry);
    }
    Ok(())
}

fn user_values(user: &User, mut values: Values) -> Values {
    let known = [
        (Variable::UserName, Some(user.user_name.as_str())),
        (Variable::UserPrincipalName, user.upn.as_ref().map(|upn| upn.as_str())),
        (Variable::EmailAddress, user.email.as_ref().map(|email| email.as_str())),
        (Variable::DisplayName, Some(user.display_name.as_str())),
        (Variable::OnPremDistinguishedName, user.on_prem_dn.as_deref()),
        (Variable::OnPremisesSamAccountName, user.sam_account_name.as_deref()),
        (Variable::OnPremisesSecurityIdentifier, user.sid.as_ref().map(|sid| sid.as_str())),
    ];
    add_known(&mut values, known);
    values
}

fn device_values(device: &Device, mut values: Values) -> Values {
    let id = device.id.to_string();
    let known = [
        (Variable::DeviceId, Some(id.as_str())),
        (Variable::DeviceName, Some(device.name.as_str())),
        (Variable::SerialNumber, device.serial_number.as_ref().map(|it| it.as_str())),
        (Variable::ImeiNumber, device.imei.as_ref().map(|it| it.as_str())),
        (Variable::Meid, device.meid.as_ref().map(|it| it.as_str())),
        (Variable::WifiMacAddress, device.wifi_mac.as_ref().map(|it| it.as_str())),
        (Variable::FullyQualifiedDomainName, device.fqdn.as_ref().map(|it| it.as_str())),
    ];
    add_known(&mut values, known);
    values
}

fn add_known<const N: usize>(values: &mut Values, known: [(Variable, Option<&str>); N]) {
    let given = known.into_iter().filter_map(|(variable, value)| Some((variable, value?.to_owned())));
    values.extend(given.filter(|(_, value)| !value.is_empty()));
}
