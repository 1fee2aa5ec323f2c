//! Certificates: searched, read, downloaded without their keys, revoked, reissued.

mod actions;
mod bulk;
mod bulk_view;
mod choices;
mod download;
mod export;
mod list;
mod view;

use certporter_model::access::{Caller, Permit, Role};
use certporter_model::certificate::CertificateStatus;
use certporter_model::revocation::Reason;
use certporter_model::subject_alternative_name::SanText;
use certporter_model::{CaGenerationId, CertificateId};

pub use actions::{reissue, revoke};
pub use bulk::{MOST as MOST_AT_ONCE, begin, preview as preview_bulk, progress};
pub use bulk_view::{BulkDraft, BulkFailure, BulkPreview, BulkView, BulkWhich};
pub use choices::{CertificateChoices, choices};
pub use download::download;
pub use export::{Export, export};
pub use list::{CertificateDelivery, CertificateSort, CertificateState, CertificatesQuery, list};
pub use view::{
    CertificateSummary, CertificateView, IssuerView, PublicForm, PublicPart, RevocationDraft, RevocationView,
};

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::page::Page;
use super::portal::Portal;
use super::timeline::{TimelineEntry, TimelineQuery};
use super::{copies, scope, timeline};
use crate::pki;
use crate::store::certificates::{self, Certificate};
use crate::store::timeline::Of;
use crate::store::{Conn, ca_generations, escrowed_keys, revocations};

/// One certificate.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
) -> Result<CertificateView, ServiceError> {
    get_for(portal, caller, Operation::CertificatesGet, id).await
}

/// The same for another operation that reads it.
pub(super) async fn get_for(
    portal: &Portal,
    caller: &Caller,
    operation: Operation,
    id: CertificateId,
) -> Result<CertificateView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (certificate, _) = find(&mut conn, caller, operation, id).await?;
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
        serial_decimal: decimal(row.serial.as_octets()),
        public_key: parsed.key_algorithm().map(|algorithm| algorithm.as_str().to_owned()),
        ca_issuers_urls: parsed.ca_issuers_urls().to_vec(),
        ocsp_urls: parsed.ocsp_urls().to_vec(),
        crl_urls: parsed.crl_urls().to_vec(),
        sid: parsed.sid().map(ToString::to_string),
        chain: chain(conn, row.ca_generation_id).await?,
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

/// Its issuers up to the root, the nearest first.
async fn chain(conn: &mut Conn, issuer: CaGenerationId) -> Result<Vec<IssuerView>, ServiceError> {
    let mut chain = Vec::new();
    let mut next = Some(issuer);
    while let Some(id) = next {
        let generation = ca_generations::generation(conn, id).await?;
        let parsed = pki::Certificate::parse(&generation.certificate_der)
            .map_err(|error| ServiceError::internal("a stored CA certificate can't be read", &error))?;
        chain.push(IssuerView {
            subject: parsed.subject_text(),
            serial: parsed.serial().clone(),
            thumbprint: generation.thumbprint,
            not_after: generation.not_after,
        });
        next = generation.parent_id;
    }
    Ok(chain)
}

/// A number in decimal digits.
fn decimal(octets: &[u8]) -> String {
    // The lowest digit first.
    let mut digits: Vec<u8> = vec![0];
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or(0);
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_has_decimal_digits() {
        for (octets, digits) in [
            (&[0_u8][..], "0"),
            (&[0x0a], "10"),
            (&[0x01, 0x00], "256"),
            (&[0xff; 8], "18446744073709551615"),
        ] {
            assert_eq!(super::decimal(octets), digits);
        }
    }
}
