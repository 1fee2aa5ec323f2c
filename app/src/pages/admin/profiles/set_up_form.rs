//! The features' settings as they are typed in the editor, and in words.

use certporter_model::feature_settings::{EmailDraft, FeatureSettingsDraft, VpnDraft, WifiDraft};

use crate::pages::form::Sent;

/// The values as they were typed. The names of the fields are those of a profile in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of a profile")]
pub struct SetUpForm {
    pub ssid: String,
    pub hidden: bool,
    pub server_names: String,
    pub vpn_server: String,
    pub remote_id: String,
    pub incoming_server: String,
    pub outgoing_server: String,
    pub address: String,
    pub server_cas: String,
}

/// The field in which several values are typed, for an error of one of them.
#[must_use]
pub fn several(field: &str) -> Option<&'static str> {
    const SERVER_NAMES: &str = "feature_settings.wifi.server_names";
    field.strip_prefix(SERVER_NAMES).filter(|rest| rest.starts_with('[')).map(|_| SERVER_NAMES)
}

impl From<&Sent> for SetUpForm {
    fn from(sent: &Sent) -> Self {
        let one = |name: &str| sent.one(&format!("feature_settings.{name}")).to_owned();
        Self {
            ssid: one("wifi.ssid"),
            hidden: sent.has("feature_settings.wifi.hidden"),
            server_names: one("wifi.server_names"),
            vpn_server: one("vpn.server"),
            remote_id: one("vpn.remote_id"),
            incoming_server: one("email.incoming_server"),
            outgoing_server: one("email.outgoing_server"),
            address: one("email.address"),
            server_cas: one("server_cas").replace("\r\n", "\n"),
        }
    }
}

impl SetUpForm {
    /// The form of a profile's settings.
    #[must_use]
    pub fn of(settings: FeatureSettingsDraft) -> Self {
        let wifi = settings.wifi.unwrap_or_default();
        let vpn = settings.vpn.unwrap_or_default();
        let email = settings.email.unwrap_or_default();
        Self {
            ssid: wifi.ssid,
            hidden: wifi.hidden,
            server_names: wifi.server_names.join(" "),
            vpn_server: vpn.server,
            remote_id: vpn.remote_id,
            incoming_server: email.incoming_server,
            outgoing_server: email.outgoing_server,
            address: email.address,
            server_cas: settings.server_cas,
        }
    }

    /// The settings. A part of which nothing was typed is not there.
    #[must_use]
    pub fn read(&self) -> FeatureSettingsDraft {
        let server_names: Vec<String> = self
            .server_names
            .split([',', ';', ' ', '\n', '\r', '\t'])
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let typed = |texts: &[&String]| texts.iter().any(|text| !text.trim().is_empty());
        let wifi = typed(&[&self.ssid]) || !server_names.is_empty() || self.hidden;
        let text = |text: &String| text.trim().to_owned();
        FeatureSettingsDraft {
            // Spaces are part of a network's name.
            wifi: wifi.then(|| WifiDraft { ssid: self.ssid.clone(), server_names, hidden: self.hidden }),
            vpn: typed(&[&self.vpn_server, &self.remote_id])
                .then(|| VpnDraft { server: text(&self.vpn_server), remote_id: text(&self.remote_id) }),
            email: typed(&[&self.incoming_server, &self.outgoing_server, &self.address]).then(|| {
                EmailDraft {
                    incoming_server: text(&self.incoming_server),
                    outgoing_server: text(&self.outgoing_server),
                    address: text(&self.address),
                }
            }),
            server_cas: text(&self.server_cas),
        }
    }
}

/// The settings in words, a line for each.
#[must_use]
pub fn lines(settings: &FeatureSettingsDraft) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{label}: {value}"));
        }
    };
    if let Some(wifi) = &settings.wifi {
        line("SSID", &wifi.ssid);
        line("Network", if wifi.hidden { "hidden" } else { "" });
        line("Trusted RADIUS servers", &wifi.server_names.join(", "));
    }
    if let Some(vpn) = &settings.vpn {
        line("VPN server", &vpn.server);
        line("Remote ID", &vpn.remote_id);
    }
    if let Some(email) = &settings.email {
        line("Incoming mail server", &email.incoming_server);
        line("Outgoing mail server", &email.outgoing_server);
        line("Mail address", &email.address);
    }
    if !settings.server_cas.is_empty() {
        let count = settings.server_cas.matches("-----BEGIN").count();
        // The text tells a difference where the number is the same.
        line("CAs of the servers", &format!("{count}, {} octets of PEM", settings.server_cas.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_form() {
        let settings = FeatureSettingsDraft {
            wifi: Some(WifiDraft {
                ssid: " Büro & <Co>".into(),
                server_names: vec!["a.example".into(), "b.example".into()],
                hidden: true,
            }),
            vpn: Some(VpnDraft { server: "vpn.example".into(), remote_id: String::new() }),
            email: None,
            server_cas: "-----BEGIN CERTIFICATE-----".into(),
        };
        assert_eq!(SetUpForm::of(settings.clone()).read(), settings);
        assert_eq!(SetUpForm::default().read(), FeatureSettingsDraft::default());
        assert_eq!(
            several("feature_settings.wifi.server_names[1]"),
            Some("feature_settings.wifi.server_names")
        );
        assert_eq!(several("feature_settings.wifi.ssid"), None);
    }
}
