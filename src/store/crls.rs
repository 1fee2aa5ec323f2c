//! Published CRLs and the numbers they get: of each of a CA's keys a full one, and perhaps shards of it.

use std::collections::BTreeSet;

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;

use super::{Conn, Result, Sql, WriteConn, WriteTx, sql, table_row};

/// The shard that is no shard: the full CRL.
pub const FULL: u32 = 0;

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

/// Notes that what belongs into a shard's CRL has changed, and so into the full one. Answers which change that is: lists
/// that say so in [`PublishedCrl::created_at`], or a later one, have it. Until the transaction ends, other changes of
/// the generation wait, so that they come in this order.
///
/// # Errors
/// When the database fails.
pub async fn changed(
    conn: &mut WriteConn,
    generation: CaGenerationId,
    shard: u32,
    at: Timestamp,
) -> Result<Timestamp> {
    let change = sql!(
        "INSERT INTO crl_numbers (ca_generation_id, shard, number, changed_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (ca_generation_id, shard) DO UPDATE SET changed_at =
         CASE WHEN crl_numbers.changed_at < $3 THEN $3 ELSE crl_numbers.changed_at + 1 END
         RETURNING changed_at",
        generation,
        FULL,
        at
    )
    .scalar(conn)
    .await?;
    spread(conn, generation, &BTreeSet::from([shard]), change).await?;
    Ok(change)
}

/// Has all lists of a generation made anew, as if everything had changed.
///
/// # Errors
/// When the database fails.
pub async fn outdate(tx: &mut WriteTx, generation: CaGenerationId, at: Timestamp) -> Result<()> {
    let change = changed(tx, generation, FULL, at).await?;
    let points = distribution_points(tx, generation).await?;
    let shards: BTreeSet<u32> = points.iter().map(|point| point.shard).collect();
    spread(tx, generation, &shards, change).await
}

/// Notes for shards that a change of this transaction, which [`changed`] answered, is theirs as well.
///
/// # Errors
/// When the database fails.
pub async fn spread(
    conn: &mut WriteConn,
    generation: CaGenerationId,
    shards: &BTreeSet<u32>,
    change: Timestamp,
) -> Result<()> {
    for shard in shards.iter().filter(|shard| **shard != FULL) {
        sql!(
            "INSERT INTO crl_numbers (ca_generation_id, shard, number, changed_at) VALUES ($1, $2, 0, $3)
             ON CONFLICT (ca_generation_id, shard) DO UPDATE SET changed_at = $3",
            generation,
            shard,
            change
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

table_row! {
    /// An address by which certificates name the shard of the CRL that they are in.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct DistributionPoint in "crl_distribution_points" {
        /// Whose shard.
        pub ca_generation_id: CaGenerationId,
        /// Which.
        pub shard: u32,
        /// The address.
        pub url: String,
    }
}

/// Records an address of a shard, before a certificate names it. Answers whether it is a new one.
///
/// # Errors
/// When the database fails.
pub async fn add_distribution_point(tx: &mut WriteTx, point: &DistributionPoint) -> Result<bool> {
    super::insert_if_absent(tx, point).await
}

/// The addresses of a generation's shards, in the order of the shards.
///
/// # Errors
/// When the database fails.
pub async fn distribution_points(
    conn: &mut Conn,
    generation: CaGenerationId,
) -> Result<Vec<DistributionPoint>> {
    let mut query = Sql::select::<DistributionPoint>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" ORDER BY shard, url");
    query.all(conn).await
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
pub async fn insert(tx: &mut WriteTx, crl: PublishedCrl) -> Result<()> {
    let query = sql!(
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
        crl.number
    );
    // Its octets are handed on rather than copied: it may be long.
    let query = query.octets(crl.der).value(&crl.this_update).value(&crl.next_update);
    query.value(&crl.created_at).execute(tx).await?;
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

table_row! {
    /// A CRL without its octets.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CrlInShort in "crls" {
        /// Its shard; 0 is the full CRL.
        pub shard: u32,
        /// Its number.
        pub number: u64,
        /// When it was made, as it says itself.
        pub this_update: Timestamp,
        /// When relying parties stop trusting it.
        pub next_update: Timestamp,
        /// The last change that it has.
        pub created_at: Timestamp,
        /// Until when those before it are good at the latest; none when there were none.
        pub earlier_until: Option<Timestamp>,
    }
}

/// The newest CRL of each shard of a generation, in the order of the shards.
///
/// # Errors
/// When the database fails.
pub async fn latest_in_short(conn: &mut Conn, generation: CaGenerationId) -> Result<Vec<CrlInShort>> {
    let mut query = Sql::select::<CrlInShort>();
    query.push(" WHERE ca_generation_id = ").bind(&generation);
    query.push(
        " AND number = (SELECT max(newer.number) FROM crls newer
                        WHERE newer.ca_generation_id = crls.ca_generation_id AND newer.shard = crls.shard)
          ORDER BY shard",
    );
    query.all(conn).await
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

/// The list that has a change, where all lists that relying parties may go by have it: the one of the shard, and the full
/// one. Of those before either, `earlier_until` is the latest. A standing of before changes were counted is in any list.
#[must_use]
pub fn complete(lists: &[CrlInShort], shard: u32, change: Option<Timestamp>) -> Option<CrlInShort> {
    let has = |shard| {
        let mut of = lists.iter().filter(|list| list.shard == shard);
        of.find(|list| change.is_none_or(|change| list.created_at >= change))
    };
    let (full, own) = (has(FULL)?, has(shard)?);
    Some(CrlInShort { earlier_until: full.earlier_until.max(own.earlier_until), ..*own })
}

table_row! {
    /// How old the newest CRLs of a CA's key are: the full one and its shards.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Freshness in "crls" {
        /// What profiles call the CA.
        pub ca: String,
        /// What kind of CA it is.
        pub kind: String,
        /// Which of its keys.
        pub generation: u32,
        /// For what the key is: "root", "issuing".
        pub purpose: String,
        /// When the oldest of them was made, as it says itself: those of the built-in CA are dated back.
        pub this_update: Timestamp,
        /// When relying parties stop trusting the first of them.
        pub next_update: Timestamp,
    }
}

/// The newest lists of each CA's key whose certificate has not ended. A certificate is looked for in the list that it
/// names, so the worst of them counts.
///
/// # Errors
/// When the database fails.
pub async fn freshness(conn: &mut Conn, now: Timestamp) -> Result<Vec<Freshness>> {
    sql!(
        "SELECT cas.name AS ca, cas.kind, g.generation, g.purpose, min(crls.this_update) AS this_update,
                min(crls.next_update) AS next_update
         FROM crls JOIN ca_generations g ON g.id = crls.ca_generation_id JOIN cas ON cas.id = g.ca_id
         WHERE g.not_after > $1 AND crls.number = (SELECT max(newer.number) FROM crls newer
                              WHERE newer.ca_generation_id = crls.ca_generation_id AND newer.shard = crls.shard)
         GROUP BY cas.name, cas.kind, g.generation, g.purpose",
        now
    )
    .all(conn)
    .await
}
