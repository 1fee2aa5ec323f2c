//! Subjects with variables in them.

use serde::{Deserialize, Serialize};

use super::attribute_type::AttributeType;
use super::text::{split, write_rdns};
use super::{DistinguishedName, Rdn};
use crate::ParseError;
use crate::pattern::{Part, Pattern};
use crate::variable::Variable;

/// Why a name could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A variable has no value: the request waits until it comes.
    #[error("{0} has no value for this user or device")]
    Missing(Variable),
    /// A value doesn't fit where it should stand.
    #[error(transparent)]
    Unfit(#[from] ParseError),
}

/// A subject with variables in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DnPattern {
    /// Types with patterns as their values, the most specific first.
    Rdns(Vec<Vec<(AttributeType, Pattern)>>),
    /// The distinguished name that the directory has: `{{OnPrem_Distinguished_Name}}`.
    FromDirectory,
}

impl DnPattern {
    /// Reads RFC 4514's text form with variables in the values, such as `CN={{UserName}},O=Example`.
    ///
    /// # Errors
    /// When the text is not of that form or a pattern is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Ok(Variable::OnPremDistinguishedName) = Variable::try_from(text.trim().to_owned()) {
            return Ok(Self::FromDirectory);
        }
        let mut rdns = Vec::new();
        for rdn in split(text)? {
            let mut patterns = Vec::new();
            for (kind, value) in rdn {
                let pattern = Pattern::parse(&value)?;
                if pattern.variables().any(|v| *v == Variable::OnPremDistinguishedName) {
                    return Err(ParseError::new(
                        "subject",
                        "is {{OnPrem_Distinguished_Name}} as a whole, or doesn't have it",
                    ));
                }
                if let [Part::Literal(literal)] = pattern.parts() {
                    kind.check(literal)?;
                }
                patterns.push((kind, pattern));
            }
            rdns.push(patterns);
        }
        Ok(Self::Rdns(rdns))
    }

    /// The variables in it.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        match self {
            Self::Rdns(rdns) => rdns.iter().flatten().flat_map(|(_, p)| p.variables().cloned()).collect(),
            Self::FromDirectory => vec![Variable::OnPremDistinguishedName],
        }
    }

    /// Puts the values in. They need no escaping: a value is a value, whatever characters it has.
    ///
    /// # Errors
    /// When a value is missing or doesn't fit.
    pub fn render<'v>(
        &self,
        value: &dyn Fn(&Variable) -> Option<&'v str>,
    ) -> Result<DistinguishedName, RenderError> {
        match self {
            Self::FromDirectory => {
                let variable = Variable::OnPremDistinguishedName;
                let text = value(&variable).ok_or(RenderError::Missing(variable))?;
                Ok(DistinguishedName::parse(text)?)
            }
            Self::Rdns(rdns) => {
                let mut rendered = Vec::with_capacity(rdns.len());
                for rdn in rdns {
                    let mut values = Vec::with_capacity(rdn.len());
                    for (kind, pattern) in rdn {
                        values.push((*kind, pattern.render(value).map_err(RenderError::Missing)?));
                    }
                    rendered.push(values);
                }
                Ok(DistinguishedName::new(rendered)?)
            }
        }
    }
}

impl std::fmt::Display for DnPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FromDirectory => Variable::OnPremDistinguishedName.fmt(f),
            Self::Rdns(rdns) => {
                let texts: Vec<Rdn> =
                    rdns.iter().map(|rdn| rdn.iter().map(|(k, p)| (*k, p.to_string())).collect()).collect();
                write_rdns(f, &texts)
            }
        }
    }
}

impl TryFrom<String> for DnPattern {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DnPattern> for String {
    fn from(value: DnPattern) -> String {
        value.to_string()
    }
}
