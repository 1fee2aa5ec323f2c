//! What happens after the plan has decided: the queue, and the steps that bring a certificate and take it away.
//!
//! A request: [`orders`] (claimed by a connector) -> [`intent`] -> [`answer`] or [`issued`] (checked, recorded) ->
//! [`deliver`] (escrowed, sealed, offered) -> [`reports`] (installed, failed, removed, missing). A revocation:
//! [`revoke`] (asked for) -> [`standings`] (at the CA) -> [`publish`] (in the CRL) -> [`reports`] (gone from the
//! devices). Each step is one transaction with a row of the [`timeline`]; none is open while a key is generated
//! or somebody is asked over the network. Any step may be repeated, on any machine.
//!
//! - [`work`]: what jobs are about; [`queue`]: how they are claimed and what becomes of them; [`workers`]: the loop
//! - [`portal`]: which of them the portal does itself; [`upkeep`]: those that come round by the clock
//! - [`bulk`]: what somebody does to many certificates at once; [`imports`]: long files, part by part
//! - [`change`]: cancelling and retrying requests, destroying keys; [`retry`]: many at once
//! - [`notices`]: letters to operators and persons
//! - [`preflight`]: a test certificate, for no device; [`external`]: CAs that publish by themselves
//! - [`reconciliation`]: the portal compared with its CAs and devices
//! - `kept_key`: renewals that keep their key
//! - [`leap`]: a clock that leaps ahead; [`set_back`]: one that is set right again
//! - [`backoff`]: how long to wait after a failure; [`error`]: what can go wrong
//! - [`planner`]: plans on the database, and carries plans out
//! - [`fault`]: where tests let the process die
pub mod answer;
pub mod backoff;
pub mod bulk;
pub mod change;
pub mod deliver;
pub mod error;
pub mod external;
pub mod fault;
pub mod imports;
pub mod intent;
pub mod issued;
mod kept_key;
pub mod leap;
pub mod notices;
pub mod orders;
pub mod planner;
pub mod portal;
pub mod preflight;
pub mod publish;
pub mod queue;
pub mod reconciliation;
pub mod reports;
pub mod retry;
pub mod revoke;
pub mod set_back;
mod standing_orders;
pub mod standings;
pub mod timeline;
pub mod upkeep;
pub mod work;
pub mod workers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::profile::Profile;
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CaId, ProfileId};

use crate::ca::{BuiltinCa, ExternalCas};
use crate::clock::Clock;
use crate::kra::Kra;
use crate::pki::Certificate;
use crate::random::Random;
use crate::store::steps::profiles;
use crate::store::steps::requests::RequestInWork;
use crate::store::{Announcement, Conn, Db, StoreError, WriteTx, ca_generations};
use error::StepError;
use queue::Queue;

/// What every step works with.
pub struct Pipeline {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The queue.
    pub queue: Queue,
    /// The key recovery agent.
    pub kra: Kra,
    /// The built-in CA, whose CRLs are published here.
    pub builtin: BuiltinCa,
    /// The CAs that were added, if this process may open their credentials.
    pub external: Option<ExternalCas>,
    /// What it takes to write letters, if this process may open the mail server's password.
    pub post: Option<notices::Post>,
    profiles: Mutex<HashMap<(ProfileId, i64), Arc<Profile>>>,
    issuers: Mutex<HashMap<CaGenerationId, Arc<Issuer>>>,
    authorities: Mutex<HashMap<Name, CaId>>,
    importer: OnceLock<Arc<dyn imports::Importer>>,
    publications: publish::Publications,
}

/// A generation of a CA, as it is looked at for every certificate of it.
pub(crate) struct Issuer {
    /// Its certificate.
    pub(crate) certificate: Certificate,
    /// The generation that signed it.
    pub(crate) parent: Option<CaGenerationId>,
    /// Whose it is.
    pub(crate) ca: CaId,
}

/// How many profile versions are kept parsed.
const KEPT_PROFILES: usize = 500;

