//! Key pairs.

use certporter_model::key::KeyAlgorithm;
use certporter_model::thumbprint::PublicKeyHash;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer as OpenSslSigner;
use zeroize::Zeroizing;

use super::public_key::{ec_algorithm, message_digest, rsa_algorithm};
use super::{PkiError, PublicKey};

/// Signs what a certificate or CRL says: a key in memory, or later one in a token or elsewhere.
pub trait Signer: Send + Sync {
    /// The signer's public key; decides the signature's algorithm.
    fn public_key(&self) -> &PublicKey;

    /// Signs with the digest that goes with the key: SHA-256 for RSA (PKCS#1 v1.5) and P-256, SHA-384 for P-384.
    ///
    /// # Errors
    /// When the key can't be used now. Signing again is harmless.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError>;
}

/// A private key in memory. OpenSSL zeroes it when it is dropped; it is never shown.
pub struct PrivateKey {
    key: PKey<Private>,
    public: PublicKey,
}

impl PrivateKey {
    /// A new key pair, by OpenSSL's own generator. Slow for RSA (some 60 ms for 2,048 bits): use the
    /// [pool](super::key_pool::KeyPool) from asynchronous code.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, PkiError> {
        let rsa = |bits| -> Result<PKey<Private>, PkiError> { Ok(PKey::from_rsa(Rsa::generate(bits)?)?) };
        let ec = |curve| -> Result<PKey<Private>, PkiError> {
            Ok(PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve)?)?)?)
        };
        Self::from_openssl(match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(2048)?,
            KeyAlgorithm::Rsa3072 => rsa(3072)?,
            KeyAlgorithm::Rsa4096 => rsa(4096)?,
            KeyAlgorithm::EcP256 => ec(Nid::X9_62_PRIME256V1)?,
            KeyAlgorithm::EcP384 => ec(Nid::SECP384R1)?,
        })
    }

    /// From a DER PrivateKeyInfo (RFC 5208), unencrypted.
    ///
    /// # Errors
    /// When it is none, or of a kind that is not taken.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PkiError> {
        let key = PKey::private_key_from_pkcs8(der)
            .map_err(|_| PkiError::malformed("private key", "it is no DER PrivateKeyInfo (PKCS#8)"))?;
        Self::from_openssl(key)
    }

    pub(in crate::pki) fn from_openssl(key: PKey<Private>) -> Result<Self, PkiError> {
        match key.id() {
            Id::RSA => rsa_algorithm(key.rsa()?.n().num_bits())?,
            Id::EC => ec_algorithm(key.ec_key()?.group().curve_name())?,
            _ => {
                let right = "a key is RSA with 2048, 3072 or 4096 bits, or EC on P-256 or P-384";
                return Err(PkiError::Unsupported(right.to_owned()));
            }
        };
        let public = PublicKey::from_der(&key.public_key_to_der()?)?;
        Ok(Self { key, public })
    }

    /// As a DER PrivateKeyInfo (RFC 5208), unencrypted: seal it, don't keep it.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        Ok(Zeroizing::new(self.key.private_key_to_pkcs8()?))
    }

    /// Algorithm and size.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.public.algorithm()
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// DER SubjectPublicKeyInfo of the public half.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        self.public.as_der()
    }

    /// SHA-256 of the public half: the key's name.
    #[must_use]
    pub fn public_key_hash(&self) -> PublicKeyHash {
        self.public.hash()
    }

    pub(in crate::pki) fn openssl(&self) -> &PKey<Private> {
        &self.key
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let mut signer = OpenSslSigner::new(message_digest(self.algorithm()), &self.key)?;
        Ok(signer.sign_oneshot_to_vec(message)?)
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_pkcs8_and_signs() {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcP256, KeyAlgorithm::EcP384] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let again = PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(again.public_key_hash(), key.public_key_hash());
            let signature = again.sign(b"message").unwrap();
            assert!(key.public_key().verifies(b"message", &signature).unwrap());
            assert!(!key.public_key().verifies(b"other", &signature).unwrap());
        }
    }

    #[test]
    fn weak_and_odd_keys_are_refused_with_what_would_be_right() {
        let weak = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let error = PublicKey::from_der(&weak.public_key_to_der().unwrap()).unwrap_err();
        assert!(error.to_string().contains("2048 bits or more; this has only 1024"));
        let three = openssl::bn::BigNum::from_u32(3).unwrap();
        let odd = PKey::from_rsa(Rsa::generate_with_e(2048, &three).unwrap()).unwrap();
        let error = PublicKey::from_der(&odd.public_key_to_der().unwrap()).unwrap_err();
        assert!(error.to_string().contains("65537"));
        let group = EcGroup::from_curve_name(Nid::SECP521R1).unwrap();
        let curve = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let error = PublicKey::from_der(&curve.public_key_to_der().unwrap()).unwrap_err();
        assert!(error.to_string().contains("P-256 or P-384"));
        let ed25519 = PKey::generate_ed25519().unwrap();
        assert!(PublicKey::from_der(&ed25519.public_key_to_der().unwrap()).is_err());
        assert!(PublicKey::from_der(b"no key").is_err());
    }

    #[test]
    fn a_private_key_is_not_shown() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey { algorithm: EcP256, .. }");
    }
}
