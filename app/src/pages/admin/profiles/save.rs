//! An edit on its way: what would follow now and at renewal, side by side; then saved, if that is still so and nobody
//! else has changed the profile.

use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::consequences::{Consequences, preview};
use certporter::service::portal::Intent;
use certporter::service::profiles::{self, Follow, ProfileVersionView};
use certporter::service::{Portal, ServiceError};
use certporter_model::FieldErrors;
use http::StatusCode;

use super::confirm::{self, Confirm, Way};
use super::difference::{differences, merged};
use super::edit::{self, Opened};
use super::editor::Edited;
use super::editor_form::{EditorForm, Read, follow};
use super::stale::{self, Conflict};
use crate::pages::asked::{Asked, form_errors};
use crate::pages::form::Sent;

/// Goes on with what was typed.
pub async fn go_on(asked: &Asked, edited: Edited, sent: &Sent) -> Response {
    let form = EditorForm::from(sent);
    let read = form.read();
    let mut outcome = step(asked, &edited, &read, sent).await;
    if let Err(ServiceError::Stale { .. }) = outcome {
        outcome = conflict(asked, &edited, &read, sent).await.map(|it| Step::Conflict(Box::new(it)));
    }
    match outcome {
        Ok(Step::Saved(version)) => {
            Redirect::to(&format!("/profiles/{}?saved={version}", edited.id)).into_response()
        }
        Ok(Step::Edit(opened)) => edit::show(asked, StatusCode::OK, *opened, Some(sent)).await,
        Ok(Step::Confirm(shown)) => {
            asked.renderer.page(StatusCode::OK, move || confirm::page((*shown).clone())).await
        }
        Ok(Step::Conflict(shown)) => {
            asked.renderer.page(StatusCode::CONFLICT, move || stale::page((*shown).clone())).await
        }
        Err(error) => match form_errors(error) {
            Ok(errors) => {
                let errors = read.placed(&errors);
                let opened = Opened { edited: Some(edited), form, errors, notice: None };
                edit::show(asked, StatusCode::UNPROCESSABLE_ENTITY, opened, Some(sent)).await
            }
            Err(error) => asked.refuse(error).await,
        },
    }
}

enum Step {
    Saved(i64),
    Edit(Box<Opened>),
    Confirm(Box<Confirm>),
    Conflict(Box<Conflict>),
}

async fn step(asked: &Asked, edited: &Edited, read: &Read, sent: &Sent) -> Result<Step, ServiceError> {
    if !read.errors.is_empty() {
        return Err(edit::profile_errors(asked, read).await?.into());
    }
    match sent.one("do") {
        "merge" => both(asked, edited, read).await,
        "confirm" => save(asked, edited, read, sent).await,
        _ => Ok(Step::Confirm(Box::new(confirm(asked, edited, read, sent, false).await?))),
    }
}

async fn save(asked: &Asked, edited: &Edited, read: &Read, sent: &Sent) -> Result<Step, ServiceError> {
    let Some(on_edit) = follow(sent.one("on_edit")) else {
        let mut shown = confirm(asked, edited, read, sent, false).await?;
        shown.errors = FieldErrors::one("on_edit", "choose when the certificates follow");
        return Ok(Step::Confirm(Box::new(shown)));
    };
    let wrong = |_| ServiceError::field("", "the form was not sent whole: go on to what follows again");
    let digest = sent.one(digest_field(on_edit)).parse().map_err(wrong)?;
    let portal = asked.portal.with_intent(Intent::DoIf(digest));
    match update(&portal, asked, edited, read, on_edit).await {
        Ok(saved) => Ok(Step::Saved(saved)),
        Err(ServiceError::ConsequencesChanged(_)) => {
            Ok(Step::Confirm(Box::new(confirm(asked, edited, read, sent, true).await?)))
        }
        Err(error) => Err(error),
    }
}

const fn digest_field(on_edit: Follow) -> &'static str {
    match on_edit {
        Follow::Now => "digest_now",
        Follow::AtRenewal => "digest_at_renewal",
    }
}

