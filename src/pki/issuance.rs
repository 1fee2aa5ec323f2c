//! A certificate that is to be: stated from parsed parts, checked, and only then signed, once.
//!
//! [`Issuance`] states it, [`Issuance::prepare`] checks it and fixes every octet but the signature, and the
//! [`Prepared`] that comes of it is used up by its signature. There is no other way to one. So an intended
//! certificate can be recorded before it exists.

use std::net::IpAddr;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::KeyAlgorithm;
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::serial::SerialNumber;
use der::asn1::Ia5String;
use der::flagset::FlagSet;
use der::{Decode, Encode};
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber as X509SerialNumber;
use x509_cert::time::Validity as X509Validity;

use super::asked::Asked;
use super::extension::{self, encode_error};
use super::key::Signer;
use super::tbs::{Tbs, key_id, public_key_info, signature_algorithm, signed, time};
use super::{Certificate, PkiError, PublicKey, digest, name, usage};

/// How far notBefore lies in the past, for devices whose clocks are slow.
pub const BACKDATE: Duration = Duration::from_secs(600);

/// When a certificate is good. Whole seconds; the last one is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// From [`BACKDATE`] before now until `days` from now.
    #[must_use]
    pub fn days(now: Timestamp, days: u32) -> Self {
        let whole = Timestamp::from_seconds(now.as_seconds());
        let span = Duration::from_secs(u64::from(days) * 86_400);
        Self { not_before: whole.minus(BACKDATE), not_after: whole.plus(span) }
    }

    /// The same, but no longer than until then.
    #[must_use]
    pub fn until_at_most(self, end: Timestamp) -> Self {
        Self { not_after: self.not_after.min(end), ..self }
    }

    /// The first moment.
    #[must_use]
    pub fn not_before(self) -> Timestamp {
        self.not_before
    }

    /// The last moment.
    #[must_use]
    pub fn not_after(self) -> Timestamp {
        self.not_after
    }
}

/// Where relying parties find what they need of the issuer. Frozen into each certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuerUrls {
    /// The issuer's certificate.
    pub ca_issuers: Option<String>,
    /// The OCSP responder.
    pub ocsp: Option<String>,
    /// The CRL, or the shard of it that this certificate will be in.
    pub crl: Option<String>,
}

/// Whose signature a certificate is to carry.
#[derive(Debug, Clone, Copy)]
pub enum Issuer<'i> {
    /// Its own key's: a root.
    Itself,
    /// A CA's.
    Ca(&'i Certificate, &'i IssuerUrls),
}

/// What a certificate will say, but for serial number and issuer.
#[derive(Debug, Clone)]
pub struct Issuance {
    subject: Option<DistinguishedName>,
    names: Vec<GeneralName>,
    public_key: PublicKey,
    validity: Validity,
    key_usage: FlagSet<KeyUsages>,
    extended_key_usages: Vec<Oid>,
    ca_path_length: Option<u8>,
    sid: Option<Sid>,
    no_check: bool,
}

impl Issuance {
    fn new(subject: Option<DistinguishedName>, public_key: PublicKey, validity: Validity) -> Self {
        Self {
            subject,
            names: Vec::new(),
            public_key,
            validity,
            key_usage: FlagSet::default(),
            extended_key_usages: Vec::new(),
            ca_path_length: None,
            sid: None,
            no_check: false,
        }
    }

    /// A person's or device's certificate, as a profile asks.
    ///
    /// # Errors
    /// When the statement contradicts itself or the key; names the field.
    pub fn for_holder(asked: &Asked, public_key: PublicKey, now: Timestamp) -> Result<Self, PkiError> {
        let unfit = |field, message: &str| Err(PkiError::Unfit { field, message: message.to_owned() });
        if asked.extended_key_usages.is_empty() {
            return unfit("extended_key_usages", "at least one is given");
        }
        if asked.extended_key_usages.iter().any(|oid| oid.as_str() == Oid::SERVER_AUTH) {
            return unfit("extended_key_usages", "server authentication is not for people and devices");
        }
        if asked.key_usage.is_empty() {
            return unfit("key_usage", "at least one bit is set");
        }
        if asked.subject.is_none() && asked.alternative_names.is_empty() {
            return unfit("subject", "a certificate has a subject or an alternative name");
        }
        if asked.strong_mapping != StrongMapping::None && asked.sid.is_none() {
            return unfit("sid", "strong mapping needs the user's SID from the directory");
        }
        let rsa = public_key.algorithm().is_rsa();
        if rsa && asked.key_usage.key_agreement {
            return unfit("key_usage", "key agreement needs an elliptic-curve key");
        }
        if !rsa && (asked.key_usage.key_encipherment || asked.key_usage.data_encipherment) {
            return unfit("key_usage", "an elliptic-curve key can't encipher");
        }
        let validity = Validity::days(now, asked.validity_days);
        let mut issuance = Self::new(asked.subject.clone(), public_key, validity);
        issuance.names = asked.all_names()?.iter().map(extension::general_name).collect::<Result<_, _>>()?;
        issuance.key_usage = usage::to_bits(asked.key_usage);
        issuance.extended_key_usages.clone_from(&asked.extended_key_usages);
        if asked.strong_mapping == StrongMapping::Extension {
            issuance.sid.clone_from(&asked.sid);
        }
        Ok(issuance)
    }

