//! What browsers fetch beside pages: stylesheet, script, WASM, icons. Read once at the start and kept compressed.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The site could not be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the portal's stylesheet and scripts can't be read from {folder}: {error}. `cargo xtask build` makes them; --site names another folder"
)]
pub struct SiteError {
    folder: PathBuf,
    error: std::io::Error,
}

/// The assets of this version and of those before it whose files are still there.
#[derive(Clone)]
pub struct Site {
    folder: Arc<Path>,
    manifest: Arc<BTreeMap<String, String>>,
    assets: Arc<HashMap<String, Asset>>,
}

struct Asset {
    media_type: &'static str,
    plain: Bytes,
    brotli: Option<Bytes>,
}

impl Site {
    /// Reads the folder that the build made.
    ///
    /// # Errors
    /// When there is no such folder, or no manifest in it.
    pub fn load(folder: &Path) -> Result<Self, SiteError> {
        let failed = |error| SiteError { folder: folder.to_path_buf(), error };
        let folder = folder.canonicalize().map_err(failed)?;
        let failed = |error| SiteError { folder: folder.clone(), error };
        let manifest = std::fs::read(folder.join("manifest.json")).map_err(failed)?;
        let manifest = serde_json::from_slice(&manifest).map_err(|error| failed(error.into()))?;
        let mut assets = HashMap::new();
        for entry in std::fs::read_dir(folder.join("pkg")).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let (Some(name), Some(extension)) = (path.file_name(), path.extension()) else { continue };
            let Some(media_type) = extension.to_str().and_then(media_type) else { continue };
            let name = name.to_string_lossy().into_owned();
            let plain = std::fs::read(&path).map_err(failed)?.into();
            let brotli = std::fs::read(folder.join("pkg").join(format!("{name}.br"))).ok().map(Bytes::from);
            assets.insert(name, Asset { media_type, plain, brotli });
        }
        Ok(Self { folder: folder.into(), manifest: Arc::new(manifest), assets: Arc::new(assets) })
    }

    /// A site without assets: pages still work, as plain as they are.
    #[must_use]
    pub fn empty() -> Self {
        Self { folder: Path::new("/").into(), manifest: Arc::default(), assets: Arc::default() }
    }

    /// The path under which browsers fetch an asset of this version: `css`, `icons`, `favicon`.
    #[must_use]
    pub fn path(&self, kind: &str) -> String {
        self.manifest.get(kind).map_or_else(String::new, |name| format!("/pkg/{name}"))
    }

    /// What Leptos needs to name script and WASM.
    #[must_use]
    pub fn leptos(&self) -> leptos::config::LeptosOptions {
        leptos::config::LeptosOptions::builder()
            .output_name("certporter")
            .site_root(self.folder.to_string_lossy().into_owned())
            .hash_files(true)
            .hash_file(std::sync::Arc::<str>::from(self.folder.join("hash.txt").to_string_lossy()))
            .build()
    }

    /// Answers with an asset: forever the same under its name, since the name holds its hash.
    #[must_use]
    pub fn answer(&self, name: &str, headers: &HeaderMap) -> Response {
        let Some(asset) = self.assets.get(name) else { return StatusCode::NOT_FOUND.into_response() };
        let takes_brotli =
            headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(|value| {
                value.split(',').any(|coding| coding.trim().split(';').next() == Some("br"))
            });
        let mut response = match &asset.brotli {
            Some(brotli) if takes_brotli => {
                let mut response = Response::new(Body::from(brotli.clone()));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
                response
            }
            _ => Response::new(Body::from(asset.plain.clone())),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        response
    }
}

fn media_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pkg")).unwrap();
        std::fs::write(folder.path().join("manifest.json"), r#"{"css": "certporter.0a.css"}"#).unwrap();
        std::fs::write(folder.path().join("pkg/certporter.0a.css"), "a{}").unwrap();
        std::fs::write(folder.path().join("pkg/certporter.0a.css.br"), "small").unwrap();
        let site = Site::load(folder.path()).unwrap();
        (folder, site)
    }

    #[test]
    fn an_asset_comes_compressed_to_those_who_take_it() {
        let (_folder, site) = site();
        assert_eq!(site.path("css"), "/pkg/certporter.0a.css");
        let mut headers = HeaderMap::new();
        let plain = site.answer("certporter.0a.css", &headers);
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br;q=0.9"));
        let small = site.answer("certporter.0a.css", &headers);
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(small.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    }

    #[test]
    fn nothing_outside_the_site_can_be_had() {
        let (_folder, site) = site();
        for name in ["../manifest.json", "certporter.0a.css.br", ""] {
            assert_eq!(site.answer(name, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn a_missing_site_says_how_to_make_it() {
        let error = Site::load(Path::new("/nowhere")).err().unwrap().to_string();
        assert!(error.contains("cargo xtask build"), "{error}");
    }
}
