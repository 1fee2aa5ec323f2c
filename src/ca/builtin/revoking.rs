//! Revoking, holding and releasing, on record: many in a transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use certporter_model::Timestamp;
use certporter_model::certificate::RevocationKind;
use certporter_model::ids::CaGenerationId;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;

use super::BuiltinCa;
use crate::ca::contract::{CaError, RevocationOrder, Standing};
use crate::ca::generation::permit;
use crate::store::crls::{self, FULL};
use crate::store::issued_certificates::{self, StandingEntry};
use crate::store::{AuditEvent, StoreError, Target};

/// How each certificate stands, or why that can't be said of it.
type Standings = Vec<Result<Standing, CaError>>;

impl BuiltinCa {
    /// Brings certificates into their standings, in a transaction for each issuing key; answers in the order of the
    /// orders.
    pub(super) async fn bring_into_standing(&self, orders: &[RevocationOrder]) -> Standings {
        let mut by_generation: BTreeMap<CaGenerationId, Vec<(usize, &RevocationOrder)>> = BTreeMap::new();
        for (place, order) in orders.iter().enumerate() {
            by_generation.entry(order.generation).or_default().push((place, order));
        }
        let mut all: BTreeMap<usize, Result<Standing, CaError>> = BTreeMap::new();
        for (generation, orders) in by_generation {
            let asked: Vec<&RevocationOrder> = orders.iter().map(|(_, order)| *order).collect();
            let standings = match self.carry_out(generation, &asked).await {
                Ok(standings) => standings,
                Err(error) => orders.iter().map(|_| Err(for_each(&error))).collect(),
            };
            all.extend(orders.iter().map(|(place, _)| *place).zip(standings));
        }
        all.into_values().collect()
    }

    async fn carry_out(
        &self,
        generation: CaGenerationId,
        orders: &[&RevocationOrder],
    ) -> Result<Standings, CaError> {
        self.generation(generation).await?;
        let now = self.0.clock.now();
        let serials: Vec<SerialNumber> = orders.iter().map(|order| order.serial.clone()).collect();
        let mut tx = self.0.db.write_about(orders.len(), &permit("built-in CA")?).await?;
        // Whoever else changes a standing waits from here on, so that none is lost between look and change.
        let change = crls::changed(&mut tx, generation, FULL, now).await?;
        let found = issued_certificates::standings(&mut tx, generation, &serials).await?;
        let mut found: HashMap<SerialNumber, StandingEntry> =
            found.into_iter().map(|entry| (entry.serial.clone(), entry)).collect();
        let mut changed: BTreeMap<SerialNumber, (RevocationKind, Standing)> = BTreeMap::new();
        let mut shards = BTreeSet::new();
        let mut standings = Vec::with_capacity(orders.len());
        for order in orders {
            let Some(entry) = found.get_mut(&order.serial) else {
                standings.push(Err(CaError::Unknown(format!("the certificate {}", order.serial))));
                continue;
            };
            let before: Standing = entry.revoked_at.zip(entry.reason);
            let after = next_standing(before, order);
            standings.push(Ok(after));
            if after == before {
                continue;
            }
            (entry.revoked_at, entry.reason) = after.unzip();
            shards.insert(entry.shard);
            changed.insert(order.serial.clone(), (order.kind, after));
        }
        if changed.is_empty() {
            tx.rollback().await?;
            return Ok(standings);
        }
        let events = audited(generation, &changed, now);
        // What becomes the same is written together: of very many there are few kinds.
        let mut alike: HashMap<Standing, Vec<SerialNumber>> = HashMap::new();
        for (serial, (_, standing)) in changed {
            alike.entry(standing).or_default().push(serial);
        }
        for (standing, serials) in alike {
            issued_certificates::set_standings(&mut tx, generation, &serials, standing, change).await?;
        }
        crls::spread(&mut tx, generation, &shards, change).await?;
        tx.commit_all(events).await?;
        Ok(standings)
    }

    /// How a certificate stands, and the number of the newest list that has it so: of the shard that it names, and only
    /// once the full list has it too.
    pub(super) async fn ledger_standing(
        &self,
        generation: CaGenerationId,
        serial: &SerialNumber,
    ) -> Result<(Standing, Option<u64>), CaError> {
        let mut conn = self.0.db.read().await?;
        let found =
            issued_certificates::standings(&mut conn, generation, std::slice::from_ref(serial)).await?;
        let entry = found.into_iter().next();
        let entry = entry.ok_or_else(|| CaError::Unknown(format!("the certificate {serial}")))?;
        let lists = crls::latest_in_short(&mut conn, generation).await?;
        let list = crls::complete(&lists, entry.shard, entry.changed_at);
        let standing: Standing = entry.revoked_at.zip(entry.reason);
        Ok((standing, list.filter(|_| standing.is_some()).map(|list| list.number)))
    }
}

/// The audit events of what has changed: one for each, or of very many for all that became the same, with the serial
/// numbers of some in each.
fn audited(
    generation: CaGenerationId,
    changed: &BTreeMap<SerialNumber, (RevocationKind, Standing)>,
    now: Timestamp,
) -> Vec<AuditEvent> {
    let mut alike: BTreeMap<(&'static str, &'static str), Vec<String>> = BTreeMap::new();
    for (serial, (kind, after)) in changed {
        let action = match kind {
            RevocationKind::Release => "ca.release",
            RevocationKind::Hold => "ca.hold",
            RevocationKind::Revoke => "ca.revoke",
        };
        let reason = after.map_or("none", |(_, reason)| reason.as_str());
        alike.entry((action, reason)).or_default().push(serial.to_string());
    }
    let mut events = Vec::new();
    for ((action, reason), serials) in alike {
        let target = Target::one("ca_generation", generation.as_uuid());
        let event = AuditEvent::new(now, action, target).with("reason", reason);
        if changed.len() <= AuditEvent::ONE_BY_ONE {
            events.extend(serials.into_iter().map(|serial| event.clone().with("serial", serial)));
        } else {
            let some = serials.chunks(AuditEvent::ONE_BY_ONE);
            events.extend(some.map(|serials| event.clone().with("serials", serials.to_vec())));
        }
    }
    events
}

/// What keeps all of them keeps each.
fn for_each(error: &CaError) -> CaError {
    match error {
        CaError::Unknown(what) => CaError::Unknown(what.clone()),
        error if error.is_transient() => CaError::Interrupted(error.to_string()),
        error => CaError::Store(StoreError::Other(error.to_string())),
    }
}

fn next_standing(before: Standing, order: &RevocationOrder) -> Standing {
    let held = matches!(before, Some((_, Reason::CertificateHold)));
    match (order.kind, before) {
        (RevocationKind::Release, _) if held => None,
        (RevocationKind::Release, _) => before,
        (RevocationKind::Hold, None) => Some((order.at, Reason::CertificateHold)),
        (RevocationKind::Hold, _) => before,
        (RevocationKind::Revoke, Some((at, reason))) if !held => Some((at, reason.graver(order.reason))),
        (RevocationKind::Revoke, _) => Some((order.at, order.reason)),
    }
}
