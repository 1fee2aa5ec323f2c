//! Certificate signing requests (PKCS#10, RFC 2986).

use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::profile::StrongMapping;
use certporter_model::thumbprint::PublicKeyHash;
use der::asn1::{Any, BitString, ObjectIdentifier, SetOfVec};
use der::{Decode, Encode};
use openssl::x509::X509Req;
use x509_cert::attr::Attribute;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, Version};

use super::asked::Asked;
use super::error::verdict;
use super::extension::{self, encode_error};
use super::key::Signer;
use super::tbs::{public_key_info, signature_algorithm};
use super::{PkiError, PublicKey, name, pem, usage};

/// The most octets that a CSR may have.
pub const CSR_MAX: usize = 16 * 1024;

const WHAT: &str = "certificate signing request";

/// Signature algorithms that prove possession: RSA (PKCS#1 v1.5) and ECDSA with SHA-256, SHA-384 or SHA-512.
const SIGNATURES: [&str; 6] = [
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
];

/// The attribute that carries the extensions which are asked for (RFC 2985, section 5.4.2).
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// A CSR whose signature proves possession of its key, and whose key is taken. Names and extensions in it are only
/// its maker's wish: what a certificate says comes from the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csr {
    der: Vec<u8>,
    subject: Name,
    public_key: PublicKey,
}

/// Makes a CSR for a key, in DER.
///
/// # Errors
/// When the subject can't be encoded or the key can't sign.
pub fn create(signer: &dyn Signer, subject: Option<&DistinguishedName>) -> Result<Csr, PkiError> {
    signed_csr(signer, subject, SetOfVec::new())
}

/// Makes a CSR that says everything the certificate shall say, but for its validity: for CAs that take names and
/// usages from it.
///
/// # Errors
/// When a name can't be encoded or the key can't sign.
pub fn create_asking(signer: &dyn Signer, asked: &Asked) -> Result<Csr, PkiError> {
    let mut extensions = Vec::new();
    if !asked.key_usage.is_empty() {
        extensions.push(extension::key_usage(usage::to_bits(asked.key_usage))?);
    }
    if !asked.extended_key_usages.is_empty() {
        extensions.push(extension::extended_key_usage(&asked.extended_key_usages)?);
    }
    let names: Vec<_> = asked.all_names()?.iter().map(extension::general_name).collect::<Result<_, _>>()?;
    if !names.is_empty() {
        extensions.push(extension::subject_alternative_name(names, asked.subject.is_none())?);
    }
    if let (StrongMapping::Extension, Some(sid)) = (asked.strong_mapping, &asked.sid) {
        extensions.push(extension::sid(sid)?);
    }
    let mut attributes = SetOfVec::new();
    if !extensions.is_empty() {
        let mut values = SetOfVec::new();
        values.insert(Any::encode_from(&extensions).map_err(encode_error)?).map_err(encode_error)?;
        attributes.insert(Attribute { oid: EXTENSION_REQUEST, values }).map_err(encode_error)?;
    }
    signed_csr(signer, asked.subject.as_ref(), attributes)
}

fn signed_csr(
    signer: &dyn Signer,
    subject: Option<&DistinguishedName>,
    attributes: SetOfVec<Attribute>,
) -> Result<Csr, PkiError> {
    let subject = subject.map(name::to_x501).transpose()?.unwrap_or_default();
    let info = CertReqInfo {
        version: Version::V1,
        subject: subject.clone(),
        public_key: public_key_info(signer.public_key())?,
        attributes,
    };
    let signature = signer.sign(&info.to_der().map_err(encode_error)?)?;
    let request = CertReq {
        info,
        algorithm: signature_algorithm(signer.public_key().algorithm()),
        signature: BitString::from_bytes(&signature).map_err(encode_error)?,
    };
    let der = request.to_der().map_err(encode_error)?;
    Ok(Csr { der, subject, public_key: signer.public_key().clone() })
}

