//! What the portal wants a device to do.

use certporter_model::feature::Feature;
use certporter_model::text::Name;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CopyId, ParseError, ProfileId};
use serde::{Deserialize, Serialize};

use super::LONGEST_WAIT;
use crate::wire::octets::Octets;

/// How the device asks: `?after=REVISION&wait=SECONDS`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollQuery {
    /// The last answer's revision: the portal answers once there is something else to do. Left out, it answers at
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Revision>,
    /// How long the portal may wait, in seconds; more than 55 counts as 55.
    #[serde(default)]
    pub wait: u16,
}

impl PollQuery {
    /// As in the address, after the question mark. Nothing in it needs escaping.
    #[must_use]
    pub fn to_text(&self) -> String {
        match &self.after {
            Some(after) => format!("wait={}&after={}", self.wait, after.as_str()),
            None => format!("wait={}", self.wait),
        }
    }

    /// How long the portal waits.
    #[must_use]
    pub fn wait(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.wait.min(LONGEST_WAIT).into())
    }
}

/// Names a list of commands: the same list has the same revision, whichever process of the portal answers. The
/// device does not look into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Revision(String);

/// A revision that none of ours can be.
pub type UnknownRevision = ParseError;

impl Revision {
    /// From a digest of the list.
    #[must_use]
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(hex::encode(&digest[..16]))
    }

    /// As in the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Revision {
    type Error = UnknownRevision;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(ParseError::new("revision", "is as the last answer gave it"));
        }
        Ok(Self(text))
    }
}

impl From<Revision> for String {
    fn from(revision: Revision) -> Self {
        revision.0
    }
}

/// What there is to do now. A command stays in the list until the device has reported, so a lost answer or a crash
/// loses nothing, and doing one twice is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    /// The version of this message.
    pub version: u16,
    /// Names this list.
    pub revision: Revision,
    /// The list: removals first.
    pub commands: Vec<Command>,
    /// Whether others follow once these are reported.
    #[serde(default)]
    pub more: bool,
    /// Whether something is being made for this device, so that another command is to be expected soon.
    #[serde(default)]
    pub in_preparation: bool,
    /// Ask again after so many seconds: the portal spreads its load with it.
    #[serde(default)]
    pub next_poll_seconds: u32,
}

/// A thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Names the command in logs.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub kind: CommandKind,
}

/// Kinds of commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CommandKind {
    /// Install a copy.
    Install {
        /// The copy, as named in reports.
        copy: CopyId,
        /// The profile: a copy of the same profile for the same feature takes the place of the one before.
        profile: ProfileId,
        /// The profile's name, for people.
        profile_name: Name,
        /// What it is for.
        feature: Feature,
        /// SHA-256 of the certificate inside.
        thumbprint: Thumbprint,
        /// Whether it serves only to read old mail: it stands beside the one in use and does not take its place.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        decrypt_only: bool,
        /// The management certificate that the envelope is sealed for.
        sealed_for: Thumbprint,
        /// CMS (RFC 5652, RFC 5083) with the PFX and its password inside.
        envelope: Octets<262_144>,
    },
    /// Remove a copy. If it is not there, it is removed.
    Remove {
        /// The copy.
        copy: CopyId,
        /// SHA-256 of its certificate.
        thumbprint: Thumbprint,
    },
    /// Renew the management certificate now.
    RenewManagement,
    /// A kind that this version does not know: it is left alone.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_agent_understands_removals_among_commands_that_it_does_not_know() {
        let json = r#"{"version":9,"revision":"00ff","new":true,"commands":[
            {"id":"x","kind":"attest","challenge":"AAAA"},
            {"id":"remove-1","kind":"remove","copy":"0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f","why":"blocked",
             "thumbprint":"abababababababababababababababababababababababababababababababab"},
            {"id":"y","kind":"renew_management"}]}"#;
        let commands: Commands = serde_json::from_str(json).unwrap();
        assert_eq!(commands.commands[0].kind, CommandKind::Unknown);
        assert!(matches!(commands.commands[1].kind, CommandKind::Remove { .. }));
        assert_eq!(commands.commands[2].kind, CommandKind::RenewManagement);
        assert!(!commands.more);
    }

    #[test]
    fn the_golden_form_of_an_install() {
        let command = Command {
            id: "install-1".into(),
            kind: CommandKind::Install {
                copy: "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
                profile: "0198c2f0-7d1e-7cc3-98c4-dc0c0c073990".parse().unwrap(),
                profile_name: Name::parse("Wi-Fi").unwrap(),
                feature: Feature::Wifi,
                thumbprint: Thumbprint::from_octets([0xab; 32]),
                decrypt_only: false,
                sealed_for: Thumbprint::from_octets([0xcd; 32]),
                envelope: Octets::new(vec![1, 2, 3]).unwrap(),
            },
        };
        let json = serde_json::to_string(&command).unwrap();
        assert_eq!(
            json,
            format!(
                r#"{{"id":"install-1","kind":"install","copy":"0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f","profile":"0198c2f0-7d1e-7cc3-98c4-dc0c0c073990","profile_name":"Wi-Fi","feature":"wifi","thumbprint":"{}","sealed_for":"{}","envelope":"AQID"}}"#,
                "ab".repeat(32),
                "cd".repeat(32)
            )
        );
        assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command);
    }

    #[test]
    fn a_wait_is_bounded_and_a_revision_is_no_text_of_somebodys() {
        assert_eq!(PollQuery { after: None, wait: 60_000 }.wait().as_secs(), 55);
        assert!(Revision::try_from("a'; --".to_owned()).is_err());
        assert!(Revision::try_from("a".repeat(65)).is_err());
    }
}
