//! Changes: done, done only if what follows is still what was shown, or only rehearsed to see what would follow.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use certporter_model::thumbprint::ContentDigest;
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::problem::Problem;
use super::body::Query;
use crate::pipeline::planner::WhatIf;
use crate::service::consequences::{Consequences, concluded};
use crate::service::portal::Intent;
use crate::service::{Portal, ServiceError};

/// The header with the digest of the consequences that were shown.
pub(super) const IF_CONSEQUENCES: HeaderName = HeaderName::from_static("if-consequences");

/// Every handler of a change takes the portal as this, so that each can be previewed: it carries what the request is
/// sent for.
#[derive(Debug)]
pub(super) struct Acting(pub(super) Portal);

/// What every change takes beside its body.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Rehearsing {
    /// True: nothing is done. The answer says what would follow, with the digest for the header If-Consequences.
    #[serde(default)]
    preview: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Acting
where
    Portal: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let portal = Portal::from_ref(state);
        let Query(Rehearsing { preview }) = Query::from_request_parts(parts, state).await?;
        let shown = match parts.headers.get(&IF_CONSEQUENCES) {
            None => None,
            Some(value) => Some(value.to_str().ok().and_then(parse).ok_or_else(|| {
                let detail =
                    "the header If-Consequences holds the digest that a preview answered, in hexadecimal";
                Problem::new(StatusCode::BAD_REQUEST, "malformed-header", detail).into_response()
            })?),
        };
        let intent = match shown {
            _ if preview => Intent::Rehearse,
            Some(digest) => Intent::DoIf(digest),
            None => Intent::Do,
        };
        Ok(Self(portal.with_intent(intent)))
    }
}

fn parse(text: &str) -> Option<ContentDigest> {
    text.trim().trim_matches('"').parse().ok()
}

/// Marks an answer that tells what would follow.
#[derive(Debug, Clone, Copy)]
struct Told;

/// 200 with what would follow.
pub(super) fn told(consequences: &Consequences) -> Response {
    let mut response = Json(consequences).into_response();
    response.extensions_mut().insert(Told);
    response
}

/// What would follow is yet to be found out.
#[derive(Debug, Clone)]
struct Asked(Arc<Mutex<Option<WhatIf>>>);

/// 200 with what would follow, as soon as it is known: [`rehearsed`] waits for it.
pub(super) fn to_look_at(what_if: WhatIf) -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Asked(Arc::new(Mutex::new(Some(what_if)))));
    response
}

/// A program waits so long for a look at very many.
const PATIENCE: Duration = Duration::from_secs(120);

/// Finds out what would follow.
async fn found_out(portal: &Portal, what_if: WhatIf) -> Response {
    match concluded(portal, Err::<(), _>(ServiceError::ToLookAt(Box::new(what_if))), PATIENCE).await {
        Ok(consequences) if consequences.counting.is_none() => told(&consequences),
        Ok(_) => {
            Problem::unavailable("this concerns very many and is still being looked at", 10).into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Whether a request asks for nothing but what would follow.
pub(super) fn is_preview(request: &Request) -> bool {
    let asked = |query: &str| query.split('&').any(|pair| pair == "preview=true");
    *request.method() != Method::GET && request.uri().query().is_some_and(asked)
}

/// A preview of a change that found nothing to do is answered as one, and not as if it had been done.
pub(super) async fn rehearsed(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let preview = is_preview(&request);
    let mut response = next.run(request).await;
    if let Some(Asked(asked)) = response.extensions_mut().remove::<Asked>() {
        let what_if = asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(what_if) = what_if {
            return found_out(&portal, what_if).await;
        }
    }
    if preview && response.status().is_success() && response.extensions().get::<Told>().is_none() {
        return told(&Consequences::default());
    }
    response
}
