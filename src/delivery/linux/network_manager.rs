//! NetworkManager's keyfile format (`nm-settings-keyfile(5)`).

use certporter_model::feature_settings::{HostName, WifiSettings};

use super::{Held, Snippet};
use crate::delivery::on_disk::{CERTIFICATE, KEY, folder_name};

/// A connection.
pub(super) fn snippet(held: &Held<'_>, wifi: &WifiSettings) -> Snippet {
    let mut text = format!(
        "[connection]\nid={}\ntype=wifi\n\n[wifi]\nmode=infrastructure\nssid={}\n",
        value(wifi.ssid.as_str()),
        ssid(wifi.ssid.as_str())
    );
    if wifi.hidden {
        text.push_str("hidden=true\n");
    }
    text.push_str("\n[wifi-security]\nkey-mgmt=wpa-eap\n\n[802-1x]\neap=tls;\n");
    let mut line = |name: &str, of: &str| text.push_str(&format!("{name}={}\n", value(of)));
    line("identity", &held.identity());
    line("ca-cert", &held.server_cas());
    if !wifi.server_names.is_empty() {
        let names: Vec<&str> = wifi.server_names.iter().map(HostName::as_str).collect();
        line("domain-match", &names.join(";"));
    }
    line("client-cert", &held.file(CERTIFICATE));
    line("private-key", &held.file(KEY));
    // 4: there is none to be asked for; the file is its owner's alone.
    text.push_str("private-key-password-flags=4\n\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n");
    let name = folder_name(held.profile, held.feature, None);
    Snippet {
        program: "NetworkManager".to_owned(),
        place: format!("/etc/NetworkManager/system-connections/{name}.nmconnection"),
        text,
    }
}

/// A text as a key file of GLib holds it: backslashes doubled, spaces at its ends and control characters escaped.
fn value(text: &str) -> String {
    let mut out = String::new();
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            '\\' => out.push_str("\\\\"),
            ' ' if index == 0 || index == last => out.push_str("\\s"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// A network's name: as text where that can't be mistaken for a list of numbers, else as its octets.
fn ssid(text: &str) -> String {
    let letters = text.bytes().any(|octet| octet.is_ascii_alphabetic());
    let plain = text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_. ".contains(&octet));
    if letters && plain && text.trim() == text {
        return text.to_owned();
    }
    text.bytes().map(|octet| format!("{octet};")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_network_is_not_mistaken() {
        assert_eq!(ssid("Corp WLAN"), "Corp WLAN");
        assert_eq!(ssid("12;3"), "49;50;59;51;");
        assert_eq!(ssid("ü"), "195;188;");
        assert_eq!(value(" a\\b "), "\\sa\\\\b\\s");
    }
}
