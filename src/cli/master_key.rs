//! Where the master key comes from: the environment, a systemd credential, or a file.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::pki::PkiError;
use crate::pki::secret_box::MasterKey;
use crate::random::Random;

/// The environment variable that may hold the key.
pub const VARIABLE: &str = "CERTPORTER_MASTER_KEY";

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the environment.
    Environment,
    /// In a systemd credential.
    Credential(PathBuf),
    /// In a file.
    File(PathBuf),
    /// Just made, into a file.
    Made(PathBuf),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment => write!(f, "the environment variable {VARIABLE}"),
            Self::Credential(path) => write!(f, "the systemd credential {}", path.display()),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Made(path) => write!(f, "the file {} (just made)", path.display()),
        }
    }
}

/// The master key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// There is none, but the database holds secrets that one has sealed.
    #[error(
        "the master key is missing: {0} is not there, yet the database holds secrets sealed with it. Put the file \
         back from where you keep it, or set {VARIABLE}; a new key can't open them"
    )]
    Missing(PathBuf),
    /// What was found is no key, or others may read its file.
    #[error("{origin}: {error}")]
    Wrong {
        /// Where it was found.
        origin: Origin,
        /// What is wrong with it.
        error: PkiError,
    },
}

/// Finds the key: environment, systemd credential, file, in that order. Makes one in the file where there is none
/// and `may_make`: nothing is sealed yet.
///
/// # Errors
/// When there is none and none may be made, when it is no key, or its file can be read by others.
pub fn find(file: &Path, may_make: bool, random: &dyn Random) -> Result<(MasterKey, Origin), MasterKeyError> {
    let wrong = |origin: &Origin| {
        let origin = origin.clone();
        move |error| MasterKeyError::Wrong { origin, error }
    };
    if let Ok(text) = std::env::var(VARIABLE).map(Zeroizing::new) {
        let origin = Origin::Environment;
        return MasterKey::parse(&text).map_err(wrong(&origin)).map(|key| (key, origin));
    }
    let credential =
        std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join("master-key"));
    if let Some(path) = credential.filter(|path| path.exists()) {
        let origin = Origin::Credential(path.clone());
        // systemd gives credentials mode 0400, which passes the check of who may read it.
        return MasterKey::read(&path).map_err(wrong(&origin)).map(|key| (key, origin));
    }
    if file.exists() {
        let origin = Origin::File(file.to_owned());
        return MasterKey::read(file).map_err(wrong(&origin)).map(|key| (key, origin));
    }
    if !may_make {
        return Err(MasterKeyError::Missing(file.to_owned()));
    }
    let key = MasterKey::generate(random);
    let origin = Origin::Made(file.to_owned());
    key.write_new(file).map_err(wrong(&origin))?;
    Ok((key, origin))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn the_first_start_makes_a_key_that_the_second_finds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let (made, _) = find(&file, true, &SeededRandom::new(1)).unwrap();
        let (found, origin) = find(&file, true, &SeededRandom::new(2)).unwrap();
        assert_eq!(made.fingerprint(), found.fingerprint());
        assert_eq!(origin, Origin::File(file.clone()));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_exposed_or_malformed_key_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let said = || find(&file, false, &SeededRandom::new(1)).unwrap_err().to_string();
        assert!(said().contains("Put the file back"));
        std::fs::write(&file, "not a key").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(said().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let text = said();
        assert!(text.contains("64 hexadecimal digits") && !text.contains("not a key"), "{text}");
    }
}
