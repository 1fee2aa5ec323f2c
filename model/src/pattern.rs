//! Texts with variables.

use serde::{Deserialize, Serialize};

use crate::ParseError;
use crate::variable::Variable;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// A value to be put in.
    Variable(Variable),
}

/// A text with variables such as `{{UserName}}`. At most 1,000 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Vec<Part>);

impl Pattern {
    /// # Errors
    /// When braces are not closed, a variable is unknown, or the text is empty or too long.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() || text.chars().count() > 1000 {
            return Err(ParseError::new("pattern", "has 1 to 1000 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(ParseError::new("pattern", "has no control characters"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            Self::push_literal(&mut parts, before)?;
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| ParseError::new("pattern", "closes every {{ with }}, as in {{UserName}}"))?;
            parts.push(Part::Variable(Variable::parse(name)?));
            rest = after;
        }
        Self::push_literal(&mut parts, rest)?;
        Ok(Self(parts))
    }

    fn push_literal(parts: &mut Vec<Part>, text: &str) -> Result<(), ParseError> {
        if text.contains("}}") {
            return Err(ParseError::new("pattern", "opens every }} with {{, as in {{UserName}}"));
        }
        if !text.is_empty() {
            parts.push(Part::Literal(text.to_owned()));
        }
        Ok(())
    }

    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The variables in order, repetitions included.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Literal(_) => None,
        })
    }

    /// Puts the values in. `value` answers `None` for what isn't known.
    ///
    /// # Errors
    /// Names the first variable without a value.
    pub fn render<'v>(&self, value: &dyn Fn(&Variable) -> Option<&'v str>) -> Result<String, Variable> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(variable) => {
                    let known = value(variable).filter(|v| !v.is_empty());
                    text.push_str(known.ok_or_else(|| variable.clone())?);
                }
            }
        }
        Ok(text)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable(variable) => variable.fmt(f),
        })
    }
}

impl TryFrom<String> for Pattern {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(value: Pattern) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_the_variables_stood() {
        let pattern = Pattern::parse("{{UserName}} ({{DeviceName}})").unwrap();
        let value = |v: &Variable| match v {
            Variable::UserName => Some("{{DeviceName}}, +=;"),
            Variable::DeviceName => Some("lap\"top"),
            _ => None,
        };
        assert_eq!(pattern.render(&value).unwrap(), "{{DeviceName}}, +=; (lap\"top)");
    }

    #[test]
    fn a_missing_or_empty_value_is_named() {
        let pattern = Pattern::parse("{{UserName}}-{{IMEINumber}}").unwrap();
        let value = |v: &Variable| (*v == Variable::UserName).then_some("x");
        assert_eq!(pattern.render(&value), Err(Variable::ImeiNumber));
        assert_eq!(pattern.render(&|_| Some("")), Err(Variable::UserName));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(Pattern::parse("{{UserName").unwrap_err().to_string().contains("closes every {{"));
        assert!(Pattern::parse("UserName}}").unwrap_err().to_string().contains("opens every }}"));
        assert!(Pattern::parse("{{Nobody}}").unwrap_err().to_string().contains("is one of"));
        assert!(Pattern::parse("").is_err());
    }
}
