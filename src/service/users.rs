//! Users: the people who hold certificates.

use std::collections::BTreeMap;

use certporter_model::access::Caller;
use certporter_model::assignment::{HolderKind, Source};
use certporter_model::device::UserState;
use certporter_model::text::Explanation;
use certporter_model::{GroupId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::action::ActionDraft;
use super::directory_draft::{ParsedUser, UserDraft};
use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::{Intent, Portal};
use super::replan::{Touched, replan};
use super::timeline::{TimelineEntry, TimelineQuery};
use super::{attributes, scope, timeline};
use crate::store::memberships::{self, Member};
use crate::store::timeline::Of;
use crate::store::users::{self, User, UserFilter};
use crate::store::{AuditEvent, Conn, Target, device_owners, devices};

/// A user as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    /// Its id.
    pub id: UserId,
    /// The name they sign in to the organisation with.
    pub user_name: String,
    /// What they are called.
    pub display_name: String,
    /// User principal name.
    pub upn: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Distinguished name in the directory.
    pub on_prem_dn: Option<String>,
    /// SAM account name.
    pub sam_account_name: Option<String>,
    /// Security identifier.
    pub sid: Option<String>,
    /// Where the data comes from.
    pub source: Source,
    /// What the user is called there.
    pub external_id: Option<String>,
    /// Whether they hold certificates.
    pub state: UserState,
    /// Further values for variables.
    pub attributes: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// Which users.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UsersQuery {
    /// Words of names or addresses, in part, without regard to accents.
    pub q: Option<String>,
    /// Only this state; all but deleted ones when absent.
    pub state: Option<UserState>,
    /// Only direct members of this group.
    pub group: Option<GroupId>,
    /// Only from this source.
    pub source: Option<Source>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Users that the caller may see.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &UsersQuery,
) -> Result<Page<UserView>, ServiceError> {
    let visibility = Operation::UsersList.visibility(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let filter =
        UserFilter { search: query.q.clone(), state: query.state, group: query.group, source: query.source };
    let mut conn = portal.db().read().await?;
    let rows = users::list(&mut conn, &visibility, &filter, bounds.store(UserId::from_uuid)).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let ids: Vec<_> = page.data.iter().map(|row| row.id.as_uuid()).collect();
    let mut known = attributes::of(&mut conn, HolderKind::User, &ids).await?;
    Ok(page.map(|row| {
        let attributes = known.remove(&row.id.as_uuid()).unwrap_or_default();
        view(row, attributes)
    }))
}

/// One user.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: UserId) -> Result<UserView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let user = find(&mut conn, caller, Operation::UsersGet, id).await?.0;
    shown(&mut conn, user).await
}

/// What happened to everything of a user's, newest first.
///
/// # Errors
/// When the caller may not, there is none, or the query is wrong.
pub async fn timeline(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    query: &TimelineQuery,
) -> Result<Page<TimelineEntry>, ServiceError> {
    let mut conn = portal.db().read().await?;
    find(&mut conn, caller, Operation::UsersTimeline, id).await?;
    timeline::read(&mut conn, Of::User(id), query).await
}

/// Whether the caller may create users: asked before somebody fills a form in.
///
/// # Errors
/// When they may not.
pub fn may_create(caller: &Caller) -> Result<(), ServiceError> {
    Operation::UsersCreate.organisation(caller).map(|_| ())
}

/// Creates a user.
///
/// # Errors
/// When the caller may not, or a field is wrong or taken.
pub async fn create(portal: &Portal, caller: &Caller, draft: &UserDraft) -> Result<UserView, ServiceError> {
    let permit = Operation::UsersCreate.organisation(caller)?;
    let parsed = draft.parse()?;
    let now = portal.now();
    let id = UserId::new(now, portal.octets());
    let attributes = parsed.attributes.clone();
    let user = with(
        &User {
            id,
            source: Source::Local,
            external_id: None,
            user_name: parsed.user_name.clone(),
            upn: None,
            email: None,
            display_name: parsed.display_name.clone(),
            on_prem_dn: None,
            sam_account_name: None,
            sid: None,
            state: UserState::Enabled,
            blocked_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            erased_at: None,
        },
        parsed,
    );
    let mut tx = portal.db().write(&permit).await?;
    users::insert(&mut tx, &user).await?;
    attributes::set(portal, &mut tx, HolderKind::User, id.as_uuid(), &attributes, now).await?;
    replan(portal, &mut tx, &Touched::user(id), now).await?;
    tx.commit(event(now, Operation::UsersCreate, &user)).await?;
    Ok(view(user, attributes))
}

