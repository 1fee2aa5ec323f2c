//! The listener of relying parties: CA certificates, CRLs and OCSP, over plain HTTP (RFC 5280, section 8).

use axum::Router;
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

async fn ocsp_posted(State(published): State<Published>, request: Bytes) -> Response {
    ocsp_answer(&published, &request).await
}

/// The request as base64 in the path, percent-encoded or not (RFC 6960, appendix A.1).
async fn ocsp_in_path(State(published): State<Published>, Path(request): Path<String>) -> Response {
    let der = STANDARD.decode(request.replace(' ', "+")).unwrap_or_default();
    ocsp_answer(&published, &der).await
}

async fn ocsp_answer(published: &Published, request: &[u8]) -> Response {
    let answer = published.ca.ocsp(request).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an OCSP request can't be answered");
        OcspAnswer { octets: TRY_LATER.to_vec(), fresh_until: None }
    });
    let age = answer.fresh_until.map(|until| until.since(published.portal.now()).as_secs().min(CRL_AGE));
    let kept = age.map_or("no-store".to_owned(), |age| format!("public, max-age={age}"));
    ([(header::CONTENT_TYPE, OCSP_RESPONSE.to_owned()), (header::CACHE_CONTROL, kept)], answer.octets)
        .into_response()
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
    fn dates_and_tags_are_http_s() {
        let now = Timestamp::from_seconds(1_000);
        let first = answer(crl(2_000), now, &HeaderMap::new());
        assert_eq!(first.headers()[header::LAST_MODIFIED], "Sun, 06 Nov 1994 08:49:37 GMT");
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(answer(crl(2_000), now, &again).status(), StatusCode::NOT_MODIFIED);
    }
}
