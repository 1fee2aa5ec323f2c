//! CRLs of the built-in CA and their numbers: of each of its keys a full one, and shards of it where certificates name
//! such.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;
use certporter_model::serial::SerialNumber;

use super::{BuiltinCa, list_name};
use crate::ca::contract::CaError;
use crate::ca::generation::{Generation, permit};
use crate::pki::crl::CrlBuilder;
use crate::pki::issuance::BACKDATE;
use crate::store::crls::{self, CrlInShort, FULL, PublishedCrl};
use crate::store::issued_certificates;
use crate::store::{Announcement, AuditEvent, StoreError, Target};

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

/// A generation whose lists go on, with its shards.
struct Listing {
    generation: Arc<Generation>,
    shards: Vec<Shard>,
    latest: Vec<CrlInShort>,
}

/// A list that there is to be: the full CRL, or a shard with the addresses by which certificates name it.
#[derive(Default)]
struct Shard {
    number: u32,
    urls: Vec<String>,
}

impl Listing {
    fn latest(&self, shard: u32) -> Option<CrlInShort> {
        self.latest.iter().find(|list| list.shard == shard).copied()
    }

    fn name(&self, shard: u32) -> String {
        list_name(&self.generation.slug(), shard)
    }
}

impl BuiltinCa {
    /// Makes every CRL anew that is due: after a change at once, else after the interval. Writes the files. Harmless
    /// to call at any time, from several processes at once: the number of a CRL is given once.
    ///
    /// # Errors
    /// When the database fails or the files can't be written.
    pub async fn publish(&self) -> Result<Vec<PublishedList>, CaError> {
        self.name_shards().await?;
        for listing in self.listings().await? {
            for shard in &listing.shards {
                self.publish_one(&listing, shard).await?;
            }
        }
        self.write_files().await?;
        self.lists().await
    }

    /// When the next CRL is due if nothing changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_publication(&self) -> Result<Timestamp, CaError> {
        let now = self.0.clock.now();
        let mut next: Option<Timestamp> = None;
        for listing in self.listings().await? {
            for shard in &listing.shards {
                let due = listing.latest(shard.number).map_or(now, |list| self.due(list.this_update));
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        Ok(next.unwrap_or(now))
    }

    /// The newest CRLs of each generation that is still good, the full one first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lists(&self) -> Result<Vec<PublishedList>, CaError> {
        let mut lists = Vec::new();
        for listing in self.listings().await? {
            lists.extend(listing.latest.iter().map(|list| PublishedList {
                generation: listing.generation.row.id,
                name: listing.name(list.shard),
                number: list.number,
                this_update: list.this_update,
                next_update: list.next_update,
            }));
        }
        Ok(lists)
    }

    /// Those whose lists go on: until its certificate has expired, and with it every one that it signed.
    async fn listings(&self) -> Result<Vec<Listing>, CaError> {
        let now = self.0.clock.now();
        let all = self.read_generations().await?;
        let mut conn = self.0.db.read().await?;
        let mut listings = Vec::new();
        for generation in all.iter().filter(|it| it.certificate.not_after() > now) {
            let id = generation.row.id;
            let mut shards = vec![Shard::default()];
            for point in crls::distribution_points(&mut conn, id).await? {
                match shards.last_mut().filter(|shard| shard.number == point.shard) {
                    Some(shard) => shard.urls.push(point.url),
                    None => shards.push(Shard { number: point.shard, urls: vec![point.url] }),
                }
            }
            let latest = crls::latest_in_short(&mut conn, id).await?;
            listings.push(Listing { generation: Arc::clone(generation), shards, latest });
        }
        Ok(listings)
    }

    /// When the list after one with this thisUpdate is due if nothing changes.
    pub(super) fn due(&self, this_update: Timestamp) -> Timestamp {
        this_update.plus(BACKDATE).plus(self.0.settings.crl_interval)
    }

    async fn publish_one(&self, listing: &Listing, shard: &Shard) -> Result<(), CaError> {
        let id = listing.generation.row.id;
        let latest = listing.latest(shard.number);
        let last = crls::last_number(&mut *self.0.db.read().await?, id, shard.number).await?;
        let now = self.0.clock.now();
        let due = latest.is_none_or(|list| {
            let changed = last.is_some_and(|last| last.changed_at > list.created_at);
            // One of a clock that was ahead is good for nobody until then.
            changed || now >= self.due(list.this_update) || list.this_update > now
        });
        if !due {
            return Ok(());
        }
        let expected = last.map_or(0, |last| last.number);
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        if last.is_none() {
            crls::changed(&mut tx, id, shard.number, now).await?;
        }
        let Some(change) = crls::take_number(&mut tx, id, shard.number, expected).await? else {
            // Another process makes this one.
            return Ok(tx.rollback().await?);
        };
        let number = expected + 1;
        let event = |action| {
            AuditEvent::new(now, action, Target::one("ca_generation", id.as_uuid()))
                .with("number", number)
                .with("shard", shard.number)
        };
        tx.commit(event("crl.number")).await?;

        let (crl, entries) = self.build(listing, shard, number, (now, change)).await?;
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        crls::insert(&mut tx, crl).await?;
        tx.announce(Announcement::new("crl"));
        Ok(tx.commit(event("crl.publish").with("entries", entries as u64)).await?)
    }

