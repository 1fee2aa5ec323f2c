//! The one-time code by which a device enrols.

use certporter_model::ParseError;
use certporter_model::thumbprint::{SecretHash, Thumbprint};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Crockford's alphabet: no I, L, O or U, so that a code can be read out and typed.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const SECRET: usize = 10;
const FINGERPRINT: usize = 16;
const CHECK: usize = 2;
const LENGTH: usize = SECRET + FINGERPRINT + CHECK;
const CHARACTERS: usize = (LENGTH * 8).div_ceil(5);

/// An enrolment code: 80 random bits, the first 128 bits of the SHA-256 fingerprint of the CA by which the device
/// listener is known, and 16 bits that tell a typing error. Written as nine groups of five characters.
///
/// It is a secret: `Debug` shows nothing of it, and the portal keeps its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode(Zeroizing<[u8; LENGTH]>);

impl EnrolmentCode {
    /// A new code from ten random octets, for a listener known by the CA of that fingerprint.
    #[must_use]
    pub fn new(random: [u8; SECRET], ca: &Thumbprint) -> Self {
        let mut octets = Zeroizing::new([0; LENGTH]);
        octets[..SECRET].copy_from_slice(&random);
        octets[SECRET..SECRET + FINGERPRINT].copy_from_slice(&ca.as_octets()[..FINGERPRINT]);
        let check = check(&octets);
        octets[SECRET + FINGERPRINT..].copy_from_slice(&check);
        Self(octets)
    }

    /// Reads a code as somebody typed it: case, spaces and hyphens don't matter, nor do I, L for 1 and O for 0.
    ///
    /// # Errors
    /// When it is not one, a typing error included.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new(
                "enrolment code",
                "has nine groups of five letters and digits, as shown when it was made; is there a typing error?",
            )
        };
        if text.len() > 4 * CHARACTERS {
            return Err(wrong());
        }
        let mut octets = Zeroizing::new([0; LENGTH]);
        let (mut bits, mut pending, mut index) = (0_u32, 0_u32, 0);
        let mut characters = 0;
        for character in text.bytes().filter(|b| !matches!(b, b'-' | b' ' | b'\t' | b'\r' | b'\n')) {
            let upper = match character.to_ascii_uppercase() {
                b'I' | b'L' => b'1',
                b'O' => b'0',
                other => other,
            };
            let value = ALPHABET.iter().position(|&a| a == upper).ok_or_else(wrong)?;
            pending = pending << 5 | u32::try_from(value).map_err(|_| wrong())?;
            bits += 5;
            characters += 1;
            if bits >= 8 && index < LENGTH {
                bits -= 8;
                octets[index] = (pending >> bits & 0xff) as u8;
                index += 1;
            }
        }
        let code = Self(octets);
        if characters != CHARACTERS || code.0[SECRET + FINGERPRINT..] != check(&code.0) {
            return Err(wrong());
        }
        // One way of writing only: the spare bits at the end are zero.
        if pending & ((1 << bits) - 1) != 0 {
            return Err(wrong());
        }
        Ok(code)
    }

    /// What the portal keeps of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::from_octets(Sha256::digest(&self.0[..SECRET + FINGERPRINT]).into())
    }

    /// Whether the CA with this fingerprint is the one that the code was made for.
    #[must_use]
    pub fn is_for(&self, ca: &Thumbprint) -> bool {
        self.0[SECRET..SECRET + FINGERPRINT] == ca.as_octets()[..FINGERPRINT]
    }

    /// The code as it is shown to the person who enrols, once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + CHARACTERS / 5));
        for index in 0..CHARACTERS {
            if index > 0 && index % 5 == 0 {
                text.push('-');
            }
            let bit = index * 5;
            let high = u16::from(self.0[bit / 8]) << 8;
            let low = u16::from(self.0.get(bit / 8 + 1).copied().unwrap_or(0));
            let value = (high | low) >> (11 - bit % 8) & 0x1f;
            text.push(char::from(ALPHABET[usize::from(value)]));
        }
        text
    }
}

fn check(octets: &[u8; LENGTH]) -> [u8; CHECK] {
    let digest = Sha256::new()
        .chain_update(b"certporter enrolment code")
        .chain_update(&octets[..SECRET + FINGERPRINT]);
    let digest = digest.finalize();
    [digest[0], digest[1]]
}

impl std::fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrolmentCode(..)")
    }
}

impl serde::Serialize for EnrolmentCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reveal())
    }
}

impl<'de> serde::Deserialize<'de> for EnrolmentCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint() -> Thumbprint {
        Thumbprint::from_octets([0xc3; 32])
    }

    #[test]
    fn it_reads_what_it_shows_however_it_is_typed() {
        let code = EnrolmentCode::new([0x5a; 10], &fingerprint());
        let text = code.reveal();
        assert_eq!(text.len(), 9 * 5 + 8);
        assert_eq!(EnrolmentCode::parse(&text), Ok(code.clone()));
        let sloppy = text.to_lowercase().replace('-', " ").replace('1', "l").replace('0', "o");
        assert_eq!(EnrolmentCode::parse(&sloppy), Ok(code));
    }

    #[test]
    fn a_typing_error_is_told_from_a_code() {
        let text = EnrolmentCode::new([7; 10], &fingerprint()).reveal();
        for index in (0..text.len()).filter(|&i| text.as_bytes()[i] != b'-') {
            let mut typed = text.as_bytes().to_vec();
            typed[index] = if typed[index] == b'7' { b'8' } else { b'7' };
            assert!(EnrolmentCode::parse(&String::from_utf8(typed).unwrap()).is_err(), "{index}");
        }
        for wrong in ["", "AAAAA", "U", &text[1..], &format!("{}0", *text), &"0".repeat(10_000)] {
            assert!(EnrolmentCode::parse(wrong).is_err());
        }
    }

    #[test]
    fn it_knows_its_ca_and_tells_nobody_the_secret() {
        let code = EnrolmentCode::new([1; 10], &fingerprint());
        assert!(code.is_for(&fingerprint()));
        assert!(!code.is_for(&Thumbprint::from_octets([0xc4; 32])));
        assert_ne!(code.hash(), EnrolmentCode::new([2; 10], &fingerprint()).hash());
        assert_eq!(format!("{code:?}"), "EnrolmentCode(..)");
    }
}
