//! Apple's configuration profile: the identities, the certificates above them, and the set-up of each feature.
//!
//! A payload finds its identity by `PayloadCertificateUUID` within the same profile, so each feature brings its own.
//! Apple takes a single certificate in a PKCS#12 payload: those above it are payloads of their own. A profile with the
//! same `PayloadIdentifier` takes the place of the one before, as long as both are signed with the same certificate:
//! so a renewal leaves nothing behind.

mod payloads;

pub(super) use payloads::local_identity;

use certporter_model::feature::Feature;
use certporter_model::feature_settings::FeatureSettings;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::plist::{self, Dictionary, Value};
use crate::pki::{Certificate, PkiError, PrivateKey, cms};
use crate::random::{Random, octets};

/// The media type of a configuration profile.
pub const MEDIA_TYPE: &str = "application/x-apple-aspen-config";

/// What a profile is made from.
pub struct AppleProfile<'p> {
    /// Names the profile on the device: the same for the certificates that follow one another.
    pub identifier: String,
    /// What people see.
    pub display_name: &'p str,
    /// Who it comes from, as people see it.
    pub organisation: &'p str,
    /// The certificate in the identities.
    pub certificate: &'p Certificate,
    /// The certificates above it, the issuer's first.
    pub chain: &'p [Certificate],
    /// CAs that the servers of Wi-Fi and VPN have their certificates from; empty: the root above.
    pub server_cas: &'p [Certificate],
    /// What it is for, each with a PFX of the certificate alone.
    pub identities: Vec<(Feature, Zeroizing<Vec<u8>>)>,
    /// Opens the PFX files. Given only where the payloads are sealed to the device.
    pub password: Option<Zeroizing<String>>,
    /// What the features' set-up needs.
    pub settings: &'p FeatureSettings,
    /// The person's mail address, where it is known.
    pub mail_address: Option<String>,
    /// The person's name, where it is known.
    pub person: Option<String>,
}

/// Who signs profiles: a key and its certificate.
pub struct Signer<'s> {
    /// The key.
    pub key: &'s PrivateKey,
    /// Its certificate.
    pub certificate: &'s Certificate,
    /// The certificates above it.
    pub chain: &'s [Certificate],
}

/// The profile, signed. With a recipient, its payloads are sealed to that certificate's key; without, it holds no
/// password.
///
/// # Errors
/// When cryptography fails, or the recipient's key can't receive.
pub fn build(
    profile: &AppleProfile<'_>,
    recipient: Option<&Certificate>,
    signer: &Signer<'_>,
    random: &dyn Random,
) -> Result<Vec<u8>, PkiError> {
    let payloads = Value::Array(payloads::all(profile, recipient.is_some(), random));
    let outer = Dictionary::new()
        .with("PayloadType", "Configuration")
        .with("PayloadVersion", 1)
        .with("PayloadIdentifier", profile.identifier.as_str())
        .with("PayloadUUID", uuid(random))
        .with("PayloadDisplayName", profile.display_name)
        .with("PayloadOrganization", profile.organisation)
        .with(
            "PayloadDescription",
            "Certificates, and what uses them. To be removed when the device is given away.",
        );
    let outer = match recipient {
        None => outer.with("PayloadContent", payloads),
        Some(recipient) => {
            let sealed = cms::envelop(recipient, &plist::document(&payloads))?;
            outer
                .with("IsEncrypted", true)
                .with("EncryptedPayloadContent", Value::Data(Zeroizing::new(sealed)))
        }
    };
    cms::sign(signer.certificate, signer.key, signer.chain, &plist::document(&outer.into()))
}

/// A new UUID as Apple writes them: version 4, in capitals.
fn uuid(random: &dyn Random) -> String {
    let uuid = uuid::Builder::from_random_bytes(octets(random)).into_uuid();
    uuid.as_hyphenated().encode_upper(&mut Uuid::encode_buffer()).to_owned()
}
