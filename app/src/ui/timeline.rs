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
    entry(Entry {
        at: event.at,
        tone: status.tone(),
        icon: status.icon(),
        what: words::step(event.step).to_owned(),
        to: None,
        about: event.about,
        by: event.by,
        took: event.took,
        said: None,
        cause: event.cause,
        remedy: event.remedy,
    })
}

/// A row as it is shown, whatever it tells of.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// How good or bad it is.
    pub tone: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// What happened, in words.
    pub what: String,
    /// Where there is more of it.
    pub to: Option<String>,
    /// To what.
    pub about: Option<String>,
    /// Who did it.
    pub by: String,
    /// How long it took.
    pub took: Option<Duration>,
    /// Why somebody did it, in their own words.
    pub said: Option<String>,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Shows a row.
pub fn entry(entry: Entry) -> AnyView {
    let by = match entry.took {
        Some(span) => format!("{}, {}", entry.by, took(span)),
        None => entry.by,
    };
    let what = entry.what;
    let what = match entry.to {
        Some(to) => view! { <a class="what" href=to>{what}</a> }.into_any(),
        None => view! { <span class="what">{what}</span> }.into_any(),
    };
    view! {
        <li>
            <span class=format!("status {}", entry.tone)>
                <Icon name=entry.icon/>
            </span>
            <div>
                {what}
                {entry.about.map(|about| view! { <span>{format!(": {about}")}</span> })}
                " "
                <span class="beside">{by}</span>
                {entry.said.map(|said| view! { <p class="cause">{format!("\u{201c}{said}\u{201d}")}</p> })}
                {entry.cause.map(|cause| view! { <p class="cause">{cause}</p> })}
                {entry
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
                <Moment at=entry.at/>
            </span>
        </li>
    }
    .into_any()
}
