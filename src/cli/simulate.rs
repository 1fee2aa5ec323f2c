//! `certporter simulate`: many devices at once, over the real device API.

use std::sync::Arc;
use std::time::Duration;

use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::{DeviceId, EnrolmentCodeId, FieldErrors};
use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::agent::AgentError;
use crate::agent::client::{DeviceClient, ServerAddress};
use crate::agent::facts;
use crate::agent::simulated::SimulatedDevice;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::config::{Database, RawSettings, Settings};
use crate::pki::Certificate;
use crate::random::{SystemRandom, octets};
use crate::store::enrolment_codes::{self, NewEnrolmentCode};
use crate::store::{AuditEvent, Db, Location, StoreError, Target, device_contacts};
use crate::wire::device::{DeviceFacts, EnrolmentCode};
use crate::wire::octets::CertificateOctets;

/// How long a code of the simulation can be used.
const CODE_LIFE: Duration = Duration::from_secs(3600);

/// Flags of `certporter simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// How many devices: registered ones that have not enrolled yet.
    #[arg(long, value_name = "N", default_value_t = 10)]
    devices: u32,
    /// Address of the device listener [default: the device URL, or else the device listener's own].
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// How many are at work at the same time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    concurrency: usize,
    /// The most seconds that one device may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    within: u64,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Why a simulation failed.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// Settings are wrong.
    #[error("{0}")]
    Settings(#[from] FieldErrors),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server is none, or can't be reached.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Nothing to do.
    #[error("no registered device waits to be enrolled: register some first")]
    NoDevices,
    /// Some devices failed.
    #[error("{0} devices failed")]
    Failed(usize),
    /// Something else.
    #[error("{0}")]
    Other(String),
}

/// What a simulation measured.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Figures {
    /// Devices that enrolled and settled.
    pub devices: usize,
    /// Devices that failed.
    pub failed: usize,
    /// Copies that they hold, each one opened.
    pub copies: usize,
    /// Seconds from the first enrolment to the last copy.
    pub seconds: f64,
    /// Milliseconds from a device's enrolment to its holding everything: the middle one.
    pub median_ms: u128,
    /// The same: the slowest of 95 in 100.
    pub p95_ms: u128,
}

impl SimulateArgs {
    /// Enrols the devices and waits until each holds what it shall hold.
    ///
    /// # Errors
    /// When the portal can't be reached, or a device failed.
    pub async fn run(self) -> Result<(), SimulateError> {
        let settings = Settings::load(self.settings)?;
        let own = format!("https://{}", settings.device_listen);
        let server =
            self.server.or_else(|| settings.device_url.as_ref().map(ToString::to_string)).unwrap_or(own);
        let server = ServerAddress::parse(&server)?;
        let offered = DeviceClient::trusting_anybody(&server)?.trust_anchors().await?;
        let anchor = offered.certificates.into_iter().next().map(CertificateOctets::into_vec);
        let anchor = anchor.ok_or_else(|| SimulateError::Other("the server names no CA".to_owned()))?;
        let location = match settings.database {
            Database::Sqlite(path) => Location::Sqlite(path),
            Database::Postgres(url) => Location::Postgres(url.expose().to_owned()),
        };
        let codes = codes(&Db::connect(&location).await?, self.devices, &anchor).await?;
        if !self.json {
            eprintln!("{} devices enrol at {}, {} at a time", codes.len(), server.as_str(), self.concurrency);
        }
        let within = Duration::from_secs(self.within);
        let figures = simulate(&server, &anchor, codes, self.concurrency, within, !self.json).await;
        if self.json {
            let text = serde_json::to_string(&figures).map_err(|e| SimulateError::Other(e.to_string()))?;
            println!("{text}");
        } else {
            println!(
                "{} devices hold {} copies, every PFX opened, after {:.1} s; from enrolment to holding all: median \
                 {} ms, 95 % within {} ms; {} failed",
                figures.devices,
                figures.copies,
                figures.seconds,
                figures.median_ms,
                figures.p95_ms,
                figures.failed
            );
        }
        if figures.failed > 0 { Err(SimulateError::Failed(figures.failed)) } else { Ok(()) }
    }
}

