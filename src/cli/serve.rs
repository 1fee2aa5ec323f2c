//! `certporter serve`: the portal.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum_server::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::logging::{self, Format};
use super::workers::Workers;
use super::{CommandError, opening};
use crate::ca::ExternalCas;
use crate::ca::builtin::{BuiltinCa, BuiltinSettings};
use crate::ca::device_ca::{DeviceCa, SERVER_RENEWAL};
use crate::clock::{Clock, SystemClock};
use crate::config::{PublicAddresses, RawSettings, Settings};
use crate::kra::Kra;
use crate::mail::PasswordSafe;
use crate::pipeline::Pipeline;
use crate::pipeline::notices::Post;
use crate::pki::secret_box::MasterKey;
use crate::random::{Random, SystemRandom};
use crate::service::device_protocol::{DeviceProtocol, Wakes};
use crate::service::hand_outs::HandOutDesk;
use crate::service::import::LongImports;
use crate::service::live::Change;
use crate::service::portal::{Parts, Portal};
use crate::service::setup;
use crate::store::{Db, ca_generations};
use crate::web::measure::measure;
use crate::web::state::{AppState, Pages};
use crate::web::tls::{self, DeviceTls};
use crate::web::{devices, health, listeners, people, publishing};

/// Flags of `certporter serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t, env = "CERTPORTER_LOG_FORMAT")]
    log_format: Format,
}

/// The three listeners, open.
struct Listeners {
    people: TcpListener,
    devices: TcpListener,
    publishing: TcpListener,
}

impl Listeners {
    /// Opens all of them before anything is made, so that a port in use leaves nothing behind.
    fn open(settings: &Settings) -> Result<Self, listeners::ListenError> {
        Ok(Self {
            people: listeners::bind(settings.listen, "--listen")?,
            devices: listeners::bind(settings.device_listen, "--device-listen")?,
            publishing: listeners::bind(settings.pki_listen, "--pki-listen")?,
        })
    }

    fn addresses(&self, settings: &Settings) -> std::io::Result<PublicAddresses> {
        Ok(settings.addresses(
            self.people.local_addr()?,
            self.devices.local_addr()?,
            self.publishing.local_addr()?,
        ))
    }
}

/// The authorities of this installation, their keys opened.
struct Authorities {
    builtin: BuiltinCa,
    devices: DeviceCa,
    kra: Kra,
    external: ExternalCas,
    /// Opens the mail server's password.
    safe: PasswordSafe,
}

impl Authorities {
    async fn open(
        db: &Db,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: &Settings,
        addresses: &PublicAddresses,
    ) -> Result<Self, CommandError> {
        let builtin = BuiltinSettings {
            organisation: "certporter".to_owned(),
            key: settings.ca_key,
            pki_url: addresses.pki.to_string(),
            publish_dir: settings.publish_dir.clone(),
            crl_interval: settings.crl_interval,
            crl_lifetime: settings.crl_lifetime,
            crl_shards: settings.crl_shards,
        };
        let devices = DeviceCa::open(db, &master, clock.as_ref(), random.clone()).await?;
        let builtin = BuiltinCa::open(db.clone(), &master, clock.clone(), random.clone(), builtin).await?;
        let master = Arc::new(master);
        let kra = Kra::open(db.clone(), master.clone(), clock.as_ref(), random.clone()).await?;
        let safe = PasswordSafe::new(master.clone(), random.clone());
        let external = ExternalCas::new(db.clone(), master, clock, random);
        Ok(Self { builtin, devices, kra, external, safe })
    }
}

