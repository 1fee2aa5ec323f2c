//! HTTP to OpenBao.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Certificate, Method, StatusCode};
use serde_json::Value;

use super::fault::Fault;
use super::settings::{OpenBaoSettings, Token};
use crate::answers::{self, Unread, reasons};
use crate::ca::contract::CaError;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take in all. Longer than OpenBao takes to make an RSA signature under load.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is read: a page of certificates, or a CRL.
const LARGEST: usize = 64 * 1024 * 1024;

/// Talks to one server with one token.
pub(super) struct Client {
    http: reqwest::Client,
    address: String,
    token: Token,
}

impl Client {
    pub(super) fn new(settings: &OpenBaoSettings, token: Token) -> Result<Self, CaError> {
        let unusable = |error: reqwest::Error| CaError::Refused {
            cause: format!("TLS can't be set up: {}", reasons(error)),
            remedy: "See whether the certificates of its TLS CA are right.".to_owned(),
        };
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .user_agent(concat!("certporter/", env!("CARGO_PKG_VERSION")));
        if !settings.trust().is_empty() {
            let trusted: Result<Vec<Certificate>, _> =
                settings.trust().iter().map(|it| Certificate::from_der(it.as_der())).collect();
            builder = builder.tls_certs_only(trusted.map_err(unusable)?);
        }
        if settings.is_loopback() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(unusable)?;
        Ok(Self { http, address: settings.address().to_owned(), token })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Fault> {
        let octets = self.call(Method::GET, path, None).await?;
        json(&octets)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        let octets = self.call(Method::POST, path, Some(body)).await?;
        // Some paths answer with nothing.
        if octets.is_empty() { Ok(Value::Null) } else { json(&octets) }
    }

    pub(super) async fn octets(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.call(Method::GET, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>, Fault> {
        let mut token = HeaderValue::from_str(self.token.expose())
            .map_err(|_| Fault::Refused("the token can't stand in a header".to_owned()))?;
        token.set_sensitive(true);
        let mut request = self
            .http
            .request(method, format!("{}/v1/{path}", self.address))
            .header("X-Vault-Token", token)
            .header("X-Vault-Request", "true");
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let octets = answers::read(response, LARGEST).await.map_err(|unread| match unread {
            Unread::TooLong => Fault::Garbage("the answer is over 64 MiB long".to_owned()),
            Unread::Broken(error) => broken(error),
        })?;
        if status.is_success() {
            return Ok(octets);
        }
        Err(refused(status, path, &octets))
    }
}

/// An error's answer: `{"errors": ["..."]}`.
fn refused(status: StatusCode, path: &str, octets: &[u8]) -> Fault {
    let parsed: Option<Value> = serde_json::from_slice(octets).ok();
    let Some(errors) = parsed.as_ref().and_then(|it| it["errors"].as_array()) else {
        return Fault::Garbage(format!("it answers {status}, and not as OpenBao does"));
    };
    let said: Vec<String> = errors.iter().filter_map(Value::as_str).map(readable).collect();
    let said = said.join("; ");
    match status.as_u16() {
        503 if said.contains("sealed") => Fault::Sealed,
        403 => Fault::Denied { path: path.to_owned() },
        404 => Fault::Missing { path: path.to_owned(), said },
        400 | 405 | 412 | 422 => Fault::Refused(said),
        429 => Fault::Busy,
        _ if status.is_redirection() => Fault::Garbage(format!("it answers {status}: it points elsewhere")),
        _ => Fault::Failing(format!("it answers {status}: {said}")),
    }
}

/// What it says, on one line and not endless.
fn readable(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().filter(|word| *word != "*").collect();
    let line = line.join(" ");
    let line = line.strip_prefix("1 error occurred: ").unwrap_or(&line);
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn json(octets: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(octets).map_err(|error| Fault::Garbage(format!("its answer is no JSON ({error})")))
}

fn broken(error: reqwest::Error) -> Fault {
    // Nothing has left as long as there is no connection.
    if error.is_connect() {
        return Fault::Unreachable(reasons(error));
    }
    let why = if error.is_timeout() { "no answer came in time".to_owned() } else { reasons(error) };
    Fault::Broken(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let body = |text: &str| format!("{{\"errors\":[\"{text}\"]}}").into_bytes();
        let status = |code| StatusCode::from_u16(code).unwrap();
        let of = |code, text: &str| refused(status(code), "pki/sign/x", &body(text));
        assert!(matches!(of(503, "Vault is sealed"), Fault::Sealed));
        assert!(matches!(of(503, "no leader"), Fault::Failing(_)));
        assert!(matches!(of(403, "permission denied"), Fault::Denied { .. }));
        assert!(matches!(of(404, ""), Fault::Missing { .. }));
        assert!(matches!(of(429, "quota"), Fault::Busy));
        assert!(matches!(of(307, ""), Fault::Garbage(_)));
        let Fault::Refused(said) = of(400, r"1 error occurred:\n\t* unknown role: x\n\n") else { panic!() };
        assert_eq!(said, "unknown role: x");
        assert!(matches!(refused(status(502), "x", b"<html>"), Fault::Garbage(_)));
    }
}
