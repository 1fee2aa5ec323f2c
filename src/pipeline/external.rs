//! CAs that somebody has added: how they are, and their CRLs, which they publish by themselves.

use std::time::Duration;

use certporter_model::request::Step;
use certporter_model::{CaGenerationId, CaId, Timestamp};

use super::error::StepError;
use super::queue::Outcome;
use super::work::Work;
use super::{Pipeline, timeline};
use crate::ca::external::{ExternalCa, ISSUING};
use crate::ca::{CaError, Health};
use crate::pki::Certificate;
use crate::pki::crl::Crl;
use crate::store::crls::{self, PublishedCrl};
use crate::store::steps::certificates;
use crate::store::steps::revocations::{self, AwaitingCrl, CompleteCrl};
use crate::store::{AuditEvent, StoreError, Target, ca_generations, external_cas, outages};

/// How often a CA's CRL is fetched when nothing waits for it.
const FETCH: Duration = Duration::from_secs(600);
/// How often while a revocation waits to be in it.
const FETCH_AWAITED: Duration = Duration::from_secs(30);

impl Pipeline {
    /// Looks at every CA that was added: renews credentials on the way, notes what was found, and has what waited for
    /// one that works again go on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look_after_external(&self) -> Result<(), StepError> {
        let Some(external) = &self.external else { return Ok(()) };
        for id in external.ids().await.map_err(ca_error)? {
            let health = match external.of(id).await {
                Ok(Some(it)) => it.ca.health().await,
                Ok(None) => continue,
                Err(error) => {
                    Health { well: false, findings: vec![error.to_string()], credential_ends_at: None }
                }
            };
            self.note_health(id, &health).await?;
        }
        Ok(())
    }

    async fn note_health(&self, id: CaId, health: &Health) -> Result<(), StepError> {
        let now = self.clock.now();
        let mut books = self.db.bookkeeping().await?;
        let before = external_cas::of(&mut books, id).await?.and_then(|row| row.well);
        let findings = serde_json::json!(health.findings);
        external_cas::note(&mut books, id, (health.well, &findings, health.credential_ends_at), now).await?;
        let back = health.well && before == Some(false);
        if back {
            outages::hasten(&mut books, now).await?;
            Work::PublishCrl { ca: id }.schedule(&mut books, now, now, self.random.as_ref()).await?;
        }
        if !health.well && before != Some(false) {
            tracing::warn!(ca = %id, findings = ?health.findings, "an issuing CA does not work");
        }
        books.commit().await?;
        if back {
            self.queue.wake();
        }
        Ok(())
    }

    /// Fetches the CRL of a CA that publishes by itself, and notes which revocations it has.
    pub(super) async fn fetch_crl(&self, ca: CaId) -> Result<Outcome, StepError> {
        let Some(external) = &self.external else { return Ok(Outcome::Done) };
        let Some(it) = external.of(ca).await.map_err(ca_error)? else { return Ok(Outcome::Done) };
        let awaiting = revocations::awaiting_crl(&mut *self.db.read().await?).await?;
        let generations = ca_generations::generations(&mut *self.db.read().await?, ca).await?;
        let mut missing = false;
        for generation in generations.into_iter().filter(|it| it.purpose == ISSUING) {
            let issuer = Certificate::parse(&generation.certificate_der)?;
            let Some((list, number)) = self.newest_crl(&it, generation.id, &issuer).await? else { continue };
            missing |= !self.note_in_list(&list, number, generation.id, &awaiting).await?;
        }
        let now = self.clock.now();
        let next = now.plus(if missing { FETCH_AWAITED } else { FETCH });
        let mut books = self.db.bookkeeping().await?;
        Work::PublishCrl { ca }.schedule(&mut books, next, now, self.random.as_ref()).await?;
        books.commit().await?;
        Ok(Outcome::Done)
    }

    /// Fetches a generation's list, verifies and keeps it. None when the CA gave out one of another issuer.
    async fn newest_crl(
        &self,
        it: &ExternalCa,
        generation: CaGenerationId,
        issuer: &Certificate,
    ) -> Result<Option<(Crl, u64)>, StepError> {
        let octets = it.ca.crl(generation).await.map_err(ca_error)?;
        let list = Crl::parse(&octets)?;
        if !list.is_signed_by(issuer) {
            tracing::warn!(ca = %it.id, "the CA gives out a CRL that its issuing certificate has not signed");
            return Ok(None);
        }
        let number = list.number().unwrap_or_default();
        let latest = crls::latest(&mut *self.db.read().await?, generation, 0).await?;
        if latest.is_some_and(|latest| latest.number >= number) {
            return Ok(Some((list, number)));
        }
        let now = self.clock.now();
        let row = PublishedCrl {
            ca_generation_id: generation,
            shard: 0,
            number,
            der: octets,
            this_update: list.this_update(),
            next_update: list.next_update().unwrap_or_else(|| list.this_update()),
            created_at: now,
        };
        let mut tx = self.db.write(&Self::permit()?).await?;
        crls::insert(&mut tx, row).await?;
        let event = AuditEvent::new(now, "ca.crl_fetched", Target::one("ca", it.id.as_uuid()));
        tx.commit(event.with("number", number)).await?;
        Ok(Some((list, number)))
    }

    /// Notes which of the revocations a list has. Answers whether it has all of this generation.
    async fn note_in_list(
        &self,
        list: &Crl,
        number: u64,
        generation: CaGenerationId,
        awaiting: &[AwaitingCrl],
    ) -> Result<bool, StepError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let mut all = true;
        for chunk in awaiting.chunks(200) {
            let now: Timestamp = self.clock.now();
            let mut tx = self.db.write(&Self::permit()?).await?;
            let crl = revocations::crl_numbered(&mut tx, generation, number).await?;
            // Of a list that isn't on record, those before it may be good for as long as it is itself.
            let earlier_until = Some(list.next_update().unwrap_or(now));
            let crl = crl.unwrap_or(CompleteCrl { number, earlier_until });
            let mut noted = 0_u64;
            for revocation in chunk {
                let certificate = certificates::get(&mut tx, revocation.certificate_id).await?;
                if certificate.ca_generation_id != generation {
                    continue;
                }
                // An expired certificate leaves the list, and nobody takes it any more.
                if list.entry(&certificate.serial).is_none() && certificate.not_after > now {
                    all = false;
                    continue;
                }
                if !revocations::in_crl(&mut tx, &[revocation.id], crl, now).await?.is_empty() {
                    noted += 1;
                    let row = timeline::of_certificate(Step::InCrl, &certificate);
                    row.detail(format!("CRL number {}", crl.number)).write(
                        &mut tx,
                        now,
                        self.random.as_ref(),
                    );
                    revocations::settle(&mut tx, &[certificate.id], now).await?;
                    super::revoke::announce(&mut tx, &certificate);
                }
            }
            if noted > 0 {
                let event = AuditEvent::new(now, "revocation.in_crl", Target::none("revocation"));
                tx.commit(event.with("count", noted)).await?;
            }
        }
        Ok(all)
    }
}

/// What a CA's error means for a job of the portal's own.
pub(super) fn ca_error(error: CaError) -> StepError {
    match error {
        CaError::Store(error) => StepError::Store(error),
        CaError::Pki(error) => StepError::Pki(error),
        CaError::Outage { cause, remedy } | CaError::Refused { cause, remedy } => {
            StepError::Temporary { cause, remedy }
        }
        CaError::Unknown(what) => StepError::Store(StoreError::Other(format!("the CA does not know {what}"))),
        other => StepError::Temporary {
            cause: other.to_string(),
            remedy: "It is tried again by itself. If it stays so, look at the CA.".into(),
        },
    }
}
