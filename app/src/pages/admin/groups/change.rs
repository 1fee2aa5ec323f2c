//! A change of members or assignments: done at once if nothing follows from it, else shown first.

use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors};
use crate::pages::consequences::Outcome;
use crate::ui::consequences::{Preview, Shown};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::words::sentence;

/// What is to change, in words and addresses.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is done: "Add Anna to Sales".
    pub title: String,
    /// What it means.
    pub lead: &'static str,
    /// Where its form goes.
    pub action: String,
    /// What the form holds.
    pub fields: Vec<(String, String)>,
    /// Where it leads to, done or not.
    pub back: String,
    /// The list that it belongs to: address and title.
    pub within: (&'static str, &'static str),
    /// The task of the sidebar.
    pub task: Task,
}

/// Answers with what became of it.
pub async fn answer(asked: &Asked, outcome: Result<Outcome<()>, ServiceError>, change: Change) -> Response {
    match outcome {
        Ok(Outcome::Done(())) => Redirect::to(&format!("{}?saved=true", change.back)).into_response(),
        Ok(Outcome::Show(shown)) => {
            asked.renderer.page(StatusCode::OK, move || preview(change.clone(), shown.clone())).await
        }
        Err(error) => match form_errors(error) {
            Ok(errors) => {
                let wrong: Vec<String> = errors.as_slice().iter().map(|it| sentence(&it.message)).collect();
                let view = move || refused(change.clone(), wrong.clone());
                asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, view).await
            }
            Err(error) => asked.refuse(error).await,
        },
    }
}

/// What would follow, and the button that does it.
pub fn preview(change: Change, shown: Shown) -> AnyView {
    view! {
        <Page title=change.title.clone() task=Some(change.task)>
            <Heading title=format!("{}?", change.title) lead=change.lead within=change.within/>
            <Preview shown action=change.action fields=change.fields submit=change.title back=change.back/>
        </Page>
    }
    .into_any()
}

fn refused(change: Change, wrong: Vec<String>) -> AnyView {
    view! {
        <Page title=change.title.clone() task=Some(change.task)>
            <Heading title=change.title.clone() lead="Nothing was done." within=change.within/>
            <Notice tone=Tone::Bad>
                {wrong.into_iter().map(|message| view! { <p>{message}</p> }).collect_view()}
            </Notice>
            <a class="btn" href=change.back>
                "Back"
            </a>
        </Page>
    }
    .into_any()
}
