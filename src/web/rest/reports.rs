//! `/api/v1/reports`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Answer;
use super::authenticate::Asking;
use super::body::Query;
use crate::service::Portal;
use crate::service::page::Page;
use crate::service::reports::HeldExport;
use crate::service::reports::health::{self, HealthView};
use crate::service::reports::held::{
    self, HeldAssignment, HeldCertificate, HeldDevice, HeldMembership, HeldQuery,
};

const CSV: &str = "text/csv; charset=utf-8; header=present";

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(fleet_health))
        .routes(routes!(fleet_health_csv))
        .routes(routes!(held_certificates))
        .routes(routes!(held_devices))
        .routes(routes!(held_memberships))
        .routes(routes!(held_assignments))
        .routes(routes!(held_csv))
}

/// Read how the certificates of the fleet are, by profile, platform and group, with the time at which they were counted.
#[utoipa::path(get, path = "/reports/health", operation_id = "reports.health", tag = "reports",
    responses((status = 200, description = "The counts", body = HealthView)))]
async fn fleet_health(State(portal): State<Portal>, Asking(caller): Asking) -> Answer<Answered<HealthView>> {
    Ok(Answered(health::get(&portal, &caller).await?))
}

/// Export how the certificates of the fleet are as CSV (RFC 4180).
#[utoipa::path(get, path = "/reports/health.csv", operation_id = "reports.health.export", tag = "reports",
    responses((status = 200, description = "The counts", content_type = "text/csv", body = String)))]
async fn fleet_health_csv(State(portal): State<Portal>, Asking(caller): Asking) -> Answer {
    let text = health::export(&portal, &caller).await?;
    let disposition = "attachment; filename=\"health.csv\"";
    Ok(([(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

/// Read the certificates that were good on a day, or on a device, with their copies.
#[utoipa::path(get, path = "/reports/held", operation_id = "reports.held", tag = "reports", params(HeldQuery),
    responses((status = 200, description = "A page of certificates", body = Page<HeldCertificate>)))]
async fn held_certificates(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<HeldQuery>,
) -> Answer<Answered<Page<HeldCertificate>>> {
    Ok(Answered(held::certificates(&portal, &caller, &query).await?))
}

/// Read whose devices were on a day.
#[utoipa::path(get, path = "/reports/held/devices", operation_id = "reports.held.devices", tag = "reports",
    params(HeldQuery),
    responses((status = 200, description = "A page of ownerships", body = Page<HeldDevice>)))]
async fn held_devices(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<HeldQuery>,
) -> Answer<Answered<Page<HeldDevice>>> {
    Ok(Answered(held::devices(&portal, &caller, &query).await?))
}

/// Read who was in which group on a day.
#[utoipa::path(get, path = "/reports/held/memberships", operation_id = "reports.held.memberships", tag = "reports",
    params(HeldQuery),
    responses((status = 200, description = "A page of memberships", body = Page<HeldMembership>)))]
async fn held_memberships(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<HeldQuery>,
) -> Answer<Answered<Page<HeldMembership>>> {
    Ok(Answered(held::memberships(&portal, &caller, &query).await?))
}

/// Read which profiles were assigned to which groups on a day.
#[utoipa::path(get, path = "/reports/held/assignments", operation_id = "reports.held.assignments", tag = "reports",
    params(HeldQuery),
    responses((status = 200, description = "A page of assignments", body = Page<HeldAssignment>)))]
async fn held_assignments(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<HeldQuery>,
) -> Answer<Answered<Page<HeldAssignment>>> {
    Ok(Answered(held::assignments(&portal, &caller, &query).await?))
}

/// Export who held what on a day as CSV (RFC 4180): copies and certificates, devices, memberships and assignments.
#[utoipa::path(get, path = "/reports/held.csv", operation_id = "reports.held.export", tag = "reports", params(HeldQuery),
    responses((status = 200, description = "The rows", content_type = "text/csv", body = String)))]
async fn held_csv(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<HeldQuery>,
) -> Answer {
    let export = HeldExport::begin(&portal, &caller, &query).await?;
    let disposition = "attachment; filename=\"held.csv\"";
    let headers = [(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, axum::body::Body::from_stream(export.portions())).into_response())
}
