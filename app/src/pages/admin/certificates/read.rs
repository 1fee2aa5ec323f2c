//! Reads what the page of a certificate shows.

use certporter::service::certificates::{self, CertificateView, RevocationView};
use certporter::service::timeline::TimelineQuery;
use certporter::service::{Portal, ServiceError};
use certporter_model::CertificateId;
use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, RevocationKind, Standing};
use certporter_model::escrow::EscrowState;

use super::decoded;
use super::detail::{Certificate, Copy, Revocation};
use crate::pages::admin::devices::read::event;

/// The certificate, its copies, its revocation and its timeline.
///
/// # Errors
/// When the caller may not see it, or there is none.
pub async fn read(portal: &Portal, caller: &Caller, id: CertificateId) -> Result<Certificate, ServiceError> {
    let view = certificates::get(portal, caller, id).await?;
    let timeline = certificates::timeline(portal, caller, id, &TimelineQuery::default()).await?;
    Ok(Certificate { events: timeline.data.into_iter().map(event).collect(), ..certificate(view) })
}

fn certificate(view: CertificateView) -> Certificate {
    let facts = facts(&view);
    let ocsp = !view.ocsp_urls.is_empty();
    let summary = view.certificate;
    let holder = match (&summary.user, &summary.device) {
        (_, Some(device)) => (device.name.clone(), Some(format!("/devices/{}", device.id))),
        (Some(user), None) => (user.display_name.clone(), Some(format!("/users/{}", user.id))),
        (None, None) => ("Nobody".to_owned(), None),
    };
    let on_devices = view.copies.iter().filter(|copy| copy.state.may_be_on_device()).count();
    let chain = view.chain.into_iter().map(|it| (it.subject, it.thumbprint.to_string(), it.not_after));
    let copies = view.copies.into_iter().map(|copy| Copy {
        device: copy.device.id,
        name: copy.device.name,
        feature: copy.feature,
        state: copy.state,
    });
    let held = summary.status != CertificateStatus::Valid;
    let revocation =
        view.revocations.into_iter().find(|revocation| revocation.kind != RevocationKind::Release);
    Certificate {
        id: summary.id,
        subject: summary.subject,
        status: summary.status,
        standing: summary.standing,
        holder,
        profile: Some(summary.profile.name),
        from: summary.not_before,
        until: summary.not_after,
        renewal: view.renew_at,
        facts,
        copies: copies.collect(),
        revocation: revocation.filter(|_| held).map(|it| Revocation {
            ocsp,
            on_devices,
            ..revocation_shown(it)
        }),
        chain: chain.collect(),
        reissue: summary.standing == Standing::Current && summary.status == CertificateStatus::Valid,
        events: Vec::new(),
        reasons: view.reasons,
    }
}

fn revocation_shown(view: RevocationView) -> Revocation {
    Revocation {
        reason: view.reason,
        trigger: view.trigger,
        by: view.actor,
        explanation: view.explanation,
        at: view.requested_at,
        at_ca: view.at_ca_at,
        crl_number: view.crl_number,
        in_crl: view.in_crl_at,
        ocsp: false,
        removed: view.removed_at,
        on_devices: 0,
    }
}

fn facts(view: &CertificateView) -> Vec<(&'static str, Vec<String>)> {
    let summary = &view.certificate;
    let user = summary.user.iter().map(|user| format!("{} ({})", user.display_name, user.user_name));
    let names = view
        .subject_alternative_names
        .iter()
        .map(|name| format!("{}: {}", decoded::kind_of_name(&name.kind.to_string()), name.value));
    let usage = [
        (view.key_usage.digital_signature, "digital signature"),
        (view.key_usage.content_commitment, "content commitment"),
        (view.key_usage.key_encipherment, "key encipherment"),
        (view.key_usage.data_encipherment, "data encipherment"),
        (view.key_usage.key_agreement, "key agreement"),
    ];
    let usage = usage.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned());
    let escrow = match view.escrow {
        None => "never kept",
        Some(EscrowState::Transport) => "sealed, not yet stored",
        Some(EscrowState::Stored) => "kept",
        Some(EscrowState::Destroyed) => "destroyed",
    };
    let purposes = view.extended_key_usages.iter().map(|oid| decoded::purpose(oid));
    let profile = format!("{}, version {}", summary.profile.name, view.profile_version);
    let facts = [
        ("Serial number", vec![summary.serial.with_colons()]),
        ("Serial number (decimal)", vec![view.serial_decimal.clone()]),
        ("Subject", vec![summary.subject.clone()]),
        ("Subject alternative names", names.collect()),
        ("User", user.collect()),
        ("Profile", vec![profile]),
        ("Issuer", vec![view.issuer.clone()]),
        ("Key", view.public_key.iter().map(|key| decoded::key(key)).collect()),
        ("Key usage", usage.collect()),
        ("Extended key usage", purposes.collect()),
        ("Security identifier (SID)", view.sid.iter().cloned().collect()),
        ("Thumbprint (SHA-256)", vec![view.thumbprint.to_string()]),
        ("Thumbprint (SHA-1)", vec![view.sha1_thumbprint.to_string()]),
        ("Issuer\u{2019}s certificate at", view.ca_issuers_urls.clone()),
        ("CRL at", view.crl_urls.clone()),
        ("OCSP at", view.ocsp_urls.clone()),
        ("Escrowed key", vec![escrow.to_owned()]),
    ];
    facts.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}
