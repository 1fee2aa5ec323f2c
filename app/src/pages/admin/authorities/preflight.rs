//! `/authorities/preflights`: a test certificate, issued, checked and revoked while one looks on.

use std::convert::Infallible;
use std::time::Duration;

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::authorities::preflight::{
    self, Possible, PreflightDraft, PreflightStage, PreflightStep, PreflightView,
};
use certporter_model::{FieldErrors, PreflightId, Timestamp};
use futures::stream;
use http::StatusCode;
use leptos::prelude::*;

use crate::islands::live::Live;
use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::facts::{Copied, Fact, Facts, Section};
use crate::ui::field::{ChoiceField, TextField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::time::{Moment, Now, took};

/// How often a preflight that goes on is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How long a connector may take to begin before the page wonders.
const PATIENCE: Duration = Duration::from_secs(20);

/// The form, as it was typed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct PreflightForm {
    /// The issuing CA.
    pub ca: String,
    /// The pool of connectors.
    pub pool: String,
    /// The CA's template.
    pub template: String,
}

/// Shows the form, filled in with what the address says.
pub async fn new(asked: Asked, Query(values): Query<PreflightForm>) -> Response {
    show(&asked, StatusCode::OK, Typed { values, errors: FieldErrors::new() }).await
}

async fn show(asked: &Asked, status: StatusCode, typed: Typed<PreflightForm>) -> Response {
    match preflight::possible(&asked.portal, &asked.caller).await {
        Ok(possible) => asked.renderer.page(status, move || form_page(possible.clone(), typed.clone())).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Starts one.
pub async fn start(asked: Asked, Form(form): Form<PreflightForm>) -> Response {
    let draft =
        PreflightDraft { ca: form.ca.clone(), pool: form.pool.clone(), template: form.template.clone() };
    match preflight::create(&asked.portal, &asked.caller, &draft).await.map_err(form_errors) {
        Ok(made) => Redirect::to(&format!("/authorities/preflights/{}", made.id)).into_response(),
        Err(Ok(errors)) => {
            show(&asked, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn read(asked: &Asked, text: &str) -> Result<PreflightView, ServiceError> {
    let id = id::<PreflightId>(text, "preflight")?;
    preflight::get(&asked.portal, &asked.caller, id).await
}

/// Shows one.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let view = read(&asked, &text).await;
    asked.answer(view, page).await
}

/// Sends the moving part of the page until the preflight has ended.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    if let Err(error) = read(&asked, &text).await {
        return asked.refuse(error).await;
    }
    let rows = stream::unfold((asked, text, None::<PreflightView>), |(asked, text, last)| async move {
        loop {
            // Whoever has seen the end keeps listening, so that the browser does not ask again and again.
            if last.as_ref().is_none_or(|last| last.finished_at.is_none()) {
                let caller = asked.still_signed_in().await.ok()?;
                let id = id::<PreflightId>(&text, "preflight").ok()?;
                let view = preflight::get(&asked.portal, &caller, id).await.ok()?;
                if last.as_ref() != Some(&view) {
                    let shown = view.clone();
                    let part = asked.renderer.at(asked.portal.now()).part(|| part(shown));
                    let event = Ok::<_, Infallible>(Event::default().data(part));
                    return Some((event, (asked, text, Some(view))));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    });
    Sse::new(rows).keep_alive(KeepAlive::default()).into_response()
}

/// The page of the form.
pub fn form_page(possible: Possible, typed: Typed<PreflightForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let only = |value: String, all: &[String]| match all {
        [one] if value.is_empty() => one.clone(),
        _ => value,
    };
    let (ca, pool) = (only(values.ca, &possible.cas), only(values.pool, &possible.pools));
    let pairs = |all: Vec<String>| all.into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>();
    let form = fields((pairs(possible.cas), ca), (pairs(possible.pools), pool), values.template, errors);
    view! {
        <Page title="Preflight".to_owned() task=Some(Task::Authorities)>
            <Heading
                title="Run a preflight"
                lead="A test certificate is really issued through the connector, compared with what was asked, and revoked. No device gets it; it is good for one day at most."
                within=("/authorities", "CAs and connectors")
            />
            {form}
        </Page>
    }
    .into_any()
}

type Pairs = Vec<(String, String)>;

fn fields(cas: (Pairs, String), pools: (Pairs, String), template: String, errors: FieldErrors) -> AnyView {
    view! {
        <form class="form" method="post" action="/authorities/preflights">
            <FormErrors errors=errors.clone()/>
            <ChoiceField name="ca" label="Issuing CA" choices=cas.0 value=cas.1 errors=errors.clone()/>
            <ChoiceField
                name="pool"
                label="Connector pool"
                choices=pools.0
                value=pools.1
                hint="Any connector of the pool may take it."
                errors=errors.clone()
            />
            <TextField
                name="template"
                label="Template"
                value=template
                hint="The name of the CA\u{2019}s template, as profiles give it. Empty: the CA\u{2019}s default."
                optional=true
                errors
            />
            <div class="buttons">
                <button class="btn btn-primary" type="submit">
                    "Issue, check and revoke a test certificate"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// The page.
pub fn page(view: PreflightView) -> AnyView {
    let source = format!("/authorities/preflights/{}/events", view.id);
    let lead = format!(
        "A test certificate of {} through the pool {}, asked for by {}.",
        view.ca, view.pool, view.requested_by
    );
    let part = part(view);
    view! {
        <Page title="Preflight".to_owned() task=Some(Task::Authorities) island=true>
            <Heading title="Preflight" lead within=("/authorities", "CAs and connectors")/>
            <Live source>{part}</Live>
        </Page>
    }
    .into_any()
}

/// What a preflight's state is called, with an icon.
#[must_use]
pub fn outcome(state: &str) -> AnyView {
    let (tone, icon, word) = match state {
        "waiting" => ("status busy", "clock", "Waits for a connector"),
        "running" => ("status busy", "loader", "Running"),
        "publishing" => ("status busy", "loader", "The CRL is looked into"),
        "passed" => ("status good", "circle-check", "Passed"),
        _ => ("status bad", "circle-x", "Failed"),
    };
    view! {
        <span class=tone>
            <Icon name=icon/>
            {word}
        </span>
    }
    .into_any()
}

/// The steps in order, and what each does.
const STAGES: [(PreflightStage, &str); 6] = [
    (PreflightStage::Claimed, "Taken by a connector"),
    (PreflightStage::KeyGenerated, "Key generated"),
    (PreflightStage::Issued, "Issued by the CA"),
    (PreflightStage::Checked, "Compared with what was asked"),
    (PreflightStage::Revoked, "Revoked at the CA"),
    (PreflightStage::InCrl, "In the published CRL"),
];

/// The part of the page that moves by itself.
pub fn part(view: PreflightView) -> AnyView {
    let now = use_context::<Now>().map_or(Timestamp::default(), |now| now.0);
    let late = view.state == "waiting" && now.since(view.created_at) > PATIENCE;
    let failed = view.steps.iter().find(|step| !step.ok).cloned();
    let ended = view.finished_at.is_some();
    let steps = STAGES
        .into_iter()
        .map(|(stage, words)| {
            let step = view.steps.iter().rev().find(|step| step.stage == stage).cloned();
            row(words, step, ended)
        })
        .collect_view();
    view! {
        {late
            .then(|| {
                view! {
                    <Notice tone=Tone::Wary>
                        <p>
                            "No connector of this pool has taken it yet. See whether one runs: it is listed under CAs and connectors with when it was last heard of."
                        </p>
                    </Notice>
                }
            })}
        {view
            .passed()
            .then(|| {
                view! {
                    <Notice tone=Tone::Good>
                        <p>"Every step works: certificates can be issued and revoked this way."</p>
                    </Notice>
                }
            })}
        {failed.filter(|_| ended).map(verdict)}
        <Facts>
            <Fact name="Outcome">{outcome(&view.state)}</Fact>
            <Fact name="Connector">{view.connector.unwrap_or_else(|| "none yet".to_owned())}</Fact>
            <Fact name="Template">
                {if view.template.is_empty() { "the CA\u{2019}s default".to_owned() } else { view.template }}
            </Fact>
            <Fact name="Started">
                <Moment at=view.created_at/>
            </Fact>
        </Facts>
        <Section title="Step by step">
            <ol class="matters">{steps}</ol>
        </Section>
        {view
            .serial
            .map(|serial| {
                view! {
                    <p class="quiet">"Test certificate with the serial number " <Copied value=serial/></p>
                }
            })}
    }
    .into_any()
}

fn verdict(step: PreflightStep) -> AnyView {
    let name = STAGES.iter().find(|(stage, _)| *stage == step.stage).map_or("A step", |(_, words)| words);
    view! {
        <Notice tone=Tone::Bad>
            <p>{format!("This step failed: {name}. {}", step.cause.unwrap_or_default())}</p>
            <p>{step.remedy}</p>
        </Notice>
    }
    .into_any()
}

fn row(words: &'static str, step: Option<PreflightStep>, ended: bool) -> AnyView {
    let (tone, icon, said) = match &step {
        Some(step) if step.ok => ("status good", "circle-check", "Done"),
        Some(_) => ("status bad", "circle-x", "Failed"),
        None if ended => ("status over", "circle-dashed", "Not reached"),
        None => ("status over", "circle-dashed", "Not yet"),
    };
    let time = step.as_ref().map(|step| took(Duration::from_millis(step.duration_ms.into())));
    let about = step.and_then(|step| match (step.cause, step.remedy) {
        (Some(cause), Some(remedy)) => Some(format!("{cause} {remedy}")),
        (cause, _) => cause.or(step.detail),
    });
    view! {
        <li>
            <span class=tone>
                <Icon name=icon/>
                <span class="sr-only">{said}</span>
            </span>
            <div>
                <p class="name">{words}</p>
                {about.map(|about| view! { <p class="quiet">{about}</p> })}
            </div>
            <span class="quiet">{time}</span>
        </li>
    }
    .into_any()
}
