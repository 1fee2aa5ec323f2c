//! What goes out: things with their entity tag, new things with their address.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::super::problem::Problem;
use super::precondition::etag;

/// What a handler answers.
pub(super) type Answer<T = Response> = Result<T, Problem>;

/// 200 with a thing and its version as entity tag.
pub(super) fn tagged<T: Serialize>(version: i64, body: T) -> Response {
    (etag(version), Json(body)).into_response()
}

/// 201 with a new thing, its version and its address.
pub(super) fn created<T: Serialize>(path: &str, version: i64, body: T) -> Response {
    let mut response = (StatusCode::CREATED, etag(version), Json(body)).into_response();
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 204.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
