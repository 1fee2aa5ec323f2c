//! What a sweep reads once for everybody: certificates and copies in the order in which they lie, very many to one
//! value, and what would be looked up again and again.

use std::collections::VecDeque;
use std::ops::Range;

use certporter_model::Timestamp;
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::ids::{
    CaGenerationId, CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, ManagementCertificateId,
    ProfileId, UserId,
};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use uuid::Uuid;

use super::packed::{Columns, corrupt, rows};
use super::{PlanCertificate, PlanRequest};
use crate::store::device_owners::Ownership;
use crate::store::dialect::{self, Packed};
use crate::store::{Conn, Engine, Result, Sql, table_row};

/// What is read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Certificates.
    Certificates,
    /// Copies.
    Copies,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Copies => "copies",
        }
    }
}

/// All that is to be read.
#[derive(Debug)]
pub struct Runs {
    /// In the order in which it lies.
    pub runs: VecDeque<Run>,
    /// No more certificates than this, where that is known.
    pub certificates: usize,
    /// No more copies than this, where that is known.
    pub copies: usize,
}

/// Parts of a table, to be read on one snapshot.
#[derive(Debug)]
pub struct Run {
    /// Of which.
    pub table: Table,
    parts: VecDeque<Range<i64>>,
}

impl Run {
    /// The next part.
    pub fn next_part(&mut self) -> Option<Part> {
        self.parts.pop_front().map(|place| Part { place })
    }
}

/// Rows that lie beside each other.
#[derive(Debug)]
pub struct Part {
    place: Range<i64>,
}

/// So many of SQLite's rows.
const ROWS: i64 = 1_000;
/// So many of PostgreSQL's blocks.
const BLOCKS: i64 = 100;

/// Everything that is to be read, in the order in which it lies. SQLite's rows stay where they are, so that each part
/// is read for itself, by whoever is free, and no snapshot stands for long in the way of the log's truncation;
/// PostgreSQL's rows go elsewhere when they change, so that a table is one run.
///
/// # Errors
/// When the database refuses.
pub async fn runs(conn: &mut Conn) -> Result<Runs> {
    let engine = conn.engine();
    let mut all = Runs { runs: VecDeque::new(), certificates: 0, copies: 0 };
    for table in [Table::Certificates, Table::Copies] {
        let extent = dialect::extent(conn, table.name()).await?;
        let step = if engine == Engine::Sqlite { ROWS } else { BLOCKS };
        let starts = (0..).map(|part| extent.start + part * step).take_while(|start| *start < extent.end);
        let mut parts: VecDeque<_> = starts.map(|start| start..(start + step).min(extent.end)).collect();
        if engine == Engine::Postgres {
            // Rows that have changed since may lie behind what was its end.
            if let Some(last) = parts.back_mut() {
                last.end = i64::from(u32::MAX);
            }
            all.runs.push_back(Run { table, parts });
            continue;
        }
        all.runs.extend(parts.into_iter().map(|it| Run { table, parts: [it].into() }));
        let rows = usize::try_from(extent.end - extent.start).unwrap_or_default();
        match table {
            Table::Certificates => all.certificates = rows,
            Table::Copies => all.copies = rows,
        }
    }
    Ok(all)
}

/// As [`super::certificates`], those that lie there; their requests, and why one was cancelled, are left out (see
/// [`cancelled`]), and a key is named whether it is kept or not (see [`kept_keys`]).
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, part: Part) -> Result<Vec<PlanCertificate>> {
    let engine = conn.engine();
    let mut query = Sql::new(dialect::all_as_one(engine)).in_order(engine);
    dialect::push_packed(
        &mut query,
        engine,
        &[
            Packed::Id("certificates.id"),
            Packed::Id("certificates.profile_id"),
            Packed::Id("certificates.holder_id"),
            Packed::IdOrNull("certificates.user_id"),
            Packed::IdOrNull("certificates.enrolment_id"),
            Packed::Id("certificates.ca_generation_id"),
            Packed::IdOrNull("certificates.escrowed_key_id"),
            Packed::Octets("certificates.content_digest"),
            // Nearly all are so.
            Packed::Text(
                "CASE WHEN certificates.holder_kind = 'device' AND certificates.status = 'valid'
                           AND certificates.standing = 'current' THEN 'device valid current '
                      ELSE certificates.holder_kind || ' ' || certificates.status || ' ' ||
                           certificates.standing || ' ' END ||
                 certificates.trigger_kind || ' ' || certificates.escrow ||
                 CASE WHEN certificates.encryption THEN ' encryption ' ELSE ' other ' END ||
                 certificates.not_before || ' ' || certificates.not_after ||
                 CASE WHEN certificates.reason IS NULL AND certificates.held_at IS NULL
                           AND certificates.reissue_asked_at IS NULL THEN ' - - -;'
                      ELSE ' ' || COALESCE(certificates.reason, '-') || ' ' ||
                           COALESCE(CAST(certificates.held_at AS TEXT), '-') || ' ' ||
                           COALESCE(CAST(certificates.reissue_asked_at AS TEXT), '-') || ';' END",
            ),
        ],
    );
    query.push(" AS packed FROM certificates WHERE ");
    dialect::push_lies(&mut query, engine, Table::Certificates.name(), &part.place);
    query.push(
        " AND (certificates.status <> 'revoked' OR certificates.standing IN ('current', 'predecessor')
               OR EXISTS (SELECT 1 FROM escrowed_keys k WHERE k.id = certificates.escrowed_key_id
                          AND k.state <> 'destroyed')
               OR EXISTS (SELECT 1 FROM copies c WHERE c.certificate_id = certificates.id
                          AND c.state <> 'removed'))) AS parts",
    );
    query.planned_for_values();
    each(query, conn, 7 * 16 + 32, unpack_certificate).await?.ok_or_else(|| corrupt("certificates"))
}

