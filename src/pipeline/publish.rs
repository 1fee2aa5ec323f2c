//! CRLs: published at once after a revocation, and by schedule.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use certporter_model::request::Step;
use certporter_model::serial::SerialNumber;
use certporter_model::{CaGenerationId, CaId, CertificateId, RevocationId};
use tokio::sync::Mutex;

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, fault, timeline};
use crate::ca::CaError;
use crate::pki::PkiError;
use crate::store::issued_certificates::{self, StandingEntry};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::revocations::{self, AwaitingCrl, CompleteCrl};
use crate::store::{AuditEvent, Conn, StoreError, Target, ca_generations, crls};

/// So many revocations are noted in a transaction.
const TOGETHER: usize = 1_000;

/// Lists that many ask for at once.
#[derive(Debug, Default)]
pub(super) struct Publications {
    /// How often they were asked for.
    asked: AtomicU64,
    /// Up to which of those they are made; held while they are.
    made: Mutex<u64>,
}

impl Pipeline {
    /// Makes the built-in CA's CRLs as they are due. Who asks while that goes on waits for the next ones, and all who do
    /// so have the same.
    pub(super) async fn make_lists(&self) -> Result<(), CaError> {
        let Publications { asked, made } = &self.publications;
        let own = asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut made = made.lock().await;
        if *made >= own {
            return Ok(());
        }
        let all = asked.load(Ordering::SeqCst);
        self.builtin.publish().await?;
        *made = all;
        Ok(())
    }

    /// Publishes the CRLs of a CA and notes which revocations they have. Many revocations that come together make one
    /// CRL: the job waits only once.
    pub(super) async fn publish_crl(&self, ca: CaId) -> Result<Outcome, StepError> {
        if ca != self.builtin.id() {
            // Another CA publishes by its own schedule.
            return self.fetch_crl(ca).await;
        }
        // What the CA has by now is in the CRL that is made from here on.
        let awaiting = revocations::awaiting_crl(&mut *self.db.read().await?).await?;
        self.make_lists().await.map_err(crl_error)?;
        fault::point("after_crl");
        let own = ca_generations::generations(&mut *self.db.read().await?, ca).await?;
        let own: HashSet<CaGenerationId> = own.into_iter().map(|it| it.id).collect();
        let mut missing = false;
        for chunk in awaiting.chunks(TOGETHER) {
            missing |= !self.note_in_crl(chunk, &own).await?;
        }
        fault::point("after_crl_recorded");
        if missing {
            let cause = "another process makes a CRL at the same time".to_owned();
            return Err(StepError::Temporary { cause, remedy: "It is tried again by itself.".into() });
        }
        self.schedule_next_crl().await?;
        Ok(Outcome::Done)
    }

    /// Gives the built-in CA a new issuing key, and publishes its certificate and first CRL.
    pub(super) async fn rotate_ca(&self, ca: CaId, from: u32) -> Result<Outcome, StepError> {
        if ca != self.builtin.id() {
            return Err(StepError::Hopeless {
                cause: "only the built-in CA's key is made here".to_owned(),
                remedy: "Rotate the key of another CA where it is.".into(),
            });
        }
        match self.builtin.rotate(from).await {
            Ok(_) => {}
            Err(CaError::Pki(PkiError::Unfit { message, .. })) => {
                let remedy = "Set up a new installation with a new root, or go on until it ends.";
                return Err(StepError::Hopeless { cause: message, remedy: remedy.into() });
            }
            Err(error) => return Err(crl_error(error)),
        }
        self.publish_crl(ca).await
    }

