//! Counts and times every request, for `/metrics`.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use crate::clock::Stopwatch;

/// Counts a request of a listener by route and status, and notes how long it took. Routes, not addresses: those
/// would name people's things, and never end.
pub async fn measure(listener: &'static str, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let watch = Stopwatch::start();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    let labels = [("listener", listener.to_owned()), ("route", route), ("status", status)];
    metrics::counter!("certporter_http_requests_total", &labels).increment(1);
    metrics::histogram!("certporter_http_request_seconds", &labels).record(watch.elapsed().as_secs_f64());
    response
}
