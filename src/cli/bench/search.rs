//! Searches for certificates as the list asks them: by number, name, device, in part and with accents.

use std::path::Path;

use certporter_model::access::Caller;
use zeroize::Zeroizing;

use super::super::CommandError;
use super::figures::Case;
use super::pages::portal;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::generate::{Fleet, generate};
use crate::random::{SystemRandom, octets};
use crate::service::certificates::{self, CertificateSort, CertificateSummary, CertificatesQuery};
use crate::service::portal::Portal;
use crate::service::{ServiceError, setup, sign_in};
use crate::store::{Db, Location};

/// The most milliseconds that a search may take, of 99 in 100.
const TARGET_MS: f64 = 20.0;

/// Certificates that are searched for, from all over the list.
const SOUGHT: u32 = 60;

/// Measures searches, on a fleet that is made for it or on the database that is given.
pub(super) async fn run(
    data: Option<&Path>,
    database: Option<&str>,
    devices: u32,
) -> Result<Vec<Case>, CommandError> {
    let folder = std::env::temp_dir().join(format!("certporter-bench-search-{}", std::process::id()));
    let made = data.is_none() && database.is_none();
    let location = match (data, database) {
        (_, Some(address)) => Location::Postgres(address.to_owned()),
        (Some(data), None) => Location::Sqlite(data.join("certporter.sqlite")),
        (None, None) => {
            std::fs::create_dir_all(&folder)?;
            Location::Sqlite(folder.join("search.sqlite"))
        }
    };
    let db = Db::connect(&location).await?;
    db.migrate().await?;
    if made {
        generate(&db, &Fleet { profiles: 10, ..Fleet::new(1, SystemClock.now(), devices) }).await?;
    }
    let portal = portal(&db, "http://127.0.0.1:3000")?;
    let caller = administrator(&portal).await?;
    let sought = sought(&portal, &caller).await?;
    let mut cases = Vec::new();
    for (name, typed) in kinds(&sought) {
        let mut took = Vec::with_capacity(typed.len());
        for q in typed {
            let query = CertificatesQuery { q: Some(q.clone()), ..CertificatesQuery::default() };
            let watch = Stopwatch::start();
            let found = certificates::list(&portal, &caller, &query).await?;
            took.push(watch.elapsed().as_secs_f64() * 1000.0);
            if found.data.is_empty() {
                return Err(format!("{name}: nothing is found for {q}").into());
            }
        }
        took.sort_by(f64::total_cmp);
        let n = took.len();
        let p99 = took.get((n * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
        cases.push(Case::against(name, "ms p99", &[p99], &[TARGET_MS], n));
    }
    db.close().await;
    if made {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(cases)
}

async fn administrator(portal: &Portal) -> Result<Caller, CommandError> {
    let password = Zeroizing::new(hex::encode(octets::<16>(&SystemRandom)));
    let name = format!("bench-{}", hex::encode(octets::<4>(&SystemRandom)));
    setup::administrator_on_host(portal, &name, password.clone()).await?;
    let signed = sign_in::sign_in(portal, &Caller::anonymous(), &name, password).await?;
    let caller = sign_in::caller_of(portal, signed.account).await?;
    caller.ok_or_else(|| "the administrator is gone".into())
}

/// Some certificates from each end of every order.
async fn sought(portal: &Portal, caller: &Caller) -> Result<Vec<CertificateSummary>, ServiceError> {
    let mut sought = Vec::new();
    for sort in CertificateSort::ALL {
        let query =
            CertificatesQuery { sort: Some(*sort), limit: Some(SOUGHT), ..CertificatesQuery::default() };
        sought.extend(certificates::list(portal, caller, &query).await?.data);
    }
    Ok(sought)
}

/// What is typed, by kind.
fn kinds(sought: &[CertificateSummary]) -> Vec<(&'static str, Vec<String>)> {
    let each = |typed: &dyn Fn(&CertificateSummary) -> Option<String>| {
        sought.iter().filter_map(typed).collect::<Vec<_>>()
    };
    let middle = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        (letters.len() >= 8).then(|| letters[2..7].iter().collect::<String>()).filter(|it| !it.contains(' '))
    };
    vec![
        ("search-serial", each(&|it| Some(it.serial.with_colons()))),
        ("search-serial-beginning", each(&|it| it.serial.to_string().get(..10).map(str::to_owned))),
        ("search-serial-middle", each(&|it| it.serial.to_string().get(7..20).map(str::to_owned))),
        ("search-subject", each(&|it| Some(it.subject.clone()))),
        ("search-user", each(&|it| it.user.as_ref().map(|user| user.display_name.clone()))),
        ("search-user-part", each(&|it| middle(&it.user.as_ref()?.display_name))),
        ("search-user-name", each(&|it| it.user.as_ref().map(|user| user.user_name.clone()))),
        ("search-device", each(&|it| it.device.as_ref().map(|device| device.name.clone()))),
        ("search-device-part", each(&|it| middle(&it.device.as_ref()?.name))),
        ("search-common", vec!["cn=".to_owned(); 50]),
    ]
    .into_iter()
    .filter(|(_, typed)| !typed.is_empty())
    .collect()
}
