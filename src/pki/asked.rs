//! What a certificate is asked to say.

use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::KeyUsage;
use certporter_model::oid::Oid;
use certporter_model::profile::{Profile, StrongMapping};
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};
use serde::{Deserialize, Serialize};

use super::PkiError;

/// What a profile, with its names rendered, asks of a certificate for a person or device. The same statement goes to
/// the CA and, afterwards, to the [check](super::check) of what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The subject; none when the alternative names say it all.
    pub subject: Option<DistinguishedName>,
    /// The alternative names, a strong mapping's URI not among them.
    pub alternative_names: Vec<SubjectAlternativeName>,
    /// Bits of keyUsage.
    pub key_usage: KeyUsage,
    /// Object identifiers of extKeyUsage.
    pub extended_key_usages: Vec<Oid>,
    /// Days from issue to expiry.
    pub validity_days: u32,
    /// The user's SID, from the directory.
    pub sid: Option<Sid>,
    /// How the SID goes in.
    pub strong_mapping: StrongMapping,
}

impl Asked {
    /// What a profile asks, for names that are already rendered.
    #[must_use]
    pub fn of_profile(
        profile: &Profile,
        subject: DistinguishedName,
        alternative_names: Vec<SubjectAlternativeName>,
        sid: Option<Sid>,
    ) -> Self {
        Self {
            subject: Some(subject),
            alternative_names,
            key_usage: profile.key_usage(),
            extended_key_usages: profile.extended_key_usages().to_vec(),
            validity_days: profile.validity_days(),
            sid: sid.filter(|_| profile.strong_mapping() != StrongMapping::None),
            strong_mapping: profile.strong_mapping(),
        }
    }

    /// Every alternative name as it stands in the certificate: sorted, a strong mapping's URI
    /// (`tag:microsoft.com,2022-09-14:sid:S-1-...`) among them.
    ///
    /// # Errors
    /// When the SID makes no URI, which a parsed one always does.
    pub fn all_names(&self) -> Result<Vec<SubjectAlternativeName>, PkiError> {
        let mut names = self.alternative_names.clone();
        if let (StrongMapping::Uri, Some(sid)) = (self.strong_mapping, &self.sid) {
            let uri = format!("{SID_URI}{sid}");
            let name = SubjectAlternativeName::new(SanKind::Uri, &uri);
            names.push(name.map_err(|e| PkiError::Unfit { field: "sid", message: e.to_string() })?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// What a strong mapping's URI begins with (Microsoft KB5014754).
pub(crate) const SID_URI: &str = "tag:microsoft.com,2022-09-14:sid:";
