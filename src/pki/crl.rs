//! Certificate revocation lists (RFC 5280, section 5), built entry by entry: a million fit in some tens of megabytes.

use std::collections::HashMap;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use der::asn1::{ObjectIdentifier, Uint};
use der::{Decode, Encode};
use openssl::x509::{CrlStatus, X509Crl};
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::{CrlNumber, CrlReason};

use super::error::verdict;
use super::extension::{self, encode_error};
use super::key::Signer;
use super::tbs::{header, signature_algorithm, signed_in_place};
use super::{Certificate, PkiError};

/// Room for what comes around what is signed: a header, an algorithm, a signature of any kind.
const SIGNATURE: usize = 1_100;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

/// A list in the making. Feed it with [`revoke`](Self::revoke), then [`sign`](Self::sign).
#[derive(Debug)]
pub struct CrlBuilder {
    number: u64,
    this_update: Timestamp,
    next_update: Timestamp,
    distribution_points: Vec<String>,
    entries: Vec<u8>,
    count: usize,
}

impl CrlBuilder {
    /// Begins a list. `number` grows with every list of an issuer; `next_update` is when relying parties stop
    /// trusting this one.
    #[must_use]
    pub fn new(number: u64, this_update: Timestamp, next_update: Timestamp) -> Self {
        let (distribution_points, entries) = (Vec::new(), Vec::new());
        Self { number, this_update, next_update, distribution_points, entries, count: 0 }
    }

    /// Makes it a shard: the list of those certificates alone that name one of these distribution points (RFC 5280,
    /// section 5.2.5). With none it is the full list.
    #[must_use]
    pub fn shard(self, distribution_points: Vec<String>) -> Self {
        Self { distribution_points, ..self }
    }

    /// Adds a revoked or held certificate. Each serial once, in any order.
    pub fn revoke(&mut self, serial: &SerialNumber, at: Timestamp, reason: Reason) {
        let number = serial.as_octets();
        let padded = number.first().is_some_and(|&b| b & 0x80 != 0);
        let mut body = Vec::with_capacity(64);
        body.push(0x02);
        body.push(u8::try_from(number.len() + usize::from(padded)).unwrap_or_default());
        if padded {
            body.push(0);
        }
        body.extend_from_slice(number);
        push_time(&mut body, at);
        // unspecified is said by leaving the extension out (RFC 5280, section 5.3.1).
        if reason != Reason::Unspecified {
            body.extend_from_slice(&[
                0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
            ]);
            body.push(reason.code());
        }
        self.entries.push(0x30);
        self.entries.push(u8::try_from(body.len()).unwrap_or_default());
        self.entries.extend_from_slice(&body);
        self.count += 1;
    }

