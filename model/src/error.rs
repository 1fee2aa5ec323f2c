//! What is wrong with a value, and with which field.

use serde::{Deserialize, Serialize};

/// A text that is not what it should be. Names the kind of value and what would be right; never holds the text
/// itself, which may be secret or long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {right}")]
pub struct ParseError {
    what: &'static str,
    right: String,
}

impl ParseError {
    /// `what` names the kind of value ("serial number"), `right` goes on with what would be right ("has 1 to 40
    /// hexadecimal digits").
    pub fn new(what: &'static str, right: impl Into<String>) -> Self {
        Self { what, right: right.into() }
    }

    /// The kind of value that did not parse.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}

/// One field that is wrong: its path as in JSON (`features[0].copies`) and a sentence that says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Path of the field, as in the JSON form.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Every field that is wrong. Never empty when it is an `Err`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// No error yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A single field's error.
    pub fn one(field: impl Into<String>, message: impl std::fmt::Display) -> Self {
        let mut errors = Self::new();
        errors.add(field, message);
        errors
    }

    /// Notes that `field` is wrong.
    pub fn add(&mut self, field: impl Into<String>, message: impl std::fmt::Display) {
        self.0.push(FieldError { field: field.into(), message: message.to_string() });
    }

    /// Takes the value, or notes its error under `field`.
    pub fn take<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error);
                None
            }
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The errors in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }

    /// The messages for one field.
    pub fn of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |e| e.field == field).map(|e| e.message.as_str())
    }
}

impl std::fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}", error.field, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldErrors {}

/// A change of state that can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {what} that is {from} can't become {to}")]
pub struct InvalidTransition {
    /// The kind of thing.
    pub what: &'static str,
    /// The state it is in.
    pub from: &'static str,
    /// The state that was asked for.
    pub to: &'static str,
}
