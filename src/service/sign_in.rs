//! Signing in with a name and a password, and one's own account.

use certporter_model::access::{Actor, Caller, Grant};
use certporter_model::thumbprint::SecretHash;
use certporter_model::{AccountId, SignInIdentityId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::error::ServiceError;
use super::operation::Operation;
use super::password;
use super::portal::Portal;
use super::rate_limit::{SIGN_IN_BY_ADDRESS, SIGN_IN_BY_NAME};
use crate::store::{AuditEvent, StoreError, Target, accounts, fold, sessions};

/// Somebody whose password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Their account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
}

/// Who is asking, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnView {
    /// Who, as the audit trail names them.
    pub actor: Actor,
    /// What they may do, and how far.
    pub grants: Vec<Grant>,
    /// The user whose certificates are theirs.
    pub user_id: Option<UserId>,
}

/// One of one's own sessions.
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

/// Signs somebody in. Whether the name exists is not told, neither by the answer nor by how long it takes.
///
/// # Errors
/// [`ServiceError::Invalid`] when name or password is wrong, [`ServiceError::TooMany`] after too many tries.
pub async fn sign_in(
    portal: &Portal,
    caller: &Caller,
    name: &str,
    password: Zeroizing<String>,
) -> Result<SignedIn, ServiceError> {
    let permit = Operation::OwnSignIn.own(caller)?;
    SIGN_IN_BY_ADDRESS.take(portal, caller.address().unwrap_or("unknown")).await?;
    let key = fold(name);
    SIGN_IN_BY_NAME.take(portal, &key).await?;
    let mut conn = portal.db().read().await?;
    // Nobody has a name or password of such a length; an unbounded one would keep the hash busy.
    let possible = name.chars().count() <= 200 && password.chars().count() <= password::LONGEST;
    let account = if possible { accounts::by_name(&mut conn, name).await? } else { None };
    let account = account.filter(|account| account.disabled_at.is_none());
    let stored = match &account {
        Some(account) => {
            accounts::password(&mut conn, account.id).await?.and_then(|identity| identity.secret_hash)
        }
        None => None,
    };
    drop(conn);
    let given = if possible { password } else { Zeroizing::new(String::new()) };
    let right = password::verify(given, stored).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let Some(account) = account.as_ref().filter(|_| right) else {
        // What was typed is not kept: it may be a password in the wrong field.
        let target = match &account {
            Some(account) => Target::one("account", account.id.as_uuid()),
            None => Target::none("account"),
        };
        tx.commit(AuditEvent::new(now, "own.sign_in_refused", target)).await?;
        return Err(ServiceError::field("password", "the name or the password is wrong"));
    };
    accounts::signed_in(&mut tx, account.id, now).await?;
    tx.commit(AuditEvent::new(
        now,
        Operation::OwnSignIn.name(),
        Target::one("account", account.id.as_uuid()),
    ))
    .await?;
    SIGN_IN_BY_NAME.forget(portal, &key).await?;
    Ok(SignedIn { account: account.id, name: account.name.as_str().to_owned() })
}

/// Notes that somebody signed out. The session itself is ended by whoever keeps it.
///
/// # Errors
/// When the database refuses.
pub async fn signed_out(portal: &Portal, caller: &Caller) -> Result<(), ServiceError> {
    let permit = Operation::OwnSignOut.own(caller)?;
    let Actor::Account { id, .. } = caller.actor() else { return Ok(()) };
    let now = portal.now();
    let tx = portal.db().write(&permit).await?;
    Ok(tx
        .commit(AuditEvent::new(now, Operation::OwnSignOut.name(), Target::one("account", id.as_uuid())))
        .await?)
}

/// The caller behind a session's account, with what the account may do now; `None` when it is gone or disabled.
///
/// # Errors
/// When the database refuses.
pub async fn caller_of(portal: &Portal, account: AccountId) -> Result<Option<Caller>, ServiceError> {
    let mut conn = portal.db().read().await?;
    let account = match accounts::get(&mut conn, account).await {
        Ok(account) if account.disabled_at.is_none() => account,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let grants = accounts::grants(&mut conn, account.id).await?;
    Ok(Some(Caller::account(account.id, account.name.into(), grants, account.user_id)))
}

/// Who is asking.
///
/// # Errors
/// When nobody known is.
pub fn own(caller: &Caller) -> Result<OwnView, ServiceError> {
    if matches!(caller.actor(), Actor::Anonymous) {
        return Err(ServiceError::Unauthenticated);
    }
    Operation::OwnRead.own(caller)?;
    Ok(OwnView { actor: caller.actor().clone(), grants: caller.grants().to_vec(), user_id: caller.user() })
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
    let view = |row: sessions::Session| SessionView {
        id: row.id_hash,
        address: row.address,
        agent: row.agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
    };
    Ok(rows.into_iter().map(view).collect())
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

fn account_of(caller: &Caller) -> Result<(AccountId, &str), ServiceError> {
    match caller.actor() {
        Actor::Account { id, name } => Ok((*id, name)),
        _ => Err(ServiceError::Unauthenticated),
    }
}
