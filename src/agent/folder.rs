//! The agent's folder.
//!
//! ```text
//! DIR/                          mode 0700
//!   lock                        held while an agent works here
//!   state.json                  the portal's address, the device's id, which copies should be here
//!   ca.pem                      the only CA that the agent trusts
//!   management.pem              the management key, its certificate and chain, in one file: they change together
//!   management.previous.pem     those before, for envelopes that were sealed before a renewal
//!   management.next.pem         a key whose certificate is not here yet
//!   certificates/
//!     PROFILE-FEATURE/          mode 0700, replaced as a whole
//!       certificate.pfx  certificate.pfx.password  key.pem  cert.pem  chain.pem  copy.json
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::AgentError;
use crate::delivery::on_disk;

/// An agent's folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

/// Leave to change the folder: held by one agent at a time, and given back when dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the open file")] File);

impl Folder {
    /// The folder, made if it is not there.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn create(root: &Path) -> Result<Self, AgentError> {
        make_directory(root)?;
        let folder = Self { root: root.to_owned() };
        make_directory(&folder.certificates())?;
        Ok(folder)
    }

    /// The folder, as it is.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where the copies are.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.root.join(on_disk::CERTIFICATES)
    }

    /// Keeps other agents out.
    ///
    /// # Errors
    /// When another is at work here.
    pub fn lock(&self) -> Result<Lock, AgentError> {
        let path = self.path("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(AgentError::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(fs::TryLockError::WouldBlock) => Err(AgentError::Locked(self.root.clone())),
            Err(fs::TryLockError::Error(error)) => Err(AgentError::file(&path)(error)),
        }
    }

    /// Reads a file; `None` if it is not there.
    ///
    /// # Errors
    /// When it is there and can't be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, AgentError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AgentError::file(&path)(error)),
        }
    }

    /// Writes a file with mode 0600, as a whole or not at all, and on disk when this returns.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, name: &str, octets: &[u8]) -> Result<(), AgentError> {
        let new = self.path(&format!(".{name}.new"));
        let path = self.path(name);
        remove_file(&new)?;
        write_new(&new, octets)?;
        fs::rename(&new, &path).map_err(AgentError::file(&path))?;
        sync_directory(&self.root)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it is there and can't be removed.
    pub fn remove(&self, name: &str) -> Result<(), AgentError> {
        remove_file(&self.path(name))?;
        sync_directory(&self.root)
    }
}

/// Writes a file that is not there yet, mode 0600, to the disk.
pub(super) fn write_new(path: &Path, octets: &[u8]) -> Result<(), AgentError> {
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(AgentError::file(path))?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(AgentError::file(path))
}

/// Makes a folder with mode 0700 and those above it, if they are not there.
pub(super) fn make_directory(path: &Path) -> Result<(), AgentError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(AgentError::file(path))
}

/// Makes renames and removals in a folder last.
pub(super) fn sync_directory(path: &Path) -> Result<(), AgentError> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(AgentError::file(path))
}

/// Removes a folder with all that is in it, if it is there.
pub(super) fn remove_directory(path: &Path) -> Result<(), AgentError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(AgentError::file(path)(error)),
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> Result<(), AgentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(AgentError::file(path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_the_owner_s_alone_and_written_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::create(&directory.path().join("a/b")).unwrap();
        folder.write("state.json", b"one").unwrap();
        folder.write("state.json", b"two").unwrap();
        assert_eq!(folder.read("state.json").unwrap().unwrap(), b"two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path("state.json")), 0o600);
        assert_eq!(mode(folder.root()), 0o700);
        folder.remove("state.json").unwrap();
        folder.remove("state.json").unwrap();
        assert_eq!(folder.read("state.json").unwrap(), None);
    }

    #[test]
    fn one_agent_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::create(directory.path()).unwrap();
        let lock = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(AgentError::Locked(_))));
        drop(lock);
        folder.lock().unwrap();
    }
}
