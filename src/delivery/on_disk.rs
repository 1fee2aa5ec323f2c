//! What the agent's files are called: for the agent, which writes them, and for snippets, which name them. Folders get
//! their names from those of profiles, which may be any text.

use certporter_model::feature::Feature;

/// Where the agent's folder is unless somebody chose another.
pub const USUAL_FOLDER: &str = "/var/lib/certporter";
/// The folder of copies within it.
pub const CERTIFICATES: &str = "certificates";
/// The PFX.
pub const PFX: &str = "certificate.pfx";
/// The PFX's password.
pub const PASSWORD: &str = "certificate.pfx.password";
/// The private key, PKCS#8 in PEM.
pub const KEY: &str = "key.pem";
/// The certificate in PEM.
pub const CERTIFICATE: &str = "cert.pem";
/// The CA certificates above it in PEM, the nearest first.
pub const CHAIN: &str = "chain.pem";

/// The longest name of a folder that is made, in octets: file systems allow 255.
const LONGEST: usize = 96;

/// A folder's name from a profile's name and a feature: letters and digits of any script, hyphens, dots inside; so
/// it can't leave its parent, hide, or confuse a shell. Two profiles may come to the same: `distinct` makes
/// another name of it.
#[must_use]
pub fn folder_name(profile: &str, feature: Feature, distinct: Option<&str>) -> String {
    let mut name = String::new();
    for character in profile.chars() {
        let kept = if character.is_alphanumeric() { Some(character) } else { None };
        match kept {
            Some(c) if name.len() + c.len_utf8() <= LONGEST => name.push(c),
            Some(_) => break,
            None if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            None => {}
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "profile" } else { name };
    match distinct {
        Some(distinct) => format!("{name}-{feature}-{distinct}"),
        None => format!("{name}-{feature}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_readable() {
        assert_eq!(folder_name("Wi-Fi: Büro (Köln)", Feature::Wifi, None), "Wi-Fi-Büro-Köln-wifi");
        assert_eq!(folder_name("../../etc/passwd", Feature::Vpn, None), "etc-passwd-vpn");
        assert_eq!(folder_name("\u{202e}…", Feature::Email, Some("1a2b")), "profile-email-1a2b");
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_parent(text in any::<String>()) {
            let name = folder_name(&text, Feature::General, None);
            prop_assert!(name.len() <= 255 && !name.starts_with('.') && !name.contains(['/', '\0', '\\', '\n', ' ']));
            prop_assert!(std::path::Path::new(&name).components().count() == 1);
        }
    }
}
