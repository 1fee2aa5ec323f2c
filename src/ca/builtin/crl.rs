//! CRLs of the built-in CA and their numbers.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;
use certporter_model::serial::SerialNumber;

use super::BuiltinCa;
use crate::ca::contract::CaError;
use crate::ca::generation::{Generation, permit};
use crate::pki::crl::CrlBuilder;
use crate::pki::issuance::BACKDATE;
use crate::store::crls::{self, PublishedCrl};
use crate::store::issued_certificates;
use crate::store::{AuditEvent, StoreError, Target};

const SHARD: u32 = 0;
/// Entries that are read at a time.
const PAGE: u32 = 10_000;

/// A CRL that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedList {
    /// The generation that it is of.
    pub generation: CaGenerationId,
    /// What its file is called, without an ending.
    pub name: String,
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub this_update: Timestamp,
    /// Until when relying parties may go on with it.
    pub next_update: Timestamp,
}

impl BuiltinCa {
    /// Makes every CRL anew that is due: after a change at once, else after the interval. Writes the files. Harmless
    /// to call at any time, from several processes at once: the number of a CRL is given once.
    ///
    /// # Errors
    /// When the database fails or the files can't be written.
    pub async fn publish(&self) -> Result<Vec<PublishedList>, CaError> {
        for generation in self.listing().await? {
            self.publish_one(&generation).await?;
        }
        self.write_files().await?;
        self.lists().await
    }

