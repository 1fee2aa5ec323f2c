//! `/requests/{id}`: shown, followed, tried again, cancelled.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::action::ActionDraft;
use certporter::service::requests::{self, RequestView};
use certporter::service::timeline::TimelineQuery;
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::access::Caller;
use certporter_model::{FieldErrors, RequestId};
use http::StatusCode;
use leptos::prelude::*;

use super::detail::{self, Request};
use crate::pages::admin::devices::read::event;
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::live::follow;
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// Rows of the timeline that a page shows: a request has seldom as many.
const EVENTS: u32 = 200;

/// What the address says beside the id.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    /// The word of what was just done.
    done: String,
}

/// What the form of cancelling holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct CancelForm {
    /// Why.
    pub explanation: String,
}

/// Shows the request.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    let found = async { read(asked.portal.clone(), asked.caller.clone(), id(&text, "request")?).await };
    match found.await {
        Ok(request) => {
            let view = move || detail::page(request.clone(), &shown.done);
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends the moving part of the page whenever the request has changed.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id: RequestId = match id(&text, "request") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    follow(
        asked,
        move |change| change.request == Some(id),
        move |portal, caller| read(portal, caller, id),
        detail::part,
    )
    .await
}

async fn read(portal: Portal, caller: Caller, id: RequestId) -> Result<Request, ServiceError> {
    let view = requests::get(&portal, &caller, id).await?;
    let query = TimelineQuery { cursor: None, limit: Some(EVENTS) };
    let timeline = requests::timeline(&portal, &caller, id, &query).await?;
    let events = timeline.data.into_iter().map(event).collect();
    let may_act = Operation::RequestsRetry.thinkable(&caller).is_ok();
    Ok(Request { events, may_act, ..request(view) })
}

fn request(view: RequestView) -> Request {
    Request {
        id: view.id,
        profile: (view.profile.id, view.profile.name, view.profile_version),
        user: view.user.map(|user| (user.id, user.display_name)),
        device: view.device.map(|device| (device.id, device.name)),
        state: view.state,
        trigger: view.trigger,
        certificate: view.certificate_id,
        connector: view.connector,
        attempt: view.attempt,
        retry_at: view.retry_at,
        cause: view.cause,
        remedy: view.remedy,
        made: view.created_at,
        finished: view.finished_at,
        events: Vec::new(),
        may_act: false,
    }
}

/// Tries it again.
pub async fn retry(asked: Asked, Path(text): Path<String>) -> Response {
    let done = async {
        let id: RequestId = id(&text, "request")?;
        requests::retry(&asked.portal, &asked.caller, id, &ActionDraft::default()).await
    };
    match done.await {
        Ok(request) => Redirect::to(&format!("/requests/{}?done=retry", request.id)).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// Asks why it is to be cancelled.
pub async fn cancel_page(asked: Asked, Path(text): Path<String>) -> Response {
    show_cancel(&asked, &text, StatusCode::OK, Typed::default()).await
}

/// Cancels it.
pub async fn cancel(asked: Asked, Path(text): Path<String>, Form(form): Form<CancelForm>) -> Response {
    let done = async {
        let id: RequestId = id(&text, "request")?;
        if form.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
        }
        let draft = ActionDraft { explanation: Some(form.explanation.clone()) };
        requests::cancel(&asked.portal, &asked.caller, id, &draft).await
    };
    match done.await.map_err(form_errors) {
        Ok(request) => Redirect::to(&format!("/requests/{}?done=cancel", request.id)).into_response(),
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show_cancel(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, typed).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show_cancel(asked: &Asked, text: &str, status: StatusCode, typed: Typed<CancelForm>) -> Response {
    let found = async {
        Operation::RequestsCancel.thinkable(&asked.caller)?;
        requests::get(&asked.portal, &asked.caller, id(text, "request")?).await
    };
    match found.await {
        Ok(view) => {
            asked.renderer.page(status, move || cancelling(request(view.clone()), typed.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page on which a request is cancelled.
pub fn cancelling(request: Request, typed: Typed<CancelForm>) -> AnyView {
    let here = format!("/requests/{}", request.id);
    let errors: FieldErrors = typed.errors;
    let action = format!("{here}/cancel");
    view! {
        <Page title="Cancel a request".to_owned() task=Some(Task::Requests)>
            <Heading
                title=format!("Cancel: {}", request.profile.1)
                lead="Nothing is delivered. If the CA still sends a certificate, it is recorded and revoked at once. As long as the assignment stays, the plan asks again at its next run: take the assignment away if that is not wanted."
                within=("/requests", "Requests")
            />
            <form class="form danger" method="post" action=action>
                <FormErrors errors=errors.clone()/>
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For the audit trail: who asked, and what happened."
                    value=typed.values.explanation
                    errors
                />
                <div class="buttons">
                    <button class="btn btn-error" type="submit">
                        "Cancel this request"
                    </button>
                    <a class="btn btn-ghost" href=here>
                        "Don\u{2019}t do it"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}
