//! Every issuing CA and connector.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::authorities::preflight::PreflightView;
use certporter::service::authorities::{
    self, AuthoritiesView, AuthorityView, ConnectorView, GenerationView, preflight,
};
use certporter::service::live::Change;
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::CaId;
use certporter_model::access::Caller;
use leptos::prelude::*;

use super::health;
use super::preflight::outcome;
use crate::islands::live::Live;
use crate::pages::asked::{Asked, id};
use crate::pages::live::follow;
use crate::ui::facts::{Copied, Detail, Details, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, PerhapsMoment};

/// What the address says was done.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Done {
    publishing: bool,
    rotating: bool,
    saved: String,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// CAs and connectors.
    pub seen: AuthoritiesView,
    /// The last preflights.
    pub preflights: Vec<PreflightView>,
    /// Whether the caller may publish and try out.
    pub operates: bool,
    /// Whether a CRL was just asked for.
    pub publishing: bool,
    /// Whether a new issuing key was just asked for.
    pub rotating: bool,
    /// What was just done to a CA that somebody has added: new, edit, on, off.
    pub saved: String,
}

/// Shows them.
pub async fn get(asked: Asked, Query(done): Query<Done>) -> Response {
    let operates = asked.may(Operation::PreflightsCreate);
    let seen = read(asked.portal.clone(), asked.caller.clone()).await;
    let shown = seen.map(|(seen, preflights)| Shown {
        seen,
        preflights,
        operates,
        publishing: done.publishing,
        rotating: done.rotating,
        saved: done.saved,
    });
    asked.answer(shown, page).await
}

/// Sends them anew as keys and CRLs are made.
pub async fn events(asked: Asked) -> Response {
    // What a CA makes is about nobody.
    let concerns = |change: &Change| {
        change.device.is_none()
            && change.user.is_none()
            && change.request.is_none()
            && change.certificate.is_none()
    };
    let operates = asked.may(Operation::PreflightsCreate);
    let read = move |portal: Portal, caller: Caller| async move {
        let (seen, preflights) = read(portal, caller).await?;
        Ok((seen, preflights, operates))
    };
    follow(asked, concerns, read, |(seen, preflights, operates)| part(seen, preflights, operates)).await
}

async fn read(portal: Portal, caller: Caller) -> Result<(AuthoritiesView, Vec<PreflightView>), ServiceError> {
    Ok((authorities::list(&portal, &caller).await?, preflight::latest(&portal, &caller).await?))
}

/// Has a CA's CRLs published.
pub async fn publish(asked: Asked, Path(text): Path<String>) -> Response {
    let published = async {
        let id = id::<CaId>(&text, "issuing CA")?;
        authorities::publish(&asked.portal, &asked.caller, id).await
    };
    match published.await {
        Ok(()) => Redirect::to("/authorities?publishing=true").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let Shown { seen, preflights, operates, publishing, rotating, saved } = shown;
    let said = match saved.as_str() {
        "new" => Some(
            "The CA was added: it answers, and its chain is on record. Try it out with a preflight, then let a profile choose it.",
        ),
        "edit" => Some("Saved. What waited for this CA is tried at once."),
        "on" => Some("Switched on. What waited for this CA is tried at once."),
        "off" => Some("Switched off: no certificate is asked of it. Revocations still go to it."),
        _ => None,
    };
    let source = "/authorities/events".to_owned();
    view! {
        <Page title="CAs and connectors".to_owned() task=Some(Task::Authorities) island=true>
            <Heading
                title="CAs and connectors"
                lead="Who signs certificates, what they publish, and the connectors that reach them."
            >
                <div class="actions">
                    <LinkButton to="/authorities/reconciliation" icon="history" label="Reconciliation"/>
                    {operates
                        .then(|| {
                            view! {
                                <LinkButton to="/authorities/new" icon="plus" label="Add an issuing CA"/>
                                <LinkButton
                                    to="/authorities/preflights"
                                    icon="list-checks"
                                    label="Run a preflight"
                                    primary=true
                                />
                            }
                        })}
                </div>
            </Heading>
            {said.map(|said| view! { <Notice tone=Tone::Good><p>{said}</p></Notice> })}
            {publishing
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The CRLs are being made: the new number shows in a few seconds."</p>
                        </Notice>
                    }
                })}
            {rotating
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The new issuing key is being made: it shows below in a few seconds, and signs from then on."</p>
                        </Notice>
                    }
                })}
            <Live source>{part(seen, preflights, operates)}</Live>
        </Page>
    }
    .into_any()
}

