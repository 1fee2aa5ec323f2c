//! Users, groups within groups, devices and whose they are.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::assignment::Source;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::hardware::HardwareSerial;
use certporter_model::identity::{Email, Upn};
use certporter_model::ids::{DeviceId, GroupId, MembershipId, UserId};
use certporter_model::platform::Platform;
use certporter_model::text::Name;

use super::people::{DEPARTMENTS, person, pick};
use super::{Fleet, GenerateError};
use crate::random::{Random, SeededRandom, below, octets};
use crate::store::device_owners::Ownership;
use crate::store::devices::Device;
use crate::store::groups::Group;
use crate::store::memberships::{Member, Membership};
use crate::store::users::User;
use crate::store::{Result, WriteTx, insert_all};

const DAY: Duration = Duration::from_secs(86_400);
/// Teams in each department.
const TEAMS: usize = 6;
/// Of so many devices one is shared.
const SHARED: u64 = 20;

/// People and things, drawn but not written yet.
pub(super) struct Organisation {
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) devices: Vec<Device>,
    memberships: Vec<Membership>,
    by_id: HashMap<UserId, usize>,
}

impl Organisation {
    pub(super) fn draw(fleet: &Fleet, random: &SeededRandom) -> Result<Self, GenerateError> {
        let start = fleet.at.minus(DAY * 900);
        let mut it = Self {
            users: Vec::new(),
            groups: Vec::new(),
            devices: Vec::new(),
            memberships: Vec::new(),
            by_id: HashMap::new(),
        };
        it.draw_groups(random, start)?;
        it.draw_users(fleet, random)?;
        it.draw_devices(fleet, random)?;
        Ok(it)
    }

    /// Everybody, and the shared devices, are in this group, most of them through others.
    pub(super) fn everybody(&self) -> GroupId {
        self.groups[0].id
    }

    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.by_id.get(&id).and_then(|&index| self.users.get(index))
    }

    fn draw_groups(&mut self, random: &SeededRandom, at: Timestamp) -> Result<(), GenerateError> {
        self.add_group(random, at, "Everybody", None)?;
        self.add_group(random, at, "Shared devices", Some(0))?;
        for department in DEPARTMENTS {
            let parent = self.groups.len();
            self.add_group(random, at, department, Some(0))?;
            for team in 1..=TEAMS {
                self.add_group(random, at, &format!("{department}: team {team}"), Some(parent))?;
            }
        }
        Ok(())
    }

    fn add_group(
        &mut self,
        random: &dyn Random,
        at: Timestamp,
        name: &str,
        parent: Option<usize>,
    ) -> Result<(), GenerateError> {
        let group = Group {
            id: GroupId::new(at, octets(random)),
            source: Source::Import,
            external_id: None,
            name: Name::parse(name)?,
            description: String::new(),
            version: 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        };
        if let Some(parent) = parent {
            let parent = self.groups[parent].id;
            self.join(random, at, parent, group.id.into());
        }
        self.groups.push(group);
        Ok(())
    }

    fn join(&mut self, random: &dyn Random, at: Timestamp, group: GroupId, member: Member) {
        self.memberships.push(Membership {
            id: MembershipId::new(at, octets(random)),
            group_id: group,
            member_kind: member.kind,
            member_id: member.id,
            source: Source::Import,
            valid_from: at,
            valid_until: None,
        });
    }

    fn draw_users(&mut self, fleet: &Fleet, random: &SeededRandom) -> Result<(), GenerateError> {
        let teams: Vec<usize> = (2..self.groups.len()).filter(|g| (g - 2) % (TEAMS + 1) != 0).collect();
        for number in 0..fleet.users {
            let at = moment(random, fleet.at, 890, 400);
            let (display_name, ascii) = person(random);
            let account = format!("{ascii}.{number}");
            let address = format!("{account}@example.org");
            let user = User {
                id: UserId::new(at, octets(random)),
                source: Source::Import,
                external_id: Some(format!("person-{number}")),
                user_name: Name::parse(&account)?,
                upn: Some(Upn::parse(&address)?),
                email: Some(Email::parse(&address)?),
                display_name: Name::parse(&display_name)?,
                on_prem_dn: None,
                sam_account_name: Some(format!("u{number:07}")),
                sid: None,
                state: UserState::Enabled,
                blocked_at: None,
                version: 1,
                created_at: at,
                updated_at: at,
                deleted_at: None,
                erased_at: None,
            };
            let team = self.groups[pick(random, &teams)].id;
            self.join(random, at, team, user.id.into());
            self.by_id.insert(user.id, self.users.len());
            self.users.push(user);
        }
        Ok(())
    }

    fn draw_devices(&mut self, fleet: &Fleet, random: &SeededRandom) -> Result<(), GenerateError> {
        for number in 0..fleet.devices {
            let at = moment(random, fleet.at, 390, 200);
            let shared = below(random, SHARED) == 0;
            // Everybody has one before somebody has two.
            let owner = if number < fleet.users {
                usize::try_from(number).unwrap_or(0)
            } else {
                usize::try_from(below(random, u64::from(fleet.users))).unwrap_or(0)
            };
            let owner = if shared { None } else { self.users.get(owner).map(|user| user.id) };
            let state = match below(random, 50) {
                0 => DeviceState::Registered,
                1 => DeviceState::Retired,
                _ => DeviceState::Enrolled,
            };
            let platform =
                pick(random, &[Platform::Windows, Platform::Linux, Platform::Macos, Platform::Ios]);
            let device = Device {
                id: DeviceId::new(at, octets(random)),
                source: Source::Import,
                external_id: Some(format!("device-{number}")),
                name: Name::parse(&format!("{platform}-{number:06}"))?,
                platform,
                serial_number: Some(HardwareSerial::parse(&format!("SN{:08X}", below(random, 1 << 32)))?),
                imei: None,
                meid: None,
                wifi_mac: None,
                fqdn: None,
                state,
                state_changed_at: at,
                owner_id: owner,
                last_contact_at: (state == DeviceState::Enrolled).then(|| moment(random, fleet.at, 3, 0)),
                version: 1,
                created_at: at,
                updated_at: at,
                deleted_at: None,
            };
            if shared {
                let group = self.groups[1].id;
                self.join(random, at, group, device.id.into());
            }
            self.devices.push(device);
        }
        Ok(())
    }

    pub(super) async fn insert_people(&self, tx: &mut WriteTx) -> Result<()> {
        insert_all(tx, &self.groups).await?;
        insert_all(tx, &self.users).await?;
        insert_all(tx, &self.memberships).await
    }

    pub(super) async fn insert_devices(&self, tx: &mut WriteTx, devices: Range<usize>) -> Result<()> {
        let devices = &self.devices[devices];
        insert_all(tx, devices).await?;
        let owners = devices.iter().filter_map(|device| {
            let user_id = device.owner_id?;
            let (device_id, valid_from) = (device.id, device.created_at);
            Some(Ownership { device_id, user_id, valid_from, valid_until: None })
        });
        insert_all(tx, &owners.collect::<Vec<_>>()).await
    }
}

/// A moment between so many days before and so many.
pub(super) fn moment(random: &dyn Random, now: Timestamp, earliest: u64, latest: u64) -> Timestamp {
    let span = (earliest - latest).saturating_mul(86_400_000);
    now.minus(Duration::from_millis(latest * 86_400_000 + below(random, span.max(1))))
}
