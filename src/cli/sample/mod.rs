//! `certporter sample`: fills an empty installation with an invented organisation, to try things out on.

mod people;
mod profiles;

use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::assignment::{AssignmentMode, Source};
use certporter_model::device::UserState;
use certporter_model::hardware::{HardwareSerial, MacAddress};
use certporter_model::identity::{Email, Sid, Upn};
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::text::Name;
use certporter_model::{
    AssignmentId, DeviceId, GroupId, MembershipId, ParseError, ProfileId, Timestamp, UserId,
};

use super::{CommandError, opening};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{RawSettings, Settings};
use crate::random::{SystemRandom, octets};
use crate::store::assignments::{self, Assignment};
use crate::store::devices::{self, Device};
use crate::store::groups::{self, Group};
use crate::store::memberships::{self, Member, Membership};
use crate::store::profiles::{self as stored_profiles, ProfileHead, ProfileVersion};
use crate::store::users::{self, User};
use crate::store::{AuditEvent, Target, WriteTx, device_owners};

/// Flags of `certporter sample`.
#[derive(Debug, clap::Args)]
pub struct SampleArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// How many people, up to 360.
    #[arg(long, value_name = "N", default_value_t = 240)]
    people: usize,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
enum SampleError {
    #[error("this installation has users already: the sample is for an empty one")]
    NotEmpty,
    #[error("--people is 1 to {0}")]
    People(usize),
}

/// Departments, each a group; the second text is the group that it belongs to.
const DEPARTMENTS: &[(&str, &str)] = &[
    ("Sales", "Staff"),
    ("Engineering", "Staff"),
    ("Buchhaltung", "Staff"),
    ("Ressources humaines", "Staff"),
    ("営業部", "Staff"),
    ("Field service", "Engineering"),
    ("Security", "Engineering"),
];

/// The platforms, by how common they are here.
const PLATFORMS: &[Platform] = &[
    Platform::Linux,
    Platform::Windows,
    Platform::Linux,
    Platform::Ios,
    Platform::Windows,
    Platform::Macos,
    Platform::Linux,
    Platform::Android,
];

/// Loads the sample, all of it in one transaction.
///
/// # Errors
/// When the installation is not empty, or can't be opened.
pub async fn run(args: SampleArgs) -> Result<(), CommandError> {
    if args.people == 0 || args.people > people::count() {
        return Err(SampleError::People(people::count()).into());
    }
    let settings = Settings::load(args.settings)?;
    let db = opening::database(&settings).await?;
    let permit = Caller::system("sample").permitted(Permission::SystemWork, &Scope::Organisation)?;
    let mut tx = db.write(&permit).await?;
    if users::exists(&mut tx).await? {
        return Err(SampleError::NotEmpty.into());
    }
    let mut loading = Loading { tx, now: SystemClock.now(), devices: 0 };
    let groups = loading.groups().await?;
    loading.people(args.people, &groups).await?;
    loading.shared_devices(&groups).await?;
    loading.profiles(&groups).await?;
    let Loading { tx, now, devices } = loading;
    let event = AuditEvent::new(now, "sample.load", Target::none("sample"));
    tx.commit(event.with("users", args.people).with("devices", devices)).await?;
    db.close().await;
    println!("{} users, {} devices, {} groups, 3 profiles", args.people, devices, groups.all.len());
    Ok(())
}

struct Groups {
    staff: GroupId,
    departments: Vec<GroupId>,
    managed: GroupId,
    all: Vec<GroupId>,
}

struct Loading {
    tx: WriteTx,
    now: Timestamp,
    devices: usize,
}

impl Loading {
    async fn groups(&mut self) -> Result<Groups, CommandError> {
        let staff = self.group("Staff", "Everybody who works here.").await?;
        let managed = self.group("Managed devices", "Devices that connect before anybody signs in.").await?;
        let mut named = vec![("Staff", staff)];
        let mut departments = Vec::new();
        for (name, parent) in DEPARTMENTS {
            let id = self.group(name, "").await?;
            let within = named.iter().find(|(other, _)| other == parent).map_or(staff, |(_, id)| *id);
            self.member(within, id.into()).await?;
            named.push((name, id));
            departments.push(id);
        }
        let all = named.iter().map(|(_, id)| *id).chain([managed]).collect();
        Ok(Groups { staff, departments, managed, all })
    }

    async fn people(&mut self, count: usize, groups: &Groups) -> Result<(), CommandError> {
        for number in 0..count {
            let person = people::person(number);
            let id = UserId::new(self.now, octets(&SystemRandom));
            let user = self.user(id, number, &person)?;
            users::insert(&mut self.tx, &user).await?;
            let department = groups.departments[number % groups.departments.len()];
            self.member(department, id.into()).await?;
            // Most people have one device, every third two, every twelfth three.
            let own = 1 + usize::from(number % 3 == 0) + usize::from(number % 12 == 0);
            for nth in 0..own {
                let platform = PLATFORMS[(number + nth * 3) % PLATFORMS.len()];
                let name = device_name(&person.user_name, platform, nth);
                let device = self.device(&name, platform, Some(id)).await?;
                if platform == Platform::Linux {
                    self.member(groups.managed, device.into()).await?;
                }
            }
        }
        Ok(())
    }

