//! Profiles as somebody wrote them, and the words in them.

use serde::{Deserialize, Serialize};

use crate::escrow::EscrowPolicy;
use crate::feature::Feature;
use crate::feature_settings::FeatureSettingsDraft;
use crate::key::{KeyAlgorithm, KeyUsage};
use crate::macros::words;
use crate::platform::Platform;
use crate::subject_alternative_name::SanText;

words! {
    /// Whom a certificate names.
    pub enum SubjectType("subject type") {
        /// The person.
        User = "user",
        /// The device: a device without an owner can have it too.
        Device = "device",
    }
}

words! {
    /// How far one key reaches.
    pub enum KeyScope("key scope") {
        /// One key and certificate for each device.
        Device = "device",
        /// One key and certificate for all of a user's devices, as S/MIME needs.
        User = "user",
    }
}

words! {
    /// The cryptography inside a PFX.
    pub enum PfxFormat("PFX format") {
        /// AES-256-CBC with PBKDF2-HMAC-SHA256, MAC with SHA-256.
        Modern = "modern",
        /// Triple DES, MAC with SHA-1: for readers that know nothing newer, inside the device's envelope only.
        Compat = "compat",
    }
}

words! {
    /// How the user's SID goes into the certificate, for strong mapping (Microsoft KB5014754).
    pub enum StrongMapping("strong mapping") {
        /// Not at all.
        None = "none",
        /// In the extension 1.3.6.1.4.1.311.25.2.
        Extension = "extension",
        /// As a URI among the alternative names.
        Uri = "uri",
    }
}

/// A profile as somebody wrote it: nothing in it is known to be right. JSON's form of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    /// What administrators call it.
    pub name: String,
    /// A note for other administrators.
    #[serde(default)]
    pub description: String,
    /// Platforms that it reaches.
    pub platforms: Vec<Platform>,
    /// Whom the certificate names.
    pub subject_type: SubjectType,
    /// How far one key reaches.
    pub key_scope: KeyScope,
    /// Subject with variables (RFC 4514).
    pub subject: String,
    /// Alternative names with variables.
    #[serde(default)]
    pub subject_alternative_names: Vec<SanText>,
    /// Algorithm and size of the key.
    pub key_algorithm: KeyAlgorithm,
    /// Bits of keyUsage.
    pub key_usage: KeyUsage,
    /// Object identifiers of extKeyUsage.
    pub extended_key_usages: Vec<String>,
    /// Days from issue to expiry, 1 to 3650.
    pub validity_days: u32,
    /// Percentage of the validity that is left when renewal starts, 1 to 99.
    pub renewal_threshold_percent: u8,
    /// Uses on the device: one copy each.
    pub features: Vec<Feature>,
    /// What the features' set-up needs beside the certificate. A change of it reissues nothing.
    #[serde(default)]
    pub feature_settings: FeatureSettingsDraft,
    /// How long the key is kept.
    pub escrow: EscrowPolicy,
    /// Cryptography inside the PFX.
    #[serde(default = "default_pfx_format")]
    pub pfx_format: PfxFormat,
    /// Name of the issuing CA.
    #[serde(default = "default_ca")]
    pub ca: String,
    /// Template or role at that CA; the built-in one needs none.
    #[serde(default)]
    pub template: String,
    /// Pool of connectors that may work on it.
    #[serde(default = "default_pool")]
    pub connector_pool: String,
    /// Whether users may have their own certificate reissued.
    #[serde(default)]
    pub user_may_reissue: bool,
    /// Whether and how the user's SID goes in.
    #[serde(default = "default_strong_mapping")]
    pub strong_mapping: StrongMapping,
    /// Whether renewal keeps the key. Needs retained escrow.
    #[serde(default)]
    pub keep_key_on_renewal: bool,
    /// Whether a new device of the user gets the keys of earlier certificates too, to read old mail.
    #[serde(default)]
    pub deliver_history: bool,
}

fn default_pfx_format() -> PfxFormat {
    PfxFormat::Modern
}
fn default_ca() -> String {
    "builtin".to_owned()
}
fn default_pool() -> String {
    "default".to_owned()
}
fn default_strong_mapping() -> StrongMapping {
    StrongMapping::None
}
