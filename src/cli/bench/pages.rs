//! Pages as somebody signed in gets them over HTTP: how long the server takes, and how much comes over the wire.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum_server::Handle;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use zeroize::Zeroizing;

use super::super::CommandError;
use super::figures::Case;
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

/// The pages that are lists or summaries; searches are for parts of names that a fleet has.
const LISTS: [(&str, &str); 15] = [
    ("page-overview", "/"),
    ("page-profiles", "/profiles"),
    ("page-groups", "/groups"),
    ("page-devices", "/devices"),
    ("page-devices-search", "/devices?q=lap"),
    ("page-users", "/users"),
    ("page-users-search", "/users?q=mar"),
    ("page-certificates", "/certificates"),
    ("page-certificates-search", "/certificates?q=mar"),
    ("page-certificates-expiring", "/certificates?state=expiring"),
    ("page-requests", "/requests"),
    ("page-authorities", "/authorities"),
    ("page-audit", "/audit"),
    ("page-settings", "/settings"),
    ("page-search", "/search?q=mar"),
];

/// The pages of one thing: the list on which its address is found, and how that begins.
const DETAILS: [(&str, &str, &str); 5] = [
    ("page-profile", "/profiles", "/profiles/"),
    ("page-group", "/groups", "/groups/"),
    ("page-device", "/devices", "/devices/"),
    ("page-user", "/users", "/users/"),
    ("page-certificate", "/certificates", "/certificates/"),
];

/// How much is asked.
pub(super) struct Visit {
    /// Devices of the fleet, each with ten certificates.
    pub(super) devices: u32,
    /// Alternating blocks.
    pub(super) blocks: usize,
    /// Requests for each page in a block.
    pub(super) requests: usize,
}

/// Measures every page, on a fleet that is made for it or on the one of `data`.
pub(super) async fn run(
    pages: Pages,
    site: &Path,
    data: Option<&Path>,
    visit: &Visit,
) -> Result<Vec<Case>, CommandError> {
    let folder = std::env::temp_dir().join(format!("certporter-bench-{}", std::process::id()));
    let db = if let Some(data) = data {
        Db::connect(&Location::Sqlite(data.join("certporter.sqlite"))).await?
    } else {
        std::fs::create_dir_all(&folder)?;
        Db::connect(&Location::Sqlite(folder.join("pages.sqlite"))).await?
    };
    db.migrate().await?;
    if data.is_none() {
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
    let mut addresses: Vec<(&'static str, String)> =
        LISTS.iter().map(|(name, address)| (*name, (*address).to_owned())).collect();
    for (name, list, begins) in DETAILS {
        addresses.push((name, browser.first_of(list, begins).await?));
    }
    let mut cases = Vec::new();
    for (name, address) in &addresses {
        let mut values = Vec::with_capacity(visit.blocks);
        for _ in 0..visit.blocks {
            values.push(browser.p95(address, visit.requests).await?);
        }
        let n = visit.blocks * visit.requests;
        cases.push(Case::against(name, "ms p95", &values, &vec![TARGET_MS; visit.blocks], n));
    }
    let mut heaviest = 0.0_f64;
    for (_, address) in &addresses {
        heaviest = heaviest.max(browser.weight(address).await?);
    }
    cases.push(Case::against("page-heaviest", "kB first visit", &[heaviest], &[TARGET_KB], addresses.len()));
    handle.shutdown();
    server.await??;
    db.close().await;
    if data.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(cases)
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

/// Somebody signed in.
struct Browser {
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
        let request = request.header(header::COOKIE, &self.cookie).header(header::ACCEPT_ENCODING, "br");
        let answer = request.send().await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{address} answers {}", answer.status()).into());
        }
        Ok(answer)
    }

    /// The address of the first thing in a list.
    async fn first_of(&self, list: &str, begins: &str) -> Result<String, CommandError> {
        let plain = self.client.get(format!("{}{list}", self.origin)).header(header::COOKIE, &self.cookie);
        let page = plain.send().await?.text().await?;
        let found = page.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|address| {
            let id = address.strip_prefix(begins).unwrap_or_default();
            id.len() == 36 && id.chars().all(|one| one.is_ascii_hexdigit() || one == '-')
        });
        found.map(str::to_owned).ok_or_else(|| format!("{list} links to none of its own").into())
    }

    /// How long 95 of 100 requests take at most, in milliseconds.
    async fn p95(&self, address: &str, requests: usize) -> Result<f64, CommandError> {
        let mut milliseconds = Vec::with_capacity(requests);
        for _ in 0..requests {
            let watch = Stopwatch::start();
            self.get(address).await?.bytes().await?;
            milliseconds.push(watch.elapsed().as_secs_f64() * 1_000.0);
        }
        milliseconds.sort_by(f64::total_cmp);
        let at = (requests * 95).div_ceil(100).saturating_sub(1);
        milliseconds.get(at).copied().ok_or_else(|| "nothing was asked".into())
    }

    /// Kilobytes over the wire for a first visit: the page, and everything of ours that it names.
    async fn weight(&self, address: &str) -> Result<f64, CommandError> {
        let page = self.get(address).await?.bytes().await?.len();
        let plain = self.client.get(format!("{}{address}", self.origin)).header(header::COOKIE, &self.cookie);
        let text = plain.send().await?.text().await?;
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
