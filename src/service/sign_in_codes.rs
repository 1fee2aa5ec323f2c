//! One-time codes that staff reads out: a person signs in without the certificate that is broken.
//!
//! A code opens a session of the person with the role user, whatever account they may have, for half an hour. It is no
//! proof that they are the person: such a session can't change a password, and gets no retained key until it is
//! confirmed (see [`super::confirmations`]).

use std::time::Duration;

use certporter_model::access::{Actor, Caller, StaffCode};
use certporter_model::device::UserState;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{SignInCodeId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::action::ActionDraft;
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use super::rate_limit::{CODES_BY_PERSON, CODES_ISSUED, SIGN_IN_BY_ADDRESS};
use super::security_events::{self, Happened};
use super::{password, users};
use crate::random::below;
use crate::store::sign_in_codes::{self as store, SignInCode};
use crate::store::users::{self as people, User};
use crate::store::{AuditEvent, Conn, StoreError, Target, fold};

/// How long a code may be used.
pub const LIFE: Duration = Duration::from_secs(15 * 60);
/// How long the session lasts that it opens.
pub const SESSION: Duration = Duration::from_secs(30 * 60);

/// What a code is made of: digits and letters that can't be taken for one another, however they are written.
const ALPHABET: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code, and how many of them stand together.
const LENGTH: usize = 8;
const GROUP: usize = 4;

/// A new code. It is shown this once and kept nowhere.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInCodeView {
    /// Its id.
    pub id: SignInCodeId,
    /// What the person types, such as `K7QM-2XPD`: without regard to case, spaces and hyphens.
    pub code: String,
    /// The name that the person types with it.
    pub user_name: String,
    /// Until when it may be used, once.
    pub expires_at: Timestamp,
    /// Where the person types it.
    pub address: String,
}

impl std::fmt::Debug for SignInCodeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInCodeView").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Somebody whose code was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInWithCode {
    /// The code: what the session stands on.
    pub code: SignInCodeId,
    /// Who it is.
    pub user: UserId,
}

/// Issues a code for a person, who is told. An earlier one that was not used stops working.
///
/// # Errors
/// When the caller may not, there is no such person, they may not sign in, or they got too many codes.
pub async fn issue(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    draft: &ActionDraft,
) -> Result<SignInCodeView, ServiceError> {
    Operation::SignInCodesIssue.thinkable(caller)?;
    let explanation = draft.parse()?;
    let mut conn = portal.db().read().await?;
    let (user, permit) = users::find(&mut conn, caller, Operation::SignInCodesIssue, id).await?;
    drop(conn);
    may_sign_in(&user)?;
    CODES_ISSUED.take(portal, &id.to_string()).await?;
    let code = generate(portal);
    let code_hash = password::hash(portal.random(), code.clone()).await?;
    let now = portal.now();
    let row = SignInCode {
        id: SignInCodeId::new(now, portal.octets()),
        user_id: id,
        code_hash,
        issued_by: permit.actor().to_string(),
        issuer_account_id: permit.actor().account(),
        created_at: now,
        expires_at: now.plus(LIFE),
        used_at: None,
        session_ends_at: None,
        confirmed_at: None,
    };
    let mut tx = portal.db().write(&permit).await?;
    let (user, _) = users::find(&mut tx, caller, Operation::SignInCodesIssue, id).await?;
    may_sign_in(&user)?;
    store::expire_unused(&mut tx, id, now).await?;
    store::insert(&mut tx, &row).await?;
    let happened = Happened { user: id, kind: SecurityEventKind::SignInCodeIssued, device: None, by: None };
    security_events::tell(&mut tx, portal.random(), now, happened).await?;
    let mut event =
        AuditEvent::new(now, Operation::SignInCodesIssue.name(), Target::one("user", id.as_uuid()))
            .with("code_id", row.id.to_string())
            .with("user_name", user.user_name.as_str())
            .with("expires_at", row.expires_at.to_string());
    if let Some(explanation) = &explanation {
        event = event.with("explanation", explanation.as_str());
    }
    tx.commit(event).await?;
    CODES_BY_PERSON.forget(portal, &id.to_string()).await?;
    Ok(SignInCodeView {
        id: row.id,
        code: shown(&code),
        user_name: user.user_name.into(),
        expires_at: row.expires_at,
        address: format!("{}/sign-in/code", portal.addresses().portal),
    })
}

