//! Certificate profiles: what an administrator writes, and what is left of it once it is known to be right.

use serde::{Deserialize, Serialize};

use crate::distinguished_name::DnPattern;
use crate::error::{FieldErrors, ParseError};
use crate::escrow::EscrowPolicy;
use crate::feature::Feature;
use crate::key::{KeyAlgorithm, KeyUsage};
use crate::macros::words;
use crate::oid::Oid;
use crate::platform::Platform;
use crate::subject_alternative_name::{SanPattern, SanText};
use crate::text::Name;
use crate::variable::Variable;

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

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}

fn check_numbers(draft: &ProfileDraft, errors: &mut FieldErrors) {
    if !(1..=3650).contains(&draft.validity_days) {
        errors.add("validity_days", "validity is 1 to 3650 days");
    }
    if !(1..=99).contains(&draft.renewal_threshold_percent) {
        errors.add("renewal_threshold_percent", "the renewal threshold is 1 to 99 percent of the validity");
    }
    if draft.platforms.is_empty() {
        errors.add("platforms", "at least one platform is chosen");
    }
    if draft.features.is_empty() {
        errors.add("features", "at least one feature is chosen");
    }
    let template = draft.template.chars();
    if template.clone().count() > 200 || template.clone().any(char::is_control) {
        errors.add("template", "the template's name has at most 200 characters and no control characters");
    }
}

fn check_usage(draft: &ProfileDraft, usages: &[Oid], errors: &mut FieldErrors) {
    if draft.key_usage.is_empty() {
        errors.add("key_usage", "at least one key usage is set");
    }
    if draft.key_algorithm.is_rsa() && draft.key_usage.key_agreement {
        errors.add("key_usage", "key agreement needs an elliptic-curve key (RFC 8017 defines none for RSA)");
    }
    if !draft.key_algorithm.is_rsa()
        && (draft.key_usage.key_encipherment || draft.key_usage.data_encipherment)
    {
        errors.add(
            "key_usage",
            "an elliptic-curve key can't encipher; set key agreement instead (RFC 5480, section 3)",
        );
    }
    if draft.extended_key_usages.is_empty() {
        errors.add("extended_key_usages", "at least one extended key usage is given");
    }
    if usages.iter().any(|oid| oid.as_str() == Oid::SERVER_AUTH) {
        errors.add(
            "extended_key_usages",
            "server authentication has no place in a person's or device's certificate",
        );
    }
}

fn check_scope(
    draft: &ProfileDraft,
    subject: Option<&DnPattern>,
    names: &[SanPattern],
    errors: &mut FieldErrors,
) {
    let mut of_device = subject.map(DnPattern::variables).unwrap_or_default();
    of_device.extend(names.iter().flat_map(|san| san.pattern().variables().cloned()));
    if draft.key_scope == KeyScope::User {
        if draft.escrow != EscrowPolicy::Retained {
            errors.add(
                "escrow",
                "a key for all of a user's devices must be retained, or later devices can't get it",
            );
        }
        if draft.subject_type == SubjectType::Device {
            errors.add("subject_type", "a key for all of a user's devices names the user");
        }
        if let Some(variable) = of_device.iter().find(|v| v.is_of_device()) {
            let message =
                format!("{variable} differs by device, but one certificate serves all of a user's devices");
            errors.add("subject", message);
        }
    }
    if draft.subject_type == SubjectType::Device {
        if let Some(variable) =
            of_device.iter().find(|v| !v.is_of_device() && !matches!(v, Variable::Custom(_)))
        {
            errors.add("subject", format!("{variable} is the user's, but the certificate names the device"));
        }
        if draft.strong_mapping != StrongMapping::None {
            errors.add(
                "strong_mapping",
                "strong mapping carries the user's SID: the subject type must be user",
            );
        }
    }
    if draft.keep_key_on_renewal && draft.escrow != EscrowPolicy::Retained {
        errors.add("keep_key_on_renewal", "keeping the key on renewal needs retained escrow");
    }
    if draft.deliver_history && (draft.key_scope != KeyScope::User || !draft.key_usage.is_encryption()) {
        errors.add("deliver_history", "history is for encryption keys of user scope");
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
