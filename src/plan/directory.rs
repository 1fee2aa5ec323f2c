//! The part of the directory that a plan looks at: profiles, assignments, groups, users and devices, as they stand
//! and as they stood. A snapshot may hold a part of the whole; the plan says nothing about whom it doesn't hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use certporter_model::assignment::AssignmentMode;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::platform::Platform;
use certporter_model::profile::Profile;
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, EnrolmentId, GroupId, ProfileId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Since when something holds, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment at which it doesn't hold any more.
    pub until: Option<Timestamp>,
}

impl Span {
    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// When certificates that exist follow an edit that changes what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reissue {
    /// At once.
    Now,
    /// When they are renewed anyway.
    AtRenewal,
}

/// A profile in its current version.
#[derive(Debug, Clone)]
pub struct ProfileEntry {
    /// The current version, parsed.
    pub profile: Arc<Profile>,
    /// Its number.
    pub version: i64,
    /// Whether the profile was deleted.
    pub deleted: bool,
    /// When certificates of earlier versions follow this one, as was chosen when it was saved.
    pub on_edit: Reissue,
    /// When certificates follow a changed attribute.
    pub on_attribute_change: Reissue,
}

/// A profile assigned to a group.
#[derive(Debug, Clone, Copy)]
pub struct Assigned {
    /// The profile.
    pub profile: ProfileId,
    /// The group.
    pub group: GroupId,
    /// Whether it brings or bars.
    pub mode: AssignmentMode,
    /// Since and until when.
    pub span: Span,
}

/// A membership in a group.
#[derive(Debug, Clone, Copy)]
pub struct Membership {
    /// In which group.
    pub group: GroupId,
    /// Since and until when.
    pub span: Span,
}

/// Values of variables.
pub type Values = BTreeMap<Variable, String>;

/// A user.
#[derive(Debug, Clone)]
pub struct UserEntry {
    /// Whether the user holds certificates.
    pub state: UserState,
    /// Values of the user's variables, custom ones included. What is empty or unknown is absent.
    pub values: Values,
    /// Groups that the user is or was in directly.
    pub memberships: Vec<Membership>,
    /// Devices that were the user's and are not any more.
    pub former_devices: Vec<FormerDevice>,
}

/// A device that went from a user to another, or to nobody.
#[derive(Debug, Clone, Copy)]
pub struct FormerDevice {
    /// The device; it has to be in the snapshot only if its groups are to explain an end.
    pub device: DeviceId,
    /// While it was the user's.
    pub span: Span,
}

/// A device.
#[derive(Debug, Clone)]
pub struct DeviceEntry {
    /// Where it is in its life.
    pub state: DeviceState,
    /// Its operating system.
    pub platform: Platform,
    /// Whose it is; nobody's if it is shared.
    pub owner: Option<UserId>,
    /// Its present enrolment, or its last.
    pub enrolment: Option<EnrolmentId>,
    /// Counts the management certificates of the enrolment: an envelope is sealed for one of them.
    pub management_generation: i64,
    /// Whether it may get a key that other devices have too. One that enrolled with a code from staff gets none until
    /// its person confirms it.
    pub trusted: bool,
    /// When it was last in contact.
    pub last_seen: Option<Timestamp>,
    /// Values of the device's variables, custom ones included.
    pub values: Values,
    /// Groups that the device is or was in directly.
    pub memberships: Vec<Membership>,
}

/// A snapshot. Whoever makes it puts in, for each holder in question, the device with its owner, or the user with
/// all devices; every group's own memberships; and every assignment of the profiles in it, ended ones included.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Profiles.
    pub profiles: BTreeMap<ProfileId, ProfileEntry>,
    /// Assignments.
    pub assignments: Vec<Assigned>,
    /// The groups that a group is or was itself a member of.
    pub nesting: BTreeMap<GroupId, Vec<Membership>>,
    /// Users.
    pub users: BTreeMap<UserId, UserEntry>,
    /// Devices.
    pub devices: BTreeMap<DeviceId, DeviceEntry>,
}
