//! The listener of people and REST clients, put together.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use super::state::{AppState, Pages};
use super::{headers, health, rest, sessions};

/// The most octets of a request's body.
pub const BODY_LIMIT: usize = 1 << 20;

/// Everything that answers there: pages, REST, health.
///
/// # Errors
/// When the public address is no origin.
pub fn router(
    state: &AppState,
    pages: Pages,
    metrics: Option<PrometheusHandle>,
) -> Result<Router, OriginError> {
    let address = state.portal.addresses().portal.clone();
    let https = address.is_https();
    // A proxy in front may change the Host header; the public address is known all the same.
    let csrf = CsrfLayer::new()
        .add_trusted_origin(origin(address.as_str()))
        .map_err(|error| OriginError { address: address.to_string(), reason: error.to_string() })?;
    Ok(Router::new()
        .merge(health::routes(state.portal.clone(), metrics))
        .merge(rest::routes(&state.portal))
        .merge(
            pages(state.clone())
                .layer(from_fn_with_state(state.portal.clone(), sessions::identify))
                .layer(sessions::layer(&state.portal)),
        )
        .layer(csrf)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CompressionLayer::new())
        .layer(from_fn(move |request, next| headers::secure(https, request, next))))
}

/// The public address can't be used to recognise the portal's own pages.
#[derive(Debug, thiserror::Error)]
#[error("the public address {address} is no origin: {reason}")]
pub struct OriginError {
    address: String,
    reason: String,
}

/// Scheme, host and port of an address, without its path.
fn origin(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address.get(start..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| start + at);
    address.get(..end).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin("https://portal.example.org/certs/portal"), "https://portal.example.org");
        assert_eq!(origin("http://127.0.0.1:3000"), "http://127.0.0.1:3000");
    }
}