/// Issues codes for registered devices, straight into the database: whoever may read the data folder may do that.
async fn codes(db: &Db, most: u32, anchor: &[u8]) -> Result<Vec<(DeviceId, EnrolmentCode)>, SimulateError> {
    let ca = Certificate::parse(anchor).map_err(AgentError::from)?.thumbprint();
    let (now, random) = (SystemClock.now(), SystemRandom);
    let permit = Caller::system("simulate")
        .permitted(Permission::SystemWork, &Scope::Organisation)
        .map_err(|error| SimulateError::Other(error.to_string()))?;
    let mut tx = db.write(&permit).await?;
    let mut codes = Vec::new();
    for device_id in device_contacts::never_enrolled(&mut tx, most).await? {
        let code = EnrolmentCode::new(octets(&random), &ca);
        let row = NewEnrolmentCode {
            id: EnrolmentCodeId::new(now, octets(&random)),
            code_hash: code.hash(),
            device_id,
            issued_by: "simulate".to_owned(),
            staff_issued: false,
            created_at: now,
            expires_at: now.plus(CODE_LIFE),
        };
        enrolment_codes::insert(&mut tx, &row).await?;
        codes.push((device_id, code));
    }
    if codes.is_empty() {
        return Err(SimulateError::NoDevices);
    }
    let event = AuditEvent::new(now, "enrolment_code.simulate", Target::none("enrolment_code"));
    tx.commit(event.with("count", codes.len())).await?;
    Ok(codes)
}

/// Lets devices enrol and waits until each holds what it shall hold.
pub async fn simulate(
    server: &ServerAddress,
    anchor: &[u8],
    codes: Vec<(DeviceId, EnrolmentCode)>,
    concurrency: usize,
    within: Duration,
    progress: bool,
) -> Figures {
    let total = codes.len();
    let watch = Stopwatch::start();
    let places = Arc::new(Semaphore::new(concurrency.max(1)));
    let anchor: Arc<[u8]> = anchor.into();
    let mut running = JoinSet::new();
    for (_, code) in codes {
        let (server, anchor, places) = (server.clone(), Arc::clone(&anchor), Arc::clone(&places));
        running.spawn(async move {
            let _place = places.acquire().await;
            one(&server, &anchor, code, within).await
        });
    }
    let mut figures = Figures::default();
    let mut times = Vec::with_capacity(total);
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok(Ok((copies, time))) => {
                figures.devices += 1;
                figures.copies += copies;
                times.push(time.as_millis());
            }
            Ok(Err(error)) => {
                figures.failed += 1;
                tracing::warn!(%error, "a simulated device failed");
            }
            Err(error) => {
                figures.failed += 1;
                tracing::error!(%error, "a simulated device broke off");
            }
        }
        let done = figures.devices + figures.failed;
        if progress && (done % 25 == 0 || done == total) {
            eprintln!(
                "  {done} of {total} devices, {} copies, {:.1} s",
                figures.copies,
                watch.elapsed().as_secs_f64()
            );
        }
    }
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    figures.seconds = watch.elapsed().as_secs_f64();
    figures.median_ms = at(50).copied().unwrap_or_default();
    figures.p95_ms = at(95).copied().unwrap_or_default();
    figures
}

async fn one(
    server: &ServerAddress,
    anchor: &[u8],
    code: EnrolmentCode,
    within: Duration,
) -> Result<(usize, Duration), AgentError> {
    let watch = Stopwatch::start();
    let nothing_of_this_machine =
        DeviceFacts { serial_number: None, wifi_mac: None, fqdn: None, ..facts::of_this_machine() };
    let mut device = SimulatedDevice::enrol(server, anchor, code, nothing_of_this_machine).await?;
    device.settle(within).await?;
    Ok((device.held().len(), watch.elapsed()))
}
