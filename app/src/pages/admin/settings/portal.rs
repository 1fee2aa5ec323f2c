//! `/settings/portal`: how the portal is set up.

use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::holds::{self, HoldsDraft};
use certporter::service::settings::{self, SettingsView};
use certporter_model::FieldErrors;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors};
use crate::ui::facts::{Detail, Details, Section};
use crate::ui::field::{Hidden, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::time::exact;

/// Clocks that differ by more are wrong.
const CLOCKS_DIFFER_MS: u64 = 5_000;

/// What was done just now, as the address says it.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(default)]
pub struct Saved {
    saved: bool,
}

/// The form, as it was typed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct HoldsForm {
    /// Days that a certificate may be on hold.
    pub longest_days: String,
    /// The version that was read.
    pub version: i64,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// How it is set up.
    pub view: SettingsView,
    /// What is set for holds.
    pub holds: Typed<HoldsForm>,
    /// Whether that was saved just now.
    pub saved: bool,
}

/// Shows it.
pub async fn get(asked: Asked, Query(Saved { saved }): Query<Saved>) -> Response {
    let read = async {
        let holds = holds::get(&asked.portal, &asked.caller).await?;
        let values = HoldsForm { longest_days: holds.longest_days.to_string(), version: holds.version };
        let holds = Typed { values, errors: FieldErrors::new() };
        Ok(Shown { view: settings::get(&asked.portal, &asked.caller).await?, holds, saved })
    };
    let read: Result<Shown, ServiceError> = read.await;
    asked.answer(read, page).await
}

/// Sets how long holds may last.
pub async fn post(asked: Asked, Form(form): Form<HoldsForm>) -> Response {
    let done = match form.longest_days.trim().parse() {
        Ok(longest_days) => {
            let draft = HoldsDraft { longest_days };
            holds::update(&asked.portal, &asked.caller, form.version, draft).await.map(|_| ())
        }
        Err(_) => Err(ServiceError::field("longest_days", "is a whole number of days, such as 30")),
    };
    let errors = match done.map_err(form_errors) {
        Ok(()) => return Redirect::to("/settings/portal?saved=true").into_response(),
        Err(Ok(errors)) => errors,
        Err(Err(error)) => return asked.refuse(error).await,
    };
    match settings::get(&asked.portal, &asked.caller).await {
        Ok(view) => {
            let shown = Shown { view, holds: Typed { values: form, errors }, saved: false };
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

fn holds_form(Typed { values, errors }: Typed<HoldsForm>) -> AnyView {
    view! {
        <form class="form" method="post" action="/settings/portal">
            <FormErrors errors=errors.clone()/>
            <Hidden name="version" value=values.version.to_string()/>
            <TextField
                name="longest_days"
                label="Longest hold, in days"
                value=values.longest_days
                hint="A certificate that is on hold for longer is revoked for good: its device gets another one when the block is lifted. 1 to 3650."
                errors
            />
            <div class="buttons">
                <button class="btn btn-primary" type="submit">
                    "Save"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// The page.
pub fn page(Shown { view, holds, saved }: Shown) -> AnyView {
    let (known, there) = (view.schema.1, view.schema.0);
    let apart = view.now.as_millis().abs_diff(view.database_now.as_millis()) > CLOCKS_DIFFER_MS;
    view! {
        <Page title="The portal".to_owned() task=Some(Task::Settings)>
            <Heading
                title="The portal"
                lead="How long blocks may last, and how the portal is set up."
                within=("/settings", "Settings")
            />
            {saved
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"Saved. What has been on hold for longer is revoked by the sweep that begins now."</p>
                        </Notice>
                    }
                })}
            {apart
                .then(|| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                "The portal\u{2019}s clock and the database\u{2019}s differ by more than five seconds: leases and certificates depend on them. Set both by NTP."
                            </p>
                        </Notice>
                    }
                })}
            <Section title="Blocks">{holds_form(holds)}</Section>
            <p class="quiet">
                "What follows is changed where the portal is started, by a flag, the environment or the configuration file."
            </p>
            <Section title="Addresses">
                <Details>
                    <Detail name="People and REST">
                        <span class="mono">{view.portal_address}</span>
                        <p class="hint">"--public-url: links in invitations, and the origin that forms must come from."</p>
                    </Detail>
                    <Detail name="Devices">
                        <span class="mono">{view.device_address}</span>
                        <p class="hint">"--device-url: in enrolment codes. Devices that are enrolled keep the one they have."</p>
                    </Detail>
                    <Detail name="Relying parties">
                        <span class="mono">{view.pki_address}</span>
                        <p class="hint">
                            "--pki-url: frozen into every certificate for CA certificates, CRL and OCSP. Keep an old one reachable until the last certificate with it has expired."
                        </p>
                    </Detail>
                </Details>
            </Section>
            <Section title="Database">
                <Details>
                    <Detail name="Engine">
                        {view.database}
                        <p class="hint">"--database-url chooses PostgreSQL; without it, SQLite in the data folder."</p>
                    </Detail>
                    <Detail name="Tables">
                        {if known == there {
                            format!("version {there}, up to date")
                        } else {
                            format!("version {there}, this program knows {known}")
                        }}
                    </Detail>
                    <Detail name="Its clock">{exact(view.database_now)}</Detail>
                </Details>
            </Section>
            <Section title="Program">
                <Details>
                    <Detail name="Version">{view.version}</Detail>
                    <Detail name="Its clock">{exact(view.now)}</Detail>
                    <Detail name="Check-up">
                        <span class="mono">"certporter doctor"</span>
                        <p class="hint">"On the host: says what is not as it should be, and what to do about it."</p>
                    </Detail>
                    <Detail name="For monitoring">
                        <span class="mono">"/healthz, /readyz, /metrics"</span>
                    </Detail>
                    <Detail name="REST API">
                        <a class="text" href="/api/v1/openapi.json">
                            "OpenAPI document"
                        </a>
                    </Detail>
                </Details>
            </Section>
        </Page>
    }
    .into_any()
}
