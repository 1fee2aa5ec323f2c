//! Certificates, read.

use std::sync::OnceLock;

use certporter_model::Timestamp;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::serial::SerialNumber;
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::thumbprint::{PublicKeyHash, Sha1Thumbprint, Thumbprint};
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use openssl::x509::X509;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints,
    ExtendedKeyUsage, KeyUsage as X509KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::asked::SID_URI;
use super::error::verdict;
use super::extension::{self, AD_CA_ISSUERS, AD_OCSP};
use super::{PkiError, PublicKey, digest, name, pem, usage};

/// The most octets that a certificate may have.
pub const CERTIFICATE_MAX: usize = 64 * 1024;

/// A certificate, parsed. Nothing in it is verified by that: see [`is_signed_by`](Self::is_signed_by).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    serial: SerialNumber,
    subject: Name,
    issuer: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: Vec<u8>,
    sound_key: SoundKey,
    alternative_names: Vec<SubjectAlternativeName>,
    foreign_names: Vec<String>,
    key_usage: Option<X509KeyUsage>,
    extended_key_usages: Vec<Oid>,
    is_ca: bool,
    path_length: Option<u8>,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    sid: Option<Sid>,
    ca_issuers: Vec<String>,
    ocsp: Vec<String>,
    crl_urls: Vec<String>,
}

/// The public key once it was found sound, which takes a while: a CA's is asked for at every issue. It follows from the
/// DER, so that it makes no difference between certificates.
#[derive(Debug, Clone, Default)]
struct SoundKey(OnceLock<PublicKey>);

