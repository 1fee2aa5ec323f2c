//! What is sealed for a device: a PFX with its password, as versioned JSON inside CMS to the device's management
//! certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certporter_model::feature::Feature;
use certporter_model::thumbprint::Thumbprint;
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::pki::{Certificate, PkiError, PrivateKey, cms};

/// The version of the contents.
const VERSION: u16 = 1;

/// What is in an envelope. Its secrets are zeroed when it is dropped, and not shown.
pub struct Contents {
    /// The PFX.
    pub pfx: Zeroizing<Vec<u8>>,
    /// The password that opens it.
    pub password: Zeroizing<String>,
    /// What a certificate store shows.
    pub friendly_name: String,
    /// What the copy is for.
    pub feature: Feature,
    /// SHA-256 of the certificate inside.
    pub thumbprint: Thumbprint,
}

#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
struct Form {
    version: u16,
    pfx: String,
    password: String,
    friendly_name: String,
    #[zeroize(skip)]
    feature: Feature,
    #[zeroize(skip)]
    thumbprint: Thumbprint,
}

/// Seals contents for the holder of a management certificate.
///
/// # Errors
/// When the certificate's key can't receive.
pub fn seal(recipient: &Certificate, contents: &Contents) -> Result<Vec<u8>, PkiError> {
    let form = Form {
        version: VERSION,
        pfx: STANDARD.encode(&*contents.pfx),
        password: String::clone(&contents.password),
        friendly_name: contents.friendly_name.clone(),
        feature: contents.feature,
        thumbprint: contents.thumbprint,
    };
    let json = serde_json::to_vec(&form).map_err(|error| PkiError::malformed("envelope", error))?;
    cms::seal(recipient, &Zeroizing::new(json))
}

/// Opens an envelope with the management key.
///
/// # Errors
/// When it is sealed for another certificate, was changed, or holds something else.
pub fn open(recipient: &Certificate, key: &PrivateKey, envelope: &[u8]) -> Result<Contents, PkiError> {
    let json = cms::open(recipient, key, envelope)?;
    // Neither the octets nor what a parser says of them goes into an error: they are secret.
    let wrong = || PkiError::malformed("envelope", "its contents are not those of a PFX for this device");
    let mut form: Form = serde_json::from_slice(&json).map_err(|_| wrong())?;
    let pfx = STANDARD.decode(form.pfx.as_bytes()).map_err(|_| wrong())?;
    Ok(Contents {
        pfx: Zeroizing::new(pfx),
        password: Zeroizing::new(std::mem::take(&mut form.password)),
        friendly_name: std::mem::take(&mut form.friendly_name),
        feature: form.feature,
        thumbprint: form.thumbprint,
    })
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents")
            .field("friendly_name", &self.friendly_name)
            .field("feature", &self.feature)
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}
