//! `wpa_supplicant.conf`.

use certporter_model::feature_settings::{HostName, WifiSettings};

use super::{Held, Snippet};
use crate::delivery::on_disk::{CERTIFICATE, KEY};

/// A network block.
pub(super) fn snippet(held: &Held<'_>, wifi: &WifiSettings) -> Snippet {
    let mut text = format!("network={{\n\tssid={}\n", value(wifi.ssid.as_str()));
    if wifi.hidden {
        text.push_str("\tscan_ssid=1\n");
    }
    text.push_str("\tkey_mgmt=WPA-EAP WPA-EAP-SHA256\n\teap=TLS\n");
    let mut line = |name: &str, of: &str| text.push_str(&format!("\t{name}={}\n", value(of)));
    line("identity", &held.identity());
    line("ca_cert", &held.server_cas());
    if !wifi.server_names.is_empty() {
        let names: Vec<&str> = wifi.server_names.iter().map(HostName::as_str).collect();
        line("domain_match", &names.join(";"));
    }
    line("client_cert", &held.file(CERTIFICATE));
    line("private_key", &held.file(KEY));
    text.push_str("}\n");
    Snippet {
        program: "wpa_supplicant".to_owned(),
        place: "/etc/wpa_supplicant/wpa_supplicant.conf".to_owned(),
        text,
    }
}

/// A text as it stands there: in quotation marks, which can't be escaped, or else its octets in hexadecimal.
fn value(text: &str) -> String {
    if text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        hex::encode(text)
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_quotation_mark_can_t_end_a_value() {
        assert_eq!(value("Büro & <Co>"), "\"Büro & <Co>\"");
        assert_eq!(value("a\"b"), "612262");
    }
}
