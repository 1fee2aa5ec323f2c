//! Passwords of accounts: Argon2id (RFC 9106), with its parameters in this one place.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use certporter_model::FieldErrors;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::error::ServiceError;
use crate::random::{self, Random};

/// Memory in KiB, passes and lanes: the first choice of OWASP's password storage cheat sheet, about 15 ms a try.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes that are computed at the same time: more would only take more memory, not less time.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

/// The fewest characters of a password.
pub const SHORTEST: usize = 12;
/// The most characters of a password: enough for any sentence, too few to keep the hash busy.
pub const LONGEST: usize = 200;

fn argon2() -> Result<Argon2<'static>, ServiceError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
        .map_err(|error| ServiceError::internal("password parameters", &error))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether a new password will do; `field` is what the form calls it.
///
/// # Errors
/// When it is too short, too long, or the account's own name.
pub fn check(field: &str, password: &str, name: &str) -> Result<(), FieldErrors> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(FieldErrors::one(field, format!("a password has {SHORTEST} to {LONGEST} characters")));
    }
    if password.to_lowercase().contains(&name.to_lowercase()) && name.chars().count() >= 4 {
        return Err(FieldErrors::one(field, "a password doesn't contain the name that goes with it"));
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return Err(FieldErrors::one(field, "a password is more than one character again and again"));
    }
    Ok(())
}

/// The PHC string to store for a password.
///
/// # Errors
/// When hashing fails inside.
pub async fn hash(random: &dyn Random, password: Zeroizing<String>) -> Result<String, ServiceError> {
    let salt = random::octets::<16>(random);
    on_a_thread(move || {
        argon2()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|hash| hash.to_string())
            .map_err(|error| ServiceError::internal("password hash", &error))
    })
    .await
}

/// Whether a password belongs to a stored PHC string. Without one (an unknown name) the same work is done, and the
/// answer is no: how long it takes tells nothing.
///
/// # Errors
/// When a stored hash can't be read.
pub async fn verify(password: Zeroizing<String>, stored: Option<String>) -> Result<bool, ServiceError> {
    on_a_thread(move || {
        let argon2 = argon2()?;
        let Some(stored) = stored else {
            let done = argon2.hash_password_with_salt(password.as_bytes(), &[0; 16]);
            return done.map(|_| false).map_err(|error| ServiceError::internal("password hash", &error));
        };
        let stored = PasswordHash::new(&stored)
            .map_err(|error| ServiceError::internal("a stored password hash can't be read", &error))?;
        Ok(argon2.verify_password(password.as_bytes(), &stored).is_ok())
    })
    .await
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let _turn = AT_ONCE.acquire().await.map_err(|error| ServiceError::internal("password hash", &error))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ServiceError::internal("password hash", &error))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash() {
        let password = || Zeroizing::new("correct horse battery".to_owned());
        let stored = hash(&SeededRandom::new(1), password()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(password(), Some(stored.clone())).await.unwrap());
        assert!(!verify(Zeroizing::new("wrong horse battery".into()), Some(stored)).await.unwrap());
        assert!(!verify(password(), None).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused_with_their_field() {
        for password in ["short", "aaaaaaaaaaaaaaaa", "my name is Marianne", &"x".repeat(201)] {
            let errors = check("password", password, "marianne").unwrap_err();
            assert_eq!(errors.as_slice()[0].field, "password");
        }
        assert!(check("password", "correct horse battery", "marianne").is_ok());
    }
}