    /// A CA's certificate; `path_length` is how many CAs may follow below it.
    #[must_use]
    pub fn authority(
        subject: DistinguishedName,
        public_key: PublicKey,
        path_length: u8,
        validity: Validity,
    ) -> Self {
        let mut issuance = Self::new(Some(subject), public_key, validity);
        issuance.key_usage = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
        issuance.ca_path_length = Some(path_length);
        issuance
    }

    /// A device's or connector's certificate towards the portal: signs in by TLS, and envelopes are sealed to it.
    #[must_use]
    pub fn management(subject: DistinguishedName, public_key: PublicKey, validity: Validity) -> Self {
        let encrypts = if public_key.algorithm().is_rsa() {
            KeyUsages::KeyEncipherment
        } else {
            KeyUsages::KeyAgreement
        };
        let mut issuance = Self::new(Some(subject), public_key, validity);
        issuance.key_usage = KeyUsages::DigitalSignature | encrypts;
        issuance.extended_key_usages = oids(&[Oid::CLIENT_AUTH]);
        issuance
    }

    /// A TLS server's certificate for some hosts: DNS names or addresses.
    ///
    /// # Errors
    /// When there is no host, or one is neither an address nor in ASCII.
    pub fn tls_server(public_key: PublicKey, hosts: &[String], validity: Validity) -> Result<Self, PkiError> {
        let unfit = |message: &str| PkiError::Unfit { field: "hosts", message: message.to_owned() };
        if hosts.is_empty() {
            return Err(unfit("a server's certificate names at least one host"));
        }
        let mut issuance = Self::new(None, public_key, validity);
        for host in hosts {
            issuance.names.push(match host.parse::<IpAddr>() {
                Ok(address) => GeneralName::from(address),
                Err(_) if host.is_empty() => return Err(unfit("a host has a name")),
                Err(_) => GeneralName::DnsName(
                    Ia5String::new(host).map_err(|_| unfit("a host's name is in ASCII (punycode)"))?,
                ),
            });
        }
        issuance.key_usage = KeyUsages::DigitalSignature.into();
        issuance.extended_key_usages = oids(&[Oid::SERVER_AUTH]);
        Ok(issuance)
    }

    /// A key recovery agent's certificate, to which private keys are sealed.
    #[must_use]
    pub fn key_recovery(subject: DistinguishedName, public_key: PublicKey, validity: Validity) -> Self {
        let mut issuance = Self::new(Some(subject), public_key, validity);
        let encrypts = if issuance.public_key.algorithm().is_rsa() {
            KeyUsages::KeyEncipherment
        } else {
            KeyUsages::KeyAgreement
        };
        issuance.key_usage = encrypts.into();
        issuance.extended_key_usages = oids(&[Oid::KEY_RECOVERY_AGENT]);
        issuance
    }

    /// A delegated OCSP signer's certificate, itself not to be checked (RFC 6960, section 4.2.2.2.1).
    #[must_use]
    pub fn ocsp_signer(subject: DistinguishedName, public_key: PublicKey, validity: Validity) -> Self {
        let mut issuance = Self::new(Some(subject), public_key, validity);
        issuance.key_usage = KeyUsages::DigitalSignature.into();
        issuance.extended_key_usages = oids(&["1.3.6.1.5.5.7.3.9"]);
        issuance.no_check = true;
        issuance
    }

    /// A certificate for a key of the portal's own that signs documents (CMS), such as configuration profiles.
    #[must_use]
    pub fn document_signer(subject: DistinguishedName, public_key: PublicKey, validity: Validity) -> Self {
        let mut issuance = Self::new(Some(subject), public_key, validity);
        issuance.key_usage = KeyUsages::DigitalSignature.into();
        issuance.extended_key_usages = oids(&["1.3.6.1.5.5.7.3.4"]);
        issuance
    }

    /// When it will be good.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The key that it will be for.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Fixes every octet but the signature.
    ///
    /// # Errors
    /// When the issuer is no CA, may have none below it, or ends before this certificate would; or a part can't be
    /// encoded.
    pub fn prepare(self, serial: &SerialNumber, issuer: Issuer<'_>) -> Result<Prepared, PkiError> {
        let subject = self.subject.as_ref().map(name::to_x501).transpose()?.unwrap_or_default();
        let own_key_id = key_id(&self.public_key)?;
        let (issuer_name, issuer_key, issuer_key_id, urls) = match issuer {
            Issuer::Itself => (subject.clone(), self.public_key.clone(), None, None),
            Issuer::Ca(ca, urls) => {
                self.check_issuer(ca)?;
                let id = ca.subject_key_id().map(<[u8]>::to_vec);
                let id = id.map_or_else(|| key_id(&ca.public_key()?), Ok)?;
                (ca.subject_name().clone(), ca.public_key()?, Some(id), Some(urls))
            }
        };
        let extensions = self.extensions(subject.is_empty(), &own_key_id, issuer_key_id.as_deref(), urls)?;
        let tbs = Tbs {
            version: Version::V3,
            serial: X509SerialNumber::new(serial.as_octets()).map_err(encode_error)?,
            signature: signature_algorithm(issuer_key.algorithm()),
            issuer: issuer_name,
            validity: X509Validity::new(time(self.validity.not_before)?, time(self.validity.not_after)?),
            subject,
            public_key: public_key_info(&self.public_key)?,
            extensions,
        };
        Ok(Prepared { tbs: tbs.to_der().map_err(encode_error)?, issuer_key })
    }

