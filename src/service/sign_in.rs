//! Signing in with a name and a password, and who that is.

use certporter_model::access::{Actor, Caller, Grant};
use certporter_model::{AccountId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::error::ServiceError;
use super::operation::Operation;
use super::password;
use super::portal::Portal;
use super::rate_limit::{SIGN_IN_BY_ADDRESS, SIGN_IN_BY_NAME};
use super::time_zone::TimeZone;
use crate::store::{AuditEvent, StoreError, Target, accounts, fold};

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
    let Actor::Account { id, .. } = caller.actor() else {
        return super::sign_in_codes::signed_out(portal, caller).await;
    };
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
    Ok(known(portal, account).await?.map(|(caller, _)| caller))
}

/// The same, and the time zone that they chose.
///
/// # Errors
/// When the database refuses.
pub async fn known(
    portal: &Portal,
    account: AccountId,
) -> Result<Option<(Caller, Option<TimeZone>)>, ServiceError> {
    let mut conn = portal.db().read().await?;
    let account = match accounts::get(&mut conn, account).await {
        Ok(account) if account.disabled_at.is_none() => account,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let grants = accounts::grants(&mut conn, account.id).await?;
    let zone = account.time_zone.as_deref().and_then(|name| TimeZone::parse(name).ok());
    Ok(Some((Caller::account(account.id, account.name.into(), grants, account.user_id), zone)))
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