    /// Takes over the entries of a list that was signed before, but those that `keep` does not want, by serial number
    /// and whether it is on hold. Reads no more of it than that: a million entries take milliseconds.
    ///
    /// # Errors
    /// When it is no CRL.
    pub fn take_over(
        &mut self,
        list: &[u8],
        mut keep: impl FnMut(&[u8], bool) -> bool,
    ) -> Result<(), PkiError> {
        let wrong = || PkiError::malformed("CRL", "its entries can't be read");
        let mut rest = entries_of(list).ok_or_else(wrong)?;
        // Once, and no more than they are: growing bit by bit would take twice as much for a moment.
        self.entries.reserve_exact(rest.len());
        while !rest.is_empty() {
            let (_, entry, after) = value(rest).ok_or_else(wrong)?;
            let (_, serial, _) = value(entry).ok_or_else(wrong)?;
            let number = if serial.len() > 1 { serial.strip_prefix(&[0]).unwrap_or(serial) } else { serial };
            // The reason is the last of an entry.
            if keep(number, entry.ends_with(&[0x0a, 0x01, Reason::CertificateHold.code()])) {
                self.entries.extend_from_slice(&rest[..rest.len() - after.len()]);
                self.count += 1;
            }
            rest = after;
        }
        Ok(())
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Signs it, in DER.
    ///
    /// # Errors
    /// When the signer is not the issuer's, or can't sign now.
    pub fn sign(self, issuer: &Certificate, signer: &dyn Signer) -> Result<Vec<u8>, PkiError> {
        if signer.public_key().as_der() != issuer.public_key_der() {
            return Err(PkiError::Unfit {
                field: "issuer",
                message: "the signer's key is not that of the issuer's certificate".to_owned(),
            });
        }
        let algorithm = signature_algorithm(signer.public_key().algorithm());
        let tbs = self.unsigned(issuer, signer)?;
        let signature = signer.sign(&tbs)?;
        signed_in_place(tbs, &algorithm, &signature)
    }

    /// What is to be signed: TBSCertList (RFC 5280, section 5.1).
    ///
    /// # Errors
    /// When the issuer's name can't be encoded.
    pub fn unsigned(self, issuer: &Certificate, signer: &dyn Signer) -> Result<Vec<u8>, PkiError> {
        let algorithm = signature_algorithm(signer.public_key().algorithm());
        let mut head = vec![0x02, 0x01, 0x01]; // version 2
        head.extend(algorithm.to_der().map_err(encode_error)?);
        head.extend(issuer.subject_name().to_der().map_err(encode_error)?);
        push_time(&mut head, self.this_update);
        push_time(&mut head, self.next_update);
        if !self.entries.is_empty() {
            head.extend(header(0x30, self.entries.len()));
        }
        let tail = self.extensions(issuer)?;
        let length = head.len() + self.entries.len() + tail.len();
        let mut tbs = header(0x30, length);
        tbs.reserve_exact(length + SIGNATURE);
        tbs.extend_from_slice(&head);
        tbs.extend_from_slice(&self.entries);
        drop(self.entries);
        tbs.extend_from_slice(&tail);
        Ok(tbs)
    }

    fn extensions(&self, issuer: &Certificate) -> Result<Vec<u8>, PkiError> {
        let mut all = Vec::new();
        if let Some(id) = issuer.subject_key_id() {
            all.push(extension::authority_key_identifier(id)?);
        }
        let number = Uint::new(&self.number.to_be_bytes()).and_then(|n| n.to_der()).map_err(encode_error)?;
        all.push(x509_cert::ext::Extension {
            extn_id: CRL_NUMBER,
            critical: false,
            extn_value: der::asn1::OctetString::new(number).map_err(encode_error)?,
        });
        if !self.distribution_points.is_empty() {
            all.push(extension::issuing_distribution_point(&self.distribution_points)?);
        }
        let list = all.to_der().map_err(encode_error)?;
        let mut tagged = header(0xa0, list.len());
        tagged.extend(list);
        Ok(tagged)
    }
}

/// A DER value at the beginning: its tag, its contents, and what follows.
fn value(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = octets.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// The contents of revokedCertificates (RFC 5280, section 5.1); empty when there are none.
fn entries_of(list: &[u8]) -> Option<&[u8]> {
    let (_, whole, _) = value(list)?;
    let (_, mut rest, _) = value(whole)?;
    // version, signature, issuer, thisUpdate, nextUpdate: ours has them all
    for tag in [&[0x02][..], &[0x30], &[0x30], &[0x17, 0x18], &[0x17, 0x18]] {
        let (found, _, after) = value(rest)?;
        rest = tag.contains(&found).then_some(after)?;
    }
    match value(rest) {
        Some((0x30, entries, _)) => Some(entries),
        _ => Some(&[]),
    }
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, section 5.1.2.4).
fn push_time(out: &mut Vec<u8>, moment: Timestamp) {
    let utc = moment.to_utc();
    let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", utc.hour(), utc.minute(), utc.second());
    if year < 2050 {
        out.extend_from_slice(&[0x17, 13]);
        out.extend_from_slice(format!("{:02}{rest}", year % 100).as_bytes());
    } else {
        out.extend_from_slice(&[0x18, 15]);
        out.extend_from_slice(format!("{year:04}{rest}").as_bytes());
    }
}

/// An entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When it was revoked.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// A list, read.
#[derive(Debug, Clone)]
pub struct Crl {
    der: Vec<u8>,
    number: Option<u64>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    entries: HashMap<SerialNumber, Entry>,
}

impl Crl {
    /// Reads DER.
    ///
    /// # Errors
    /// When it is no CRL.
    pub fn parse(der: &[u8]) -> Result<Self, PkiError> {
        let wrong = |why: String| PkiError::malformed("CRL", why);
        let parsed = CertificateList::<Rfc5280>::from_der(der).map_err(|e| wrong(e.to_string()))?;
        let tbs = &parsed.tbs_cert_list;
        let mut number = None;
        for found in tbs.crl_extensions.iter().flatten().filter(|e| e.extn_id == CRL_NUMBER) {
            let value = CrlNumber::from_der(found.extn_value.as_bytes()).map_err(|e| wrong(e.to_string()))?;
            let octets = value.0.as_bytes();
            number = (octets.len() <= 8)
                .then(|| octets.iter().fold(0_u64, |sum, &octet| sum << 8 | u64::from(octet)));
        }
        let mut entries = HashMap::new();
        for revoked in tbs.revoked_certificates.iter().flatten() {
            let serial = SerialNumber::from_octets(revoked.serial_number.as_bytes());
            let mut reason = Reason::Unspecified;
            for found in revoked.crl_entry_extensions.iter().flatten().filter(|e| e.extn_id == REASON_CODE) {
                let code =
                    CrlReason::from_der(found.extn_value.as_bytes()).map_err(|e| wrong(e.to_string()))?;
                reason = read_reason(code);
            }
            let at = timestamp(revoked.revocation_date.to_unix_duration());
            entries.insert(serial.map_err(|e| wrong(e.to_string()))?, Entry { at, reason });
        }
        Ok(Self {
            der: der.to_vec(),
            number,
            this_update: timestamp(tbs.this_update.to_unix_duration()),
            next_update: tbs.next_update.map(|time| timestamp(time.to_unix_duration())),
            entries,
        })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// When it was made.
    #[must_use]
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When relying parties stop trusting it.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// The entry of a certificate.
    #[must_use]
    pub fn entry(&self, serial: &SerialNumber) -> Option<Entry> {
        self.entries.get(serial).copied()
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the issuer signed it.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let verified = || -> Result<bool, PkiError> {
            let crl = X509Crl::from_der(&self.der)?;
            let issuer = issuer.to_openssl()?;
            let named = crl.issuer_name().try_cmp(issuer.subject_name())?.is_eq();
            let key = issuer.public_key()?;
            Ok(named && verdict(crl.verify(&key)))
        };
        verified().unwrap_or(false)
    }

    /// Whether OpenSSL finds the certificate in it: a second opinion beside [`entry`](Self::entry).
    ///
    /// # Errors
    /// When OpenSSL can't read the list.
    pub fn openssl_revokes(&self, certificate: &Certificate) -> Result<bool, PkiError> {
        let crl = X509Crl::from_der(&self.der)?;
        Ok(matches!(crl.get_by_cert(&certificate.to_openssl()?), CrlStatus::Revoked(_)))
    }
}

fn read_reason(code: CrlReason) -> Reason {
    match code {
        CrlReason::KeyCompromise | CrlReason::CaCompromise | CrlReason::AaCompromise => Reason::KeyCompromise,
        CrlReason::AffiliationChanged => Reason::AffiliationChanged,
        CrlReason::Superseded => Reason::Superseded,
        CrlReason::CessationOfOperation => Reason::CessationOfOperation,
        CrlReason::CertificateHold => Reason::CertificateHold,
        CrlReason::PrivilegeWithdrawn => Reason::PrivilegeWithdrawn,
        CrlReason::Unspecified | CrlReason::RemoveFromCRL => Reason::Unspecified,
    }
}

fn timestamp(since: Duration) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
