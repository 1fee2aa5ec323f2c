//! The listener of relying parties: CA certificates, CRLs and OCSP, over plain HTTP (RFC 5280, section 8).

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use certporter_model::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::ca::builtin::{BuiltinCa, OcspAnswer, PublishedFile};
use crate::pki::digest;
use crate::pki::ocsp::{REQUEST_MAX, TRY_LATER};
use crate::service::Portal;

/// An HTTP date (RFC 9110, section 5.6.7).
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// How long a CA certificate may be kept: it never changes under its name.
const CERTIFICATE_AGE: u64 = 7 * 24 * 3600;

/// The longest that a CRL may be kept. A revocation publishes another at once, and whoever keeps the old one goes on
/// accepting what was revoked.
const CRL_AGE: u64 = 60;

/// The media type of OCSP answers (RFC 6960, appendix A).
const OCSP_RESPONSE: &str = "application/ocsp-response";

#[derive(Clone)]
struct Published {
    portal: Portal,
    ca: BuiltinCa,
}

/// The routes: every published file under its name, as AIA and CRL addresses in certificates have it.
pub fn routes(portal: Portal, ca: BuiltinCa) -> Router {
    Router::new()
        .route("/{name}", get(file))
        .route("/ocsp", post(ocsp_posted).layer(DefaultBodyLimit::max(REQUEST_MAX)))
        .route("/ocsp/{*request}", get(ocsp_in_path))
        .with_state(Published { portal, ca })
}

async fn ocsp_posted(State(published): State<Published>, request: Result<Bytes, BytesRejection>) -> Response {
    // What is too long or breaks off is answered as clients of this protocol understand it.
    ocsp_answer(&published, &request.unwrap_or_default()).await
}

/// The request as base64 in the path, percent-encoded or not (RFC 6960, appendix A.1).
async fn ocsp_in_path(State(published): State<Published>, Path(request): Path<String>) -> Response {
    let der = STANDARD.decode(request.replace(' ', "+")).unwrap_or_default();
    ocsp_answer(&published, &der).await
}

async fn ocsp_answer(published: &Published, request: &[u8]) -> Response {
    let answer = published.ca.ocsp(request).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an OCSP request can't be answered");
        OcspAnswer::error(TRY_LATER)
    });
    ocsp_response(answer, published.portal.now())
}

/// With the headers that let caches keep it (RFC 5019, section 6.2).
fn ocsp_response(answer: OcspAnswer, now: Timestamp) -> Response {
    let age = answer.fresh_until.map(|until| until.since(now).as_secs().min(CRL_AGE));
    let etag = format!("\"{}\"", digest::content_digest(&answer.octets));
    let mut response = ([(header::CONTENT_TYPE, OCSP_RESPONSE)], answer.octets).into_response();
    let headers = response.headers_mut();
    let Some(age) = age else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    };
    let mut set = |name: HeaderName, value: Result<String, time::error::Format>| {
        if let Some(value) = value.ok().and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    };
    set(header::CACHE_CONTROL, Ok(format!("public, max-age={age}, no-transform, must-revalidate")));
    set(header::ETAG, Ok(etag));
    set(header::LAST_MODIFIED, answer.this_update.to_utc().format(HTTP_DATE));
    set(header::EXPIRES, now.plus(Duration::from_secs(age)).to_utc().format(HTTP_DATE));
    response
}

async fn file(State(published): State<Published>, Path(name): Path<String>, asked: HeaderMap) -> Response {
    match published.ca.published(&name).await {
        Ok(Some(file)) => answer(file, published.portal.now(), &asked),
        Ok(None) => (StatusCode::NOT_FOUND, "no such file is published\n").into_response(),
        Err(error) => {
            tracing::error!(%error, name, "a published file can't be served");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "try again\n").into_response()
        }
    }
}

fn answer(file: PublishedFile, now: Timestamp, asked: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", file.digest);
    let age = match file.fresh_until {
        Some(until) => until.since(now).as_secs().min(CRL_AGE),
        None => CERTIFICATE_AGE,
    };
    let unchanged = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| list.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (StatusCode::OK, file.octets).into_response()
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, file.media_type);
    set(header::ETAG, &etag);
    set(header::CACHE_CONTROL, &format!("public, max-age={age}"));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Ok(date) = file.modified.to_utc().format(HTTP_DATE) {
        set(header::LAST_MODIFIED, &date);
    }
    response
}

#[cfg(test)]
mod tests {
    use certporter_model::thumbprint::ContentDigest;

    use super::*;

    fn crl(until: i64) -> PublishedFile {
        PublishedFile {
            name: "issuing-1.crl".into(),
            media_type: "application/pkix-crl",
            octets: vec![1, 2, 3],
            digest: ContentDigest::from_octets([7; 32]),
            modified: Timestamp::from_seconds(784_111_777),
            fresh_until: Some(Timestamp::from_seconds(until)),
        }
    }

    #[test]
    fn a_crl_is_kept_no_longer_than_it_is_fresh() {
        let now = Timestamp::from_seconds(1_000);
        let age = |until| answer(crl(until), now, &HeaderMap::new()).headers()[header::CACHE_CONTROL].clone();
        assert_eq!(age(1_010), "public, max-age=10");
        assert_eq!(age(9_999), "public, max-age=60");
        assert_eq!(age(900), "public, max-age=0");
    }

    #[test]
    fn an_ocsp_answer_is_kept_unless_it_must_not_be() {
        let now = Timestamp::from_seconds(784_111_777);
        let answer = |fresh_until| OcspAnswer { octets: vec![1], this_update: now, fresh_until };
        let kept = ocsp_response(answer(Some(now.plus(Duration::from_secs(3600)))), now);
        let kept = |name: HeaderName| kept.headers()[name].to_str().unwrap_or_default().to_owned();
        assert_eq!(kept(header::CACHE_CONTROL), "public, max-age=60, no-transform, must-revalidate");
        assert_eq!(kept(header::LAST_MODIFIED), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(kept(header::EXPIRES), "Sun, 06 Nov 1994 08:50:37 GMT");
        assert_eq!(kept(header::CONTENT_TYPE), "application/ocsp-response");
        let never = ocsp_response(answer(None), now);
        assert_eq!(never.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!never.headers().contains_key(header::ETAG));
    }

    #[test]
    fn dates_and_tags_are_http_s() {
        let now = Timestamp::from_seconds(1_000);
        let first = answer(crl(2_000), now, &HeaderMap::new());
        assert_eq!(first.headers()[header::LAST_MODIFIED], "Sun, 06 Nov 1994 08:49:37 GMT");
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(answer(crl(2_000), now, &again).status(), StatusCode::NOT_MODIFIED);
    }
}
