//! Private keys in escrow: sealed to the KRA, and gone once their policy says so.

use certporter_model::Timestamp;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::ids::{EscrowedKeyId, KraGenerationId, RequestId};
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::PublicKeyHash;

use super::{Conn, Result, Sql, WriteTx, dialect, sql, table_row};

table_row! {
    /// A key in escrow.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct EscrowedKey in "escrowed_keys" {
        /// Its id.
        pub id: EscrowedKeyId,
        /// The request it was generated for.
        pub request_id: RequestId,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// The key that it is sealed to.
        pub kra_generation_id: KraGenerationId,
        /// The CMS envelope; none once it is destroyed.
        pub sealed: Option<Vec<u8>>,
        /// Where it is.
        pub state: EscrowState,
        /// How long it is kept.
        pub policy: EscrowPolicy,
        /// When it was generated.
        pub created_at: Timestamp,
        /// When it went into storage.
        pub stored_at: Option<Timestamp>,
        /// When it was destroyed.
        pub destroyed_at: Option<Timestamp>,
        /// What set the destruction off.
        pub destroyed_trigger: Option<Trigger>,
    }
}

/// Records a key that is sealed to a transport key.
///
/// # Errors
/// When the request or the KRA's generation does not exist.
pub async fn insert(tx: &mut WriteTx, it: &EscrowedKey) -> Result<()> {
    sql!(
        "INSERT INTO escrowed_keys (id, request_id, public_key_hash, kra_generation_id, sealed, state, policy,
         created_at, stored_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        it.id,
        it.request_id,
        it.public_key_hash,
        it.kra_generation_id,
        it.sealed,
        it.state,
        it.policy,
        it.created_at,
        it.stored_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A key.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: EscrowedKeyId) -> Result<EscrowedKey> {
    let mut query = Sql::select::<EscrowedKey>();
    query.push(" WHERE id = ").bind(&id);
    query.one(conn, "escrowed key").await
}

/// Of these keys, those that are there still, without reading them.
///
/// # Errors
/// When the database fails.
pub async fn kept(conn: &mut Conn, ids: &[EscrowedKeyId]) -> Result<Vec<EscrowedKeyId>> {
    let mut query = Sql::new(
        "SELECT id FROM escrowed_keys WHERE sealed IS NOT NULL AND state <> 'destroyed' AND id IN (",
    );
    query.bind_list(ids).push(")");
    query.scalars(conn).await
}

/// Every key that was generated for a request, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_request(conn: &mut Conn, request: RequestId) -> Result<Vec<EscrowedKey>> {
    let mut query = Sql::select::<EscrowedKey>();
    query.push(" WHERE request_id = ").bind(&request).push(" ORDER BY id DESC");
    query.all(conn).await
}

/// Puts the key, sealed anew, into storage. One that is there already, or destroyed, stays so. Answers where it is now.
///
/// # Errors
/// When there is no such key.
pub async fn stored(
    tx: &mut WriteTx,
    id: EscrowedKeyId,
    generation: KraGenerationId,
    sealed: &[u8],
    at: Timestamp,
) -> Result<EscrowState> {
    let query = sql!(
        "UPDATE escrowed_keys SET kra_generation_id = $2, sealed = $3, state = 'stored',
         stored_at = COALESCE(stored_at, $4) WHERE id = $1 AND state = 'transport'",
        id,
        generation,
        sealed,
        at
    );
    if query.execute(tx).await? == 1 {
        return Ok(EscrowState::Stored);
    }
    Ok(get(tx, id).await?.state)
}

/// Destroys the key: first its octets are overwritten, then they are gone. A second time changes nothing.
///
/// # Errors
/// When there is no such key.
pub async fn destroy(
    tx: &mut WriteTx,
    id: EscrowedKeyId,
    trigger: Option<Trigger>,
    at: Timestamp,
) -> Result<()> {
    let nothing = dialect::zeros_as_long_as_sealed(tx.engine());
    let mut overwrite = Sql::new("UPDATE escrowed_keys SET sealed = ");
    overwrite.push(nothing).push(" WHERE state <> 'destroyed' AND id = ").bind(&id);
    if overwrite.execute(tx).await? == 0 {
        // Destroyed before, or there is none.
        return get(tx, id).await.map(|_| ());
    }
    sql!(
        "UPDATE escrowed_keys SET sealed = NULL, state = 'destroyed', destroyed_at = $2, destroyed_trigger = $3
         WHERE id = $1",
        id,
        at,
        trigger
    )
    .change(tx, "escrowed key")
    .await
}
