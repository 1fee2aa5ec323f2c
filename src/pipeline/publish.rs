//! CRLs: published at once after a revocation, and by schedule.

use std::collections::HashMap;

use certporter_model::request::Step;
use certporter_model::{CaGenerationId, CaId};

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, fault, timeline};
use crate::ca::CaError;
use crate::pki::PkiError;
use crate::store::steps::certificates;
use crate::store::steps::revocations::{self, CompleteCrl, RevocationInWork};
use crate::store::{AuditEvent, StoreError, Target};

impl Pipeline {
    /// Publishes the CRLs of a CA and notes which revocations they have. Many revocations that come together make one
    /// CRL: the job waits only once.
    pub(super) async fn publish_crl(&self, ca: CaId) -> Result<Outcome, StepError> {
        if ca != self.builtin.id() {
            // Another CA publishes by its own schedule.
            return self.fetch_crl(ca).await;
        }
        // What the CA has by now is in the CRL that is made from here on.
        let awaiting = revocations::awaiting_crl(&mut *self.db.read().await?, ca).await?;
        self.builtin.publish().await.map_err(crl_error)?;
        fault::point("after_crl");
        let mut missing = false;
        for chunk in awaiting.chunks(200) {
            missing |= !self.note_in_crl(chunk).await?;
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

    /// Answers whether the CRLs had all of them.
    async fn note_in_crl(&self, chunk: &[RevocationInWork]) -> Result<bool, StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let mut lists: HashMap<CaGenerationId, Option<CompleteCrl>> = HashMap::new();
        let (mut all, mut noted) = (true, 0_u64);
        for revocation in chunk {
            let certificate = certificates::get(&mut tx, revocation.certificate_id).await?;
            let generation = certificate.ca_generation_id;
            let complete = match lists.get(&generation) {
                Some(known) => *known,
                None => revocations::complete_crl(&mut tx, generation).await?,
            };
            lists.insert(generation, complete);
            let Some(crl) = complete else {
                all = false;
                continue;
            };
            if revocations::in_crl(&mut tx, revocation.id, crl, now).await? {
                noted += 1;
                let row = timeline::of_certificate(Step::InCrl, &certificate);
                row.detail(format!("CRL number {}", crl.number)).write(&mut tx, now, self.random.as_ref());
                revocations::settle(&mut tx, certificate.id, now).await?;
                super::revoke::announce(&mut tx, &certificate);
            }
        }
        if noted > 0 {
            let event = AuditEvent::new(now, "revocation.in_crl", Target::none("revocation"));
            tx.commit(event.with("count", noted)).await?;
        }
        Ok(all)
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
