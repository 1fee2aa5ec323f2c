//! What a profile would put into a certificate, tried on a real user and device before it is saved.

use certporter_model::access::Caller;
use certporter_model::assignment::HolderKind;
use certporter_model::device::DeviceState;
use certporter_model::distinguished_name::{DnPattern, RenderError};
use certporter_model::error::FieldError;
use certporter_model::profile::{KeyScope, ProfileDraft, StrongMapping, SubjectType};
use certporter_model::subject_alternative_name::SanPattern;
use certporter_model::variable::Variable;
use certporter_model::{DeviceId, FieldErrors, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::parse;
use crate::pipeline::planner::{self, HolderValues};
use crate::pki::issuance::Validity;
use crate::service::devices::{self, DevicesQuery};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::reference::{DeviceReference, UserReference};
use crate::service::users;

/// A profile, and for whom it is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryDraft {
    /// The profile as it shall be.
    pub profile: ProfileDraft,
    /// The user; the device's owner when only a device is named.
    #[serde(default)]
    pub user: Option<UserId>,
    /// The device; one of the user's that the profile fits when only a user is named.
    #[serde(default)]
    pub device: Option<DeviceId>,
}

/// What a certificate of the profile would hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TriedView {
    /// For whom.
    pub user: Option<UserReference>,
    /// On which device.
    pub device: Option<DeviceReference>,
    /// Why these two would get no certificate, however they are grouped.
    pub not_reached: Option<String>,
    /// The subject.
    pub subject: TriedName,
    /// The alternative names, in the profile's order; the SID last, where the profile maps strongly.
    pub subject_alternative_names: Vec<TriedName>,
    /// The first moment of a certificate issued now.
    pub not_before: Timestamp,
    /// Its last moment.
    pub not_after: Timestamp,
    /// When its renewal would begin, at the earliest.
    pub renew_from: Timestamp,
    /// What is wrong with the profile: it couldn't be saved.
    pub errors: Vec<FieldError>,
}

/// A name with the values put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TriedName {
    /// `subject`, a kind of alternative name, or `sid`.
    pub kind: String,
    /// The name; none when it can't be rendered.
    pub value: Option<String>,
    /// Variables without a value: a request would wait for them.
    pub missing: Vec<MissingValue>,
    /// What is wrong with the pattern, or with a value where it stands.
    pub problem: Option<String>,
}

/// A variable without a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingValue {
    /// The variable, as in a pattern.
    pub variable: String,
    /// Where the value is to be filled in: with the user or the device.
    pub belongs_to: HolderKind,
}

/// Tries a profile on a user and device. A draft that is wrong is tried as far as it goes, and what is wrong is said.
///
/// # Errors
/// When the caller may not, or may not see the user or device.
pub async fn try_out(portal: &Portal, caller: &Caller, draft: TryDraft) -> Result<TriedView, ServiceError> {
    Operation::ProfilesTry.visibility(caller)?;
    let now = portal.now();
    let errors = match parse(portal, draft.profile.clone(), "", now).await {
        Ok(_) => FieldErrors::new(),
        Err(ServiceError::Invalid(errors)) => errors,
        Err(other) => return Err(other),
    };
    let profile = draft.profile;
    let chosen = choose(portal, caller, &profile, draft.user, draft.device).await?;
    let by_device = profile.key_scope == KeyScope::Device;
    let user = chosen.user.as_ref().map(|user| user.id);
    let user = user.filter(|_| profile.subject_type == SubjectType::User);
    let device = chosen.device.as_ref().map(|device| device.id).filter(|_| by_device);
    let mut conn = portal.db().read().await?;
    let values = planner::values_of(&mut conn, user, device).await?;
    let valid = Validity::days(now, profile.validity_days.min(36_500));
    let percent = u32::from(profile.renewal_threshold_percent.min(100));
    let window = valid.not_after().since(valid.not_before()).saturating_mul(percent) / 100;
    Ok(TriedView {
        not_reached: chosen.not_reached,
        user: chosen.user,
        device: chosen.device,
        subject: subject(&profile, &values),
        subject_alternative_names: alternative_names(&profile, &values),
        not_before: valid.not_before(),
        not_after: valid.not_after(),
        renew_from: valid.not_after().minus(window),
        errors: errors.as_slice().to_vec(),
    })
}

/// For whom it is tried.
#[derive(Default)]
struct Chosen {
    user: Option<UserReference>,
    device: Option<DeviceReference>,
    not_reached: Option<String>,
}

