//! How the installation does, in numbers for `/metrics` that are read when they are asked for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::job::JobState;

use super::authorities::BUILTIN;
use super::{Portal, ServiceError};
use crate::pki::issuance::BACKDATE;
use crate::store::{crls, external_cas, jobs};

const QUEUE: &str = "certporter_queue_jobs";
const OLDEST: &str = "certporter_queue_oldest_seconds";
const CRL_AGE: &str = "certporter_crl_age_seconds";
const CRL_LEFT: &str = "certporter_crl_left_seconds";
const CA_WORKS: &str = "certporter_ca_works";

/// The gauges. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Gauges {
    /// Pools and states that were shown: once empty, they are shown as that.
    shown: Arc<Mutex<BTreeSet<(String, JobState)>>>,
}

impl Gauges {
    /// Reads them: jobs by pool and state, how long the oldest that is due has waited, how old each CA's CRL is and how
    /// long it will be trusted (the worst of its shards), and whether each CA that was added works. They tell nothing about anybody, so they take no permission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(&self, portal: &Portal) -> Result<(), ServiceError> {
        let now = portal.now();
        let mut conn = portal.db().read().await?;
        let waiting = jobs::waiting(&mut conn).await?;
        let lists = crls::freshness(&mut conn, now).await?;
        let cas = external_cas::standing(&mut conn).await?;
        drop(conn);
        for ca in cas {
            metrics::gauge!(CA_WORKS, "ca" => ca.name).set(if ca.well { 1.0 } else { 0.0 });
        }
        self.show_jobs(&waiting, now);
        for list in lists {
            let key = format!("{}-{}", list.purpose, list.generation);
            let labels = [("ca", list.ca), ("key", key)];
            let backdated = if list.kind == BUILTIN { BACKDATE } else { Duration::ZERO };
            let age = now.since(list.this_update.plus(backdated));
            metrics::gauge!(CRL_AGE, &labels).set(age.as_secs_f64());
            metrics::gauge!(CRL_LEFT, &labels).set(list.next_update.since(now).as_secs_f64());
        }
        Ok(())
    }

    /// The CAs that were added, are switched on, and did not work when they were last looked at. They tell nothing
    /// about anybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cas_that_fail(portal: &Portal) -> Result<Vec<String>, ServiceError> {
        let mut conn = portal.db().read().await?;
        let all = external_cas::standing(&mut conn).await?;
        Ok(all.into_iter().filter(|ca| !ca.well).map(|ca| ca.name).collect())
    }

    fn show_jobs(&self, waiting: &[jobs::Waiting], now: Timestamp) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.extend(waiting.iter().map(|it| (it.pool.clone(), it.state)));
        for (pool, state) in shown.iter() {
            let found = waiting.iter().find(|it| it.pool == *pool && it.state == *state);
            let labels = [("pool", pool.clone()), ("state", state.to_string())];
            let count = found.map_or(0, |it| u32::try_from(it.jobs).unwrap_or(u32::MAX));
            metrics::gauge!(QUEUE, &labels).set(count);
            if *state == JobState::Ready {
                // What is planned for later does not wait yet.
                let age = found.map_or(0.0, |it| now.since(it.since).as_secs_f64());
                metrics::gauge!(OLDEST, "pool" => pool.clone()).set(age);
            }
        }
    }
}
