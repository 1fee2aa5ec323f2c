//! `/me/certificates`: what each of one's certificates is for, where it is, until when; and having one reissued.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::self_service::certificates::{self, OwnCertificate, OwnCopy};
use certporter_model::CertificateId;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use leptos::prelude::*;

use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::Heading;
use crate::ui::notice::{Notice, Tone};
use crate::ui::own::{BigButton, OwnPage, OwnPlace, purpose, purpose_icon};
use crate::ui::status::{State, Status};
use crate::ui::time::{Moment, Now};

/// What the address says.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    done: String,
}

/// Shows all of them.
pub async fn list(asked: Asked) -> Response {
    let found = certificates::list(&asked.portal, &asked.caller).await;
    asked.answer(found, list_page).await
}

/// Shows one.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    let found = async {
        let id: CertificateId = id(&text, "certificate")?;
        Ok((certificates::get(&asked.portal, &asked.caller, id).await?, shown.done == "reissued"))
    };
    let found: Result<_, ServiceError> = found.await;
    asked.answer(found, |(certificate, reissued)| page(certificate, reissued)).await
}

/// Has one reissued.
pub async fn reissue(asked: Asked, Path(text): Path<String>) -> Response {
    let done = async {
        let id: CertificateId = id(&text, "certificate")?;
        certificates::reissue(&asked.portal, &asked.caller, id).await?;
        Ok(id)
    };
    match done.await {
        Ok(id) => Redirect::to(&format!("/me/certificates/{id}?done=reissued")).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// How it stands, in plain words.
fn status_of(certificate: &OwnCertificate) -> Status {
    let now = use_context::<Now>().map(|now| now.0);
    match (certificate.status, certificate.standing) {
        (CertificateStatus::Revoked, _) => Status::new("bad", "ban", "Revoked"),
        (CertificateStatus::Held, _) => Status::new("wary", "circle-pause", "Paused"),
        (CertificateStatus::Valid, _) if now.is_some_and(|now| certificate.not_after <= now) => {
            Status::EXPIRED
        }
        (CertificateStatus::Valid, Standing::Current) => Status::new("good", "circle-check", "Good"),
        (CertificateStatus::Valid, Standing::Predecessor) => {
            Status::new("busy", "rotate-cw", "Being replaced")
        }
        (CertificateStatus::Valid, _) => Status::new("over", "history", "From before"),
    }
}

/// A certificate as a line of a list.
pub fn line(certificate: OwnCertificate) -> AnyView {
    // Where it is nowhere yet, or not any more, that says more than that it is good.
    let there = certificate.places.iter().find(|place| place.state == CopyState::Installed);
    let status = match (there, certificate.places.first()) {
        (None, Some(place)) => Status::from(place.state),
        _ => status_of(&certificate),
    };
    let icon = certificate.features.first().map_or("file-badge", |feature| purpose_icon(*feature));
    let uses = certificate.features.iter().map(|feature| purpose(*feature)).collect::<Vec<_>>().join(", ");
    view! {
        <li>
            <Icon name=icon/>
            <div>
                <a href=format!("/me/certificates/{}", certificate.id)>{certificate.profile.name}</a>
                <p class="quiet">{uses} ", ends " <Moment at=certificate.not_after/></p>
            </div>
            <State of=status/>
        </li>
    }
    .into_any()
}

/// The page of all of them.
pub fn list_page(found: Vec<OwnCertificate>) -> AnyView {
    view! {
        <OwnPage title="My certificates".to_owned() place=OwnPlace::Certificates>
            <Heading
                title="My certificates"
                lead="They prove to Wi-Fi, VPN and mail that it is you. They are renewed by themselves."
            />
            {if found.is_empty() {
                view! {
                    <div class="empty">
                        <h2>"You have none yet"</h2>
                        <p>"They come with your first device."</p>
                        <a class="btn btn-primary" href="/me/add">
                            "Add a device"
                        </a>
                    </div>
                }
                    .into_any()
            } else {
                view! { <ul class="own-lines">{found.into_iter().map(line).collect_view()}</ul> }.into_any()
            }}
        </OwnPage>
    }
    .into_any()
}

/// The page of one.
pub fn page(certificate: OwnCertificate, reissued: bool) -> AnyView {
    let status = status_of(&certificate);
    let here = format!("/me/certificates/{}", certificate.id);
    let current = certificate.standing == Standing::Current && certificate.status == CertificateStatus::Valid;
    view! {
        <OwnPage title=certificate.profile.name.clone() place=OwnPlace::Certificates>
            <Heading
                title=certificate.profile.name.clone()
                lead="What it is for, where it is, until when."
                within=("/me/certificates", "My certificates")
            />
            {reissued
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>
                                "A new one is on its way to your devices. This one works until the new one is there."
                            </p>
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="State">
                    <State of=status/>
                </Fact>
                <Fact name="Until">
                    <Moment at=certificate.not_after/>
                </Fact>
                {current
                    .then(|| {
                        view! {
                            <Fact name="Renewed by itself">
                                <Moment at=certificate.renew_at/>
                            </Fact>
                        }
                    })}
            </Facts>
            <Section title="What it is for">
                <ul class="own-lines">
                    {certificate
                        .features
                        .iter()
                        .map(|feature| {
                            view! {
                                <li>
                                    <Icon name=purpose_icon(*feature)/>
                                    <div>{purpose(*feature)}</div>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Section>
            <Section title="Where it is">
                {if certificate.places.is_empty() {
                    view! { <p class="quiet">"On no device at the moment."</p> }.into_any()
                } else {
                    view! {
                        <ul class="own-lines">{certificate.places.into_iter().map(place).collect_view()}</ul>
                    }
                        .into_any()
                }}
            </Section>
            {if certificate.reissuable && !reissued {
                view! {
                    <Section title="Something is wrong with it?">
                        <p class="prose">
                            "You get a new one in its place. It comes by itself; the old one works until then."
                        </p>
                        <BigButton address=format!("{here}/reissue") icon="rotate-cw" words="Reissue it"/>
                    </Section>
                }
                    .into_any()
            } else if current && !reissued {
                view! {
                    <p class="quiet">
                        "Something is wrong with it? The helpdesk has it reissued for you: for this one you can\u{2019}t yourself."
                    </p>
                }
                    .into_any()
            } else {
                ().into_any()
            }}
        </OwnPage>
    }
    .into_any()
}

fn place(copy: OwnCopy) -> AnyView {
    view! {
        <li>
            <Icon name=purpose_icon(copy.feature)/>
            <div>
                <a href=format!("/me/devices/{}", copy.device.id)>{copy.device.name}</a>
                <p class="quiet">{purpose(copy.feature)}</p>
                {copy.cause.map(|cause| view! { <p>{cause} " " {copy.remedy.unwrap_or_default()}</p> })}
            </div>
            <State of=copy.state/>
        </li>
    }
    .into_any()
}
