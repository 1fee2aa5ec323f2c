//! The first administrator: by a one-time link, or on the host. There is no default password.

use std::time::Duration;

use certporter_model::access::{Caller, Grant, Permit, Role};
use certporter_model::text::Name;
use certporter_model::{AccountId, FieldErrors, SignInIdentityId, Timestamp};
use zeroize::Zeroizing;

use super::error::ServiceError;
use super::operation::Operation;
use super::password;
use super::portal::Portal;
use super::rate_limit::SETUP_BY_ADDRESS;
use super::secret;
use super::sign_in::SignedIn;
use crate::store::accounts::AccountContent;
use crate::store::setup_links::{self, SetupLink};
use crate::store::{AuditEvent, Target, WriteTx, accounts};

/// How long a set-up link may be used.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// The purpose of set-up links.
const PURPOSE: &str = "setup";

/// Whether there is somebody who can administer.
///
/// # Errors
/// When the database refuses.
pub async fn is_set_up(portal: &Portal) -> Result<bool, ServiceError> {
    let mut conn = portal.db().read().await?;
    Ok(accounts::administrators(&mut conn, None).await? > 0)
}

/// A new one-time link when there is no administrator yet; earlier ones stop working. The address holds a secret:
/// it is for the terminal of whoever started the portal, and no log.
///
/// # Errors
/// When the database refuses.
pub async fn ensure_setup_link(portal: &Portal) -> Result<Option<Zeroizing<String>>, ServiceError> {
    if is_set_up(portal).await? {
        return Ok(None);
    }
    new_link(portal).await.map(Some)
}

/// A new one-time link, whoever else is an administrator: the way back in for whoever has the host.
///
/// # Errors
/// When the database refuses.
pub async fn new_link(portal: &Portal) -> Result<Zeroizing<String>, ServiceError> {
    let permit = Operation::HostSetupLink.organisation(&Caller::system("host"))?;
    let code = secret::generate(portal, "");
    let now = portal.now();
    let link = SetupLink {
        token_hash: secret::kept(&code),
        account_id: None,
        purpose: PURPOSE.to_owned(),
        created_at: now,
        expires_at: now.plus(LIFE),
        used_at: None,
    };
    let mut tx = portal.db().write(&permit).await?;
    setup_links::drop_unused(&mut tx, PURPOSE).await?;
    setup_links::insert(&mut tx, &link).await?;
    tx.commit(AuditEvent::new(now, Operation::HostSetupLink.name(), Target::none("setup_link"))).await?;
    Ok(Zeroizing::new(format!("{}/setup?code={}", portal.addresses().portal, code.as_str())))
}

/// Whether a link may still be used: asked before its form is shown.
///
/// # Errors
/// [`ServiceError::TooMany`] after too many wrong ones.
pub async fn is_usable(portal: &Portal, caller: &Caller, code: &str) -> Result<bool, ServiceError> {
    Operation::SetupRedeem.own(caller)?;
    let from = caller.address().unwrap_or("unknown");
    SETUP_BY_ADDRESS.check(portal, from).await?;
    let mut conn = portal.db().read().await?;
    let found = setup_links::usable(&mut conn, secret::kept(code), PURPOSE, portal.now()).await?;
    drop(conn);
    if found.is_none() {
        SETUP_BY_ADDRESS.take(portal, from).await?;
    }
    Ok(found.is_some())
}

/// Makes an administrator of whoever has the link.
///
/// # Errors
/// [`ServiceError::NotFound`] when the link is wrong, used or expired; [`ServiceError::Invalid`] when name or password
/// will not do: the link stays usable then.
pub async fn redeem(
    portal: &Portal,
    caller: &Caller,
    code: &str,
    name: &str,
    password: Zeroizing<String>,
) -> Result<SignedIn, ServiceError> {
    let permit = Operation::SetupRedeem.own(caller)?;
    let wrong = || ServiceError::NotFound { what: "set-up link that can still be used" };
    if !is_usable(portal, caller, code).await? {
        return Err(wrong());
    }
    let (name, hash) = parse(portal, name, password).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    if !setup_links::use_up(&mut tx, secret::kept(code), now).await? {
        return Err(wrong());
    }
    let account = make_administrator(portal, &mut tx, &name, &hash, now).await?;
    tx.commit(event(now, Operation::SetupRedeem, account, &name)).await?;
    Ok(SignedIn { account, name: name.into() })
}

/// Makes an administrator on the host, or gives the one of that name a new password and the role.
///
/// # Errors
/// When name or password will not do.
pub async fn administrator_on_host(
    portal: &Portal,
    name: &str,
    password: Zeroizing<String>,
) -> Result<AccountId, ServiceError> {
    let permit: Permit = Operation::HostAdministrator.organisation(&Caller::system("host"))?;
    let (name, hash) = parse(portal, name, password).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let account = make_administrator(portal, &mut tx, &name, &hash, now).await?;
    tx.commit(event(now, Operation::HostAdministrator, account, &name)).await?;
    Ok(account)
}

async fn parse(
    portal: &Portal,
    name: &str,
    password: Zeroizing<String>,
) -> Result<(Name, String), ServiceError> {
    let mut errors = FieldErrors::new();
    let parsed = errors.take("name", Name::parse(name));
    if let Err(wrong) = password::check("password", &password, name) {
        for error in wrong.as_slice() {
            errors.add(error.field.clone(), &error.message);
        }
    }
    match parsed {
        Some(parsed) if errors.is_empty() => Ok((parsed, password::hash(portal.random(), password).await?)),
        _ => Err(errors.into()),
    }
}

/// An account of that name that administers: a new one, or the one that is there.
async fn make_administrator(
    portal: &Portal,
    tx: &mut WriteTx,
    name: &Name,
    hash: &str,
    now: Timestamp,
) -> Result<AccountId, ServiceError> {
    let before = accounts::by_name(tx, name.as_str()).await?;
    let content = AccountContent {
        name,
        display_name: before.as_ref().map_or(name, |account| &account.display_name),
        user_id: before.as_ref().and_then(|account| account.user_id),
        disabled_at: None,
    };
    let (id, mut grants) = match &before {
        Some(account) => {
            accounts::update(tx, account.id, account.version, &content, now).await?;
            (account.id, accounts::grants(tx, account.id).await?)
        }
        None => {
            let id = AccountId::new(now, portal.octets());
            accounts::insert(tx, id, &content, now).await?;
            (id, Vec::new())
        }
    };
    if !grants.iter().any(|grant| grant.role == Role::Administrator) {
        grants.push(Grant { role: Role::Administrator, groups: None });
    }
    accounts::set_grants(tx, id, &grants, now).await?;
    accounts::set_password(tx, SignInIdentityId::new(now, portal.octets()), id, hash, now).await?;
    crate::store::sessions::end_others(tx, id, None).await?;
    Ok(id)
}

fn event(now: Timestamp, operation: Operation, account: AccountId, name: &Name) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("account", account.as_uuid()))
        .with("name", name.as_str())
}
