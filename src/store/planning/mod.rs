//! What a plan is made from, in narrow rows: for some holders, or for all of them in a sweep.

use certporter_model::assignment::{HolderKind, MemberKind};
use certporter_model::ids::{CertificateId, DeviceId, UserId};
use uuid::Uuid;

use super::custom_attributes::{self, CustomAttribute};
use super::{Conn, Result, Sql};

pub mod changes;
mod packed;
pub mod people;
pub mod reached;
mod rows;
pub mod sweeping;
pub mod swept_people;
mod waves;

pub use waves::{Replacing, replacing, replans_wait};

pub use rows::{PlanCertificate, PlanCopy, PlanDevice, PlanMembership, PlanRequest, PlanUser};

/// Whom a plan is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holders {
    /// Everybody.
    All,
    /// These devices, and these users. For a device that is in question, name its owner too; for a user, all devices.
    Some {
        /// Sorted.
        devices: Vec<DeviceId>,
        /// Sorted.
        users: Vec<UserId>,
    },
}

/// So many ids in a list of one statement.
const CHUNK: usize = 1_000;

/// Users, by id.
///
/// # Errors
/// When the database refuses.
pub async fn users(conn: &mut Conn, of: &Holders) -> Result<Vec<PlanUser>> {
    match of {
        Holders::All => by_ids::<PlanUser, UserId>(conn, Sql::select::<PlanUser>, "users.id", None).await,
        Holders::Some { users, .. } => by_ids(conn, Sql::select::<PlanUser>, "users.id", Some(users)).await,
    }
}

/// Devices, by id.
///
/// # Errors
/// When the database refuses.
pub async fn devices(conn: &mut Conn, of: &Holders) -> Result<Vec<PlanDevice>> {
    // Enrolments sort by their ids as they began; the last one counts, ended or not.
    let start = || {
        Sql::new(
            "SELECT devices.id, devices.state, devices.platform, devices.owner_id, devices.last_contact_at,
                    devices.name, devices.serial_number, devices.imei, devices.meid, devices.wifi_mac, devices.fqdn,
                    e.id AS enrolment_id,
                    (SELECT max(m.generation) FROM management_certificates m WHERE m.enrolment_id = e.id)
                        AS management_generation,
                    (e.staff_issued_code AND e.confirmed_at IS NULL) AS unconfirmed
             FROM devices LEFT JOIN enrolments e ON e.device_id = devices.id AND NOT EXISTS
                 (SELECT 1 FROM enrolments later WHERE later.device_id = e.device_id AND later.id > e.id)",
        )
    };
    match of {
        Holders::All => by_ids::<PlanDevice, DeviceId>(conn, start, "devices.id", None).await,
        Holders::Some { devices, .. } => by_ids(conn, start, "devices.id", Some(devices)).await,
    }
}

/// Memberships of that kind of member, ended ones included, by member. Of groups, always all.
///
/// # Errors
/// When the database refuses.
pub async fn memberships(conn: &mut Conn, kind: MemberKind, of: &Holders) -> Result<Vec<PlanMembership>> {
    let members: Option<Vec<Uuid>> = match (of, kind) {
        (Holders::All, _) | (_, MemberKind::Group) => None,
        (Holders::Some { users, .. }, MemberKind::User) => {
            Some(users.iter().map(|id| id.as_uuid()).collect())
        }
        (Holders::Some { devices, .. }, MemberKind::Device) => {
            Some(devices.iter().map(|id| id.as_uuid()).collect())
        }
    };
    let mut found = Vec::new();
    for chunk in chunks(members.as_deref()) {
        let mut query = Sql::select::<PlanMembership>().in_order(conn.engine());
        query.push(" WHERE member_kind = ").bind(&kind);
        if let Some(ids) = chunk {
            query.push(" AND member_id IN (").bind_list(ids).push(")");
        }
        query.push(" ORDER BY member_id, group_id");
        found.extend(query.all::<PlanMembership>(conn).await?);
    }
    Ok(found)
}

/// Custom attributes of users or devices.
///
/// # Errors
/// When the database refuses.
pub async fn attributes(conn: &mut Conn, kind: HolderKind, of: &Holders) -> Result<Vec<CustomAttribute>> {
    let Some(owners) = plain(of, kind) else { return custom_attributes::all(conn, kind).await };
    let mut found = Vec::new();
    for ids in owners.chunks(CHUNK) {
        found.extend(custom_attributes::of(conn, kind, ids).await?);
    }
    Ok(found)
}

