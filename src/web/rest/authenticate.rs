//! Who is asking, and whether their role is enough for the route at all: before anything of the request is read.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use certporter_model::access::Caller;
use http::request::Parts;
use http::{Method, StatusCode, header};
use zeroize::Zeroizing;

use super::super::listeners;
use super::super::problem::Problem;
use crate::service::{Operation, Portal, ServiceError, tokens};

/// The caller, in a handler.
#[derive(Debug)]
pub(super) struct Asking(pub(super) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or_else(|| Problem::unauthenticated(HOW))
    }
}

const HOW: &str = "send a token that is valid: Authorization: Bearer cp_..";

/// The operation of each route, from the OpenAPI document: a route that is not in it is never reached.
pub(super) type Gates = HashMap<(Method, String), Operation>;

fn wrong_method() -> Problem {
    let detail = "this address has other methods: see /api/v1/openapi.json";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

/// What the layer needs.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) portal: Portal,
    pub(super) gates: Arc<Gates>,
}

/// Puts the caller into the request, or answers 401; answers 403 if no role of theirs is enough.
pub(super) async fn authenticate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let known = match Asked::read(&request) {
        Ok(asked) => asked.known(&gate, method).await,
        Err(problem) => Err(problem),
    };
    match known {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What of a request says who asks for what.
struct Asked {
    token: Zeroizing<String>,
    address: Option<String>,
    path: String,
}

impl Asked {
    fn read(request: &Request) -> Result<Self, Problem> {
        let header =
            request.headers().get(header::AUTHORIZATION).ok_or_else(|| Problem::unauthenticated(HOW))?;
        let token = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| Zeroizing::new(token.trim().to_owned()))
            .ok_or_else(|| Problem::unauthenticated(HOW))?;
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(listeners::peer);
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        Ok(Self { token, address, path: path.to_owned() })
    }

    async fn known(self, gate: &Gate, method: Method) -> Result<Caller, Problem> {
        let found = tokens::authenticate(&gate.portal, &self.token, self.address.as_deref()).await;
        let caller = found.map_err(|error| match error {
            ServiceError::Unauthenticated => {
                Problem::unauthenticated("this token is not known, has expired or was ended: create another")
            }
            other => other.into(),
        })?;
        // HEAD is answered by GET's handler.
        let method = if method == Method::HEAD { Method::GET } else { method };
        if let Some(operation) = gate.gates.get(&(method, self.path.clone())) {
            operation.thinkable(&caller)?;
            return Ok(caller);
        }
        let known = gate.gates.keys().any(|(_, path)| *path == self.path);
        Err(if known { wrong_method() } else { Problem::not_found("address") })
    }
}
