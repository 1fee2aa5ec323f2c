//! API tokens: who a program is that uses the REST API.

use std::time::Duration;

use certporter_model::access::{Actor, Caller, Grant, Permission, Role};
use certporter_model::text::Name;
use certporter_model::{AccountId, ApiTokenId, FieldErrors, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::rate_limit::TOKENS_BY_ADDRESS;
use super::secret;
use crate::store::{AuditEvent, Target, accounts, api_tokens};

/// What every token starts with.
pub const PREFIX: &str = "cp_";
/// How long a request waits until it is noted that its token was used.
const NOTED_WITHIN: Duration = Duration::from_millis(250);
/// The longest life of a token.
pub const MAX_DAYS: u32 = 366;

/// What somebody writes about a new token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    /// What it is called: the program or purpose.
    pub name: String,
    /// What it may do; never more than its maker may.
    pub roles: Vec<Role>,
    /// Its life in days, 1 to 366.
    pub expires_in_days: u32,
}

/// A token as it is shown: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is called.
    pub name: String,
    /// The account that made it; absent for one made on the host.
    pub account_id: Option<AccountId>,
    /// What it may do, as far as its maker still may.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was ended early.
    pub revoked_at: Option<Timestamp>,
}

/// A new token, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// What is known of it.
    #[serde(flatten)]
    pub view: TokenView,
    /// The token itself.
    pub token: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Which tokens.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TokensQuery {
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Tokens, ended ones included.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &TokensQuery,
) -> Result<Page<TokenView>, ServiceError> {
    Operation::TokensList.organisation(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    let after = bounds.after.map(ApiTokenId::from_uuid);
    let rows = api_tokens::list(&mut conn, after, bounds.fetch()).await?;
    Ok(bounds.page(rows, |row| row.id.as_uuid()).map(view))
}

/// One token.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: ApiTokenId) -> Result<TokenView, ServiceError> {
    Operation::TokensList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(view(api_tokens::get(&mut conn, id).await?))
}

/// Creates a token with some of its maker's roles.
///
/// # Errors
/// When the caller may not, or a field is wrong.
pub async fn create(portal: &Portal, caller: &Caller, draft: &TokenDraft) -> Result<NewToken, ServiceError> {
    let permit = Operation::TokensCreate.organisation(caller)?;
    let (name, mut expires_at) = parse(portal, draft)?;
    if let Some(role) = draft.roles.iter().find(|role| within(caller.grants(), **role).is_none()) {
        return Err(ServiceError::field("roles", format!("the role {role} may do what you may not")));
    }
    let account_id = match caller.actor() {
        Actor::Account { id, .. } => Some(*id),
        Actor::Token { id, account, .. } => {
            // A token made by a token ends with it at the latest.
            let mut conn = portal.db().read().await?;
            expires_at = expires_at.min(api_tokens::get(&mut conn, *id).await?.expires_at);
            *account
        }
        _ => None,
    };
    save(portal, &permit, Operation::TokensCreate, name, draft.roles.clone(), account_id, expires_at).await
}

/// Creates a token on the host: access to the database is the authority.
///
/// # Errors
/// When a field is wrong.
pub async fn create_on_host(portal: &Portal, draft: &TokenDraft) -> Result<NewToken, ServiceError> {
    let permit = Operation::HostToken.organisation(&Caller::system("host"))?;
    let (name, expires_at) = parse(portal, draft)?;
    save(portal, &permit, Operation::HostToken, name, draft.roles.clone(), None, expires_at).await
}

/// Ends a token at once.
///
/// # Errors
/// When the caller may not, or there is no such token.
pub async fn revoke(portal: &Portal, caller: &Caller, id: ApiTokenId) -> Result<(), ServiceError> {
    let permit = Operation::TokensRevoke.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let token = api_tokens::get(&mut tx, id).await?;
    api_tokens::revoke(&mut tx, id, now).await?;
    let event = AuditEvent::new(now, Operation::TokensRevoke.name(), Target::one("api_token", id.as_uuid()));
    Ok(tx.commit(event.with("name", token.name.as_str())).await?)
}

/// Who a token stands for, as far as its maker still has the roles.
///
/// # Errors
/// [`ServiceError::Unauthenticated`] when it is not valid, [`ServiceError::TooMany`] after too many of those.
pub async fn authenticate(
    portal: &Portal,
    token: &str,
    address: Option<&str>,
) -> Result<Caller, ServiceError> {
    let from = address.unwrap_or("unknown");
    TOKENS_BY_ADDRESS.check(portal, from).await?;
    match known(portal, token).await? {
        Some(caller) => Ok(match address {
            Some(address) => caller.at(address),
            None => caller,
        }),
        None => {
            TOKENS_BY_ADDRESS.take(portal, from).await?;
            Err(ServiceError::Unauthenticated)
        }
    }
}