    async fn build(
        &self,
        listing: &Listing,
        shard: &Shard,
        number: u64,
        (now, change): (Timestamp, Timestamp),
    ) -> Result<(PublishedCrl, usize), CaError> {
        let id = listing.generation.row.id;
        let before = listing.latest(shard.number);
        let of_the_future = before.is_some_and(|list| list.this_update > now);
        let whole = Timestamp::from_seconds(now.as_seconds());
        // For slow clocks; and always later than that of the list before: NSS takes no list of the same second.
        let second = Duration::from_secs(1);
        let followed = before.filter(|_| !of_the_future);
        let after = followed.map_or(Timestamp::default(), |list| list.this_update.plus(second));
        let this_update = whole.minus(BACKDATE).max(after);
        let next_update = whole.plus(self.0.settings.crl_lifetime);
        let mut builder = CrlBuilder::new(number, this_update, next_update).shard(shard.urls.clone());
        // What is in the full list: everything, whatever shard it is in.
        let of: Vec<u32> = match shard.number {
            FULL => listing.shards.iter().map(|shard| shard.number).collect(),
            one => vec![one],
        };
        // Once in an interval everything is read, and what has expired falls out; in between a list is the one before
        // it with what has changed.
        let key = (id, shard.number);
        let whole_at = self.0.whole_lists.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        let interval = self.0.settings.crl_interval;
        // A list that a clock ahead made lacks what had expired by it.
        let lately = whole_at.is_some_and(|at| at <= now && now < at.plus(interval)) && !of_the_future;
        match self.list_before(id, shard.number, lately).await? {
            Some(before) => self.amend(&mut builder, before, &of).await?,
            None => {
                let unexpired_at = before.map(|list| list.this_update.min(this_update)).unwrap_or_default();
                self.gather(&mut builder, id, &of, unexpired_at).await?;
                self.0.whole_lists.lock().unwrap_or_else(PoisonError::into_inner).insert(key, now);
            }
        }
        let entries = builder.len();
        let signer = Arc::clone(&listing.generation);
        // A long list takes seconds to put together and to sign.
        let signed = tokio::task::spawn_blocking(move || builder.sign(&signer.certificate, &signer.key));
        let der = signed.await.map_err(|error| CaError::Interrupted(error.to_string()))??;
        let crl = PublishedCrl {
            ca_generation_id: id,
            shard: shard.number,
            number,
            der,
            this_update,
            next_update,
            created_at: change,
        };
        Ok((crl, entries))
    }

    async fn list_before(
        &self,
        id: CaGenerationId,
        shard: u32,
        wanted: bool,
    ) -> Result<Option<PublishedCrl>, CaError> {
        if wanted { Ok(self.latest_list(id, shard).await?) } else { Ok(None) }
    }

    /// Reads everything in these shards that is revoked or held, but what had expired before `unexpired_at`.
    async fn gather(
        &self,
        builder: &mut CrlBuilder,
        id: CaGenerationId,
        shards: &[u32],
        unexpired_at: Timestamp,
    ) -> Result<(), CaError> {
        let mut conn = self.0.db.snapshot_of_much().await?;
        for &shard in shards {
            let mut after: Option<SerialNumber> = None;
            loop {
                let place = after.as_ref();
                let page = issued_certificates::revoked_page(&mut conn, id, shard, unexpired_at, place, PAGE);
                let page = page.await?;
                for entry in &page {
                    builder.revoke(&entry.serial, entry.revoked_at, entry.reason);
                }
                match page.last() {
                    Some(last) if page.len() == PAGE as usize => after = Some(last.serial.clone()),
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Takes over a list and brings it up to date: what was revoked, held, released or got another reason since.
    async fn amend(
        &self,
        builder: &mut CrlBuilder,
        before: PublishedCrl,
        shards: &[u32],
    ) -> Result<(), CaError> {
        let (id, change) = (before.ca_generation_id, before.created_at);
        let changed =
            issued_certificates::changed_after(&mut *self.0.db.read().await?, id, shards, change).await?;
        let anew: HashSet<&[u8]> = changed.iter().map(|entry| entry.serial.as_octets()).collect();
        builder.take_over(&before.der, |serial, _| !anew.contains(serial))?;
        for entry in &changed {
            if let Some((at, reason)) = entry.revoked_at.zip(entry.reason) {
                builder.revoke(&entry.serial, at, reason);
            }
        }
        Ok(())
    }

    pub(super) async fn latest_list(
        &self,
        id: CaGenerationId,
        shard: u32,
    ) -> Result<Option<PublishedCrl>, StoreError> {
        // A list may have tens of megabytes, of which nothing else is to be mapped.
        let mut conn = self.0.db.snapshot_of_much().await?;
        crls::latest(&mut conn, id, shard).await
    }
}
