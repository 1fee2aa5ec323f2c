//! What comes in: JSON bodies, ids in paths and query parameters, with errors that name what is wrong.

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use certporter_model::{FieldErrors, ParseError};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::super::problem::Problem;
use crate::service::json::{self, JsonFault};

/// The most octets of a request's body.
pub(super) const BODY_LIMIT: usize = crate::web::people::BODY_LIMIT;

/// A JSON body. Unknown fields, wrong types and values that don't parse are answered with 422 and the field's path,
/// a text that is no JSON with 400 and the place.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Self::Rejection> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = kind.is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        });
        if !is_json {
            let detail = "send the body as JSON, with the header Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
                .into_response());
        }
        let octets = read(request).await.map_err(IntoResponse::into_response)?;
        parse(&octets).map(Self).map_err(IntoResponse::into_response)
    }
}

/// Reads a body up to [`BODY_LIMIT`].
pub(super) async fn read(request: Request) -> Result<bytes::Bytes, Problem> {
    axum::body::to_bytes(request.into_body(), BODY_LIMIT).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(inner) = cause {
            if inner.is::<http_body_util::LengthLimitError>() {
                return too_large();
            }
            cause = inner.source();
        }
        Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "the body ended before it was complete: send it again",
        )
    })
}

/// 413.
pub(super) fn too_large() -> Problem {
    let detail = format!("a body has at most {BODY_LIMIT} octets (1 MiB)");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

/// Parses a JSON body; an empty one counts as `{}`.
pub(super) fn parse<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Problem> {
    json::parse(octets).map_err(|fault| match fault {
        JsonFault::Fields(errors) => Problem::invalid(&errors),
        JsonFault::Syntax(error) => {
            let detail = format!("the body is not JSON: {error}");
            Problem::new(StatusCode::BAD_REQUEST, "malformed-json", detail)
        }
    })
}

/// Parameters of the query, such as `?limit=20&q=maria`. Unknown ones are refused and named.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                let name = |start: &str| {
                    let (_, rest) = text.split_once(start)?;
                    rest.split('`').next().map(str::to_owned)
                };
                let errors = if let Some(field) = name("unknown field `") {
                    FieldErrors::one(field, "there is no such parameter")
                } else if let Some(field) = name("missing field `") {
                    FieldErrors::one(field, "is missing")
                } else if let Some((field, message)) = text.split_once(": ") {
                    FieldErrors::one(field, message)
                } else {
                    FieldErrors::one("query", text)
                };
                Err(Problem::invalid(&errors).into_response())
            }
        }
    }
}

/// The id in a path, such as `/devices/{id}`. A text that is none is answered with 422 and says what would be right.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: std::str::FromStr<Err = ParseError>> FromRequestParts<S> for Id<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        part(&params, "id").map(Self)
    }
}

/// The second id of a path, such as `/groups/{id}/members/{member}`.
#[derive(Debug)]
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<S, A, B> FromRequestParts<S> for Ids<A, B>
where
    S: Send + Sync,
    A: std::str::FromStr<Err = ParseError>,
    B: std::str::FromStr<Err = ParseError>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self(part(&params, "id")?, part(&params, "")?))
    }
}

/// The path's parameter `name`, or the last one when the name is empty.
fn part<T: std::str::FromStr<Err = ParseError>>(params: &RawPathParams, name: &str) -> Result<T, Response> {
    let mut found = ("id", "");
    for (key, value) in params {
        if name.is_empty() || key == name {
            found = (key, value);
        }
    }
    found.1.parse().map_err(|error| Problem::invalid(&FieldErrors::one(found.0, error)).into_response())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code)]
        name: String,
        #[expect(dead_code)]
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code)]
        number: u32,
    }

    fn wrong(text: &str) -> Problem {
        parse::<Outer>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        for (text, field) in [
            (r#"{"name":"a","colour":1}"#, "colour"),
            (r#"{}"#, "name"),
            (r#"{"name":1}"#, "name"),
            (r#"{"name":"a","inner":[{"number":1},{"number":-1}]}"#, "inner[1].number"),
            (r#"{"name":"a","inner":[{"number":1,"x":2}]}"#, "inner[0].x"),
            (r#"{"name":"a","inner":[{}]}"#, "inner[0].number"),
            (r#"["a"]"#, "body"),
        ] {
            let problem = wrong(text);
            assert_eq!(problem.status, 422, "{text}");
            assert_eq!(problem.errors[0].field, field, "{text}: {problem:?}");
        }
    }

    #[test]
    fn what_is_no_json_says_where() {
        for text in ["{", "{\"name\":\"a\"} x", "nope", "{\"name\":\"\u{1}\"}"] {
            let problem = wrong(text);
            assert_eq!((problem.status, problem.kind.as_str()), (400, "/problems/malformed-json"), "{text}");
            assert!(problem.detail.contains("line 1"), "{problem:?}");
        }
    }
}
