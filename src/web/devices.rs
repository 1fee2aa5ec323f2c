//! The device listener's routes (docs/device-protocol.md).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use certporter_model::FieldErrors;
use http::StatusCode;

use super::listeners::peer;
use super::problem::Problem;
use super::tls::Peer;
use crate::service::device_protocol::{Contact, DeviceProtocol, ProtocolError};
use crate::wire::device::{
    ConfirmRequest, EnrolRequest, LARGEST_MESSAGE, PollQuery, RenewRequest, Report, RetireRequest, VERSION,
    path, problem,
};

/// The routes, on the service behind them. The listener's acceptor puts a [`Peer`] into each request.
pub fn router(protocol: DeviceProtocol) -> Router {
    Router::new()
        .route(path::TRUST_ANCHORS, get(trust_anchors))
        .route(path::ENROL, post(enrol))
        .route(path::COMMANDS, get(commands))
        .route(path::REPORT, post(report))
        .route(path::RENEW, post(renew))
        .route(path::CONFIRMATIONS, get(confirmations).post(confirm))
        .route(path::RETIRE, post(retire))
        .fallback(|| async { Problem::not_found("address of the device protocol") })
        .layer(DefaultBodyLimit::max(LARGEST_MESSAGE))
        .with_state(Arc::new(protocol))
}

type Service = State<Arc<DeviceProtocol>>;
type From = ConnectInfo<SocketAddr>;

async fn trust_anchors(State(service): Service) -> Result<Response, Problem> {
    Ok(Json(service.trust_anchors().map_err(refusal)?).into_response())
}

async fn enrol(State(service): Service, from: From, body: Bytes) -> Result<Response, Problem> {
    let request: EnrolRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    Ok(Json(service.enrol(&peer(&from), &request).await.map_err(refusal)?).into_response())
}

async fn commands(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
    query: Result<Query<PollQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    let Query(query) = query.map_err(|error| malformed(&error))?;
    Ok(Json(service.commands(&contact, &query).await.map_err(refusal)?).into_response())
}

async fn report(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
    body: Bytes,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    let request: Report = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    Ok(Json(service.report(&contact, &request).await.map_err(refusal)?).into_response())
}

async fn renew(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
    body: Bytes,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    let request: RenewRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    Ok(Json(service.renew(&contact, &request).await.map_err(refusal)?).into_response())
}

async fn retire(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
    body: Bytes,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    let _: RetireRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    service.retire(&contact).await.map_err(refusal)?;
    Ok(Json(serde_json::json!({ "version": VERSION })).into_response())
}

async fn confirmations(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    Ok(Json(service.confirmations(&contact).await.map_err(refusal)?).into_response())
}

async fn confirm(
    State(service): Service,
    who: Extension<Peer>,
    from: From,
    body: Bytes,
) -> Result<Response, Problem> {
    let contact = contact(&service, &who, &from).await?;
    let request: ConfirmRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    Ok(Json(service.confirm(&contact, &request).await.map_err(refusal)?).into_response())
}

async fn contact(
    service: &DeviceProtocol,
    Extension(who): &Extension<Peer>,
    from: &From,
) -> Result<Contact, Problem> {
    service.contact(who.0, &peer(from)).await.map_err(refusal)
}

fn malformed(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        problem::MESSAGE_MALFORMED,
        format!("the message can't be read: {why}"),
    )
}

/// An error as HTTP. What failed inside is in the log, and not in the answer.
fn refusal(error: ProtocolError) -> Problem {
    let detail = error.to_string();
    match error {
        ProtocolError::CodeRefused => Problem::new(StatusCode::FORBIDDEN, problem::CODE_REFUSED, detail),
        ProtocolError::TooManyAttempts(seconds) => {
            let mut answer = Problem::new(StatusCode::TOO_MANY_REQUESTS, problem::TOO_MANY_ATTEMPTS, detail);
            answer.retry_after = Some(seconds);
            answer
        }
        ProtocolError::CsrRefused(why) => {
            let mut answer = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, problem::CSR_REFUSED, detail);
            answer.errors = FieldErrors::one("csr", why).as_slice().to_vec();
            answer
        }
        ProtocolError::CertificateUnknown => {
            Problem::new(StatusCode::UNAUTHORIZED, problem::CERTIFICATE_UNKNOWN, detail)
        }
        ProtocolError::RenewFirst => Problem::new(StatusCode::FORBIDDEN, problem::RENEW_FIRST, detail),
        ProtocolError::RemovalsOnly => Problem::new(StatusCode::FORBIDDEN, problem::REMOVALS_ONLY, detail),
        ProtocolError::Unconfirmed => Problem::new(StatusCode::FORBIDDEN, problem::UNCONFIRMED, detail),
        ProtocolError::NothingAwaited => {
            Problem::new(StatusCode::NOT_FOUND, problem::NOTHING_AWAITED, detail)
        }
        ProtocolError::CopyUnknown(places) => {
            let mut errors = FieldErrors::new();
            for place in places {
                errors.add(format!("statuses[{place}].copy"), "this device has no such copy");
            }
            let mut answer = Problem::new(StatusCode::NOT_FOUND, problem::COPY_UNKNOWN, detail);
            answer.errors = errors.as_slice().to_vec();
            answer
        }
        ProtocolError::Store(store) if store.may_be_retried() => {
            tracing::warn!(error = %store, "a device is asked to come back later");
            Problem::unavailable("the portal is busy: try again", 5)
        }
        other => {
            tracing::error!(error = %other, "a device could not be served");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "something failed inside the portal; its log says what",
            )
        }
    }
}
