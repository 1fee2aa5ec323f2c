//! What went wrong, as a message (RFC 9457).

use certporter_model::{FieldError, FieldErrors};
use serde::{Deserialize, Serialize};

/// The media type of a [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which problem it is, for programs: a URN that stays the same.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which problem it is, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, and what to do.
    #[serde(default)]
    pub detail: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem: `name` ends its URN (`urn:certporter:problem:NAME`).
    #[must_use]
    pub fn new(status: u16, name: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:certporter:problem:{name}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// The same problem, naming the fields.
    #[must_use]
    pub fn with_fields(mut self, errors: &FieldErrors) -> Self {
        self.errors = errors.as_slice().to_vec();
        self
    }

    /// Whether it is the problem of that name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.kind.strip_prefix("urn:certporter:problem:") == Some(name)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail })?;
        for error in &self.errors {
            write!(f, "; {}: {}", error.field, error.message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_form_is_that_of_the_rfc() {
        let problem = Problem::new(422, "csr-weak", "The CSR can't be accepted", "RSA needs 2048 bits")
            .with_fields(&FieldErrors::one("csr", "is too weak"));
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:certporter:problem:csr-weak");
        assert_eq!(json["errors"][0]["field"], "csr");
        assert!(problem.is("csr-weak") && !problem.is("csr"));
        let foreign: Problem =
            serde_json::from_str(r#"{"type":"about:blank","title":"No","status":400,"x":1}"#).unwrap();
        assert_eq!(foreign.to_string(), "No");
    }
}