async fn known(portal: &Portal, token: &str) -> Result<Option<Caller>, ServiceError> {
    if !token.starts_with(PREFIX) {
        return Ok(None);
    }
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    let Some(row) = api_tokens::by_hash(&mut conn, secret::kept(token)).await? else { return Ok(None) };
    if row.revoked_at.is_some() || row.expires_at <= now {
        return Ok(None);
    }
    let grants = match row.account_id {
        None => row.roles.iter().map(|&role| Grant { role, groups: None }).collect(),
        Some(account) => match accounts::get(&mut conn, account).await {
            Ok(maker) if maker.disabled_at.is_none() => {
                let grants = accounts::grants(&mut conn, account).await?;
                row.roles.iter().filter_map(|&role| within(&grants, role)).collect()
            }
            Ok(_) | Err(crate::store::StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
    };
    drop(conn);
    // To the minute: a busy program must not keep the database's only writer busy.
    if row.last_used_at.is_none_or(|used| now.since(used) >= Duration::from_secs(60)) {
        let noted = tokio::spawn(note_use(portal.clone(), row.id, now));
        // While another process holds the database's lock, reading goes on.
        let _later = tokio::time::timeout(NOTED_WITHIN, noted).await;
    }
    Ok(Some(Caller::token(row.id, row.name.into(), row.account_id, grants)))
}

async fn note_use(portal: Portal, id: ApiTokenId, now: Timestamp) {
    let note = async {
        let mut tx = portal.db().bookkeeping().await?;
        api_tokens::used(&mut tx, id, now).await?;
        tx.commit().await
    };
    if let Err(error) = note.await {
        tracing::warn!(token = %id, %error, "when a token was last used could not be noted");
    }
}

/// A role as far as somebody with these grants can give it: they have it themselves, and then no further than they
/// have it, or may do without limit all that it may.
fn within(grants: &[Grant], role: Role) -> Option<Grant> {
    if let Some(own) = grants.iter().find(|grant| grant.role == role) {
        return Some(own.clone());
    }
    let may = |permission| {
        grants.iter().any(|g| g.groups.is_none() && g.role != Role::User && g.role.has(permission))
    };
    let all =
        Permission::ALL.iter().filter(|permission| role.has(**permission)).all(|&permission| may(permission));
    all.then_some(Grant { role, groups: None })
}

fn parse(portal: &Portal, draft: &TokenDraft) -> Result<(Name, Timestamp), ServiceError> {
    let mut errors = FieldErrors::new();
    let name = errors.take("name", Name::parse(&draft.name));
    if draft.roles.is_empty() {
        errors.add("roles", "at least one role is given");
    }
    if draft.roles.iter().any(|role| matches!(role, Role::RecoveryAgent | Role::User)) {
        errors.add("roles", "a token can't be a user or a recovery agent: those are people");
    }
    if !(1..=MAX_DAYS).contains(&draft.expires_in_days) {
        errors.add("expires_in_days", format!("a token lives for 1 to {MAX_DAYS} days"));
    }
    match name {
        Some(name) if errors.is_empty() => {
            let life = Duration::from_secs(u64::from(draft.expires_in_days) * 24 * 60 * 60);
            Ok((name, portal.now().plus(life)))
        }
        _ => Err(errors.into()),
    }
}

async fn save(
    portal: &Portal,
    permit: &certporter_model::access::Permit,
    operation: Operation,
    name: Name,
    mut roles: Vec<Role>,
    account_id: Option<AccountId>,
    expires_at: Timestamp,
) -> Result<NewToken, ServiceError> {
    roles.sort();
    roles.dedup();
    let now = portal.now();
    let token = secret::generate(portal, PREFIX);
    let id = ApiTokenId::new(now, portal.octets());
    let row = api_tokens::ApiToken {
        id,
        name,
        account_id,
        roles,
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let event = AuditEvent::new(now, operation.name(), Target::one("api_token", id.as_uuid()))
        .with("name", row.name.as_str())
        .with("roles", row.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>())
        .with("expires_at", expires_at.to_string());
    let mut tx = portal.db().write(permit).await?;
    api_tokens::insert(&mut tx, &row, secret::kept(&token)).await?;
    tx.commit(event).await?;
    Ok(NewToken { view: view(row), token: token.to_string() })
}

fn view(row: api_tokens::ApiToken) -> TokenView {
    TokenView {
        id: row.id,
        name: row.name.into(),
        account_id: row.account_id,
        roles: row.roles,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_what_they_have_not() {
        let of = |role, groups| vec![Grant { role, groups }];
        let unlimited = |role| Some(Grant { role, groups: None });
        let group = certporter_model::GroupId::new(Timestamp::from_millis(1), [1; 10]);
        assert_eq!(within(&of(Role::Administrator, None), Role::Auditor), unlimited(Role::Auditor));
        assert_eq!(within(&of(Role::Administrator, None), Role::RecoveryAgent), None);
        assert_eq!(within(&of(Role::PkiOperator, None), Role::Administrator), None);
        assert_eq!(within(&of(Role::Auditor, None), Role::Administrator), None);
        // A limit stays.
        let desk = of(Role::Helpdesk, Some(vec![group]));
        assert_eq!(within(&desk, Role::Helpdesk), desk.first().cloned());
        assert_eq!(within(&desk, Role::Auditor), None);
    }
}
