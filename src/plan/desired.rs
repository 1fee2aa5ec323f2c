//! What should be: computed from a snapshot of the directory, never stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use certporter_model::names::Names;
use certporter_model::profile::{Profile, StrongMapping, SubjectType};
use certporter_model::thumbprint::ContentDigest;
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, EnrolmentId, ProfileId, Timestamp, UserId};

use super::departure::Departure;
use super::device_wish;
use super::digest::{NamesDigest, TemplateDigest};
use super::directory::{DeviceEntry, Directory, ProfileEntry, Reissue, Values};
use super::reach::Reach;
use super::slot::{Holder, Place, Slot};
use super::user_wish;

/// What the organisation allows, whatever the profile.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a certificate may be on hold before it is revoked.
    pub hold: Duration,
    /// A certificate is renewed only while a device that shall have it was in contact within this time; one that is
    /// unseen for longer renews at its next contact.
    pub contact: Duration,
    /// So many reissues for an edit or a changed attribute are under way at a time, when there are very many.
    pub wave: usize,
    /// When so many certificates lose their good standing at once, relying parties learn of it before anything else is
    /// done about them.
    pub relying_parties_first: usize,
}

impl Default for Limits {
    /// Holds of 30 days, contact within 30 days, waves of 300, relying parties first from 100 on.
    fn default() -> Self {
        let month = Duration::from_secs(30 * 24 * 3600);
        Self { hold: month, contact: month, wave: 300, relying_parties_first: 100 }
    }
}

/// What should be in each slot of the holders in question.
#[derive(Debug)]
pub struct Desired {
    /// By slot. A slot that isn't in it is not known: the plan leaves it as it is.
    pub wishes: BTreeMap<Slot, Wish>,
    /// What the organisation allows.
    pub limits: Limits,
}

/// What should be in a slot.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A certificate with these copies.
    Wanted(Box<Wanted>),
    /// The same, but its device or user is blocked: on hold, and no copies until then.
    Held(Box<Wanted>),
    /// Nothing, and why.
    Unwanted(Parting),
}

impl Wish {
    /// Whose the slot is now, and under which enrolment.
    pub(super) fn owner_and_enrolment(&self) -> (Option<UserId>, Option<EnrolmentId>) {
        match self {
            Self::Wanted(wanted) | Self::Held(wanted) => (wanted.owner, wanted.enrolment),
            Self::Unwanted(parting) => (parting.owner, parting.enrolment),
        }
    }
}

/// Why nothing should be in a slot.
#[derive(Debug, Clone, Copy)]
pub struct Parting {
    /// The gravest cause that applies to whoever has the slot now.
    pub departure: Departure,
    /// The user, or the device's present owner: another one's certificate goes for another cause.
    pub owner: Option<UserId>,
    /// The device's present enrolment; none for user scope.
    pub enrolment: Option<EnrolmentId>,
    /// The part of the cause that lies in the device itself, whoever owns it.
    pub of_device: Option<Departure>,
}

/// A certificate that should be there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The profile in its current version.
    pub profile: Arc<Profile>,
    /// The version's number.
    pub version: i64,
    /// Its names, or why they can't be rendered yet; several of a holder's certificates share them.
    pub names: Arc<Names>,
    /// What it depends on.
    pub digest: ContentDigest,
    /// The user, or the device's owner.
    pub owner: Option<UserId>,
    /// The device's present enrolment; none for user scope.
    pub enrolment: Option<EnrolmentId>,
    /// Why a user-scoped certificate has no copies, if it has none.
    pub idle: Option<Departure>,
    /// Copies, sorted, each with the generation of the management certificate that its envelope must be for. Empty
    /// for a user without an enrolled device: then nothing new is issued.
    pub copies: BTreeMap<Place, i64>,
    /// When one of the devices was last in contact.
    pub last_seen: Option<Timestamp>,
    /// When an edit of the profile reaches certificates that exist.
    pub on_edit: Reissue,
    /// When a changed attribute does.
    pub on_attribute_change: Reissue,
}

