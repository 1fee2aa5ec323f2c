//! Certificate profiles: what an administrator writes, and what is left of it once it is known to be right.

mod check;
mod draft;

pub use draft::{KeyScope, PfxFormat, ProfileDraft, StrongMapping, SubjectType};
use serde::{Deserialize, Serialize};

use self::check::{check_numbers, check_scope, check_usage, sorted};

use crate::distinguished_name::DnPattern;
use crate::error::{FieldErrors, ParseError};
use crate::escrow::EscrowPolicy;
use crate::feature::Feature;
use crate::feature_settings::FeatureSettings;
use crate::key::{KeyAlgorithm, KeyUsage};
use crate::oid::Oid;
use crate::platform::Platform;
use crate::subject_alternative_name::SanPattern;
use crate::text::Name;
use crate::variable::Variable;

/// A profile that is right in itself. Only such a one can be issued from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ProfileDraft", into = "ProfileDraft")]
pub struct Profile {
    name: Name,
    description: String,
    platforms: Vec<Platform>,
    subject_type: SubjectType,
    key_scope: KeyScope,
    subject: DnPattern,
    subject_alternative_names: Vec<SanPattern>,
    key_algorithm: KeyAlgorithm,
    key_usage: KeyUsage,
    extended_key_usages: Vec<Oid>,
    validity_days: u32,
    renewal_threshold_percent: u8,
    features: Vec<Feature>,
    feature_settings: FeatureSettings,
    escrow: EscrowPolicy,
    pfx_format: PfxFormat,
    ca: Name,
    template: String,
    connector_pool: Name,
    user_may_reissue: bool,
    strong_mapping: StrongMapping,
    keep_key_on_renewal: bool,
    deliver_history: bool,
}