impl PartialEq for SoundKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SoundKey {}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// When it is no certificate, is over [`CERTIFICATE_MAX`], or has a serial number that RFC 5280 does not allow.
    pub fn parse(der: &[u8]) -> Result<Self, PkiError> {
        let wrong = |why: String| PkiError::malformed("certificate", why);
        if der.len() > CERTIFICATE_MAX {
            return Err(wrong(format!("it has {} octets, and {CERTIFICATE_MAX} are the most", der.len())));
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(|e| wrong(e.to_string()))?;
        let tbs = parsed.tbs_certificate();
        let serial = SerialNumber::from_octets(tbs.serial_number().as_bytes());
        let names: Option<SubjectAltName> = extension_of(tbs)?;
        let (mut alternative_names, mut foreign_names) = (Vec::new(), Vec::new());
        for name in names.map(|names| names.0).unwrap_or_default() {
            match extension::read_general_name(&name) {
                Ok(name) => alternative_names.push(name),
                Err(text) => foreign_names.push(text),
            }
        }
        alternative_names.sort();
        let constraints: Option<BasicConstraints> = extension_of(tbs)?;
        let usages: Option<ExtendedKeyUsage> = extension_of(tbs)?;
        let usages = usages.map(|u| u.0).unwrap_or_default();
        let access: Option<AuthorityInfoAccessSyntax> = extension_of(tbs)?;
        let access = access.map(|a| a.0).unwrap_or_default();
        let urls = |method: ObjectIdentifier| {
            let of_method = access.iter().filter(|d| d.access_method == method);
            of_method.filter_map(|d| url(&d.access_location)).collect::<Vec<_>>()
        };
        let points: Option<CrlDistributionPoints> = extension_of(tbs)?;
        let authority: Option<AuthorityKeyIdentifier> = extension_of(tbs)?;
        let subject_key_id: Option<SubjectKeyIdentifier> = extension_of(tbs)?;
        let public_key = tbs.subject_public_key_info().to_der().map_err(|e| wrong(e.to_string()))?;
        Ok(Self {
            serial: serial.map_err(|e| wrong(e.to_string()))?,
            subject: tbs.subject().clone(),
            issuer: tbs.issuer().clone(),
            not_before: timestamp(&tbs.validity().not_before),
            not_after: timestamp(&tbs.validity().not_after),
            public_key,
            sound_key: SoundKey::default(),
            sid: read_sid(tbs, &alternative_names),
            alternative_names,
            foreign_names,
            key_usage: extension_of(tbs)?,
            extended_key_usages: usages.iter().filter_map(|oid| Oid::parse(&oid.to_string()).ok()).collect(),
            is_ca: constraints.as_ref().is_some_and(|c| c.ca),
            path_length: constraints.and_then(|c| c.path_len_constraint),
            subject_key_id: subject_key_id.map(|id| id.0.as_bytes().to_vec()),
            authority_key_id: authority.and_then(|a| a.key_identifier).map(|id| id.as_bytes().to_vec()),
            ca_issuers: urls(AD_CA_ISSUERS),
            ocsp: urls(AD_OCSP),
            crl_urls: points.map(|points| crl_urls(&points)).unwrap_or_default(),
            der: der.to_vec(),
        })
    }

    /// Reads every certificate in a PEM text.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and when there is none.
    pub fn parse_pem(text: &str) -> Result<Vec<Self>, PkiError> {
        let ders = pem::decode(&["CERTIFICATE"], text)?;
        if ders.is_empty() {
            return Err(PkiError::malformed("certificate", "the text has no block labelled CERTIFICATE"));
        }
        ders.iter().map(|der| Self::parse(der)).collect()
    }

    /// Its DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Its PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// Its subject, if the model has every type in it; none when it is empty too.
    #[must_use]
    pub fn subject(&self) -> Option<DistinguishedName> {
        name::from_x501(&self.subject)
    }

    /// Its subject in RFC 4514's text form; empty when the subject is.
    #[must_use]
    pub fn subject_text(&self) -> String {
        name::to_text(&self.subject)
    }

    /// Its issuer in RFC 4514's text form.
    #[must_use]
    pub fn issuer_text(&self) -> String {
        name::to_text(&self.issuer)
    }

    pub(in crate::pki) fn subject_name(&self) -> &Name {
        &self.subject
    }

    /// The beginning of its validity.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The end of its validity, the last second included.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Its alternative names, sorted.
    #[must_use]
    pub fn alternative_names(&self) -> &[SubjectAlternativeName] {
        &self.alternative_names
    }

    /// Alternative names of kinds that the model has not, in words: `ip:192.0.2.1`, `directory:CN=x`.
    #[must_use]
    pub fn foreign_names(&self) -> &[String] {
        &self.foreign_names
    }

    /// The bits of keyUsage that people's and devices' certificates have; `None` without the extension.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage.map(|bits| usage::from_bits(bits.0))
    }

    /// Whether keyUsage permits to sign certificates.
    #[must_use]
    pub fn signs_certificates(&self) -> bool {
        self.key_usage.is_some_and(|bits| bits.key_cert_sign())
    }

    /// Whether keyUsage permits to sign CRLs.
    #[must_use]
    pub fn signs_crls(&self) -> bool {
        self.key_usage.is_some_and(|bits| bits.crl_sign())
    }

    /// Object identifiers of extKeyUsage, in their order.
    #[must_use]
    pub fn extended_key_usages(&self) -> &[Oid] {
        &self.extended_key_usages
    }

    /// Whether basicConstraints says that it is a CA's.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// How many CAs may follow below it.
    #[must_use]
    pub fn path_length(&self) -> Option<u8> {
        self.path_length
    }

    /// The user's SID, from the extension or else from the URI of a strong mapping.
    #[must_use]
    pub fn sid(&self) -> Option<&Sid> {
        self.sid.as_ref()
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// authorityKeyIdentifier's key identifier.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// Where the issuer's certificate can be had (caIssuers).
    #[must_use]
    pub fn ca_issuers_urls(&self) -> &[String] {
        &self.ca_issuers
    }

    /// Where OCSP answers.
    #[must_use]
    pub fn ocsp_urls(&self) -> &[String] {
        &self.ocsp
    }

    /// Where the CRL can be had.
    #[must_use]
    pub fn crl_urls(&self) -> &[String] {
        &self.crl_urls
    }

    /// DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// Its public key, if it is of a kind that is taken.
    ///
    /// # Errors
    /// When it is not.
    pub fn public_key(&self) -> Result<PublicKey, PkiError> {
        if let Some(key) = self.sound_key.0.get() {
            return Ok(key.clone());
        }
        let key = PublicKey::from_der(&self.public_key)?;
        Ok(self.sound_key.0.get_or_init(|| key).clone())
    }

    /// Algorithm and size of its key, if it is of a kind that is taken.
    #[must_use]
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        self.public_key().ok().map(|key| key.algorithm())
    }

    /// SHA-256 of the DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_hash(&self) -> PublicKeyHash {
        digest::public_key_hash(&self.public_key)
    }

    /// SHA-256 of its DER.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        digest::thumbprint(&self.der)
    }

    /// SHA-1 of its DER, as Windows shows it. For searching only.
    #[must_use]
    pub fn sha1_thumbprint(&self) -> Sha1Thumbprint {
        digest::sha1_thumbprint(&self.der)
    }

    /// Whether `issuer` names and signed this certificate. Says nothing of validity, constraints or revocation.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let verified = || -> Result<bool, PkiError> {
            let key = issuer.to_openssl()?.public_key()?;
            Ok(verdict(self.to_openssl()?.verify(&key)))
        };
        self.issuer == issuer.subject && verified().unwrap_or(false)
    }

    pub(in crate::pki) fn to_openssl(&self) -> Result<X509, PkiError> {
        Ok(X509::from_der(&self.der)?)
    }
}

fn extension_of<'c, T: Decode<'c> + der::oid::AssociatedOid>(
    tbs: &'c x509_cert::TbsCertificate,
) -> Result<Option<T>, PkiError>
where
    <T as Decode<'c>>::Error: std::fmt::Display,
{
    let found = tbs.get_extension::<T>();
    let found = found
        .map_err(|e| PkiError::malformed("certificate", format!("its extension {} is wrong: {e}", T::OID)))?;
    Ok(found.map(|(_, value)| value))
}

fn read_sid(tbs: &x509_cert::TbsCertificate, names: &[SubjectAlternativeName]) -> Option<Sid> {
    let extensions = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
    let of_extension = extensions.iter().find(|e| e.extn_id == extension::SID).and_then(|e| {
        Vec::<GeneralName>::from_der(e.extn_value.as_bytes())
            .ok()
            .and_then(|names| extension::read_sid(&names))
    });
    of_extension.or_else(|| {
        names.iter().find_map(|name| name.value().strip_prefix(SID_URI).and_then(|sid| Sid::parse(sid).ok()))
    })
}

fn crl_urls(points: &CrlDistributionPoints) -> Vec<String> {
    let names = points.0.iter().filter_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    names.flatten().filter_map(url).collect()
}

fn url(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(url) => Some(url.as_str().to_owned()),
        _ => None,
    }
}

fn timestamp(time: &Time) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}
