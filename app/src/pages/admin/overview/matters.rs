//! What needs a hand: each matter a sentence with its number, and where it is mended.

use certporter::service::overview::{BOUND, Matter};
use certporter_model::Timestamp;
use leptos::prelude::*;

use super::number;
use crate::pages::address;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::time::{Now, PerhapsMoment, relative};
use crate::ui::words::sentence;

/// A matter as it is told.
struct Told {
    grave: bool,
    text: String,
    more: Option<String>,
    at: Option<Timestamp>,
    address: String,
    action: &'static str,
}

impl Told {
    fn new(text: String, address: impl Into<String>, action: &'static str) -> Self {
        Self { grave: false, text, more: None, at: None, address: address.into(), action }
    }

    fn grave(mut self) -> Self {
        self.grave = true;
        self
    }

    fn more(mut self, more: Option<String>) -> Self {
        self.more = more;
        self
    }

    fn at(mut self, at: Option<Timestamp>) -> Self {
        self.at = at;
        self
    }
}

/// The section.
pub(super) fn section(matters: Vec<Matter>) -> AnyView {
    if matters.is_empty() {
        return view! {
            <Section title="Needs a hand">
                <p class="well">
                    <span class="status good">
                        <Icon name="circle-check"/>
                        "All is well"
                    </span>
                    <span class="quiet">"Nothing waits for anybody."</span>
                </p>
            </Section>
        }
        .into_any();
    }
    view! {
        <Section title="Needs a hand">
            <ul class="matters">{matters.into_iter().map(|matter| row(told(matter))).collect_view()}</ul>
        </Section>
    }
    .into_any()
}

fn row(told: Told) -> AnyView {
    let (icon, tone) =
        if told.grave { ("circle-alert", "status bad") } else { ("triangle-alert", "status wary") };
    view! {
        <li>
            <span class=tone>
                <Icon name=icon/>
                <span class="sr-only">{if told.grave { "Urgent" } else { "Attention" }}</span>
            </span>
            <div>
                <p class="name">{told.text}</p>
                {told.more.map(|more| view! { <p class="quiet">{more}</p> })}
                {told
                    .at
                    .map(|at| {
                        view! {
                            <p class="quiet">
                                <PerhapsMoment at=Some(at) otherwise=""/>
                            </p>
                        }
                    })}
            </div>
            <a class="btn btn-sm" href=told.address>
                {told.action}
            </a>
        </li>
    }
    .into_any()
}

/// A number that was not counted beyond the bound.
fn bounded(count: u64) -> String {
    if count > BOUND { format!("More than {}", number(BOUND)) } else { number(count) }
}

fn many(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", bounded(count), if count == 1 { one } else { more })
}

