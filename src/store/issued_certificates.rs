//! The built-in CA's ledger: every certificate that it intended, signed, held or revoked.

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;

use super::{Conn, IN_A_LIST, Result, Sql, StoreError, WriteTx, sql, table_row};

table_row! {
    /// A certificate of the ledger.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct LedgerEntry in "issued_certificates" {
        /// Who issues it.
        pub ca_generation_id: CaGenerationId,
        /// Its serial number.
        pub serial: SerialNumber,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// The request that it answers: the same request gets the same certificate again.
        pub request_reference: Option<String>,
        /// What is to be signed.
        pub intent: Vec<u8>,
        /// The certificate; none until it is signed.
        pub der: Option<Vec<u8>>,
        /// The shard of the CRL that it will be in; 0 is the full CRL.
        pub shard: u32,
        /// The end of its validity.
        pub not_after: Timestamp,
        /// When it was intended.
        pub created_at: Timestamp,
        /// When it was signed.
        pub issued_at: Option<Timestamp>,
        /// When it was revoked or held.
        pub revoked_at: Option<Timestamp>,
        /// Why.
        pub reason: Option<Reason>,
        /// Whether it is only on hold.
        pub held: bool,
        /// The change that gave it its standing, as [`crls::changed`](super::crls::changed) answered: lists with that
        /// change have it. None while it never changed.
        pub changed_at: Option<Timestamp>,
    }
}

table_row! {
    /// What a CRL says of a certificate.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RevokedEntry in "issued_certificates" {
        /// Its serial number.
        pub serial: SerialNumber,
        /// When it was revoked or held.
        pub revoked_at: Timestamp,
        /// Why.
        pub reason: Reason,
    }
}

/// Records an intended certificate, before it is signed.
///
/// # Errors
/// Conflict when the serial number, or the request's reference, is taken within the generation.
pub async fn insert(tx: &mut WriteTx, it: &LedgerEntry) -> Result<()> {
    sql!(
        "INSERT INTO issued_certificates (ca_generation_id, serial, public_key_hash, request_reference, intent,
         der, shard, not_after, created_at, held) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        it.ca_generation_id,
        it.serial,
        it.public_key_hash,
        it.request_reference,
        it.intent,
        it.der,
        it.shard,
        it.not_after,
        it.created_at,
        it.held
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Records the signature of an intended certificate. A second one of the same changes nothing.
///
/// Answers the certificate that the entry has now: who was first counts.
///
/// # Errors
/// When it was never intended.
pub async fn signed(
    tx: &mut WriteTx,
    generation: CaGenerationId,
    serial: &SerialNumber,
    der: &[u8],
    at: Timestamp,
) -> Result<Vec<u8>> {
    let stored = sql!(
        "UPDATE issued_certificates SET der = COALESCE(der, $3), issued_at = COALESCE(issued_at, $4)
         WHERE ca_generation_id = $1 AND serial = $2 RETURNING der",
        generation,
        *serial,
        der,
        at
    );
    stored.optional_scalar(tx).await?.ok_or(StoreError::NotFound { what: "certificate in the CA's ledger" })
}

/// The entry of a certificate.
///
/// # Errors
/// When there is none.
pub async fn get(
    conn: &mut Conn,
    generation: CaGenerationId,
    serial: &SerialNumber,
) -> Result<Option<LedgerEntry>> {
    let mut query = Sql::select::<LedgerEntry>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND serial = ").bind(serial);
    query.optional(conn).await
}

table_row! {
    /// What OCSP says of a certificate.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StatusEntry in "issued_certificates" {
        /// Its serial number.
        pub serial: SerialNumber,
        /// When it was revoked or held.
        pub revoked_at: Option<Timestamp>,
        /// Why.
        pub reason: Option<Reason>,
    }
}

/// Of these certificates those that were signed or revoked: one that was only intended may never have been signed.
///
/// # Errors
/// When the database fails.
pub async fn statuses(
    conn: &mut Conn,
    generation: CaGenerationId,
    serials: &[SerialNumber],
) -> Result<Vec<StatusEntry>> {
    let mut found = Vec::with_capacity(serials.len());
    for some in serials.chunks(IN_A_LIST) {
        let Some(last) = some.last() else { break };
        // In few lengths: each is a statement that is prepared once.
        let more = some.len().next_power_of_two() - some.len();
        let mut query = Sql::select::<StatusEntry>().in_order(conn.engine());
        query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND serial IN (");
        query.bind_list(some.iter().chain(std::iter::repeat_n(last, more)));
        query.push(") AND (der IS NOT NULL OR revoked_at IS NOT NULL)");
        found.extend(query.all::<StatusEntry>(conn).await?);
    }
    Ok(found)
}

/// The entry that answers a request, of whichever generation of a CA; the newest if there are several.
///
/// # Errors
/// When the database fails.
pub async fn of_reference(
    conn: &mut Conn,
    generations: &[CaGenerationId],
    reference: &str,
) -> Result<Option<LedgerEntry>> {
    let mut query = Sql::select::<LedgerEntry>();
    query.push(" WHERE ca_generation_id IN (").bind_list(generations);
    query.push(") AND request_reference = ").bind(reference);
    query.push(" ORDER BY created_at DESC LIMIT 1");
    query.optional(conn).await
}

/// How many certificates the ledger has that are signed, of whatever standing.
///
/// # Errors
/// When the database fails.
pub async fn count_signed(conn: &mut Conn) -> Result<u64> {
    sql!("SELECT count(*) FROM issued_certificates WHERE der IS NOT NULL").scalar(conn).await
}

/// Every entry for a public key, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_public_key(conn: &mut Conn, hash: PublicKeyHash) -> Result<Vec<LedgerEntry>> {
    let mut query = Sql::select::<LedgerEntry>();
    query.push(" WHERE public_key_hash = ").bind(&hash).push(" ORDER BY created_at DESC");
    query.all(conn).await
}

