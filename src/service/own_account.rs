//! One's own account: password, time zone, sessions.

use certporter_model::access::{Actor, Caller, Grant};
use certporter_model::thumbprint::SecretHash;
use certporter_model::{AccountId, SignInIdentityId, Timestamp};
use zeroize::Zeroizing;

use super::error::ServiceError;
use super::operation::Operation;
use super::password;
use super::portal::Portal;
use super::rate_limit::SIGN_IN_BY_NAME;
use super::time_zone::TimeZone;
use crate::pki::digest::secret_hash;
use crate::store::{AuditEvent, Target, accounts, fold, sessions};

/// One's own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// The name one signs in with.
    pub name: String,
    /// What one is called.
    pub display_name: String,
    /// What one may do.
    pub grants: Vec<Grant>,
    /// The time zone in which one reads times.
    pub time_zone: Option<String>,
    /// When one signed in last.
    pub last_sign_in_at: Option<Timestamp>,
}

/// A session of somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// What names it: the hash of its id.
    pub id: SecretHash,
    /// The network address it was last used from.
    pub address: Option<String>,
    /// The browser.
    pub agent: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
}

impl From<sessions::Session> for SessionView {
    fn from(row: sessions::Session) -> Self {
        Self {
            id: row.id_hash,
            address: row.address,
            agent: row.agent,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// One's own account.
///
/// # Errors
/// When nobody known is asking.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<OwnAccount, ServiceError> {
    let (id, _) = account_of(caller)?;
    Operation::OwnRead.own(caller)?;
    let mut conn = portal.db().read().await?;
    let account = accounts::get(&mut conn, id).await?;
    Ok(OwnAccount {
        name: account.name.into(),
        display_name: account.display_name.into(),
        grants: caller.grants().to_vec(),
        time_zone: account.time_zone,
        last_sign_in_at: account.last_sign_in_at,
    })
}

/// Chooses one's own time zone; an empty name is UTC.
///
/// # Errors
/// When there is no such time zone.
pub async fn set_time_zone(portal: &Portal, caller: &Caller, name: &str) -> Result<(), ServiceError> {
    let permit = Operation::OwnSetTimeZone.own(caller)?;
    let (id, _) = account_of(caller)?;
    let zone = match name.trim() {
        "" => None,
        name => Some(TimeZone::parse(name).map_err(|error| ServiceError::field("time_zone", error))?),
    };
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    accounts::set_time_zone(&mut tx, id, zone.as_ref().map(TimeZone::name), now).await?;
    let event = AuditEvent::new(now, Operation::OwnSetTimeZone.name(), Target::one("account", id.as_uuid()));
    Ok(tx.commit(event.with("time_zone", zone.as_ref().map_or("UTC", TimeZone::name))).await?)
}

/// What names the session of that id among one's own.
#[must_use]
pub fn session_of(id: &[u8]) -> SecretHash {
    secret_hash(id)
}

/// Changes one's own password. The other sessions end; `session` is the one in use.
///
/// # Errors
/// When the old password is wrong or the new one will not do.
pub async fn set_own_password(
    portal: &Portal,
    caller: &Caller,
    old: Zeroizing<String>,
    new: Zeroizing<String>,
    session: Option<SecretHash>,
) -> Result<(), ServiceError> {
    let permit = Operation::OwnSetPassword.own(caller)?;
    let (id, name) = account_of(caller)?;
    SIGN_IN_BY_NAME.take(portal, &fold(name)).await?;
    password::check("password", &new, name)?;
    let mut conn = portal.db().read().await?;
    let stored = accounts::password(&mut conn, id).await?.and_then(|identity| identity.secret_hash);
    drop(conn);
    if !password::verify(old, stored).await? {
        return Err(ServiceError::field("old_password", "this is not your present password"));
    }
    let hash = password::hash(portal.random(), new).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    accounts::set_password(&mut tx, SignInIdentityId::new(now, portal.octets()), id, &hash, now).await?;
    let ended = sessions::end_others(&mut tx, id, session).await?;
    let event = AuditEvent::new(now, Operation::OwnSetPassword.name(), Target::one("account", id.as_uuid()));
    tx.commit(event.with("sessions_ended", ended)).await?;
    SIGN_IN_BY_NAME.forget(portal, &fold(name)).await
}

/// One's own sessions, the last used first.
///
/// # Errors
/// When nobody known is asking.
pub async fn own_sessions(portal: &Portal, caller: &Caller) -> Result<Vec<SessionView>, ServiceError> {
    Operation::OwnSessionsList.own(caller)?;
    let (id, _) = account_of(caller)?;
    let mut conn = portal.db().read().await?;
    let rows = sessions::of_account(&mut conn, id, portal.now()).await?;
    Ok(rows.into_iter().map(SessionView::from).collect())
}

/// Ends one of one's own sessions.
///
/// # Errors
/// [`ServiceError::NotFound`] when it is not one's own.
pub async fn end_own_session(
    portal: &Portal,
    caller: &Caller,
    session: SecretHash,
) -> Result<(), ServiceError> {
    let permit = Operation::OwnSessionsEnd.own(caller)?;
    let (id, _) = account_of(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let own = sessions::of_account(&mut tx, id, now).await?.iter().any(|row| row.id_hash == session);
    if !own {
        return Err(ServiceError::NotFound { what: "session" });
    }
    sessions::end(&mut tx, session).await?;
    let event = AuditEvent::new(now, Operation::OwnSessionsEnd.name(), Target::one("account", id.as_uuid()));
    Ok(tx.commit(event).await?)
}

/// Ends every one of one's own sessions but the one in use; answers how many.
///
/// # Errors
/// When nobody known is asking.
pub async fn end_other_sessions(
    portal: &Portal,
    caller: &Caller,
    session: Option<SecretHash>,
) -> Result<u64, ServiceError> {
    let permit = Operation::OwnSessionsEnd.own(caller)?;
    let (id, _) = account_of(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let ended = sessions::end_others(&mut tx, id, session).await?;
    let event = AuditEvent::new(now, Operation::OwnSessionsEnd.name(), Target::one("account", id.as_uuid()));
    tx.commit(event.with("sessions_ended", ended)).await?;
    Ok(ended)
}

fn account_of(caller: &Caller) -> Result<(AccountId, &str), ServiceError> {
    match caller.actor() {
        Actor::Account { id, name } => Ok((*id, name)),
        Actor::Person { .. } => Err(ServiceError::conflict(
            "you came with a code: an account and its password are changed by whoever signs in with that password",
        )),
        _ => Err(ServiceError::Unauthenticated),
    }
}