/// Signs a person in. Whether there is such a person, or a code for them, is not told.
///
/// # Errors
/// [`ServiceError::Invalid`] when name or code is wrong, or the code was used or ended; [`ServiceError::TooMany`] after
/// too many tries.
pub async fn sign_in(
    portal: &Portal,
    caller: &Caller,
    name: &str,
    code: Zeroizing<String>,
) -> Result<SignedInWithCode, ServiceError> {
    let permit = Operation::OwnSignInWithCode.own(caller)?;
    SIGN_IN_BY_ADDRESS.take(portal, caller.address().unwrap_or("unknown")).await?;
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    // Nobody has a name of such a length.
    let user = if name.chars().count() <= 320 { person(&mut conn, name).await? } else { None };
    let key = user.as_ref().map_or_else(|| fold(name), |user| user.id.to_string());
    let row = match &user {
        Some(user) => store::usable(&mut conn, user.id, now).await?,
        None => None,
    };
    drop(conn);
    CODES_BY_PERSON.take(portal, &key).await?;
    let right = password::verify(typed(&code), row.as_ref().map(|row| row.code_hash.clone())).await?;
    let mut tx = portal.db().write(&permit).await?;
    let target = user.as_ref().map_or(Target::none("user"), |user| Target::one("user", user.id.as_uuid()));
    let user = match &user {
        Some(user) if right => Some(people::get(&mut tx, user.id).await?),
        _ => None,
    };
    // Asked again within: they may have been disabled, or the code used, in between.
    let user = user.filter(|user| may_sign_in(user).is_ok());
    let used = match (&user, &row) {
        (Some(_), Some(row)) => store::use_up(&mut tx, row.id, now, now.plus(SESSION)).await?,
        _ => false,
    };
    let (Some(user), Some(row)) = (user.filter(|_| used), row) else {
        tx.commit(AuditEvent::new(now, "own.sign_in_with_code_refused", target)).await?;
        let wrong = "the name or the code is wrong, or the code was used or has ended: ask for another code";
        return Err(ServiceError::field("code", wrong));
    };
    let happened =
        Happened { user: user.id, kind: SecurityEventKind::SignedInWithCode, device: None, by: None };
    security_events::tell(&mut tx, portal.random(), now, happened).await?;
    let event = AuditEvent::new(now, Operation::OwnSignInWithCode.name(), target)
        .with("code_id", row.id.to_string())
        .with("issued_by", row.issued_by.as_str());
    tx.commit(event).await?;
    CODES_BY_PERSON.forget(portal, &key).await?;
    Ok(SignedInWithCode { code: row.id, user: user.id })
}