table_row! {
    /// A certificate in a page of the ledger.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PageEntry in "issued_certificates" {
        /// Its serial number.
        pub serial: SerialNumber,
        /// The end of its validity.
        pub not_after: Timestamp,
        /// When it was revoked or held.
        pub revoked_at: Option<Timestamp>,
        /// Why.
        pub reason: Option<Reason>,
    }
}

/// A page of what a generation has signed for holders, by the octets of the serial number, after `after`.
///
/// # Errors
/// When the database fails.
pub async fn page(
    conn: &mut Conn,
    generation: CaGenerationId,
    after: Option<&SerialNumber>,
    limit: u32,
) -> Result<Vec<PageEntry>> {
    let mut query = Sql::select::<PageEntry>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND issued_at IS NOT NULL");
    query.push(" AND (request_reference IS NULL OR request_reference NOT LIKE 'ocsp-%')");
    if let Some(after) = after {
        query.push(" AND serial > ").bind(after);
    }
    query.push(" ORDER BY serial LIMIT ").bind(&limit);
    query.all(conn).await
}

table_row! {
    /// How a certificate stands in the ledger, and where.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StandingEntry in "issued_certificates" {
        /// Its serial number.
        pub serial: SerialNumber,
        /// The shard of the CRL that it is in.
        pub shard: u32,
        /// When it was revoked or held.
        pub revoked_at: Option<Timestamp>,
        /// Why.
        pub reason: Option<Reason>,
        /// The change that gave it this standing.
        pub changed_at: Option<Timestamp>,
    }
}

/// How certificates stand; those that are not in the ledger are left out.
///
/// # Errors
/// When the database fails.
pub async fn standings(
    conn: &mut Conn,
    generation: CaGenerationId,
    serials: &[SerialNumber],
) -> Result<Vec<StandingEntry>> {
    let mut found = Vec::with_capacity(serials.len());
    for chunk in serials.chunks(IN_A_LIST) {
        let mut query = Sql::select::<StandingEntry>().in_order(conn.engine());
        query.push(" WHERE ca_generation_id = ").bind(&generation);
        query.push(" AND serial IN (").bind_list(chunk).push(")");
        found.extend(query.all::<StandingEntry>(conn).await?);
    }
    Ok(found)
}

/// Gives certificates a standing: revoked or held since when and why, or neither (`None`). `change` is what
/// [`crls::changed`](super::crls::changed) answered in this transaction.
///
/// # Errors
/// When one is not in the ledger.
pub async fn set_standings(
    tx: &mut WriteTx,
    generation: CaGenerationId,
    serials: &[SerialNumber],
    standing: Option<(Timestamp, Reason)>,
    change: Timestamp,
) -> Result<()> {
    let (at, reason) = standing.unzip();
    for chunk in serials.chunks(IN_A_LIST) {
        let mut query = Sql::new("UPDATE issued_certificates SET revoked_at = ").in_order(tx.engine());
        query.bind(&at).push(", reason = ").bind(&reason).push(", held = ");
        query.bind(&(reason == Some(Reason::CertificateHold))).push(", changed_at = ").bind(&change);
        query.push(" WHERE ca_generation_id = ").bind(&generation);
        query.push(" AND serial IN (").bind_list(chunk).push(")");
        if query.execute(tx).await? != chunk.len() as u64 {
            return Err(StoreError::NotFound { what: "certificate in the CA's ledger" });
        }
    }
    Ok(())
}

/// A page of what belongs into a CRL, by serial number, after `after`: certificates that had not expired when the
/// CRL before it was made, so that each entry outlives its certificate by a CRL.
///
/// # Errors
/// When the database fails.
pub async fn revoked_page(
    conn: &mut Conn,
    generation: CaGenerationId,
    shard: u32,
    unexpired_at: Timestamp,
    after: Option<&SerialNumber>,
    limit: u32,
) -> Result<Vec<RevokedEntry>> {
    let mut query = Sql::select::<RevokedEntry>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND shard = ").bind(&shard);
    query.push(" AND revoked_at IS NOT NULL AND reason IS NOT NULL AND not_after >= ").bind(&unexpired_at);
    if let Some(after) = after {
        query.push(" AND serial > ").bind(after);
    }
    query.push(" ORDER BY serial LIMIT ").bind(&limit);
    query.all(conn).await
}

/// What got another standing in some shards after a change: revoked, held, released, or for another reason.
///
/// # Errors
/// When the database fails.
pub async fn changed_after(
    conn: &mut Conn,
    generation: CaGenerationId,
    shards: &[u32],
    change: Timestamp,
) -> Result<Vec<StandingEntry>> {
    let mut query = Sql::select::<StandingEntry>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(" AND shard IN (").bind_list(shards);
    query.push(") AND changed_at > ").bind(&change).push(" ORDER BY shard, changed_at, serial");
    query.all(conn).await
}
