//! A device confirms that another device, or a session, is its person's.

use certporter_model::{ConfirmationId, Timestamp};
use serde::{Deserialize, Serialize};

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwaitedKind {
    /// A device that enrolled with a code from staff, or that staff handed over.
    Device,
    /// A session in the portal that a code from staff opened.
    Session,
}

/// Something of the person's that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedConfirmation {
    /// Its id.
    pub id: ConfirmationId,
    /// What it is.
    pub kind: AwaitedKind,
    /// What the device is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Since when it waits.
    pub since: Timestamp,
    /// Who of staff stands behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmations {
    /// The version of this message.
    pub version: u16,
    /// Each of it, the first one first.
    pub awaited: Vec<AwaitedConfirmation>,
}

/// The person says on this device that it is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmRequest {
    /// The version of this message.
    pub version: u16,
    /// What.
    pub id: ConfirmationId,
}

/// It is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmAnswer {
    /// The version of this message.
    pub version: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_form_of_what_waits() {
        let json = r#"{"version":1,"awaited":[{"id":"0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f","kind":"device","device":"Phone","since":"2026-11-22T11:00:00Z","staff":"desk"}]}"#;
        let message: Confirmations = serde_json::from_str(json).unwrap();
        assert_eq!(message.awaited[0].kind, AwaitedKind::Device);
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }
}
