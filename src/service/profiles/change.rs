//! Profiles made, saved as new versions and deleted.

use certporter_model::access::{Caller, Permit};
use certporter_model::profile::{Profile, ProfileDraft};
use certporter_model::{FieldErrors, ProfileId, Timestamp};

use super::cas::issuing_cas_of;
use super::{Follow, NewProfile, ProfileEdit, ProfileView, find, view_of};
use crate::pki::Certificate;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::replan::{Touched, replan};
use crate::store::profiles::{self, ProfileHead, ProfileVersion};
use crate::store::{AuditEvent, Target, assignments};

/// Creates a profile.
///
/// # Errors
/// When the caller may not, or a field is wrong: names every one that is.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    new: impl Into<NewProfile>,
) -> Result<ProfileView, ServiceError> {
    let permit = Operation::ProfilesCreate.organisation(caller)?;
    let now = portal.now();
    let NewProfile { profile, on_attribute_change } = new.into();
    let profile = parse(portal, profile, "", now).await?;
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
    let version = version_row(&permit, id, 1, profile, Follow::Now, on_attribute_change, now);
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

/// Parses the draft, and checks it against the CA that it names. `prefix` is where the draft stands in the form.
pub(super) async fn parse(
    portal: &Portal,
    draft: ProfileDraft,
    prefix: &str,
    now: Timestamp,
) -> Result<Profile, ServiceError> {
    let profile = Profile::parse(draft).map_err(|errors| below(prefix, &errors))?;
    check_server_cas(&profile, prefix)?;
    let mut conn = portal.db().read().await?;
    let cas = issuing_cas_of(&mut conn, now).await?;
    let Some(ca) = cas.iter().find(|ca| ca.name == profile.ca().as_str()) else {
        let names: Vec<&str> = cas.iter().map(|ca| ca.name.as_str()).collect();
        let message = format!("there is no issuing CA of this name; there is {}", names.join(", "));
        return Err(ServiceError::field(format!("{prefix}ca"), message));
    };
    if let Some(days) = ca.days_left.filter(|days| profile.validity_days() > *days) {
        let message = format!("the CA's own certificate ends in {days} days: choose at most as many");
        return Err(ServiceError::field(format!("{prefix}validity_days"), message));
    }
    Ok(profile)
}

/// Whether the CAs of the servers are certificates of CAs.
fn check_server_cas(profile: &Profile, prefix: &str) -> Result<(), ServiceError> {
    let Some(given) = &profile.feature_settings().server_cas else { return Ok(()) };
    let wrong = |why: String| Err(ServiceError::field(format!("{prefix}feature_settings.server_cas"), why));
    match Certificate::parse_pem(given.as_str()) {
        Err(error) => wrong(format!("the CA certificates can't be read: {error}")),
        Ok(found) => match found.iter().find(|certificate| !certificate.is_ca()) {
            Some(other) => wrong(format!(
                "{} is not a CA's certificate: give that of the CA above the server",
                other.subject_text()
            )),
            None => Ok(()),
        },
    }
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

fn event(now: Timestamp, operation: Operation, head: &ProfileHead) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("profile", head.id.as_uuid()))
        .with("name", head.name.as_str())
}
