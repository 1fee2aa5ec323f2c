//! The site: files with a hash of their content in the name, compressed, and the manifest that names them.
//!
//! Files of earlier builds stay, so that a page loaded before an update finds its own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

/// The folder of what browsers fetch, and the manifest: kind of asset -> its file name.
pub(crate) struct Site {
    folder: PathBuf,
    manifest: BTreeMap<String, String>,
}

/// How large an asset is.
pub(crate) struct Size {
    plain: usize,
    compressed: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} kB, {:.1} kB with brotli", self.plain as f64 / 1e3, self.compressed as f64 / 1e3)
    }
}

impl Site {
    /// Opens the site of the last build, or begins one.
    pub(crate) fn open(workspace: &Workspace) -> Outcome<Self> {
        let folder = workspace.site();
        let files = folder.join("pkg");
        std::fs::create_dir_all(&files).map_err(Failure::at(&files))?;
        let manifest = std::fs::read(folder.join("manifest.json"))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default();
        Ok(Self { folder, manifest })
    }

    /// Whether the last build's assets of these kinds are all there.
    pub(crate) fn keep(&self, kinds: &[&str]) -> bool {
        kinds.iter().all(|kind| {
            self.manifest.get(*kind).is_some_and(|name| self.folder.join("pkg").join(name).is_file())
        })
    }

    /// Adds an asset, with its hash in the name, plain and compressed.
    pub(crate) fn add(&mut self, kind: &str, stem: &str, extension: &str, octets: &[u8]) -> Outcome<Size> {
        let hash = hex::encode(&Sha256::digest(octets)[..8]);
        let name = format!("{stem}.{hash}.{extension}");
        let file = self.folder.join("pkg").join(&name);
        let compressed = compress(octets).map_err(Failure::at(&file))?;
        std::fs::write(&file, octets).map_err(Failure::at(&file))?;
        let small = self.folder.join("pkg").join(format!("{name}.br"));
        std::fs::write(&small, &compressed).map_err(Failure::at(&small))?;
        self.manifest.insert(kind.to_owned(), name);
        Ok(Size { plain: octets.len(), compressed: compressed.len() })
    }

    /// Writes the manifest, and the list of hashes that Leptos reads.
    pub(crate) fn close(self) -> Outcome {
        let manifest = self.folder.join("manifest.json");
        let json = serde_json::to_vec_pretty(&self.manifest)
            .map_err(|error| Failure::new(format!("{}: {error}", manifest.display())))?;
        std::fs::write(&manifest, json).map_err(Failure::at(&manifest))?;
        let hashes: String = self
            .manifest
            .iter()
            .filter_map(|(kind, name)| Some(format!("{kind}: {}\n", name.split('.').nth(1)?)))
            .collect();
        let list = self.folder.join("hash.txt");
        std::fs::write(&list, hashes).map_err(Failure::at(&list))
    }
}

fn compress(octets: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*octets, &mut compressed, &parameters)?;
    Ok(compressed)
}
