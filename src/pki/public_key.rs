//! Public keys that are taken.

use certporter_model::key::KeyAlgorithm;
use certporter_model::thumbprint::PublicKeyHash;
use openssl::bn::BigNumContext;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, PKeyRef, Public};
use openssl::sign::Verifier;

use super::error::verdict;
use super::{PkiError, digest};

/// A public key of one of the [`KeyAlgorithm`]s, and sound: what is weak or odd does not become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// From a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When it is none, or the key is weak or of a kind that is not taken; says which are.
    pub fn from_der(spki: &[u8]) -> Result<Self, PkiError> {
        let key = PKey::public_key_from_der(spki)
            .map_err(|_| PkiError::malformed("public key", "it is no DER SubjectPublicKeyInfo"))?;
        let algorithm = algorithm_of_public(&key)?;
        let der = key.public_key_to_der()?;
        if der != spki {
            // The hash of the octets names the key: two encodings of one key would have two names.
            return Err(PkiError::malformed(
                "public key",
                "its encoding is not the canonical DER of its key",
            ));
        }
        Ok(Self { der, algorithm })
    }

    /// A key whose DER was built here.
    pub(in crate::pki) fn trusted(der: Vec<u8>, algorithm: KeyAlgorithm) -> Self {
        Self { der, algorithm }
    }

    /// Algorithm and size.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: the key's name.
    #[must_use]
    pub fn hash(&self) -> PublicKeyHash {
        digest::public_key_hash(&self.der)
    }

    /// Whether the signature over the message is this key's, with the digest that goes with its algorithm.
    ///
    /// # Errors
    /// When OpenSSL fails; not when the signature is merely another's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> Result<bool, PkiError> {
        let key = PKey::public_key_from_der(&self.der)?;
        let mut verifier = Verifier::new(message_digest(self.algorithm), &key)?;
        verifier.update(message)?;
        Ok(verdict(verifier.verify(signature)))
    }
}

/// The digest that an algorithm signs with.
pub(crate) fn message_digest(algorithm: KeyAlgorithm) -> MessageDigest {
    match algorithm {
        KeyAlgorithm::EcP384 => MessageDigest::sha384(),
        _ => MessageDigest::sha256(),
    }
}

fn algorithm_of_public(key: &PKeyRef<Public>) -> Result<KeyAlgorithm, PkiError> {
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa()?;
            if rsa.e().to_dec_str()?.to_string() != "65537" {
                let right = "an RSA key has the public exponent 65537; this has another".to_owned();
                return Err(PkiError::Unsupported(right));
            }
            if !rsa.n().is_bit_set(0) {
                return Err(PkiError::Unsupported("an RSA modulus is odd; this one is not".to_owned()));
            }
            rsa_algorithm(rsa.n().num_bits())
        }
        Id::EC => {
            let ec = key.ec_key()?;
            let algorithm = ec_algorithm(ec.group().curve_name())?;
            ec.check_key()
                .map_err(|_| PkiError::Unsupported("the public key is not a point on its curve".into()))?;
            let mut context = BigNumContext::new()?;
            if ec.public_key().is_infinity(ec.group())
                || !ec.public_key().is_on_curve(ec.group(), &mut context)?
            {
                return Err(PkiError::Unsupported("the public key is not a point on its curve".into()));
            }
            Ok(algorithm)
        }
        _ => Err(PkiError::Unsupported(
            "a key is RSA with 2048, 3072 or 4096 bits, or EC on P-256 or P-384; this is of another kind"
                .into(),
        )),
    }
}

pub(crate) fn rsa_algorithm(bits: i32) -> Result<KeyAlgorithm, PkiError> {
    match bits {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        bits if bits < 2048 => {
            Err(PkiError::Unsupported(format!("an RSA key has 2048 bits or more; this has only {bits}")))
        }
        bits => {
            Err(PkiError::Unsupported(format!("an RSA key has 2048, 3072 or 4096 bits; this has {bits}")))
        }
    }
}

pub(crate) fn ec_algorithm(curve: Option<Nid>) -> Result<KeyAlgorithm, PkiError> {
    match curve {
        Some(Nid::X9_62_PRIME256V1) => Ok(KeyAlgorithm::EcP256),
        Some(Nid::SECP384R1) => Ok(KeyAlgorithm::EcP384),
        other => {
            let name = other.and_then(|nid| nid.short_name().ok()).unwrap_or("a curve without a name");
            Err(PkiError::Unsupported(format!("an EC key is on P-256 or P-384; this is on {name}")))
        }
    }
}
