//! `/requests/{id}`: one request: how far it is, what happened, and what to do when something went wrong.

use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::{CertificateId, DeviceId, ProfileId, RequestId, Timestamp, UserId};
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::time::PerhapsMoment;
use crate::ui::timeline::{Event, Timeline};
use crate::ui::words;

/// What is shown of a request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request.
    pub id: RequestId,
    /// The profile, its name and version.
    pub profile: (ProfileId, String, i64),
    /// The person it is for.
    pub user: Option<(UserId, String)>,
    /// The device it is for.
    pub device: Option<(DeviceId, String)>,
    /// How far it is.
    pub state: RequestState,
    /// What set it off.
    pub trigger: Trigger,
    /// The certificate that it brought.
    pub certificate: Option<CertificateId>,
    /// The connector that works on it.
    pub connector: Option<String>,
    /// How often it was tried.
    pub attempt: i64,
    /// When it is tried again by itself.
    pub retry_at: Option<Timestamp>,
    /// What went wrong, or what it waits for.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// When it was made.
    pub made: Timestamp,
    /// When it was done.
    pub finished: Option<Timestamp>,
    /// What happened, the latest first.
    pub events: Vec<Event>,
    /// Whether the caller may try it again or cancel it.
    pub may_act: bool,
}

impl Request {
    fn for_whom(&self) -> String {
        match (&self.user, &self.device) {
            (Some((_, user)), Some((_, device))) => format!("{user} on {device}"),
            (Some((_, name)), None) | (None, Some((_, name))) => name.clone(),
            (None, None) => "nobody".to_owned(),
        }
    }
}

/// The page. `done` is the word of what was just done.
pub fn page(request: Request, done: &str) -> AnyView {
    let title = format!("{} for {}", request.profile.1, request.for_whom());
    let source = format!("/requests/{}/events", request.id);
    let told = match done {
        "retry" => Some("The request is being tried again."),
        "cancel" => Some("The request is cancelled. If a certificate still comes, it is revoked."),
        _ => None,
    };
    view! {
        <Page title=title.clone() task=Some(Task::Requests) island=true>
            <Heading
                title
                lead="A request for a certificate, from the plan to the device."
                within=("/requests", "Requests")
            />
            {told
                .map(|text| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>{text}</p>
                        </Notice>
                    }
                })}
            <Live source>{part(request)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(request: Request) -> AnyView {
    let here = format!("/requests/{}", request.id);
    let again = matches!(request.state, RequestState::Failed | RequestState::Waiting);
    // What goes on by itself has a cause too, as long as it is in its way.
    let troubled = again || request.cause.is_some() && !request.state.is_final();
    let (profile, name, version) = request.profile;
    view! {
        {troubled.then(|| trouble(request.state, request.cause.clone(), request.remedy.clone()))}
        <Facts>
            <Fact name="State">
                <State of=request.state/>
            </Fact>
            <Fact name="Person">
                {match request.user {
                    Some((id, name)) => view! { <a href=format!("/users/{id}")>{name}</a> }.into_any(),
                    None => view! { <span class="quiet">"none"</span> }.into_any(),
                }}
            </Fact>
            <Fact name="Device">
                {match request.device {
                    Some((id, name)) => view! { <a href=format!("/devices/{id}")>{name}</a> }.into_any(),
                    None => view! { <span class="quiet">"each of the person\u{2019}s"</span> }.into_any(),
                }}
            </Fact>
            <Fact name="Made">
                <PerhapsMoment at=Some(request.made) otherwise=""/>
            </Fact>
            <Fact name="Done">
                <PerhapsMoment at=request.finished otherwise="not yet"/>
            </Fact>
        </Facts>
        {request.may_act.then(|| actions(&here, request.state, again))}
        <Section title="Details">
            <Details>
                <Detail name="Profile">
                    <a href=format!("/profiles/{profile}")>{name}</a>
                    {format!(", version {version}")}
                </Detail>
                <Detail name="Set off by">{words::trigger(request.trigger)}</Detail>
                {request.connector.map(|name| view! { <Detail name="Connector">{name}</Detail> })}
                <Detail name="Tries">{request.attempt.to_string()}</Detail>
                {request
                    .retry_at
                    .map(|at| {
                        view! {
                            <Detail name="Tried again">
                                <PerhapsMoment at=Some(at) otherwise=""/>
                            </Detail>
                        }
                    })}
                {request
                    .certificate
                    .map(|id| {
                        view! {
                            <Detail name="Certificate">
                                <a href=format!("/certificates/{id}")>"The certificate that it brought"</a>
                            </Detail>
                        }
                    })}
            </Details>
        </Section>
        <Section title="Timeline">
            {if request.events.is_empty() {
                view! { <p class="quiet">"Nothing has happened yet."</p> }.into_any()
            } else {
                view! { <Timeline events=request.events/> }.into_any()
            }}
        </Section>
    }
    .into_any()
}

fn trouble(state: RequestState, cause: Option<String>, remedy: Option<String>) -> AnyView {
    let tone = if state == RequestState::Failed { Tone::Bad } else { Tone::Wary };
    let cause = cause.unwrap_or_else(|| "It is not known why.".to_owned());
    view! {
        <Notice tone>
            <p>{words::sentence(&cause)}</p>
            {remedy
                .map(|remedy| {
                    view! {
                        <p>
                            <strong>"What to do: "</strong>
                            {words::sentence(&remedy)}
                        </p>
                    }
                })}
        </Notice>
    }
    .into_any()
}

fn actions(here: &str, state: RequestState, again: bool) -> Option<AnyView> {
    let cancellable = state.to(RequestState::Cancelled).is_ok();
    (again || cancellable).then(|| {
        view! {
            <div class="buttons section">
                {again
                    .then(|| {
                        view! {
                            <form method="post" action=format!("{here}/retry")>
                                <button class="btn btn-primary" type="submit">
                                    <Icon name="rotate-cw"/>
                                    "Try it again"
                                </button>
                            </form>
                        }
                    })}
                {cancellable
                    .then(|| {
                        view! {
                            <a class="btn" href=format!("{here}/cancel")>
                                "Cancel this request"
                            </a>
                        }
                    })}
            </div>
        }
        .into_any()
    })
}
