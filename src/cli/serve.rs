//! `certporter serve`: the portal.

use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use tokio::signal::unix::{SignalKind, signal};

use super::logging::{self, Format};
use super::{CommandError, opening};
use crate::clock::SystemClock;
use crate::config::{RawSettings, Settings};
use crate::random::SystemRandom;
use crate::service::portal::{Parts, Portal};
use crate::web::state::{AppState, Pages};
use crate::web::{health, listeners, people};

/// Flags of `certporter serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: RawSettings,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t, env = "CERTPORTER_LOG_FORMAT")]
    log_format: Format,
}

/// Runs the portal until it is asked to stop.
///
/// # Errors
/// When a setting is wrong, a port is in use, or the database or master key can't be used.
pub async fn run(args: ServeArgs, pages: Pages) -> Result<(), CommandError> {
    logging::start(args.log_format);
    let settings = Settings::load(args.settings)?;
    // Listeners first: a port in use is known before anything is made.
    let people = listeners::bind(settings.listen, "--listen")?;
    let addresses = settings.addresses(people.local_addr()?, settings.device_listen, settings.pki_listen);
    let db = opening::database(&settings).await?;
    let portal = Portal::new(Parts {
        db: db.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        addresses,
    });
    let state = AppState { portal: portal.clone(), site: settings.site.clone() };
    let router = people::router(&state, pages, health::collect_metrics())?;
    let handle = Handle::<SocketAddr>::new();
    tokio::spawn(stop_on_signal(vec![handle.clone()]));
    tracing::info!(address = %portal.addresses().portal, "the portal is ready");
    listeners::serve_plain(people, router, handle).await?;
    db.close().await;
    Ok(())
}

/// Lets open requests end once the process is asked to stop.
async fn stop_on_signal(handles: Vec<Handle<SocketAddr>>) {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::error!(%error, "can't listen for SIGTERM");
            return;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    for handle in handles {
        handle.graceful_shutdown(Some(listeners::GRACE));
    }
}