/// Changes what is known of a user. Certificates whose names used what changed follow.
///
/// # Errors
/// When the caller may not, a field is wrong or taken, or the user has changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    version: i64,
    draft: &UserDraft,
) -> Result<UserView, ServiceError> {
    Operation::UsersUpdate.thinkable(caller)?;
    let parsed = draft.parse()?;
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, Operation::UsersUpdate, id).await?;
    drop(conn);
    let mut tx = portal.db().write(&permit).await?;
    let before = living(users::get(&mut tx, id).await?)?;
    if before.version != version {
        return Err(ServiceError::Stale { what: "user" });
    }
    let attributes = parsed.attributes.clone();
    let user = with(&User { updated_at: now, ..before }, parsed);
    users::update(&mut tx, &user).await?;
    attributes::set(portal, &mut tx, HolderKind::User, id.as_uuid(), &attributes, now).await?;
    replan(portal, &mut tx, &Touched::user(id), now).await?;
    tx.commit(event(now, Operation::UsersUpdate, &user)).await?;
    Ok(view(User { version: version + 1, ..user }, attributes))
}

/// Blocks a user for a while: everything they hold goes on hold.
///
/// # Errors
/// When the caller may not, there is none, or their state doesn't allow it.
pub async fn block(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    draft: &ActionDraft,
) -> Result<UserView, ServiceError> {
    become_state(portal, caller, Operation::UsersBlock, id, UserState::Blocked, draft).await
}

/// Lifts a user's block.
///
/// # Errors
/// When the caller may not, there is none, or they are not blocked.
pub async fn unblock(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    draft: &ActionDraft,
) -> Result<UserView, ServiceError> {
    become_state(portal, caller, Operation::UsersUnblock, id, UserState::Enabled, draft).await
}

/// Disables a user: everything they hold is revoked.
///
/// # Errors
/// When the caller may not, there is none, or their state doesn't allow it.
pub async fn disable(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    draft: &ActionDraft,
) -> Result<UserView, ServiceError> {
    become_state(portal, caller, Operation::UsersDisable, id, UserState::Disabled, draft).await
}

/// Enables a disabled user again.
///
/// # Errors
/// When the caller may not, there is none, or they are not disabled.
pub async fn enable(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    draft: &ActionDraft,
) -> Result<UserView, ServiceError> {
    become_state(portal, caller, Operation::UsersEnable, id, UserState::Enabled, draft).await
}

/// Deletes a user: a tombstone stays, memberships and ownerships end, everything they hold is revoked.
///
/// # Errors
/// When the caller may not, there is none, or the user has changed since it was read.
pub async fn delete(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    version: i64,
    draft: &ActionDraft,
) -> Result<(), ServiceError> {
    Operation::UsersDelete.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, Operation::UsersDelete, id).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = living(users::get(&mut tx, id).await?)?;
    if before.version != version {
        return Err(ServiceError::Stale { what: "user" });
    }
    let state = before.state.to(UserState::Deleted)?;
    let user = User { state, deleted_at: Some(now), updated_at: now, ..before };
    users::update(&mut tx, &user).await?;
    memberships::end_all_of(&mut tx, Member::from(id), now).await?;
    let mut touched = Touched::user(id);
    // Planned while the devices are still theirs: the cause is the user, not a change of owner.
    replan(portal, &mut tx, &touched, now).await?;
    touched = Touched::default();
    for device in devices::of_owners(&mut tx, &[id]).await? {
        device_owners::hand_over(&mut tx, device.id, None, now).await?;
        touched.devices.push(device.id);
    }
    // What was shown and agreed to is what went before: the devices had lost everything by then.
    replan(&portal.with_intent(Intent::Do), &mut tx, &touched, now).await?;
    Ok(tx.commit(explained(event(now, Operation::UsersDelete, &user), explanation.as_ref())).await?)
}