async fn choose(
    portal: &Portal,
    caller: &Caller,
    profile: &ProfileDraft,
    user: Option<UserId>,
    device: Option<DeviceId>,
) -> Result<Chosen, ServiceError> {
    let device = match (device, user) {
        (Some(device), _) => Some(devices::get(portal, caller, device).await?.device),
        (None, Some(user)) => {
            let query = DevicesQuery { owner: Some(user), limit: Some(20), ..DevicesQuery::default() };
            let theirs = devices::list(portal, caller, &query).await?.data;
            let fits = |it: &&devices::DeviceSummary| {
                profile.platforms.contains(&it.platform)
                    && matches!(it.state, DeviceState::Enrolled | DeviceState::Registered)
            };
            theirs.iter().find(fits).or_else(|| theirs.first()).cloned()
        }
        (None, None) => None,
    };
    let user = match (user, &device) {
        (Some(user), _) => {
            let user = users::get(portal, caller, user).await?;
            let (user_name, display_name) = (user.user_name, user.display_name);
            Some(UserReference { id: user.id, user_name, display_name })
        }
        (None, Some(device)) => device.owner.clone(),
        (None, None) => None,
    };
    let not_reached = match &device {
        Some(device) if !profile.platforms.contains(&device.platform) => {
            Some(format!("The profile doesn't reach the platform {} of this device.", device.platform))
        }
        Some(device) if !matches!(device.state, DeviceState::Enrolled | DeviceState::Registered) => {
            Some(format!("This device is {}: it gets nothing.", device.state))
        }
        Some(_) if profile.subject_type == SubjectType::User && user.is_none() => {
            Some("This device is nobody's, and the certificate would name the user.".to_owned())
        }
        None if user.is_some() => {
            Some("This person has no device: a certificate comes with the first one.".to_owned())
        }
        _ => None,
    };
    let device = device.map(|device| DeviceReference { id: device.id, name: device.name });
    Ok(Chosen { user, device, not_reached })
}

fn subject(profile: &ProfileDraft, values: &HolderValues) -> TriedName {
    match DnPattern::parse(&profile.subject) {
        Ok(pattern) => {
            let missing = missing(&pattern.variables(), values);
            let rendered = pattern.render(&|variable| values.get(variable));
            tried("subject", missing, rendered.map(|name| name.to_string()))
        }
        Err(error) => tried("subject", Vec::new(), Err(RenderError::Unfit(error))),
    }
}

fn alternative_names(profile: &ProfileDraft, values: &HolderValues) -> Vec<TriedName> {
    let mut names = Vec::new();
    for san in &profile.subject_alternative_names {
        names.push(match SanPattern::parse(san.kind, &san.value) {
            Ok(pattern) => {
                let missing = missing(&pattern.pattern().variables().cloned().collect::<Vec<_>>(), values);
                let rendered = pattern.render(&|variable| values.get(variable));
                tried(san.kind.as_str(), missing, rendered.map(|name| name.value().to_owned()))
            }
            Err(error) => tried(san.kind.as_str(), Vec::new(), Err(RenderError::Unfit(error))),
        });
    }
    if profile.strong_mapping != StrongMapping::None {
        let variable = Variable::OnPremisesSecurityIdentifier;
        let sid = values.get(&variable).map(str::to_owned).ok_or(RenderError::Missing(variable.clone()));
        names.push(tried("sid", missing(&[variable], values), sid));
    }
    names
}

fn tried(kind: &str, missing: Vec<MissingValue>, rendered: Result<String, RenderError>) -> TriedName {
    let (value, problem) = match rendered {
        Ok(value) => (Some(value), None),
        Err(RenderError::Missing(_)) => (None, None),
        Err(RenderError::Unfit(error)) => (None, Some(error.to_string())),
    };
    TriedName { kind: kind.to_owned(), value, missing, problem }
}

/// Those without a value, each once, in the order of the pattern.
fn missing(variables: &[Variable], values: &HolderValues) -> Vec<MissingValue> {
    let mut missing: Vec<MissingValue> = Vec::new();
    for variable in variables.iter().filter(|variable| values.get(variable).is_none()) {
        let belongs_to = if variable.is_of_device() { HolderKind::Device } else { HolderKind::User };
        let one = MissingValue { variable: variable.to_string(), belongs_to };
        if !missing.contains(&one) {
            missing.push(one);
        }
    }
    missing
}
