//! Sessions of browsers: a cookie with a random id, and what is kept under its hash.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use certporter_model::access::Caller;
use certporter_model::thumbprint::SecretHash;
use certporter_model::{AccountId, SignInCodeId, Timestamp};
use http::header;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, SessionStore};
use tower_sessions::{Expiry, SessionManagerLayer};

pub use tower_sessions::Session;

use super::listeners::peer;
use super::problem::Problem;
use crate::service::sessions::{self, Kept};
use crate::service::sign_in::{self, SignedIn};
use crate::service::sign_in_codes::{self, SignedInWithCode};
use crate::service::time_zone::TimeZone;
use crate::service::{Portal, ServiceError, own_account};

/// Under which names a session remembers things.
const ACCOUNT: &str = "account";
const CODE: &str = "sign_in_code";
const ADDRESS: &str = "address";
const AGENT: &str = "agent";
const SEEN: &str = "seen";
/// How often at most the database is told that a session is in use.
const TOUCH: Duration = Duration::from_secs(60);
/// The most characters of a browser's name that are kept.
const AGENT_MAX: usize = 200;

/// The cookie and the store behind it. The cookie lives as long as the browser; when the session ends is decided here.
#[must_use]
pub fn layer(portal: &Portal) -> SessionManagerLayer<Sessions> {
    let https = portal.addresses().portal.is_https();
    SessionManagerLayer::new(Sessions(portal.clone()))
        // The prefix makes browsers refuse the cookie from any other host or over plain HTTP.
        .with_name(if https { "__Host-certporter" } else { "certporter" })
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(https)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}

/// Finds out who asks and puts the [`Caller`] into the request's extensions: the account of the session, or nobody.
pub async fn identify(
    State(portal): State<Portal>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(peer);
    match caller(&portal, &session, address.as_deref()).await {
        Ok((caller, zone)) => {
            if let Some(zone) = zone {
                request.extensions_mut().insert(zone);
            }
            let caller = match address {
                Some(address) => caller.at(address),
                None => caller,
            };
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Who has the session, and the time zone that they chose.
async fn caller(
    portal: &Portal,
    session: &Session,
    address: Option<&str>,
) -> Result<(Caller, Option<TimeZone>), ServiceError> {
    let known = if let Some(account) = read::<AccountId>(session, ACCOUNT).await? {
        sign_in::known(portal, account).await?
    } else if let Some(code) = read::<SignInCodeId>(session, CODE).await? {
        sign_in_codes::caller_of(portal, code).await?.map(|caller| (caller, None))
    } else {
        return Ok((Caller::anonymous(), None));
    };
    let Some(known) = known else {
        session.flush().await.map_err(|error| failed(&error))?;
        return Ok((Caller::anonymous(), None));
    };
    // Saving a session puts its end off: now and then, not at each request.
    let seen = read::<Timestamp>(session, SEEN).await?.unwrap_or_default();
    if portal.now().since(seen) >= TOUCH {
        session.insert(SEEN, portal.now()).await.map_err(|error| failed(&error))?;
        session.insert(ADDRESS, address).await.map_err(|error| failed(&error))?;
    }
    Ok(known)
}

async fn read<T: DeserializeOwned>(session: &Session, name: &str) -> Result<Option<T>, ServiceError> {
    session.get::<T>(name).await.map_err(|error| failed(&error))
}

/// What names the session among those of its account.
#[must_use]
pub fn own(session: &Session) -> Option<SecretHash> {
    session.id().map(|id| own_account::session_of(&octets(id)))
}

/// Makes the session that of somebody who has just signed in, under a new id: one that was planted before is worth
/// nothing.
///
/// # Errors
/// When the database refuses.
pub async fn begin(
    session: &Session,
    signed_in: &SignedIn,
    caller: &Caller,
    agent: Option<&str>,
) -> Result<(), ServiceError> {
    begin_as(session, (ACCOUNT, &signed_in.account), caller, agent).await
}

/// The same for somebody who came with a one-time code.
///
/// # Errors
/// When the database refuses.
pub async fn begin_with_code(
    session: &Session,
    signed_in: &SignedInWithCode,
    caller: &Caller,
    agent: Option<&str>,
) -> Result<(), ServiceError> {
    begin_as(session, (CODE, &signed_in.code), caller, agent).await
}

async fn begin_as(
    session: &Session,
    (name, who): (&str, &(impl Serialize + Sync)),
    caller: &Caller,
    agent: Option<&str>,
) -> Result<(), ServiceError> {
    let begin = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert(name, who).await?;
        if let Some(address) = caller.address() {
            session.insert(ADDRESS, address).await?;
        }
        if let Some(agent) = agent {
            session.insert(AGENT, agent.chars().take(AGENT_MAX).collect::<String>()).await?;
        }
        session.save().await
    };
    begin.await.map_err(|error| failed(&error))
}

/// Ends the session.
///
/// # Errors
/// When the database refuses.
pub async fn end(session: &Session) -> Result<(), ServiceError> {
    session.flush().await.map_err(|error| failed(&error))
}

/// The browser's name, as it gives it.
#[must_use]
pub fn agent(headers: &http::HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT)?.to_str().ok()
}

fn failed(error: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::internal("keeping a session", error)
}

fn octets(id: Id) -> [u8; 16] {
    id.0.to_be_bytes()
}

/// Sessions in the portal's database.
#[derive(Debug, Clone)]
pub struct Sessions(Portal);

#[async_trait]
impl SessionStore for Sessions {
    /// Ids have 128 random bits: no two are ever the same.
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let text = |name: &str| record.data.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let kept = Kept {
            account: text(ACCOUNT).and_then(|account| account.parse().ok()),
            data: serde_json::to_string(&record.data)
                .map_err(|error| session_store::Error::Encode(error.to_string()))?,
            address: text(ADDRESS),
            agent: text(AGENT),
            expires_at: self.0.now().plus(sessions::IDLE),
        };
        sessions::save(&self.0, &octets(record.id), kept).await.map_err(|error| refused(&error))
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let kept = sessions::load(&self.0, &octets(*id)).await.map_err(|error| refused(&error))?;
        kept.map(|kept| {
            let data: HashMap<String, serde_json::Value> = serde_json::from_str(&kept.data)
                .map_err(|error| session_store::Error::Decode(error.to_string()))?;
            Ok(Record { id: *id, data, expiry_date: kept.expires_at.to_utc() })
        })
        .transpose()
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        sessions::end(&self.0, &octets(*id)).await.map_err(|error| refused(&error))
    }
}

fn refused(error: &ServiceError) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}