/// Runs the portal until it is asked to stop.
///
/// # Errors
/// When a setting is wrong, a port is in use, or the database or master key can't be used.
pub async fn run(args: ServeArgs, pages: Pages) -> Result<(), CommandError> {
    logging::start(args.log_format);
    // From here on, so that nothing that has begun is cut off.
    let terminate = signal(SignalKind::terminate())?;
    let settings = Settings::load(args.settings)?;
    let open = Listeners::open(&settings)?;
    let addresses = open.addresses(&settings)?;
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let db = opening::database(&settings).await?;
    let sealed = !ca_generations::cas(&mut *db.read().await?).await?.is_empty();
    let master = opening::master_key(&settings, sealed, random.as_ref())?;
    let authorities =
        Authorities::open(&db, master, clock.clone(), random.clone(), &settings, &addresses).await?;
    authorities.builtin.publish().await?;
    let pipeline = Pipeline::new(
        db.clone(),
        clock.clone(),
        random.clone(),
        authorities.kra.clone(),
        authorities.builtin.clone(),
    );
    let post = Post { safe: authorities.safe.clone(), portal: addresses.portal.to_string() };
    let pipeline = Arc::new(pipeline.with_external(authorities.external.clone()).with_post(post));
    let wakes = Wakes::new();
    let protocol = DeviceProtocol::new(
        db.clone(),
        clock.clone(),
        random.clone(),
        authorities.devices.clone(),
        wakes.clone(),
    );
    let hosts = device_hosts(&addresses, open.devices.local_addr()?);
    let identity = authorities.devices.server_identity(&hosts, clock.now())?;
    let tls = DeviceTls::new(&identity, &[authorities.devices.certificate().clone()])?;
    tokio::spawn({
        let (tls, clock, devices) = (tls.clone(), clock.clone(), authorities.devices.clone());
        async move {
            let cas = [devices.certificate().clone()];
            let make = |now| devices.server_identity(&hosts, now);
            tls::keep_fresh(&tls, clock.as_ref(), SERVER_RENEWAL, &cas, make).await;
        }
    });
    let portal = Portal::new(Parts { db: db.clone(), clock, random, addresses })
        .with_external(authorities.external.clone())
        .with_hand_outs(HandOutDesk { kra: authorities.kra.clone(), builtin: authorities.builtin.clone() })
        .with_mail(authorities.safe.clone());
    pipeline.set_importer(LongImports::of(&portal));
    let state = AppState { portal: portal.clone(), site: settings.site.clone() };
    let people = people::router(&state, pages, health::collect_metrics())?;
    let publishing = publishing::routes(portal.clone(), authorities.builtin.clone());
    let workers = Workers::start(&pipeline, settings.key_threads).await?;
    let handle = Handle::<SocketAddr>::new();
    tokio::spawn(stop_on_signal(terminate, handle.clone(), wakes.clone()));
    tracing::info!(
        portal = %portal.addresses().portal,
        devices = %portal.addresses().device,
        pki = %portal.addresses().pki,
        device_ca = %authorities.devices.certificate().thumbprint(),
        "ready"
    );
    tokio::spawn({
        let portal = portal.clone();
        let pipeline = Arc::clone(&pipeline);
        let wake = move |change: &Change| {
            if let Some(device) = change.device {
                wakes.wake(device);
            }
            pipeline.queue.wake();
        };
        async move { portal.live().follow(portal.db(), wake).await }
    });
    if let Some(link) = setup::ensure_setup_link(&portal).await? {
        // To the terminal and no log: the link is a secret.
        println!(
            "Nobody can administer yet. Choose a name and a password, once, within a day:\n  {}",
            link.as_str()
        );
    }
    tokio::try_join!(
        listeners::serve_plain(open.people, measured("people", people), handle.clone()),
        listeners::serve_plain(open.publishing, measured("publishing", publishing), handle.clone()),
        tls::serve_devices(
            open.devices,
            &tls,
            measured("devices", devices::router(protocol)),
            handle.clone()
        ),
    )?;
    workers.stop().await;
    db.close().await;
    Ok(())
}

/// A listener's routes, each request counted and timed.
fn measured(listener: &'static str, routes: Router) -> Router {
    routes.layer(from_fn(move |request, next| measure(listener, request, next)))
}

/// The names by which devices reach their listener.
fn device_hosts(addresses: &PublicAddresses, listener: SocketAddr) -> Vec<String> {
    let mut hosts = vec![addresses.device.host()];
    for other in [listener.ip().to_string(), "localhost".to_owned()] {
        if !listener.ip().is_unspecified() && !hosts.contains(&other) {
            hosts.push(other);
        }
    }
    hosts
}

/// Lets open requests end once the process is asked to stop.
async fn stop_on_signal(mut terminate: Signal, handle: Handle<SocketAddr>, wakes: Wakes) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    wakes.close();
    handle.graceful_shutdown(Some(listeners::GRACE));
}