fn told(matter: Matter) -> Told {
    match matter {
        Matter::RequestsFailed { cause, remedy, count } => {
            let text = format!("{}: {}", many(count, "request failed", "requests failed"), sentence(&cause));
            let address = address("/requests", &[("state", "failed"), ("cause", &cause)]);
            Told::new(text, address, "Look at them").grave().more(remedy)
        }
        Matter::TriedAgain { cause, remedy, count } => {
            let what = many(count, "job fails and is", "jobs fail and are");
            let text = format!("{what} tried again: {}", sentence(&cause));
            Told::new(text, "/authorities", "Look at the CAs").grave().more(remedy)
        }
        Matter::RequestsWaiting { cause, count } => {
            let what = many(count, "request waits for a value", "requests wait for a value");
            let address = address("/requests", &[("state", "waiting"), ("cause", &cause)]);
            Told::new(format!("{what}: {}", sentence(&cause)), address, "Look at them")
                .more(Some("Set the value; they go on by themselves.".to_owned()))
        }
        Matter::Unrenewed { count } => Told::new(
            format!(
                "{} renewed, and not yet replaced.",
                many(count, "certificate should have been", "certificates should have been")
            ),
            "/certificates?state=overdue",
            "Look at them",
        )
        .more(Some("Their devices may not have connected for long.".to_owned())),
        Matter::Unconfirmed { count } => Told::new(
            format!(
                "{} confirmed a certificate that was offered days ago.",
                many(count, "device has not", "devices have not")
            ),
            "/devices?copies=unconfirmed",
            "Look at the devices",
        ),
        Matter::NotInstalled { count } => Told::new(
            format!("{} could not install a certificate.", many(count, "device", "devices")),
            "/devices?copies=failed",
            "Look at the devices",
        )
        .grave(),
        Matter::PlansWaiting { count } => Told::new(
            format!("{} for approval.", many(count, "large plan waits", "large plans wait")),
            "/requests/approvals",
            "Decide",
        )
        .grave(),
        Matter::JobsGivenUp { count } => Told::new(
            format!("{} given up after many tries.", many(count, "job was", "jobs were")),
            "/requests",
            "Look at the pipeline",
        ),
        Matter::MailWaits { count, cause } => Told::new(
            format!(
                "{} for the mail server: {}",
                many(count, "notice waits", "notices wait"),
                sentence(&cause)
            ),
            "/settings/mail",
            "Look at the mail server",
        )
        .more(Some("They are sent by themselves when it is back.".to_owned())),
        Matter::NoticesFailed { count, since } => Told::new(
            format!("{} not be sent within the last week.", many(count, "notice could", "notices could")),
            address("/settings/notices/letters", &[("state", "failed"), ("since", &since.to_string())]),
            "Look at them",
        ),
        Matter::CrlStale { ca, next_update } => {
            let now = use_context::<Now>().map_or(next_update, |now| now.0);
            let text = if next_update <= now {
                format!("The CRL of {ca} ran out {}.", relative(next_update, now))
            } else {
                format!(
                    "The CRL of {ca} runs out {} and should have been made anew.",
                    relative(next_update, now)
                )
            };
            Told::new(text, "/authorities", "Publish it")
                .grave()
                .more(Some("Relying parties refuse every certificate of this CA then.".to_owned()))
        }
        Matter::CaEnds { ca, at } => {
            Told::new(format!("The certificate of {ca} ends soon."), "/authorities", "Look at it")
                .at(Some(at))
        }
        Matter::Disagreements { count, undecided } => {
            let what = many(count, "disagreement", "disagreements");
            let mended = "The portal mends what is safe to be mended, and looks again.".to_owned();
            let more = match undecided {
                0 => mended,
                1 => "Somebody has to decide about one of them.".to_owned(),
                some => format!("Somebody has to decide about {} of them.", bounded(some)),
            };
            let told = Told::new(
                format!("{what} between the portal and its CAs or devices."),
                "/authorities/reconciliation",
                "Look at them",
            )
            .more(Some(more));
            if undecided > 0 { told.grave() } else { told }
        }
        Matter::CaDown { ca, findings, at } => {
            let more = findings.iter().map(|it| sentence(it)).collect::<Vec<_>>().join(" ");
            Told::new(format!("The CA {ca} does not work."), "/authorities", "Look at it")
                .grave()
                .more((!more.is_empty()).then_some(more))
                .at(at)
        }
        Matter::ConnectorSilent { name, last, waiting } => {
            let waits =
                (waiting > 0).then(|| format!("{} for its pool.", many(waiting, "job waits", "jobs wait")));
            Told::new(format!("The connector {name} does not answer."), "/authorities", "Look at it")
                .grave()
                .more(waits)
                .at(last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_counted_is_not_told() {
        assert_eq!(many(1, "copy", "copies"), "1 copy");
        assert_eq!(many(1000, "copy", "copies"), "1,000 copies");
        assert_eq!(many(1001, "copy", "copies"), "More than 1,000 copies");
    }

    #[test]
    fn a_cause_leads_to_its_requests() {
        let failed = told(Matter::RequestsFailed { cause: "the CA & co".into(), remedy: None, count: 2 });
        let again = told(Matter::TriedAgain { cause: "the CA is away".into(), remedy: None, count: 1 });
        assert_eq!(again.text, "1 job fails and is tried again: The CA is away.");
        assert_eq!(failed.text, "2 requests failed: The CA & co.");
        assert_eq!(failed.address, "/requests?state=failed&cause=the%20CA%20%26%20co");
    }
}
