//! What relying parties fetch: CA certificates and CRLs, over HTTP from the database and as files, so that they go on
//! while every portal is down.

use std::io::Write;
use std::path::Path;
use std::sync::PoisonError;
use std::time::SystemTime;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;

use super::{BuiltinCa, first_start, list_name};
use crate::ca::contract::CaError;
use crate::pki::{digest, pem};
use crate::random::octets;
use crate::store::crls::FULL;

/// A file as relying parties get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Its name: `issuing-1.crl`.
    pub name: String,
    /// Its media type (RFC 2585, section 4, and RFC 8555, section 9.1).
    pub media_type: &'static str,
    /// Its octets.
    pub octets: Vec<u8>,
    /// SHA-256 of them: a good ETag.
    pub digest: ContentDigest,
    /// When it last changed.
    pub modified: Timestamp,
    /// When there will be another, if that is known: caches keep it no longer.
    pub fresh_until: Option<Timestamp>,
}

impl BuiltinCa {
    /// The file of a name: `root-1.crt`, `issuing-1.crt` (DER), `issuing-1.pem` (with its chain), `root-1.crl`,
    /// `issuing-1.crl` (DER), `issuing-1-3.crl` (its third shard).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn published(&self, name: &str) -> Result<Option<PublishedFile>, CaError> {
        let Some((slug, ending)) = name.rsplit_once('.') else { return Ok(None) };
        let all = self.generations().await?;
        let named = all.iter().find_map(|it| Some((it, shard_in(slug, &it.slug())?)));
        let Some((generation, shard)) = named.filter(|(_, shard)| *shard == FULL || ending == "crl") else {
            return Ok(None);
        };
        let file = |media_type, octets: Vec<u8>, modified, fresh_until| PublishedFile {
            name: name.to_owned(),
            media_type,
            digest: digest::content_digest(&octets),
            octets,
            modified,
            fresh_until,
        };
        let made = generation.row.created_at;
        Ok(match ending {
            "crt" => {
                let der = generation.certificate.as_der().to_vec();
                Some(file("application/pkix-cert", der, made, None))
            }
            "pem" => {
                let chain = self.chain_of(generation.row.id).await?;
                let text = pem::certificates(chain.iter().map(crate::pki::Certificate::as_der));
                Some(file("application/pem-certificate-chain", text.into_bytes(), made, None))
            }
            "crl" => self.latest_list(generation.row.id, shard).await?.map(|crl| {
                let due = self.due(crl.this_update);
                file("application/pkix-crl", crl.der, crl.this_update, Some(due))
            }),
            _ => None,
        })
    }

    /// Writes every file into the publishing folder, each replaced whole. A list that this process has written already
    /// is not read again.
    pub(super) async fn write_files(&self) -> Result<(), CaError> {
        let all = self.0.generations.all();
        for (slug, issues) in all.iter().map(|g| (g.slug(), g.row.purpose == first_start::ISSUING)) {
            let endings: &[&str] = if issues { &["crt", "pem"] } else { &["crt"] };
            for ending in endings {
                self.write_file(&format!("{slug}.{ending}"), 0).await?;
            }
        }
        for list in self.lists().await? {
            self.write_file(&format!("{}.crl", list.name), list.number).await?;
        }
        Ok(())
    }

    /// What is wrong with the publishing folder, if nothing can be written there; and what to do about it.
    pub(super) async fn folder_finding(&self) -> Option<String> {
        let folder = self.0.settings.publish_dir.clone();
        let beside = folder.join(format!(".probe.{}", hex::encode(octets::<8>(self.0.random.as_ref()))));
        let tried = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&beside, [])?;
            std::fs::remove_file(&beside)
        });
        let error = tried.await.ok()?.err()?;
        Some(format!(
            "nothing can be written to the publishing folder {}: {error}; make it writable for whoever runs certporter, \
             or choose another with --publish-dir",
            self.0.settings.publish_dir.display()
        ))
    }

    async fn write_file(&self, name: &str, number: u64) -> Result<(), CaError> {
        let folder = self.0.settings.publish_dir.clone();
        let path = folder.join(name);
        let known = self.0.written.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        // Whoever else writes into the folder gives the file another time.
        if known.is_some_and(|(of, at)| of == number && modified(&path) == Some(at)) {
            return Ok(());
        }
        let Some(file) = self.published(name).await? else { return Ok(()) };
        let beside = folder.join(format!(".{name}.{}", hex::encode(octets::<8>(self.0.random.as_ref()))));
        let written = tokio::task::spawn_blocking(move || replace(&path, &beside, &file.octets));
        let written = written.await.map_err(|error| CaError::Interrupted(error.to_string()))?;
        let at = written.map_err(|error| {
            let folder = folder.display();
            CaError::Unreachable(format!(
                "{name} can't be written to the publishing folder {folder}: {error}"
            ))
        })?;
        if let Some(at) = at {
            let mut all = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(name.to_owned(), (number, at));
        }
        Ok(())
    }
}

/// The shard that a list's name says, if it is one of the generation whose files are called `slug`.
fn shard_in(name: &str, slug: &str) -> Option<u32> {
    match name.strip_prefix(slug)? {
        "" => Some(FULL),
        rest => {
            let shard = rest.strip_prefix('-')?.parse().ok()?;
            (shard != FULL && list_name(slug, shard) == name).then_some(shard)
        }
    }
}

/// Writes a file beside, then renames it: whoever reads sees the old one or the new one, whole. Several may write at
/// once, each beside under a name of its own. Answers when the file was last written, if that can be told.
fn replace(path: &Path, beside: &Path, octets: &[u8]) -> std::io::Result<Option<SystemTime>> {
    let at = modified(path);
    if std::fs::read(path).is_ok_and(|there| there == octets) {
        return Ok(at);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(beside)?;
    file.write_all(octets)?;
    file.sync_all()?;
    let at = modified(beside);
    std::fs::rename(beside, path)?;
    Ok(at)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|about| about.modified()).ok()
}
