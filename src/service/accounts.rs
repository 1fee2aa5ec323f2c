//! Accounts: who signs in, and what they may do.

use certporter_model::access::{Caller, Grant, Role};
use certporter_model::security_event::SecurityEventKind;
use certporter_model::text::Name;
use certporter_model::thumbprint::SecretHash;
use certporter_model::{AccountId, FieldErrors, SignInIdentityId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::directory_draft::GrantDraft;
use super::error::ServiceError;
use super::operation::Operation;
use super::own_account::SessionView;
use super::page::{Page, PageQuery};
use super::password;
use super::portal::Portal;
use super::security_events::{self, Happened};
use crate::store::accounts::{self, Account, AccountContent};
use crate::store::{AuditEvent, Conn, StoreError, Target, WriteTx, sessions};

/// What somebody writes about an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountDraft {
    /// The name it signs in with; unique.
    pub name: String,
    /// What the person is called; the name when absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The user who holds the person's certificates.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// What it may do.
    #[serde(default)]
    pub grants: Vec<GrantDraft>,
    /// Whether it may not sign in.
    #[serde(default)]
    pub disabled: bool,
}

/// A new password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordDraft {
    /// 12 to 200 characters.
    pub password: String,
}

impl std::fmt::Debug for PasswordDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordDraft").finish_non_exhaustive()
    }
}

/// An account as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    pub id: AccountId,
    /// The name it signs in with.
    pub name: String,
    /// What the person is called.
    pub display_name: String,
    /// The user who holds the person's certificates.
    pub user_id: Option<UserId>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// Which accounts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccountsQuery {
    /// Words of the name, in part, without regard to accents.
    pub q: Option<String>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

struct Parsed {
    name: Name,
    display_name: Name,
    grants: Vec<Grant>,
}

/// Accounts.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &AccountsQuery,
) -> Result<Page<AccountView>, ServiceError> {
    Operation::AccountsList.organisation(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    let after = bounds.after.map(AccountId::from_uuid);
    let rows = accounts::list(&mut conn, query.q.as_deref(), after, bounds.fetch()).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let mut data = Vec::with_capacity(page.data.len());
    for row in page.data {
        data.push(view(&mut conn, row).await?);
    }
    Ok(Page { data, next: page.next })
}

/// One account.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: AccountId) -> Result<AccountView, ServiceError> {
    Operation::AccountsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let row = accounts::get(&mut conn, id).await?;
    Ok(view(&mut conn, row).await?)
}

/// Creates an account. It can't sign in until it has a password.
///
/// # Errors
/// When the caller may not, or a field is wrong.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    draft: &AccountDraft,
) -> Result<AccountView, ServiceError> {
    let permit = Operation::AccountsCreate.organisation(caller)?;
    let parsed = parse(draft)?;
    let now = portal.now();
    let id = AccountId::new(now, portal.octets());
    let content = content(&parsed, draft, draft.disabled.then_some(now));
    let mut tx = portal.db().write(&permit).await?;
    accounts::insert(&mut tx, id, &content, now).await?;
    accounts::set_grants(&mut tx, id, &parsed.grants, now).await?;
    tell(portal, &mut tx, draft.user_id, now).await?;
    tx.commit(event(now, Operation::AccountsCreate, id, &parsed)).await?;
    get(portal, caller, id).await
}

/// Changes an account. Its sessions end when it is disabled.
///
/// # Errors
/// When the caller may not, a field is wrong, the account has changed since it was read, or no administrator would
/// be left.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: AccountId,
    version: i64,
    draft: &AccountDraft,
) -> Result<AccountView, ServiceError> {
    let permit = Operation::AccountsUpdate.organisation(caller)?;
    let parsed = parse(draft)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = accounts::get(&mut tx, id).await?;
    let stays = !draft.disabled && parsed.grants.iter().any(|grant| grant.role == Role::Administrator);
    if !stays {
        another_administrator(&mut tx, id).await?;
    }
    let disabled_at = draft.disabled.then(|| before.disabled_at.unwrap_or(now));
    accounts::update(&mut tx, id, version, &content(&parsed, draft, disabled_at), now).await?;
    accounts::set_grants(&mut tx, id, &parsed.grants, now).await?;
    if draft.disabled {
        sessions::end_others(&mut tx, id, None).await?;
    }
    tell(portal, &mut tx, draft.user_id.filter(|user| before.user_id != Some(*user)), now).await?;
    let event = event(now, Operation::AccountsUpdate, id, &parsed).with("disabled", draft.disabled);
    tx.commit(event).await?;
    get(portal, caller, id).await
}

/// Deletes an account. Its sessions and tokens end.
///
/// # Errors
/// When the caller may not, the account has changed since it was read, or no administrator would be left.
pub async fn delete(
    portal: &Portal,
    caller: &Caller,
    id: AccountId,
    version: i64,
) -> Result<(), ServiceError> {
    let permit = Operation::AccountsDelete.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let account = accounts::get(&mut tx, id).await?;
    another_administrator(&mut tx, id).await?;
    accounts::delete(&mut tx, id, version, now).await?;
    let event = AuditEvent::new(now, Operation::AccountsDelete.name(), Target::one("account", id.as_uuid()));
    Ok(tx.commit(event.with("name", account.name.as_str())).await?)
}

