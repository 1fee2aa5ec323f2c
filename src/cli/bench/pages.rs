//! Pages as somebody signed in gets them over HTTP: how long the server takes, and how much comes over the wire.
//! Every page that can be reached, with each filter and order that it offers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum_server::Handle;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use zeroize::Zeroizing;

use super::super::CommandError;
use super::figures::{Case, Figures};
use super::folder;
use super::walk::walk;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::config::{PublicAddresses, WebAddress};
use crate::generate::{Fleet, generate};
use crate::random::{SystemRandom, octets};
use crate::service::portal::{Parts, Portal};
use crate::service::{ServiceError, setup};
use crate::store::{Db, Location};
use crate::web::state::{AppState, Pages};
use crate::web::{listeners, people};

/// The most milliseconds a page may take, of 95 in 100 requests.
const TARGET_MS: f64 = 20.0;

/// The most kilobytes of a first visit, stylesheet, scripts and icons included.
const TARGET_KB: f64 = 150.0;

/// How much is asked.
pub(super) struct Visit {
    /// Devices of the fleet, each with ten certificates.
    pub(super) devices: u32,
    /// Alternating blocks.
    pub(super) blocks: usize,
    /// Requests for each page in a block.
    pub(super) requests: usize,
}

/// Measures every page, on a fleet that is made for it, or on that of a data folder or a PostgreSQL database.
pub(super) async fn run(
    pages: Pages,
    site: &Path,
    data: Option<&Path>,
    database: Option<&str>,
    visit: &Visit,
    figures: &mut Figures,
) -> Result<(), CommandError> {
    let folder = folder("pages")?;
    let made = data.is_none() && database.is_none();
    let location = match (data, database) {
        (_, Some(address)) => Location::Postgres(address.to_owned()),
        (Some(data), None) => Location::Sqlite(data.join("certporter.sqlite")),
        (None, None) => Location::Sqlite(folder.path().join("pages.sqlite")),
    };
    let db = Db::connect(&location).await?;
    db.migrate().await?;
    if made {
        let fleet = Fleet { profiles: 10, ..Fleet::new(1, SystemClock.now(), visit.devices) };
        generate(&db, &fleet).await?;
    }
    let listener = listeners::bind(SocketAddr::from(([127, 0, 0, 1], 0)), "--listen")?;
    let origin = format!("http://{}", listener.local_addr()?);
    let portal = portal(&db, &origin)?;
    let state = AppState { portal: portal.clone(), site: site.to_owned() };
    let handle = Handle::new();
    let server =
        tokio::spawn(listeners::serve_plain(listener, people::router(&state, pages, None)?, handle.clone()));
    let browser = Browser::sign_in(&portal, origin).await?;
    let found = walk(&browser).await?;
    let mut by_path: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for page in &found {
        let (mut p95, mut p50) = (Vec::with_capacity(visit.blocks), Vec::with_capacity(visit.blocks));
        for _ in 0..visit.blocks {
            let times = browser.times(&page.address, visit.requests).await?;
            p95.push(percentile(&times, 95));
            p50.push(percentile(&times, 50));
            by_path.entry(page.path()).or_default().extend(times);
        }
        let n = visit.blocks * visit.requests;
        let name = format!("page {}", page.name);
        let case = Case::against(name, "ms p95", &p95, &vec![TARGET_MS; visit.blocks], n);
        figures.add(case.with_median(&p50));
    }
    // A page as somebody uses it all day: in each of its filters and orders as often as in any other.
    for (path, mut times) in by_path {
        times.sort_by(f64::total_cmp);
        let name = format!("path {path}");
        let case = Case::against(name, "ms p95", &[percentile(&times, 95)], &[TARGET_MS], times.len());
        figures.add(case.with_median(&[percentile(&times, 50)]));
    }
    let (mut heaviest, mut which) = (0.0_f64, "");
    for page in &found {
        let weight = browser.weight(&page.address).await?;
        if weight > heaviest {
            (heaviest, which) = (weight, page.name.as_str());
        }
    }
    let name = format!("page-heaviest {which}");
    figures.add(Case::against(name, "kB first visit", &[heaviest], &[TARGET_KB], found.len()));
    handle.shutdown();
    server.await??;
    db.close().await;
    folder.close()?;
    Ok(())
}

