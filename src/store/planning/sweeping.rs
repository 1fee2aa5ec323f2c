//! What a sweep reads: ranges of holders by id, and once for all of them what would be looked up again and again.

use certporter_model::assignment::HolderKind;
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::ids::{
    CertificateId, CopyId, DeviceId, EnrolmentId, ManagementCertificateId, RequestId,
};
use certporter_model::revocation::{Reason, Trigger};
use uuid::Uuid;

use super::{PlanCertificate, PlanRequest};
use crate::store::{Conn, Result, Sql, sql, table_row};

/// Holders of one kind, by id: those after the first, up to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Users or devices.
    pub kind: HolderKind,
    /// Not in it.
    pub after: Uuid,
    /// The last in it.
    pub to: Uuid,
}

/// As [`super::certificates`], for a span; why a request was cancelled is left out: see [`cancelled`].
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, span: &Span) -> Result<Vec<PlanCertificate>> {
    sql!(
        "SELECT certificates.id, certificates.request_id, certificates.profile_id, certificates.holder_kind,
                certificates.holder_id, certificates.user_id, certificates.enrolment_id, certificates.trigger_kind,
                certificates.escrow, certificates.encryption, certificates.status, certificates.standing,
                certificates.reason, certificates.held_at, certificates.reissue_asked_at, certificates.content_digest,
                certificates.not_before,
                certificates.not_after, certificates.ca_generation_id, k.id AS key_id,
                CAST(NULL AS TEXT) AS cancelled_reason, CAST(NULL AS TEXT) AS cancelled_trigger
         FROM certificates
         LEFT JOIN escrowed_keys k ON k.id = certificates.escrowed_key_id AND k.state <> 'destroyed'
         WHERE certificates.holder_kind = $1 AND certificates.holder_id > $2 AND certificates.holder_id <= $3
               AND (certificates.status <> 'revoked' OR certificates.standing IN ('current', 'predecessor')
                    OR k.id IS NOT NULL
                    OR EXISTS (SELECT 1 FROM copies c WHERE c.certificate_id = certificates.id
                               AND c.state <> 'removed'))
         ORDER BY certificates.holder_id",
        span.kind,
        span.after,
        span.to
    )
    .all(conn)
    .await
}

table_row! {
    /// A copy, without what is looked up for it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SweptCopy in "copies" {
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
        /// Where it is.
        pub state: CopyState,
        /// What it is sealed for.
        pub management_certificate_id: Option<ManagementCertificateId>,
    }
}

/// Copies of the certificates of a span.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, span: &Span) -> Result<Vec<SweptCopy>> {
    sql!(
        "SELECT copies.id, copies.certificate_id, copies.device_id, copies.enrolment_id, copies.feature, copies.state,
                copies.management_certificate_id
         FROM certificates JOIN copies ON copies.certificate_id = certificates.id
         WHERE certificates.holder_kind = $1 AND certificates.holder_id > $2 AND certificates.holder_id <= $3",
        span.kind,
        span.after,
        span.to
    )
    .all(conn)
    .await
}

/// Requests of whomever that are in flight, or cancelled with a key that is still there.
///
/// # Errors
/// When the database refuses.
pub async fn requests(conn: &mut Conn) -> Result<Vec<PlanRequest>> {
    let columns = "SELECT requests.id, requests.profile_id, requests.holder_kind, requests.holder_id, requests.user_id,
                requests.enrolment_id, requests.state, requests.content_digest, k.id AS key_id
         FROM requests LEFT JOIN escrowed_keys k ON k.id = COALESCE(requests.escrowed_key_id, requests.kept_key_id)
             AND k.state <> 'destroyed' ";
    let mut query = Sql::new(columns);
    query.push("WHERE requests.state NOT IN ('completed', 'cancelled')");
    let mut found = query.all(conn).await?;
    let mut query = Sql::new(columns);
    query.push("WHERE requests.state = 'cancelled' AND k.id IS NOT NULL AND requests.kept_key_id IS NULL");
    found.extend(query.all::<PlanRequest>(conn).await?);
    Ok(found)
}

table_row! {
    /// Why a request was cancelled.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CancelledRequest in "requests" {
        /// Which.
        pub id: RequestId,
        /// The reason.
        pub cancelled_reason: Option<Reason>,
        /// What did it.
        pub cancelled_trigger: Option<Trigger>,
    }
}

/// Every cancelled request: a certificate that came for it all the same is unwanted.
///
/// # Errors
/// When the database refuses.
pub async fn cancelled(conn: &mut Conn) -> Result<Vec<CancelledRequest>> {
    let mut query = Sql::select::<CancelledRequest>();
    query.push(" WHERE state = 'cancelled'");
    query.all(conn).await
}

table_row! {
    /// A device's state.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct StateOfDevice in "devices" {
        /// Which.
        pub id: DeviceId,
        /// Where it is in its life.
        pub state: DeviceState,
    }
}

/// The states of all devices.
///
/// # Errors
/// When the database refuses.
pub async fn states(conn: &mut Conn) -> Result<Vec<StateOfDevice>> {
    Sql::select::<StateOfDevice>().all(conn).await
}

table_row! {
    /// Which generation a management certificate is of.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ManagementGeneration in "management_certificates" {
        /// Which.
        pub id: ManagementCertificateId,
        /// Counts those of an enrolment.
        pub generation: i64,
    }
}

/// The generations of all management certificates.
///
/// # Errors
/// When the database refuses.
pub async fn generations(conn: &mut Conn) -> Result<Vec<ManagementGeneration>> {
    Sql::select::<ManagementGeneration>().all(conn).await
}
