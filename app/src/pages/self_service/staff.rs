//! `/helpdesk/people/{id}/sign-in-code`: staff makes a one-time code and reads it out. `../confirmations`: as a second
//! person they approve what such a code opened.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::action::ActionDraft;
use certporter::service::confirmations::{self, ConfirmationKind, ConfirmationView};
use certporter::service::sign_in_codes::{self, SignInCodeView};
use certporter::service::users::{self, UserView};
use certporter::service::{Operation, ServiceError};
use certporter_model::{ConfirmationId, FieldErrors, UserId};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::facts::Section;
use crate::ui::field::{Buttons, Hidden, LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::time::Moment;

/// What the forms hold.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct StaffForm {
    /// How they made sure who it is.
    pub explanation: String,
    /// What is approved.
    pub confirmation: String,
}

impl StaffForm {
    /// Kept in the audit trail: nobody makes sure who somebody is without being able to say how.
    fn draft(&self) -> Result<ActionDraft, ServiceError> {
        if self.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say how you made sure who it is"));
        }
        Ok(ActionDraft { explanation: Some(self.explanation.clone()) })
    }
}

async fn person(asked: &Asked, text: &str, operation: Operation) -> Result<UserView, ServiceError> {
    operation.thinkable(&asked.caller)?;
    let id: UserId = id(text, "user")?;
    users::get(&asked.portal, &asked.caller, id).await
}

