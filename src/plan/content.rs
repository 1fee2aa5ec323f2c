//! What a certificate shall hold: its names, with the values put in.

use certporter_model::distinguished_name::{DistinguishedName, RenderError};
use certporter_model::identity::Sid;
use certporter_model::profile::{Profile, StrongMapping};
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::variable::Variable;
use serde::{Deserialize, Serialize};

use super::directory::Values;

/// Rendered names. Everything else that a certificate holds stands in the profile's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The subject.
    pub subject: DistinguishedName,
    /// Alternative names, in the profile's order.
    pub subject_alternative_names: Vec<SubjectAlternativeName>,
    /// The user's SID, where the profile asks for strong mapping.
    pub sid: Option<Sid>,
}

/// Why a name could not be rendered: the request waits until that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// A variable has no value for this user or device.
    #[error("{0} has no value for this user or device; the request goes on when the value comes")]
    Missing(Variable),
    /// A value doesn't fit where it should stand; says what would be right.
    #[error("{0}; the request goes on when the value is corrected")]
    Unfit(String),
}

impl From<RenderError> for Obstacle {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Missing(variable) => Self::Missing(variable),
            RenderError::Unfit(error) => Self::Unfit(error.to_string()),
        }
    }
}

/// Renders a profile's names. A user's value goes before a device's for a custom attribute.
///
/// # Errors
/// Names the first variable without a value, or what doesn't fit.
pub fn render(
    profile: &Profile,
    user: Option<&Values>,
    device: Option<&Values>,
) -> Result<Content, Obstacle> {
    let value = |variable: &Variable| {
        let known = user.and_then(|values| values.get(variable));
        known.or_else(|| device.and_then(|values| values.get(variable))).map(String::as_str)
    };
    let subject = profile.subject().render(&value)?;
    let names = profile.subject_alternative_names().iter().map(|pattern| pattern.render(&value));
    let subject_alternative_names = names.collect::<Result<_, _>>()?;
    let sid = if profile.strong_mapping() == StrongMapping::None {
        None
    } else {
        let variable = Variable::OnPremisesSecurityIdentifier;
        let text = value(&variable).ok_or(Obstacle::Missing(variable))?;
        Some(Sid::parse(text).map_err(|error| Obstacle::Unfit(error.to_string()))?)
    };
    Ok(Content { subject, subject_alternative_names, sid })
}
