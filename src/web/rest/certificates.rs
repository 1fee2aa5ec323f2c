//! `/api/v1/certificates`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use certporter_model::{BulkActionId, CertificateId};
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
    self, BulkDraft, BulkPreview, BulkView, CertificateSummary, CertificateView, CertificatesQuery,
    PublicForm, RevocationDraft,
};
use crate::service::page::Page;
use crate::service::revocation_proof::{self, RevocationProof};
use crate::service::timeline::{TimelineEntry, TimelineQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(preview_bulk))
        .routes(routes!(begin_bulk))
        .routes(routes!(bulk_progress))
        .routes(routes!(get))
        .routes(routes!(timeline))
        .routes(routes!(revocation))
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

/// Export every certificate of the list as CSV (RFC 4180). Cells that a spreadsheet would take for a formula or a number
/// to be rounded have an apostrophe before them.
#[utoipa::path(get, path = "/certificates.csv", operation_id = "certificates.export", tag = "certificates",
    params(CertificatesQuery),
    responses((status = 200, description = "The certificates", content_type = "text/csv", body = String)))]
async fn export(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<CertificatesQuery>,
) -> Answer {
    let export = certificates::export(&portal, &caller, &query).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"certificates.csv\""),
    ];
    Ok((headers, axum::body::Body::from_stream(export.portions())).into_response())
}

/// Say what would be done to many certificates, and to which. Nothing is done.
#[utoipa::path(post, path = "/bulk-actions/preview", operation_id = "certificates.bulk.preview", tag = "certificates",
    request_body = BulkDraft,
    responses((status = 200, description = "What would be done", body = BulkPreview)))]
async fn preview_bulk(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<BulkDraft>,
) -> Answer<Answered<BulkPreview>> {
    Ok(Answered(certificates::preview_bulk(&portal, &caller, &draft).await?))
}

/// Revoke or reissue many certificates. It goes on by itself; read the action to see how far it is.
#[utoipa::path(post, path = "/bulk-actions", operation_id = "certificates.bulk", tag = "certificates",
    request_body = BulkDraft,
    responses((status = 202, description = "It has begun", body = BulkView)))]
async fn begin_bulk(Acting(portal): Acting, Asking(caller): Asking, Json(draft): Json<BulkDraft>) -> Answer {
    let begun = certificates::begin(&portal, &caller, &draft).await?;
    let place = format!("/api/v1/bulk-actions/{}", begun.id);
    Ok((http::StatusCode::ACCEPTED, [(header::LOCATION, place)], Answered(begun)).into_response())
}

/// Read how far an action on many certificates is.
#[utoipa::path(get, path = "/bulk-actions/{id}", operation_id = "certificates.bulk.get", tag = "certificates",
    params(("id" = BulkActionId, Path, description = "The action")),
    responses((status = 200, description = "The action", body = BulkView)))]
async fn bulk_progress(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<BulkActionId>,
) -> Answer<Answered<BulkView>> {
    Ok(Answered(certificates::progress(&portal, &caller, id).await?))
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

/// Read the proof of a certificate's revocation: what was asked and by whom, what has been done, and from when on no
/// relying party may accept it.
#[utoipa::path(get, path = "/certificates/{id}/revocation", operation_id = "certificates.revocation", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    responses((status = 200, description = "The proof", body = RevocationProof)))]
async fn revocation(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<CertificateId>,
) -> Answer<Answered<RevocationProof>> {
    Ok(Answered(revocation_proof::get(&portal, &caller, id).await?))
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
