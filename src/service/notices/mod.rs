//! Notices by e-mail: off until somebody sets mail up and switches them on.
//!
//! - [`mail`]: the server, and a test message
//! - [`templates`]: what notices say, and previews of them
//! - here: the letters, and how far each is
pub mod mail;
pub mod templates;

use certporter_model::access::Caller;
use certporter_model::notice::{NoticeKind, NoticeState};
use certporter_model::{NoticeId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::reference::UserReference;
use crate::pipeline::work::Work;
use crate::store::notices::{self as store, Notice, NoticeFilter};
use crate::store::{AuditEvent, Target, users};

/// Which letters.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct NoticesQuery {
    /// Only in this state.
    pub state: Option<NoticeState>,
    /// Only of this kind.
    pub kind: Option<NoticeKind>,
    /// Only to this user.
    pub user: Option<UserId>,
    /// Only those written then or later.
    pub since: Option<Timestamp>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeView {
    /// Its id.
    pub id: NoticeId,
    /// What it is about.
    pub kind: NoticeKind,
    /// The person whom it tells something; none when it goes to operators.
    pub user: Option<UserReference>,
    /// The address; empty when the person has none.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// How many matters it tells.
    pub matters: u64,
    /// How far it is.
    pub state: NoticeState,
    /// How often it was tried.
    pub attempt: u32,
    /// When it is tried next, while it waits.
    pub next_try_at: Option<Timestamp>,
    /// Why it was not taken.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
}

/// Letters, the newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &NoticesQuery,
) -> Result<Page<NoticeView>, ServiceError> {
    Operation::NoticesList.organisation(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let filter = NoticeFilter { state: query.state, kind: query.kind, user: query.user, since: query.since };
    let mut conn = portal.db().read().await?;
    let rows = store::list(&mut conn, &filter, bounds.newest(NoticeId::from_uuid)).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let names = Names::of(&mut conn, page.data.iter().filter_map(|row| row.user_id), [], []).await?;
    Ok(page.map(|row| view(row, &names)))
}

/// One letter.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: NoticeId) -> Result<NoticeView, ServiceError> {
    Operation::NoticesGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let row = store::get(&mut conn, id).await?;
    let names = Names::of(&mut conn, row.user_id, [], []).await?;
    Ok(view(row, &names))
}

/// Has a letter that failed, or waits, sent again: to the address that the person has now.
///
/// # Errors
/// When the caller may not, there is none, or it was sent.
pub async fn retry(portal: &Portal, caller: &Caller, id: NoticeId) -> Result<NoticeView, ServiceError> {
    let permit = Operation::NoticesRetry.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let mut notice = store::get(&mut tx, id).await?;
    notice.state = notice.state.to(NoticeState::Waiting)?;
    if let Some(user) = notice.user_id {
        let email = users::get(&mut tx, user).await?.email;
        if email.is_none() {
            return Err(ServiceError::conflict("the person has no e-mail address: enter one first"));
        }
        notice.recipient = store::recipient(email.as_ref());
    }
    (notice.attempt, notice.not_before, notice.updated_at) = (0, now, now);
    (notice.cause, notice.remedy) = (None, None);
    store::settle(&mut tx, &notice).await?;
    Work::SendNotices.enqueue(&mut tx, now, portal.random()).await?;
    let target = Target::one("notice", id.as_uuid());
    let event =
        AuditEvent::new(now, Operation::NoticesRetry.name(), target).with("kind", notice.kind.as_str());
    tx.commit(event).await?;
    get(portal, caller, id).await
}

fn view(row: Notice, names: &Names) -> NoticeView {
    let waits = row.state == NoticeState::Waiting;
    NoticeView {
        id: row.id,
        kind: row.kind,
        user: names.user(row.user_id),
        recipient: row.recipient,
        subject: row.subject,
        body: row.body,
        matters: row.matters,
        state: row.state,
        attempt: row.attempt,
        next_try_at: waits.then_some(row.not_before),
        cause: row.cause,
        remedy: row.remedy,
        created_at: row.created_at,
        updated_at: row.updated_at,
        sent_at: row.sent_at,
    }
}
