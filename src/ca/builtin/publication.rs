//! What relying parties fetch: CA certificates and CRLs, over HTTP from the database and as files, so that they go on
//! while every portal is down.

use std::io::Write;
use std::path::Path;

use certporter_model::Timestamp;
use certporter_model::thumbprint::ContentDigest;

use super::{BuiltinCa, first_start};
use crate::ca::contract::CaError;
use crate::pki::{digest, pem};
use crate::random::octets;

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
    /// `issuing-1.crl` (DER).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn published(&self, name: &str) -> Result<Option<PublishedFile>, CaError> {
        let Some((slug, ending)) = name.rsplit_once('.') else { return Ok(None) };
        let all = self.generations().await?;
        let Some(generation) = all.iter().find(|g| g.slug() == slug) else { return Ok(None) };
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
            "crl" => self.latest_list(generation.row.id).await?.map(|crl| {
                let due = self.due(crl.this_update);
                file("application/pkix-crl", crl.der, crl.this_update, Some(due))
            }),
            _ => None,
        })
    }

    /// The names of all published files.
    #[must_use]
    pub fn published_names(&self) -> Vec<String> {
        let all = self.0.generations.all();
        let slugs = all.iter().map(|g| (g.slug(), g.row.purpose == first_start::ISSUING));
        let names = slugs.flat_map(|(slug, issues)| {
            let endings: &[&str] = if issues { &["crt", "pem", "crl"] } else { &["crt", "crl"] };
            endings.iter().map(move |ending| format!("{slug}.{ending}")).collect::<Vec<_>>()
        });
        names.collect()
    }

    /// Writes every file into the publishing folder, each replaced whole.
    pub(super) async fn write_files(&self) -> Result<(), CaError> {
        for name in self.published_names() {
            let Some(file) = self.published(&name).await? else { continue };
            let folder = self.0.settings.publish_dir.clone();
            let beside = folder.join(format!(".{name}.{}", hex::encode(octets::<8>(self.0.random.as_ref()))));
            let written =
                tokio::task::spawn_blocking(move || replace(&folder.join(&file.name), &beside, &file.octets));
            written.await.map_err(|error| CaError::Interrupted(error.to_string()))?.map_err(|error| {
                let folder = self.0.settings.publish_dir.display();
                CaError::Unreachable(format!(
                    "{name} can't be written to the publishing folder {folder}: {error}"
                ))
            })?;
        }
        Ok(())
    }
}

/// Writes a file beside, then renames it: whoever reads sees the old one or the new one, whole. Several may write at
/// once, each beside under a name of its own.
fn replace(path: &Path, beside: &Path, octets: &[u8]) -> std::io::Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == octets) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(beside)?;
    file.write_all(octets)?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}
