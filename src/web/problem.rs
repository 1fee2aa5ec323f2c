//! Errors as problem documents (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use certporter_model::{FieldError, FieldErrors};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::service::ServiceError;
use crate::service::consequences::Consequences;

/// A problem document. Its `type` is a relative address that names the kind for good; `detail` says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// The kind of problem: `/problems/invalid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, and what would be right.
    pub detail: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Names this occurrence in the log, where the detail can't be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Seconds after which it may be tried again; also in the header Retry-After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What follows now, where that is not what the request was sent for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequences: Option<Box<Consequences>>,
}

impl Problem {
    /// A problem of a kind, with what is wrong this time.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            instance: None,
            retry_after: None,
            consequences: None,
        }
    }

    /// The same, with what follows now.
    #[must_use]
    pub fn with(self, consequences: Consequences) -> Self {
        Self { consequences: Some(Box::new(consequences)), ..self }
    }

    /// 422: fields are wrong, each named.
    #[must_use]
    pub fn invalid(errors: &FieldErrors) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", errors.to_string());
        problem.errors = errors.as_slice().to_vec();
        problem
    }

    /// 404: nothing there, or nothing that the caller may know of.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("there is no such {what}, or none that you may see"),
        )
    }

    /// 401: who is asking is not known.
    #[must_use]
    pub fn unauthenticated(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 403: known, and not allowed.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 409: doesn't go with the present state.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 429: too often.
    #[must_use]
    pub fn too_many(seconds: u64) -> Self {
        let detail = format!("too many tries: try again in {seconds} seconds");
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail);
        problem.retry_after = Some(seconds);
        problem
    }

    /// 500: something failed inside; the log tells what under this instance.
    #[must_use]
    pub fn internal(instance: String) -> Self {
        let detail = format!("something failed inside the portal; its log tells more under {instance}");
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
        problem.instance = Some(instance);
        problem
    }

    /// 503: try again later.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>, seconds: u64) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        problem.retry_after = Some(seconds);
        problem
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let error_text = error.to_string();
        match error {
            ServiceError::Invalid(errors) => Self::invalid(&errors),
            ServiceError::Unauthenticated => Self::unauthenticated(&error_text),
            ServiceError::Forbidden(refused) => Self::forbidden(refused.to_string()),
            ServiceError::NotFound { what } => Self::not_found(what),
            ServiceError::Conflict { detail } => Self::conflict(detail),
            ServiceError::Stale { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "stale", error_text),
            ServiceError::ConsequencesChanged(consequences) => {
                Self::new(StatusCode::CONFLICT, "consequences-changed", error_text).with(*consequences)
            }
            ServiceError::Rehearsed(_) | ServiceError::ToLookAt(_) => {
                Self::conflict("this operation can't be previewed")
            }
            ServiceError::TooMany { retry_after } => Self::too_many(retry_after),
            ServiceError::Unavailable { detail, retry_after } => Self::unavailable(detail, retry_after),
            ServiceError::Internal { instance } => Self::internal(instance),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"certporter\""));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        let problem = Problem::invalid(&FieldErrors::one("name", "name is taken"));
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["status"], 422);
        assert_eq!(json["errors"][0]["field"], "name");
        assert_eq!(problem.into_response().headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
