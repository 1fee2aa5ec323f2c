//! Settings from flags, the environment and a file, parsed once.
//!
//! A flag wins over the environment, the environment over the file, the file over the default. The names are the
//! same everywhere: `--public-url`, `CERTPORTER_PUBLIC_URL`, `public_url = ".."` in TOML.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use certporter_model::FieldErrors;
use certporter_model::key::KeyAlgorithm;
use serde::Deserialize;

/// Settings as given: nothing in it is known to be right. Both the flags of a command and the file have this form.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct RawSettings {
    /// Folder for everything that is kept: database, keys, published files.
    #[arg(long, env = "CERTPORTER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// File of settings in TOML.
    #[arg(long, env = "CERTPORTER_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address of the portal's pages and REST API [default: 127.0.0.1:3000].
    #[arg(long, env = "CERTPORTER_LISTEN", value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address where devices connect, with TLS [default: 127.0.0.1:3443].
    #[arg(long, env = "CERTPORTER_DEVICE_LISTEN", value_name = "ADDR")]
    pub device_listen: Option<String>,
    /// Address of CA certificates, CRLs and OCSP, plain HTTP [default: 127.0.0.1:3080].
    #[arg(long, env = "CERTPORTER_PKI_LISTEN", value_name = "ADDR")]
    pub pki_listen: Option<String>,
    /// PostgreSQL to use instead of SQLite in the data folder, as postgres://user:password@host/name.
    #[arg(long, env = "CERTPORTER_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
    /// Where people reach the portal [default: http:// and the listener's address].
    #[arg(long, env = "CERTPORTER_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Where devices reach the portal [default: https:// and the device listener's address].
    #[arg(long, env = "CERTPORTER_DEVICE_URL", value_name = "URL")]
    pub device_url: Option<String>,
    /// Where relying parties fetch CA certificates and CRLs; goes into certificates for good [default: http:// and
    /// the PKI listener's address].
    #[arg(long, env = "CERTPORTER_PKI_URL", value_name = "URL")]
    pub pki_url: Option<String>,
    /// File with the master key, mode 0600 [default: master.key in the data folder, made at the first start].
    #[arg(long, env = "CERTPORTER_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Folder to which CA certificates and CRLs are published as files [default: published in the data folder].
    #[arg(long, env = "CERTPORTER_PUBLISH_DIR", value_name = "DIR")]
    pub publish_dir: Option<PathBuf>,
    /// Folder with the portal's stylesheet, scripts and icons [default: site beside the executable].
    #[arg(long, env = "CERTPORTER_SITE", value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Key algorithm of the built-in CA, made at the first start: ec-p256, ec-p384, rsa-3072, rsa-4096
    /// [default: ec-p256].
    #[arg(long, env = "CERTPORTER_CA_KEY", value_name = "ALGORITHM")]
    pub ca_key: Option<String>,
    /// Minutes between scheduled CRLs [default: 60]. A revocation publishes one at once all the same.
    #[arg(long, env = "CERTPORTER_CRL_INTERVAL", value_name = "MINUTES")]
    pub crl_interval_minutes: Option<u32>,
    /// Minutes that relying parties may go on with a CRL (its nextUpdate) [default: three times the interval, which is
    /// the least].
    #[arg(long, env = "CERTPORTER_CRL_LIFETIME", value_name = "MINUTES")]
    pub crl_lifetime_minutes: Option<u32>,
    /// Shards of the CRL that certificates issued from now on are spread over, beside the full CRL [default: 1, the full
    /// CRL alone].
    #[arg(long, env = "CERTPORTER_CRL_SHARDS", value_name = "N")]
    pub crl_shards: Option<u32>,
    /// Threads that generate keys [default: as many as there are processors].
    #[arg(long, env = "CERTPORTER_KEY_THREADS", value_name = "N")]
    pub key_threads: Option<u16>,
}

/// Where the data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in this file.
    Sqlite(PathBuf),
    /// PostgreSQL at this URL.
    Postgres(DatabaseUrl),
}

/// A URL that may hold a password: not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl From<&str> for DatabaseUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl DatabaseUrl {
    /// The URL, password included.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.0.rsplit_once('@').map_or("", |(_, host)| host);
        write!(f, "DatabaseUrl(postgres://...@{host})")
    }
}

/// The address of something on the web: http or https, a host, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl WebAddress {
    /// # Errors
    /// When the text is not `http://host` or `https://host`, with an optional port and path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is http:// or https://, a host, and perhaps a port and path, such as https://portal.example.org"
                .to_owned()
        };
        let trimmed = text.trim_end_matches('/');
        let uri: http::Uri = trimmed.parse().map_err(|_| wrong())?;
        let scheme_ok = matches!(uri.scheme_str(), Some("http" | "https"));
        let host_ok = uri.host().is_some_and(|h| !h.is_empty());
        let no_user = uri.authority().is_some_and(|a| !a.as_str().contains('@'));
        if !scheme_ok || !host_ok || !no_user || uri.query().is_some() || trimmed.contains('#') {
            return Err(wrong());
        }
        Ok(Self(trimmed.to_owned()))
    }

    fn of(scheme: &str, address: SocketAddr) -> Self {
        Self(format!("{scheme}://{address}"))
    }

    /// The address without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The host's name or number.
    #[must_use]
    pub fn host(&self) -> String {
        let uri: Option<http::Uri> = self.0.parse().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']').to_owned()
    }
}

