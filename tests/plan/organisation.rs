//! Who and what is in the simulated organisation.

use std::sync::Arc;

use certporter::plan::directory::{
    Assigned, DeviceEntry, FormerDevice, Membership, ProfileEntry, Reissue, Span, UserEntry, Values,
};
use certporter_model::assignment::AssignmentMode;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::platform::Platform;
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, EnrolmentId, GroupId, ProfileId, Timestamp, UserId};

use super::world::World;

/// Wi-Fi and VPN of a person on each device; the key is destroyed once it is sealed.
pub(super) const NETWORK: &str = r#"{"name":"Network","platforms":["linux","windows"],"subject_type":"user",
    "key_scope":"device","subject":"CN={{UserName}},OU={{DeviceName}}","key_algorithm":"ec-p256",
    "subject_alternative_names":[{"kind":"upn","value":"{{UserPrincipalName}}"}],
    "key_usage":{"digital_signature":true},"extended_key_usages":["1.3.6.1.5.5.7.3.2"],
    "validity_days":90,"renewal_threshold_percent":20,"features":["wifi","vpn"],"escrow":"none"}"#;

/// A device's own; the key is destroyed once it is installed.
pub(super) const DEVICE: &str = r#"{"name":"Device","platforms":["linux","windows","macos"],
    "subject_type":"device","key_scope":"device","subject":"CN={{DeviceName}}","key_algorithm":"ec-p256",
    "key_usage":{"digital_signature":true},"extended_key_usages":["1.3.6.1.5.5.7.3.2"],
    "validity_days":365,"renewal_threshold_percent":10,"features":["general"],"escrow":"until_delivered"}"#;

/// S/MIME encryption, with its history on every device.
pub(super) const MAIL: &str = r#"{"name":"Mail","platforms":["linux","windows","macos"],"subject_type":"user",
    "key_scope":"user","subject":"CN={{UserName}}","key_algorithm":"rsa-2048",
    "subject_alternative_names":[{"kind":"email","value":"{{EmailAddress}}"}],
    "key_usage":{"key_encipherment":true},"extended_key_usages":["1.3.6.1.5.5.7.3.4"],
    "validity_days":200,"renewal_threshold_percent":25,"features":["email"],"escrow":"retained",
    "deliver_history":true}"#;

/// S/MIME signing with one key for all of a user's devices, kept on renewal.
pub(super) const SIGNING: &str = r#"{"name":"Signing","platforms":["linux","windows"],"subject_type":"user",
    "key_scope":"user","subject":"CN={{UserName}}","key_algorithm":"ec-p256",
    "key_usage":{"digital_signature":true},"extended_key_usages":["1.3.6.1.5.5.7.3.4"],
    "validity_days":60,"renewal_threshold_percent":30,"features":["email","general"],"escrow":"retained",
    "keep_key_on_renewal":true}"#;

impl World {
    pub(super) fn profile(&mut self, draft: &str) -> ProfileId {
        let id = ProfileId::new(self.now, self.next());
        let draft: ProfileDraft = serde_json::from_str(draft).unwrap();
        let entry = ProfileEntry {
            profile: Arc::new(Profile::parse(draft).unwrap()),
            version: 1,
            deleted: false,
            on_edit: Reissue::Now,
            on_attribute_change: Reissue::Now,
        };
        self.directory.profiles.insert(id, entry);
        id
    }

    /// Saves a new version. False if it isn't right: then nothing changes.
    pub(super) fn edit(
        &mut self,
        id: ProfileId,
        on_edit: Reissue,
        change: impl FnOnce(&mut ProfileDraft),
    ) -> bool {
        let entry = self.directory.profiles.get_mut(&id).unwrap();
        let mut draft = ProfileDraft::from(entry.profile.as_ref().clone());
        change(&mut draft);
        let Ok(profile) = Profile::parse(draft) else { return false };
        entry.profile = Arc::new(profile);
        entry.version += 1;
        entry.on_edit = on_edit;
        true
    }

    pub(super) fn group(&mut self) -> GroupId {
        GroupId::new(self.now, self.next())
    }

    pub(super) fn assign(&mut self, profile: ProfileId, group: GroupId, mode: AssignmentMode) {
        let span = Span { from: self.now, until: None };
        self.directory.assignments.push(Assigned { profile, group, mode, span });
    }

    pub(super) fn unassign(&mut self, profile: ProfileId, group: GroupId) {
        let now = self.now;
        let open = |a: &&mut Assigned| a.profile == profile && a.group == group && a.span.holds(now);
        self.directory.assignments.iter_mut().filter(open).for_each(|a| a.span.until = Some(now));
    }

    pub(super) fn user(&mut self, name: &str) -> UserId {
        let id = UserId::new(self.now, self.next());
        let values = Values::from([
            (Variable::UserName, name.to_owned()),
            (Variable::UserPrincipalName, format!("{name}@example.org")),
            (Variable::EmailAddress, format!("{name}@example.org")),
        ]);
        let entry = UserEntry {
            state: UserState::Enabled,
            values,
            memberships: Vec::new(),
            former_devices: Vec::new(),
        };
        self.directory.users.insert(id, entry);
        id
    }

    pub(super) fn add_device(&mut self, name: &str, owner: Option<UserId>) -> DeviceId {
        let id = DeviceId::new(self.now, self.next());
        let enrolment = EnrolmentId::new(self.now, self.next());
        let entry = DeviceEntry {
            state: DeviceState::Enrolled,
            platform: Platform::Linux,
            owner,
            enrolment: Some(enrolment),
            management_generation: 1,
            trusted: true,
            last_seen: Some(self.now),
            values: Values::from([(Variable::DeviceName, name.to_owned())]),
            memberships: Vec::new(),
        };
        self.directory.devices.insert(id, entry);
        id
    }

    pub(super) fn enrol_again(&mut self, id: DeviceId) {
        let enrolment = EnrolmentId::new(self.now, self.next());
        let now = self.now;
        let device = self.device(id);
        device.state = device.state.to(DeviceState::Enrolled).unwrap();
        device.enrolment = Some(enrolment);
        device.management_generation = 1;
        device.last_seen = Some(now);
    }

    pub(super) fn hand_over(&mut self, id: DeviceId, owner: Option<UserId>) {
        let now = self.now;
        let before = std::mem::replace(&mut self.device(id).owner, owner);
        if let Some(user) = before.filter(|_| before != owner) {
            let span = Span { from: Timestamp::default(), until: Some(now) };
            let former = FormerDevice { device: id, span };
            self.directory.users.get_mut(&user).unwrap().former_devices.push(former);
        }
    }

    pub(super) fn memberships(&mut self, member: Member) -> &mut Vec<Membership> {
        match member {
            Member::User(id) => &mut self.directory.users.get_mut(&id).unwrap().memberships,
            Member::Device(id) => &mut self.directory.devices.get_mut(&id).unwrap().memberships,
            Member::Group(id) => self.directory.nesting.entry(id).or_default(),
        }
    }

    pub(super) fn join(&mut self, member: Member, group: GroupId) {
        let span = Span { from: self.now, until: None };
        let now = self.now;
        let memberships = self.memberships(member);
        if !memberships.iter().any(|m| m.group == group && m.span.holds(now)) {
            memberships.push(Membership { group, span });
        }
    }

    pub(super) fn leave(&mut self, member: Member, group: GroupId) {
        let now = self.now;
        let open = |m: &&mut Membership| m.group == group && m.span.holds(now);
        self.memberships(member).iter_mut().filter(open).for_each(|m| m.span.until = Some(now));
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Member {
    User(UserId),
    Device(DeviceId),
    Group(GroupId),
}