    /// When the next CRL is due if nothing changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_publication(&self) -> Result<Timestamp, CaError> {
        let lists = self.lists().await?;
        if lists.len() < self.listing().await?.len() {
            return Ok(self.0.clock.now());
        }
        let due = lists.iter().map(|list| self.due(list.this_update)).min();
        Ok(due.unwrap_or_else(|| self.0.clock.now()))
    }

    /// The newest CRL of each generation that is still good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lists(&self) -> Result<Vec<PublishedList>, CaError> {
        let listing = self.listing().await?;
        let mut conn = self.0.db.read().await?;
        let mut lists = Vec::new();
        for generation in listing {
            if let Some(crl) = crls::latest(&mut conn, generation.row.id, SHARD).await? {
                lists.push(PublishedList {
                    generation: generation.row.id,
                    name: generation.slug(),
                    number: crl.number,
                    this_update: crl.this_update,
                    next_update: crl.next_update,
                });
            }
        }
        Ok(lists)
    }

    /// Those whose lists go on: until its certificate has expired, and with it every one that it signed.
    async fn listing(&self) -> Result<Vec<Arc<Generation>>, CaError> {
        let now = self.0.clock.now();
        let all = self.read_generations().await?;
        Ok(all.iter().filter(|it| it.certificate.not_after() > now).cloned().collect())
    }

    /// When the list after one with this thisUpdate is due if nothing changes.
    pub(super) fn due(&self, this_update: Timestamp) -> Timestamp {
        this_update.plus(BACKDATE).plus(self.0.settings.crl_interval)
    }

    async fn publish_one(&self, generation: &Arc<Generation>) -> Result<(), CaError> {
        let id = generation.row.id;
        let mut conn = self.0.db.read().await?;
        let latest = crls::latest(&mut conn, id, SHARD).await?;
        let last = crls::last_number(&mut conn, id, SHARD).await?;
        drop(conn);
        let now = self.0.clock.now();
        let due = latest.as_ref().is_none_or(|crl| {
            let changed = last.is_some_and(|last| last.changed_at > crl.created_at);
            changed || now >= self.due(crl.this_update)
        });
        if !due {
            return Ok(());
        }
        let expected = last.map_or(0, |last| last.number);
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        if last.is_none() {
            crls::changed(&mut tx, id, SHARD, now).await?;
        }
        let Some(changed_at) = crls::take_number(&mut tx, id, SHARD, expected).await? else {
            // Another process makes this one.
            return Ok(tx.rollback().await?);
        };
        let number = expected + 1;
        let assigned = issued_certificates::assign_to_crl(&mut tx, id, SHARD, number).await?;
        let event = AuditEvent::new(now, "crl.number", Target::one("ca_generation", id.as_uuid()))
            .with("number", number)
            .with("new_entries", assigned);
        tx.commit(event).await?;

        let (crl, entries) = self.build(generation, number, now, changed_at, latest).await?;
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        crls::insert(&mut tx, &crl).await?;
        let event = AuditEvent::new(now, "crl.publish", Target::one("ca_generation", id.as_uuid()))
            .with("number", number)
            .with("entries", entries as u64);
        Ok(tx.commit(event).await?)
    }

    async fn build(
        &self,
        generation: &Arc<Generation>,
        number: u64,
        now: Timestamp,
        changed_at: Timestamp,
        latest: Option<PublishedCrl>,
    ) -> Result<(PublishedCrl, usize), CaError> {
        let id = generation.row.id;
        let before = latest.as_ref().map(|crl| crl.this_update);
        let whole = Timestamp::from_seconds(now.as_seconds());
        // For slow clocks; and always later than that of the list before: NSS takes no list of the same second.
        let second = Duration::from_secs(1);
        let this_update =
            whole.minus(BACKDATE).max(before.map_or(Timestamp::default(), |at| at.plus(second)));
        let next_update = whole.plus(self.0.settings.crl_lifetime);
        let mut builder = CrlBuilder::new(number, this_update, next_update);
        // Once in an interval everything is read, and what has expired falls out; in between a list is the one before
        // it with what has changed.
        let whole_at = self.0.whole_lists.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        let lately = whole_at.is_some_and(|at| now < at.plus(self.0.settings.crl_interval));
        match latest {
            Some(latest) if lately => self.amend(&mut builder, latest).await?,
            _ => {
                self.gather(&mut builder, id, before.unwrap_or_default()).await?;
                self.0.whole_lists.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
            }
        }
        let entries = builder.len();
        let signer = Arc::clone(generation);
        // A long list takes seconds to put together and to sign.
        let signed = tokio::task::spawn_blocking(move || builder.sign(&signer.certificate, &signer.key));
        let der = signed.await.map_err(|error| CaError::Interrupted(error.to_string()))??;
        let crl = PublishedCrl {
            ca_generation_id: id,
            shard: SHARD,
            number,
            der,
            this_update,
            next_update,
            created_at: changed_at,
        };
        Ok((crl, entries))
    }

    /// Reads everything that is revoked or held, but what had expired before `unexpired_at`.
    async fn gather(
        &self,
        builder: &mut CrlBuilder,
        id: CaGenerationId,
        unexpired_at: Timestamp,
    ) -> Result<(), CaError> {
        let mut conn = self.0.db.snapshot().await?;
        let mut after: Option<SerialNumber> = None;
        loop {
            let page =
                issued_certificates::revoked_page(&mut conn, id, SHARD, unexpired_at, after.as_ref(), PAGE)
                    .await?;
            for entry in &page {
                builder.revoke(&entry.serial, entry.revoked_at, entry.reason);
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = Some(last.serial.clone()),
                _ => return Ok(()),
            }
        }
    }

    /// Takes over a list and brings it up to date: what was revoked, held, released or got another reason since.
    async fn amend(&self, builder: &mut CrlBuilder, latest: PublishedCrl) -> Result<(), CaError> {
        let id = latest.ca_generation_id;
        let mut conn = self.0.db.snapshot().await?;
        let changed = issued_certificates::changed_after(&mut conn, id, SHARD, latest.number).await?;
        let held = issued_certificates::on_hold(&mut conn, id, SHARD).await?;
        drop(conn);
        let anew: HashSet<&[u8]> = changed.iter().map(|entry| entry.serial.as_octets()).collect();
        let held: HashSet<&[u8]> = held.iter().map(|entry| entry.serial.as_octets()).collect();
        builder.take_over(&latest.der, |serial, on_hold| {
            !anew.contains(serial) && (!on_hold || held.contains(serial))
        })?;
        for entry in &changed {
            builder.revoke(&entry.serial, entry.revoked_at, entry.reason);
        }
        Ok(())
    }

    pub(super) async fn latest_list(&self, id: CaGenerationId) -> Result<Option<PublishedCrl>, StoreError> {
        let mut conn = self.0.db.read().await?;
        crls::latest(&mut conn, id, SHARD).await
    }
}
