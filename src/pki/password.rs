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
}