impl Desired {
    /// What should be with these holders, and in these slots where something is.
    #[must_use]
    pub fn of(
        directory: &Directory,
        limits: Limits,
        holders: impl IntoIterator<Item = Holder>,
        occupied: impl IntoIterator<Item = Slot>,
        now: Timestamp,
    ) -> Self {
        let mut view = View::new(directory, now);
        view.templates =
            directory.profiles.iter().map(|(id, entry)| (*id, TemplateDigest::of(&entry.profile))).collect();
        let mut occupied_by: BTreeMap<Holder, BTreeSet<ProfileId>> = BTreeMap::new();
        for slot in occupied {
            occupied_by.entry(slot.holder).or_default().insert(slot.profile);
        }
        for holder in holders {
            occupied_by.entry(holder).or_default();
        }
        let mut wishes = BTreeMap::new();
        for (holder, profiles) in occupied_by {
            match holder {
                Holder::Device(device) => device_wish::add(&view, device, &profiles, &mut wishes),
                Holder::User(user) => user_wish::add(&view, user, &profiles, &mut wishes),
            }
        }
        Self { wishes, limits }
    }
}

/// The snapshot with what is computed from it once.
#[derive(Debug)]
pub(super) struct View<'d> {
    pub(super) directory: &'d Directory,
    pub(super) reach: Reach<'d>,
    templates: BTreeMap<ProfileId, TemplateDigest>,
    owned: BTreeMap<UserId, Vec<DeviceId>>,
}

impl<'d> View<'d> {
    pub(super) fn new(directory: &'d Directory, now: Timestamp) -> Self {
        let mut owned: BTreeMap<UserId, Vec<DeviceId>> = BTreeMap::new();
        for (id, device) in &directory.devices {
            if let Some(owner) = device.owner {
                owned.entry(owner).or_default().push(*id);
            }
        }
        Self { directory, reach: Reach::new(directory, now), templates: BTreeMap::new(), owned }
    }

    /// Devices that a user owns, in whatever state.
    pub(super) fn devices_of(&self, user: UserId) -> impl Iterator<Item = (DeviceId, &'d DeviceEntry)> {
        let ids = self.owned.get(&user).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.directory.devices.get(id)?)))
    }

    /// A wanted certificate without its copies.
    pub(super) fn wanted(
        &self,
        id: ProfileId,
        entry: &ProfileEntry,
        (rendered, render): (&mut Rendered, impl FnOnce() -> Names),
        owner: Option<UserId>,
        enrolment: Option<EnrolmentId>,
    ) -> Wanted {
        let template = self.templates.get(&id).copied().unwrap_or_else(|| TemplateDigest::of(&entry.profile));
        let (names, digest) = rendered.names(&template, &entry.profile, render);
        Wanted {
            profile: Arc::clone(&entry.profile),
            version: entry.version,
            digest: template.with_digest(&digest),
            names,
            owner,
            enrolment,
            idle: None,
            copies: BTreeMap::new(),
            last_seen: None,
            on_edit: entry.on_edit,
            on_attribute_change: entry.on_attribute_change,
        }
    }
}

/// The names that one holder's certificates have so far: profiles with the same patterns give the same ones, and there
/// are often several of these.
#[derive(Debug, Default)]
pub(super) struct Rendered(Vec<(RenderedFrom, Arc<Names>, NamesDigest)>);

/// What names depend on, beside the holder's values.
#[derive(Debug)]
struct RenderedFrom {
    template: TemplateDigest,
    strong_mapping: StrongMapping,
    subject_type: SubjectType,
}

impl Rendered {
    fn names(
        &mut self,
        template: &TemplateDigest,
        profile: &Profile,
        render: impl FnOnce() -> Names,
    ) -> (Arc<Names>, NamesDigest) {
        let (strong_mapping, subject_type) = (profile.strong_mapping(), profile.subject_type());
        let same = |from: &RenderedFrom| {
            from.template.has_patterns_of(template)
                && from.strong_mapping == strong_mapping
                && from.subject_type == subject_type
        };
        if let Some((_, names, digest)) = self.0.iter().find(|(from, ..)| same(from)) {
            return (Arc::clone(names), *digest);
        }
        let names = Arc::new(render());
        let digest = NamesDigest::of(&names);
        let from = RenderedFrom { template: *template, strong_mapping, subject_type };
        self.0.push((from, Arc::clone(&names), digest));
        (names, digest)
    }
}

/// Renders a profile's names.
pub(super) fn render(profile: &Profile, user: Option<&Values>, device: Option<&Values>) -> Names {
    Names::render(profile, &|variable| value(variable, user, device))
}

/// What stands for a variable: a user's value goes before a device's for a custom attribute.
#[must_use]
pub fn value<'v>(
    variable: &Variable,
    user: Option<&'v Values>,
    device: Option<&'v Values>,
) -> Option<&'v str> {
    let known = user.and_then(|values| values.get(variable));
    known.or_else(|| device.and_then(|values| values.get(variable))).map(String::as_str)
}
