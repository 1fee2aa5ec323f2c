//! What a device says back.

use certporter_model::CopyId;
use certporter_model::text::Explanation;
use certporter_model::thumbprint::Thumbprint;
use serde::{Deserialize, Deserializer, Serialize};

/// The most copies in one report.
const MOST_STATUSES: usize = 256;

/// Where a copy is, as the device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    /// It is there, opened and checked.
    Installed,
    /// It could not be installed; the cause says why.
    Failed,
    /// It is gone because the portal wanted it gone.
    Removed,
    /// It is gone though it should be there.
    Missing,
}

/// What became of one copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStatus {
    /// The copy.
    pub copy: CopyId,
    /// SHA-256 of the certificate that is meant: a late report about an earlier certificate changes nothing.
    pub thumbprint: Thumbprint,
    /// Where it is.
    pub state: ReportedState,
    /// Why it failed, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Explanation>,
}

/// A device reports. Sending one twice is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this message.
    pub version: u16,
    /// Whether these are all the copies that the device has: one that should be there and is not named is missing.
    #[serde(default)]
    pub complete: bool,
    /// The copies: at most 256.
    #[serde(deserialize_with = "bounded")]
    pub statuses: Vec<CopyStatus>,
}

/// The portal has taken a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswer {
    /// The version of this message.
    pub version: u16,
    /// How many statuses changed something.
    pub changed: u32,
}

/// The device gives up: it wants to be retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetireRequest {
    /// The version of this message.
    pub version: u16,
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CopyStatus>, D::Error> {
    let statuses = Vec::<CopyStatus>::deserialize(deserializer)?;
    if statuses.len() > MOST_STATUSES {
        return Err(serde::de::Error::custom(format!(
            "a report has at most {MOST_STATUSES} statuses; send the others in another"
        )));
    }
    Ok(statuses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_form_of_a_report() {
        let json = format!(
            r#"{{"version":1,"complete":true,"statuses":[{{"copy":"0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f","thumbprint":"{}","state":"failed","cause":"disk full"}}]}}"#,
            "ab".repeat(32)
        );
        let report: Report = serde_json::from_str(&json).unwrap();
        assert_eq!(report.statuses[0].state, ReportedState::Failed);
        assert_eq!(serde_json::to_string(&report).unwrap(), json);
    }

    #[test]
    fn nonsense_is_refused() {
        let status = format!(
            r#"{{"copy":"0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f","thumbprint":"{}","state":"installed"}}"#,
            "ab".repeat(32)
        );
        let many = format!(r#"{{"version":1,"statuses":[{}]}}"#, vec![status.as_str(); 257].join(","));
        assert!(serde_json::from_str::<Report>(&many).unwrap_err().to_string().contains("at most 256"));
        let unknown = status.replace("installed", "eaten");
        assert!(serde_json::from_str::<CopyStatus>(&unknown).is_err());
        let endless =
            status.replace("\"installed\"", &format!("\"failed\",\"cause\":\"{}\"", "x".repeat(501)));
        assert!(serde_json::from_str::<CopyStatus>(&endless).is_err());
    }
}
