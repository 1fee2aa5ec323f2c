//! `/groups/{id}/delete`: the group goes, its members leave it, its assignments end.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::groups::{self, GroupView};
use certporter::service::{Portal, ServiceError};
use certporter_model::GroupId;
use http::StatusCode;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pages::asked::{Asked, id};
use crate::pages::consequences::{Outcome, fields_of, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::layout::{Heading, Page, Task};

/// The form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteForm {
    /// The version that was read.
    pub version: i64,
    /// What was shown.
    pub digest: String,
}

/// Shows what would follow.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    match id(&text, "group") {
        Ok(group) => answer(&asked, group, DeleteForm::default()).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Deletes the group, if what follows is what was shown.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<DeleteForm>) -> Response {
    match id(&text, "group") {
        Ok(group) => answer(&asked, group, form).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn answer(asked: &Asked, group: GroupId, form: DeleteForm) -> Response {
    match attempt(asked, group, &form).await {
        Ok((_, Outcome::Done(()))) => Redirect::to("/groups?deleted=true").into_response(),
        Ok((group, Outcome::Show(shown))) => {
            let form = DeleteForm { version: group.version, ..form };
            let view = move || page(group.clone(), shown.clone(), &form);
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

async fn attempt(
    asked: &Asked,
    id: GroupId,
    form: &DeleteForm,
) -> Result<(GroupView, Outcome<()>), ServiceError> {
    let group = groups::get(&asked.portal, &asked.caller, id).await?;
    let version = if form.digest.is_empty() { group.version } else { form.version };
    let operation = |portal: Portal| async move { groups::delete(&portal, &asked.caller, id, version).await };
    let outcome = preview_or_do(asked, &form.digest, operation).await?;
    Ok((group, outcome))
}

/// The page.
pub fn page(group: GroupView, shown: Shown, form: &DeleteForm) -> AnyView {
    let fields = fields_of(form);
    let title = format!("Delete {}", group.name);
    view! {
        <Page title=title.clone() task=Some(Task::Groups)>
            <Heading
                title=title.clone()
                lead="Its members leave it, its assignments end. This can't be undone."
                within=("/groups", "Groups")
            />
            <Preview
                shown
                action=format!("/groups/{}/delete", group.id)
                fields
                submit=title
                back=format!("/groups/{}", group.id)
                destructive=true
            />
        </Page>
    }
    .into_any()
}
