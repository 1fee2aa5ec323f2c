//! What a feature's set-up on a device needs beside the certificate: the network's name, the servers. They go into
//! configuration profiles and snippets, and into no certificate: changing them reissues nothing.

mod network;

use serde::{Deserialize, Serialize};

pub use network::{CertificatesPem, HostName, IkeIdentity, Ssid};

use crate::error::FieldErrors;
use crate::feature::Feature;
use crate::pattern::Pattern;

/// The most names of RADIUS servers that are trusted.
const SERVER_NAMES_MAX: usize = 20;
/// What stands for the person's mail address when nothing else is said.
pub const MAIL_ADDRESS: &str = "{{EmailAddress}}";

/// Settings as somebody wrote them: JSON's form of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FeatureSettingsDraft {
    /// Of the Wi-Fi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wifi: Option<WifiDraft>,
    /// Of the VPN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpn: Option<VpnDraft>,
    /// Of the mail account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailDraft>,
    /// CA certificates in PEM that the servers of Wi-Fi and VPN have theirs from; the root above the device's own
    /// certificate when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server_cas: String,
}

/// A Wi-Fi with EAP-TLS (RFC 5216), as somebody wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WifiDraft {
    /// The network's name, 1 to 32 octets.
    pub ssid: String,
    /// DNS names of the RADIUS servers that devices trust.
    #[serde(default)]
    pub server_names: Vec<String>,
    /// Whether the network doesn't say its name.
    #[serde(default)]
    pub hidden: bool,
}

/// A VPN with IKEv2 (RFC 7296), as somebody wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VpnDraft {
    /// DNS name or address of the gateway.
    pub server: String,
    /// The identity that the gateway proves; the server's name when empty.
    #[serde(default)]
    pub remote_id: String,
}

/// A mail account (IMAP, SMTP), as somebody wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailDraft {
    /// DNS name or address of the IMAP server.
    pub incoming_server: String,
    /// DNS name or address of the SMTP server; the IMAP server when empty.
    #[serde(default)]
    pub outgoing_server: String,
    /// The person's mail address, with variables; `{{EmailAddress}}` when empty.
    #[serde(default)]
    pub address: String,
}

/// Settings that are right in themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureSettings {
    /// Of the Wi-Fi.
    pub wifi: Option<WifiSettings>,
    /// Of the VPN.
    pub vpn: Option<VpnSettings>,
    /// Of the mail account.
    pub email: Option<EmailSettings>,
    /// The CAs of the servers of Wi-Fi and VPN; none: the root above the device's own certificate.
    pub server_cas: Option<CertificatesPem>,
}

/// A Wi-Fi with EAP-TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WifiSettings {
    /// The network's name.
    pub ssid: Ssid,
    /// The RADIUS servers that devices trust. Empty: any that the device's trust reaches.
    pub server_names: Vec<HostName>,
    /// Whether the network doesn't say its name.
    pub hidden: bool,
}

/// A VPN with IKEv2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpnSettings {
    /// The gateway.
    pub server: HostName,
    /// The identity that the gateway proves.
    pub remote_id: IkeIdentity,
}

/// A mail account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// The IMAP server.
    pub incoming_server: HostName,
    /// The SMTP server.
    pub outgoing_server: HostName,
    /// The person's mail address.
    pub address: Pattern,
}

/// What a profile doesn't say, so that a part of the set-up is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingSetting {
    /// Whose part.
    pub feature: Feature,
    /// What is missing and what follows, in a sentence.
    pub sentence: &'static str,
}

impl FeatureSettings {
    /// Checks a draft whole; errors are noted under `field` and a dot.
    #[must_use]
    pub fn parse(draft: &FeatureSettingsDraft, field: &str, errors: &mut FieldErrors) -> Self {
        Self {
            wifi: draft.wifi.as_ref().and_then(|it| wifi(it, &format!("{field}.wifi"), errors)),
            vpn: draft.vpn.as_ref().and_then(|it| vpn(it, &format!("{field}.vpn"), errors)),
            email: draft.email.as_ref().and_then(|it| email(it, &format!("{field}.email"), errors)),
            server_cas: match draft.server_cas.trim() {
                "" => None,
                given => errors.take(&format!("{field}.server_cas"), CertificatesPem::parse(given)),
            },
        }
    }

    /// What is missing for these features.
    #[must_use]
    pub fn missing(&self, features: &[Feature]) -> Vec<MissingSetting> {
        let lacks = |feature: &Feature| {
            let sentence = match feature {
                Feature::Wifi if self.wifi.is_none() => {
                    "this profile names no SSID, so the Wi-Fi payload is left out"
                }
                Feature::Vpn if self.vpn.is_none() => {
                    "this profile names no VPN server, so the VPN payload is left out"
                }
                Feature::Email if self.email.is_none() => {
                    "this profile names no mail server, so the mail payload is left out"
                }
                _ => return None,
            };
            Some(MissingSetting { feature: *feature, sentence })
        };
        features.iter().filter_map(lacks).collect()
    }
}

