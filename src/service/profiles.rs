//! Certificate profiles, in versions.

use certporter_model::access::{Caller, Permit};
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::{FieldErrors, ProfileId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::replan::{Touched, replan};
use crate::store::profiles::{self, ProfileHead, ProfileVersion};
use crate::store::{AuditEvent, Conn, Target, assignments, ca_generations};

/// When certificates follow a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// At once: they are reissued.
    #[default]
    Now,
    /// When they are renewed.
    AtRenewal,
}

impl Follow {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::AtRenewal => "at_renewal",
        }
    }
}

/// A new version of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileEdit {
    /// The profile as it shall be.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions follow.
    #[serde(default)]
    pub on_edit: Follow,
    /// When certificates follow a changed attribute of their holder.
    #[serde(default)]
    pub on_attribute_change: Follow,
}

/// A profile in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileSummary {
    /// Its id.
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// The number of its current version.
    pub current_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// A profile in its current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    /// Its id.
    pub id: ProfileId,
    /// The number of its current version.
    pub current_version: i64,
    /// The profile.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions follow.
    pub on_edit: String,
    /// When certificates follow a changed attribute of their holder.
    pub on_attribute_change: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
}

/// A version of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileVersionView {
    /// Its number, from 1.
    pub version: i64,
    /// The profile as it was.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions followed.
    pub on_edit: String,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// Which profiles.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProfilesQuery {
    /// Words of the name, in part, without regard to accents.
    pub q: Option<String>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Profiles.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &ProfilesQuery,
) -> Result<Page<ProfileSummary>, ServiceError> {
    Operation::ProfilesList.visibility(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    let rows = profiles::list(&mut conn, query.q.as_deref(), bounds.store(ProfileId::from_uuid)).await?;
    Ok(bounds.page(rows, |row| row.id.as_uuid()).map(|row| ProfileSummary {
        id: row.id,
        name: row.name.into(),
        current_version: row.current_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }))
}

/// One profile.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: ProfileId) -> Result<ProfileView, ServiceError> {
    Operation::ProfilesGet.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let head = find(&mut conn, id).await?;
    shown(&mut conn, head).await
}

/// The versions of a profile, newest first.
///
/// # Errors
/// When the caller may not, or there is no such profile.
pub async fn versions(
    portal: &Portal,
    caller: &Caller,
    id: ProfileId,
) -> Result<Vec<ProfileVersionView>, ServiceError> {
    Operation::ProfilesVersions.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    find(&mut conn, id).await?;
    let view = |row: ProfileVersion| ProfileVersionView {
        version: row.version,
        profile: row.body.into(),
        on_edit: row.on_edit,
        created_by: row.created_by,
        created_at: row.created_at,
    };
    Ok(profiles::versions(&mut conn, id).await?.into_iter().map(view).collect())
}

/// Creates a profile.
///
/// # Errors
/// When the caller may not, or a field is wrong: names every one that is.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    draft: ProfileDraft,
) -> Result<ProfileView, ServiceError> {
    let permit = Operation::ProfilesCreate.organisation(caller)?;
    let now = portal.now();
    let profile = parse(portal, draft, "", now).await?;
    let id = ProfileId::new(now, portal.octets());
    let head = ProfileHead {
        id,
        name: profile.name().clone(),
        current_version: 1,
        version: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    let version = version_row(&permit, id, 1, profile, Follow::Now, Follow::Now, now);
    let mut tx = portal.db().write(&permit).await?;
    profiles::insert(&mut tx, &head, &version).await?;
    tx.commit(event(now, Operation::ProfilesCreate, &head)).await?;
    view_of(portal, id).await
}

/// Saves a profile as a new version.
///
/// # Errors
/// When the caller may not, a field is wrong, or the profile has changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: ProfileId,
    version: i64,
    edit: ProfileEdit,
) -> Result<ProfileView, ServiceError> {
    let permit = Operation::ProfilesUpdate.organisation(caller)?;
    let now = portal.now();
    let profile = parse(portal, edit.profile, "profile.", now).await?;
    let mut tx = portal.db().write(&permit).await?;
    let before = find(&mut tx, id).await?;
    let number = before.current_version + 1;
    let head = ProfileHead {
        name: profile.name().clone(),
        current_version: number,
        version,
        updated_at: now,
        ..before
    };
    let row = version_row(&permit, id, number, profile, edit.on_edit, edit.on_attribute_change, now);
    profiles::insert_version(&mut tx, &head, &row).await.map_err(|error| {
        match ServiceError::from(error) {
            // The name stands one level deeper in this form.
            ServiceError::Invalid(errors) => ServiceError::Invalid(below("profile.", &errors)),
            other => other,
        }
    })?;
    replan(portal, &mut tx, &Touched::profile(id), now).await?;
    tx.commit(event(now, Operation::ProfilesUpdate, &head).with("version", number)).await?;
    view_of(portal, id).await
}

