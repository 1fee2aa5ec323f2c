//! Memberships out of a file: who joins which group, and who leaves it.

use std::collections::{HashMap, HashSet};

use certporter_model::assignment::{MemberKind, Source};
use certporter_model::{DeviceId, GroupId, MembershipId, Timestamp, UserId};
use uuid::Uuid;

use super::super::error::ServiceError;
use super::super::portal::Portal;
use super::super::replan::Touched;
use super::found::{Cells, ImportCounts, RowError, Rows};
use super::machines::people;
use super::parts::parts;
use super::table::Table;
use crate::store::devices::{self, KnownBy};
use crate::store::memberships::{self, Member, Membership};
use crate::store::{Conn, StoreError, WriteTx, fold, groups};

/// What a file would do to memberships.
#[derive(Default)]
pub(super) struct Found {
    pub(super) errors: Vec<RowError>,
    joins: Vec<(u32, GroupId, Member)>,
    leaves: Vec<(GroupId, Member)>,
    unchanged: u32,
    /// Whose the devices are that are named.
    owners: HashMap<Uuid, Uuid>,
    /// Groups that rows put into others or take out, with everything within them: rows about these belong together.
    moved: HashSet<Uuid>,
}

/// What is known of the groups and members that the file names.
struct Known {
    groups: HashMap<String, GroupId>,
    people: HashMap<String, Uuid>,
    /// More than one where a name is not unique.
    machines: HashMap<String, Vec<Uuid>>,
    open: HashMap<(GroupId, Member), MembershipId>,
    owners: HashMap<Uuid, Uuid>,
}

impl Known {
    async fn of(conn: &mut Conn, rows: &[Cells<'_>]) -> Result<Self, StoreError> {
        let mut names: Vec<String> = rows.iter().map(|row| fold(row.text("group"))).collect();
        let kind_is = |row: &&Cells<'_>, kind: MemberKind| kind_of(**row) == Some(kind);
        let of = |kind| rows.iter().filter(move |row| kind_is(row, kind)).map(|row| row.text("member"));
        names.extend(of(MemberKind::Group).map(fold));
        names.sort();
        names.dedup();
        let found = groups::by_names(conn, &names).await?;
        let keys: Vec<String> = of(MemberKind::User).map(fold).collect();
        let people: HashMap<String, Uuid> =
            people(conn, &keys).await?.into_iter().map(|(key, id)| (key, id.as_uuid())).collect();
        let texts: Vec<String> = of(MemberKind::Device).map(str::to_owned).collect();
        let mut machines: HashMap<String, Vec<Uuid>> = HashMap::new();
        let mut owners = HashMap::new();
        for device in devices::known_by(conn, KnownBy::SerialNumber, &texts).await? {
            owners.extend(device.owner_id.map(|owner| (device.id.as_uuid(), owner.as_uuid())));
            let serial = device.serial_number.as_ref().map(ToString::to_string).unwrap_or_default();
            machines.entry(serial).or_default().push(device.id.as_uuid());
        }
        for device in devices::known_by(conn, KnownBy::Name, &texts).await? {
            owners.extend(device.owner_id.map(|owner| (device.id.as_uuid(), owner.as_uuid())));
            let ids = machines.entry(device.name.to_string()).or_default();
            if !ids.contains(&device.id.as_uuid()) {
                ids.push(device.id.as_uuid());
            }
        }
        let groups: HashMap<String, GroupId> =
            found.into_iter().map(|group| (fold(group.name.as_str()), group.id)).collect();
        let mut open = HashMap::new();
        let members = [
            (MemberKind::User, people.values().copied().collect::<Vec<_>>()),
            (MemberKind::Device, machines.values().flatten().copied().collect()),
            (MemberKind::Group, groups.values().map(|id| id.as_uuid()).collect()),
        ];
        for (kind, ids) in members {
            for row in memberships::open_of(conn, kind, &ids).await? {
                open.insert((row.group_id, row.member()), row.id);
            }
        }
        Ok(Self { groups, people, machines, open, owners })
    }

    /// The member that a row names, or the column that is wrong and why.
    fn member(&self, row: Cells<'_>, kind: MemberKind) -> Result<Member, String> {
        let text = row.text("member");
        let id = match kind {
            MemberKind::User => self
                .people
                .get(&fold(text))
                .copied()
                .ok_or("there is no user of this name: import users first, or say which kind it is")?,
            MemberKind::Group => self
                .groups
                .get(&fold(text))
                .map(|id| id.as_uuid())
                .ok_or("there is no group of this name: create it first")?,
            MemberKind::Device => match self.machines.get(text).map(Vec::as_slice) {
                Some([id]) => *id,
                Some([_, ..]) => {
                    return Err("several devices are called so: give the serial number".to_owned());
                }
                _ => return Err("there is no device of this name or serial number".to_owned()),
            },
        };
        Ok(Member { kind, id })
    }
}

/// What kind of member a row names; none when it is no such word.
fn kind_of(row: Cells<'_>) -> Option<MemberKind> {
    match row.text("kind").to_lowercase().as_str() {
        "" => Some(MemberKind::User),
        word => word.parse().ok(),
    }
}

impl Found {
    /// Compares the file with what is known. Reads only.
    pub(super) async fn of(conn: &mut Conn, table: &Table) -> Result<Self, StoreError> {
        let mut rows = Rows::new(table);
        let whole = rows.whole();
        let known = Known::of(conn, &whole).await?;
        let mut found = Self::default();
        let mut seen = HashMap::new();
        for row in whole {
            found.add(row, &known, &mut rows, &mut seen);
        }
        found.look_for_circles(conn, &mut rows).await?;
        found.moved = found.within_moved(conn).await?;
        found.owners = known.owners;
        found.errors = rows.into_errors();
        Ok(found)
    }

