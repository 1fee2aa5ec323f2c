//! `/api/v1/requests`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::RequestId;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use crate::service::Portal;
use crate::service::action::ActionDraft;
use crate::service::page::Page;
use crate::service::requests::{self, RequestView, RequestsQuery, RetryAllDraft, StepCount, TroubleView};
use crate::service::timeline::{TimelineEntry, TimelineQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(pipeline))
        .routes(routes!(troubles))
        .routes(routes!(retry_all))
        .routes(routes!(get))
        .routes(routes!(timeline))
        .routes(routes!(retry))
        .routes(routes!(cancel))
}

/// List requests, newest first.
#[utoipa::path(get, path = "/requests", operation_id = "requests.list", tag = "requests", params(RequestsQuery),
    responses((status = 200, description = "A page of requests", body = Page<RequestView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<RequestsQuery>,
) -> Answer<Answered<Page<RequestView>>> {
    Ok(Answered(requests::list(&portal, &caller, &query).await?))
}

/// Count the requests at each step that are not done, up to 1,000 each.
#[utoipa::path(get, path = "/requests/pipeline", operation_id = "requests.pipeline", tag = "requests",
    responses((status = 200, description = "The steps", body = Vec<StepCount>)))]
async fn pipeline(State(portal): State<Portal>, Asking(caller): Asking) -> Answer<Answered<Vec<StepCount>>> {
    Ok(Answered(requests::pipeline(&portal, &caller).await?))
}

/// List why requests failed or wait, the most frequent reason first.
#[utoipa::path(get, path = "/requests/troubles", operation_id = "requests.troubles", tag = "requests",
    responses((status = 200, description = "The reasons", body = Vec<TroubleView>)))]
async fn troubles(
    State(portal): State<Portal>,
    Asking(caller): Asking,
) -> Answer<Answered<Vec<TroubleView>>> {
    Ok(Answered(requests::troubles(&portal, &caller).await?))
}

/// Try everything again that failed or waits for one reason. It goes on in the background.
#[utoipa::path(post, path = "/requests/retry", operation_id = "requests.retry_all", tag = "requests",
    request_body = RetryAllDraft, responses((status = 202, description = "It has begun")))]
async fn retry_all(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<RetryAllDraft>,
) -> Answer {
    requests::retry_all(&portal, &caller, &draft).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Read one request.
#[utoipa::path(get, path = "/requests/{id}", operation_id = "requests.get", tag = "requests",
    params(("id" = RequestId, Path, description = "The request")),
    responses((status = 200, description = "The request", body = RequestView)))]
async fn get(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<RequestId>) -> Answer {
    answer(requests::get(&portal, &caller, id).await?)
}

/// Read what happened to a request, newest first.
#[utoipa::path(get, path = "/requests/{id}/timeline", operation_id = "requests.timeline", tag = "requests",
    params(("id" = RequestId, Path, description = "The request"), TimelineQuery),
    responses((status = 200, description = "A page of the timeline", body = Page<TimelineEntry>)))]
async fn timeline(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<RequestId>,
    Query(query): Query<TimelineQuery>,
) -> Answer<Answered<Page<TimelineEntry>>> {
    Ok(Answered(requests::timeline(&portal, &caller, id, &query).await?))
}

/// Try a failed request again.
#[utoipa::path(post, path = "/requests/{id}/retry", operation_id = "requests.retry", tag = "requests", request_body = ActionDraft,
    params(("id" = RequestId, Path, description = "The request")),
    responses((status = 200, description = "The request", body = RequestView)))]
async fn retry(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<RequestId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(requests::retry(&portal, &caller, id, &draft).await?)
}

/// Cancel a request. A certificate that still comes is revoked.
#[utoipa::path(post, path = "/requests/{id}/cancel", operation_id = "requests.cancel", tag = "requests", request_body = ActionDraft,
    params(("id" = RequestId, Path, description = "The request")),
    responses((status = 200, description = "The request", body = RequestView)))]
async fn cancel(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<RequestId>,
    Json(draft): Json<ActionDraft>,
) -> Answer {
    answer(requests::cancel(&portal, &caller, id, &draft).await?)
}

fn answer(request: RequestView) -> Answer {
    Ok(tagged(request.version, request))
}
