//! Revocations, holds and releases: who, why, what set them off, and how far they are.

use certporter_model::Timestamp;
use certporter_model::access::Actor;
use certporter_model::certificate::RevocationKind;
use certporter_model::ids::{CertificateId, RevocationId, UserId};
use certporter_model::revocation::{Reason, Trigger};

use super::{Conn, Result, Sql, WriteTx, by_id, sql, table_row};

table_row! {
    /// A revocation, hold or release.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Revocation in "revocations" {
        /// Its id.
        pub id: RevocationId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// For good, for a while, or back.
        pub kind: RevocationKind,
        /// Why, for the CRL.
        pub reason: Reason,
        /// What set it off.
        pub trigger_kind: Trigger,
        /// Who.
        pub actor: Actor,
        /// What they said about it.
        pub explanation: Option<String>,
        /// Decided then.
        pub requested_at: Timestamp,
        /// The CA has it since then.
        pub at_ca_at: Option<Timestamp>,
        /// The first CRL with it.
        pub crl_number: Option<i64>,
        /// The CRL and OCSP answer with it since then.
        pub in_crl_at: Option<Timestamp>,
        /// Until when CRLs without it are good at the latest.
        pub crl_until: Option<Timestamp>,
        /// Until when OCSP answers without it are good at the latest.
        pub ocsp_until: Option<Timestamp>,
        /// Every device has confirmed that its copy is gone, where its channel can.
        pub removed_at: Option<Timestamp>,
        /// All of that is done.
        pub finished_at: Option<Timestamp>,
    }
}

/// A new revocation.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, revocation: &Revocation) -> Result<()> {
    super::insert(tx, revocation).await
}

/// The revocation of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: RevocationId) -> Result<Revocation> {
    by_id(conn, &id, "revocation").await
}

/// Those of a certificate, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn of_certificate(conn: &mut Conn, certificate: CertificateId) -> Result<Vec<Revocation>> {
    let mut query = Sql::select::<Revocation>();
    query.push(" WHERE certificate_id = ").bind(&certificate).push(" ORDER BY id");
    query.all(conn).await
}

/// Those that are not finished, the longest open first.
///
/// # Errors
/// When the database refuses.
pub async fn open(conn: &mut Conn, limit: u32) -> Result<Vec<Revocation>> {
    let mut query = Sql::select::<Revocation>();
    query.push(" WHERE finished_at IS NULL ORDER BY requested_at, id LIMIT ").bind(&limit);
    query.all(conn).await
}

table_row! {
    /// How many revocations, holds and releases are how far.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Counted in "revocations" {
        /// All of them.
        pub asked: i64,
        /// Those that the CA has.
        pub at_ca: i64,
        /// Those that a CRL has.
        pub in_crl: i64,
        /// Those that are gone from all devices.
        pub removed: i64,
        /// Those that are finished.
        pub finished: i64,
    }
}

/// When the first of a user's that is not finished was asked for.
///
/// # Errors
/// When the database refuses.
pub async fn first_open_of_user(conn: &mut Conn, user: UserId) -> Result<Option<Timestamp>> {
    sql!(
        "SELECT min(revocations.requested_at) FROM certificates
         JOIN revocations ON revocations.certificate_id = certificates.id
         WHERE certificates.user_id = $1 AND revocations.finished_at IS NULL",
        user
    )
    .scalar(conn)
    .await
}

/// How far those of a user are that were asked for since then.
///
/// # Errors
/// When the database refuses.
pub async fn count_of_user(conn: &mut Conn, user: UserId, since: Timestamp) -> Result<Counted> {
    let counted = sql!(
        "SELECT count(*) AS asked, count(revocations.at_ca_at) AS at_ca, count(revocations.in_crl_at) AS in_crl,
                count(revocations.removed_at) AS removed, count(revocations.finished_at) AS finished
         FROM certificates JOIN revocations ON revocations.certificate_id = certificates.id
         WHERE certificates.user_id = $1 AND revocations.requested_at >= $2",
        user,
        since
    );
    Ok(counted.optional(conn).await?.unwrap_or_default())
}
