//! Secrets that the portal makes and shows once: tokens and one-time links. Only their hashes are kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use certporter_model::thumbprint::SecretHash;
use zeroize::Zeroizing;

use super::portal::Portal;
use crate::pki::digest::secret_hash;

/// A new secret of 256 random bits, after a prefix that tells secret scanners what it is.
pub(super) fn generate(portal: &Portal, prefix: &str) -> Zeroizing<String> {
    let octets = Zeroizing::new(portal.octets::<32>());
    Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(octets.as_slice())))
}

/// What is kept of a secret. A plain hash will do: nobody guesses 256 random bits.
pub(super) fn kept(secret: &str) -> SecretHash {
    secret_hash(secret.as_bytes())
}
