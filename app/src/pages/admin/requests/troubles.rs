//! `/requests/troubles`: why requests failed or wait, each cause with what to do, and trying all of it again.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::requests::{self, RetryAllDraft, RetryView, TroubleView};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::access::Caller;
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::pages::admin::overview::number;
use crate::pages::asked::Asked;
use crate::pages::live::follow;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::Empty;
use crate::ui::time::PerhapsMoment;
use crate::ui::words::sentence;

/// What the address says.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Whether something is being tried again since a moment ago.
    retrying: bool,
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct RetryForm {
    /// The cause whose requests are tried again.
    pub cause: String,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Troubles {
    /// The causes, the most frequent first.
    pub troubles: Vec<TroubleView>,
    /// What was tried again within the last day, the last first.
    pub retries: Vec<RetryView>,
    /// Whether the caller may try all of a cause again.
    pub may_retry: bool,
}

/// Shows the causes.
pub async fn get(asked: Asked, Query(shown): Query<Shown>) -> Response {
    let found = read(asked.portal.clone(), asked.caller.clone()).await;
    let view: fn((Troubles, bool)) -> AnyView = |(found, retrying)| page(found, retrying);
    asked.answer(found.map(|found| (found, shown.retrying)), view).await
}

/// Sends the causes anew as requests move.
pub async fn events(asked: Asked) -> Response {
    follow(asked, |change| change.request.is_some(), read, part).await
}

async fn read(portal: Portal, caller: Caller) -> Result<Troubles, ServiceError> {
    let may_retry = Operation::RequestsRetryAll.organisation(&caller).is_ok();
    let retries = match requests::retries(&portal, &caller).await {
        // Whoever sees a part only can't tell how far the whole is.
        Err(ServiceError::Forbidden(_)) => Vec::new(),
        other => other?,
    };
    Ok(Troubles { troubles: requests::troubles(&portal, &caller).await?, retries, may_retry })
}

/// Has all of a cause tried again.
pub async fn post(asked: Asked, Form(form): Form<RetryForm>) -> Response {
    let draft = RetryAllDraft { cause: form.cause };
    match requests::retry_all(&asked.portal, &asked.caller, &draft).await {
        Ok(()) => Redirect::to("/requests/troubles?retrying=true").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(found: Troubles, retrying: bool) -> AnyView {
    view! {
        <Page title="What went wrong".to_owned() task=Some(Task::Requests) island=true>
            <Heading
                title="What went wrong"
                lead="Requests that failed or wait for a value, by why. Remove the cause, then try all of them again at once."
                within=("/requests", "Requests")
            />
            {retrying
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>
                                "All of them are being tried again. This goes on by itself, whether or not the page stays open."
                            </p>
                        </Notice>
                    }
                })}
            <Live source="/requests/troubles/events".to_owned()>{part(found)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(found: Troubles) -> AnyView {
    let retries = (!found.retries.is_empty()).then(|| tried_again(found.retries));
    if found.troubles.is_empty() {
        return view! {
            {retries}
            <Empty title="Nothing failed, and nothing waits">
                <p>"Requests that fail are listed here with their cause and what to do about it."</p>
                <a class="btn" href="/requests">
                    "To the requests"
                </a>
            </Empty>
        }
        .into_any();
    }
    let may_retry = found.may_retry;
    view! {
        {retries}
        <ul class="troubles">
            {found.troubles.into_iter().map(|trouble| one(trouble, may_retry)).collect_view()}
        </ul>
    }
    .into_any()
}

/// How far it is with what was tried again.
fn tried_again(retries: Vec<RetryView>) -> AnyView {
    view! {
        <Section title="Tried again">
            <ul class="retries">{retries.into_iter().map(progress).collect_view()}</ul>
        </Section>
    }
    .into_any()
}

fn progress(retry: RetryView) -> AnyView {
    let over = retry.done + retry.failed;
    let label = format!("Tried again: {}", retry.cause);
    view! {
        <li class="progressing">
            <p>
                <strong>{sentence(&retry.cause)}</strong>
                <span class="quiet">
                    {format!("{}, ", retry.by)} <PerhapsMoment at=Some(retry.at) otherwise=""/>
                </span>
            </p>
            <progress max=retry.total.to_string() value=over.to_string() aria-label=label></progress>
            <p class="counts">
                <span class="status good">
                    <Icon name="circle-check"/>
                    {format!("{} on their way", number(retry.done))}
                </span>
                <span class="status" class:bad=retry.failed != 0 class:over=retry.failed == 0>
                    <Icon name="circle-x"/>
                    {format!("{} stopped again", number(retry.failed))}
                </span>
                <span class="status" class:busy=retry.left != 0 class:over=retry.left == 0>
                    <Icon name="clock"/>
                    {format!("{} still to come", number(retry.left))}
                </span>
            </p>
        </li>
    }
    .into_any()
}

fn one(trouble: TroubleView, may_retry: bool) -> AnyView {
    let count = trouble.count;
    let number = if count == 1 { "1 request".to_owned() } else { format!("{count} requests") };
    let label = if count == 1 { "Try it again".to_owned() } else { format!("Try all {count} again") };
    let cause = trouble.cause.clone().unwrap_or_default();
    let title = if cause.is_empty() { "It is not known why".to_owned() } else { sentence(&cause) };
    let address = crate::pages::address("/requests", &[("state", trouble.state.as_str()), ("cause", &cause)]);
    let can = may_retry && !cause.is_empty();
    view! {
        <li>
            <div>
                <h2>{title}</h2>
                {trouble
                    .remedy
                    .map(|remedy| {
                        view! {
                            <p>
                                <strong>"What to do: "</strong>
                                {sentence(&remedy)}
                            </p>
                        }
                    })}
                <p class="quiet">
                    <State of=trouble.state/>
                    " "
                    <a href=address>{number}</a>
                    ", the first "
                    <PerhapsMoment at=Some(trouble.since) otherwise=""/>
                    ", the last "
                    <PerhapsMoment at=Some(trouble.latest) otherwise=""/>
                </p>
            </div>
            {if trouble.retrying {
                view! {
                    <p class="status busy">
                        <Icon name="loader"/>
                        "Being tried again"
                    </p>
                }
                    .into_any()
            } else if can {
                view! {
                    <form method="post" action="/requests/troubles">
                        <input type="hidden" name="cause" value=cause/>
                        <button class="btn btn-primary" type="submit">
                            <Icon name="rotate-cw"/>
                            {label}
                        </button>
                    </form>
                }
                    .into_any()
            } else {
                ().into_any()
            }}
        </li>
    }
    .into_any()
}
