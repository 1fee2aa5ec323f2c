//! `/authorities/{id}/rotate`: a new issuing key, and what that means, shown before it is made.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::authorities::rotation::{self, COUNTED, RotationDraft, RotationView};
use certporter_model::CaId;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Fact, Facts};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::time::Moment;

/// Shows what it means.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    show(&asked, StatusCode::OK, &text, false).await
}

async fn show(asked: &Asked, status: StatusCode, text: &str, outdated: bool) -> Response {
    let read = async {
        let id = id::<CaId>(text, "issuing CA")?;
        rotation::rotation(&asked.portal, &asked.caller, id).await
    };
    match read.await {
        Ok(seen) => asked.renderer.page(status, move || page(seen.clone(), outdated)).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Has it made; when another generation issues by now, shows again what it means.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(draft): Form<RotationDraft>) -> Response {
    let done = async {
        let id = id::<CaId>(&text, "issuing CA")?;
        rotation::rotate(&asked.portal, &asked.caller, id, draft).await
    };
    match done.await {
        Ok(()) => Redirect::to("/authorities?rotating=true").into_response(),
        Err(ServiceError::Conflict { .. }) => show(&asked, StatusCode::CONFLICT, &text, true).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(seen: RotationView, outdated: bool) -> AnyView {
    let RotationView { id, name, generation, subject, not_after, alive, under_way } = seen;
    let next = generation + 1;
    let counted = match alive {
        COUNTED.. => format!("{COUNTED} or more"),
        0 => "none".to_owned(),
        some => some.to_string(),
    };
    view! {
        <Page title="A new issuing key".to_owned() task=Some(Task::Authorities)>
            <Heading
                title="A new issuing key"
                lead="The CA gets a new key and certificate, signed by the same root. What was issued before stays good."
            >
                <a class="btn" href="/authorities">"Back to the CAs"</a>
            </Heading>
            {outdated
                .then(|| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                "Somebody has had a new key made since you opened this page. Below is how things stand now."
                            </p>
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="CA">{name}</Fact>
                <Fact name="Issues now">{subject}</Fact>
                <Fact name="Its certificates that are good">{counted}</Fact>
                <Fact name="Good until">
                    <Moment at=not_after/>
                </Fact>
            </Facts>
            <section class="section">
                <h2>"What follows"</h2>
                <p>{format!("Generation {next} signs every certificate from then on, and publishes a certificate and a CRL of its own (issuing-{next}.crt, issuing-{next}.crl).")}</p>
                <p>
                    {format!("Generation {generation} signs no more certificates. It goes on signing its CRL and OCSP answers until its own certificate ends: no certificate is revoked or reissued.")}
                </p>
                <p>
                    "Relying parties that trust the root need nothing new. Those that trust the issuing certificate itself need the new one: give it to them first, as soon as it is published."
                </p>
                <p>"Profiles, requests and devices need no change. This can\u{2019}t be taken back; another key can be made at any time."</p>
                {if under_way {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The next key is being made already."</p>
                        </Notice>
                    }
                        .into_any()
                } else {
                    view! {
                        <form method="post" action=format!("/authorities/{id}/rotate")>
                            <input type="hidden" name="generation" value=generation.to_string()/>
                            <div class="buttons">
                                <button class="btn btn-primary" type="submit">
                                    <Icon name="key-round"/>
                                    {format!("Make generation {next}")}
                                </button>
                                <a class="btn" href="/authorities">"Cancel"</a>
                            </div>
                        </form>
                    }
                        .into_any()
                }}
            </section>
        </Page>
    }
    .into_any()
}
