//! How secrets rest: AES-256-GCM under a master key, bound to what they belong to.

use std::io::Write;
use std::path::Path;

use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

use super::{PkiError, digest};
use crate::random::{Random, octets};

/// Layout: version, key id, nonce, ciphertext, tag.
const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEAD: usize = 1 + KEY_ID + NONCE;

/// The key under which the installation's secrets rest. Lives outside the database.
#[derive(Clone)]
pub struct MasterKey {
    key: Zeroizing<[u8; 32]>,
    id: [u8; KEY_ID],
}

impl MasterKey {
    /// From its 32 octets.
    #[must_use]
    pub fn from_octets(key: Zeroizing<[u8; 32]>) -> Self {
        let named = Zeroizing::new([b"certporter master key id".as_slice(), key.as_slice()].concat());
        let mut id = [0; KEY_ID];
        id.copy_from_slice(digest::sha256(&named).get(..KEY_ID).unwrap_or(&[0; KEY_ID]));
        Self { key, id }
    }

    /// A new one.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        Self::from_octets(Zeroizing::new(octets(random)))
    }

    /// From its text form: 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, PkiError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| PkiError::MasterKey("it is 64 hexadecimal digits; this is something else".into()))?;
        Ok(Self::from_octets(key))
    }

    /// From a file that nobody but its owner may read.
    ///
    /// # Errors
    /// When the file is missing, readable by others, or holds something else. Says what to do.
    pub fn read(path: &Path) -> Result<Self, PkiError> {
        use std::os::unix::fs::PermissionsExt;
        let wrong = |why: String| PkiError::MasterKey(format!("{}: {why}", path.display()));
        let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => wrong(
                "there is no such file. Put the key of this installation there; without it the CA's and the \
                 escrowed keys can't be opened"
                    .to_owned(),
            ),
            _ => wrong(e.to_string()),
        })?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others may read it (mode {mode:04o}); chmod 600 it")));
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?);
        Self::parse(&text).map_err(|_| wrong("it holds 64 hexadecimal digits; this file does not".to_owned()))
    }

    /// Writes the key to a new file with mode 0600.
    ///
    /// # Errors
    /// When the file exists, which is never overwritten, or can't be written.
    pub fn write_new(&self, path: &Path) -> Result<(), PkiError> {
        use std::os::unix::fs::OpenOptionsExt;
        let wrong = |e: std::io::Error| PkiError::MasterKey(format!("{}: {e}", path.display()));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(wrong)?;
        let text = Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(self.key.as_slice())).as_str()));
        file.write_all(text.as_bytes()).map_err(wrong)?;
        file.sync_all().map_err(wrong)
    }

    /// Names the key without telling it: what is sealed with it carries this.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(self.id)
    }

    /// Seals a secret. `context` says what it belongs to, such as `kra_generations/<id>`: it opens nowhere else.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn seal(&self, random: &dyn Random, context: &str, secret: &[u8]) -> Result<Vec<u8>, PkiError> {
        let nonce: [u8; NONCE] = octets(random);
        let mut sealed = Vec::with_capacity(HEAD + secret.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        let associated = [&sealed, context.as_bytes()].concat();
        let mut tag = [0; TAG];
        let cipher = Cipher::aes_256_gcm();
        let hidden = encrypt_aead(cipher, self.key.as_slice(), Some(&nonce), &associated, secret, &mut tag)?;
        sealed.extend_from_slice(&hidden);
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens a secret that was sealed for the same context.
    ///
    /// # Errors
    /// When it was sealed with another master key (which is then named), for another context, or is damaged.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        let damaged = || PkiError::Damaged(context.to_owned());
        let head = sealed.get(..HEAD).ok_or_else(damaged)?;
        let body = sealed.get(HEAD..).ok_or_else(damaged)?;
        let (hidden, tag) = body.split_at_checked(body.len().wrapping_sub(TAG)).ok_or_else(damaged)?;
        let (version, rest) = head.split_first().ok_or_else(damaged)?;
        let (id, nonce) = rest.split_at_checked(KEY_ID).ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(damaged());
        }
        if id != self.id {
            return Err(PkiError::OtherMasterKey { sealed: hex::encode(id), given: self.fingerprint() });
        }
        let associated = [head, context.as_bytes()].concat();
        let cipher = Cipher::aes_256_gcm();
        let secret = decrypt_aead(cipher, self.key.as_slice(), Some(nonce), &associated, hidden, tag);
        secret.map(Zeroizing::new).map_err(|_| damaged())
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterKey").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_secret_opens_only_where_it_belongs() {
        let master = MasterKey::generate(&SystemRandom);
        let sealed = master.seal(&SystemRandom, "ca_generations/1", b"secret").unwrap();
        assert_eq!(master.open("ca_generations/1", &sealed).unwrap().as_slice(), b"secret");
        assert!(matches!(master.open("ca_generations/2", &sealed), Err(PkiError::Damaged(_))));
        for index in (0..sealed.len()).filter(|index| !(1..=KEY_ID).contains(index)) {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(matches!(master.open("ca_generations/1", &changed), Err(PkiError::Damaged(_))));
        }
        for length in 0..sealed.len() {
            assert!(master.open("ca_generations/1", &sealed[..length]).is_err());
        }
    }

    #[test]
    fn another_master_key_is_named_as_such() {
        let (one, two) = (MasterKey::generate(&SystemRandom), MasterKey::generate(&SystemRandom));
        let sealed = one.seal(&SystemRandom, "x", b"secret").unwrap();
        let error = two.open("x", &sealed).unwrap_err().to_string();
        assert!(error.contains(&one.fingerprint()) && error.contains(&two.fingerprint()), "{error}");
    }

    #[test]
    fn the_key_s_file_is_private_and_never_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(MasterKey::read(&path).unwrap_err().to_string().contains("no such file"));
        let master = MasterKey::generate(&SystemRandom);
        master.write_new(&path).unwrap();
        assert_eq!(MasterKey::read(&path).unwrap().fingerprint(), master.fingerprint());
        assert!(MasterKey::generate(&SystemRandom).write_new(&path).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(MasterKey::read(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "no key").unwrap();
        assert!(MasterKey::read(&path).unwrap_err().to_string().contains("64 hexadecimal digits"));
    }
}
