//! `/imports/new`: a file is chosen or pasted, and checked.

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::import::{self, ImportDraft, ImportKind, ImportView, MOST_OCTETS, MOST_ROWS};
use certporter_model::FieldErrors;
use http::{StatusCode, header};
use leptos::prelude::*;

use super::upload;
use crate::pages::asked::{Asked, form_errors};
use crate::ui::facts::Section;
use crate::ui::field::{LongField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;
use crate::ui::table::Table;

/// What is sent beside the file: names of fields, boundaries.
const BESIDE: usize = 20_000;

/// Shows the form.
pub async fn get(asked: Asked) -> Response {
    let allowed = import::may_import(&asked.caller);
    asked.answer(allowed.map(|()| Typed::default()), page).await
}

/// Checks the file, and leads to what was found.
pub async fn post(asked: Asked, request: Request) -> Response {
    // A pasted text comes with line ends of two octets.
    let mut text = String::new();
    let checked = async {
        import::may_import(&asked.caller)?;
        let parts = upload::read(request, 2 * MOST_OCTETS + BESIDE).await;
        let parts = parts.map_err(|error| ServiceError::field("file", error))?;
        let named = |name: &str| parts.iter().find(|part| part.name == name && !part.content.is_empty());
        if let Some(pasted) = named("text") {
            text = String::from_utf8_lossy(&pasted.content).into_owned();
        }
        let chosen = named("file").or_else(|| named("text"));
        let part =
            chosen.ok_or_else(|| ServiceError::field("file", "choose a file, or paste its text below"))?;
        let draft = ImportDraft { file_name: part.file_name.clone(), content: part.content.clone() };
        import::check(&asked.portal, &asked.caller, &draft).await
    };
    let checked: Result<ImportView, ServiceError> = checked.await;
    match checked.map_err(form_errors) {
        Ok(view) => Redirect::to(&format!("/imports/{}", view.import.id)).into_response(),
        Err(Ok(errors)) => {
            let typed = Typed { values: text, errors };
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, move || page(typed.clone())).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// A file that is right, to begin with.
pub async fn sample(asked: Asked, Path(name): Path<String>) -> Response {
    match name.strip_suffix(".csv").and_then(ImportKind::from_word) {
        Some(kind) => {
            let disposition = format!("attachment; filename=\"{}.csv\"", kind.as_str());
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, disposition),
            ];
            // With the mark by which spreadsheets know UTF-8.
            (headers, format!("\u{feff}{}", kind.sample())).into_response()
        }
        None => asked.refuse(ServiceError::NotFound { what: "sample" }).await,
    }
}

/// The page.
pub fn page(typed: Typed<String>) -> AnyView {
    let Typed { values: text, errors } = typed;
    let limits = format!(
        "Up to {} MB and {MOST_ROWS} rows; UTF-8; commas or semicolons between cells.",
        MOST_OCTETS / 1_000_000
    );
    view! {
        <Page title="Import".to_owned() task=Some(Task::Users)>
            <Heading
                title="Import from CSV"
                lead="Users, devices or memberships. The file is checked first: you see every bad row, and what would follow."
                within=("/users", "Users")
            >
                <a class="btn" href="/imports">
                    "Earlier imports"
                </a>
            </Heading>
            <form class="form" method="post" action="/imports" enctype="multipart/form-data">
                <FormErrors errors=errors.clone()/>
                <FileField errors=errors.clone() hint=limits/>
                <LongField
                    name="text"
                    label="Or paste it"
                    value=text
                    errors=errors
                    rows=6
                    optional=true
                    exact=true
                />
                <div class="buttons">
                    <button class="btn btn-primary" type="submit">
                        <Icon name="list-checks"/>
                        "Check the file"
                    </button>
                    <a class="btn btn-ghost" href="/users">
                        "Cancel"
                    </a>
                </div>
            </form>
            <Section title="What a file holds">
                <p class="prose">
                    "The first line names the columns, and by them the portal knows what the file brings. A column that is left out changes nothing; an empty cell empties the value. Bringing the same file again changes nothing."
                </p>
                {ImportKind::ALL.iter().map(|kind| columns(*kind)).collect_view()}
            </Section>
        </Page>
    }
    .into_any()
}

#[component]
fn FileField(errors: FieldErrors, hint: String) -> AnyView {
    let wrong: Vec<String> = errors.of("file").map(crate::ui::words::sentence).collect();
    let is_wrong = !wrong.is_empty();
    view! {
        <div class="field">
            <label for="file">"CSV file"</label>
            <input
                class="input file"
                id="file"
                name="file"
                type="file"
                accept=".csv,text/csv"
                aria-invalid=is_wrong.then_some("true")
                aria-describedby="file-hint"
            />
            <p class="hint" id="file-hint">
                {hint}
            </p>
            {wrong
                .into_iter()
                .map(|message| {
                    view! {
                        <p class="wrong">
                            <Icon name="circle-alert"/>
                            <span>{message}</span>
                        </p>
                    }
                })
                .collect_view()}
        </div>
    }
    .into_any()
}

fn columns(kind: ImportKind) -> AnyView {
    let (title, label) = match kind {
        ImportKind::Users => ("Users", "Columns for users"),
        ImportKind::Devices => ("Devices", "Columns for devices"),
        ImportKind::Memberships => ("Memberships", "Columns for memberships"),
    };
    let name = format!("{}.csv", kind.as_str());
    let attribute = kind.has_attributes().then(|| {
        view! {
            <tr>
                <td class="name mono">"attribute.NAME"</td>
                <td class="state"></td>
                <td>"A custom attribute, such as attribute.cost-centre for {{Custom.cost-centre}}"</td>
            </tr>
        }
    });
    view! {
        <details class="more">
            <summary>{title}</summary>
            <Table label columns=&["Column", "", "What it holds"]>
                {kind
                    .columns()
                    .iter()
                    .map(|column| {
                        view! {
                            <tr>
                                <td class="name mono">{column.name}</td>
                                <td class="state quiet">{column.required.then_some("needed")}</td>
                                <td>{column.about}</td>
                            </tr>
                        }
                    })
                    .collect_view()} {attribute}
            </Table>
            <p class="after">
                <a class="text" href=format!("/imports/samples/{name}") download=name.clone()>
                    {format!("Sample: {name}")}
                </a>
            </p>
        </details>
    }
    .into_any()
}
