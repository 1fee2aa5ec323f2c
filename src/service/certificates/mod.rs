//! Certificates: searched, read, downloaded without their keys, revoked, reissued.

mod actions;
mod download;
mod view;

use certporter_model::access::{Caller, Permit, Role};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::revocation::Reason;
use certporter_model::subject_alternative_name::SanText;
use certporter_model::{CertificateId, DeviceId, ProfileId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use actions::{reissue, revoke};
pub use download::download;
pub use view::{
    CertificateSummary, CertificateView, PublicForm, PublicPart, RevocationDraft, RevocationView,
};

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::timeline::{TimelineEntry, TimelineQuery};
use super::{copies, scope, timeline};
use crate::pki;
use crate::store::certificates::{self, Certificate, CertificateFilter};
use crate::store::timeline::Of;
use crate::store::{Conn, escrowed_keys, revocations};

/// Which certificates.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CertificatesQuery {
    /// Words of the subject, an alternative name, the serial number or a thumbprint, in part, without regard to
    /// accents.
    pub q: Option<String>,
    /// Only this status.
    pub status: Option<CertificateStatus>,
    /// Only this standing among those of the same holder and profile.
    pub standing: Option<Standing>,
    /// Only of this profile.
    pub profile: Option<ProfileId>,
    /// Only of this user.
    pub user: Option<UserId>,
    /// Only of or on this device.
    pub device: Option<DeviceId>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Certificates that the caller may see, newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &CertificatesQuery,
) -> Result<Page<CertificateSummary>, ServiceError> {
    let visibility = Operation::CertificatesList.visibility(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let filter = CertificateFilter {
        search: query.q.clone(),
        status: query.status,
        standing: query.standing,
        profile: query.profile,
        user: query.user,
        device: query.device,
        expires_before: None,
    };
    let mut conn = portal.db().read().await?;
    let wanted = bounds.newest(CertificateId::from_uuid);
    let rows = certificates::list(&mut conn, &visibility, &filter, wanted).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let names = names(&mut conn, &page.data).await?;
    Ok(page.map(|row| summary(&row, &names)))
}

/// One certificate.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
) -> Result<CertificateView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (certificate, _) = find(&mut conn, caller, Operation::CertificatesGet, id).await?;
    shown(&mut conn, caller, certificate).await
}

/// What happened to a certificate, newest first.
///
/// # Errors
/// When the caller may not, there is none, or the query is wrong.
pub async fn timeline(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
    query: &TimelineQuery,
) -> Result<Page<TimelineEntry>, ServiceError> {
    let mut conn = portal.db().read().await?;
    find(&mut conn, caller, Operation::CertificatesTimeline, id).await?;
    timeline::read(&mut conn, Of::Certificate(id), query).await
}

/// The certificate, and the leave to do it to it.
async fn find(
    conn: &mut Conn,
    caller: &Caller,
    operation: Operation,
    id: CertificateId,
) -> Result<(Certificate, Permit), ServiceError> {
    operation.thinkable(caller)?;
    let certificate = certificates::get(conn, id).await?;
    let scope = scope::of_holder(conn, certificate.user_id, certificate.device_id).await?;
    let permit = operation.on(caller, &scope, "certificate")?;
    Ok((certificate, permit))
}

/// The reasons that some role of the caller's may choose.
fn reasons(caller: &Caller) -> Vec<Reason> {
    let may =
        |reason: &Reason| Role::ALL.iter().any(|&role| caller.has_role(role) && reason.allowed_to(role));
    Reason::ALL.iter().copied().filter(may).collect()
}

async fn names(conn: &mut Conn, rows: &[Certificate]) -> Result<Names, ServiceError> {
    let users: Vec<_> = rows.iter().filter_map(|row| row.user_id).collect();
    let devices: Vec<_> = rows.iter().filter_map(|row| row.device_id).collect();
    let profiles: Vec<_> = rows.iter().map(|row| row.profile_id).collect();
    Ok(Names::of(conn, users, devices, profiles).await?)
}

fn summary(row: &Certificate, names: &Names) -> CertificateSummary {
    CertificateSummary {
        id: row.id,
        serial: row.serial.clone(),
        subject: row.subject.clone(),
        profile: names.profile(row.profile_id),
        user: names.user(row.user_id),
        device: names.device(row.device_id),
        status: row.status,
        standing: row.standing,
        reason: row.reason,
        not_before: row.not_before,
        not_after: row.not_after,
        created_at: row.created_at,
        version: row.version,
    }
}

async fn shown(conn: &mut Conn, caller: &Caller, row: Certificate) -> Result<CertificateView, ServiceError> {
    let parsed = pki::Certificate::parse(&row.der)
        .map_err(|error| ServiceError::internal("a stored certificate can't be read", &error))?;
    let names = names(conn, std::slice::from_ref(&row)).await?;
    let rows = crate::store::copies::of_certificates(conn, &[row.id]).await?;
    let copies = copies::shown(conn, rows).await?;
    let escrow = match row.escrowed_key_id {
        Some(id) => Some(escrowed_keys::get(conn, id).await?.state),
        None => None,
    };
    let mut revocations: Vec<RevocationView> =
        revocations::of_certificate(conn, row.id).await?.into_iter().map(revocation).collect();
    revocations.reverse();
    let revocable = row.status != CertificateStatus::Revoked && {
        let scope = scope::of_holder(conn, row.user_id, row.device_id).await?;
        caller.permitted(Operation::CertificatesRevoke.permission(), &scope).is_ok()
    };
    Ok(CertificateView {
        certificate: summary(&row, &names),
        request_id: row.request_id,
        profile_version: row.profile_version,
        issuer: parsed.issuer_text(),
        subject_alternative_names: parsed.alternative_names().iter().cloned().map(SanText::from).collect(),
        key_usage: parsed.key_usage().unwrap_or_default(),
        extended_key_usages: parsed.extended_key_usages().iter().map(ToString::to_string).collect(),
        thumbprint: row.thumbprint,
        sha1_thumbprint: row.sha1_thumbprint,
        renew_at: row.renew_at,
        escrow,
        copies,
        revocations,
        reasons: if revocable { reasons(caller) } else { Vec::new() },
    })
}

fn revocation(row: crate::store::revocations::Revocation) -> RevocationView {
    RevocationView {
        id: row.id,
        kind: row.kind,
        reason: row.reason,
        trigger: row.trigger_kind,
        actor: row.actor.to_string(),
        explanation: row.explanation,
        requested_at: row.requested_at,
        at_ca_at: row.at_ca_at,
        crl_number: row.crl_number,
        in_crl_at: row.in_crl_at,
        removed_at: row.removed_at,
        finished_at: row.finished_at,
    }
}