async fn update(
    portal: &Portal,
    asked: &Asked,
    edited: &Edited,
    read: &Read,
    on_edit: Follow,
) -> Result<i64, ServiceError> {
    let change = edit::edit_of(read, on_edit);
    let saved = profiles::update(portal, &asked.caller, edited.id, edited.version, change).await?;
    Ok(saved.current_version)
}

async fn what_follows(
    asked: &Asked,
    edited: &Edited,
    read: &Read,
    on_edit: Follow,
) -> Result<Consequences, ServiceError> {
    preview(&asked.portal, async |portal| update(portal, asked, edited, read, on_edit).await).await
}

async fn confirm(
    asked: &Asked,
    edited: &Edited,
    read: &Read,
    sent: &Sent,
    changed: bool,
) -> Result<Confirm, ServiceError> {
    let now = what_follows(asked, edited, read, Follow::Now).await?;
    let at_renewal = what_follows(asked, edited, read, Follow::AtRenewal).await?;
    let before = profiles::get(&asked.portal, &asked.caller, edited.id).await?;
    let way = |follow: Follow, consequences| Way { follow, digest_field: digest_field(follow), consequences };
    Ok(Confirm {
        id: edited.id,
        name: before.profile.name.clone(),
        number: before.current_version + 1,
        differences: differences(&before.profile, &read.draft),
        attribute_change: (before.on_attribute_change != read.on_attribute_change.as_str())
            .then(|| read.on_attribute_change.as_str().to_owned()),
        ways: [way(Follow::Now, now), way(Follow::AtRenewal, at_renewal)],
        chosen: sent.one("on_edit").to_owned(),
        errors: FieldErrors::new(),
        changed,
        fields: carried(sent),
    })
}

/// What the next step carries: everything that was typed, and not what a step itself adds.
fn carried(sent: &Sent) -> Vec<(String, String)> {
    let own = ["do", "on_edit", "digest_now", "digest_at_renewal"];
    sent.pairs().iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect()
}

async fn version(asked: &Asked, edited: &Edited, number: i64) -> Result<ProfileVersionView, ServiceError> {
    profiles::version(&asked.portal, &asked.caller, edited.id, number).await
}

async fn conflict(
    asked: &Asked,
    edited: &Edited,
    read: &Read,
    sent: &Sent,
) -> Result<Conflict, ServiceError> {
    let current = profiles::get(&asked.portal, &asked.caller, edited.id).await?;
    let base = version(asked, edited, edited.base).await?;
    let theirs = version(asked, edited, current.current_version).await?;
    let fields = carried(sent)
        .into_iter()
        .map(|(name, value)| match name.as_str() {
            "version" => (name, current.version.to_string()),
            _ => (name, value),
        })
        .collect();
    Ok(Conflict {
        id: edited.id,
        name: current.profile.name,
        by: theirs.created_by,
        at: theirs.created_at,
        number: theirs.version,
        fields,
        rows: stale::rows(&base.profile, &theirs.profile, &read.draft),
    })
}

/// Opens the editor with both changes: theirs where only they changed a field, else what was typed here.
async fn both(asked: &Asked, edited: &Edited, read: &Read) -> Result<Step, ServiceError> {
    let base = version(asked, edited, edited.base).await?;
    let current = profiles::get(&asked.portal, &asked.caller, edited.id).await?;
    let failed = || ServiceError::conflict("the two versions can't be put together: edit the newer one");
    let draft = merged(&base.profile, &current.profile, &read.draft).ok_or_else(failed)?;
    let edited = Edited { version: current.version, base: current.current_version, ..edited.clone() };
    let follows = if base.on_attribute_change == read.on_attribute_change.as_str() {
        current.on_attribute_change
    } else {
        read.on_attribute_change.as_str().to_owned()
    };
    let form = EditorForm::of(draft, &follows);
    let notice = Some("Both changes are in here. Nothing is saved yet.".to_owned());
    Ok(Step::Edit(Box::new(Opened { edited: Some(edited), form, notice, ..Opened::default() })))
}