macro_rules! getters {
    ($($(#[$meta:meta])* $field:ident: $type:ty = |$me:ident| $value:expr),+ $(,)?) => {
        impl Profile {$(
            $(#[$meta])*
            #[must_use]
            pub fn $field(&self) -> $type {
                let $me = self;
                $value
            }
        )+}
    };
}

getters! {
    /// What administrators call it.
    name: &Name = |p| &p.name,
    /// A note for other administrators.
    description: &str = |p| &p.description,
    /// Platforms that it reaches, sorted.
    platforms: &[Platform] = |p| &p.platforms,
    /// Whom the certificate names.
    subject_type: SubjectType = |p| p.subject_type,
    /// How far one key reaches.
    key_scope: KeyScope = |p| p.key_scope,
    /// Subject with variables.
    subject: &DnPattern = |p| &p.subject,
    /// Alternative names with variables.
    subject_alternative_names: &[SanPattern] = |p| &p.subject_alternative_names,
    /// Algorithm and size of the key.
    key_algorithm: KeyAlgorithm = |p| p.key_algorithm,
    /// Bits of keyUsage.
    key_usage: KeyUsage = |p| p.key_usage,
    /// Object identifiers of extKeyUsage, sorted.
    extended_key_usages: &[Oid] = |p| &p.extended_key_usages,
    /// Days from issue to expiry.
    validity_days: u32 = |p| p.validity_days,
    /// Percentage of the validity that is left when renewal starts.
    renewal_threshold_percent: u8 = |p| p.renewal_threshold_percent,
    /// Uses on the device, sorted: one copy each.
    features: &[Feature] = |p| &p.features,
    /// What the features' set-up needs beside the certificate.
    feature_settings: &FeatureSettings = |p| &p.feature_settings,
    /// How long the key is kept.
    escrow: EscrowPolicy = |p| p.escrow,
    /// Cryptography inside the PFX.
    pfx_format: PfxFormat = |p| p.pfx_format,
    /// Name of the issuing CA.
    ca: &Name = |p| &p.ca,
    /// Template or role at that CA.
    template: &str = |p| &p.template,
    /// Pool of connectors that may work on it.
    connector_pool: &Name = |p| &p.connector_pool,
    /// Whether users may have their own certificate reissued.
    user_may_reissue: bool = |p| p.user_may_reissue,
    /// Whether and how the user's SID goes in.
    strong_mapping: StrongMapping = |p| p.strong_mapping,
    /// Whether renewal keeps the key.
    keep_key_on_renewal: bool = |p| p.keep_key_on_renewal,
    /// Whether a new device of the user gets the keys of earlier certificates too.
    deliver_history: bool = |p| p.deliver_history,
}

impl Profile {
    /// Checks a draft whole: every field that is wrong is named, not only the first.
    ///
    /// # Errors
    /// The fields that are wrong, by their names in JSON.
    pub fn parse(draft: ProfileDraft) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = errors.take("name", Name::parse(&draft.name));
        if draft.description.chars().count() > 2000 {
            errors.add("description", "description has at most 2000 characters");
        }
        let subject = errors.take("subject", DnPattern::parse(&draft.subject));
        let mut names = Vec::new();
        for (index, san) in draft.subject_alternative_names.iter().enumerate() {
            let field = format!("subject_alternative_names[{index}]");
            names.extend(errors.take(&field, SanPattern::parse(san.kind, &san.value)));
        }
        if names.len() > 20 {
            errors.add("subject_alternative_names", "there are at most 20 alternative names");
        }
        let mut usages = Vec::new();
        for (index, oid) in draft.extended_key_usages.iter().enumerate() {
            usages.extend(errors.take(&format!("extended_key_usages[{index}]"), Oid::parse(oid)));
        }
        usages.sort();
        usages.dedup();
        let ca = errors.take("ca", Name::parse(&draft.ca));
        let connector_pool = errors.take("connector_pool", Name::parse(&draft.connector_pool));
        let feature_settings =
            FeatureSettings::parse(&draft.feature_settings, "feature_settings", &mut errors);
        check_numbers(&draft, &mut errors);
        check_usage(&draft, &usages, &mut errors);
        check_scope(&draft, subject.as_ref(), &names, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let (Some(name), Some(subject), Some(ca), Some(connector_pool)) = (name, subject, ca, connector_pool)
        else {
            return Err(errors);
        };
        Ok(Self {
            name,
            description: draft.description,
            platforms: sorted(draft.platforms),
            subject_type: draft.subject_type,
            key_scope: draft.key_scope,
            subject,
            subject_alternative_names: names,
            key_algorithm: draft.key_algorithm,
            key_usage: draft.key_usage,
            extended_key_usages: usages,
            validity_days: draft.validity_days,
            renewal_threshold_percent: draft.renewal_threshold_percent,
            features: sorted(draft.features),
            feature_settings,
            escrow: draft.escrow,
            pfx_format: draft.pfx_format,
            ca,
            template: draft.template,
            connector_pool,
            user_may_reissue: draft.user_may_reissue,
            strong_mapping: draft.strong_mapping,
            keep_key_on_renewal: draft.keep_key_on_renewal,
            deliver_history: draft.deliver_history,
        })
    }

    /// The variables that its names use, without repetition.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let mut all = self.subject.variables();
        all.extend(self.subject_alternative_names.iter().flat_map(|san| san.pattern().variables().cloned()));
        if self.strong_mapping != StrongMapping::None {
            all.push(Variable::OnPremisesSecurityIdentifier);
        }
        sorted(all)
    }
}

impl TryFrom<ProfileDraft> for Profile {
    type Error = FieldErrors;
    fn try_from(draft: ProfileDraft) -> Result<Self, Self::Error> {
        Self::parse(draft)
    }
}

impl From<Profile> for ProfileDraft {
    fn from(profile: Profile) -> Self {
        Self {
            name: profile.name.into(),
            description: profile.description,
            platforms: profile.platforms,
            subject_type: profile.subject_type,
            key_scope: profile.key_scope,
            subject: profile.subject.into(),
            subject_alternative_names: profile
                .subject_alternative_names
                .into_iter()
                .map(Into::into)
                .collect(),
            key_algorithm: profile.key_algorithm,
            key_usage: profile.key_usage,
            extended_key_usages: profile.extended_key_usages.into_iter().map(Into::into).collect(),
            validity_days: profile.validity_days,
            renewal_threshold_percent: profile.renewal_threshold_percent,
            features: profile.features,
            feature_settings: profile.feature_settings.into(),
            escrow: profile.escrow,
            pfx_format: profile.pfx_format,
            ca: profile.ca.into(),
            template: profile.template,
            connector_pool: profile.connector_pool.into(),
            user_may_reissue: profile.user_may_reissue,
            strong_mapping: profile.strong_mapping,
            keep_key_on_renewal: profile.keep_key_on_renewal,
            deliver_history: profile.deliver_history,
        }
    }
}

impl From<FieldErrors> for ParseError {
    fn from(errors: FieldErrors) -> Self {
        ParseError::new("profile", format!("has wrong fields: {errors}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> ProfileDraft {
        serde_json::from_str(
            r#"{"name":"Wi-Fi","platforms":["linux"],"subject_type":"user","key_scope":"device",
                "subject":"CN={{UserName}},O=Example","key_algorithm":"ec-p256",
                "subject_alternative_names":[{"kind":"upn","value":"{{UserPrincipalName}}"}],
                "key_usage":{"digital_signature":true},"extended_key_usages":["1.3.6.1.5.5.7.3.2"],
                "validity_days":365,"renewal_threshold_percent":20,"features":["wifi","vpn"],"escrow":"none"}"#,
        )
        .unwrap()
    }

    fn fields(draft: ProfileDraft) -> Vec<String> {
        Profile::parse(draft).unwrap_err().as_slice().iter().map(|e| e.field.clone()).collect()
    }

    #[test]
    fn a_right_draft_becomes_a_profile_and_back() {
        let profile = Profile::parse(draft()).unwrap();
        assert_eq!(profile.features(), [Feature::Vpn, Feature::Wifi]);
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut wrong = draft();
        wrong.name = " ".into();
        wrong.subject = "CN={{UserName".into();
        wrong.subject_alternative_names[0].value = "{{Nobody}}".into();
        wrong.validity_days = 0;
        wrong.features.clear();
        assert_eq!(
            fields(wrong),
            ["name", "subject", "subject_alternative_names[0]", "validity_days", "features"]
        );
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        let mut wrong = draft();
        wrong.key_scope = KeyScope::User;
        wrong.subject = "CN={{DeviceName}}".into();
        assert_eq!(fields(wrong), ["escrow", "subject"]);
        let mut wrong = draft();
        wrong.key_usage.key_encipherment = true;
        wrong.extended_key_usages = vec![Oid::SERVER_AUTH.into()];
        assert_eq!(fields(wrong), ["key_usage", "extended_key_usages"]);
        let mut wrong = draft();
        wrong.subject_type = SubjectType::Device;
        assert_eq!(fields(wrong), ["subject"]);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let json = serde_json::to_string(&draft()).unwrap().replace("\"ca\"", "\"cA\"");
        assert!(serde_json::from_str::<ProfileDraft>(&json).unwrap_err().to_string().contains("cA"));
    }
}