/// The caller behind a session that a code opened; `None` when the session has ended or the person may not sign in.
///
/// # Errors
/// When the database refuses.
pub async fn caller_of(portal: &Portal, code: SignInCodeId) -> Result<Option<Caller>, ServiceError> {
    let mut conn = portal.db().read().await?;
    let row = match store::get(&mut conn, code).await {
        Ok(row) => row,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if row.session_ends_at.is_none_or(|end| end <= portal.now()) {
        return Ok(None);
    }
    let user = people::get(&mut conn, row.user_id).await?;
    if may_sign_in(&user).is_err() {
        return Ok(None);
    }
    let code = StaffCode { id: row.id, issuer: row.issuer_account_id, confirmed: row.confirmed_at.is_some() };
    Ok(Some(Caller::person(user.id, user.display_name.into(), code)))
}

/// When the caller's session ends by itself: one that a code opened does.
///
/// # Errors
/// When the database refuses.
pub async fn ends_at(portal: &Portal, caller: &Caller) -> Result<Option<Timestamp>, ServiceError> {
    let Some(code) = caller.staff_code() else { return Ok(None) };
    let mut conn = portal.db().read().await?;
    Ok(store::get(&mut conn, code.id).await?.session_ends_at)
}

/// Ends the session that a code opened: its person signs out.
///
/// # Errors
/// When the database refuses.
pub(super) async fn signed_out(portal: &Portal, caller: &Caller) -> Result<(), ServiceError> {
    let (Actor::Person { id, .. }, Some(code)) = (caller.actor(), caller.staff_code()) else { return Ok(()) };
    let permit = Operation::OwnSignOut.own(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    store::end_sessions(&mut tx, *id, Some(code.id), now).await?;
    let event = AuditEvent::new(now, Operation::OwnSignOut.name(), Target::one("user", id.as_uuid()));
    Ok(tx.commit(event).await?)
}

/// Ends every code with which somebody could sign in as the caller, and every session that such a code opened: the
/// caller does not know of them. Answers how many sessions.
///
/// # Errors
/// When the caller is nobody's, or came with such a code.
pub async fn end_own(portal: &Portal, caller: &Caller) -> Result<u64, ServiceError> {
    let permit = Operation::OwnSignInCodesEnd.own(caller)?;
    let user = super::self_service::themselves(caller)?;
    if caller.staff_code().is_some() {
        return Err(ServiceError::conflict("you came with such a code: sign out, and your session ends"));
    }
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let codes = store::expire_unused(&mut tx, user, now).await?;
    let ended = store::end_sessions(&mut tx, user, None, now).await?;
    let event =
        AuditEvent::new(now, Operation::OwnSignInCodesEnd.name(), Target::one("user", user.as_uuid()));
    tx.commit(event.with("codes_ended", codes).with("sessions_ended", ended)).await?;
    Ok(ended)
}

/// Who types such a name: a user name or a user principal name.
async fn person(conn: &mut Conn, name: &str) -> Result<Option<User>, StoreError> {
    let name = name.trim();
    match people::by_user_name(conn, name).await? {
        Some(user) => Ok(Some(user)),
        None => Ok(people::by_upns(conn, &[fold(name)]).await?.pop()),
    }
}

fn may_sign_in(user: &User) -> Result<(), ServiceError> {
    match user.state {
        UserState::Enabled if user.deleted_at.is_none() => Ok(()),
        state => Err(ServiceError::conflict(format!(
            "the user is {state}: a code is for somebody who may have certificates"
        ))),
    }
}

fn generate(portal: &Portal) -> Zeroizing<String> {
    let size = u64::try_from(ALPHABET.len()).unwrap_or(1);
    let draw = || usize::try_from(below(portal.random(), size)).unwrap_or(0);
    Zeroizing::new((0..LENGTH).filter_map(|_| ALPHABET.get(draw())).map(|&octet| char::from(octet)).collect())
}

/// In groups, as it is read out.
fn shown(code: &str) -> String {
    let characters: Vec<char> = code.chars().collect();
    characters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// What was typed, as it is hashed. An unbounded text would keep the hash busy.
fn typed(code: &str) -> Zeroizing<String> {
    let kept = code.chars().filter(|c| c.is_alphanumeric()).take(2 * LENGTH).map(|c| c.to_ascii_uppercase());
    Zeroizing::new(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_groups_and_typed_as_one_likes() {
        assert_eq!(shown("K7QM2XPD"), "K7QM-2XPD");
        for text in ["K7QM-2XPD", "k7qm 2xpd", " K7QM2XPD\n"] {
            assert_eq!(typed(text).as_str(), "K7QM2XPD");
        }
        assert!(typed(&"x".repeat(1_000_000)).len() <= 16);
    }

    #[test]
    fn no_two_characters_of_a_code_look_alike() {
        let mut seen = ALPHABET.to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 30);
        assert!(!ALPHABET.iter().any(|octet| b"01ILOU".contains(octet)));
    }
}
