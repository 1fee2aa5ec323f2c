//! Revocations, holds and releases on their way to the CA, the CRL and the devices. Very many go that way together, so
//! each step takes a list.

use std::collections::{HashMap, HashSet};

use certporter_model::access::Actor;
use certporter_model::certificate::RevocationKind;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CaGenerationId, CertificateId, RevocationId, Timestamp};

use crate::store::{Conn, IN_A_LIST, Result, Sql, StoreError, WriteTx, dialect, table_row};

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

/// Rows of one statement.
const ROWS: usize = 500;

/// Records them, with the transaction's actor as the one who wants them.
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(tx: &mut WriteTx, all: &[NewRevocation], now: Timestamp) -> Result<()> {
    let actor: &Actor = tx.permit().actor();
    let actor = serde_json::to_string(actor).map_err(|error| StoreError::Other(error.to_string()))?;
    for chunk in all.chunks(ROWS) {
        let start = "INSERT INTO revocations (id, certificate_id, kind, reason, trigger_kind, actor, explanation, \
                     requested_at) VALUES ";
        let mut query = Sql::new(start).in_order(tx.engine());
        for (index, new) in chunk.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&new.id).push(", ").bind(&new.certificate).push(", ").bind(&new.kind).push(", ");
            query.bind(&new.reason).push(", ").bind(&new.trigger).push(", ").bind(&actor).push(", ");
            query.bind(&new.explanation).push(", ").bind(&now).push(")");
        }
        query.execute(tx).await?;
    }
    Ok(())
}

/// The latest of each certificate, if the CA doesn't have it yet. Locked, so that nobody else makes orders of them at the
/// same time.
///
/// # Errors
/// When the database refuses.
pub async fn latest_open(
    tx: &mut WriteTx,
    certificates: &[CertificateId],
) -> Result<HashMap<CertificateId, RevocationInWork>> {
    let mut latest = HashMap::with_capacity(certificates.len());
    for chunk in certificates.chunks(IN_A_LIST) {
        let engine = tx.engine();
        let mut query = Sql::select::<RevocationInWork>().in_order(engine);
        query.push(" WHERE certificate_id IN (").bind_list(chunk).push(") ORDER BY id");
        query.push(dialect::for_update(engine));
        let found: Vec<RevocationInWork> = query.all(tx).await?;
        latest.extend(found.into_iter().map(|it| (it.certificate_id, it)));
    }
    latest.retain(|_, it| it.at_ca_at.is_none());
    Ok(latest)
}

/// The CA has them, and with each whatever was asked for the same certificate before. `ocsp_until`: until when answers
/// that were given before are good, where OCSP answers for the CA. Answers the certificates of which that is news.
///
/// # Errors
/// When the database refuses.
pub async fn at_ca(
    tx: &mut WriteTx,
    latest: &[(CertificateId, RevocationId)],
    now: Timestamp,
    ocsp_until: Option<Timestamp>,
) -> Result<HashSet<CertificateId>> {
    let mut news = HashSet::with_capacity(latest.len());
    for chunk in latest.chunks(IN_A_LIST) {
        let brought: HashMap<CertificateId, RevocationId> = chunk.iter().copied().collect();
        let engine = tx.engine();
        let mut query = Sql::select::<RevocationInWork>().in_order(engine);
        query.push(" WHERE at_ca_at IS NULL AND certificate_id IN (").bind_list(brought.keys());
        query.push(") ORDER BY id").push(dialect::for_update(engine));
        let mut open: Vec<RevocationInWork> = query.all(tx).await?;
        open.retain(|it| brought.get(&it.certificate_id).is_some_and(|latest| it.id <= *latest));
        let mut query = Sql::new("UPDATE revocations SET at_ca_at = ").in_order(engine);
        query.bind(&now).push(", ocsp_until = ").bind(&ocsp_until);
        query.push(" WHERE id IN (").bind_list(open.iter().map(|it| &it.id)).push(")");
        query.execute(tx).await?;
        news.extend(open.into_iter().map(|it| it.certificate_id));
    }
    Ok(news)
}

table_row! {
    /// A revocation, hold or release that waits for the CRL.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct AwaitingCrl in "revocations" {
        /// Its id.
        pub id: RevocationId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
    }
}

/// Those that their CA has and its CRL, as far as is known, doesn't yet: of every CA, since to look up of which they are
/// would take many times as long.
///
/// # Errors
/// When the database refuses.
pub async fn awaiting_crl(conn: &mut Conn) -> Result<Vec<AwaitingCrl>> {
    let mut query = Sql::select::<AwaitingCrl>();
    query.push(" WHERE finished_at IS NULL AND at_ca_at IS NOT NULL AND in_crl_at IS NULL ORDER BY id");
    query.all(conn).await
}

table_row! {
    /// A CRL that has a change that the CA has recorded.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub struct CompleteCrl in "crls" {
        /// Its number.
        pub number: i64,
        /// Until when those before it are good at the latest; none when there were none.
        pub earlier_until: Option<Timestamp>,
    }
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

/// A published CRL has them. Answers those of which that is news.
///
/// # Errors
/// When the database refuses.
pub async fn in_crl(
    tx: &mut WriteTx,
    ids: &[RevocationId],
    crl: CompleteCrl,
    now: Timestamp,
) -> Result<HashSet<RevocationId>> {
    let mut news = HashSet::with_capacity(ids.len());
    for chunk in ids.chunks(IN_A_LIST) {
        let mut query = Sql::new("UPDATE revocations SET in_crl_at = ").in_order(tx.engine());
        query.bind(&now).push(", crl_number = ").bind(&crl.number).push(", crl_until = ");
        query.bind(&crl.earlier_until.unwrap_or(now)).push(" WHERE in_crl_at IS NULL AND id IN (");
        query.bind_list(chunk).push(") RETURNING id");
        news.extend(query.scalars::<RevocationId>(tx).await?);
    }
    Ok(news)
}

/// Notes for the certificates' open revocations whether devices still have them, and finishes those that the CA, the
/// CRL and the devices have followed. A release needs no removal.
///
/// # Errors
/// When the database refuses.
pub async fn settle(tx: &mut WriteTx, certificates: &[CertificateId], now: Timestamp) -> Result<()> {
    for chunk in certificates.chunks(IN_A_LIST) {
        let mut query = Sql::new("UPDATE revocations SET removed_at = ").in_order(tx.engine());
        query.bind(&now).push(" WHERE certificate_id IN (").bind_list(chunk);
        query.push(
            ") AND removed_at IS NULL AND finished_at IS NULL
               AND (kind = 'release' OR NOT EXISTS (SELECT 1 FROM copies
                    WHERE copies.certificate_id = revocations.certificate_id
                      AND copies.state NOT IN ('removed', 'pending', 'handed_out')))",
        );
        query.execute(tx).await?;
        let mut query = Sql::new("UPDATE revocations SET finished_at = ").in_order(tx.engine());
        query.bind(&now).push(" WHERE certificate_id IN (").bind_list(chunk);
        query.push(
            ") AND finished_at IS NULL AND at_ca_at IS NOT NULL AND in_crl_at IS NOT NULL
               AND removed_at IS NOT NULL",
        );
        query.execute(tx).await?;
    }
    Ok(())
}