impl std::fmt::Display for WebAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Settings that are right in themselves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// The portal's pages and REST API.
    pub listen: SocketAddr,
    /// Devices, with TLS.
    pub device_listen: SocketAddr,
    /// CA certificates, CRLs and OCSP.
    pub pki_listen: SocketAddr,
    /// The database.
    pub database: Database,
    /// Where people reach the portal, if it was set; else known once the listener is bound.
    pub public_url: Option<WebAddress>,
    /// Where devices reach the portal, if it was set.
    pub device_url: Option<WebAddress>,
    /// Where relying parties reach the published files, if it was set.
    pub pki_url: Option<WebAddress>,
    /// File with the master key.
    pub master_key_file: PathBuf,
    /// Folder of published files.
    pub publish_dir: PathBuf,
    /// Folder of the portal's assets.
    pub site: PathBuf,
    /// Key algorithm of the built-in CA.
    pub ca_key: KeyAlgorithm,
    /// Time between scheduled CRLs.
    pub crl_interval: Duration,
    /// How long a CRL is good.
    pub crl_lifetime: Duration,
    /// Shards of the CRL for new certificates; 1 is the full CRL alone.
    pub crl_shards: u32,
    /// Threads that generate keys.
    pub key_threads: usize,
}

impl Settings {
    /// Reads the file, if one is named, and checks everything.
    ///
    /// # Errors
    /// Each setting that is wrong, and what would be right.
    pub fn load(flags: RawSettings) -> Result<Self, FieldErrors> {
        let file = match &flags.config {
            None => RawSettings::default(),
            Some(path) => read_file(path)?,
        };
        Self::parse(overlay(flags, file))
    }

    fn parse(raw: RawSettings) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let data = raw.data.unwrap_or_else(|| PathBuf::from("data"));
        let mut socket = |name: &str, given: Option<String>, port: u16| match given {
            None => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            Some(text) => text.parse().unwrap_or_else(|_| {
                errors.add(
                    name,
                    format!("{text:?} is not an address and port, such as 127.0.0.1:{port} or [::]:{port}"),
                );
                SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
            }),
        };
        let listen = socket("listen", raw.listen, 3000);
        let device_listen = socket("device_listen", raw.device_listen, 3443);
        let pki_listen = socket("pki_listen", raw.pki_listen, 3080);
        let mut address = |name: &str, given: Option<String>| {
            given.and_then(|text| {
                errors.take(name, WebAddress::parse(&text).map_err(|right| format!("{name} {right}")))
            })
        };
        let public_url = address("public_url", raw.public_url);
        let device_url = address("device_url", raw.device_url);
        let pki_url = address("pki_url", raw.pki_url);
        if device_url.as_ref().is_some_and(|url| !url.is_https()) {
            errors.add("device_url", "devices connect with TLS: the address starts with https://");
        }
        if pki_url.as_ref().is_some_and(WebAddress::is_https) {
            errors.add(
                "pki_url",
                "CRLs are fetched over plain http (RFC 5280, section 8): the address starts with http://",
            );
        }
        let database = match raw.database_url {
            None => Database::Sqlite(data.join("certporter.sqlite")),
            Some(url) if url.0.starts_with("postgres://") || url.0.starts_with("postgresql://") => {
                Database::Postgres(url)
            }
            Some(_) => {
                errors.add(
                    "database_url",
                    "starts with postgres://; leave it out for SQLite in the data folder",
                );
                Database::Sqlite(data.join("certporter.sqlite"))
            }
        };
        let ca_key = match raw.ca_key.as_deref().map(str::parse) {
            None => KeyAlgorithm::EcP256,
            Some(Ok(KeyAlgorithm::Rsa2048)) => {
                errors.add("ca_key", "an RSA key of 2048 bits is too small for a CA: rsa-3072 or rsa-4096");
                KeyAlgorithm::EcP256
            }
            Some(Ok(algorithm)) => algorithm,
            Some(Err(error)) => {
                errors.add("ca_key", error);
                KeyAlgorithm::EcP256
            }
        };
        let minutes = raw.crl_interval_minutes.unwrap_or(60);
        if !(1..=10_080).contains(&minutes) {
            errors.add("crl_interval_minutes", "is 1 to 10080 minutes (a week)");
        }
        let lifetime = raw.crl_lifetime_minutes.unwrap_or(minutes.saturating_mul(3));
        // Whoever misses a list or two must not stand still.
        let least = minutes.saturating_mul(3);
        if raw.crl_lifetime_minutes.is_some() && !(least..=43_200).contains(&lifetime) {
            errors.add(
                "crl_lifetime_minutes",
                format!("is {least} (three intervals) to 43200 minutes (30 days)"),
            );
        }
        let crl_shards = raw.crl_shards.unwrap_or(1);
        if !(1..=256).contains(&crl_shards) {
            errors.add("crl_shards", "is 1 (the full CRL alone) to 256");
        }
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let key_threads = raw.key_threads.map_or(processors, usize::from);
        if !(1..=256).contains(&key_threads) {
            errors.add("key_threads", "is 1 to 256");
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            listen,
            device_listen,
            pki_listen,
            database,
            public_url,
            device_url,
            pki_url,
            master_key_file: raw.master_key_file.unwrap_or_else(|| data.join("master.key")),
            publish_dir: raw.publish_dir.unwrap_or_else(|| data.join("published")),
            site: raw.site.unwrap_or_else(beside_executable),
            ca_key,
            crl_interval: Duration::from_secs(u64::from(minutes) * 60),
            crl_lifetime: Duration::from_secs(u64::from(lifetime) * 60),
            crl_shards,
            key_threads,
            data,
        })
    }

    /// The three public addresses, once the listeners are bound: what was set, or else the listener's own.
    #[must_use]
    pub fn addresses(&self, listen: SocketAddr, device: SocketAddr, pki: SocketAddr) -> PublicAddresses {
        PublicAddresses {
            portal: self.public_url.clone().unwrap_or_else(|| WebAddress::of("http", listen)),
            device: self.device_url.clone().unwrap_or_else(|| WebAddress::of("https", device)),
            pki: self.pki_url.clone().unwrap_or_else(|| WebAddress::of("http", pki)),
        }
    }
}

