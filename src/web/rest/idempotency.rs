//! `Idempotency-Key`: the same request sent again gets the same answer, and is done once.
//!
//! The answer is kept for a day, sealed by a key that only the caller has (its token and the idempotency key): it may
//! hold a code or token that is shown once. A request that failed inside, or was refused for being too early or too
//! often, is not kept: it may be sent again with the same key.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::{acting, body};
use crate::pki::digest::{secret_hash, sha256};
use crate::pki::secret_box::MasterKey;
use crate::service::idempotency::{self, Earlier, Kept};
use crate::service::{Portal, ServiceError};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const CONTEXT: &str = "idempotent answer";
/// How long a request may be worked on before another with its key is told that nobody knows how it ended.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
struct Answer {
    headers: Vec<(String, String)>,
    body: String,
}

/// Answers a creation that came before as it was answered then.
pub(super) async fn once(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get(&KEY).cloned() else { return next.run(request).await };
    // A preview does nothing: it may be asked for as often as one likes, and takes no key.
    if request.method() != Method::POST || acting::is_preview(&request) {
        return next.run(request).await;
    }
    match attempt(&portal, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn attempt(
    portal: &Portal,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if key.is_empty() || key.len() > 255 || !key.as_bytes().iter().all(u8::is_ascii_graphic) {
        let detail = "the header Idempotency-Key has 1 to 255 printable ASCII characters without spaces";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "malformed-header", detail));
    }
    let mut secret = Zeroizing::new(Vec::new());
    secret
        .extend(request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default());
    secret.push(0);
    secret.extend(key.as_bytes());
    let name = secret_hash(&secret);
    secret.extend(b"\0answer");
    let seal = MasterKey::from_octets(Zeroizing::new(sha256(&secret)));

    let (parts, stream) = request.into_parts();
    let octets = body::read(Request::from_parts(parts.clone(), stream)).await?;
    let mut what = format!("{} {}\n", parts.method, parts.uri.path()).into_bytes();
    // Asked for on other conditions, it is another request.
    what.extend(parts.headers.get(&acting::IF_CONSEQUENCES).map(HeaderValue::as_bytes).unwrap_or_default());
    what.push(b'\n');
    what.extend(&octets);
    let digest = secret_hash(&what);

    match idempotency::take(portal, name, digest).await? {
        Earlier::None => {}
        Earlier::Other => {
            let detail =
                "this Idempotency-Key was used for another request: choose a new one for a new request";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail));
        }
        Earlier::Open { since } => return Err(in_work(since)),
        Earlier::Answered(kept) => return replay(&seal, &kept),
    }
    let response = next.run(Request::from_parts(parts, Body::from(octets))).await;
    keep(portal, &seal, name, response).await
}

fn in_work(since: Duration) -> Problem {
    let mut problem = if since < PATIENCE {
        Problem::conflict("the first request with this Idempotency-Key is still being worked on: wait for it")
    } else {
        Problem::conflict(
            "the first request with this Idempotency-Key was interrupted: look whether it was done, then choose a new key",
        )
    };
    problem.kind = "/problems/idempotency-key-in-use".to_owned();
    problem
}

async fn keep(
    portal: &Portal,
    seal: &MasterKey,
    name: certporter_model::thumbprint::SecretHash,
    response: Response,
) -> Result<Response, Problem> {
    let status = response.status();
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED)
    {
        idempotency::free(portal, name).await?;
        return Ok(response);
    }
    let (parts, stream) = response.into_parts();
    let octets = axum::body::to_bytes(stream, body::BODY_LIMIT * 4)
        .await
        .map_err(|error| ServiceError::internal("reading an answer", &error))?;
    let answer = Answer { headers: remembered(&parts.headers), body: STANDARD.encode(&octets) };
    let text = Zeroizing::new(
        serde_json::to_vec(&answer).map_err(|error| ServiceError::internal("keeping an answer", &error))?,
    );
    let sealed = seal
        .seal(portal.random(), CONTEXT, &text)
        .map_err(|error| ServiceError::internal("sealing an answer", &error))?;
    idempotency::answered(portal, name, &Kept { status: status.as_u16(), sealed }).await?;
    Ok(Response::from_parts(parts, Body::from(octets)))
}

fn remembered(headers: &HeaderMap) -> Vec<(String, String)> {
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG]
        .iter()
        .filter_map(|name| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned())))
        .collect()
}

fn replay(seal: &MasterKey, kept: &Kept) -> Result<Response, Problem> {
    let failed =
        |error: &dyn std::fmt::Display| Problem::from(ServiceError::internal("opening an answer", error));
    let text = seal.open(CONTEXT, &kept.sealed).map_err(|error| failed(&error))?;
    let answer: Answer = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
    let octets = STANDARD.decode(&answer.body).map_err(|error| failed(&error))?;
    let mut response = Response::new(Body::from(octets));
    *response.status_mut() = StatusCode::from_u16(kept.status).map_err(|error| failed(&error))?;
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
