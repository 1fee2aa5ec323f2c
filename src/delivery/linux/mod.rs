//! Snippets for Linux: settings of what uses the files that the agent writes, with the paths of those files.
//!
//! - [`network_manager`], [`wpa_supplicant`]: Wi-Fi with EAP-TLS
//! - [`strongswan`]: a VPN with IKEv2
//! - [`thunderbird`]: mail with S/MIME

mod network_manager;
mod strongswan;
mod thunderbird;
mod wpa_supplicant;

use certporter_model::feature::Feature;
use certporter_model::feature_settings::FeatureSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::apple;
use super::on_disk;
use crate::pki::Certificate;

/// Where the CAs of the servers are to be put, when the profile names them.
const SERVER_CAS: &str = "/etc/ssl/certporter-servers.pem";

/// What a snippet is made from.
#[derive(Debug, Clone, Copy)]
pub struct Held<'h> {
    /// What the profile is called: the folder's name comes from it.
    pub profile: &'h str,
    /// What the certificate is for.
    pub feature: Feature,
    /// The certificate.
    pub certificate: &'h Certificate,
    /// What the features' set-up needs.
    pub settings: &'h FeatureSettings,
    /// The person's mail address, where it is known.
    pub mail_address: Option<&'h str>,
}

/// A ready-made part of somebody's settings. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snippet {
    /// What it is for: `NetworkManager`.
    pub program: String,
    /// Where it goes, in words or as a path.
    pub place: String,
    /// Itself.
    pub text: String,
}

impl Held<'_> {
    /// A file of the copy.
    fn file(&self, name: &str) -> String {
        let folder = on_disk::folder_name(self.profile, self.feature, None);
        format!("{}/{}/{folder}/{name}", on_disk::USUAL_FOLDER, on_disk::CERTIFICATES)
    }

    /// The CAs that the servers are known by.
    fn server_cas(&self) -> String {
        match self.settings.server_cas {
            Some(_) => SERVER_CAS.to_owned(),
            None => self.file(on_disk::CHAIN),
        }
    }

    /// What the device calls itself: a name that its certificate holds.
    fn identity(&self) -> String {
        apple::local_identity(self.certificate)
    }
}

/// Every snippet for a copy. What the profile doesn't name is left out.
#[must_use]
pub fn snippets(held: &Held<'_>) -> Vec<Snippet> {
    let settings = held.settings;
    let found = match held.feature {
        Feature::Wifi => settings
            .wifi
            .as_ref()
            .map(|wifi| vec![network_manager::snippet(held, wifi), wpa_supplicant::snippet(held, wifi)]),
        Feature::Vpn => settings.vpn.as_ref().map(|vpn| vec![strongswan::snippet(held, vpn)]),
        Feature::Email => Some(vec![thunderbird::snippet(held, settings.email.as_ref())]),
        Feature::General => None,
    };
    let mut found = found.unwrap_or_default();
    let of_network = matches!(held.feature, Feature::Wifi | Feature::Vpn);
    if let Some(cas) = settings.server_cas.as_ref().filter(|_| of_network && !found.is_empty()) {
        let (program, place) = ("The CAs of the servers".to_owned(), SERVER_CAS.to_owned());
        found.push(Snippet { program, place, text: format!("{}\n", cas.as_str().trim_end()) });
    }
    found
}