    fn add(
        &mut self,
        row: Cells<'_>,
        known: &Known,
        rows: &mut Rows<'_>,
        seen: &mut HashMap<(GroupId, Member), u32>,
    ) {
        let line = row.line();
        let joins = match row.text("action").to_lowercase().as_str() {
            "" | "add" => true,
            "remove" => false,
            _ => return rows.wrong(line, "action", "is add or remove"),
        };
        let Some(kind) = kind_of(row) else {
            return rows.wrong(line, "kind", "is user, device or group");
        };
        let group = known.groups.get(&fold(row.text("group"))).copied();
        if group.is_none() {
            rows.wrong(line, "group", "there is no group of this name: create it first");
        }
        let member = match known.member(row, kind) {
            Ok(member) => member,
            Err(message) => return rows.wrong(line, "member", message),
        };
        let Some(group) = group else { return };
        if let Some(first) = seen.insert((group, member), line) {
            return rows.wrong(line, "member", format!("the same group and member are in line {first} too"));
        }
        match (joins, known.open.contains_key(&(group, member))) {
            (true, false) => self.joins.push((line, group, member)),
            (false, true) => self.leaves.push((group, member)),
            _ => self.unchanged += 1,
        }
    }

    /// Groups can't be in a circle. One that only the rows together make is found when it is carried out.
    async fn look_for_circles(&self, conn: &mut Conn, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        for (line, group, member) in &self.joins {
            if member.kind == MemberKind::Group
                && groups::within(conn, &[GroupId::from_uuid(member.id)]).await?.contains(group)
            {
                rows.wrong(*line, "member", "this group contains the other one: groups can't be in a circle");
            }
        }
        Ok(())
    }

