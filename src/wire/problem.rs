//! What went wrong, as a device or connector reads it (RFC 9457).

use certporter_model::FieldError;
use serde::{Deserialize, Serialize};

/// A problem document (RFC 9457), as far as its reader cares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Which problem it is, for programs: `/problems/NAME`, which stays the same.
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
    /// Whether it is the problem of that name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.kind.strip_prefix("/problems/") == Some(name)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_and_anybody_s_can_be_read() {
        let text = r#"{"type":"/problems/csr-refused","title":"Unprocessable Content","status":422,
            "detail":"csr: RSA needs 2048 bits","errors":[{"field":"csr","message":"RSA needs 2048 bits"}]}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert!(problem.is("csr-refused") && !problem.is("csr"));
        assert_eq!(problem.to_string(), "csr: RSA needs 2048 bits");
        let foreign: Problem =
            serde_json::from_str(r#"{"type":"about:blank","title":"No","status":400,"x":1}"#).unwrap();
        assert_eq!(foreign.to_string(), "No");
    }
}
