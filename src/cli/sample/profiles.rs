//! The sample's profiles: Wi-Fi and VPN for each device, S/MIME for each user, a device certificate.

use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::feature_settings::FeatureSettingsDraft;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::platform::Platform;
use certporter_model::profile::{KeyScope, PfxFormat, ProfileDraft, StrongMapping, SubjectType};
use certporter_model::subject_alternative_name::{SanKind, SanText};

fn san(kind: SanKind, value: &str) -> SanText {
    SanText { kind, value: value.to_owned() }
}

/// What all have in common.
fn base(name: &str, description: &str) -> ProfileDraft {
    ProfileDraft {
        name: name.to_owned(),
        description: description.to_owned(),
        platforms: Platform::ALL.to_vec(),
        subject_type: SubjectType::User,
        key_scope: KeyScope::Device,
        subject: "CN={{UserName}},OU=Staff,O=Example".to_owned(),
        subject_alternative_names: Vec::new(),
        key_algorithm: KeyAlgorithm::EcP256,
        key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::CLIENT_AUTH.to_owned()],
        validity_days: 365,
        renewal_threshold_percent: 20,
        features: Vec::new(),
        feature_settings: FeatureSettingsDraft::default(),
        escrow: EscrowPolicy::None,
        pfx_format: PfxFormat::Modern,
        ca: "builtin".to_owned(),
        template: String::new(),
        connector_pool: "default".to_owned(),
        user_may_reissue: true,
        strong_mapping: StrongMapping::None,
        keep_key_on_renewal: false,
        deliver_history: false,
    }
}

/// Sign-in to Wi-Fi and VPN: a key of its own for each device.
pub(super) fn wifi_and_vpn() -> ProfileDraft {
    ProfileDraft {
        subject_alternative_names: vec![
            san(SanKind::Upn, "{{UserPrincipalName}}"),
            san(SanKind::Uri, "urn:uuid:{{DeviceId}}"),
        ],
        features: vec![Feature::Vpn, Feature::Wifi],
        strong_mapping: StrongMapping::Extension,
        ..base(
            "Wi-Fi and VPN",
            "Sign-in to the network with a certificate that names the person and the device.",
        )
    }
}

/// E-mail encryption and signing: one key for all of a user's devices.
pub(super) fn smime() -> ProfileDraft {
    ProfileDraft {
        subject: "CN={{DisplayName}},E={{EmailAddress}},O=Example".to_owned(),
        subject_alternative_names: vec![san(SanKind::Email, "{{EmailAddress}}")],
        key_scope: KeyScope::User,
        key_usage: KeyUsage { digital_signature: true, key_agreement: true, ..KeyUsage::default() },
        extended_key_usages: vec![Oid::EMAIL_PROTECTION.to_owned()],
        validity_days: 730,
        features: vec![Feature::Email],
        escrow: EscrowPolicy::Retained,
        deliver_history: true,
        ..base("S/MIME", "Encrypted and signed mail: the same key on all of a person's devices.")
    }
}

/// The device itself, whoever uses it.
pub(super) fn device() -> ProfileDraft {
    ProfileDraft {
        subject: "CN={{DeviceId}},OU=Devices,O=Example".to_owned(),
        subject_alternative_names: vec![san(SanKind::Uri, "urn:uuid:{{DeviceId}}")],
        subject_type: SubjectType::Device,
        validity_days: 180,
        features: vec![Feature::General],
        user_may_reissue: false,
        ..base("Device certificate", "Names the device: for machines that connect before anybody signs in.")
    }
}

#[cfg(test)]
mod tests {
    use certporter_model::profile::Profile;

    use super::*;

    #[test]
    fn every_profile_is_right() {
        for draft in [wifi_and_vpn(), smime(), device()] {
            Profile::parse(draft).unwrap();
        }
    }
}
