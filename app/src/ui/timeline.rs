//! What happened: when, by whom, how long it took, what went wrong and what to do about it.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::request::Step;
use leptos::prelude::*;

use super::icon::Icon;
use super::status::Status;
use super::time::{Moment, took};
use super::words;

/// A row of a timeline.
#[derive(Debug, Clone)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub step: Step,
    /// To what: a profile's name, a feature.
    pub about: Option<String>,
    /// Who did it.
    pub by: String,
    /// How long it took.
    pub took: Option<Duration>,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// A timeline, the latest first.
#[component]
pub fn Timeline(
    /// Its rows, the latest first.
    events: Vec<Event>,
) -> AnyView {
    view! { <ol class="timeline">{events.into_iter().map(row).collect_view()}</ol> }.into_any()
}

fn row(event: Event) -> AnyView {
    let status = Status::from(event.step);
    let by = match event.took {
        Some(span) => format!("{}, {}", event.by, took(span)),
        None => event.by,
    };
    view! {
        <li>
            <span class=format!("status {}", status.tone())>
                <Icon name=status.icon()/>
            </span>
            <div>
                <span class="what">{words::step(event.step)}</span>
                {event.about.map(|about| view! { <span>{format!(": {about}")}</span> })}
                " "
                <span class="beside">{by}</span>
                {event.cause.map(|cause| view! { <p class="cause">{cause}</p> })}
                {event
                    .remedy
                    .map(|remedy| {
                        view! {
                            <p class="cause">
                                <strong>"What to do: "</strong>
                                {remedy}
                            </p>
                        }
                    })}
            </div>
            <span class="when">
                <Moment at=event.at/>
            </span>
        </li>
    }
    .into_any()
}
