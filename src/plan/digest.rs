//! What a certificate depends on, in 32 octets that are compared instead of the whole: 12 for what the profile says
//! of the certificate itself, 12 for the rendered names, 8 for the patterns that they were rendered from. The last
//! tell only whether a change of names came from the profile or from the person.

use certporter_model::names::Names;
use certporter_model::profile::Profile;
use certporter_model::thumbprint::ContentDigest;
use sha2::{Digest as _, Sha256};

const TEMPLATE: usize = 12;
pub(super) const NAMES: usize = 24;

/// The part that is the same for everybody: computed once for a version of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateDigest {
    template: [u8; 32],
    patterns: [u8; 32],
}

impl TemplateDigest {
    /// Of what issue depends on. Not in it, since nothing has to be reissued for them: name, description, platforms,
    /// features, renewal threshold, PFX format, connector pool, and who may reissue.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let mut template = Sha256::new();
        let usage = profile.key_usage();
        let bits = [
            usage.digital_signature,
            usage.content_commitment,
            usage.key_encipherment,
            usage.data_encipherment,
            usage.key_agreement,
        ];
        text(&mut template, profile.key_algorithm().as_str());
        template.update(bits.map(u8::from));
        template.update(profile.validity_days().to_be_bytes());
        for part in [
            profile.subject_type().as_str(),
            profile.key_scope().as_str(),
            profile.escrow().as_str(),
            profile.ca().as_str(),
            profile.template(),
            profile.strong_mapping().as_str(),
        ] {
            text(&mut template, part);
        }
        for usage in profile.extended_key_usages() {
            text(&mut template, usage.as_str());
        }
        let mut patterns = Sha256::new();
        text(&mut patterns, &profile.subject().to_string());
        for san in profile.subject_alternative_names() {
            text(&mut patterns, san.kind().as_str());
            text(&mut patterns, &san.pattern().to_string());
        }
        Self { template: template.finalize().into(), patterns: patterns.finalize().into() }
    }

    /// With the names of one holder, or with what keeps them from being rendered.
    #[must_use]
    pub fn with(&self, names: &Names) -> ContentDigest {
        self.with_digest(&NamesDigest::of(names))
    }

    /// The same, for names whose digest is known.
    #[must_use]
    pub fn with_digest(&self, names: &NamesDigest) -> ContentDigest {
        let mut octets = [0; 32];
        let parts =
            self.template[..TEMPLATE].iter().chain(&names.0[..NAMES - TEMPLATE]).chain(&self.patterns);
        octets.iter_mut().zip(parts).for_each(|(octet, part)| *octet = *part);
        ContentDigest::from_octets(octets)
    }

    /// Whether names are rendered from the same patterns.
    #[must_use]
    pub fn has_patterns_of(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

/// The part that depends on the names alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamesDigest([u8; 32]);

impl NamesDigest {
    /// Of names, or of what keeps them from being rendered.
    #[must_use]
    pub fn of(names: &Names) -> Self {
        let mut hash = Sha256::new();
        match names {
            Names::Rendered(names) => {
                text(&mut hash, &names.subject.to_string());
                for san in &names.subject_alternative_names {
                    text(&mut hash, san.kind().as_str());
                    text(&mut hash, san.value());
                }
                text(&mut hash, names.sid.as_ref().map_or("", |sid| sid.as_str()));
            }
            Names::Missing { missing } => {
                missing.iter().for_each(|variable| text(&mut hash, &variable.to_string()));
            }
            Names::Unfit { unfit } => text(&mut hash, unfit),
        }
        Self(hash.finalize().into())
    }
}

/// With its length before it, so that no two lists of texts run into the same octets.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text.as_bytes());
}

/// Whether two certificates hold the same.
#[must_use]
pub fn same_content(one: &ContentDigest, other: &ContentDigest) -> bool {
    one.as_octets()[..NAMES] == other.as_octets()[..NAMES]
}

/// Whether a difference comes from an edit of the profile, rather than from a changed attribute.
#[must_use]
pub fn edited(old: &ContentDigest, new: &ContentDigest) -> bool {
    let (old, new) = (old.as_octets(), new.as_octets());
    old[..TEMPLATE] != new[..TEMPLATE] || old[NAMES..] != new[NAMES..]
}
