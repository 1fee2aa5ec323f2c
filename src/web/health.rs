//! Whether the portal lives, can serve, and how it does: `/healthz`, `/readyz`, `/metrics`.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::service::Portal;
use crate::service::gauges::Gauges;

/// Media type of Prometheus' text form.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Starts to collect metrics for this process; `None` where another part of the process collects them already.
#[must_use]
pub fn collect_metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}

#[derive(Clone)]
struct Watched {
    portal: Portal,
    metrics: Option<PrometheusHandle>,
    gauges: Gauges,
}

/// The three routes. They tell nothing about anybody, so they take no sign-in.
pub fn routes(portal: Portal, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "lives\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(Watched { portal, metrics, gauges: Gauges::default() })
}

async fn ready(State(watched): State<Watched>) -> Response {
    match watched.portal.db().ping().await {
        // Whoever balances load goes on sending requests here: the portal itself serves, and requests wait.
        Ok(()) => match Gauges::cas_that_fail(&watched.portal).await {
            Ok(cas) => {
                let say = |ca: String| format!("the issuing CA {ca} does not work: see the overview\n");
                format!("ready\n{}", cas.into_iter().map(say).collect::<String>()).into_response()
            }
            Err(error) => {
                tracing::warn!(%error, "whether issuing CAs work can't be read");
                "ready\n".into_response()
            }
        },
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; the log tells more\n")
                .into_response()
        }
    }
}

async fn metrics_text(State(watched): State<Watched>) -> Response {
    match watched.metrics {
        Some(handle) => {
            if let Err(error) = watched.gauges.read(&watched.portal).await {
                // The counters tell something all the same.
                tracing::warn!(%error, "the gauges can't be read");
            }
            ([(header::CONTENT_TYPE, PROMETHEUS)], handle.render()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "this process collects no metrics\n").into_response(),
    }
}
