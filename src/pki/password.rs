//! Passwords of PFX files.

use zeroize::Zeroizing;

use crate::random::{Random, below};

/// How many characters a password inside an envelope has: over 150 bits.
pub const LENGTH: usize = 26;

/// A random password of printable ASCII without quotes, backslash, backtick and space, which shells, editors and
/// forms mistreat.
#[must_use]
pub fn generate(random: &dyn Random) -> Zeroizing<String> {
    const ALPHABET: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#%&()*+,-./:;<=>?@[]^_{|}~";
    let mut password = Zeroizing::new(String::with_capacity(LENGTH));
    for _ in 0..LENGTH {
        let index = usize::try_from(below(random, ALPHABET.len() as u64)).unwrap_or_default();
        password.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
    }
    password
}

/// How many characters a password that people type has, without its hyphens: over 95 bits.
pub const TYPED_LENGTH: usize = 20;

/// A random password that people type: small letters and digits, none that looks like another, in groups of five.
#[must_use]
pub fn typeable(random: &dyn Random) -> Zeroizing<String> {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut password = Zeroizing::new(String::with_capacity(TYPED_LENGTH + TYPED_LENGTH / 5));
    for position in 0..TYPED_LENGTH {
        if position > 0 && position % 5 == 0 {
            password.push('-');
        }
        let index = usize::try_from(below(random, ALPHABET.len() as u64)).unwrap_or_default();
        password.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'a')));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn passwords_are_long_printable_and_differ() {
        let (one, two) = (generate(&SystemRandom), generate(&SystemRandom));
        assert_ne!(one, two);
        assert!(one.len() >= 24 && one.bytes().all(|b| b.is_ascii_graphic()));
    }

    #[test]
    fn passwords_to_type_have_nothing_to_mistake() {
        let (one, two) = (typeable(&SystemRandom), typeable(&SystemRandom));
        assert_ne!(one, two);
        assert!(one.split('-').all(|group| group.len() == 5) && one.split('-').count() == 4, "{}", *one);
        assert!(!one.contains(['0', 'o', '1', 'l', 'i']));
    }
}
