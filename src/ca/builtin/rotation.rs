//! The issuing key's generations: a new one signs from now on, and those before it go on with their CRLs and OCSP
//! answers for as long as their certificates are good.
//!
//! Another process that has made a generation is noticed within [`LOOK_AGAIN`], and at once where a certificate of it is
//! asked for, or where one is to be issued: the intent of a retired one is refused.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use certporter_model::Timestamp;

use super::first_start::{self, ISSUING, ISSUING_DAYS, ROOT};
use super::{BuiltinCa, urls};
use crate::ca::contract::CaError;
use crate::ca::generation::{Generation, NewGeneration, permit};
use crate::clock::Stopwatch;
use crate::pki::issuance::{Issuance, Validity};
use crate::pki::secret_box::MasterKey;
use crate::pki::{PkiError, PrivateKey};
use crate::store::ca_generations::{self, CaGeneration};
use crate::store::crls::FULL;
use crate::store::{Announcement, AuditEvent, StoreError, Target};

/// How old what is known of the generations may be.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A new issuing certificate that would be good for less is refused: the root has to be replaced first.
const LEAST: Duration = Duration::from_secs(365 * 86_400);

/// The root's, then the issuing ones, the oldest first.
pub(super) struct Generations {
    all: RwLock<Arc<[Arc<Generation>]>>,
    read: Mutex<Stopwatch>,
}

impl Generations {
    pub(super) fn open(rows: Vec<CaGeneration>, master: &MasterKey) -> Result<Self, PkiError> {
        let all = opened(rows, &[], master)?;
        Ok(Self { all: RwLock::new(all), read: Mutex::new(Stopwatch::start()) })
    }

    /// As they were when they were last read.
    pub(super) fn all(&self) -> Arc<[Arc<Generation>]> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn age(&self) -> Duration {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn put(&self, all: &Arc<[Arc<Generation>]>) {
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(all);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Stopwatch::start();
    }
}

/// Opens those that are not known yet, or stand otherwise than they did.
fn opened(
    rows: Vec<CaGeneration>,
    known: &[Arc<Generation>],
    master: &MasterKey,
) -> Result<Arc<[Arc<Generation>]>, PkiError> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let same = known.iter().find(|it| it.row.id == row.id && it.row.state == row.state);
        all.push(match same {
            Some(same) => Arc::clone(same),
            None => Arc::new(Generation::open(row, master)?),
        });
    }
    all.sort_by_key(|it| (it.row.purpose != ROOT, it.row.generation));
    Ok(all.into())
}

impl BuiltinCa {
    /// The generations, at most [`LOOK_AGAIN`] old.
    pub(super) async fn generations(&self) -> Result<Arc<[Arc<Generation>]>, CaError> {
        if self.0.generations.age() < LOOK_AGAIN {
            return Ok(self.0.generations.all());
        }
        self.read_generations().await
    }

    /// The generations as they are now.
    pub(super) async fn read_generations(&self) -> Result<Arc<[Arc<Generation>]>, CaError> {
        let mut conn = self.0.db.read().await?;
        let rows = ca_generations::generations(&mut conn, self.0.ca_id).await?;
        drop(conn);
        let all = opened(rows, &self.0.generations.all(), &self.0.master)?;
        self.0.generations.put(&all);
        Ok(all)
    }

    /// Makes a new issuing key and certificate in the place of generation `from`, which signs CRLs and OCSP answers
    /// alone from then on. When another generation issues by now, nothing happens. Answers the number of the one that
    /// issues.
    ///
    /// # Errors
    /// [`CaError::Pki`] when the root ends too soon; when the database fails.
    pub async fn rotate(&self, from: u32) -> Result<u32, CaError> {
        self.read_generations().await?;
        let before = self.issuing()?;
        if before.row.generation != from {
            return Ok(before.row.generation);
        }
        let parent = before.row.parent_id.ok_or_else(|| CaError::Unknown("its own root".to_owned()))?;
        let root = self.generation(parent).await?;
        let now = self.0.clock.now();
        let validity = Validity::days(now, ISSUING_DAYS).until_at_most(root.certificate.not_after());
        refuse_short(validity, now)?;
        let algorithm = self.0.settings.key;
        // RSA keys take a while: not on the executor.
        let key = tokio::task::spawn_blocking(move || PrivateKey::generate(algorithm)).await;
        let key = key.map_err(|error| CaError::Interrupted(error.to_string()))??;
        let number = from + 1;
        let name = first_start::named(&self.0.settings.organisation, &format!("Issuing CA G{number}"))?;
        let issuance = Issuance::authority(name, key.public_key().clone(), 0, validity);
        let new = NewGeneration { ca_id: self.0.ca_id, purpose: ISSUING, number, parent: Some(parent) };
        let root_urls = urls(&self.0.settings.pki_url, &root.slug(), FULL);
        let context = (&self.0.master, self.0.random.as_ref(), now);
        let made = Generation::create(&new, key, issuance, Some((&root, &root_urls)), context)?;
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        let stored = if ca_generations::retire(&mut tx, before.row.id).await? {
            ca_generations::insert_generation(&mut tx, &made.row).await
        } else {
            Err(StoreError::Stale { what: "issuing CA" })
        };
        match stored {
            Ok(()) => {
                let event =
                    AuditEvent::new(now, "ca.rotate", Target::one("ca_generation", made.row.id.as_uuid()))
                        .with("generation", number)
                        .with("thumbprint", made.certificate.thumbprint().to_string())
                        .with("before", before.certificate.thumbprint().to_string());
                tx.announce(Announcement::new("ca"));
                tx.commit(event).await?;
            }
            // Another process was first, with the same number; it may not be on disk yet.
            Err(StoreError::Stale { .. } | StoreError::Conflict { .. }) => tx.rollback().await?,
            Err(error) => return Err(error.into()),
        }
        self.read_generations().await?;
        Ok(number)
    }
}

fn refuse_short(validity: Validity, now: Timestamp) -> Result<(), PkiError> {
    if validity.not_after().since(now) >= LEAST {
        return Ok(());
    }
    let message = format!("the root ends {}: it has to be replaced first", validity.not_after());
    Err(PkiError::Unfit { field: "validity", message })
}
