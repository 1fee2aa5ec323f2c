//! Searches for certificates as the list asks them: by number, name, device, address, in part, with accents and without,
//! in other orders, and by words that are in very many with a filter that leaves few.

use std::path::Path;

use certporter_model::access::Caller;
use zeroize::Zeroizing;

use super::super::CommandError;
use super::figures::{Case, Figures};
use super::folder;
use super::pages::{percentile, portal};
use super::people;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::generate::{Fleet, generate};
use crate::random::{SystemRandom, octets};
use crate::service::certificates::{
    self, CertificateSort, CertificateState, CertificateSummary, CertificatesQuery,
};
use crate::service::portal::Portal;
use crate::service::{ServiceError, setup, sign_in};
use crate::store::{Db, Location, fold};

/// The most milliseconds that a search may take, of 99 in 100.
pub(super) const TARGET_MS: f64 = 20.0;

/// Certificates that are searched for, from all over the list.
const SOUGHT: u32 = 60;

/// Which searches are measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    /// Those of the certificates' list.
    pub(super) lists: bool,
    /// Those of the helpdesk's box.
    pub(super) helpdesk: bool,
}

/// Measures searches, on a fleet that is made for it or on the database that is given.
pub(super) async fn run(
    data: Option<&Path>,
    database: Option<&str>,
    devices: u32,
    which: Which,
    figures: &mut Figures,
) -> Result<(), CommandError> {
    let folder = folder("search")?;
    let made = data.is_none() && database.is_none();
    let location = match (data, database) {
        (_, Some(address)) => Location::Postgres(address.to_owned()),
        (Some(data), None) => Location::Sqlite(data.join("certporter.sqlite")),
        (None, None) => Location::Sqlite(folder.path().join("search.sqlite")),
    };
    let db = Db::connect(&location).await?;
    db.migrate().await?;
    if made {
        generate(&db, &Fleet { profiles: 10, ..Fleet::new(1, SystemClock.now(), devices) }).await?;
    }
    let portal = portal(&db, "http://127.0.0.1:3000")?;
    let caller = administrator(&portal).await?;
    let sought = sought(&portal, &caller).await?;
    let lists = if which.lists { kinds(&sought) } else { Vec::new() };
    for (name, queries) in lists {
        let mut took = Vec::with_capacity(queries.len());
        for query in queries {
            let watch = Stopwatch::start();
            let found = certificates::list(&portal, &caller, &query).await?;
            took.push(watch.elapsed().as_secs_f64() * 1000.0);
            // Of what was read from the list there is at least that; a rare filter may leave nothing.
            if found.data.is_empty() && query.state.is_none() {
                return Err(format!("{name}: nothing is found for {}", query.q.unwrap_or_default()).into());
            }
        }
        took.sort_by(f64::total_cmp);
        let case = Case::against(name, "ms p99", &[percentile(&took, 99)], &[TARGET_MS], took.len());
        figures.add(case.with_median(&[percentile(&took, 50)]));
    }
    if which.helpdesk {
        people::measure(&portal, &caller, &sought, figures).await?;
    }
    db.close().await;
    folder.close()?;
    Ok(())
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

/// What is asked, by kind.
fn kinds(sought: &[CertificateSummary]) -> Vec<(&'static str, Vec<CertificatesQuery>)> {
    let each = |typed: &dyn Fn(&CertificateSummary) -> Option<String>| {
        let typed = sought.iter().filter_map(typed);
        typed.map(|q| CertificatesQuery { q: Some(q), ..CertificatesQuery::default() }).collect::<Vec<_>>()
    };
    let display_name = |it: &CertificateSummary| Some(it.user.as_ref()?.display_name.clone());
    let user_name = |it: &CertificateSummary| Some(it.user.as_ref()?.user_name.clone());
    let device = |it: &CertificateSummary| Some(it.device.as_ref()?.name.clone());
    let in_order = |queries: Vec<CertificatesQuery>, sort: CertificateSort| {
        queries.into_iter().map(|query| CertificatesQuery { sort: Some(sort), ..query }).collect::<Vec<_>>()
    };
    let in_states = |queries: &[CertificatesQuery]| {
        let with =
            |state| queries.iter().map(move |it| CertificatesQuery { state: Some(state), ..it.clone() });
        CertificateState::ALL.iter().copied().flat_map(with).collect::<Vec<_>>()
    };
    let in_all_orders = |queries: &[CertificatesQuery]| {
        let with = |sort| queries.iter().map(move |it| CertificatesQuery { sort: Some(sort), ..it.clone() });
        CertificateSort::ALL.iter().copied().flat_map(with).collect::<Vec<_>>()
    };
    let common = ["cn=", "example", "o=example", "org", "linux", "windows"];
    let common: Vec<CertificatesQuery> = common.into_iter().map(typed).collect();
    let few = |count| each(&move |it| part(&it.user.as_ref()?.display_name, 1, count));
    let pairs = each(&|it| {
        let user = it.user.as_ref()?;
        Some(format!("{} {}", part(&user.display_name, 0, 2)?, part(&user.user_name, 1, 4)?))
    });
    vec![
        ("search-serial", each(&|it| Some(it.serial.with_colons()))),
        ("search-serial-beginning", each(&|it| it.serial.to_string().get(..10).map(str::to_owned))),
        ("search-serial-middle", each(&|it| it.serial.to_string().get(7..20).map(str::to_owned))),
        ("search-subject", each(&|it| Some(it.subject.clone()))),
        ("search-address", each(&|it| Some(format!("{}@example.org", user_name(it)?)))),
        ("search-user", each(&display_name)),
        ("search-user-without-accents", each(&|it| Some(fold(&display_name(it)?)))),
        ("search-user-part", each(&|it| part(&it.user.as_ref()?.display_name, 2, 5))),
        ("search-user-name", each(&user_name)),
        ("search-device", each(&device)),
        ("search-device-part", each(&|it| part(&it.device.as_ref()?.name, 2, 5))),
        ("search-one-letter", few(1)),
        ("search-two-letters", few(2)),
        ("search-two-letters-by-expiry", in_order(few(2), CertificateSort::ExpiresFirst)),
        ("search-short-and-long-word", pairs),
        ("search-user-by-subject", in_order(each(&display_name), CertificateSort::Subject)),
        ("search-user-part-by-expiry", {
            in_order(each(&|it| part(&it.user.as_ref()?.display_name, 2, 5)), CertificateSort::ExpiresLast)
        }),
        ("search-common", in_all_orders(&common)),
        ("search-common-and-state", in_states(&common)),
        ("search-common-and-state-in-order", in_all_orders(&in_states(&common))),
        ("search-short-and-state", in_states(&["ng", "e", "zz"].map(typed))),
        ("search-two-common-words", {
            in_all_orders(&["smith zoe", "cohen tom linux", "ng\u{f4} mull", "kim sato"].map(typed))
                .into_iter()
                .map(|query| CertificatesQuery { state: Some(CertificateState::Valid), ..query })
                .collect()
        }),
    ]
    .into_iter()
    .filter(|(_, queries)| !queries.is_empty())
    .collect()
}

fn typed(q: &str) -> CertificatesQuery {
    CertificatesQuery { q: Some(q.to_owned()), ..CertificatesQuery::default() }
}

/// So many letters of it from that one on, within a word.
pub(super) fn part(text: &str, from: usize, count: usize) -> Option<String> {
    let letters: String = text.chars().skip(from).take(count).collect();
    (letters.chars().count() == count && !letters.contains(' ')).then_some(letters)
}
