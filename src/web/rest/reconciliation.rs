//! `/api/v1/reconciliations`, `/api/v1/discrepancies`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::{DiscrepancyId, ReconciliationId};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::Answer;
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use crate::service::Portal;
use crate::service::page::Page;
use crate::service::reconciliation::{
    self, DiscrepanciesQuery, DiscrepancyView, DismissalDraft, ReconciliationDraft, ReconciliationView,
};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list, start))
        .routes(routes!(get))
        .routes(routes!(discrepancies))
        .routes(routes!(discrepancy))
        .routes(routes!(dismiss))
        .routes(routes!(restore))
}

/// List the last comparisons of the portal with its CAs and devices, the newest first.
#[utoipa::path(get, path = "/reconciliations", operation_id = "reconciliations.list", tag = "reconciliation",
    responses((status = 200, description = "The comparisons", body = Vec<ReconciliationView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
) -> Answer<Answered<Vec<ReconciliationView>>> {
    Ok(Answered(reconciliation::list(&portal, &caller).await?))
}

/// Compare the portal with its CAs and devices now. One comparison goes on at a time: asked again, it is that one.
#[utoipa::path(post, path = "/reconciliations", operation_id = "reconciliations.start", tag = "reconciliation",
    request_body = ReconciliationDraft,
    responses((status = 202, description = "The comparison, which goes on by itself", body = ReconciliationView)))]
async fn start(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<ReconciliationDraft>,
) -> Answer {
    let started = reconciliation::start(&portal, &caller, draft).await?;
    let location = format!("/api/v1/reconciliations/{}", started.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Answered(started)).into_response())
}

/// Read one comparison.
#[utoipa::path(get, path = "/reconciliations/{id}", operation_id = "reconciliations.get", tag = "reconciliation",
    params(("id" = ReconciliationId, Path, description = "The comparison")),
    responses((status = 200, description = "The comparison", body = ReconciliationView)))]
async fn get(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<ReconciliationId>,
) -> Answer<Answered<ReconciliationView>> {
    Ok(Answered(reconciliation::get(&portal, &caller, id).await?))
}

/// List what the portal disagrees about with its CAs and devices, newest first.
#[utoipa::path(get, path = "/discrepancies", operation_id = "discrepancies.list", tag = "reconciliation",
    params(DiscrepanciesQuery),
    responses((status = 200, description = "A page of discrepancies", body = Page<DiscrepancyView>)))]
async fn discrepancies(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<DiscrepanciesQuery>,
) -> Answer<Answered<Page<DiscrepancyView>>> {
    Ok(Answered(reconciliation::discrepancies(&portal, &caller, &query).await?))
}

/// Read one discrepancy.
#[utoipa::path(get, path = "/discrepancies/{id}", operation_id = "discrepancies.get", tag = "reconciliation",
    params(("id" = DiscrepancyId, Path, description = "The discrepancy")),
    responses((status = 200, description = "The discrepancy", body = DiscrepancyView)))]
async fn discrepancy(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<DiscrepancyId>,
) -> Answer<Answered<DiscrepancyView>> {
    Ok(Answered(reconciliation::discrepancy(&portal, &caller, id).await?))
}

/// Put a discrepancy away that nobody is to do anything about. It is listed again by itself when it changes.
#[utoipa::path(post, path = "/discrepancies/{id}/dismiss", operation_id = "discrepancies.dismiss",
    tag = "reconciliation", params(("id" = DiscrepancyId, Path, description = "The discrepancy")),
    request_body = DismissalDraft,
    responses((status = 200, description = "The discrepancy, which is put away", body = DiscrepancyView)))]
async fn dismiss(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DiscrepancyId>,
    Json(draft): Json<DismissalDraft>,
) -> Answer<Answered<DiscrepancyView>> {
    Ok(Answered(reconciliation::dismiss(&portal, &caller, id, &draft).await?))
}

/// List a discrepancy again that was put away.
#[utoipa::path(post, path = "/discrepancies/{id}/restore", operation_id = "discrepancies.restore",
    tag = "reconciliation", params(("id" = DiscrepancyId, Path, description = "The discrepancy")),
    responses((status = 200, description = "The discrepancy, which is listed again", body = DiscrepancyView)))]
async fn restore(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<DiscrepancyId>,
) -> Answer<Answered<DiscrepancyView>> {
    Ok(Answered(reconciliation::restore(&portal, &caller, id).await?))
}
