//! Profiles as JSON: exported as a file, imported from one.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use certporter::service::json::{self, JsonFault};
use certporter::service::profiles;
use certporter::service::{Operation, ServiceError};
use certporter_model::profile::ProfileDraft;
use certporter_model::{FieldErrors, ProfileId};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;

use super::edit::{self, Opened, free_name};
use super::editor_form::EditorForm;
use crate::pages::asked::{Asked, id};
use crate::pages::upload::Upload;
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// Which version is exported.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Which {
    version: Option<i64>,
}

/// The profile as a JSON file: what the REST API takes, and [`post`] too.
pub async fn export(asked: Asked, Path(text): Path<String>, Query(which): Query<Which>) -> Response {
    let file = async {
        let id: ProfileId = id(&text, "profile")?;
        let draft = match which.version {
            None => profiles::get(&asked.portal, &asked.caller, id).await?.profile,
            Some(number) => profiles::version(&asked.portal, &asked.caller, id, number).await?.profile,
        };
        let text = serde_json::to_string_pretty(&draft)
            .map_err(|error| ServiceError::internal("writing a profile as JSON", &error))?;
        Ok::<_, ServiceError>((file_name(&draft.name), text))
    };
    match file.await {
        Ok((name, text)) => {
            let mut response = format!("{text}\n").into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
                headers.insert(header::CONTENT_DISPOSITION, name);
            }
            response
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// A file's name that every system takes.
fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<_> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let stem: String = parts.join("-").chars().take(60).collect();
    if stem.is_empty() { "profile.json".to_owned() } else { format!("{stem}.profile.json") }
}

/// Shows the form.
pub async fn get(asked: Asked) -> Response {
    match Operation::ProfilesCreate.organisation(&asked.caller) {
        Ok(_) => asked.renderer.page(StatusCode::OK, || page(Typed::default())).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Opens what was sent in the editor, where it is saved; or says what is wrong with it.
pub async fn post(asked: Asked, upload: Upload) -> Response {
    if let Err(error) = Operation::ProfilesCreate.organisation(&asked.caller) {
        return asked.refuse(error).await;
    }
    let text = [upload.one("file"), upload.one("json")].into_iter().find(|text| !text.trim().is_empty());
    let text = text.unwrap_or_default().to_owned();
    let parsed = match text.trim() {
        "" => Err(FieldErrors::one("json", "choose a file, or paste the JSON of a profile")),
        text => read(text),
    };
    match parsed {
        Ok(draft) => match opened(&asked, draft).await {
            Ok(opened) => edit::show(&asked, StatusCode::OK, opened, None).await,
            Err(error) => asked.refuse(error).await,
        },
        Err(errors) => {
            let typed = Typed { values: text, errors };
            let view = move || page(typed.clone());
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
    }
}

fn read(text: &str) -> Result<ProfileDraft, FieldErrors> {
    json::parse(text.as_bytes()).map_err(|fault| match fault {
        JsonFault::Syntax(error) => FieldErrors::one("json", format!("this is no JSON: {error}")),
        JsonFault::Fields(errors) => {
            let mut named = FieldErrors::new();
            for error in errors.as_slice() {
                named.add("json", format!("\u{201c}{}\u{201d}: {}", error.field, error.message));
            }
            named
        }
    })
}

/// The editor with it: what is wrong is marked there, and a name that is taken gets a number.
async fn opened(asked: &Asked, mut draft: ProfileDraft) -> Result<Opened, ServiceError> {
    let name = free_name(asked, &draft.name).await?;
    let notice = if name == draft.name {
        "This is what the file says. Nothing is saved yet.".to_owned()
    } else {
        format!(
            "There is a profile called {} already, so this one got a number. Nothing is saved yet.",
            draft.name
        )
    };
    draft.name = name;
    let form = EditorForm::of(draft, "now");
    let read = form.read();
    let errors = read.placed(&edit::profile_errors(asked, &read).await?);
    Ok(Opened { edited: None, form, errors, notice: Some(notice) })
}

/// The page.
pub fn page(typed: Typed<String>) -> AnyView {
    view! {
        <Page title="Import a profile".to_owned() task=Some(Task::Profiles)>
            <Heading
                title="Import a profile"
                lead="It opens in the editor, where it can be looked at and changed before it is saved."
                within=("/profiles", "Profiles")
            />
            <form class="form" method="post" action="/profiles/import" enctype="multipart/form-data">
                <FormErrors errors=typed.errors.clone()/>
                <div class="field">
                    <label for="file">"File"</label>
                    <input type="file" id="file" name="file" accept=".json,application/json"/>
                    <p class="hint">"A profile that was exported from this or another portal."</p>
                </div>
                <LongField
                    name="json"
                    label="Or paste the JSON"
                    value=typed.values
                    errors=typed.errors
                    rows=14
                    optional=true
                    exact=true
                />
                <div>
                    <button class="btn btn-primary" type="submit">
                        "Open in the editor"
                    </button>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_import_is_named() {
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert!(wrong("{\"nam\": 1}").contains("\u{201c}nam\u{201d}: there is no such field"));
        assert!(wrong("{\"name\": 1}").contains("\u{201c}name\u{201d}: invalid type"));
        assert!(wrong("{").contains("no JSON"));
        assert!(wrong("[]").contains("not an array"));
    }

    #[test]
    fn a_file_has_a_name_that_every_system_takes() {
        assert_eq!(file_name("Wi-Fi & VPN"), "wi-fi-vpn.profile.json");
        assert_eq!(file_name("../\"\r\nميم"), "profile.json");
    }
}