async fn become_state(
    portal: &Portal,
    caller: &Caller,
    operation: Operation,
    id: UserId,
    state: UserState,
    draft: &ActionDraft,
) -> Result<UserView, ServiceError> {
    operation.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (_, permit) = find(&mut conn, caller, operation, id).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = living(users::get(&mut tx, id).await?)?;
    if before.state == state {
        // Asked twice is done once.
        tx.rollback().await?;
        let mut conn = portal.db().read().await?;
        return shown(&mut conn, before).await;
    }
    let undoes = match operation {
        Operation::UsersUnblock => Some(UserState::Blocked),
        Operation::UsersEnable => Some(UserState::Disabled),
        _ => None,
    };
    if let Some(from) = undoes.filter(|from| *from != before.state) {
        return Err(ServiceError::conflict(format!("the user is {}, not {from}", before.state)));
    }
    let user = User {
        state: before.state.to(state)?,
        blocked_at: (state == UserState::Blocked).then_some(now),
        updated_at: now,
        ..before
    };
    users::update(&mut tx, &user).await?;
    replan(portal, &mut tx, &Touched::user(id), now).await?;
    tx.commit(explained(event(now, operation, &user), explanation.as_ref())).await?;
    let mut conn = portal.db().read().await?;
    shown(&mut conn, User { version: user.version + 1, ..user }).await
}

/// The user, and the leave to do it to them.
pub(super) async fn find(
    conn: &mut Conn,
    caller: &Caller,
    operation: Operation,
    id: UserId,
) -> Result<(User, certporter_model::access::Permit), ServiceError> {
    operation.thinkable(caller)?;
    let user = living(users::get(conn, id).await?)?;
    let scope = scope::of_user(conn, id).await?;
    let permit = operation.on(caller, &scope, "user")?;
    Ok((user, permit))
}

fn living(user: User) -> Result<User, ServiceError> {
    if user.deleted_at.is_some() { Err(ServiceError::NotFound { what: "user" }) } else { Ok(user) }
}

pub(super) fn with(blank: &User, parsed: ParsedUser) -> User {
    User {
        user_name: parsed.user_name,
        display_name: parsed.display_name,
        upn: parsed.upn,
        email: parsed.email,
        on_prem_dn: parsed.on_prem_dn,
        sam_account_name: parsed.sam_account_name,
        sid: parsed.sid,
        external_id: parsed.external_id,
        ..blank.clone()
    }
}

async fn shown(conn: &mut Conn, user: User) -> Result<UserView, ServiceError> {
    let id = user.id.as_uuid();
    let attributes = attributes::of(conn, HolderKind::User, &[id]).await?.remove(&id).unwrap_or_default();
    Ok(view(user, attributes))
}

fn view(user: User, attributes: BTreeMap<String, String>) -> UserView {
    UserView {
        id: user.id,
        user_name: user.user_name.into(),
        display_name: user.display_name.into(),
        upn: user.upn.map(Into::into),
        email: user.email.map(Into::into),
        on_prem_dn: user.on_prem_dn,
        sam_account_name: user.sam_account_name,
        sid: user.sid.map(Into::into),
        source: user.source,
        external_id: user.external_id,
        state: user.state,
        attributes,
        created_at: user.created_at,
        updated_at: user.updated_at,
        version: user.version,
    }
}

fn explained(event: AuditEvent, explanation: Option<&Explanation>) -> AuditEvent {
    match explanation {
        Some(explanation) => event.with("explanation", explanation.as_str()),
        None => event,
    }
}

fn event(now: Timestamp, operation: Operation, user: &User) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("user", user.id.as_uuid()))
        .with("user_name", user.user_name.as_str())
}
