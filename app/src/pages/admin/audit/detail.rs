//! `/audit/{id}`: one event, with everything that was noted.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::audit::{self, AuditView};
use certporter_model::AuditEventId;
use leptos::prelude::*;

use super::page_of;
use crate::pages::address;
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::time::{Moment, exact};

/// Shows it.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let event = async {
        let id = id::<AuditEventId>(&text, "audit event")?;
        audit::get(&asked.portal, &asked.caller, id).await
    };
    let event = event.await;
    asked.answer(event, page).await
}

/// A value as a text.
fn told(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "none".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(all) => all.iter().map(told).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The page.
pub fn page(event: AuditView) -> AnyView {
    let target = event.target_id.map(|id| id.to_string());
    let there = target.as_deref().and_then(|id| page_of(&event.target_kind, id));
    let trail = target
        .as_deref()
        .map(|id| address("/audit", &[("target_kind", &event.target_kind), ("target_id", id)]));
    let theirs = event.actor_id.map(|id| address("/audit", &[("who", &id.to_string())]));
    let details = event.details.as_object().cloned().unwrap_or_default();
    let (tone, icon, intact) = if event.intact {
        ("status good", "shield-check", "As it was written")
    } else {
        ("status bad", "circle-alert", "Changed since it was written")
    };
    view! {
        <Page title=event.action.clone() task=Some(Task::Audit)>
            <Heading
                title=event.action.clone()
                lead=format!("By {} on {}.", event.actor_name, exact(event.at))
                within=("/audit", "Audit")
            />
            <Facts>
                <Fact name="When">
                    <Moment at=event.at/>
                </Fact>
                <Fact name="Who">{event.actor_name.clone()}</Fact>
                <Fact name="From">
                    <span class="mono">{event.address.unwrap_or_else(|| "within the portal".to_owned())}</span>
                </Fact>
                <Fact name="Digest">
                    <span class=tone>
                        <Icon name=icon/>
                        {intact}
                    </span>
                </Fact>
            </Facts>
            <Section title="What was noted">
                <Details>
                    <Detail name="To what">
                        {match there {
                            Some(address) => {
                                view! {
                                    <a class="text" href=address>
                                        {event.target_kind.replace('_', " ")}
                                    </a>
                                }
                                    .into_any()
                            }
                            None => event.target_kind.replace('_', " ").into_any(),
                        }}
                        {target.map(|id| view! { <span class="mono quiet">" " {id}</span> })}
                    </Detail>
                    <Detail name="By the permission">{event.permission.as_str().replace('_', " ")}</Detail>
                    {details
                        .into_iter()
                        .map(|(name, value)| {
                            view! {
                                <dt>{name.replace('_', " ")}</dt>
                                <dd>{told(&value)}</dd>
                            }
                        })
                        .collect_view()}
                    <Detail name="Event">
                        <span class="mono">{event.id.to_string()}</span>
                    </Detail>
                    <Detail name="SHA-256">
                        <span class="mono">{event.digest.to_string()}</span>
                    </Detail>
                </Details>
            </Section>
            <p class="row-actions">
                {trail.map(|address| view! { <a class="text" href=address>"Everything that was done to it"</a> })}
                {theirs.map(|address| view! { <a class="text" href=address>"Everything that they did"</a> })}
            </p>
        </Page>
    }
    .into_any()
}
