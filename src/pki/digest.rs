//! Digests.

use certporter_model::thumbprint::{ContentDigest, PublicKeyHash, SecretHash, Sha1Thumbprint, Thumbprint};
use openssl::sha;

/// SHA-256 of some octets.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    sha::sha256(octets)
}

/// What tools call a certificate's fingerprint: SHA-256 of its DER.
#[must_use]
pub fn thumbprint(der: &[u8]) -> Thumbprint {
    Thumbprint::from_octets(sha256(der))
}

/// What Windows shows as a certificate's thumbprint: SHA-1 of its DER. For searching only.
#[must_use]
pub fn sha1_thumbprint(der: &[u8]) -> Sha1Thumbprint {
    Sha1Thumbprint::from_octets(sha::sha1(der))
}

/// SHA-256 of a DER SubjectPublicKeyInfo.
#[must_use]
pub fn public_key_hash(spki: &[u8]) -> PublicKeyHash {
    PublicKeyHash::from_octets(sha256(spki))
}

/// What is kept of a secret with enough randomness of its own (token, code, session id).
#[must_use]
pub fn secret_hash(secret: &[u8]) -> SecretHash {
    SecretHash::from_octets(sha256(secret))
}

/// SHA-256 of contents.
#[must_use]
pub fn content_digest(octets: &[u8]) -> ContentDigest {
    ContentDigest::from_octets(sha256(octets))
}