fn wifi(draft: &WifiDraft, field: &str, errors: &mut FieldErrors) -> Option<WifiSettings> {
    let ssid = errors.take(&format!("{field}.ssid"), Ssid::parse(&draft.ssid));
    let mut server_names = Vec::new();
    for (index, name) in draft.server_names.iter().enumerate() {
        server_names.extend(errors.take(&format!("{field}.server_names[{index}]"), HostName::parse(name)));
    }
    if server_names.len() > SERVER_NAMES_MAX {
        let right = format!("there are at most {SERVER_NAMES_MAX} trusted server names");
        errors.add(format!("{field}.server_names"), right);
    }
    Some(WifiSettings { ssid: ssid?, server_names, hidden: draft.hidden })
}

fn vpn(draft: &VpnDraft, field: &str, errors: &mut FieldErrors) -> Option<VpnSettings> {
    let server = errors.take(&format!("{field}.server"), HostName::parse(&draft.server));
    let remote_id = match draft.remote_id.as_str() {
        // A wrong server is said once.
        "" => server.as_ref().and_then(|server| IkeIdentity::parse(server.as_str()).ok()),
        given => errors.take(&format!("{field}.remote_id"), IkeIdentity::parse(given)),
    };
    Some(VpnSettings { server: server?, remote_id: remote_id? })
}

fn email(draft: &EmailDraft, field: &str, errors: &mut FieldErrors) -> Option<EmailSettings> {
    let incoming = errors.take(&format!("{field}.incoming_server"), HostName::parse(&draft.incoming_server));
    let outgoing = match draft.outgoing_server.as_str() {
        "" => incoming.clone(),
        given => errors.take(&format!("{field}.outgoing_server"), HostName::parse(given)),
    };
    let address = if draft.address.is_empty() { MAIL_ADDRESS } else { &draft.address };
    let address = errors.take(&format!("{field}.address"), Pattern::parse(address));
    Some(EmailSettings { incoming_server: incoming?, outgoing_server: outgoing?, address: address? })
}

impl From<FeatureSettings> for FeatureSettingsDraft {
    fn from(settings: FeatureSettings) -> Self {
        Self {
            wifi: settings.wifi.map(|it| WifiDraft {
                ssid: it.ssid.into(),
                server_names: it.server_names.into_iter().map(Into::into).collect(),
                hidden: it.hidden,
            }),
            vpn: settings.vpn.map(|it| VpnDraft { server: it.server.into(), remote_id: it.remote_id.into() }),
            email: settings.email.map(|it| EmailDraft {
                incoming_server: it.incoming_server.into(),
                outgoing_server: it.outgoing_server.into(),
                address: it.address.into(),
            }),
            server_cas: settings.server_cas.map(Into::into).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> (FeatureSettings, Vec<String>) {
        let mut errors = FieldErrors::new();
        let draft = serde_json::from_str(json).unwrap();
        let settings = FeatureSettings::parse(&draft, "feature_settings", &mut errors);
        (settings, errors.as_slice().iter().map(|error| error.field.clone()).collect())
    }

    #[test]
    fn what_is_left_empty_follows_from_the_rest() {
        let (settings, errors) = parse(
            r#"{"wifi":{"ssid":"Büro & Co"},"vpn":{"server":"vpn.example.org"},
                "email":{"incoming_server":"mail.example.org"}}"#,
        );
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(settings.vpn.as_ref().unwrap().remote_id.as_str(), "vpn.example.org");
        let email = settings.email.as_ref().unwrap();
        assert_eq!(email.outgoing_server.as_str(), "mail.example.org");
        assert_eq!(email.address.to_string(), MAIL_ADDRESS);
        assert!(settings.missing(Feature::ALL).is_empty());
        let draft = FeatureSettingsDraft::from(settings.clone());
        assert_eq!(FeatureSettings::parse(&draft, "", &mut FieldErrors::new()), settings);
    }

    #[test]
    fn every_wrong_setting_is_named_at_once() {
        let long = "x".repeat(33);
        let (_, errors) = parse(&format!(
            r#"{{"wifi":{{"ssid":"{long}","server_names":["radius.example.org","bücher.example"]}},
                "vpn":{{"server":"vpn example"}},
                "email":{{"incoming_server":"","outgoing_server":"-a.example","address":"{{{{Nobody}}}}"}}}}"#
        ));
        assert_eq!(
            errors,
            [
                "feature_settings.wifi.ssid",
                "feature_settings.wifi.server_names[1]",
                "feature_settings.vpn.server",
                "feature_settings.email.incoming_server",
                "feature_settings.email.outgoing_server",
                "feature_settings.email.address",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_said_for_each_feature() {
        let missing = FeatureSettings::default().missing(&[Feature::Vpn, Feature::Wifi, Feature::General]);
        let features: Vec<Feature> = missing.iter().map(|it| it.feature).collect();
        assert_eq!(features, [Feature::Vpn, Feature::Wifi]);
        assert!(missing[1].sentence.contains("no SSID"));
    }
}
