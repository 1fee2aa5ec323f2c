//! What holders hold: certificates that are not over, their copies, and requests in flight.

use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{
    CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, ProfileId, RequestId, Timestamp, UserId,
};
use uuid::Uuid;

use crate::store::{Conn, FromRow, Result, Sql, table_row};

table_row! {
    /// A certificate that a plan looks at.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HeldCertificate in "held" {
        /// Its id.
        pub id: CertificateId,
        /// Its profile.
        pub profile_id: ProfileId,
        /// Whose.
        pub holder_kind: HolderKind,
        /// Whose.
        pub holder_id: Uuid,
        /// Good, held or revoked.
        pub status: CertificateStatus,
        /// Its place.
        pub standing: Standing,
        /// What it was issued for.
        pub content_digest: ContentDigest,
        /// Start of its validity.
        pub not_before: Timestamp,
        /// End of its validity.
        pub not_after: Timestamp,
        /// The user, or the device's owner at the time.
        pub user_id: Option<UserId>,
        /// The device's enrolment at the time.
        pub enrolment_id: Option<EnrolmentId>,
        /// Why it was asked for.
        pub trigger_kind: Trigger,
        /// Whether its key decrypts.
        pub encryption: bool,
        /// What was said of its key.
        pub escrow: EscrowPolicy,
        /// Since when it is on hold.
        pub held_at: Option<Timestamp>,
        /// Why it is held or revoked.
        pub reason: Option<Reason>,
        /// Its key, unless that is destroyed.
        pub key_id: Option<EscrowedKeyId>,
        /// What its CA can do, as JSON.
        pub capabilities: String,
        /// Why the request that brought it was cancelled.
        pub cancelled_reason: Option<Reason>,
        /// What cancelled it.
        pub cancelled_trigger: Option<Trigger>,
    }
}

table_row! {
    /// A copy of a certificate that a plan looks at.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HeldCopy in "held_copies" {
        /// Its id.
        pub id: CopyId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// On which device.
        pub device_id: DeviceId,
        /// Under which enrolment.
        pub enrolment_id: EnrolmentId,
        /// For what.
        pub feature: Feature,
        /// How far it is.
        pub state: CopyState,
        /// The generation of the management certificate that it is sealed for.
        pub generation: Option<i64>,
        /// The device's state.
        pub device_state: DeviceState,
    }
}

table_row! {
    /// A request that a plan looks at.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HeldRequest in "held_requests" {
        /// Its id.
        pub id: RequestId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// For whom.
        pub holder_kind: HolderKind,
        /// For whom.
        pub holder_id: Uuid,
        /// How far it is.
        pub state: RequestState,
        /// What it asks for.
        pub content_digest: ContentDigest,
        /// The user, or the device's owner at the time.
        pub user_id: Option<UserId>,
        /// The device's enrolment at the time.
        pub enrolment_id: Option<EnrolmentId>,
        /// Its key, unless that is destroyed.
        pub key_id: Option<EscrowedKeyId>,
    }
}

const CERTIFICATES: &str = "SELECT c.id, c.profile_id, c.holder_kind, c.holder_id, c.status, c.standing,
        c.content_digest, c.not_before, c.not_after, c.user_id, c.enrolment_id, c.trigger_kind, c.encryption,
        c.escrow, c.held_at, c.reason, k.id AS key_id, cas.capabilities, r.cancelled_reason, r.cancelled_trigger
    FROM certificates c
    JOIN ca_generations g ON g.id = c.ca_generation_id
    JOIN cas ON cas.id = g.ca_id
    LEFT JOIN escrowed_keys k ON k.id = c.escrowed_key_id AND k.state <> 'destroyed'
    LEFT JOIN requests r ON r.id = c.request_id AND r.state = 'cancelled'
    WHERE (c.standing IN ('current', 'predecessor') OR c.status <> 'revoked' OR k.id IS NOT NULL
           OR EXISTS (SELECT 1 FROM copies o WHERE o.certificate_id = c.id AND o.state <> 'removed'))
      AND c.holder_kind = ";

const COPIES: &str = "SELECT o.id, o.certificate_id, o.device_id, o.enrolment_id, o.feature, o.state,
        m.generation, d.state AS device_state
    FROM copies o
    JOIN certificates c ON c.id = o.certificate_id
    JOIN devices d ON d.id = o.device_id
    LEFT JOIN management_certificates m ON m.id = o.management_certificate_id
    WHERE c.holder_kind = ";

const REQUESTS: &str = "SELECT r.id, r.profile_id, r.holder_kind, r.holder_id, r.state, r.content_digest,
        r.user_id, r.enrolment_id, k.id AS key_id
    FROM requests r
    LEFT JOIN escrowed_keys k ON k.id = COALESCE(r.escrowed_key_id, r.kept_key_id) AND k.state <> 'destroyed'
    WHERE (r.state NOT IN ('completed', 'cancelled')
           OR (r.state = 'cancelled' AND k.id IS NOT NULL AND r.kept_key_id IS NULL))
      AND r.holder_kind = ";

async fn of<T: FromRow>(
    conn: &mut Conn,
    with: &'static str,
    select: &'static str,
    holder: &'static str,
    (kind, ids): (HolderKind, &[Uuid]),
) -> Result<Vec<T>> {
    let mut query = Sql::new("WITH ");
    query.push(with).push(" AS (").push(select).bind(&kind);
    query.push(" AND ").push(holder).push(" IN (").bind_list(ids).push(")) SELECT ").push(T::columns());
    query.push(" FROM ").push(with).push(" ORDER BY id");
    query.all(conn).await
}

/// Certificates of these holders that are not over: in use or waiting, not revoked, with a key, or with copies that
/// are not known to be gone.
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, kind: HolderKind, ids: &[Uuid]) -> Result<Vec<HeldCertificate>> {
    of(conn, "held", CERTIFICATES, "c.holder_id", (kind, ids)).await
}

/// Copies of certificates of these holders.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, kind: HolderKind, ids: &[Uuid]) -> Result<Vec<HeldCopy>> {
    of(conn, "held_copies", COPIES, "c.holder_id", (kind, ids)).await
}

/// Requests in flight for these holders, and cancelled ones whose key is still there.
///
/// # Errors
/// When the database refuses.
pub async fn requests(conn: &mut Conn, kind: HolderKind, ids: &[Uuid]) -> Result<Vec<HeldRequest>> {
    of(conn, "held_requests", REQUESTS, "r.holder_id", (kind, ids)).await
}

/// How many certificates are alive in all: what a large plan is measured by.
///
/// # Errors
/// When the database refuses.
pub async fn count_alive(conn: &mut Conn, now: Timestamp) -> Result<u64> {
    crate::store::sql!("SELECT count(*) FROM certificates WHERE status <> 'revoked' AND not_after > $1", now)
        .scalar(conn)
        .await
}
