//! `/api/v1/certificates`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use certporter_model::CertificateId;
use http::{HeaderValue, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::certificates::{
    self, CertificateSummary, CertificateView, CertificatesQuery, PublicForm, RevocationDraft,
};
use crate::service::page::Page;
use crate::service::timeline::{TimelineEntry, TimelineQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(timeline))
        .routes(routes!(pem))
        .routes(routes!(der))
        .routes(routes!(chain))
        .routes(routes!(revoke))
        .routes(routes!(reissue))
}

/// List and search certificates: by user, serial number, thumbprint, subject or alternative name, in part and
/// without accents.
#[utoipa::path(get, path = "/certificates", operation_id = "certificates.list", tag = "certificates",
    params(CertificatesQuery),
    responses((status = 200, description = "A page of certificates", body = Page<CertificateSummary>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<CertificatesQuery>,
) -> Answer<Answered<Page<CertificateSummary>>> {
    Ok(Answered(certificates::list(&portal, &caller, &query).await?))
}

/// Read one certificate with its copies and revocations.
#[utoipa::path(get, path = "/certificates/{id}", operation_id = "certificates.get", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The certificate", body = CertificateView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<CertificateId>) -> Answer {
    answer(certificates::get(&portal, &caller, id).await?)
}

/// Read what happened to a certificate, newest first.
#[utoipa::path(get, path = "/certificates/{id}/timeline", operation_id = "certificates.timeline", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate"), TimelineQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<CertificateId>,
    Query(query): Query<TimelineQuery>,
) -> Answer<Answered<Page<TimelineEntry>>> {
    Ok(Answered(certificates::timeline(&portal, &caller, id, &query).await?))
}

/// Download the certificate as PEM.
#[utoipa::path(get, path = "/certificates/{id}/certificate.pem", operation_id = "certificates.download.pem", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The public part", content_type = "application/x-pem-file", body = Vec<u8>)))]
async fn pem(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<CertificateId>) -> Answer {
    download(&portal, &caller, id, PublicForm::Pem).await
}

/// Download the certificate as DER.
#[utoipa::path(get, path = "/certificates/{id}/certificate.der", operation_id = "certificates.download.der", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The public part", content_type = "application/pkix-cert", body = Vec<u8>)))]
async fn der(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<CertificateId>) -> Answer {
    download(&portal, &caller, id, PublicForm::Der).await
}

/// Download the certificate and its issuers as PEM.
#[utoipa::path(get, path = "/certificates/{id}/chain.pem", operation_id = "certificates.download.chain", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The public part", content_type = "application/pem-certificate-chain", body = Vec<u8>)))]
async fn chain(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<CertificateId>) -> Answer {
    download(&portal, &caller, id, PublicForm::Chain).await
}

async fn download(
    portal: &Portal,
    caller: &certporter_model::access::Caller,
    id: CertificateId,
    form: PublicForm,
) -> Answer {
    let part = certificates::download(portal, caller, id, form).await?;
    let mut response = part.octets.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(part.media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", part.file_name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Revoke a certificate, for a reason that the caller's role may choose.
#[utoipa::path(post, path = "/certificates/{id}/revoke", operation_id = "certificates.revoke", tag = "certificates",
    request_body = RevocationDraft, params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The certificate", body = CertificateView)))]
async fn revoke(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CertificateId>,
    Json(draft): Json<RevocationDraft>,
) -> Answer {
    answer(certificates::revoke(&portal, &caller, id, &draft).await?)
}

/// Have a certificate reissued. A new one is requested; the old one is revoked as superseded once the devices have the new one.
#[utoipa::path(post, path = "/certificates/{id}/reissue", operation_id = "certificates.reissue", tag = "certificates", request_body = ActionDraft,
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The certificate", body = CertificateView)))]
async fn reissue(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<CertificateId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(certificates::reissue(&portal, &caller, id, &draft).await?)
}

fn answer(certificate: CertificateView) -> Answer<Response> {
    Ok(tagged(certificate.certificate.version, certificate))
}
