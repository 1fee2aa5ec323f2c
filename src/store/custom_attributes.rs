//! Attributes of users and devices that the portal knows only by name.

use certporter_model::Timestamp;
use certporter_model::assignment::HolderKind;
use certporter_model::ids::AttributeId;
use uuid::Uuid;

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A custom attribute.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CustomAttribute in "custom_attributes" {
        /// Its id.
        pub id: AttributeId,
        /// Whether a user's or a device's.
        pub owner_kind: HolderKind,
        /// Whose.
        pub owner_id: Uuid,
        /// Its name, as in `{{Custom.name}}`.
        pub name: String,
        /// Its value.
        pub value: String,
        /// Changed last then.
        pub updated_at: Timestamp,
    }
}

/// Sets an attribute, new or not. An empty value drops it.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut WriteTx, attribute: &CustomAttribute) -> Result<()> {
    if attribute.value.is_empty() {
        return sql!(
            "DELETE FROM custom_attributes WHERE owner_kind = $1 AND owner_id = $2 AND name = $3",
            attribute.owner_kind,
            attribute.owner_id,
            attribute.name
        )
        .execute(tx)
        .await
        .map(|_| ());
    }
    sql!(
        "INSERT INTO custom_attributes (id, owner_kind, owner_id, name, value, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (owner_kind, owner_id, name) DO UPDATE SET value = $5, updated_at = $6",
        attribute.id,
        attribute.owner_kind,
        attribute.owner_id,
        attribute.name,
        attribute.value,
        attribute.updated_at
    )
    .execute(tx)
    .await
    .map(|_| ())
}

/// The attributes of new users and devices.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(tx: &mut WriteTx, attributes: &[CustomAttribute]) -> Result<()> {
    super::insert_all(tx, attributes).await
}

/// The attributes of these users or devices, sorted by owner and name.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, kind: HolderKind, owners: &[Uuid]) -> Result<Vec<CustomAttribute>> {
    let mut query = Sql::select::<CustomAttribute>().in_order(conn.engine());
    query.push(" WHERE owner_kind = ").bind(&kind).push(" AND owner_id IN (").bind_list(owners);
    query.push(") ORDER BY owner_id, name");
    query.all(conn).await
}

/// Every attribute of every user or device: for the sweep.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn, kind: HolderKind) -> Result<Vec<CustomAttribute>> {
    let mut query = Sql::select::<CustomAttribute>();
    query.push(" WHERE owner_kind = ").bind(&kind).push(" ORDER BY owner_id, name");
    query.all(conn).await
}