/// Deletes a profile: what was issued from it is revoked.
///
/// # Errors
/// When the caller may not, there is none, or it has changed since it was read.
pub async fn delete(
    portal: &Portal,
    caller: &Caller,
    id: ProfileId,
    version: i64,
) -> Result<(), ServiceError> {
    let permit = Operation::ProfilesDelete.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = find(&mut tx, id).await?;
    let head = ProfileHead { version, updated_at: now, deleted_at: Some(now), ..before };
    profiles::update(&mut tx, &head).await?;
    assignments::end_all_of(&mut tx, id, now).await?;
    replan(portal, &mut tx, &Touched::profile(id), now).await?;
    Ok(tx.commit(event(now, Operation::ProfilesDelete, &head)).await?)
}

/// A profile that is not deleted.
pub(super) async fn find(conn: &mut Conn, id: ProfileId) -> Result<ProfileHead, ServiceError> {
    let head = profiles::get(conn, id).await?;
    if head.deleted_at.is_some() { Err(ServiceError::NotFound { what: "profile" }) } else { Ok(head) }
}

/// Parses the draft, and checks it against the CA that it names. `prefix` is where the draft stands in the form.
async fn parse(
    portal: &Portal,
    draft: ProfileDraft,
    prefix: &str,
    now: Timestamp,
) -> Result<Profile, ServiceError> {
    let profile = Profile::parse(draft).map_err(|errors| below(prefix, &errors))?;
    let mut conn = portal.db().read().await?;
    let known = ca_generations::cas(&mut conn).await?;
    let ca =
        known.iter().find(|ca| ca.name == profile.ca().as_str() && ca.kind != crate::ca::device_ca::NAME);
    let Some(ca) = ca else {
        let names: Vec<&str> = known
            .iter()
            .filter(|ca| ca.kind != crate::ca::device_ca::NAME)
            .map(|ca| ca.name.as_str())
            .collect();
        let message = format!("there is no issuing CA of this name; there is {}", names.join(", "));
        return Err(ServiceError::field(format!("{prefix}ca"), message));
    };
    let generations = ca_generations::generations(&mut conn, ca.id).await?;
    let issuing = generations.iter().filter(|row| row.purpose == "issuing" && row.state == "active");
    if let Some(last) = issuing.map(|row| row.not_after).max() {
        let days = last.since(now).as_secs() / (24 * 60 * 60);
        if u64::from(profile.validity_days()) > days {
            let message = format!("the CA's own certificate ends in {days} days: choose at most as many");
            return Err(ServiceError::field(format!("{prefix}validity_days"), message));
        }
    }
    Ok(profile)
}

fn below(prefix: &str, errors: &FieldErrors) -> FieldErrors {
    let mut moved = FieldErrors::new();
    for error in errors.as_slice() {
        moved.add(format!("{prefix}{}", error.field), &error.message);
    }
    moved
}

fn version_row(
    permit: &Permit,
    id: ProfileId,
    number: i64,
    profile: Profile,
    on_edit: Follow,
    on_attribute_change: Follow,
    now: Timestamp,
) -> ProfileVersion {
    ProfileVersion {
        profile_id: id,
        version: number,
        body: profile,
        on_edit: on_edit.as_str().to_owned(),
        on_attribute_change: on_attribute_change.as_str().to_owned(),
        created_by: permit.actor().to_string(),
        created_at: now,
    }
}

async fn view_of(portal: &Portal, id: ProfileId) -> Result<ProfileView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let head = profiles::get(&mut conn, id).await?;
    shown(&mut conn, head).await
}

async fn shown(conn: &mut Conn, head: ProfileHead) -> Result<ProfileView, ServiceError> {
    let current = profiles::version(conn, head.id, head.current_version).await?;
    Ok(ProfileView {
        id: head.id,
        current_version: head.current_version,
        profile: current.body.into(),
        on_edit: current.on_edit,
        on_attribute_change: current.on_attribute_change,
        created_at: head.created_at,
        updated_at: head.updated_at,
        version: head.version,
    })
}

fn event(now: Timestamp, operation: Operation, head: &ProfileHead) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("profile", head.id.as_uuid()))
        .with("name", head.name.as_str())
}