    /// Notes which of these the CRLs of these generations have. Answers whether they have all that are theirs.
    async fn note_in_crl(
        &self,
        chunk: &[AwaitingCrl],
        own: &HashSet<CaGenerationId>,
    ) -> Result<bool, StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write_about(chunk.len(), &Self::permit()?).await?;
        let ids: Vec<CertificateId> = chunk.iter().map(|revocation| revocation.certificate_id).collect();
        let mut found = certificates::get_all(&mut tx, &ids).await?;
        found.retain(|certificate| own.contains(&certificate.ca_generation_id));
        let lists = lists_of(&mut tx, &found).await?;
        let mut by_list: BTreeMap<CompleteCrl, Vec<RevocationId>> = BTreeMap::new();
        for revocation in chunk {
            if let Some(list) = lists.get(&revocation.certificate_id) {
                by_list.entry(*list).or_default().push(revocation.id);
            }
        }
        let mut news: HashMap<RevocationId, CompleteCrl> = HashMap::new();
        for (list, ids) in by_list {
            let noted = revocations::in_crl(&mut tx, &ids, list, now).await?;
            news.extend(noted.into_iter().map(|id| (id, list)));
        }
        let found: HashMap<CertificateId, CertificateInWork> =
            found.into_iter().map(|it| (it.id, it)).collect();
        let mut settled = Vec::with_capacity(news.len());
        for revocation in chunk {
            let Some(list) = news.get(&revocation.id) else { continue };
            let Some(certificate) = found.get(&revocation.certificate_id) else { continue };
            let row = timeline::of_certificate(Step::InCrl, certificate);
            row.detail(format!("CRL number {}", list.number)).write(&mut tx, now, self.random.as_ref());
            super::revoke::announce(&mut tx, certificate);
            settled.push(certificate.id);
        }
        revocations::settle(&mut tx, &settled, now).await?;
        if !settled.is_empty() {
            let event = AuditEvent::new(now, "revocation.in_crl", Target::none("revocation"));
            tx.commit(event.with("count", settled.len())).await?;
        }
        Ok(found.keys().all(|certificate| lists.contains_key(certificate)))
    }

    /// Sees to it that the next CRL is made in time, whatever else happens.
    async fn schedule_next_crl(&self) -> Result<(), StepError> {
        let now = self.clock.now();
        let next = self.builtin.next_publication().await.map_err(crl_error)?;
        let mut books = self.db.bookkeeping().await?;
        let work = Work::PublishCrl { ca: self.builtin.id() };
        work.schedule(&mut books, next.max(now), now, self.random.as_ref()).await?;
        Ok(books.commit().await?)
    }
}

/// The lists that have the standings of certificates of the built-in CA, where they have them.
async fn lists_of(
    conn: &mut Conn,
    certificates: &[CertificateInWork],
) -> Result<HashMap<CertificateId, CompleteCrl>, StoreError> {
    let mut by_generation: BTreeMap<CaGenerationId, Vec<&CertificateInWork>> = BTreeMap::new();
    for certificate in certificates {
        by_generation.entry(certificate.ca_generation_id).or_default().push(certificate);
    }
    let mut lists = HashMap::with_capacity(certificates.len());
    for (generation, of) in by_generation {
        let published = crls::latest_in_short(conn, generation).await?;
        let serials: Vec<SerialNumber> = of.iter().map(|certificate| certificate.serial.clone()).collect();
        let entries = issued_certificates::standings(conn, generation, &serials).await?;
        let entries: HashMap<SerialNumber, StandingEntry> =
            entries.into_iter().map(|entry| (entry.serial.clone(), entry)).collect();
        for certificate in of {
            let entry = entries.get(&certificate.serial);
            let list = entry.and_then(|entry| crls::complete(&published, entry.shard, entry.changed_at));
            if let Some(list) = list {
                let number = i64::try_from(list.number).unwrap_or(i64::MAX);
                lists.insert(certificate.id, CompleteCrl { number, earlier_until: list.earlier_until });
            }
        }
    }
    Ok(lists)
}

pub(super) fn crl_error(error: CaError) -> StepError {
    match error {
        CaError::Store(error) => StepError::Store(error),
        CaError::Pki(error) => StepError::Pki(error),
        CaError::Unknown(what) => {
            StepError::Store(StoreError::Other(format!("the CA's ledger does not know {what}")))
        }
        other => StepError::Temporary {
            cause: other.to_string(),
            remedy: "It is tried again by itself. If it stays so, check the publishing folder.".into(),
        },
    }
}