fn unpack_certificate(fixed: &[u8], words: &str) -> Option<PlanCertificate> {
    let (ids, digest) = fixed.split_at_checked(7 * 16)?;
    let mut words = words.split(' ');
    Some(PlanCertificate {
        id: CertificateId::from_uuid(id(ids, 0)?),
        profile_id: ProfileId::from_uuid(id(ids, 1)?),
        holder_id: id(ids, 2)?,
        user_id: id(ids, 3).map(UserId::from_uuid),
        enrolment_id: id(ids, 4).map(EnrolmentId::from_uuid),
        ca_generation_id: CaGenerationId::from_uuid(id(ids, 5)?),
        key_id: id(ids, 6).map(EscrowedKeyId::from_uuid),
        content_digest: ContentDigest::from_slice(digest).ok()?,
        holder_kind: words.next()?.parse().ok()?,
        status: words.next()?.parse().ok()?,
        standing: words.next()?.parse().ok()?,
        trigger_kind: words.next()?.parse().ok()?,
        escrow: words.next()?.parse().ok()?,
        encryption: words.next()? == "encryption",
        not_before: Timestamp::from_millis(words.next()?.parse().ok()?),
        not_after: Timestamp::from_millis(words.next()?.parse().ok()?),
        reason: optional(words.next()?)?,
        held_at: optional::<i64>(words.next()?)?.map(Timestamp::from_millis),
        reissue_asked_at: optional::<i64>(words.next()?)?.map(Timestamp::from_millis),
        request_id: None,
        cancelled_reason: None,
        cancelled_trigger: None,
    })
}

/// Runs it, and takes apart what it answers: rows of so many octets and of words up to a semicolon. None where a row is
/// none.
async fn each<T>(
    query: Sql,
    conn: &mut Conn,
    fixed: usize,
    unpack: impl Fn(&[u8], &str) -> Option<T>,
) -> Result<Option<Vec<T>>> {
    let all: Option<Vec<u8>> = query.scalar(conn).await?;
    let all = all.unwrap_or_default();
    let (mut rest, mut found) = (all.as_slice(), Vec::new());
    while !rest.is_empty() {
        let Some((octets, words, after)) = first(rest, fixed) else { return Ok(None) };
        let Some(row) = unpack(octets, words) else { return Ok(None) };
        found.push(row);
        rest = after;
    }
    Ok(Some(found))
}

/// The first row's octets and words, and the rows after it.
fn first(rows: &[u8], fixed: usize) -> Option<(&[u8], &str, &[u8])> {
    let (octets, rest) = rows.split_at_checked(fixed)?;
    let (words, after) = rest.split_at_checked(rest.iter().position(|octet| *octet == b';')?)?;
    Some((octets, std::str::from_utf8(words).ok()?, after.get(1..)?))
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

/// Copies that lie there.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, part: Part) -> Result<Vec<SweptCopy>> {
    let engine = conn.engine();
    let mut query = Sql::new(dialect::all_as_one(engine)).in_order(engine);
    dialect::push_packed(
        &mut query,
        engine,
        &[
            Packed::Id("copies.id"),
            Packed::Id("copies.certificate_id"),
            Packed::Id("copies.device_id"),
            Packed::Id("copies.enrolment_id"),
            Packed::IdOrNull("copies.management_certificate_id"),
            Packed::Text("copies.feature || ' ' || copies.state || ';'"),
        ],
    );
    query.push(" AS packed FROM copies WHERE ");
    dialect::push_lies(&mut query, engine, Table::Copies.name(), &part.place);
    query.push(") AS parts").planned_for_values();
    each(query, conn, 5 * 16, unpack_copy).await?.ok_or_else(|| corrupt("copies"))
}

fn unpack_copy(ids: &[u8], words: &str) -> Option<SweptCopy> {
    let mut words = words.split(' ');
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
    /// Why the request of a certificate was cancelled.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Cancelled in "cancelled" {
        /// Which certificate.
        pub certificate_id: CertificateId,
        /// The reason.
        pub cancelled_reason: Option<Reason>,
        /// What did it.
        pub cancelled_trigger: Option<Trigger>,
    }
}

/// Every certificate that came although its request had been cancelled.
///
/// # Errors
/// When the database refuses.
pub async fn cancelled(conn: &mut Conn) -> Result<Vec<Cancelled>> {
    let query = Sql::new(
        "SELECT certificates.id AS certificate_id, requests.cancelled_reason, requests.cancelled_trigger
         FROM requests JOIN certificates ON certificates.request_id = requests.id
         WHERE requests.state = 'cancelled'",
    );
    query.all(conn).await
}

/// The keys that the key recovery agent has.
///
/// # Errors
/// When the database refuses.
pub async fn kept_keys(conn: &mut Conn) -> Result<Vec<EscrowedKeyId>> {
    let from = |query: &mut Sql| {
        query.push(" FROM escrowed_keys WHERE state <> 'destroyed'");
    };
    let unpack = |row: &mut Columns<'_>| row.id().map(EscrowedKeyId::from_uuid);
    rows(conn, "escrowed_keys", &[Packed::Id("id")], from, unpack).await
}

/// Every ownership that ended.
///
/// # Errors
/// When the database refuses.
pub async fn former_devices(conn: &mut Conn) -> Result<Vec<Ownership>> {
    let mut query = Sql::select::<Ownership>();
    query.push(" WHERE valid_until IS NOT NULL ORDER BY valid_from");
    query.all(conn).await
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
