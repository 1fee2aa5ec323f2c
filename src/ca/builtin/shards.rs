//! Shards of the CRL: into which one a certificate goes, and by which address it names it for good.
//!
//! The address of a shard is on record before a certificate names it. From then on the shard has lists, which name all of
//! its addresses, whatever the settings become.

use std::sync::PoisonError;

use certporter_model::ids::CaGenerationId;
use certporter_model::serial::SerialNumber;

use super::{BuiltinCa, urls};
use crate::ca::contract::CaError;
use crate::ca::generation::permit;
use crate::store::crls::{self, DistributionPoint, FULL};
use crate::store::{AuditEvent, StoreError, Target, WriteTx};

impl BuiltinCa {
    /// The shard for a certificate that is issued now. Serial numbers are random, and so are their last octets.
    pub(super) fn shard_of(&self, serial: &SerialNumber) -> u32 {
        let shards = self.0.settings.crl_shards;
        if shards <= 1 {
            return FULL;
        }
        let drawn = serial.as_octets().iter().rev().take(4).fold(0_u32, |sum, &it| sum << 8 | u32::from(it));
        1 + drawn % shards
    }

    /// Records the address of a shard with the certificate that is going to name it. Answers the shard if that was still
    /// to be done.
    pub(super) async fn name_shard(
        &self,
        tx: &mut WriteTx,
        generation: CaGenerationId,
        shard: u32,
    ) -> Result<Option<(CaGenerationId, u32)>, StoreError> {
        let key = (generation, shard);
        if shard == FULL || self.0.named_shards.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
        {
            return Ok(None);
        }
        let slug = self.0.generations.all().iter().find(|it| it.row.id == generation).map(|it| it.slug());
        let url = slug.and_then(|slug| urls(&self.0.settings.pki_url, &slug, shard).crl);
        let url = url.ok_or(StoreError::NotFound { what: "CA generation" })?;
        let point = DistributionPoint { ca_generation_id: generation, shard, url };
        if crls::add_distribution_point(tx, &point).await? {
            // Its next list names the address.
            crls::changed(tx, generation, shard, self.0.clock.now()).await?;
        }
        Ok(Some(key))
    }

    /// Notes that what [`name_shard`](Self::name_shard) recorded is committed.
    pub(super) fn shard_is_named(&self, shard: Option<(CaGenerationId, u32)>) {
        self.0.named_shards.lock().unwrap_or_else(PoisonError::into_inner).extend(shard);
    }

    /// Records the addresses of all shards that certificates may be issued into now, so that there are lists before
    /// anybody looks for them.
    pub(super) async fn name_shards(&self) -> Result<(), CaError> {
        let generation = self.issuing()?.row.id;
        let shards = self.0.settings.crl_shards;
        let known = |shard| {
            let named = self.0.named_shards.lock().unwrap_or_else(PoisonError::into_inner);
            named.contains(&(generation, shard))
        };
        if shards <= 1 || (1..=shards).all(known) {
            return Ok(());
        }
        let mut tx = self.0.db.write(&permit("built-in CA")?).await?;
        let mut named = Vec::new();
        for shard in 1..=shards {
            named.push(self.name_shard(&mut tx, generation, shard).await?);
        }
        let target = Target::one("ca_generation", generation.as_uuid());
        tx.commit(AuditEvent::new(self.0.clock.now(), "crl.shards", target).with("shards", shards)).await?;
        named.into_iter().for_each(|shard| self.shard_is_named(shard));
        Ok(())
    }
}
