//! Optimistic concurrency: an entity tag is the version of what was read, and a change names the one that it is based on.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};

use super::super::problem::Problem;

/// The version that a change is based on, from the header If-Match (RFC 9110, section 13.1.1). A change without it
/// is refused with 428, so that nobody overwrites what they have not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "send the header If-Match with the ETag of what you read, such as If-Match: \"3\"";
            let problem = Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail);
            return Err(problem.into_response());
        };
        let version = value.to_str().ok().and_then(parse);
        version.map(Self).ok_or_else(|| {
            let detail = "the header If-Match holds one ETag as it was answered, such as \"3\"";
            Problem::new(StatusCode::BAD_REQUEST, "malformed-header", detail).into_response()
        })
    }
}

fn parse(text: &str) -> Option<i64> {
    text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok().filter(|version| *version >= 0)
}

/// The entity tag of a version.
pub(crate) fn etag(version: i64) -> [(header::HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    [(header::ETAG, value)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_in_quotes() {
        assert_eq!(parse("\"12\""), Some(12));
        for text in ["12", "\"\"", "*", "W/\"12\"", "\"-1\"", "\"1\", \"2\""] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(etag(3)[0].1, "\"3\"");
    }
}
