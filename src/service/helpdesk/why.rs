//! Why a device does or does not get a profile's certificate: everything that decides it, one by one, and how far it is.

use certporter_model::access::Caller;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::names::Names as CertificateNames;
use certporter_model::{DeviceId, ProfileId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::diagnosis::{Facts, Finding, diagnose};
use super::grid::{self, GridCell};
use super::reading;
use crate::plan::why::{Explanation, Obstacle};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::reach::{self, Outcome, ReachReason};
use crate::service::reference::{DeviceReference, ProfileReference};
use crate::service::{devices, users};
use crate::store::profiles;

/// Why a device gets a profile's certificate, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyView {
    /// The profile.
    pub profile: ProfileReference,
    /// The device.
    pub device: DeviceReference,
    /// Whose the device is; nobody's when it is shared.
    pub owner: Option<UserId>,
    /// Whether it gets one.
    pub outcome: Outcome,
    /// What decides it, in the order in which it is decided.
    pub checks: Vec<WhyCheck>,
    /// How far it is, for each feature of the profile.
    pub cells: Vec<WhyCell>,
    /// What is wrong with it now.
    pub findings: Vec<Finding>,
}

/// One of the things that decide whether a device gets a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyCheck {
    /// What is looked at.
    pub about: CheckAbout,
    /// Whether it speaks for the certificate.
    pub passed: bool,
    /// What was found, each in a sentence; groups are named.
    pub found: Vec<ReachReason>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckAbout {
    /// The person's state.
    Person,
    /// The device's state and enrolment.
    Device,
    /// The profile itself: its platforms, and whom its certificates name.
    Profile,
    /// Groups that bring it.
    Groups,
    /// Groups that bar it.
    Exclusions,
    /// Values that its names need.
    Values,
}

/// A feature of the profile on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyCell {
    /// What the certificate is for.
    pub feature: certporter_model::feature::Feature,
    /// How it stands.
    pub cell: GridCell,
}

/// Why a device gets a certificate of a profile, or not.
///
/// # Errors
/// When the caller may not see the device, or there is no such device or profile.
pub async fn why(
    portal: &Portal,
    caller: &Caller,
    device: DeviceId,
    profile: ProfileId,
) -> Result<WhyView, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    let (row, _) = devices::find(&mut conn, caller, Operation::DevicesWhy, device).await?;
    let head = profiles::get(&mut conn, profile).await?;
    let now = portal.now();
    let explained = reach::explained_on(&mut conn, device, profile, now).await?;
    let it = explained.ok_or(ServiceError::NotFound { what: "profile" })?;
    let (told, words) = reach::told_one(&mut conn, &it).await?;
    let reference = DeviceReference { id: device, name: row.name.to_string() };
    let (owner, state) = (row.owner_id, row.state);
    let facts = match owner {
        Some(owner) => {
            let user = crate::store::users::get(&mut conn, owner).await?;
            reading::facts(&mut conn, &user, now).await?
        }
        None => reading::facts_of_device(&mut conn, row, now).await?,
    };
    let person = facts.person.as_ref().map(|person| person.state);
    let blocked =
        Blocked { person: person == Some(UserState::Blocked), device: state == DeviceState::Blocked };
    let here = |finding: &Finding| {
        finding.profile.is_none_or(|id| id == profile) && finding.device.is_none_or(|id| id == device)
    };
    let findings = diagnose(&facts, now);
    Ok(WhyView {
        profile: ProfileReference { id: profile, name: head.name.to_string() },
        device: reference,
        owner,
        outcome: told.outcome,
        checks: checks(&it, &words, blocked).into_iter().filter(|it| concerns(owner, it)).collect(),
        cells: cells(&facts, device, profile, now),
        findings: findings.into_iter().filter(here).collect(),
    })
}

/// The same for a device of a certain person: whoever may see the device by another way is not led astray.
///
/// # Errors
/// As [`why`]; also when the device is not theirs.
pub async fn why_for(
    portal: &Portal,
    caller: &Caller,
    user: UserId,
    device: DeviceId,
    profile: ProfileId,
) -> Result<WhyView, ServiceError> {
    let mut conn = portal.db().read().await?;
    users::find(&mut conn, caller, Operation::DevicesWhy, user).await?;
    drop(conn);
    let view = why(portal, caller, device, profile).await?;
    if view.owner == Some(user) { Ok(view) } else { Err(ServiceError::NotFound { what: "device" }) }
}

