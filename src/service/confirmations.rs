//! Devices that enrolled, and sessions that opened, with a code that staff issued: they get no retained key until the
//! person confirms that they are theirs, with their own password or on another device of theirs, or a second member of
//! staff approves it. Whoever issued the code can't be that second one. The person is told in every case.

use certporter_model::access::{Actor, Caller};
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{AccountId, ConfirmationId, DeviceId, EnrolmentId, SignInCodeId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::action::ActionDraft;
use super::error::ServiceError;
use super::names::Names;
use super::operation::Operation;
use super::portal::Portal;
use super::rate_limit::SIGN_IN_BY_NAME;
use super::reference::DeviceReference;
use super::replan::{Touched, replan};
use super::security_events::{self, Happened};
use super::self_service::{for_themselves, themselves};
use super::{password, users};
use crate::random::Random;
use crate::store::{
    AuditEvent, Conn, StoreError, Target, WriteTx, accounts, devices, enrolments, fold, sign_in_codes,
};

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A device, in its present enrolment.
    Device(EnrolmentId),
    /// A session.
    Session(SignInCodeId),
}

/// What kind of thing waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationKind {
    /// A device that enrolled with a code from staff, or that staff handed over.
    Device,
    /// A session that a code from staff opened.
    Session,
}

/// Something of a person's that waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmationView {
    /// Its id: the enrolment's, or the sign-in code's.
    pub id: ConfirmationId,
    /// What it is.
    pub kind: ConfirmationKind,
    /// The device; none for a session.
    pub device: Option<DeviceReference>,
    /// Since when.
    pub since: Timestamp,
    /// Who of staff issued the code, or handed the device over.
    pub staff: Option<String>,
    /// Whether the caller could approve it: not whoever stands behind it, nor the person.
    pub approvable: bool,
}

/// One that waits, and who stands behind it.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) subject: Subject,
    pub(super) device: Option<DeviceId>,
    pub(super) since: Timestamp,
    pub(super) staff: Option<String>,
    staff_account: Option<AccountId>,
}

impl Waiting {
    pub(super) const fn id(&self) -> ConfirmationId {
        match self.subject {
            Subject::Device(id) => ConfirmationId::from_uuid(id.as_uuid()),
            Subject::Session(id) => ConfirmationId::from_uuid(id.as_uuid()),
        }
    }
}

