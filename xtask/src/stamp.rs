//! Skipping a step whose inputs are what they were when it last succeeded.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// What a step depends on, and where it is noted that the step was done for it.
pub(crate) struct Stamp {
    file: PathBuf,
    digest: Sha256,
}

impl Stamp {
    /// Begins with nothing but the step's name.
    pub(crate) fn new(workspace: &Workspace, name: &str) -> Self {
        Self { file: workspace.target("stamps").join(name), digest: Sha256::new() }
    }

    /// The step depends on a text, such as a version.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.digest.update(text.len().to_le_bytes());
        self.digest.update(text);
        self
    }

    /// The step depends on a file or on every file in a folder, `node_modules` excepted.
    pub(crate) fn path(mut self, path: &Path) -> Outcome<Self> {
        for file in files(path)? {
            let octets = std::fs::read(&file).map_err(Failure::at(&file))?;
            self.digest.update(file.to_string_lossy().as_bytes());
            self.digest.update(octets.len().to_le_bytes());
            self.digest.update(&octets);
        }
        Ok(self)
    }

    /// Whether the step was done with exactly these inputs. Take [`Fresh::note`] once it was done again.
    pub(crate) fn check(self) -> Fresh {
        let digest = hex::encode(self.digest.finalize());
        let fresh = std::fs::read_to_string(&self.file).is_ok_and(|noted| noted == digest);
        Fresh { file: self.file, digest, fresh }
    }
}

/// Whether a step is up to date.
pub(crate) struct Fresh {
    file: PathBuf,
    digest: String,
    fresh: bool,
}

impl Fresh {
    /// Whether it is.
    pub(crate) fn is(&self) -> bool {
        self.fresh
    }

    /// Notes that the step was done.
    pub(crate) fn note(&self) -> Outcome {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        std::fs::write(&self.file, &self.digest).map_err(Failure::at(&self.file))
    }
}

/// Every file below a path, in order.
pub(crate) fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(Failure::at(path))?
        .into_iter()
        .map(|entry| entry.path())
        .collect::<Vec<_>>();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            if entry.file_name().is_none_or(|name| name != "node_modules") {
                found.extend(files(&entry)?);
            }
        } else {
            found.push(entry);
        }
    }
    Ok(found)
}
