//! Revocations, holds and releases on their way to the CA, the CRL and the devices.

use certporter_model::access::Actor;
use certporter_model::certificate::RevocationKind;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CaGenerationId, CaId, CertificateId, RevocationId, Timestamp};

use crate::store::{Conn, Result, Sql, StoreError, WriteTx, sql, table_row};

table_row! {
    /// A revocation, hold or release in work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RevocationInWork in "revocations" {
        /// Its id.
        pub id: RevocationId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// For good, on hold, off hold.
        pub kind: RevocationKind,
        /// Why.
        pub reason: Reason,
        /// What set it off.
        pub trigger_kind: Trigger,
        /// Since when it counts.
        pub requested_at: Timestamp,
        /// When the CA had it.
        pub at_ca_at: Option<Timestamp>,
        /// When the CRL had it.
        pub in_crl_at: Option<Timestamp>,
        /// When no device had a copy any more.
        pub removed_at: Option<Timestamp>,
        /// When all of that was so.
        pub finished_at: Option<Timestamp>,
    }
}

/// A revocation, hold or release that is to be.
#[derive(Debug, Clone)]
pub struct NewRevocation {
    /// Its id.
    pub id: RevocationId,
    /// Of which certificate.
    pub certificate: CertificateId,
    /// For good, on hold, off hold.
    pub kind: RevocationKind,
    /// Why.
    pub reason: Reason,
    /// What set it off.
    pub trigger: Trigger,
    /// What somebody said about it.
    pub explanation: Option<String>,
}

/// Records it, with the transaction's actor as the one who wants it.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, new: &NewRevocation, now: Timestamp) -> Result<()> {
    let actor: &Actor = tx.permit().actor();
    let actor = serde_json::to_string(actor).map_err(|error| StoreError::Other(error.to_string()))?;
    sql!(
        "INSERT INTO revocations (id, certificate_id, kind, reason, trigger_kind, actor, explanation, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id,
        new.certificate,
        new.kind,
        new.reason,
        new.trigger,
        actor,
        new.explanation,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The certificate's latest one, if the CA doesn't have it yet.
///
/// # Errors
/// When the database refuses.
pub async fn latest_open(conn: &mut Conn, certificate: CertificateId) -> Result<Option<RevocationInWork>> {
    let mut query = Sql::select::<RevocationInWork>();
    query.push(" WHERE certificate_id = ").bind(&certificate).push(" ORDER BY id DESC LIMIT 1");
    let latest: Option<RevocationInWork> = query.optional(conn).await?;
    Ok(latest.filter(|it| it.at_ca_at.is_none()))
}

/// The CA has it, and with it whatever was asked for the same certificate before. `ocsp_until`: until when answers
/// that were given before are good, where OCSP answers for the CA.
///
/// # Errors
/// When the database refuses.
pub async fn at_ca(
    tx: &mut WriteTx,
    certificate: CertificateId,
    latest: RevocationId,
    now: Timestamp,
    ocsp_until: Option<Timestamp>,
) -> Result<bool> {
    let changed = sql!(
        "UPDATE revocations SET at_ca_at = $3, ocsp_until = $4
         WHERE certificate_id = $1 AND id <= $2 AND at_ca_at IS NULL",
        certificate,
        latest,
        now,
        ocsp_until
    );
    Ok(changed.execute(tx).await? > 0)
}

/// Those that the CA has and its CRL, as far as is known, doesn't yet.
///
/// # Errors
/// When the database refuses.
pub async fn awaiting_crl(conn: &mut Conn, ca: CaId) -> Result<Vec<RevocationInWork>> {
    let mut query = Sql::select::<RevocationInWork>();
    query.push(
        " JOIN certificates ON certificates.id = revocations.certificate_id
          JOIN ca_generations ON ca_generations.id = certificates.ca_generation_id
          WHERE revocations.finished_at IS NULL AND revocations.at_ca_at IS NOT NULL
            AND revocations.in_crl_at IS NULL AND ca_generations.ca_id = ",
    );
    query.bind(&ca).push(" ORDER BY revocations.id");
    query.all(conn).await
}

table_row! {
    /// A CRL that has every change that the CA has recorded.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CompleteCrl in "crls" {
        /// Its number.
        pub number: i64,
        /// Until when those before it are good at the latest; none when there were none.
        pub earlier_until: Option<Timestamp>,
    }
}

/// The generation's newest CRL, if it has every change that the CA has recorded.
///
/// # Errors
/// When the database refuses.
pub async fn complete_crl(conn: &mut Conn, generation: CaGenerationId) -> Result<Option<CompleteCrl>> {
    let mut query = Sql::select::<CompleteCrl>();
    query.push(" WHERE ca_generation_id = ").bind(&generation).push(
        " AND shard = 0
          AND created_at >= (SELECT changed_at FROM crl_numbers
                             WHERE crl_numbers.ca_generation_id = crls.ca_generation_id AND crl_numbers.shard = 0)
          ORDER BY number DESC LIMIT 1",
    );
    query.optional(conn).await
}

/// The generation's first CRL with this number or a later one: of a CA that publishes by itself.
///
/// # Errors
/// When the database refuses.
pub async fn crl_numbered(
    conn: &mut Conn,
    generation: CaGenerationId,
    number: i64,
) -> Result<Option<CompleteCrl>> {
    let mut query = Sql::select::<CompleteCrl>();
    query.push(" WHERE ca_generation_id = ").bind(&generation);
    query.push(" AND shard = 0 AND number >= ").bind(&number).push(" ORDER BY number LIMIT 1");
    query.optional(conn).await
}

/// A published CRL has it.
///
/// # Errors
/// When the database refuses.
pub async fn in_crl(tx: &mut WriteTx, id: RevocationId, crl: CompleteCrl, now: Timestamp) -> Result<bool> {
    let changed = sql!(
        "UPDATE revocations SET in_crl_at = $2, crl_number = $3, crl_until = $4
         WHERE id = $1 AND in_crl_at IS NULL",
        id,
        now,
        crl.number,
        crl.earlier_until.unwrap_or(now)
    );
    Ok(changed.execute(tx).await? == 1)
}

/// Notes for the certificate's open revocations whether devices still have it, and finishes those that the CA, the
/// CRL and the devices have followed. A release needs no removal.
///
/// # Errors
/// When the database refuses.
pub async fn settle(tx: &mut WriteTx, certificate: CertificateId, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE revocations SET removed_at = $2
         WHERE certificate_id = $1 AND removed_at IS NULL AND finished_at IS NULL
           AND (kind = 'release' OR NOT EXISTS (SELECT 1 FROM copies WHERE copies.certificate_id = $1
                                                AND copies.state NOT IN ('removed', 'pending', 'handed_out')))",
        certificate,
        now
    )
    .execute(tx)
    .await?;
    sql!(
        "UPDATE revocations SET finished_at = $2
         WHERE certificate_id = $1 AND finished_at IS NULL AND at_ca_at IS NOT NULL AND in_crl_at IS NOT NULL
           AND removed_at IS NOT NULL",
        certificate,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
