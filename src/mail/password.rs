//! The password with which the portal signs in to the mail server. It rests sealed with the master key.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::pki::PkiError;
use crate::pki::secret_box::MasterKey;
use crate::random::Random;

/// What the sealed password belongs to.
const CONTEXT: &str = "settings/mail";
/// The most characters of a password.
const MAX: usize = 1024;

/// A password. It has no `Debug` and no `Display`; its memory is zeroed.
#[derive(Clone)]
pub struct SmtpPassword(Zeroizing<String>);

impl SmtpPassword {
    /// Reads one as somebody typed it: every character counts.
    ///
    /// # Errors
    /// When it is empty, too long, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().count() > MAX || text.chars().any(char::is_control) {
            return Err(format!("is 1 to {MAX} characters without line breaks"));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// For the mail server, and to be sealed.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// Seals and opens the password. Cheap to clone.
#[derive(Clone)]
pub struct PasswordSafe {
    master: Arc<MasterKey>,
    random: Arc<dyn Random>,
}

impl PasswordSafe {
    /// Under this master key.
    #[must_use]
    pub fn new(master: Arc<MasterKey>, random: Arc<dyn Random>) -> Self {
        Self { master, random }
    }

    /// Seals a password; the answer is hexadecimal.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn seal(&self, password: &SmtpPassword) -> Result<String, PkiError> {
        Ok(hex::encode(self.master.seal(self.random.as_ref(), CONTEXT, password.expose().as_bytes())?))
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was sealed with another master key, or is damaged.
    pub fn open(&self, sealed: &str) -> Result<SmtpPassword, PkiError> {
        let damaged = || PkiError::Damaged(CONTEXT.to_owned());
        let octets = self.master.open(CONTEXT, &hex::decode(sealed).map_err(|_| damaged())?)?;
        let text = std::str::from_utf8(&octets).map_err(|_| damaged())?;
        SmtpPassword::parse(text).map_err(|_| damaged())
    }
}

impl std::fmt::Debug for PasswordSafe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordSafe").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_password_rests_sealed_and_comes_back_whole() {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(1));
        let safe = PasswordSafe::new(Arc::new(MasterKey::generate(random.as_ref())), random.clone());
        let sealed = safe.seal(&SmtpPassword::parse(" pass wörd ").unwrap()).unwrap();
        assert!(!sealed.contains(&hex::encode("pass")));
        assert_eq!(safe.open(&sealed).unwrap().expose(), " pass wörd ");
        let other = PasswordSafe::new(Arc::new(MasterKey::generate(random.as_ref())), random);
        assert!(other.open(&sealed).is_err());
        assert!(safe.open("00").is_err());
    }
}
