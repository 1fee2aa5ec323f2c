//! What a sweep reads: some holders at a time, in rows of few values, and once for all of them what would be looked up
//! again and again.

use certporter_model::Timestamp;
use certporter_model::assignment::HolderKind;
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::ids::{
    CaGenerationId, CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, ManagementCertificateId,
    ProfileId, RequestId, UserId,
};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use uuid::Uuid;

use super::{PlanCertificate, PlanRequest};
use crate::store::dialect::{self, Packed};
use crate::store::{Conn, IN_A_LIST, Result, Sql, StoreError, table_row};

table_row! {
    /// A certificate, packed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PackedCertificate in "certificates" {
        /// Its ids, its digest, and words.
        pub packed: Vec<u8>,
        /// Start of its validity.
        pub not_before: Timestamp,
        /// End of its validity.
        pub not_after: Timestamp,
        /// What few have, as words.
        pub rare: Option<String>,
    }
}

/// As [`super::certificates`], for holders of one kind; why a request was cancelled is left out: see [`cancelled`].
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, kind: HolderKind, of: &[Uuid]) -> Result<Vec<PlanCertificate>> {
    let engine = conn.engine();
    let mut found = Vec::new();
    for ids in of.chunks(IN_A_LIST) {
        let mut query = Sql::new("SELECT ").in_order(engine);
        dialect::push_packed(
            &mut query,
            engine,
            &[
                Packed::Id("certificates.id"),
                Packed::Id("certificates.request_id"),
                Packed::Id("certificates.profile_id"),
                Packed::Id("certificates.holder_id"),
                Packed::Id("certificates.user_id"),
                Packed::Id("certificates.enrolment_id"),
                Packed::Id("certificates.ca_generation_id"),
                Packed::Id("k.id"),
                Packed::Octets("certificates.content_digest"),
                Packed::Text(
                    "certificates.trigger_kind || ' ' || certificates.escrow || ' ' || certificates.status || ' ' ||
                     certificates.standing || CASE WHEN certificates.encryption THEN ' encryption' ELSE ' other' END",
                ),
            ],
        );
        query.push(
            " AS packed, certificates.not_before, certificates.not_after,
             CASE WHEN certificates.reason IS NULL AND certificates.held_at IS NULL
                       AND certificates.reissue_asked_at IS NULL THEN NULL
                  ELSE COALESCE(certificates.reason, '-') || ' ' ||
                       COALESCE(CAST(certificates.held_at AS TEXT), '-') || ' ' ||
                       COALESCE(CAST(certificates.reissue_asked_at AS TEXT), '-') END AS rare
             FROM certificates
             LEFT JOIN escrowed_keys k ON k.id = certificates.escrowed_key_id AND k.state <> 'destroyed'
             WHERE certificates.holder_kind = ",
        );
        query.bind(&kind).push(" AND certificates.holder_id IN (").bind_list(ids);
        query.push(
            ") AND (certificates.status <> 'revoked' OR certificates.standing IN ('current', 'predecessor')
                    OR k.id IS NOT NULL
                    OR EXISTS (SELECT 1 FROM copies c WHERE c.certificate_id = certificates.id
                               AND c.state <> 'removed'))",
        );
        for row in query.all::<PackedCertificate>(conn).await? {
            found.push(unpack_certificate(kind, &row).ok_or_else(|| corrupt("certificates"))?);
        }
    }
    Ok(found)
}

fn unpack_certificate(kind: HolderKind, row: &PackedCertificate) -> Option<PlanCertificate> {
    let (ids, rest) = row.packed.split_at_checked(8 * 16)?;
    let (digest, words) = rest.split_at_checked(32)?;
    let mut words = std::str::from_utf8(words).ok()?.split(' ');
    let mut rare = row.rare.as_deref().unwrap_or("- - -").split(' ');
    Some(PlanCertificate {
        id: CertificateId::from_uuid(id(ids, 0)?),
        request_id: id(ids, 1).map(RequestId::from_uuid),
        profile_id: ProfileId::from_uuid(id(ids, 2)?),
        holder_kind: kind,
        holder_id: id(ids, 3)?,
        user_id: id(ids, 4).map(UserId::from_uuid),
        enrolment_id: id(ids, 5).map(EnrolmentId::from_uuid),
        ca_generation_id: CaGenerationId::from_uuid(id(ids, 6)?),
        key_id: id(ids, 7).map(EscrowedKeyId::from_uuid),
        content_digest: ContentDigest::from_slice(digest).ok()?,
        trigger_kind: words.next()?.parse().ok()?,
        escrow: words.next()?.parse().ok()?,
        status: words.next()?.parse().ok()?,
        standing: words.next()?.parse().ok()?,
        encryption: words.next()? == "encryption",
        reason: optional(rare.next()?)?,
        held_at: optional::<i64>(rare.next()?)?.map(Timestamp::from_millis),
        reissue_asked_at: optional::<i64>(rare.next()?)?.map(Timestamp::from_millis),
        not_before: row.not_before,
        not_after: row.not_after,
        cancelled_reason: None,
        cancelled_trigger: None,
    })
}

