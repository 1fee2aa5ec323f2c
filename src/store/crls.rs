//! Published CRLs and the numbers they get.

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;

use super::{Conn, Result, Sql, WriteConn, WriteTx, sql, table_row};

table_row! {
    /// A CRL that was signed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PublishedCrl in "crls" {
        /// Whose it is.
        pub ca_generation_id: CaGenerationId,
        /// Its shard; 0 is the full CRL.
        pub shard: u32,
        /// Its number.
        pub number: u64,
        /// The list.
        pub der: Vec<u8>,
        /// When it was made, as it says itself.
        pub this_update: Timestamp,
        /// When relying parties stop trusting it.
        pub next_update: Timestamp,
        /// The last change that it has, as [`CrlNumber::changed_at`] says: a later one needs another list.
        pub created_at: Timestamp,
    }
}

table_row! {
    /// The last number that was taken, and the last change of what belongs into the CRL.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CrlNumber in "crl_numbers" {
        /// The last number that was taken; 0 before the first.
        pub number: u64,
        /// The last revocation, hold or release. Always later than the one before, by a millisecond at least, so
        /// that no change hides behind another.
        pub changed_at: Timestamp,
    }
}

/// The last number and change of a shard.
///
/// # Errors
/// When the database fails.
pub async fn last_number(
    conn: &mut Conn,
    generation: CaGenerationId,
    shard: u32,
) -> Result<Option<CrlNumber>> {
    let mut query = Sql::select::<CrlNumber>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND shard = ").bind(&shard);
    query.optional(conn).await
}

/// Notes that what belongs into the CRL has changed.
///
/// # Errors
/// When the database fails.
pub async fn changed(
    conn: &mut WriteConn,
    generation: CaGenerationId,
    shard: u32,
    at: Timestamp,
) -> Result<()> {
    sql!(
        "INSERT INTO crl_numbers (ca_generation_id, shard, number, changed_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (ca_generation_id, shard) DO UPDATE SET changed_at =
         CASE WHEN crl_numbers.changed_at < $3 THEN $3 ELSE crl_numbers.changed_at + 1 END",
        generation,
        shard,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the number after `expected`, and answers the last change so far; nothing if somebody else has taken it. Until
/// the transaction ends, changes wait.
///
/// # Errors
/// When the database fails.
pub async fn take_number(
    conn: &mut WriteConn,
    generation: CaGenerationId,
    shard: u32,
    expected: u64,
) -> Result<Option<Timestamp>> {
    sql!(
        "UPDATE crl_numbers SET number = number + 1
         WHERE ca_generation_id = $1 AND shard = $2 AND number = $3 RETURNING changed_at",
        generation,
        shard,
        expected
    )
    .optional_scalar(conn)
    .await
}

/// Records a signed CRL, and until when those before it are good; forgets those before the one before it.
///
/// # Errors
/// Conflict when its number is there already.
pub async fn insert(tx: &mut WriteTx, crl: &PublishedCrl) -> Result<()> {
    sql!(
        "INSERT INTO crls (ca_generation_id, shard, number, der, this_update, next_update, created_at, published_at,
                           earlier_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7,
                 (SELECT max(good_until) FROM
                     (SELECT next_update AS good_until FROM crls
                      WHERE ca_generation_id = $1 AND shard = $2 AND number < $3
                      UNION ALL
                      SELECT earlier_until FROM crls
                      WHERE ca_generation_id = $1 AND shard = $2 AND number < $3) AS earlier))",
        crl.ca_generation_id,
        crl.shard,
        crl.number,
        crl.der,
        crl.this_update,
        crl.next_update,
        crl.created_at
    )
    .execute(tx)
    .await?;
    sql!(
        "DELETE FROM crls WHERE ca_generation_id = $1 AND shard = $2 AND number < $3",
        crl.ca_generation_id,
        crl.shard,
        crl.number.saturating_sub(1)
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The newest CRL of a shard.
///
/// # Errors
/// When the database fails.
pub async fn latest(conn: &mut Conn, generation: CaGenerationId, shard: u32) -> Result<Option<PublishedCrl>> {
    let mut query = Sql::select::<PublishedCrl>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND shard = ").bind(&shard);
    query.push(" ORDER BY number DESC LIMIT 1");
    query.optional(conn).await
}

table_row! {
    /// How old a CA's newest CRL is.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Freshness in "crls" {
        /// What profiles call the CA.
        pub ca: String,
        /// Which of its keys.
        pub generation: u32,
        /// For what the key is: "root", "issuing".
        pub purpose: String,
        /// When the list was made; it says that it holds from a while before, for slow clocks.
        pub created_at: Timestamp,
        /// When relying parties stop trusting it.
        pub next_update: Timestamp,
    }
}

/// The newest list of each CA's key.
///
/// # Errors
/// When the database fails.
pub async fn freshness(conn: &mut Conn) -> Result<Vec<Freshness>> {
    sql!(
        "SELECT cas.name AS ca, g.generation, g.purpose, max(crls.created_at) AS created_at,
                max(crls.next_update) AS next_update
         FROM crls JOIN ca_generations g ON g.id = crls.ca_generation_id JOIN cas ON cas.id = g.ca_id
         WHERE crls.shard = 0 GROUP BY cas.name, g.generation, g.purpose"
    )
    .all(conn)
    .await
}