/// Everything of a person's that waits.
pub(super) async fn of_person(
    conn: &mut Conn,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Waiting>, StoreError> {
    let mut waiting = Vec::new();
    for row in enrolments::awaiting(conn, user).await? {
        let staff = enrolments::staff(conn, row.id).await?;
        waiting.push(Waiting {
            subject: Subject::Device(row.id),
            device: Some(row.device_id),
            since: row.started_at,
            staff: staff.staff_name,
            staff_account: staff.staff_account_id,
        });
    }
    for row in sign_in_codes::awaiting(conn, user, now).await? {
        waiting.push(Waiting {
            subject: Subject::Session(row.id),
            device: None,
            since: row.used_at.unwrap_or(row.created_at),
            staff: Some(row.issued_by),
            staff_account: row.issuer_account_id,
        });
    }
    Ok(waiting)
}

/// What of a person's waits, for staff.
///
/// # Errors
/// When the caller may not, or there is no such person.
pub async fn of_user(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
) -> Result<Vec<ConfirmationView>, ServiceError> {
    let mut conn = portal.db().read().await?;
    users::find(&mut conn, caller, Operation::ConfirmationsList, id).await?;
    let waiting = of_person(&mut conn, id, portal.now()).await?;
    Ok(views(&mut conn, waiting, |it| may_approve(caller, id, it).is_ok()).await?)
}

/// What of the caller's own waits.
///
/// # Errors
/// When the caller is nobody's.
pub async fn own(portal: &Portal, caller: &Caller) -> Result<Vec<ConfirmationView>, ServiceError> {
    Operation::OwnConfirmationsList.own(caller)?;
    let user = themselves(caller)?;
    let mut conn = portal.db().read().await?;
    let waiting = of_person(&mut conn, user, portal.now()).await?;
    Ok(views(&mut conn, waiting, |_| false).await?)
}

/// Confirms with the caller's own password. In a session that a code opened it is the password of an account that is
/// linked to the person.
///
/// # Errors
/// When nothing of that id of theirs waits, the password is wrong, there is none, or it was tried too often.
pub async fn confirm(
    portal: &Portal,
    caller: &Caller,
    id: ConfirmationId,
    given: Zeroizing<String>,
) -> Result<(), ServiceError> {
    let caller = &for_themselves(caller)?;
    let permit = Operation::OwnConfirmationsConfirm.own(caller)?;
    let user = themselves(caller)?;
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    one(of_person(&mut conn, user, now).await?, id)?;
    let candidates = match caller.actor() {
        Actor::Account { id, .. } => vec![accounts::get(&mut conn, *id).await?],
        _ => accounts::of_user(&mut conn, user).await?,
    };
    let mut stored = Vec::new();
    for account in candidates {
        let hash = accounts::password(&mut conn, account.id).await?.and_then(|identity| identity.secret_hash);
        stored.extend(hash.map(|hash| (account.name, hash)));
    }
    drop(conn);
    if stored.is_empty() {
        return Err(ServiceError::conflict(
            "you have no password of your own here: confirm it on another device of yours, or ask a second person \
             of the helpdesk",
        ));
    }
    let mut right = false;
    for (name, hash) in stored {
        let key = fold(name.as_str());
        SIGN_IN_BY_NAME.take(portal, &key).await?;
        if password::verify(given.clone(), Some(hash)).await? {
            SIGN_IN_BY_NAME.forget(portal, &key).await?;
            right = true;
            break;
        }
    }
    let mut tx = portal.db().write(&permit).await?;
    if !right {
        let target = Target::one("user", user.as_uuid());
        tx.commit(AuditEvent::new(now, "own.confirmation_refused", target)).await?;
        return Err(ServiceError::field("password", "this is not your password"));
    }
    let waiting = one(of_person(&mut tx, user, now).await?, id)?;
    let how = SecurityEventKind::ConfirmedByPassword;
    settle(&mut tx, portal.random(), user, &waiting, how, now).await?;
    follow_up(portal, &mut tx, user, &waiting, now).await?;
    Ok(tx.commit(event(Operation::OwnConfirmationsConfirm.name(), user, &waiting, now)).await?)
}

/// Approves as a second member of staff.
///
/// # Errors
/// When the caller may not, nothing of that id of the person's waits, or the caller is no second person.
pub async fn approve(
    portal: &Portal,
    caller: &Caller,
    user: UserId,
    id: ConfirmationId,
    draft: &ActionDraft,
) -> Result<(), ServiceError> {
    Operation::ConfirmationsApprove.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (_, permit) = users::find(&mut conn, caller, Operation::ConfirmationsApprove, user).await?;
    drop(conn);
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let waiting = one(of_person(&mut tx, user, now).await?, id)?;
    may_approve(caller, user, &waiting)?;
    let how = SecurityEventKind::ApprovedBySecondPerson;
    settle(&mut tx, portal.random(), user, &waiting, how, now).await?;
    follow_up(portal, &mut tx, user, &waiting, now).await?;
    let mut event = event(Operation::ConfirmationsApprove.name(), user, &waiting, now)
        .with("issued_by", waiting.staff.clone());
    if let Some(explanation) = &explanation {
        event = event.with("explanation", explanation.as_str());
    }
    Ok(tx.commit(event).await?)
}

/// Whether the caller is a second person: somebody known, other than whoever stands behind it and other than the person
/// themselves.
fn may_approve(caller: &Caller, user: UserId, waiting: &Waiting) -> Result<(), ServiceError> {
    let refused = |why: &str| Err(ServiceError::conflict(why));
    match (caller.actor().account(), waiting.staff_account) {
        (None, _) => {
            refused("a program without an account is no second person: somebody approves it themselves")
        }
        (_, None) => refused(
            "who issued the code is not known, so nobody can be the second person: the person confirms it with their \
             password or on another device",
        ),
        (Some(one), Some(other)) if one == other => {
            refused("you issued the code yourself: another member of staff approves, or the person confirms")
        }
        _ if caller.user() == Some(user) => refused("this is your own: confirm it with your password"),
        _ => Ok(()),
    }
}

/// Marks it as confirmed and tells the person.
pub(super) async fn settle(
    tx: &mut WriteTx,
    random: &dyn Random,
    user: UserId,
    waiting: &Waiting,
    how: SecurityEventKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    match waiting.subject {
        Subject::Device(id) => enrolments::confirm(tx, id, now).await?,
        Subject::Session(id) => sign_in_codes::confirm(tx, id, now).await?,
    };
    let happened = Happened { user, kind: how, device: waiting.device, by: None };
    security_events::tell(tx, random, now, happened).await
}

/// The audit event of a confirmation.
pub(super) fn event(name: &'static str, user: UserId, waiting: &Waiting, now: Timestamp) -> AuditEvent {
    let target = match waiting.device {
        Some(device) => Target::one("device", device.as_uuid()),
        None => Target::one("user", user.as_uuid()),
    };
    AuditEvent::new(now, name, target)
        .with("confirmed", waiting.id().to_string())
        .with("user", user.to_string())
}

/// The one of that id.
pub(super) fn one(waiting: Vec<Waiting>, id: ConfirmationId) -> Result<Waiting, ServiceError> {
    let found = waiting.into_iter().find(|it| it.id() == id);
    found.ok_or(ServiceError::NotFound { what: "device or session that waits to be confirmed" })
}

/// A device gets what it waited for.
async fn follow_up(
    portal: &Portal,
    tx: &mut WriteTx,
    user: UserId,
    waiting: &Waiting,
    now: Timestamp,
) -> Result<(), ServiceError> {
    match waiting.device {
        Some(device) => replan(portal, tx, &Touched::device(device).and_user(Some(user)), now).await,
        None => Ok(()),
    }
}

async fn views(
    conn: &mut Conn,
    waiting: Vec<Waiting>,
    approvable: impl Fn(&Waiting) -> bool,
) -> Result<Vec<ConfirmationView>, StoreError> {
    let names = Names::of(conn, [], waiting.iter().filter_map(|it| it.device), []).await?;
    let view = |it: Waiting| ConfirmationView {
        approvable: approvable(&it),
        id: it.id(),
        kind: match it.subject {
            Subject::Device(_) => ConfirmationKind::Device,
            Subject::Session(_) => ConfirmationKind::Session,
        },
        device: names.device(it.device),
        since: it.since,
        staff: it.staff,
    };
    Ok(waiting.into_iter().map(view).collect())
}

/// What a device that waits is called.
pub(super) async fn device_name(conn: &mut Conn, id: Option<DeviceId>) -> Result<Option<String>, StoreError> {
    match id {
        Some(id) => Ok(Some(devices::get(conn, id).await?.name.into())),
        None => Ok(None),
    }
}