/// The id at a place; none where it is null.
fn id(octets: &[u8], place: usize) -> Option<Uuid> {
    let id = Uuid::from_slice(octets.get(place * 16..place * 16 + 16)?).ok()?;
    (!id.is_nil()).then_some(id)
}

/// What a word says, or that it says nothing; nothing at all where it is wrong.
fn optional<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "-" { Some(None) } else { word.parse().ok().map(Some) }
}

fn corrupt(table: &'static str) -> StoreError {
    let reason = "has a value that is none of its column's".to_owned();
    StoreError::Corrupt { table, column: "packed", reason }
}

/// A copy, without what is looked up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptCopy {
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

/// Copies of these certificates.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, of: &[CertificateId]) -> Result<Vec<SweptCopy>> {
    let engine = conn.engine();
    let mut found = Vec::new();
    for ids in of.chunks(IN_A_LIST) {
        let mut query = Sql::new("SELECT ").in_order(engine);
        dialect::push_packed(
            &mut query,
            engine,
            &[
                Packed::Id("copies.id"),
                Packed::Id("copies.certificate_id"),
                Packed::Id("copies.device_id"),
                Packed::Id("copies.enrolment_id"),
                Packed::Id("copies.management_certificate_id"),
                Packed::Text("copies.feature || ' ' || copies.state"),
            ],
        );
        query.push(" AS packed FROM copies WHERE copies.certificate_id IN (").bind_list(ids).push(")");
        for packed in query.scalars::<Vec<u8>>(conn).await? {
            found.push(unpack_copy(&packed).ok_or_else(|| corrupt("copies"))?);
        }
    }
    Ok(found)
}

fn unpack_copy(packed: &[u8]) -> Option<SweptCopy> {
    let (ids, words) = packed.split_at_checked(5 * 16)?;
    let mut words = std::str::from_utf8(words).ok()?.split(' ');
    Some(SweptCopy {
        id: CopyId::from_uuid(id(ids, 0)?),
        certificate_id: CertificateId::from_uuid(id(ids, 1)?),
        device_id: DeviceId::from_uuid(id(ids, 2)?),
        enrolment_id: EnrolmentId::from_uuid(id(ids, 3)?),
        management_certificate_id: id(ids, 4).map(ManagementCertificateId::from_uuid),
        feature: words.next()?.parse().ok()?,
        state: words.next()?.parse().ok()?,
    })
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

/// Reads every row that a sweep depends on, and answers how many there are and how long their words: as much as a sweep
/// can't do without, for those who measure it.
///
/// # Errors
/// When the database refuses.
pub async fn read_everything(conn: &mut Conn) -> Result<i64> {
    let mut sum = 0;
    for table in [
        "SELECT COALESCE(sum(1 + length(status) + length(content_digest)), 0) FROM certificates",
        "SELECT COALESCE(sum(1 + length(state)), 0) FROM copies",
        "SELECT COALESCE(sum(1 + length(state)), 0) FROM users",
        "SELECT COALESCE(sum(1 + length(state)), 0) FROM devices",
        "SELECT COALESCE(sum(1 + length(state)), 0) FROM enrolments",
        "SELECT COALESCE(sum(1 + length(source)), 0) FROM memberships",
        "SELECT COALESCE(sum(1 + length(value)), 0) FROM custom_attributes",
    ] {
        sum += Sql::new(table).scalar::<i64>(conn).await?;
    }
    Ok(sum)
}
