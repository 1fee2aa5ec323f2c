//! Actions on users, devices, requests and certificates: what somebody says of why.

use certporter_model::text::Explanation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;

/// Why somebody does something. Kept in the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionDraft {
    /// Why, in words: at most 500 characters.
    #[serde(default)]
    pub explanation: Option<String>,
}

impl ActionDraft {
    /// The explanation, if there is one.
    ///
    /// # Errors
    /// Names the field when it is too long or has control characters.
    pub fn parse(&self) -> Result<Option<Explanation>, ServiceError> {
        let text = super::directory_draft::present(self.explanation.as_deref());
        text.map(|text| super::error::parsed("explanation", Explanation::parse(text))).transpose()
    }
}
