//! The names of a certificate, with the values put in.

use serde::{Deserialize, Serialize};

use crate::distinguished_name::{DistinguishedName, RenderError};
use crate::error::ParseError;
use crate::identity::Sid;
use crate::profile::{Profile, StrongMapping};
use crate::subject_alternative_name::SubjectAlternativeName;
use crate::variable::Variable;

/// What a profile's patterns became for one holder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RenderedNames {
    /// The subject.
    pub subject: DistinguishedName,
    /// The alternative names, in the profile's order.
    #[serde(default)]
    pub subject_alternative_names: Vec<SubjectAlternativeName>,
    /// The user's SID, where the profile maps strongly.
    #[serde(default)]
    pub sid: Option<Sid>,
}

/// The names of a request: rendered, or why they can't be yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// Everything has its value.
    Rendered(RenderedNames),
    /// Values are missing: the request waits for them.
    Missing {
        /// Which ones, sorted; read also from a single one.
        #[serde(deserialize_with = "one_or_many")]
        missing: Vec<Variable>,
    },
    /// A value doesn't fit where it should stand: the request waits until it is changed.
    Unfit {
        /// What is wrong, in a sentence.
        unfit: String,
    },
}

impl Names {
    /// Puts the values of a user and device into a profile's patterns.
    #[must_use]
    pub fn render<'v>(profile: &Profile, value: &dyn Fn(&Variable) -> Option<&'v str>) -> Self {
        let given = |variable: &Variable| value(variable).filter(|v| !v.is_empty());
        let missing: Vec<Variable> = profile.variables().into_iter().filter(|v| given(v).is_none()).collect();
        if !missing.is_empty() {
            return Self::Missing { missing };
        }
        match Self::rendered(profile, &given) {
            Ok(names) => Self::Rendered(names),
            Err(RenderError::Missing(variable)) => Self::Missing { missing: vec![variable] },
            Err(RenderError::Unfit(error)) => Self::Unfit { unfit: error.to_string() },
        }
    }

    fn rendered<'v>(
        profile: &Profile,
        value: &dyn Fn(&Variable) -> Option<&'v str>,
    ) -> Result<RenderedNames, RenderError> {
        let subject = profile.subject().render(value)?;
        let mut subject_alternative_names = Vec::new();
        for pattern in profile.subject_alternative_names() {
            subject_alternative_names.push(pattern.render(value)?);
        }
        let sid = match profile.strong_mapping() {
            StrongMapping::None => None,
            StrongMapping::Extension | StrongMapping::Uri => {
                let variable = Variable::OnPremisesSecurityIdentifier;
                let text = value(&variable).ok_or(RenderError::Missing(variable))?;
                Some(Sid::parse(text).map_err(RenderError::Unfit)?)
            }
        };
        Ok(RenderedNames { subject, subject_alternative_names, sid })
    }

    /// The names, or why there are none: what the request waits for.
    ///
    /// # Errors
    /// When values are missing or don't fit.
    pub fn ready(&self) -> Result<&RenderedNames, ParseError> {
        match self {
            Self::Rendered(names) => Ok(names),
            Self::Missing { missing } => {
                let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
                Err(ParseError::new("holder", format!("has no value for {}", list.join(", "))))
            }
            Self::Unfit { unfit } => {
                Err(ParseError::new("holder", format!("has a value that doesn't fit: {unfit}")))
            }
        }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Variable>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Variable),
        Many(Vec<Variable>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(variable) => vec![variable],
        OneOrMany::Many(variables) => variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileDraft;

    fn profile() -> Profile {
        let draft: ProfileDraft = serde_json::from_str(
            r#"{"name":"VPN","platforms":["linux"],"subject_type":"user","key_scope":"device",
                "subject":"CN={{UserName}},O=Example","key_algorithm":"ec-p256",
                "subject_alternative_names":[{"kind":"upn","value":"{{UserPrincipalName}}"}],
                "key_usage":{"digital_signature":true},"extended_key_usages":["1.3.6.1.5.5.7.3.2"],
                "validity_days":365,"renewal_threshold_percent":20,"features":["vpn"],"escrow":"none"}"#,
        )
        .unwrap();
        Profile::parse(draft).unwrap()
    }

    #[test]
    fn every_missing_value_is_named_at_once() {
        let names = Names::render(&profile(), &|_| None);
        let expected = vec![Variable::UserName, Variable::UserPrincipalName];
        assert_eq!(names, Names::Missing { missing: expected });
        assert!(names.ready().unwrap_err().to_string().contains("{{UserPrincipalName}}"));
    }

    #[test]
    fn a_value_is_a_value_whatever_characters_it_has() {
        let names = Names::render(&profile(), &|v| match v {
            Variable::UserName => Some(" Müller, \"Jo\" + Söhne="),
            _ => Some("jo@example.org"),
        });
        let rendered = names.ready().unwrap();
        assert_eq!(rendered.subject.rdns()[0][0].1, " Müller, \"Jo\" + Söhne=");
        let json = serde_json::to_string(&names).unwrap();
        assert_eq!(serde_json::from_str::<Names>(&json).unwrap(), names);
    }

    #[test]
    fn a_value_that_does_not_fit_says_so() {
        let names = Names::render(&profile(), &|_| Some("no address"));
        assert!(matches!(&names, Names::Unfit { unfit } if unfit.contains("UPN")), "{names:?}");
    }
}
