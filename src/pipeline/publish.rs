//! CRLs: published at once after a revocation, and by schedule.

use certporter_model::CaId;
use certporter_model::certificate::RevocationKind;
use certporter_model::request::Step;

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, fault, timeline};
use crate::ca::CaError;
use crate::ca::builtin::PublishedList;
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::revocations::{self, RevocationInWork};
use crate::store::{AuditEvent, StoreError, Target};

impl Pipeline {
    /// Publishes the CRLs of a CA and notes which revocations they have. Many revocations that come together make one
    /// CRL: the job waits only once.
    pub(super) async fn publish_crl(&self, ca: CaId) -> Result<Outcome, StepError> {
        if ca != self.builtin.id() {
            // Another CA publishes by its own schedule.
            return Ok(Outcome::Done);
        }
        // What the CA has by now is in the CRL that is made from here on.
        let awaiting = revocations::awaiting_crl(&mut *self.db.read().await?, ca).await?;
        let lists = self.builtin.publish().await.map_err(crl_error)?;
        fault::point("after_crl");
        let mut missing = false;
        for chunk in awaiting.chunks(200) {
            missing |= !self.note_in_crl(chunk, &lists).await?;
        }
        fault::point("after_crl_recorded");
        if missing {
            let cause = "another process makes a CRL at the same time".to_owned();
            return Err(StepError::Temporary { cause, remedy: "It is tried again by itself.".into() });
        }
        self.schedule_next_crl().await?;
        Ok(Outcome::Done)
    }

    /// Answers whether the CRLs had all of them.
    async fn note_in_crl(
        &self,
        chunk: &[RevocationInWork],
        lists: &[PublishedList],
    ) -> Result<bool, StepError> {
        let now = self.clock.now();
        let mut numbers = Vec::with_capacity(chunk.len());
        let mut conn = self.db.read().await?;
        for revocation in chunk {
            let certificate = certificates::get(&mut conn, revocation.certificate_id).await?;
            let number = self.number_with(revocation, &certificate, lists).await?;
            numbers.push((revocation, certificate, number));
        }
        drop(conn);
        let mut all = true;
        let mut tx = self.db.write(&Self::permit()?).await?;
        let mut noted: u64 = 0;
        for (revocation, certificate, number) in numbers {
            let Some(number) = number else {
                all = false;
                continue;
            };
            if revocations::in_crl(&mut tx, revocation.id, number, now).await? {
                noted += 1;
                let row = timeline::of_certificate(Step::InCrl, &certificate);
                row.detail(format!("CRL number {number}")).write(&mut tx, now, self.random.as_ref()).await?;
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

    /// The number of the CRL that has it; none when none has it yet.
    async fn number_with(
        &self,
        revocation: &RevocationInWork,
        certificate: &CertificateInWork,
        lists: &[PublishedList],
    ) -> Result<Option<i64>, StepError> {
        let list = lists.iter().find(|list| list.generation == certificate.ca_generation_id);
        let Some(list) = list else { return Ok(None) };
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if revocation.kind == RevocationKind::Release {
            // A CRL has a release by not having the certificate.
            let after =
                revocation.at_ca_at.is_some_and(|at| list.this_update.as_seconds() >= at.as_seconds());
            return Ok(after.then(|| whole(list.number)));
        }
        let standing = self.builtin.standing(certificate.ca_generation_id, &certificate.serial).await;
        let (_, number) = standing.map_err(crl_error)?;
        Ok(number.map(whole))
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

fn crl_error(error: CaError) -> StepError {
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