/// The operations on a database.
pub(super) fn portal(db: &Db, origin: &str) -> Result<Portal, CommandError> {
    let address = |text: &str| WebAddress::parse(text).map_err(CommandError::from);
    let addresses = PublicAddresses {
        portal: address(origin)?,
        device: address("https://127.0.0.1:3443")?,
        pki: address("http://127.0.0.1:3080")?,
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    Ok(Portal::new(Parts { db: db.clone(), clock, random, addresses }))
}

/// Of so many in 100 the most, of times in order.
pub(super) fn percentile(sorted: &[f64], of_100: usize) -> f64 {
    let at = (sorted.len() * of_100).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

/// Somebody signed in.
pub(super) struct Browser {
    client: Client,
    origin: String,
    cookie: String,
}

impl Browser {
    async fn sign_in(portal: &Portal, origin: String) -> Result<Self, CommandError> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        let password = Zeroizing::new(hex::encode(octets::<16>(&SystemRandom)));
        let name = format!("bench-{}", hex::encode(octets::<4>(&SystemRandom)));
        setup::administrator_on_host(portal, &name, password.clone()).await?;
        let form = [("name", name.as_str()), ("password", password.as_str()), ("next", "/")];
        let answer = client
            .post(format!("{origin}/sign-in"))
            .header(header::ORIGIN, &origin)
            .form(&form)
            .send()
            .await?;
        let cookie = answer
            .headers()
            .get(header::SET_COOKIE)
            .and_then(|value| value.to_str().ok()?.split(';').next())
            .ok_or("signing in gave no session")?
            .to_owned();
        Ok(Self { client, origin, cookie })
    }

    async fn get(&self, address: &str) -> Result<reqwest::Response, CommandError> {
        let request = self.client.get(format!("{}{address}", self.origin));
        let request =
            request.header(header::COOKIE, &self.cookie).header(header::ACCEPT_ENCODING, "gzip, br");
        let answer = request.send().await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{address} answers {}", answer.status()).into());
        }
        Ok(answer)
    }

    /// A page as it is before it is compressed.
    pub(super) async fn text(&self, address: &str) -> Result<String, CommandError> {
        let plain = self.client.get(format!("{}{address}", self.origin)).header(header::COOKIE, &self.cookie);
        let answer = plain.send().await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{address} answers {}", answer.status()).into());
        }
        Ok(answer.text().await?)
    }

    /// How long so many requests take, in milliseconds and in order.
    async fn times(&self, address: &str, requests: usize) -> Result<Vec<f64>, CommandError> {
        let mut milliseconds = Vec::with_capacity(requests);
        for _ in 0..requests {
            let watch = Stopwatch::start();
            self.get(address).await?.bytes().await?;
            milliseconds.push(watch.elapsed().as_secs_f64() * 1_000.0);
        }
        milliseconds.sort_by(f64::total_cmp);
        Ok(milliseconds)
    }

    /// Kilobytes over the wire for a first visit: the page, and everything of ours that it names.
    async fn weight(&self, address: &str) -> Result<f64, CommandError> {
        let page = self.get(address).await?.bytes().await?.len();
        let text = self.text(address).await?;
        let assets: BTreeSet<&str> = text
            .split("/pkg/")
            .skip(1)
            .filter_map(|rest| {
                rest.split(|one: char| !(one.is_ascii_alphanumeric() || "._-".contains(one))).next()
            })
            .filter(|name| !name.is_empty())
            .collect();
        let mut octets = page;
        for asset in assets {
            octets += self.get(&format!("/pkg/{asset}")).await?.bytes().await?.len();
        }
        let octets = u32::try_from(octets).map_err(|_| ServiceError::conflict("a page of gigabytes"))?;
        Ok(f64::from(octets) / 1_000.0)
    }
}