/// Says what a code is and offers to make one: reading a page makes none.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    match person(&asked, &text, Operation::SignInCodesIssue).await {
        Ok(user) => offer(&asked, user, StatusCode::OK, Typed::default()).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Makes a code and shows it.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<StaffForm>) -> Response {
    let user = match person(&asked, &text, Operation::SignInCodesIssue).await {
        Ok(user) => user,
        Err(error) => return asked.refuse(error).await,
    };
    let made = async { sign_in_codes::issue(&asked.portal, &asked.caller, user.id, &form.draft()?).await };
    match made.await.map_err(form_errors) {
        Ok(made) => {
            let view = move || page(user.clone(), made.clone());
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(Ok(errors)) => {
            offer(&asked, user, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn offer(asked: &Asked, user: UserView, status: StatusCode, typed: Typed<StaffForm>) -> Response {
    let view = move || offer_page(user.clone(), typed.clone());
    asked.renderer.page(status, view).await
}

/// The page that offers a code.
pub fn offer_page(user: UserView, typed: Typed<StaffForm>) -> AnyView {
    let title = format!("Sign-in code for {}", user.display_name);
    view! {
        <Page title=title.clone() task=Some(Task::Users)>
            <Heading
                title
                lead="For somebody who can\u{2019}t sign in otherwise: you read it out, they type it within 15 minutes, once."
                within=("/users", "Users")
            />
            <form
                class="form"
                method="post"
                action=format!("/helpdesk/people/{}/sign-in-code", user.id)
            >
                <FormErrors errors=typed.errors.clone()/>
                <p>
                    "It opens a session of half an hour, for their own devices and nothing else. They are told of it. Keys that their other devices have too stay away until they confirm, or somebody other than you approves."
                </p>
                <LongField
                    name="explanation"
                    label="How did you make sure who it is?"
                    hint="For the audit trail: called back, saw them, asked for their personnel number."
                    value=typed.values.explanation
                    errors=typed.errors
                />
                <Buttons submit="Make a sign-in code" back=format!("/users/{}", user.id)/>
            </form>
        </Page>
    }
    .into_any()
}

/// How a character is said on the telephone (the spelling alphabet of ICAO, Annex 10).
const fn said(character: char) -> &'static str {
    match character {
        'A' => "Alfa",
        'B' => "Bravo",
        'C' => "Charlie",
        'D' => "Delta",
        'E' => "Echo",
        'F' => "Foxtrot",
        'G' => "Golf",
        'H' => "Hotel",
        'J' => "Juliett",
        'K' => "Kilo",
        'M' => "Mike",
        'N' => "November",
        'P' => "Papa",
        'Q' => "Quebec",
        'R' => "Romeo",
        'S' => "Sierra",
        'T' => "Tango",
        'V' => "Victor",
        'W' => "Whiskey",
        'X' => "X-ray",
        'Y' => "Yankee",
        'Z' => "Zulu",
        '2' => "two",
        '3' => "three",
        '4' => "four",
        '5' => "five",
        '6' => "six",
        '7' => "seven",
        '8' => "eight",
        '9' => "nine",
        _ => "",
    }
}

/// The page that shows a code.
pub fn page(user: UserView, made: SignInCodeView) -> AnyView {
    let title = format!("Sign-in code for {}", user.display_name);
    let spelled =
        made.code.chars().filter(char::is_ascii_alphanumeric).map(said).collect::<Vec<_>>().join(" \u{b7} ");
    view! {
        <Page title=title.clone() task=Some(Task::Users)>
            <Heading
                title
                lead="Read it out to the person themselves, and to nobody else."
                within=("/users", "Users")
            />
            <Notice tone=Tone::Wary>
                <p>
                    "This page can\u{2019}t be shown again: the code is kept nowhere. It works once, and ends "
                    <Moment at=made.expires_at/> "."
                </p>
            </Notice>
            <Section title="Code">
                <p class="read-out mono">{made.code}</p>
                <p class="quiet">{spelled}</p>
            </Section>
            <Section title="What they do">
                <ol class="own-steps">
                    <li>
                        "They open " <span class="mono copied">{made.address}</span>
                        " on any device: no certificate is needed."
                    </li>
                    <li>
                        "They type the user name " <span class="mono">{made.user_name}</span> " and the code."
                    </li>
                </ol>
            </Section>
        </Page>
    }
    .into_any()
}

/// What of a person's waits.
pub async fn waiting(asked: Asked, Path(text): Path<String>) -> Response {
    show(&asked, &text, StatusCode::OK, Typed::default()).await
}

/// Approves one of it.
pub async fn approve(asked: Asked, Path(text): Path<String>, Form(form): Form<StaffForm>) -> Response {
    let done = async {
        let user: UserId = id(&text, "user")?;
        let confirmation: ConfirmationId = id(&form.confirmation, "confirmation")?;
        confirmations::approve(&asked.portal, &asked.caller, user, confirmation, &form.draft()?).await
    };
    match done.await.map_err(form_errors) {
        Ok(()) => Redirect::to(&format!("/helpdesk/people/{text}/confirmations")).into_response(),
        Err(Ok(errors)) => {
            show(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(asked: &Asked, text: &str, status: StatusCode, typed: Typed<StaffForm>) -> Response {
    let read = async {
        let user = person(asked, text, Operation::ConfirmationsList).await?;
        let waiting = confirmations::of_user(&asked.portal, &asked.caller, user.id).await?;
        Ok::<_, ServiceError>((user, waiting))
    };
    match read.await {
        Ok((user, waiting)) => {
            let view = move || waiting_page(user.clone(), waiting.clone(), typed.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page of what waits.
pub fn waiting_page(user: UserView, waiting: Vec<ConfirmationView>, typed: Typed<StaffForm>) -> AnyView {
    let title = format!("What waits for {}", user.display_name);
    let form_of = typed.values.confirmation.clone();
    view! {
        <Page title=title.clone() task=Some(Task::Users)>
            <Heading
                title
                lead="Opened with a code from staff: no retained key until the person confirms, or a second person of staff approves."
                within=("/users", "Users")
            />
            {waiting
                .is_empty()
                .then(|| {
                    view! {
                        <div class="empty">
                            <h2>"Nothing waits"</h2>
                            <p>"Every device and session of theirs is confirmed."</p>
                        </div>
                    }
                })}
            {waiting
                .into_iter()
                .map(|it| {
                    let typed = if form_of == it.id.to_string() {
                        typed.clone()
                    } else {
                        Typed::default()
                    };
                    one(user.id, it, typed)
                })
                .collect_view()}
        </Page>
    }
    .into_any()
}

fn one(user: UserId, it: ConfirmationView, typed: Typed<StaffForm>) -> AnyView {
    let what = match (it.kind, it.device) {
        (ConfirmationKind::Device, Some(device)) => format!("Device {}", device.name),
        (ConfirmationKind::Device, None) => "A device".to_owned(),
        (ConfirmationKind::Session, _) => "A session in the portal".to_owned(),
    };
    let staff = it.staff.unwrap_or_else(|| "a program".to_owned());
    view! {
        <section class="section">
            <h2>{what}</h2>
            <p class="prose">"Opened " <Moment at=it.since/> " with a code of " {staff} "."</p>
            {if it.approvable {
                approval(user, it.id, typed)
            } else {
                view! {
                    <p class="quiet">
                        "You are no second person here: somebody other than whoever made the code, and other than the person, approves."
                    </p>
                }
                    .into_any()
            }}
        </section>
    }
    .into_any()
}

fn approval(user: UserId, it: ConfirmationId, typed: Typed<StaffForm>) -> AnyView {
    let errors: FieldErrors = typed.errors;
    view! {
        <form class="form" method="post" action=format!("/helpdesk/people/{user}/confirmations")>
            <FormErrors errors=errors.clone()/>
            <Hidden name="confirmation" value=it.to_string()/>
            <LongField
                name="explanation"
                label="How did you make sure who it is?"
                hint="For the audit trail. They are told that you approved it."
                value=typed.values.explanation
                errors
            />
            <div>
                <button class="btn btn-primary" type="submit">
                    "Approve as the second person"
                </button>
            </div>
        </form>
    }
    .into_any()
}
