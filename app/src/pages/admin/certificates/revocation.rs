//! A revocation step by step: what is done, and what is still open.

use certporter_model::{CertificateId, Timestamp};
use leptos::prelude::*;

use super::detail::Revocation;
use crate::ui::facts::{Detail, Details, Section};
use crate::ui::icon::Icon;
use crate::ui::time::{Moment, exact};
use crate::ui::words;

/// A step, and when it was done.
struct Step {
    what: &'static str,
    beside: String,
    at: Option<Timestamp>,
    open: &'static str,
}

/// All of it.
pub fn steps(certificate: CertificateId, revocation: Revocation) -> AnyView {
    let steps = listed(&revocation);
    let open = steps.iter().filter(|step| step.at.is_none()).count();
    let lead = match open {
        0 => "All of it is done.".to_owned(),
        1 => "One step is open.".to_owned(),
        many => format!("{many} steps are open."),
    };
    let until = until(&revocation);
    let said = revocation.explanation.filter(|text| !text.is_empty());
    view! {
        <Section title="Revocation">
            <p class="quiet">{lead}</p>
            <ol class="revocation">{steps.into_iter().map(shown).collect_view()}</ol>
            <Details>
                <Detail name="Reason">{words::reason(revocation.reason)}</Detail>
                <Detail name="Set off by">
                    {format!("{}: {}", words::trigger(revocation.trigger), revocation.by)}
                </Detail>
                {said.map(|text| view! { <Detail name="Explanation">{text}</Detail> })}
                {until}
            </Details>
            <p>
                <a href=format!("/certificates/{certificate}/revocation.json") download>
                    "Download the proof (JSON)"
                </a>
            </p>
        </Section>
    }
    .into_any()
}

/// After when nobody may accept it, and what that follows from.
fn until(revocation: &Revocation) -> AnyView {
    let Some(after) = revocation.refused_after else {
        return view! {
            <Detail name="Refused everywhere">
                "Not known yet: relying parties may still go on with a CRL or an OCSP answer from before."
            </Detail>
        }
        .into_any();
    };
    let good_without = revocation.good_without.clone();
    view! {
        <Detail name="Refused everywhere">
            <div>{format!("No relying party may accept it after {}.", exact(after))}</div>
            {good_without
                .into_iter()
                .map(|(what, until)| {
                    view! {
                        <div class="quiet">
                            {format!("{what} from before it are good until {}.", exact(until))}
                        </div>
                    }
                })
                .collect_view()}
            <div class="quiet">"Clocks may be behind by ten minutes."</div>
        </Detail>
    }
    .into_any()
}

fn listed(revocation: &Revocation) -> Vec<Step> {
    let number = revocation.crl_number.map(|number| format!("CRL number {number}")).unwrap_or_default();
    let mut steps = vec![
        Step {
            what: "Asked for",
            beside: format!("by {}", revocation.by),
            at: Some(revocation.at),
            open: "",
        },
        Step {
            what: "At the CA",
            beside: String::new(),
            at: revocation.at_ca,
            open: "a connector brings it to the CA",
        },
    ];
    if revocation.ocsp {
        // The responder answers by what the CA has.
        steps.push(Step {
            what: "OCSP answers with it",
            beside: String::new(),
            at: revocation.at_ca,
            open: "once the CA has it",
        });
    }
    steps.push(Step {
        what: "In the published CRL",
        beside: number,
        at: revocation.in_crl,
        open: "with the next CRL",
    });
    let removed = if revocation.on_devices == 0 { revocation.removed.or(Some(revocation.at)) } else { None };
    steps.push(Step {
        what: "Gone from every device",
        beside: match revocation.on_devices {
            0 => String::new(),
            1 => "1 copy may still be there".to_owned(),
            many => format!("{many} copies may still be there"),
        },
        at: removed,
        open: "when the device next connects",
    });
    steps
}

fn shown(step: Step) -> AnyView {
    let (class, icon) = match step.at {
        Some(_) => ("status good", "circle-check"),
        None => ("status busy", "circle-dashed"),
    };
    view! {
        <li>
            <span class=class>
                <Icon name=icon/>
                {step.what}
            </span>
            <span class="beside">{step.beside}</span>
            {match step.at {
                Some(at) => view! { <span class="when"><Moment at/></span> }.into_any(),
                None => view! { <span class="when">{format!("open: {}", step.open)}</span> }.into_any(),
            }}
        </li>
    }
    .into_any()
}
