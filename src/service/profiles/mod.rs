//! Certificate profiles, in versions.
//!
//! - [`list`], [`get`], [`versions`]: read here
//! - `change`: made, saved as a new version, deleted
//! - `cas`: the issuing CAs that a profile can name
//! - `try_out`: what a profile would put into a certificate for somebody
//! - `view`: as they are shown

mod cas;
mod change;
mod try_out;
mod view;

use certporter_model::ProfileId;
use certporter_model::access::{Caller, Visibility};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use self::cas::{IssuingCa, issuing_cas};
pub use self::change::{create, delete, update};
pub use self::try_out::{MissingValue, TriedName, TriedView, TryDraft, try_out};
pub use self::view::{
    Follow, NewProfile, ProfileEdit, ProfileSummary, ProfileVersionView, ProfileView, Reach,
};
use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use crate::store::Conn;
use crate::store::profiles::{self, ProfileHead};

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
    let visibility = Operation::ProfilesList.visibility(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    let rows = profiles::list(&mut conn, query.q.as_deref(), bounds.store(ProfileId::from_uuid)).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let ids: Vec<_> = page.data.iter().map(|row| row.id).collect();
    let reached = profiles::reach(&mut conn, &visibility, &ids).await?;
    let reach = |id| reached.iter().find(|row| row.id == id).copied().map(Reach::from).unwrap_or_default();
    Ok(page.map(|row| ProfileSummary {
        id: row.id,
        name: row.name.into(),
        current_version: row.current_version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
        reach: reach(row.id),
    }))
}

/// One profile.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: ProfileId) -> Result<ProfileView, ServiceError> {
    let visibility = Operation::ProfilesGet.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let head = find(&mut conn, id).await?;
    shown(&mut conn, &visibility, head).await
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
    Ok(profiles::versions(&mut conn, id).await?.into_iter().map(Into::into).collect())
}

/// Some of its versions, the newest first: those below a number.
///
/// # Errors
/// As [`versions`].
pub async fn versions_before(
    portal: &Portal,
    caller: &Caller,
    id: ProfileId,
    before: i64,
    limit: u32,
) -> Result<Vec<ProfileVersionView>, ServiceError> {
    Operation::ProfilesVersions.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    find(&mut conn, id).await?;
    let found = profiles::versions_before(&mut conn, id, before, limit).await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// One of its versions.
///
/// # Errors
/// As [`versions`]; also when there is none of that number.
pub async fn version(
    portal: &Portal,
    caller: &Caller,
    id: ProfileId,
    number: i64,
) -> Result<ProfileVersionView, ServiceError> {
    let found = versions_before(portal, caller, id, number.saturating_add(1), 1).await?;
    let missing = ServiceError::NotFound { what: "version of the profile" };
    found.into_iter().find(|it| it.version == number).ok_or(missing)
}

/// A profile that is not deleted.
pub(super) async fn find(conn: &mut Conn, id: ProfileId) -> Result<ProfileHead, ServiceError> {
    let head = profiles::get(conn, id).await?;
    if head.deleted_at.is_some() { Err(ServiceError::NotFound { what: "profile" }) } else { Ok(head) }
}

async fn view_of(portal: &Portal, id: ProfileId) -> Result<ProfileView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let head = profiles::get(&mut conn, id).await?;
    shown(&mut conn, &Visibility::All, head).await
}

async fn shown(
    conn: &mut Conn,
    visibility: &Visibility,
    head: ProfileHead,
) -> Result<ProfileView, ServiceError> {
    let current = profiles::version(conn, head.id, head.current_version).await?;
    let reach = profiles::reach(conn, visibility, &[head.id]).await?.pop();
    Ok(ProfileView {
        id: head.id,
        current_version: head.current_version,
        profile: current.body.into(),
        on_edit: current.on_edit,
        on_attribute_change: current.on_attribute_change,
        created_at: head.created_at,
        updated_at: head.updated_at,
        version: head.version,
        reach: reach.map(Reach::from).unwrap_or_default(),
    })
}
