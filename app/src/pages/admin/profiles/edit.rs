//! `/profiles/new` and `/profiles/{id}/edit`: the form as it comes and goes.

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::profiles::{self, NewProfile, ProfileEdit};
use certporter::service::{Operation, ServiceError};
use certporter_model::profile::ProfileDraft;
use certporter_model::{FieldErrors, ProfileId};
use http::StatusCode;

use super::editor::{self, Edited, Editor};
use super::editor_form::{EditorForm, Read, SanRow};
use super::{presets, save, start, tried};
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::form::Sent;
use crate::ui::field::{Typed, wrong as wrong_in_html};
use crate::ui::words::sentence;

/// What a new profile begins with.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Beginning {
    /// A preset's word.
    preset: String,
    /// The profile that is cloned.
    from: String,
}

/// What the editor begins with.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Opening {
    /// The number of an earlier version that is to come back.
    version: Option<i64>,
}

/// What an editor is to show.
#[derive(Debug, Default)]
pub struct Opened {
    /// Which profile; none for a new one.
    pub edited: Option<Edited>,
    /// What was typed.
    pub form: EditorForm,
    /// What is wrong with it, of what is to be said.
    pub errors: FieldErrors,
    /// Something to know before one goes on.
    pub notice: Option<String>,
}

/// Shows what a new profile can begin with, or the editor once that is chosen.
pub async fn new(asked: Asked, Query(beginning): Query<Beginning>) -> Response {
    if let Err(error) = Operation::ProfilesCreate.organisation(&asked.caller) {
        return asked.refuse(error).await;
    }
    if beginning.from.is_empty() && beginning.preset.is_empty() {
        return asked.renderer.page(StatusCode::OK, start::page).await;
    }
    match begun(&asked, &beginning).await {
        Ok(form) => show(&asked, StatusCode::OK, Opened { form, ..Opened::default() }, None).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn begun(asked: &Asked, beginning: &Beginning) -> Result<EditorForm, ServiceError> {
    if beginning.from.is_empty() {
        let missing = ServiceError::NotFound { what: "preset" };
        let mut draft = presets::named(&beginning.preset).ok_or(missing)?.draft();
        let cas = profiles::issuing_cas(&asked.portal, &asked.caller).await?;
        if let Some(first) = cas.first()
            && !cas.iter().any(|ca| ca.name == draft.ca)
        {
            draft.ca.clone_from(&first.name);
        }
        if !draft.name.is_empty() {
            draft.name = free_name(asked, &draft.name).await?;
        }
        return Ok(EditorForm::of(draft, "now"));
    }
    let from: ProfileId = id(&beginning.from, "profile")?;
    let cloned = profiles::get(&asked.portal, &asked.caller, from).await?;
    let name = free_name(asked, &format!("Copy of {}", cloned.profile.name)).await?;
    Ok(EditorForm::of(ProfileDraft { name, ..cloned.profile }, &cloned.on_attribute_change))
}

/// The name, with a number after it if it is taken.
///
/// # Errors
/// When the caller may not see profiles.
pub async fn free_name(asked: &Asked, name: &str) -> Result<String, ServiceError> {
    let query = profiles::ProfilesQuery {
        q: Some(name.to_owned()),
        limit: Some(200),
        ..profiles::ProfilesQuery::default()
    };
    let taken = profiles::list(&asked.portal, &asked.caller, &query).await?.data;
    let is_taken = |name: &str| taken.iter().any(|it| it.name.to_lowercase() == name.to_lowercase());
    let numbered = (2..=200).map(|number| format!("{name} ({number})"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name));
    Ok(free.unwrap_or_else(|| name.to_owned()))
}

/// Makes the profile, or shows the form again.
pub async fn create(asked: Asked, sent: Sent) -> Response {
    if let Err(error) = Operation::ProfilesCreate.organisation(&asked.caller) {
        return asked.refuse(error).await;
    }
    let form = EditorForm::from(&sent);
    if sent.one("do") != "save" {
        return again(&asked, None, form, &sent).await;
    }
    let read = form.read();
    let made = async {
        let new = NewProfile { profile: read.draft.clone(), on_attribute_change: read.on_attribute_change };
        if read.errors.is_empty() {
            profiles::create(&asked.portal, &asked.caller, new).await
        } else {
            Err(profile_errors(&asked, &read).await?.into())
        }
    };
    match made.await.map_err(form_errors) {
        Ok(made) => Redirect::to(&format!("/profiles/{}?made=true", made.id)).into_response(),
        Err(Ok(errors)) => {
            let errors = read.placed(&errors);
            let opened = Opened { form, errors, ..Opened::default() };
            show(&asked, StatusCode::UNPROCESSABLE_ENTITY, opened, Some(&sent)).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// What is wrong with the profile, beside what can't be read.
pub(super) async fn profile_errors(asked: &Asked, read: &Read) -> Result<FieldErrors, ServiceError> {
    let draft = profiles::TryDraft { profile: read.draft.clone(), user: None, device: None };
    let tried = profiles::try_out(&asked.portal, &asked.caller, draft).await?;
    let mut errors = FieldErrors::new();
    tried.errors.into_iter().for_each(|error| errors.add(error.field, error.message));
    Ok(errors)
}

/// Opens a profile in the editor, in its current version or an earlier one.
pub async fn edit(asked: Asked, Path(text): Path<String>, Query(opening): Query<Opening>) -> Response {
    let opened = async {
        Operation::ProfilesUpdate.organisation(&asked.caller)?;
        let id = id(&text, "profile")?;
        open(&asked, id, opening.version).await
    };
    match opened.await {
        Ok(opened) => show(&asked, StatusCode::OK, opened, None).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn open(asked: &Asked, id: ProfileId, version: Option<i64>) -> Result<Opened, ServiceError> {
    let current = profiles::get(&asked.portal, &asked.caller, id).await?;
    let edited = Edited {
        id,
        name: current.profile.name.clone(),
        version: current.version,
        base: current.current_version,
    };
    let Some(number) = version.filter(|number| *number != current.current_version) else {
        let form = EditorForm::of(current.profile, &current.on_attribute_change);
        return Ok(Opened { edited: Some(edited), form, ..Opened::default() });
    };
    let wanted = profiles::version(&asked.portal, &asked.caller, id, number).await?;
    let notice = Some(format!("This is version {number} as it was. Nothing is restored until you save it."));
    let form = EditorForm::of(wanted.profile, &wanted.on_attribute_change);
    Ok(Opened { edited: Some(edited), form, notice, ..Opened::default() })
}

/// Goes on with an edit: shows the form again, what would follow, or saves.
pub async fn post(asked: Asked, Path(text): Path<String>, sent: Sent) -> Response {
    let edited = async {
        Operation::ProfilesUpdate.organisation(&asked.caller)?;
        let id: ProfileId = id(&text, "profile")?;
        let name = profiles::get(&asked.portal, &asked.caller, id).await?.profile.name;
        let whole = |field: &str| {
            let wrong = || ServiceError::field("", "the form was not sent whole: open the page again");
            sent.one(field).parse::<i64>().map_err(|_| wrong())
        };
        Ok::<_, ServiceError>(Edited { id, name, version: whole("version")?, base: whole("base")? })
    };
    let edited = match edited.await {
        Ok(edited) => edited,
        Err(error) => return asked.refuse(error).await,
    };
    match sent.one("do") {
        "save" | "confirm" | "merge" => save::go_on(&asked, edited, &sent).await,
        _ => again(&asked, Some(edited), EditorForm::from(&sent), &sent).await,
    }
}

/// The form again, as one of its buttons asks: a row more or less, or only looked at.
async fn again(asked: &Asked, edited: Option<Edited>, mut form: EditorForm, sent: &Sent) -> Response {
    let mut errors = FieldErrors::new();
    match sent.one("do") {
        "add-name" => form.sans.push(SanRow { kind: "email".to_owned(), value: String::new() }),
        "edit" => {}
        asked_for => match asked_for.strip_prefix("remove-name-").and_then(|row| row.parse::<usize>().ok()) {
            Some(row) if row < form.sans.len() => drop(form.sans.remove(row)),
            Some(_) => {}
            None => {
                let read = form.read();
                match profile_errors(asked, &read).await {
                    Ok(wrong) => errors = read.placed(&wrong),
                    Err(error) => return asked.refuse(error).await,
                }
            }
        },
    }
    let opened = Opened { edited, form, errors, notice: None };
    show(asked, StatusCode::OK, opened, Some(sent)).await
}

/// Shows the editor.
pub(super) async fn show(asked: &Asked, status: StatusCode, opened: Opened, sent: Option<&Sent>) -> Response {
    let shown = async {
        let read = opened.form.read();
        let tried = tried::read(&asked.portal, &asked.caller, &read, sent).await?;
        let cas = profiles::issuing_cas(&asked.portal, &asked.caller).await?;
        let typed = Typed { values: opened.form, errors: opened.errors };
        Ok::<_, ServiceError>(Editor { edited: opened.edited, typed, tried, cas, notice: opened.notice })
    };
    match shown.await {
        Ok(editor) => asked.renderer.page(status, move || editor::page(editor.clone())).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// What the island gets for what was typed so far.
#[derive(serde::Serialize)]
struct Checked {
    /// Field, and what is wrong with it as HTML.
    errors: Vec<(String, String)>,
    /// The preview.
    preview: String,
}

/// Checks what was typed so far, by the same parser that saves it. Answers with JSON.
pub async fn check(asked: Asked, sent: Sent) -> Response {
    let checked = async {
        let read = EditorForm::from(&sent).read();
        let tried = tried::read(&asked.portal, &asked.caller, &read, Some(&sent)).await?;
        let mut found = FieldErrors::new();
        tried.view.errors.iter().for_each(|error| found.add(&error.field, &error.message));
        let errors = read.placed(&found);
        let errors = errors.as_slice().iter();
        let html = |message: &str| asked.renderer.part(|| wrong_in_html(sentence(message)));
        let errors = errors.map(|it| (it.field.clone(), html(&it.message)));
        Ok::<_, ServiceError>(Checked {
            errors: errors.collect(),
            preview: asked.renderer.part(|| tried::part(tried)),
        })
    };
    match checked.await {
        Ok(checked) => Json(checked).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The edit that a form asks for.
pub(super) fn edit_of(read: &Read, on_edit: profiles::Follow) -> ProfileEdit {
    ProfileEdit { profile: read.draft.clone(), on_edit, on_attribute_change: read.on_attribute_change }
}