impl Csr {
    /// Reads DER or PEM, and verifies the proof of possession.
    ///
    /// # Errors
    /// When it is none, is over [`CSR_MAX`], is not signed by its key or with an outdated digest, or its key is weak
    /// or not taken.
    pub fn parse(octets: &[u8]) -> Result<Self, PkiError> {
        let wrong = |why: String| PkiError::malformed(WHAT, why);
        if octets.len() > CSR_MAX {
            return Err(wrong(format!("it has {} octets, and {CSR_MAX} are the most", octets.len())));
        }
        let der = pem::der_of(&["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"], octets)?;
        let parsed = CertReq::from_der(&der).map_err(|e| wrong(e.to_string()))?;
        let spki = parsed.info.public_key.to_der().map_err(|e| wrong(e.to_string()))?;
        let public_key = PublicKey::from_der(&spki)?;
        if !SIGNATURES.contains(&parsed.algorithm.oid.to_string().as_str()) {
            return Err(PkiError::Unsupported(
                "the CSR is signed by RSA or ECDSA with SHA-256, SHA-384 or SHA-512; this one is not".into(),
            ));
        }
        let request = X509Req::from_der(&der).map_err(|_| wrong("it is no DER".to_owned()))?;
        let key = request.public_key()?;
        if !verdict(request.verify(&key)) {
            return Err(PkiError::Signature(WHAT));
        }
        Ok(Self { subject: parsed.info.subject, public_key, der })
    }

    /// Its DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Its PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// The key that it is for.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// SHA-256 of that key.
    #[must_use]
    pub fn public_key_hash(&self) -> PublicKeyHash {
        self.public_key.hash()
    }

    /// The subject that its maker wishes, in RFC 4514's text form; empty if none.
    #[must_use]
    pub fn subject_text(&self) -> String {
        name::to_text(&self.subject)
    }

    /// The subject that its maker wishes, if the model has every type in it; none when it is empty too.
    #[must_use]
    pub fn subject(&self) -> Option<DistinguishedName> {
        name::from_x501(&self.subject)
    }
}

#[cfg(test)]
mod tests {
    use certporter_model::key::KeyAlgorithm;
    use openssl::hash::MessageDigest;

    use super::*;
    use crate::pki::PrivateKey;

    #[test]
    fn a_csr_is_read_as_der_and_as_pem() {
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let subject = DistinguishedName::parse("CN=Jürgen\\, Größe,O=Example").unwrap();
            let csr = create(&key, Some(&subject)).unwrap();
            assert_eq!(Csr::parse(csr.as_der()).unwrap(), csr);
            assert_eq!(Csr::parse(csr.to_pem().as_bytes()).unwrap(), csr);
            assert_eq!(csr.subject_text(), subject.to_string());
            assert_eq!(csr.public_key_hash(), key.public_key_hash());
        }
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let other = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
        let csr = create(&key, None).unwrap();
        let mut forged = CertReq::from_der(csr.as_der()).unwrap();
        forged.info.public_key = public_key_info(other.public_key()).unwrap();
        let error = Csr::parse(&forged.to_der().unwrap()).unwrap_err();
        assert!(matches!(error, PkiError::Signature(_)), "{error}");
        let mut unsigned = CertReq::from_der(csr.as_der()).unwrap();
        unsigned.signature = BitString::from_bytes(&[]).unwrap();
        assert!(matches!(Csr::parse(&unsigned.to_der().unwrap()), Err(PkiError::Signature(_))));
    }

    #[test]
    fn oversized_truncated_weak_and_outdated_ones_say_why() {
        let error = Csr::parse(&vec![0x30; CSR_MAX + 1]).unwrap_err();
        assert!(error.to_string().contains("16384 are the most"), "{error}");
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let csr = create(&key, None).unwrap();
        assert!(Csr::parse(&csr.as_der()[..csr.as_der().len() - 1]).is_err());
        assert!(Csr::parse(&[csr.as_der(), b"x"].concat()).is_err());
        let build = |key: &openssl::pkey::PKey<openssl::pkey::Private>, digest| {
            let mut builder = X509Req::builder().unwrap();
            builder.set_pubkey(key).unwrap();
            builder.sign(key, digest).unwrap();
            builder.build().to_der().unwrap()
        };
        let error = Csr::parse(&build(key.openssl(), MessageDigest::sha1())).unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
        let weak = openssl::rsa::Rsa::generate(1024).unwrap();
        let weak = openssl::pkey::PKey::from_rsa(weak).unwrap();
        let error = Csr::parse(&build(&weak, MessageDigest::sha256())).unwrap_err();
        assert!(error.to_string().contains("only 1024"), "{error}");
    }
}
