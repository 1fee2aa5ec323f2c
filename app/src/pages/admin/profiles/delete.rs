//! `/profiles/{id}/delete`: what would follow, and the button that does it.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::profiles::{self, ProfileView};
use certporter::service::{Operation, ServiceError};
use certporter_model::ProfileId;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, id};
use crate::pages::consequences::{Outcome, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::layout::{Heading, Page, Task};

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct DeleteForm {
    /// Counts the profile's changes: what was shown.
    version: Option<i64>,
    /// What was shown.
    digest: String,
}

/// Shows what would follow.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    go_on(asked, &text, DeleteForm::default()).await
}

/// Deletes the profile, if what follows is what was shown.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<DeleteForm>) -> Response {
    go_on(asked, &text, form).await
}

async fn go_on(asked: Asked, text: &str, form: DeleteForm) -> Response {
    let done = async {
        Operation::ProfilesDelete.organisation(&asked.caller)?;
        let id: ProfileId = id(text, "profile")?;
        let profile = profiles::get(&asked.portal, &asked.caller, id).await?;
        let version = form.version.unwrap_or(profile.version);
        let caller = asked.caller.clone();
        let delete = async move |portal| profiles::delete(&portal, &caller, id, version).await;
        let outcome = preview_or_do(&asked, &form.digest, delete).await?;
        Ok::<_, ServiceError>((profile, outcome))
    };
    match done.await {
        Ok((profile, Outcome::Done(()))) => {
            let to = crate::pages::address("/profiles", &[("deleted", &profile.profile.name)]);
            Redirect::to(&to).into_response()
        }
        Ok((profile, Outcome::Show(shown))) => {
            asked.renderer.page(StatusCode::OK, move || page(profile.clone(), shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(profile: ProfileView, shown: Shown) -> AnyView {
    let title = format!("Delete {}?", profile.profile.name);
    view! {
        <Page title=title.clone() task=Some(Task::Profiles)>
            <Heading
                title
                lead="Its assignments end, and every certificate that was issued from it is revoked. This can\u{2019}t be undone."
                within=("/profiles", "Profiles")
            />
            <Preview
                shown
                action=format!("/profiles/{}/delete", profile.id)
                fields=vec![("version".to_owned(), profile.version.to_string())]
                submit="Delete this profile"
                back=format!("/profiles/{}", profile.id)
                destructive=true
            />
        </Page>
    }
    .into_any()
}
