//! The pipeline and its own connector within the portal's process, running until the portal stops.

use std::sync::Arc;

use certporter_model::ConnectorId;
use certporter_model::text::Name;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Authorities;
use super::in_process::InProcess;
use super::worker::Connector;
use crate::pipeline::Pipeline;
use crate::pipeline::error::StepError;
use crate::pipeline::orders::ConnectorIdentity;
use crate::pipeline::workers;
use crate::pki::key_pool::KeyPool;

/// How many jobs of the portal's own are worked on at once: mostly cryptography and the database.
const PORTAL_JOBS: u32 = 8;

/// How many orders for each thread that generates keys: while some wait for the CA or the database, others generate.
const ORDERS_A_THREAD: usize = 6;

/// How the workers within the portal are set up.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// This process, as leases show it: host and process id.
    pub owner: String,
    /// The connector's name.
    pub connector: Name,
    /// The connector pool that it serves.
    pub pool: Name,
    /// Threads that generate keys.
    pub key_threads: usize,
}

/// Starts the portal's own workers and its connector, and asks for the regular work. They end, each with what it has
/// in hand, once `stop` says so; wait for that by joining them all.
///
/// # Errors
/// When the database refuses, or the system gives no threads.
pub async fn start(
    pipeline: Arc<Pipeline>,
    authorities: Authorities,
    settings: EmbeddedSettings,
    stop: watch::Receiver<bool>,
) -> Result<JoinSet<()>, StepError> {
    let keys = KeyPool::new(settings.key_threads).map_err(|error| StepError::Temporary {
        cause: format!("no thread for the generation of keys can be had: {error}"),
        remedy: "Check the limits of processes and memory.".into(),
    })?;
    let id: ConnectorId = pipeline.register_connector(&settings.connector, &settings.pool).await?;
    let identity = ConnectorIdentity { id, name: settings.connector, pool: settings.pool };
    pipeline.schedule_upkeep().await?;
    let portal = pipeline.portal_source(settings.owner);
    let connector = Arc::new(Connector::new(InProcess::new(pipeline, identity), authorities, keys));
    let orders = u32::try_from(settings.key_threads.max(1) * ORDERS_A_THREAD).unwrap_or(u32::MAX);
    let mut running = JoinSet::new();
    running.spawn(workers::run(portal, PORTAL_JOBS, stop.clone()));
    running.spawn(workers::run(connector, orders, stop));
    Ok(running)
}
