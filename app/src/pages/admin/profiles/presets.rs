//! What a new profile begins with, so that nobody begins with object identifiers.

use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::feature_settings::FeatureSettingsDraft;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::platform::Platform;
use certporter_model::profile::{KeyScope, PfxFormat, ProfileDraft, StrongMapping, SubjectType};
use certporter_model::subject_alternative_name::{SanKind, SanText};

/// Something to begin with.
#[derive(Clone, Copy)]
pub struct Preset {
    /// Its word in the address.
    pub word: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// What it is for.
    pub about: &'static str,
    draft: fn() -> ProfileDraft,
}

impl Preset {
    /// The draft.
    pub fn draft(self) -> ProfileDraft {
        (self.draft)()
    }
}

/// Every preset, the usual ones first.
pub const PRESETS: [Preset; 4] = [
    Preset {
        word: "network",
        title: "Wi-Fi and VPN per device",
        icon: "wifi",
        about: "Signs a person's device in to the network. Each device has a key of its own, which is destroyed once it is there.",
        draft: network,
    },
    Preset {
        word: "mail",
        title: "S/MIME per user",
        icon: "mail",
        about: "Signs and encrypts mail. The same key on all of a person's devices, kept in escrow so that old mail stays readable.",
        draft: mail,
    },
    Preset {
        word: "device",
        title: "Device certificate",
        icon: "laptop",
        about: "Names the device itself, for machines that connect before anybody signs in, and for shared ones.",
        draft: device,
    },
    Preset {
        word: "blank",
        title: "Blank",
        icon: "scroll-text",
        about: "Nothing chosen but the usual sizes. For what the others don't fit.",
        draft: blank,
    },
];

/// The preset of a word.
pub fn named(word: &str) -> Option<Preset> {
    PRESETS.into_iter().find(|preset| preset.word == word)
}

fn blank() -> ProfileDraft {
    ProfileDraft {
        name: String::new(),
        description: String::new(),
        platforms: Vec::new(),
        subject_type: SubjectType::User,
        key_scope: KeyScope::Device,
        subject: String::new(),
        subject_alternative_names: Vec::new(),
        key_algorithm: KeyAlgorithm::EcP256,
        key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
        extended_key_usages: Vec::new(),
        validity_days: 365,
        renewal_threshold_percent: 20,
        features: Vec::new(),
        feature_settings: FeatureSettingsDraft::default(),
        escrow: EscrowPolicy::None,
        pfx_format: PfxFormat::Modern,
        ca: "builtin".to_owned(),
        template: String::new(),
        connector_pool: "default".to_owned(),
        user_may_reissue: false,
        strong_mapping: StrongMapping::None,
        keep_key_on_renewal: false,
        deliver_history: false,
    }
}

fn san(kind: SanKind, value: &str) -> SanText {
    SanText { kind, value: value.to_owned() }
}

fn network() -> ProfileDraft {
    ProfileDraft {
        name: "Wi-Fi and VPN".to_owned(),
        platforms: Platform::ALL.to_vec(),
        subject: "CN={{UserName}}".to_owned(),
        subject_alternative_names: vec![
            san(SanKind::Upn, "{{UserPrincipalName}}"),
            san(SanKind::Uri, "urn:uuid:{{DeviceId}}"),
        ],
        extended_key_usages: vec![Oid::CLIENT_AUTH.to_owned()],
        features: vec![Feature::Vpn, Feature::Wifi],
        escrow: EscrowPolicy::UntilDelivered,
        user_may_reissue: true,
        ..blank()
    }
}

fn mail() -> ProfileDraft {
    ProfileDraft {
        name: "S/MIME".to_owned(),
        platforms: Platform::ALL.to_vec(),
        subject: "CN={{DisplayName}},E={{EmailAddress}}".to_owned(),
        subject_alternative_names: vec![san(SanKind::Email, "{{EmailAddress}}")],
        key_scope: KeyScope::User,
        key_usage: KeyUsage { digital_signature: true, key_agreement: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::EMAIL_PROTECTION.to_owned()],
        validity_days: 730,
        features: vec![Feature::Email],
        escrow: EscrowPolicy::Retained,
        user_may_reissue: true,
        deliver_history: true,
        ..blank()
    }
}

fn device() -> ProfileDraft {
    ProfileDraft {
        name: "Device certificate".to_owned(),
        platforms: Platform::ALL.to_vec(),
        subject_type: SubjectType::Device,
        subject: "CN={{DeviceName}}".to_owned(),
        subject_alternative_names: vec![san(SanKind::Uri, "urn:uuid:{{DeviceId}}")],
        extended_key_usages: vec![Oid::CLIENT_AUTH.to_owned()],
        features: vec![Feature::General],
        ..blank()
    }
}

#[cfg(test)]
mod tests {
    use certporter_model::profile::Profile;

    use super::*;

    #[test]
    fn every_preset_but_the_blank_one_can_be_saved_as_it_is() {
        for preset in PRESETS {
            let parsed = Profile::parse(preset.draft());
            assert_eq!(parsed.is_ok(), preset.word != "blank", "{}: {parsed:?}", preset.word);
        }
    }
}
