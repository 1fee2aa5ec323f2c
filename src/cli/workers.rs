//! What works inside the portal beside its listeners: the pipeline's own workers, and a connector.

use std::sync::Arc;
use std::time::Duration;

use certporter_model::ConnectorId;
use certporter_model::access::{Caller, Permission, Scope};
use certporter_model::text::Name;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::CommandError;
use crate::ca::IssuingCa;
use crate::connector::Authorities;
use crate::connector::in_process::InProcess;
use crate::connector::worker::Connector;
use crate::pipeline::Pipeline;
use crate::pipeline::orders::ConnectorIdentity;
use crate::pipeline::workers;
use crate::pki::key_pool::KeyPool;
use crate::random::octets;
use crate::store::steps::connectors;
use crate::store::{AuditEvent, Target};

/// Jobs that the portal does at the same time. They wait for the database more than they compute.
const PORTAL_JOBS: u32 = 8;

/// Requests that the connector works on for each thread that generates keys: while some wait for the database or the
/// CA, the threads go on.
const REQUESTS_A_THREAD: usize = 4;

/// How often the connector is noted to be alive.
const CONTACT: Duration = Duration::from_secs(20);

/// How often CAs that were added are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// The pool that the portal's own connector serves.
const POOL: &str = "default";

/// The workers of this process. They stop when told to, after what they have in hand.
pub struct Workers {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Workers {
    /// Starts them: `key_threads` generate keys.
    ///
    /// # Errors
    /// When the database refuses, or threads can't be started.
    pub async fn start(pipeline: &Arc<Pipeline>, key_threads: usize) -> Result<Self, CommandError> {
        let identity = introduce(pipeline).await?;
        let id = identity.id;
        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        let portal = pipeline.portal_source(identity.name.to_string());
        running.spawn(workers::run(portal, PORTAL_JOBS, stopped.clone()));
        let builtin: Arc<dyn IssuingCa> = Arc::new(pipeline.builtin.clone());
        let mut authorities = Authorities::new();
        authorities.insert(crate::ca::builtin::NAME.to_owned(), builtin);
        if let Some(external) = &pipeline.external {
            authorities = authorities.with_external(external.clone());
        }
        let port = InProcess::new(Arc::clone(pipeline), identity);
        let connector = Arc::new(Connector::new(port, authorities, KeyPool::new(key_threads)?));
        let most = u32::try_from(key_threads.saturating_mul(REQUESTS_A_THREAD)).unwrap_or(u32::MAX);
        running.spawn(workers::run(connector, most, stopped.clone()));
        running.spawn(heard_of(Arc::clone(pipeline), id, stopped.clone()));
        running.spawn(look_after(Arc::clone(pipeline), stopped));
        pipeline.schedule_upkeep().await?;
        Ok(Self { stop, running })
    }

    /// Tells them to stop, and waits until they have finished what they have in hand.
    pub async fn stop(mut self) {
        // Nobody listens any more when all have ended, which is what is wanted.
        let _ = self.stop.send(true);
        while self.running.join_next().await.is_some() {}
    }
}

/// Notes now and then that this process's connector is alive.
async fn heard_of(pipeline: Arc<Pipeline>, id: ConnectorId, mut stop: watch::Receiver<bool>) {
    let mut begins = true;
    loop {
        let noted = pipeline.note_alive(id, begins);
        if let Err(error) = noted.await {
            tracing::warn!(%error, "it can't be noted that the connector is alive");
        } else {
            begins = false;
        }
        if tokio::time::timeout(CONTACT, stop.changed()).await.is_ok() {
            return;
        }
    }
}

/// Looks now and then at the CAs that were added.
async fn look_after(pipeline: Arc<Pipeline>, mut stop: watch::Receiver<bool>) {
    loop {
        let looked = tokio::select! {
            looked = pipeline.look_after_external() => looked,
            _ = stop.changed() => return,
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "how the issuing CAs are can't be noted");
        }
        if tokio::time::timeout(LOOK, stop.changed()).await.is_ok() {
            return;
        }
    }
}

/// Makes this process's connector known, if it isn't.
async fn introduce(pipeline: &Pipeline) -> Result<ConnectorIdentity, CommandError> {
    let name = Name::parse(&format!("portal-{}", host_name()))?;
    let pool = Name::parse(POOL)?;
    let permit = Caller::system("connector").permitted(Permission::SystemWork, &Scope::Organisation)?;
    let mut tx = pipeline.db.write(&permit).await?;
    if let Some(id) = connectors::named(&mut tx, &name).await? {
        return Ok(ConnectorIdentity { id, name, pool });
    }
    let now = pipeline.clock.now();
    let id = ConnectorId::new(now, octets(pipeline.random.as_ref()));
    connectors::insert(&mut tx, id, &name, &pool, env!("CARGO_PKG_VERSION"), now).await?;
    let event = AuditEvent::new(now, "connector.introduce", Target::one("connector", id.as_uuid()));
    tx.commit(event).await?;
    Ok(ConnectorIdentity { id, name, pool })
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain: String = name.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    if plain.is_empty() { "host".to_owned() } else { plain }
}
