//! HTTP to the portal's device listener.

use std::net::IpAddr;
use std::time::Duration;

use certporter_model::ConfirmationId;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::AgentError;
use super::identity::ManagementIdentity;
use crate::answers::{self, Unread, reasons};
use crate::wire::device::{
    Commands, ConfirmAnswer, ConfirmRequest, Confirmations, EnrolAnswer, EnrolRequest, ManagementCertificate,
    PollQuery, RenewRequest, Report, ReportAnswer, RetireRequest, TrustAnchors, VERSION, path,
};
use crate::wire::problem::Problem;

/// The largest answer that is read: 32 commands with the largest envelopes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// How long an answer may take beyond the time that the portal was asked to wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// The device listener's address: `https://HOST[:PORT]`, nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress(Url);

impl ServerAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is not `https`, or has more than a host and a port.
    pub fn parse(text: &str) -> Result<Self, AgentError> {
        let url = Url::parse(text.trim()).map_err(|error| AgentError::Address(error.to_string()))?;
        if url.scheme() != "https" {
            return Err(AgentError::Address(format!("this is {}", url.scheme())));
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
            return Err(AgentError::Address("this has something else in it".to_owned()));
        }
        Ok(Self(url))
    }

    /// As text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether it is this machine: no proxy stands in between then.
    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    fn builder(&self) -> ClientBuilder {
        let builder = Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(1)
            .user_agent(concat!("certporter/", env!("CARGO_PKG_VERSION")));
        if self.is_loopback() { builder.no_proxy() } else { builder }
    }
}

/// Talks to the device listener.
#[derive(Debug, Clone)]
pub struct DeviceClient {
    server: ServerAddress,
    http: Client,
}

impl DeviceClient {
    /// A client that trusts whoever answers: only to fetch the CA, which is then compared with the enrolment code.
    ///
    /// # Errors
    /// When TLS can't be set up.
    pub fn trusting_anybody(server: &ServerAddress) -> Result<Self, AgentError> {
        Self::build(server, server.builder().tls_danger_accept_invalid_certs(true))
    }

    /// A client that trusts one CA and no other, and authenticates with a management certificate if it has one.
    ///
    /// # Errors
    /// When the CA or the certificate can't be used.
    pub fn trusting(
        server: &ServerAddress,
        ca_der: &[u8],
        identity: Option<&ManagementIdentity>,
    ) -> Result<Self, AgentError> {
        let ca = Certificate::from_der(ca_der).map_err(unusable)?;
        let mut builder = server.builder().tls_certs_only([ca]);
        if let Some(identity) = identity {
            let (certificates, key) = identity.to_pem()?;
            let identity = Identity::from_pkcs8_pem(certificates.as_bytes(), key.as_bytes());
            builder = builder.identity(identity.map_err(unusable)?);
        }
        Self::build(server, builder)
    }

    fn build(server: &ServerAddress, builder: ClientBuilder) -> Result<Self, AgentError> {
        Ok(Self { server: server.clone(), http: builder.build().map_err(unusable)? })
    }

    /// The CAs by which the listener says that it is known.
    ///
    /// # Errors
    /// When the server can't be reached or answers something else.
    pub async fn trust_anchors(&self) -> Result<TrustAnchors, AgentError> {
        self.call(Method::GET, path::TRUST_ANCHORS, None::<&()>, PATIENCE).await
    }

    /// Enrols.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolAnswer, AgentError> {
        self.call(Method::POST, path::ENROL, Some(request), PATIENCE).await
    }

    /// Asks what there is to do, and waits as long as the query says.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn commands(&self, query: &PollQuery) -> Result<Commands, AgentError> {
        let path = format!("{}?{}", path::COMMANDS, query.to_text());
        self.call(Method::GET, &path, None::<&()>, query.wait() + PATIENCE).await
    }

    /// Reports.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn report(&self, report: &Report) -> Result<ReportAnswer, AgentError> {
        self.call(Method::POST, path::REPORT, Some(report), PATIENCE).await
    }

    /// Asks for another management certificate.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn renew(&self, request: &RenewRequest) -> Result<ManagementCertificate, AgentError> {
        self.call(Method::POST, path::RENEW, Some(request), PATIENCE).await
    }

    /// What of the person's waits to be confirmed.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn confirmations(&self) -> Result<Confirmations, AgentError> {
        self.call(Method::GET, path::CONFIRMATIONS, None::<&()>, PATIENCE).await
    }

    /// Confirms that it is the person's.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn confirm(&self, id: ConfirmationId) -> Result<(), AgentError> {
        let request = ConfirmRequest { version: VERSION, id };
        let _: ConfirmAnswer = self.call(Method::POST, path::CONFIRMATIONS, Some(&request), PATIENCE).await?;
        Ok(())
    }

    /// Gives up.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn retire(&self) -> Result<(), AgentError> {
        let request = RetireRequest { version: VERSION };
        let _: serde_json::Value = self.call(Method::POST, path::RETIRE, Some(&request), PATIENCE).await?;
        Ok(())
    }

    async fn call<B: Serialize, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        timeout: Duration,
    ) -> Result<A, AgentError> {
        let address = format!("{}{path}", self.server.as_str());
        let mut request = self.http.request(method, address).timeout(timeout);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let octets = answers::read(response, LARGEST_ANSWER).await.map_err(|unread| match unread {
            Unread::TooLong => AgentError::Answer("it is over 16 MiB long".to_owned()),
            Unread::Broken(error) => unreachable(error),
        })?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&octets).map_err(|error| AgentError::Answer(error.to_string()));
        }
        match serde_json::from_slice::<Problem>(&octets) {
            Ok(problem) => Err(AgentError::Refused { problem, retry_after }),
            Err(_) if status.is_server_error() => {
                Err(AgentError::Unreachable(format!("it answers {status}")))
            }
            Err(_) => Err(AgentError::Answer(format!("it answers {status}"))),
        }
    }
}

fn unreachable(error: reqwest::Error) -> AgentError {
    AgentError::Unreachable(reasons(error))
}

fn unusable(error: reqwest::Error) -> AgentError {
    AgentError::Answer(reasons(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_and_nothing_more() {
        assert_eq!(ServerAddress::parse("https://host:3443/").unwrap().as_str(), "https://host:3443");
        for text in
            ["http://host", "host:3443", "https://host/path", "https://a:b@host", "https://host?x=1", ""]
        {
            assert!(matches!(ServerAddress::parse(text), Err(AgentError::Address(_))), "{text}");
        }
        assert!(ServerAddress::parse("https://[::1]:1").unwrap().is_loopback());
        assert!(!ServerAddress::parse("https://example.org").unwrap().is_loopback());
    }
}