/// The part of the page that moves by itself.
pub fn part(seen: AuthoritiesView, preflights: Vec<PreflightView>, operates: bool) -> AnyView {
    let connectors = connectors(seen.connectors);
    let authorities = seen.authorities.into_iter().map(|ca| authority(ca, operates)).collect_view();
    let preflights = preflight_table(preflights);
    view! {
        <Section title="Connectors">{connectors}</Section>
        {authorities}
        <Section title="Preflights">{preflights}</Section>
    }
    .into_any()
}

fn connectors(connectors: Vec<ConnectorView>) -> AnyView {
    if connectors.is_empty() {
        return view! {
            <Empty title="No connector yet">
                <p>"The portal\u{2019}s own introduces itself when the portal starts."</p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Connectors" columns=&["Name", "State", "Pool", "Last contact", "Version", "Waiting"]>
            {connectors.into_iter().map(connector).collect_view()}
        </Table>
    }
    .into_any()
}

fn connector(it: ConnectorView) -> AnyView {
    let (tone, icon, word) = if it.silent {
        ("status bad", "circle-alert", "Does not answer")
    } else {
        ("status good", "circle-check", "Working")
    };
    view! {
        <tr>
            <td class="name">{it.name}</td>
            <td class="state">
                <span class=tone>
                    <Icon name=icon/>
                    {word}
                </span>
            </td>
            <td data-label="Pool">{it.pool}</td>
            <td data-label="Last contact">
                <PerhapsMoment at=it.last_contact_at otherwise="never"/>
            </td>
            <td data-label="Version">{it.software_version}</td>
            <td data-label="Waiting">
                {it.waiting} {it.waiting_since.map(|since| view! { <span class="quiet">" since " <Moment at=since/></span> })}
            </td>
        </tr>
    }
    .into_any()
}

/// What the kind of a CA is called.
fn kind(kind: &str) -> String {
    match kind {
        "builtin" => {
            "The built-in CA: its keys are in this installation, sealed with the master key.".to_owned()
        }
        "devices" => {
            "The internal CA of devices and connectors: their management certificates, and nothing else."
                .to_owned()
        }
        "openbao" => {
            "OpenBao (or Vault): signs at once, knows no hold and no reasons, publishes by itself.".to_owned()
        }
        other => format!("An external CA of the kind {other}."),
    }
}

fn authority(ca: AuthorityView, operates: bool) -> AnyView {
    let own = (operates && ca.publishes && ca.kind == "builtin").then(|| {
        view! {
            <a class="btn btn-sm" href=format!("/authorities/{}/rotate", ca.id)>
                <Icon name="key-round"/>
                "New issuing key\u{2026}"
            </a>
            <form method="post" action=format!("/authorities/{}/publish", ca.id)>
                <button class="btn btn-sm" type="submit">
                    <Icon name="rotate-cw"/>
                    "Publish the CRLs now"
                </button>
            </form>
        }
    });
    let can = [
        (ca.hold, "put certificates on hold"),
        (ca.reasons, "give reasons in the CRL"),
        (ca.publishes, "publish at once"),
    ];
    let can = can.into_iter().filter(|(can, _)| *can).map(|(_, what)| what).collect::<Vec<_>>().join(", ");
    let actions = ca.external.as_ref().filter(|_| operates).map(|it| health::actions(&ca, it));
    let about = ca.external.clone().map(health::about);
    view! {
        <section class="section" id=format!("ca-{}", ca.id)>
            <div class="row-actions between">
                <h2>{ca.name}</h2>
                <div class="row-actions">{own} {actions}</div>
            </div>
            <p class="quiet">{kind(&ca.kind)} {(!can.is_empty()).then(|| format!(" It can {can}."))}</p>
            {about}
            {ca.ocsp.map(|ocsp| view! { <p class="quiet">"OCSP: " <span class="mono">{ocsp}</span></p> })}
            {ca.generations.into_iter().rev().map(generation).collect_view()}
        </section>
    }
    .into_any()
}

fn generation(it: GenerationView) -> AnyView {
    let ending = it.ends_soon.then(|| {
        view! {
            <span class="status wary">
                <Icon name="triangle-alert"/>
                " Ends soon: renew the CA"
            </span>
        }
    });
    let crl = match it.crl {
        Some(crl) => {
            let (tone, icon, word) = if crl.stale {
                ("status bad", "circle-alert", "Overdue")
            } else {
                ("status good", "circle-check", "In time")
            };
            view! {
                <span class=tone>
                    <Icon name=icon/>
                    {word}
                </span>
                {format!(" \u{b7} number {}, made ", crl.number)}
                <Moment at=crl.this_update/>
                ", good for "
                <Moment at=crl.next_update/>
            }
            .into_any()
        }
        None => view! { <span class="quiet">"none"</span> }.into_any(),
    };
    let link = |ending: &str, words: &'static str| {
        view! {
            <a class="btn btn-sm" href=format!("/authorities/files/{}.{ending}", it.id) download="">
                <Icon name="download"/>
                {words}
            </a>
        }
    };
    let (pem, der) = (link("pem", "Chain (PEM)"), link("crt", "Certificate (DER)"));
    let list = it.crl.map(|_| link("crl", "CRL"));
    let addresses = [it.certificate_address, it.crl_address].into_iter().flatten().map(|address| {
        view! { <p class="mono">{address}</p> }
    });
    let addresses = addresses.collect_view();
    view! {
        <div class="card">
            <h3>{format!("{} {}", it.purpose, it.number)} {(it.state != "active").then(|| format!(" ({})", it.state))}</h3>
            <Details>
                <Detail name="Subject">{it.subject}</Detail>
                <Detail name="Issuer">{it.issuer}</Detail>
                <Detail name="Key">{it.key.map(|key| key.as_str().to_owned())}</Detail>
                <Detail name="Good">
                    "from " <Moment at=it.not_before/> " until " <Moment at=it.not_after/> {ending}
                </Detail>
                <Detail name="Serial number">
                    <Copied value=it.serial.with_colons()/>
                </Detail>
                <Detail name="SHA-256">
                    <Copied value=it.thumbprint.to_string()/>
                </Detail>
                <Detail name="CRL">{crl}</Detail>
                <Detail name="Published at">{addresses}</Detail>
            </Details>
            <p class="row-actions after-table">{pem} {der} {list}</p>
        </div>
    }
    .into_any()
}

fn preflight_table(preflights: Vec<PreflightView>) -> AnyView {
    if preflights.is_empty() {
        return view! {
            <Empty title="No preflight yet">
                <p>
                    "A preflight really has a test certificate issued, checked and revoked, and names the step that fails."
                </p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Preflights" columns=&["When", "Outcome", "CA", "Pool", "Template", "By"]>
            {preflights
                .into_iter()
                .map(|it| {
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/authorities/preflights/{}", it.id)>
                                    <Moment at=it.created_at/>
                                </a>
                            </td>
                            <td class="state">{outcome(&it.state)}</td>
                            <td data-label="CA">{it.ca}</td>
                            <td data-label="Pool">{it.pool}</td>
                            <td data-label="Template">{it.template}</td>
                            <td data-label="By">{it.requested_by}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}
