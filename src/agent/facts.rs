//! What a Linux device says of itself.

use std::fs;
use std::path::Path;

use certporter_model::hardware::{Fqdn, HardwareSerial, MacAddress};
use certporter_model::platform::Platform;
use certporter_model::text::Name;

use crate::wire::device::DeviceFacts;

/// What makers leave where a serial number should be.
const PLACEHOLDERS: [&str; 7] =
    ["to be filled by o.e.m.", "default string", "none", "not specified", "system serial number", "0", "n/a"];

/// What this machine says of itself; a value that it does not tell is left out. The serial number is readable to
/// root only.
#[must_use]
pub fn of_this_machine() -> DeviceFacts {
    read_from(Path::new("/"))
}

fn read_from(root: &Path) -> DeviceFacts {
    let text = |path: &str| {
        fs::read_to_string(root.join(path)).ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
    };
    let host = text("proc/sys/kernel/hostname");
    let fallback = || Name::parse("linux").ok();
    DeviceFacts {
        name: host
            .as_deref()
            .and_then(|h| Name::parse(h).ok())
            .or_else(fallback)
            .unwrap_or_else(|| unreachable!("`linux` is a name")),
        platform: Platform::Linux,
        serial_number: text("sys/class/dmi/id/product_serial")
            .filter(|serial| !PLACEHOLDERS.contains(&serial.to_ascii_lowercase().as_str()))
            .and_then(|serial| HardwareSerial::parse(&serial).ok()),
        imei: None,
        meid: None,
        wifi_mac: wifi_address(&root.join("sys/class/net")),
        fqdn: host.filter(|h| h.contains('.')).and_then(|h| Fqdn::parse(&h).ok()),
        agent: Name::parse(concat!("certporter ", env!("CARGO_PKG_VERSION"))).ok(),
    }
}

/// The address of the first wireless interface by name.
fn wifi_address(interfaces: &Path) -> Option<MacAddress> {
    let mut names: Vec<_> = fs::read_dir(interfaces).ok()?.flatten().map(|entry| entry.path()).collect();
    names.sort();
    names
        .into_iter()
        .filter(|path| path.join("wireless").exists() || path.join("phy80211").exists())
        .find_map(|path| MacAddress::parse(fs::read_to_string(path.join("address")).ok()?.trim()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_serial_numbers() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/sys/kernel/hostname", "laptop.example.org\n");
        write("sys/class/dmi/id/product_serial", "Default string\n");
        write("sys/class/net/eth0/address", "02:00:5e:10:00:01\n");
        write("sys/class/net/wlan0/address", "02:00:5e:10:00:02\n");
        fs::create_dir_all(root.path().join("sys/class/net/wlan0/wireless")).unwrap();
        let facts = read_from(root.path());
        assert_eq!(facts.name.as_str(), "laptop.example.org");
        assert_eq!(facts.serial_number, None);
        assert_eq!(facts.wifi_mac.unwrap().as_str(), "02:00:5e:10:00:02");
        assert_eq!(facts.fqdn.unwrap().as_str(), "laptop.example.org");
        write("sys/class/dmi/id/product_serial", "PF3X9\n");
        assert_eq!(read_from(root.path()).serial_number.unwrap().as_str(), "PF3X9");
    }

    #[test]
    fn a_machine_that_tells_nothing_still_has_a_name() {
        assert_eq!(read_from(tempfile::tempdir().unwrap().path()).name.as_str(), "linux");
    }
}
