//! Certificates whose keys and signatures are nobody's: whole and readable, made in microseconds, good for nothing but
//! sample data. No signature on them verifies.

use certporter_model::key::KeyAlgorithm;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint, PointConversionForm};
use openssl::nid::Nid;

use super::issuance::Prepared;
use super::tbs::{header, signature_algorithm, signed};
use super::{PkiError, PublicKey};
use crate::random::{Random, octets};

/// What comes before the point of a P-256 key (RFC 5480, section 2).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// What comes before the modulus of an RSA key of 2048 bits (RFC 3279, section 2.3.1).
const RSA2048: [u8; 33] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
];
/// The public exponent 65537, after the modulus.
const EXPONENT: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// A public key whose private key nobody has: RSA-2048, or P-256 for anything on a curve.
///
/// # Errors
/// When OpenSSL fails.
pub fn public_key(algorithm: KeyAlgorithm, random: &dyn Random) -> Result<PublicKey, PkiError> {
    if algorithm.is_rsa() {
        let mut modulus: [u8; 256] = octets(random);
        modulus[0] |= 0x80;
        modulus[255] |= 1;
        let der = [&RSA2048[..], &modulus, &EXPONENT].concat();
        return Ok(PublicKey::trusted(der, KeyAlgorithm::Rsa2048));
    }
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let mut context = BigNumContext::new()?;
    let mut point = EcPoint::new(&group)?;
    let scalar: [u8; 31] = octets(random);
    point.mul_generator2(&group, BigNum::from_slice(&scalar)?.as_ref(), &mut context)?;
    let point = point.to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)?;
    Ok(PublicKey::trusted([&P256[..], &point].concat(), KeyAlgorithm::EcP256))
}

/// DER with a signature of the right form and of nobody.
///
/// # Errors
/// When it can't be encoded.
pub fn sign(prepared: &Prepared, random: &dyn Random) -> Result<Vec<u8>, PkiError> {
    let algorithm = prepared.issuer_algorithm();
    let signature = if algorithm.is_rsa() {
        octets::<256>(random).to_vec()
    } else {
        // Ecdsa-Sig-Value (RFC 3279, section 2.2.3): two positive numbers.
        let number = || {
            let mut value: [u8; 32] = octets(random);
            value[0] = value[0] & 0x7f | 0x40;
            [&[0x02, 0x20], &value[..]].concat()
        };
        let numbers = [number(), number()].concat();
        [header(0x30, numbers.len()), numbers].concat()
    };
    signed(prepared.tbs(), &signature_algorithm(algorithm), &signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Certificate;
    use crate::pki::issuance::{Issuance, Issuer, Validity};
    use crate::random::SeededRandom;
    use certporter_model::Timestamp;
    use certporter_model::distinguished_name::DistinguishedName;
    use certporter_model::serial::SerialNumber;

    #[test]
    fn a_specimen_reads_as_a_certificate_and_verifies_with_nobody() {
        let random = SeededRandom::new(5);
        for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
            let key = public_key(algorithm, &random).unwrap();
            assert_eq!(PublicKey::from_der(key.as_der()).unwrap(), key);
            let name = DistinguishedName::parse("CN=Specimen").unwrap();
            let validity = Validity::days(Timestamp::from_millis(1_700_000_000_000), 30);
            let issuance = Issuance::authority(name, key, 0, validity);
            let serial = SerialNumber::from_random(octets(&random));
            let der = sign(&issuance.prepare(&serial, Issuer::Itself).unwrap(), &random).unwrap();
            let read = Certificate::parse(&der).unwrap();
            assert_eq!((read.serial(), read.not_after()), (&serial, validity.not_after()));
            assert!(!read.is_signed_by(&read));
        }
    }
}
