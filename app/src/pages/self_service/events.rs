//! `/me/events`: what happened in one's name, whoever did it.

use axum::Form;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::security_events::{self, SecurityEventView};
use certporter::service::{ServiceError, sign_in_codes};
use certporter_model::Timestamp;
use certporter_model::security_event::SecurityEventKind;
use leptos::prelude::*;

use crate::pages::asked::Asked;
use crate::ui::facts::Section;
use crate::ui::layout::Heading;
use crate::ui::own::{BigButton, OwnPage, OwnPlace};
use crate::ui::time::Moment;

/// What the form holds that says one has seen it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct SeenForm {
    /// The moment of the last event that was shown, in milliseconds.
    until: i64,
}

/// Shows it.
pub async fn get(asked: Asked) -> Response {
    let found = async {
        let events = security_events::list(&asked.portal, &asked.caller).await?;
        Ok((events, asked.caller.staff_code().is_none()))
    };
    let found: Result<_, ServiceError> = found.await;
    asked.answer(found, |(events, may_end)| page(events, may_end)).await
}

/// Notes that somebody has seen what was shown.
pub async fn post(asked: Asked, Form(form): Form<SeenForm>) -> Response {
    let until = Timestamp::from_millis(form.until);
    match security_events::acknowledge(&asked.portal, &asked.caller, until).await {
        Ok(()) => Redirect::to("/me?done=seen").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// Ends every code for them and whatever such a code opened.
pub async fn not_me(asked: Asked) -> Response {
    match sign_in_codes::end_own(&asked.portal, &asked.caller).await {
        Ok(_) => Redirect::to("/me?done=ended").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// What happened, as a sentence in a list.
pub fn sentence_of(event: SecurityEventView) -> AnyView {
    use SecurityEventKind as K;
    // What is confirmed and is no device is a session.
    let confirmed =
        matches!(event.kind, K::ConfirmedByPassword | K::ConfirmedByDevice | K::ApprovedBySecondPerson);
    let without = if confirmed { "your sign-in with a code" } else { "a device" };
    let device = event.device.unwrap_or_else(|| without.to_owned());
    let by = event.actor;
    let text = match event.kind {
        K::SignInCodeIssued => format!("{by} made a code with which one signs in as you"),
        K::SignedInWithCode => "Somebody signed in as you with a code from the helpdesk".to_owned(),
        K::AccountChangedByStaff => {
            format!(
                "{by} set the password of your account, invited you to choose one, or linked an account to you"
            )
        }
        K::EnrolmentCodeIssued => format!("{by} made a code with which {device} can be set up as yours"),
        K::DeviceEnrolled => format!("{device} was set up as yours, with a code of {by}"),
        K::DeviceHandedOver => format!("{by} made {device} yours, which was set up already"),
        K::DeviceReportedLost => format!("{device} was reported as lost by {by}, and is blocked"),
        K::ConfirmedByPassword => format!("Your password confirmed that it is you: {device}"),
        K::ConfirmedByDevice => format!("Another device of yours confirmed that it is you: {device}"),
        K::ApprovedBySecondPerson => format!("{by} approved, as a second person, that it is you: {device}"),
        K::KeyLeftEscrow => format!("{by} took a private key of yours out of escrow, for {device}"),
    };
    view! { <li>{text} ", " <Moment at=event.at/></li> }.into_any()
}

/// The page.
pub fn page(events: Vec<SecurityEventView>, may_end: bool) -> AnyView {
    view! {
        <OwnPage title="What happened".to_owned() place=OwnPlace::Events>
            <Heading
                title="What happened"
                lead="What was done in your name, by whomever: codes from the helpdesk, devices, confirmations."
            />
            {if events.is_empty() {
                view! {
                    <div class="empty">
                        <h2>"Nothing yet"</h2>
                        <p>"When somebody makes a code for you or sets a device up for you, it stands here."</p>
                    </div>
                }
                    .into_any()
            } else {
                view! { <ul class="own-news">{events.into_iter().map(sentence_of).collect_view()}</ul> }
                    .into_any()
            }}
            {may_end
                .then(|| {
                    view! {
                        <Section title="Something of this was not you?">
                            <p class="prose">
                                "Every code with which somebody could sign in as you becomes void, and whoever came with one is signed out. Then tell the helpdesk."
                            </p>
                            <BigButton
                                address="/me/events/not-me"
                                icon="circle-alert"
                                words="That was not me"
                                tone="btn-error btn-outline"
                            />
                        </Section>
                    }
                })}
        </OwnPage>
    }
    .into_any()
}