    /// The groups that are put into others or taken out, and whoever is in these now.
    async fn within_moved(&self, conn: &mut Conn) -> Result<HashSet<Uuid>, StoreError> {
        let members =
            self.joins.iter().map(|(_, _, member)| member).chain(self.leaves.iter().map(|(_, it)| it));
        let moved = members.filter(|member| member.kind == MemberKind::Group);
        let moved: Vec<GroupId> = moved.map(|member| GroupId::from_uuid(member.id)).collect();
        if moved.is_empty() {
            return Ok(HashSet::new());
        }
        let groups = groups::within(conn, &moved).await?;
        let mut within: HashSet<Uuid> = moved.iter().chain(&groups).map(|id| id.as_uuid()).collect();
        let mut machines = Vec::new();
        for member in memberships::members_within(conn, &moved).await? {
            within.insert(member.id);
            if member.kind == MemberKind::Device {
                machines.push(DeviceId::from_uuid(member.id));
            }
        }
        for some in machines.chunks(1000) {
            let owners = devices::by_ids(conn, some).await?.into_iter().filter_map(|device| device.owner_id);
            within.extend(owners.map(UserId::as_uuid));
        }
        Ok(within)
    }

    /// Whether anything can follow from it.
    pub(super) fn touches(&self) -> bool {
        !(self.joins.is_empty() && self.leaves.is_empty())
    }

    /// In parts: everything about one person and their devices is together, and so is everything about groups that
    /// are put into others or taken out.
    pub(super) fn parts(self) -> Vec<Self> {
        let Self { joins, leaves, owners, moved, .. } = self;
        let joins = joins.into_iter().map(|(line, group, member)| (Some(line), group, member));
        let rows = joins.chain(leaves.into_iter().map(|(group, member)| (None, group, member))).collect();
        let keys = |(_, group, member): &(Option<u32>, GroupId, Member)| {
            let whose = owners.get(&member.id).copied();
            let all = [Some(group.as_uuid()), Some(member.id), whose];
            let is_moved = all.iter().flatten().any(|id| moved.contains(id));
            let moving = is_moved || member.kind == MemberKind::Group;
            [Some(member.id), whose, moving.then(Uuid::nil)].into_iter().flatten().collect::<Vec<Uuid>>()
        };
        let part = |rows: Vec<(Option<u32>, GroupId, Member)>| {
            let mut part = Self::default();
            for (line, group, member) in rows {
                match line {
                    Some(line) => part.joins.push((line, group, member)),
                    None => part.leaves.push((group, member)),
                }
            }
            part
        };
        parts(rows, keys).into_iter().map(part).collect()
    }

    pub(super) fn counts(&self) -> ImportCounts {
        let count = |length| u32::try_from(length).unwrap_or(u32::MAX);
        ImportCounts {
            created: count(self.joins.len()),
            updated: 0,
            removed: count(self.leaves.len()),
            unchanged: self.unchanged,
        }
    }

    /// Writes it.
    pub(super) async fn apply(
        self,
        portal: &Portal,
        tx: &mut WriteTx,
        now: Timestamp,
    ) -> Result<Touched, ServiceError> {
        let mut touched = Touched::default();
        let mut joining = Vec::new();
        for (line, group, member) in self.joins {
            let row = Membership {
                id: MembershipId::new(now, portal.octets()),
                group_id: group,
                member_kind: member.kind,
                member_id: member.id,
                source: Source::Import,
                valid_from: now,
                valid_until: None,
            };
            if member.kind == MemberKind::Group {
                memberships::insert(tx, &row).await.map_err(|error| circle(error, line))?;
            } else {
                joining.push(row);
            }
            touched.add(Touched::member(tx, member).await?);
        }
        memberships::insert_all(tx, &joining).await?;
        for (group, member) in self.leaves {
            touched.add(Touched::member(tx, member).await?);
            memberships::end(tx, group, member, now).await?;
        }
        Ok(touched)
    }
}

fn circle(error: StoreError, line: u32) -> ServiceError {
    if error.is_conflict("memberships_circle") {
        ServiceError::conflict(format!(
            "line {line}: with the other rows of the file, groups would be in a circle"
        ))
    } else {
        error.into()
    }
}
