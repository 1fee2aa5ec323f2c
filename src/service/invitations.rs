//! One-time links with which somebody chooses the password of their account: to begin, or because they forgot it.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::{AccountId, SignInIdentityId, Timestamp};
use zeroize::Zeroizing;

use super::error::ServiceError;
use super::operation::Operation;
use super::password;
use super::portal::Portal;
use super::rate_limit::SETUP_BY_ADDRESS;
use super::secret;
use super::sign_in::SignedIn;
use crate::store::accounts::{self, Account};
use crate::store::setup_links::{self, SetupLink};
use crate::store::{AuditEvent, Target, sessions};

/// How long a link may be used.
const LIFE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// The purpose of these links.
const PURPOSE: &str = "invitation";
const NONE: ServiceError = ServiceError::NotFound { what: "invitation that can still be used" };

/// A link, shown this once.
#[derive(Clone)]
pub struct Invitation {
    /// Its address, which holds a secret.
    pub address: Zeroizing<String>,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Makes a link for an account; an earlier one stops working. The password that the account may have stays until the
/// link is used.
///
/// # Errors
/// When the caller may not, or the account may not sign in.
pub async fn invite(portal: &Portal, caller: &Caller, id: AccountId) -> Result<Invitation, ServiceError> {
    let permit = Operation::AccountsInvite.organisation(caller)?;
    let code = secret::generate(portal, "");
    let now = portal.now();
    let expires_at = now.plus(LIFE);
    let mut tx = portal.db().write(&permit).await?;
    let account = accounts::get(&mut tx, id).await?;
    if account.disabled_at.is_some() {
        return Err(ServiceError::conflict("this account is disabled: enable it first"));
    }
    setup_links::drop_unused_of(&mut tx, PURPOSE, id).await?;
    let link = SetupLink {
        token_hash: secret::kept(&code),
        account_id: Some(id),
        purpose: PURPOSE.to_owned(),
        created_at: now,
        expires_at,
        used_at: None,
    };
    setup_links::insert(&mut tx, &link).await?;
    super::accounts::tell(portal, &mut tx, account.user_id, now).await?;
    let event = AuditEvent::new(now, Operation::AccountsInvite.name(), Target::one("account", id.as_uuid()));
    tx.commit(event.with("name", account.name.as_str())).await?;
    let address = format!("{}/invitation?code={}", portal.addresses().portal, code.as_str());
    Ok(Invitation { address: Zeroizing::new(address), expires_at })
}

/// The name of the account that a link is for: asked before its form is shown.
///
/// # Errors
/// [`ServiceError::NotFound`] when the link is wrong, used or expired; [`ServiceError::TooMany`] after too many of
/// those.
pub async fn name(portal: &Portal, caller: &Caller, code: &str) -> Result<String, ServiceError> {
    Operation::InvitationRedeem.own(caller)?;
    Ok(account(portal, caller, code).await?.name.into())
}

/// Gives the account of a link its password, and signs them in. Other sessions of theirs end.
///
/// # Errors
/// As [`name`]; [`ServiceError::Invalid`] when the password will not do: the link stays usable then.
pub async fn redeem(
    portal: &Portal,
    caller: &Caller,
    code: &str,
    new: Zeroizing<String>,
) -> Result<SignedIn, ServiceError> {
    let permit = Operation::InvitationRedeem.own(caller)?;
    let account = account(portal, caller, code).await?;
    password::check("password", &new, account.name.as_str())?;
    let hash = password::hash(portal.random(), new).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    if !setup_links::use_up(&mut tx, secret::kept(code), now).await? {
        return Err(NONE);
    }
    let identity = SignInIdentityId::new(now, portal.octets());
    accounts::set_password(&mut tx, identity, account.id, &hash, now).await?;
    accounts::signed_in(&mut tx, account.id, now).await?;
    sessions::end_others(&mut tx, account.id, None).await?;
    let target = Target::one("account", account.id.as_uuid());
    let event = AuditEvent::new(now, Operation::InvitationRedeem.name(), target);
    tx.commit(event.with("name", account.name.as_str())).await?;
    Ok(SignedIn { account: account.id, name: account.name.into() })
}

async fn account(portal: &Portal, caller: &Caller, code: &str) -> Result<Account, ServiceError> {
    let from = caller.address().unwrap_or("unknown");
    SETUP_BY_ADDRESS.check(portal, from).await?;
    let mut conn = portal.db().read().await?;
    let link = setup_links::usable(&mut conn, secret::kept(code), PURPOSE, portal.now()).await?;
    let Some(id) = link.and_then(|link| link.account_id) else {
        drop(conn);
        SETUP_BY_ADDRESS.take(portal, from).await?;
        return Err(NONE);
    };
    let account = accounts::get(&mut conn, id).await.map_err(|_| NONE)?;
    if account.disabled_at.is_some() { Err(NONE) } else { Ok(account) }
}