    async fn shared_devices(&mut self, groups: &Groups) -> Result<(), CommandError> {
        for number in 1..=8 {
            let device = self.device(&format!("kiosk-{number:02}"), Platform::Linux, None).await?;
            self.member(groups.managed, device.into()).await?;
        }
        Ok(())
    }

    async fn profiles(&mut self, groups: &Groups) -> Result<(), CommandError> {
        let wanted = [
            (profiles::wifi_and_vpn(), groups.staff),
            (profiles::smime(), groups.staff),
            (profiles::device(), groups.managed),
        ];
        for (draft, group) in wanted {
            let id = self.profile(draft).await?;
            let assignment = Assignment {
                id: AssignmentId::new(self.now, octets(&SystemRandom)),
                profile_id: id,
                group_id: group,
                mode: AssignmentMode::Include,
                valid_from: self.now,
                valid_until: None,
            };
            assignments::insert(&mut self.tx, &assignment).await?;
        }
        Ok(())
    }

    async fn group(&mut self, name: &str, description: &str) -> Result<GroupId, CommandError> {
        let group = Group {
            id: GroupId::new(self.now, octets(&SystemRandom)),
            source: Source::Local,
            external_id: None,
            name: Name::parse(name)?,
            description: description.to_owned(),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        groups::insert(&mut self.tx, &group).await?;
        Ok(group.id)
    }

    async fn member(&mut self, group: GroupId, member: Member) -> Result<(), CommandError> {
        let membership = Membership {
            id: MembershipId::new(self.now, octets(&SystemRandom)),
            group_id: group,
            member_kind: member.kind,
            member_id: member.id,
            source: Source::Local,
            valid_from: self.now,
            valid_until: None,
        };
        Ok(memberships::insert(&mut self.tx, &membership).await?)
    }

    fn user(&self, id: UserId, number: usize, person: &people::Person) -> Result<User, ParseError> {
        let address = format!("{}@example.org", person.user_name);
        Ok(User {
            id,
            source: Source::Local,
            external_id: None,
            user_name: Name::parse(&person.user_name)?,
            upn: Some(Upn::parse(&address)?),
            email: Some(Email::parse(&address)?),
            display_name: Name::parse(&person.display_name)?,
            on_prem_dn: None,
            sam_account_name: Some(person.user_name.chars().take(20).collect()),
            sid: Some(Sid::parse(&format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1100 + number))?),
            state: UserState::Enabled,
            blocked_at: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
            erased_at: None,
        })
    }

    async fn device(
        &mut self,
        name: &str,
        platform: Platform,
        owner: Option<UserId>,
    ) -> Result<DeviceId, CommandError> {
        self.devices += 1;
        let number = self.devices;
        let id = DeviceId::new(self.now, octets(&SystemRandom));
        let device = Device {
            serial_number: Some(HardwareSerial::parse(&format!("EX{number:08}"))?),
            wifi_mac: Some(MacAddress::parse(&format!("02005e{number:06x}"))?),
            ..Device::registered(id, Name::parse(name)?, platform, self.now)
        };
        devices::insert(&mut self.tx, &device).await?;
        if owner.is_some() {
            device_owners::hand_over(&mut self.tx, device.id, owner, self.now).await?;
        }
        Ok(device.id)
    }

    async fn profile(&mut self, draft: ProfileDraft) -> Result<ProfileId, CommandError> {
        let profile = Profile::parse(draft)?;
        let head = ProfileHead {
            id: ProfileId::new(self.now, octets(&SystemRandom)),
            name: profile.name().clone(),
            current_version: 1,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
            deleted_at: None,
        };
        let version = ProfileVersion {
            profile_id: head.id,
            version: 1,
            body: profile,
            on_edit: "now".to_owned(),
            on_attribute_change: "now".to_owned(),
            created_by: "sample".to_owned(),
            created_at: self.now,
        };
        stored_profiles::insert(&mut self.tx, &head, &version).await?;
        Ok(head.id)
    }
}

fn device_name(user_name: &str, platform: Platform, nth: usize) -> String {
    let kind = match platform {
        Platform::Linux | Platform::Windows => "laptop",
        Platform::Macos => "macbook",
        Platform::Ios => "iphone",
        Platform::Android => "phone",
        Platform::Other => "device",
    };
    let first = user_name.split('.').next().unwrap_or(user_name);
    if nth == 0 { format!("{first}-{kind}") } else { format!("{first}-{kind}-{}", nth + 1) }
}