impl Pipeline {
    /// A pipeline over this database.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, random: Arc<dyn Random>, kra: Kra, builtin: BuiltinCa) -> Self {
        let queue = Queue::new(db.clone(), Arc::clone(&clock), Arc::clone(&random));
        let (profiles, issuers, authorities) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self {
            db,
            clock,
            random,
            queue,
            kra,
            builtin,
            external: None,
            post: None,
            profiles,
            issuers,
            authorities,
            importer: OnceLock::new(),
            publications: publish::Publications::default(),
        }
    }

    /// With the CAs that people add.
    #[must_use]
    pub fn with_external(self, external: ExternalCas) -> Self {
        Self { external: Some(external), ..self }
    }

    /// With leave to write letters.
    #[must_use]
    pub fn with_post(self, post: notices::Post) -> Self {
        Self { post: Some(post), ..self }
    }

    /// The leave of the portal's own workers.
    ///
    /// # Errors
    /// Never for the system; the gate decides.
    pub(crate) fn permit() -> Result<Permit, StoreError> {
        Caller::system("pipeline")
            .permitted(Permission::SystemWork, &Scope::Organisation)
            .map_err(|error| StoreError::Other(error.to_string()))
    }

    /// A profile version: it never changes, so it is read once.
    pub(crate) async fn profile(
        &self,
        conn: &mut Conn,
        id: ProfileId,
        version: i64,
    ) -> Result<Arc<Profile>, StoreError> {
        let known = self.profiles.lock().unwrap_or_else(PoisonError::into_inner).get(&(id, version)).cloned();
        if let Some(profile) = known {
            return Ok(profile);
        }
        let profile = Arc::new(profiles::version(conn, id, version).await?);
        let mut kept = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_PROFILES {
            kept.clear();
        }
        kept.insert((id, version), Arc::clone(&profile));
        Ok(profile)
    }

    /// A generation of a CA: its certificate never changes, so it is read once.
    pub(crate) async fn issuer(&self, conn: &mut Conn, id: CaGenerationId) -> Result<Arc<Issuer>, StepError> {
        let known = self.issuers.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(issuer) = known {
            return Ok(issuer);
        }
        let row = ca_generations::generation(conn, id).await?;
        let certificate = Certificate::parse(&row.certificate_der)?;
        let issuer = Arc::new(Issuer { certificate, parent: row.parent_id, ca: row.ca_id });
        let mut kept = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(kept.entry(id).or_insert(issuer)))
    }

    /// The certificates above one that this generation signed, the issuer's first.
    pub(crate) async fn chain(
        &self,
        conn: &mut Conn,
        generation: CaGenerationId,
    ) -> Result<Vec<Certificate>, StepError> {
        let mut chain = Vec::new();
        let mut next = Some(generation);
        while let Some(id) = next {
            let issuer = self.issuer(conn, id).await?;
            chain.push(issuer.certificate.clone());
            next = issuer.parent;
            if chain.len() > 8 {
                let reason = "has a chain of more than eight".to_owned();
                return Err(
                    StoreError::Corrupt { table: "ca_generations", column: "parent_id", reason }.into()
                );
            }
        }
        Ok(chain)
    }

    /// The CA that profiles call so: a name never goes to another one, so it is read once.
    pub(crate) async fn ca_named(&self, conn: &mut Conn, name: &Name) -> Result<CaId, StoreError> {
        let known = self.authorities.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        if let Some(id) = known {
            return Ok(id);
        }
        let id = ca_generations::ca_named(conn, name.as_str()).await?.id;
        self.authorities.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), id);
        Ok(id)
    }

    /// What profiles call a CA.
    pub(crate) async fn ca_name(&self, conn: &mut Conn, id: CaId) -> Result<Name, StoreError> {
        let all = ca_generations::cas(conn).await?;
        let ca = all.into_iter().find(|ca| ca.id == id).ok_or(StoreError::NotFound { what: "issuing CA" })?;
        Name::parse(&ca.name).map_err(|error| StoreError::Corrupt {
            table: "cas",
            column: "name",
            reason: error.to_string(),
        })
    }

    /// Tells pages that show the request.
    fn announce_request(tx: &mut WriteTx, request: &RequestInWork) {
        tx.announce(Announcement {
            request_id: Some(request.id),
            device_id: request.device_id,
            user_id: request.user_id,
            certificate_id: request.certificate_id,
            ..Announcement::new("request")
        });
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").finish_non_exhaustive()
    }
}
