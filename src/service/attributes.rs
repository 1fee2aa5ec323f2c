//! Custom attributes of users and devices: further values for the variables of profiles.

use std::collections::{BTreeMap, HashMap};

use certporter_model::assignment::HolderKind;
use certporter_model::{AttributeId, Timestamp};
use uuid::Uuid;

use super::portal::Portal;
use crate::store::custom_attributes::{self, CustomAttribute};
use crate::store::{Conn, Result, WriteTx};

/// The attributes of several users or devices.
pub(super) async fn of(
    conn: &mut Conn,
    kind: HolderKind,
    owners: &[Uuid],
) -> Result<HashMap<Uuid, BTreeMap<String, String>>> {
    let mut found: HashMap<Uuid, BTreeMap<String, String>> = HashMap::new();
    for row in custom_attributes::of(conn, kind, owners).await? {
        found.entry(row.owner_id).or_default().insert(row.name, row.value);
    }
    Ok(found)
}

/// Puts the attributes of a user or device to these: what is not among them is dropped.
pub(super) async fn set(
    portal: &Portal,
    tx: &mut WriteTx,
    kind: HolderKind,
    owner: Uuid,
    attributes: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<()> {
    let before = of(tx, kind, &[owner]).await?.remove(&owner).unwrap_or_default();
    let dropped = before.keys().filter(|name| !attributes.contains_key(*name)).map(|name| (name, ""));
    let changed = attributes.iter().filter(|(name, value)| before.get(*name) != Some(value));
    for (name, value) in dropped.chain(changed.map(|(name, value)| (name, value.as_str()))) {
        let row = CustomAttribute {
            id: AttributeId::new(now, portal.octets()),
            owner_kind: kind,
            owner_id: owner,
            name: name.clone(),
            value: value.to_owned(),
            updated_at: now,
        };
        custom_attributes::set(tx, &row).await?;
    }
    Ok(())
}
