//! Revocations, holds and releases: who, why, what set them off, and how far they are.

use certporter_model::Timestamp;
use certporter_model::access::Actor;
use certporter_model::certificate::RevocationKind;
use certporter_model::ids::{CertificateId, RevocationId};
use certporter_model::revocation::{Reason, Trigger};

use super::{Conn, Result, Sql, WriteTx, by_id, table_row};

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
