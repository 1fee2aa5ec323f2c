//! What goes out: things with their entity tag, new things with their address.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::super::problem::Problem;
use super::acting;
use super::precondition::etag;
use crate::pipeline::planner::WhatIf;
use crate::service::ServiceError;
use crate::service::consequences::Consequences;

/// What a handler answers.
pub(super) type Answer<T = Response> = Result<T, NotDone>;

/// Why a handler has nothing of its own to answer.
#[derive(Debug)]
pub(super) enum NotDone {
    /// It was refused.
    Refused(Problem),
    /// It was only to be found out what would follow.
    Rehearsed(Box<Consequences>),
    /// The same, of a change that may concern many: it is found out on the way out.
    ToLookAt(Box<WhatIf>),
}

impl From<ServiceError> for NotDone {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Rehearsed(consequences) => Self::Rehearsed(consequences),
            ServiceError::ToLookAt(what_if) => Self::ToLookAt(what_if),
            error => Self::Refused(error.into()),
        }
    }
}

impl IntoResponse for NotDone {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(problem) => problem.into_response(),
            Self::Rehearsed(consequences) => acting::told(&consequences),
            Self::ToLookAt(what_if) => acting::to_look_at(*what_if),
        }
    }
}

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
