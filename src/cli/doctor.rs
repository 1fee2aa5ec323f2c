//! `certporter doctor`: is this installation well, and if not, what is to be done?

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{master_key, opening};
use crate::ca::IssuingCa as _;
use crate::ca::builtin::{BuiltinCa, BuiltinSettings};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Database, RawSettings, Settings};
use crate::pki::secret_box::MasterKey;
use crate::random::SystemRandom;
use crate::store::{Db, ca_generations};

/// How far the clocks of host and database may differ: leases and renewals go by both.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Flags of `certporter doctor`.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    settings: RawSettings,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// All is well.
    Well(String),
    /// It works, but somebody should look at it.
    Notice(String),
    /// It is broken; the text says what to do.
    Broken(String),
}

/// What all checks found, in order.
#[derive(Debug, Default)]
struct Report(Vec<(&'static str, Finding)>);

impl Report {
    fn add(&mut self, what: &'static str, finding: Finding) {
        let (mark, text) = match &finding {
            Finding::Well(text) => ("well   ", text),
            Finding::Notice(text) => ("NOTICE ", text),
            Finding::Broken(text) => ("BROKEN ", text),
        };
        println!("{mark} {what:<14} {text}");
        self.0.push((what, finding));
    }

    fn broken(&self) -> usize {
        self.0.iter().filter(|(_, finding)| matches!(finding, Finding::Broken(_))).count()
    }
}

/// Something is broken; each finding was printed.
#[derive(Debug, thiserror::Error)]
#[error("{0} of the checks above found something broken")]
pub struct NotWell(usize);

/// Checks everything that can be checked from this host, and prints what it found.
///
/// # Errors
/// When something is broken.
pub async fn run(args: DoctorArgs) -> Result<(), NotWell> {
    let mut report = Report::default();
    match Settings::load(args.settings) {
        Err(errors) => {
            for error in errors.as_slice() {
                report.add("configuration", Finding::Broken(format!("{}: {}", error.field, error.message)));
            }
        }
        Ok(settings) => {
            report.add("configuration", Finding::Well(format!("data in {}", settings.data.display())));
            examine(&settings, &mut report).await;
        }
    }
    match report.broken() {
        0 => Ok(()),
        broken => Err(NotWell(broken)),
    }
}

async fn examine(settings: &Settings, report: &mut Report) {
    let db = database(settings, report).await;
    let sealed = match &db {
        Some(db) => has_secrets(db).await,
        None => true,
    };
    let master = key(settings, sealed, report);
    if let Some(db) = &db {
        clocks(db, report).await;
        if let Some(master) = &master
            && sealed
        {
            ca(settings, db, master, report).await;
        }
        db.close().await;
    }
    for (flag, address) in [
        ("--listen", settings.listen),
        ("--device-listen", settings.device_listen),
        ("--pki-listen", settings.pki_listen),
    ] {
        report.add("listener", listener(flag, address).await);
    }
    addresses(settings, report);
}

/// Looks without changing anything: no file is made, no migration run.
async fn database(settings: &Settings, report: &mut Report) -> Option<Db> {
    let location = opening::location(settings);
    if let Database::Sqlite(path) = &settings.database
        && !path.exists()
    {
        let text = format!("{location} is not there yet: the first `certporter serve` makes it");
        report.add("database", Finding::Notice(text));
        return None;
    }
    let opened = async {
        let db = Db::connect(&location).await?;
        db.ping().await?;
        let found = db.version().await?;
        Ok::<_, crate::store::StoreError>((db, found))
    };
    match opened.await {
        Ok((db, found)) => {
            let known = Db::known_version();
            let finding = match found.cmp(&known) {
                std::cmp::Ordering::Equal => Finding::Well(format!("{location}, schema {found}")),
                std::cmp::Ordering::Less => Finding::Notice(format!(
                    "{location} has schema {found}; `certporter serve` brings it to {known}: back it up first"
                )),
                std::cmp::Ordering::Greater => Finding::Broken(format!(
                    "{location} has schema {found}, and this program knows {known}: install the newer certporter"
                )),
            };
            let usable = found == known;
            report.add("database", finding);
            usable.then_some(db)
        }
        Err(error) => {
            report.add("database", Finding::Broken(error.to_string()));
            None
        }
    }
}

async fn has_secrets(db: &Db) -> bool {
    let count = async {
        let mut conn = db.read().await?;
        ca_generations::cas(&mut conn).await
    };
    count.await.map_or(true, |cas| !cas.is_empty())
}

fn key(settings: &Settings, sealed: bool, report: &mut Report) -> Option<MasterKey> {
    if !sealed && !settings.master_key_file.exists() {
        report.add(
            "master key",
            Finding::Notice("not made yet: the first `certporter serve` makes it".to_owned()),
        );
        return None;
    }
    match master_key::find(&settings.master_key_file, false, &SystemRandom) {
        Ok((key, origin)) => {
            report.add("master key", Finding::Well(format!("{} from {origin}", key.fingerprint())));
            Some(key)
        }
        Err(error) => {
            report.add("master key", Finding::Broken(error.to_string()));
            None
        }
    }
}

async fn clocks(db: &Db, report: &mut Report) {
    let here = SystemClock.now();
    match db.now().await {
        Ok(there) => {
            let apart = here.since(there).max(there.since(here));
            report.add(
                "clocks",
                if apart > CLOCK_TOLERANCE {
                    Finding::Broken(format!(
                        "host {here} and database {there} are {} s apart: let both follow a time server (NTP)",
                        apart.as_secs()
                    ))
                } else {
                    Finding::Well(format!("host and database agree within {} ms", apart.as_millis()))
                },
            );
        }
        Err(error) => report.add("clocks", Finding::Broken(error.to_string())),
    }
}

async fn ca(settings: &Settings, db: &Db, master: &MasterKey, report: &mut Report) {
    let addresses = settings.addresses(settings.listen, settings.device_listen, settings.pki_listen);
    let builtin = BuiltinSettings {
        organisation: String::new(),
        key: settings.ca_key,
        pki_url: addresses.pki.to_string(),
        publish_dir: settings.publish_dir.clone(),
        crl_interval: settings.crl_interval,
        crl_lifetime: settings.crl_lifetime,
        crl_shards: settings.crl_shards,
    };
    let opened =
        BuiltinCa::open(db.clone(), master, Arc::new(SystemClock), Arc::new(SystemRandom), builtin).await;
    let ca = match opened {
        Ok(ca) => ca,
        Err(error) => {
            report.add("built-in CA", Finding::Broken(error.to_string()));
            return;
        }
    };
    match ca.issuing_certificate() {
        Ok(certificate) => {
            let left = certificate.not_after().since(SystemClock.now()).as_secs() / 86_400;
            let text = format!("{}, {left} days left", certificate.subject_text());
            report.add("built-in CA", if left < 180 { Finding::Notice(text) } else { Finding::Well(text) });
        }
        Err(error) => report.add("built-in CA", Finding::Broken(error.to_string())),
    }
    let health = ca.health().await;
    let text = if health.findings.is_empty() {
        "issues, revokes, and its CRLs are fresh".to_owned()
    } else {
        health.findings.join("; ")
    };
    report.add("CA and CRLs", if health.well { Finding::Well(text) } else { Finding::Broken(text) });
}

/// Whether the portal answers there, or else whether it could listen there.
async fn listener(flag: &str, address: SocketAddr) -> Finding {
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Finding::Well(format!("{address} ({flag}) answers")),
        _ => match std::net::TcpListener::bind(address) {
            Ok(_) => Finding::Notice(format!("{address} ({flag}) is free: nothing runs there now")),
            Err(error) => {
                Finding::Broken(format!("{address} ({flag}) does not answer and can't be opened: {error}"))
            }
        },
    }
}

fn addresses(settings: &Settings, report: &mut Report) {
    let all = [
        ("--public-url", settings.public_url.as_ref(), settings.listen),
        ("--device-url", settings.device_url.as_ref(), settings.device_listen),
        ("--pki-url", settings.pki_url.as_ref(), settings.pki_listen),
    ];
    for (flag, address, listen) in all {
        let finding = match address {
            Some(address) if address.host() == "localhost" || address.host().starts_with("127.") => {
                Finding::Notice(format!("{address} ({flag}) is reached from this host alone"))
            }
            Some(address) => Finding::Well(format!("{address} ({flag})")),
            None => Finding::Notice(format!(
                "{flag} is not set, so {listen} is what others are told; set it before devices enrol, since it is \
                 frozen into certificates and codes"
            )),
        };
        report.add("public address", finding);
    }
}