/// Certificates of these holders, by holder and id. Revoked ones whose copies and keys are gone have no consequences any
/// more, and are left out.
///
/// # Errors
/// When the database refuses.
pub async fn certificates(conn: &mut Conn, of: &Holders) -> Result<Vec<PlanCertificate>> {
    let start = || {
        Sql::new(
            "SELECT certificates.id, certificates.request_id, certificates.profile_id, certificates.holder_kind,
                    certificates.holder_id, certificates.user_id, certificates.enrolment_id,
                    certificates.trigger_kind, certificates.escrow, certificates.encryption, certificates.status,
                    certificates.standing, certificates.reason, certificates.held_at,
                    certificates.reissue_asked_at, certificates.content_digest,
                    certificates.not_before, certificates.not_after, certificates.ca_generation_id, k.id AS key_id,
                    r.cancelled_reason, r.cancelled_trigger
             FROM certificates
             LEFT JOIN escrowed_keys k ON k.id = certificates.escrowed_key_id AND k.state <> 'destroyed'
             LEFT JOIN requests r ON r.id = certificates.request_id AND r.state = 'cancelled'
             WHERE (certificates.status <> 'revoked' OR certificates.standing IN ('current', 'predecessor')
                    OR k.id IS NOT NULL
                    OR EXISTS (SELECT 1 FROM copies c WHERE c.certificate_id = certificates.id
                               AND c.state <> 'removed'))",
        )
    };
    of_holders(conn, start, "certificates.holder_kind", "certificates.holder_id", of).await
}

/// Requests of these holders that are in flight, or cancelled with a key that is still there.
///
/// # Errors
/// When the database refuses.
pub async fn requests(conn: &mut Conn, of: &Holders) -> Result<Vec<PlanRequest>> {
    let start = || {
        Sql::new(
            "SELECT requests.id, requests.profile_id, requests.holder_kind, requests.holder_id, requests.user_id,
                    requests.enrolment_id, requests.state, requests.content_digest, k.id AS key_id
             FROM requests
             LEFT JOIN escrowed_keys k ON k.id = COALESCE(requests.escrowed_key_id, requests.kept_key_id)
                 AND k.state <> 'destroyed'
             WHERE (requests.state NOT IN ('completed', 'cancelled')
                    OR (requests.state = 'cancelled' AND k.id IS NOT NULL AND requests.kept_key_id IS NULL))",
        )
    };
    of_holders(conn, start, "requests.holder_kind", "requests.holder_id", of).await
}

/// Copies of these certificates, or all.
///
/// # Errors
/// When the database refuses.
pub async fn copies(conn: &mut Conn, of: Option<&[CertificateId]>) -> Result<Vec<PlanCopy>> {
    let start = || {
        Sql::new(
            "SELECT copies.id, copies.certificate_id, copies.device_id, copies.enrolment_id, copies.feature,
                    copies.state, m.generation AS sealed_for, d.state AS device_state
             FROM copies JOIN devices d ON d.id = copies.device_id
             LEFT JOIN management_certificates m ON m.id = copies.management_certificate_id",
        )
    };
    by_ids(conn, start, "copies.certificate_id", of).await
}

/// Rows for some ids or all, in the order of the ids.
async fn by_ids<T: super::FromRow, I: super::sql::Bind>(
    conn: &mut Conn,
    start: impl Fn() -> Sql,
    column: &'static str,
    ids: Option<&[I]>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for chunk in chunks(ids) {
        let mut query = start().in_order(conn.engine());
        if let Some(ids) = chunk {
            query.push(" WHERE ").push(column).push(" IN (").bind_list(ids).push(")");
        }
        query.push(" ORDER BY ").push(column);
        found.extend(query.all(conn).await?);
    }
    Ok(found)
}

async fn of_holders<T: super::FromRow>(
    conn: &mut Conn,
    start: impl Fn() -> Sql,
    kind_column: &'static str,
    id_column: &'static str,
    of: &Holders,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for &kind in HolderKind::ALL {
        let holders = plain(of, kind);
        for chunk in chunks(holders.as_deref()) {
            let mut query = start().in_order(conn.engine());
            query.push(" AND ").push(kind_column).push(" = ").bind(&kind);
            if let Some(ids) = chunk {
                query.push(" AND ").push(id_column).push(" IN (").bind_list(ids).push(")");
            }
            query.push(" ORDER BY ").push(id_column);
            found.extend(query.all(conn).await?);
        }
    }
    Ok(found)
}

fn plain(of: &Holders, kind: HolderKind) -> Option<Vec<Uuid>> {
    match (of, kind) {
        (Holders::All, _) => None,
        (Holders::Some { users, .. }, HolderKind::User) => {
            Some(users.iter().map(|id| id.as_uuid()).collect())
        }
        (Holders::Some { devices, .. }, HolderKind::Device) => {
            Some(devices.iter().map(|id| id.as_uuid()).collect())
        }
    }
}

/// All at once, or some at a time.
fn chunks<I>(ids: Option<&[I]>) -> Vec<Option<&[I]>> {
    match ids {
        None => vec![None],
        Some(ids) => ids.chunks(CHUNK).map(Some).collect(),
    }
}