/// Whether a check says something: of a device that is nobody's there is no person to be looked at.
fn concerns(owner: Option<UserId>, check: &WhyCheck) -> bool {
    owner.is_some() || check.about != CheckAbout::Person
}

fn cells(
    facts: &Facts,
    device: DeviceId,
    profile: ProfileId,
    now: certporter_model::Timestamp,
) -> Vec<WhyCell> {
    let rows = grid::of(facts, now).rows.into_iter().filter(|row| row.profile.id == profile);
    let cell = |row: grid::GridRow| {
        let feature = row.feature;
        let cell = row.cells.into_iter().find(|cell| cell.device == device)?;
        Some(WhyCell { feature, cell })
    };
    rows.filter_map(cell).collect()
}

/// Who is blocked for a while.
#[derive(Debug, Clone, Copy)]
struct Blocked {
    person: bool,
    device: bool,
}

/// What the plan looks at, told one by one.
fn checks(it: &Explanation, words: &reach::Words, blocked: Blocked) -> Vec<WhyCheck> {
    let against = |wanted: fn(&Obstacle) -> bool| -> Vec<ReachReason> {
        let found = it.obstacles.iter().copied().filter(wanted);
        found.flat_map(|obstacle| words.against(it, obstacle)).collect()
    };
    let check = |about, against: Vec<ReachReason>, otherwise: &str| {
        let passed = against.is_empty();
        let found = if passed { vec![reach::plain(otherwise)] } else { against };
        WhyCheck { about, passed, found }
    };
    let person = against(|it| matches!(it, Obstacle::User(_)));
    let device = against(|it| {
        matches!(it, Obstacle::Device(_) | Obstacle::NotEnrolled | Obstacle::NoDevice | Obstacle::Unconfirmed)
    });
    let profile = against(|it| {
        matches!(it, Obstacle::Platform(_) | Obstacle::Shared | Obstacle::KeyScope | Obstacle::ProfileDeleted)
    });
    let mut checks = vec![
        check(CheckAbout::Person, person, "The person is enabled."),
        check(CheckAbout::Device, device, "The device is enrolled."),
        check(CheckAbout::Profile, profile, "The profile is for this platform and this kind of device."),
        WhyCheck {
            about: CheckAbout::Groups,
            passed: !it.included.is_empty(),
            found: if it.included.is_empty() {
                vec![reach::plain("No group of the person or the device brings it.")]
            } else {
                it.included.iter().map(|way| words.way(way, "Brought by")).collect()
            },
        },
        WhyCheck {
            about: CheckAbout::Exclusions,
            passed: it.excluded.is_empty(),
            found: if it.excluded.is_empty() {
                vec![reach::plain("No group bars it.")]
            } else {
                it.excluded.iter().map(|way| words.way(way, "Barred by")).collect()
            },
        },
        values(it),
    ];
    for check in &mut checks {
        let held = match check.about {
            CheckAbout::Person => blocked.person,
            CheckAbout::Device => blocked.device,
            _ => false,
        };
        if held {
            let whose = if check.about == CheckAbout::Person { "person" } else { "device" };
            check.passed = false;
            check.found =
                vec![reach::plain(format!("The {whose} is blocked: it is on hold until that is lifted."))];
        }
    }
    checks
}

fn values(it: &Explanation) -> WhyCheck {
    let (passed, found) = match &it.names {
        CertificateNames::Rendered(_) => {
            (true, vec![reach::plain("Every value that its names need is there.")])
        }
        CertificateNames::Missing { missing } => {
            let each = missing.iter().map(|variable| {
                let whose = if variable.is_of_device() { "device" } else { "person" };
                reach::plain(format!("The value {variable} of the {whose} is missing."))
            });
            (false, each.collect())
        }
        CertificateNames::Unfit { unfit } => {
            (false, vec![reach::plain(format!("A value doesn't fit: {unfit}."))])
        }
    };
    WhyCheck { about: CheckAbout::Values, passed, found }
}