/// Where the portal is reached from outside.
#[derive(Debug, Clone)]
pub struct PublicAddresses {
    /// By people and REST clients.
    pub portal: WebAddress,
    /// By devices.
    pub device: WebAddress,
    /// By relying parties: AIA, CRL and OCSP addresses in certificates start with it.
    pub pki: WebAddress,
}

/// The folder of assets where none is named.
#[must_use]
pub fn beside_executable() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    executable.parent().map_or_else(|| PathBuf::from("site"), |folder| folder.join("site"))
}

fn read_file(path: &Path) -> Result<RawSettings, FieldErrors> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| FieldErrors::one("config", format!("{} can't be read: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| {
        // The error's own text quotes the line, which may hold a password.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        FieldErrors::one("config", format!("{}, line {line}: {}", path.display(), error.message()))
    })
}

fn overlay(over: RawSettings, under: RawSettings) -> RawSettings {
    RawSettings {
        data: over.data.or(under.data),
        config: over.config,
        listen: over.listen.or(under.listen),
        device_listen: over.device_listen.or(under.device_listen),
        pki_listen: over.pki_listen.or(under.pki_listen),
        database_url: over.database_url.or(under.database_url),
        public_url: over.public_url.or(under.public_url),
        device_url: over.device_url.or(under.device_url),
        pki_url: over.pki_url.or(under.pki_url),
        master_key_file: over.master_key_file.or(under.master_key_file),
        publish_dir: over.publish_dir.or(under.publish_dir),
        site: over.site.or(under.site),
        ca_key: over.ca_key.or(under.ca_key),
        crl_interval_minutes: over.crl_interval_minutes.or(under.crl_interval_minutes),
        crl_lifetime_minutes: over.crl_lifetime_minutes.or(under.crl_lifetime_minutes),
        crl_shards: over.crl_shards.or(under.crl_shards),
        key_threads: over.key_threads.or(under.key_threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_setting_is_named() {
        let raw = RawSettings {
            listen: Some("localhost".into()),
            pki_url: Some("https://pki.example.org".into()),
            device_url: Some("http://devices.example.org".into()),
            database_url: Some("mysql://".into()),
            ca_key: Some("rsa-2048".into()),
            crl_interval_minutes: Some(60),
            crl_lifetime_minutes: Some(179),
            crl_shards: Some(0),
            ..RawSettings::default()
        };
        let errors = Settings::load(raw).unwrap_err();
        let fields: Vec<&str> = errors.as_slice().iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "listen",
                "device_url",
                "pki_url",
                "database_url",
                "ca_key",
                "crl_lifetime_minutes",
                "crl_shards"
            ]
        );
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certporter.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\npublic_url = \"https://portal.example.org/\"\n")
            .unwrap();
        let raw =
            RawSettings { config: Some(file), listen: Some("127.0.0.1:2".into()), ..RawSettings::default() };
        let settings = Settings::load(raw).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.public_url.unwrap().as_str(), "https://portal.example.org");
    }

    #[test]
    fn an_unknown_setting_is_named_with_its_line_and_without_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certporter.toml");
        std::fs::write(&file, "data = \"x\"\npassword = \"hunter2\"\n").unwrap();
        let raw = RawSettings { config: Some(file), ..RawSettings::default() };
        let text = Settings::load(raw).unwrap_err().to_string();
        assert!(text.contains("line 2") && text.contains("password") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_database_s_password_is_not_shown() {
        let url = DatabaseUrl("postgres://certporter:hunter2@db.example.org/certporter".into());
        let raw = RawSettings { database_url: Some(url.clone()), ..RawSettings::default() };
        assert!(!format!("{url:?} {raw:?}").contains("hunter2"));
    }
}