    fn check_issuer(&self, ca: &Certificate) -> Result<(), PkiError> {
        let unfit = |field, message: String| Err(PkiError::Unfit { field, message });
        if !ca.is_ca() || !ca.signs_certificates() {
            return unfit("issuer", format!("{} is not a CA's certificate", ca.subject_text()));
        }
        if self.ca_path_length.is_some() && ca.path_length() == Some(0) {
            return unfit("issuer", format!("{} may have no CA below it", ca.subject_text()));
        }
        if self.validity.not_after > ca.not_after() {
            return unfit(
                "validity_days",
                format!(
                    "the certificate would be good until {}, but its CA ends at {}: choose a shorter validity, \
                     or renew the CA",
                    self.validity.not_after,
                    ca.not_after()
                ),
            );
        }
        Ok(())
    }

    fn extensions(
        &self,
        subject_is_empty: bool,
        key_id: &[u8],
        issuer_key_id: Option<&[u8]>,
        urls: Option<&IssuerUrls>,
    ) -> Result<Vec<Extension>, PkiError> {
        let mut all = vec![
            extension::basic_constraints(self.ca_path_length.is_some(), self.ca_path_length)?,
            extension::key_usage(self.key_usage)?,
            extension::subject_key_identifier(key_id)?,
        ];
        if let Some(id) = issuer_key_id {
            all.push(extension::authority_key_identifier(id)?);
        }
        if !self.extended_key_usages.is_empty() {
            all.push(extension::extended_key_usage(&self.extended_key_usages)?);
        }
        if !self.names.is_empty() {
            all.push(extension::subject_alternative_name(self.names.clone(), subject_is_empty)?);
        }
        if let Some(urls) = urls {
            if urls.ca_issuers.is_some() || urls.ocsp.is_some() {
                let (ca_issuers, ocsp) = (urls.ca_issuers.as_deref(), urls.ocsp.as_deref());
                all.push(extension::authority_information_access(ca_issuers, ocsp)?);
            }
            if let Some(url) = &urls.crl {
                all.push(extension::crl_distribution_point(url)?);
            }
        }
        if let Some(sid) = &self.sid {
            all.push(extension::sid(sid)?);
        }
        if self.no_check {
            all.push(extension::ocsp_no_check()?);
        }
        Ok(all)
    }
}

/// A certificate of which only the signature is missing. Used up by signing.
#[derive(Debug)]
pub struct Prepared {
    tbs: Vec<u8>,
    issuer_key: PublicKey,
}

impl Prepared {
    /// The octets to be signed (TBSCertificate): the intent, to be recorded before.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// SHA-256 of the octets to be signed.
    #[must_use]
    pub fn tbs_digest(&self) -> certporter_model::thumbprint::ContentDigest {
        digest::content_digest(&self.tbs)
    }

    /// What the issuer's key is.
    pub(in crate::pki) fn issuer_algorithm(&self) -> KeyAlgorithm {
        self.issuer_key.algorithm()
    }

    /// Takes an intent up again that was recorded before the process ended.
    ///
    /// # Errors
    /// When the octets are no TBSCertificate, or the issuer is not the one it names.
    pub fn resume(tbs: Vec<u8>, issuer: &Certificate) -> Result<Self, PkiError> {
        let parsed = x509_cert::TbsCertificate::from_der(&tbs)
            .map_err(|e| PkiError::malformed("intended certificate", e))?;
        if parsed.issuer() != issuer.subject_name() {
            return Err(PkiError::malformed("intended certificate", "it names another issuer"));
        }
        Ok(Self { tbs, issuer_key: issuer.public_key()? })
    }

    /// Signs it.
    ///
    /// # Errors
    /// When the signer is not the issuer, or can't sign now.
    pub fn sign(self, signer: &dyn Signer) -> Result<Certificate, PkiError> {
        if *signer.public_key() != self.issuer_key {
            return Err(PkiError::Unfit {
                field: "issuer",
                message: "the signer's key is not that of the issuer's certificate".to_owned(),
            });
        }
        let signature = signer.sign(&self.tbs)?;
        let algorithm = signature_algorithm(signer.public_key().algorithm());
        Certificate::parse(&signed(&self.tbs, &algorithm, &signature)?)
    }
}

fn oids(texts: &[&str]) -> Vec<Oid> {
    texts.iter().filter_map(|text| Oid::parse(text).ok()).collect()
}
