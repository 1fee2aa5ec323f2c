//! How a CA that was added is set up, and how it was found.

use certporter::service::authorities::AuthorityView;
use certporter::service::authorities::external::ExternalView;
use certporter_model::CaId;
use leptos::prelude::*;

use crate::pages::address;
use crate::ui::facts::{Detail, Details};
use crate::ui::field::Hidden;
use crate::ui::icon::Icon;
use crate::ui::notice::{Notice, Tone};
use crate::ui::time::Moment;
use crate::ui::words::sentence;

/// What can be done with it.
pub(super) fn actions(ca: &AuthorityView, it: &ExternalView) -> AnyView {
    let (how, words, icon) = if it.enabled {
        ("disable", "Switch off", "circle-pause")
    } else {
        ("enable", "Switch on", "circle-play")
    };
    let try_out = address("/authorities/preflights", &[("ca", &ca.name)]);
    view! {
        <a class="btn btn-sm" href=try_out>
            <Icon name="list-checks"/>
            "Try it out"
        </a>
        <a class="btn btn-sm" href=format!("/authorities/{}/edit", ca.id)>
            <Icon name="pencil"/>
            "Edit"
        </a>
        {switch(ca.id, it.version, how, words, icon)}
    }
    .into_any()
}

fn switch(id: CaId, version: i64, how: &str, words: &'static str, icon: &'static str) -> AnyView {
    view! {
        <form method="post" action=format!("/authorities/{id}/{how}")>
            <Hidden name="version" value=version.to_string()/>
            <button class="btn btn-sm" type="submit">
                <Icon name=icon/>
                {words}
            </button>
        </form>
    }
    .into_any()
}

/// How it was found, and what is set.
pub(super) fn about(it: ExternalView) -> AnyView {
    let (tone, icon, word) = match (it.enabled, it.well) {
        (false, _) => ("status over", "circle-pause", "Switched off: nothing new is asked of it"),
        (true, Some(true)) => ("status good", "circle-check", "Working"),
        (true, Some(false)) => ("status bad", "circle-alert", "Does not work: requests wait for it"),
        (true, None) => ("status busy", "clock", "Not looked at yet"),
    };
    let notice_tone = if it.well == Some(false) { Tone::Bad } else { Tone::Wary };
    let findings = it.findings.iter().map(|finding| view! { <p>{sentence(finding)}</p> }).collect_view();
    view! {
        {(!it.findings.is_empty()).then(|| view! { <Notice tone=notice_tone>{findings}</Notice> })}
        <Details>
            <Detail name="State">
                <span class=tone>
                    <Icon name=icon/>
                    {word}
                </span>
                {it.checked_at.map(|at| view! { <span class="quiet">" \u{b7} looked at " <Moment at/></span> })}
            </Detail>
            <Detail name="Address">
                <span class="mono">{it.address}</span>
            </Detail>
            <Detail name="Mount and issuer">
                <span class="mono">{it.mount}</span>
                {format!(", {}", if it.issuer.is_empty() { "its default issuer" } else { it.issuer.as_str() })}
            </Detail>
            <Detail name="Token">
                {match it.credential_ends_at {
                    Some(at) => view! { "ends " <Moment at/> ", renewed by itself where it may be" }.into_any(),
                    None => view! { "sealed; no end is known" }.into_any(),
                }}
            </Detail>
        </Details>
    }
    .into_any()
}