/// Gives an account a password. All of its sessions end.
///
/// # Errors
/// When the caller may not, or the password will not do.
pub async fn set_password(
    portal: &Portal,
    caller: &Caller,
    id: AccountId,
    draft: PasswordDraft,
) -> Result<(), ServiceError> {
    let permit = Operation::AccountsSetPassword.organisation(caller)?;
    let new = Zeroizing::new(draft.password);
    let mut conn = portal.db().read().await?;
    let account = accounts::get(&mut conn, id).await?;
    drop(conn);
    password::check("password", &new, account.name.as_str())?;
    let hash = password::hash(portal.random(), new).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    accounts::set_password(&mut tx, SignInIdentityId::new(now, portal.octets()), id, &hash, now).await?;
    sessions::end_others(&mut tx, id, None).await?;
    tell(portal, &mut tx, account.user_id, now).await?;
    let event =
        AuditEvent::new(now, Operation::AccountsSetPassword.name(), Target::one("account", id.as_uuid()));
    Ok(tx.commit(event).await?)
}

/// An account's sessions, the last used first.
///
/// # Errors
/// When the caller may not, or there is no such account.
pub async fn sessions(
    portal: &Portal,
    caller: &Caller,
    id: AccountId,
) -> Result<Vec<SessionView>, ServiceError> {
    Operation::AccountsSessionsList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    accounts::get(&mut conn, id).await?;
    Ok(sessions::of_account(&mut conn, id, portal.now()).await?.into_iter().map(SessionView::from).collect())
}

/// Ends a session of an account, or all of them.
///
/// # Errors
/// When the caller may not, or there is no such account or session.
pub async fn end_sessions(
    portal: &Portal,
    caller: &Caller,
    id: AccountId,
    session: Option<SecretHash>,
) -> Result<u64, ServiceError> {
    let permit = Operation::AccountsSessionsEnd.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let account = accounts::get(&mut tx, id).await?;
    let ended = match session {
        None => sessions::end_others(&mut tx, id, None).await?,
        Some(session) => {
            let theirs = sessions::of_account(&mut tx, id, now).await?;
            if !theirs.iter().any(|row| row.id_hash == session) {
                return Err(ServiceError::NotFound { what: "session" });
            }
            sessions::end(&mut tx, session).await?;
            1
        }
    };
    let event =
        AuditEvent::new(now, Operation::AccountsSessionsEnd.name(), Target::one("account", id.as_uuid()));
    tx.commit(event.with("name", account.name.as_str()).with("sessions_ended", ended)).await?;
    Ok(ended)
}

/// Tells a person that staff has given somebody a way to sign in as them.
pub(super) async fn tell(
    portal: &Portal,
    tx: &mut WriteTx,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(user) = user else { return Ok(()) };
    let kind = SecurityEventKind::AccountChangedByStaff;
    security_events::tell(tx, portal.random(), now, Happened { user, kind, device: None, by: None }).await
}

/// Refuses what would leave nobody who can administer.
async fn another_administrator(conn: &mut Conn, id: AccountId) -> Result<(), ServiceError> {
    let was = accounts::grants(conn, id).await?.iter().any(|grant| grant.role == Role::Administrator);
    if was && accounts::administrators(conn, Some(id)).await? == 0 {
        return Err(ServiceError::conflict(
            "this is the last administrator: make somebody else an administrator first",
        ));
    }
    Ok(())
}

fn parse(draft: &AccountDraft) -> Result<Parsed, FieldErrors> {
    let mut errors = FieldErrors::new();
    let name = errors.take("name", Name::parse(&draft.name));
    let shown = super::directory_draft::present(draft.display_name.as_deref()).unwrap_or(&draft.name);
    let display_name = errors.take("display_name", Name::parse(shown));
    let mut grants: Vec<Grant> = Vec::new();
    for (index, grant) in draft.grants.iter().enumerate() {
        let field = format!("grants[{index}]");
        if grants.iter().any(|other| other.role == grant.role) {
            errors.add(format!("{field}.role"), "each role is given once");
        }
        match &grant.groups {
            Some(_) if grant.role != Role::Helpdesk => {
                errors.add(format!("{field}.groups"), "only the helpdesk can be limited to groups");
            }
            Some(groups) if groups.is_empty() => {
                errors.add(
                    format!("{field}.groups"),
                    "name at least one group, or leave the field out for everybody",
                );
            }
            _ => {}
        }
        grants.push(Grant { role: grant.role, groups: grant.groups.clone() });
    }
    if grants.iter().any(|grant| grant.role == Role::User) && draft.user_id.is_none() {
        errors.add("user_id", "the role user needs the user that the account belongs to");
    }
    match (name, display_name) {
        (Some(name), Some(display_name)) if errors.is_empty() => Ok(Parsed { name, display_name, grants }),
        _ => Err(errors),
    }
}

fn content<'a>(
    parsed: &'a Parsed,
    draft: &AccountDraft,
    disabled_at: Option<Timestamp>,
) -> AccountContent<'a> {
    AccountContent {
        name: &parsed.name,
        display_name: &parsed.display_name,
        user_id: draft.user_id,
        disabled_at,
    }
}

fn event(now: Timestamp, operation: Operation, id: AccountId, parsed: &Parsed) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("account", id.as_uuid()))
        .with("name", parsed.name.as_str())
        .with("grants", serde_json::to_value(&parsed.grants).unwrap_or_default())
}

async fn view(conn: &mut Conn, row: Account) -> Result<AccountView, StoreError> {
    Ok(AccountView {
        grants: accounts::grants(conn, row.id).await?,
        id: row.id,
        name: row.name.into(),
        display_name: row.display_name.into(),
        user_id: row.user_id,
        disabled_at: row.disabled_at,
        created_at: row.created_at,
        last_sign_in_at: row.last_sign_in_at,
        version: row.version,
    })
}
