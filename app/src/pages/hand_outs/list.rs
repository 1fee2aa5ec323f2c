//! What waits to be handed out for a device, and what was.

use certporter::service::hand_outs::{HandOutView, HandOutsView, WaitingCertificate};
use certporter_model::copy::CopyState;
use certporter_model::delivery::{Channel, HandOutFormat, HandOutState};
use leptos::prelude::*;

use super::side::Side;
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::field::{Choice, ChoiceField, Hidden, LongField, RadioField, Typed};
use crate::ui::icon::Icon;
use crate::ui::notice::FormErrors;
use crate::ui::status::{State, Status};
use crate::ui::table::Table;
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::words::{feature, sentence};

/// A copy that waits for somebody to fetch it.
const WAITS: Status = Status::new("busy", "download", "Ready to be handed out");

/// What the channels are called.
#[must_use]
pub const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Agent => "The agent",
        Channel::AppleProfile => "Apple configuration profile",
        Channel::Export => "Export for another device management",
        Channel::Download => "Download",
    }
}

/// What the forms are called.
#[must_use]
pub const fn format(format: HandOutFormat) -> &'static str {
    match format {
        HandOutFormat::Pfx => "PFX (PKCS#12)",
        HandOutFormat::Mobileconfig => "Apple configuration profile",
        HandOutFormat::Syncml => "SyncML for Windows",
    }
}

/// What was typed into one of the page's forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandOutForm {
    /// The channel that was chosen.
    pub channel: String,
    /// The certificate whose form it was.
    pub certificate: String,
    /// The form of the file.
    pub format: String,
    /// The device's certificate.
    pub recipient_certificate: String,
}

/// The page.
pub fn page(side: Side, view: HandOutsView, typed: Typed<HandOutForm>) -> AnyView {
    let errors = typed.errors.clone();
    let back = side.device(&view.device.id.to_string());
    let here = format!("{back}/hand-outs");
    let title = format!("Certificates as files: {}", view.device.name);
    let body = match view.channel {
        None => choice(&here, None, &typed),
        Some(Channel::Agent) => view! {
            <p>
                "This device has the agent, which fetches its certificates by itself. To hand them out as files instead, retire the device first."
            </p>
        }
        .into_any(),
        Some(chosen) => {
            let waiting = certificates(&here, chosen, view.certificates, &typed);
            let made = links(&here, view.hand_outs);
            let another = choice(&here, Some(chosen), &typed);
            let device = view.device.name;
            view! {
                <Facts>
                    <Fact name="Channel">{channel(chosen)}</Fact>
                    <Fact name="Confirmation">
                        "None: what was fetched is shown as handed out, unconfirmed."
                    </Fact>
                    <Fact name="Device">
                        <a href=back>{device}</a>
                    </Fact>
                </Facts>
                <Section title="Certificates">{waiting}</Section>
                <Section title="Links">{made}</Section>
                <details>
                    <summary>"Another channel"</summary>
                    {another}
                </details>
            }
            .into_any()
        }
    };
    let content = view! {
        <FormErrors errors/>
        {body}
    };
    side.page(title, "For a device on which the agent can\u{2019}t run.", content.into_any())
}

fn choice(here: &str, chosen: Option<Channel>, typed: &Typed<HandOutForm>) -> AnyView {
    let choices = vec![
        Choice::new(
            Channel::AppleProfile.as_str(),
            channel(Channel::AppleProfile),
            "iPhone, iPad, Mac: certificates and the settings of Wi-Fi, VPN and mail in one file.",
        ),
        Choice::new(
            Channel::Download.as_str(),
            channel(Channel::Download),
            "A PFX with its password, for anything that can open one.",
        ),
        Choice::new(
            Channel::Export.as_str(),
            channel(Channel::Export),
            "SyncML, for Windows devices that another product manages.",
        ),
    ];
    let value = match typed.values.channel.as_str() {
        "" => chosen.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        typed => typed.to_owned(),
    };
    let errors = typed.errors.clone();
    view! {
        <form class="form" method="post" action=here.to_owned()>
            <RadioField
                name="channel"
                label="How does the device get its certificates?"
                choices
                value
                errors
                hint="From then on certificates are issued for it. Nobody hears whether they are installed, and they can\u{2019}t be removed from afar: revoking is what counts."
            />
            <div>
                <button class="btn btn-primary" type="submit" name="do" value="choose">
                    {if chosen.is_some() { "Change the channel" } else { "Enrol the device so" }}
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn certificates(
    here: &str,
    chosen: Channel,
    waiting: Vec<WaitingCertificate>,
    typed: &Typed<HandOutForm>,
) -> AnyView {
    if waiting.is_empty() {
        return view! {
            <p class="quiet">
                "Nothing waits for this device. Certificates come when profiles are assigned to it or to its owner; a new one takes a moment."
            </p>
        }
        .into_any();
    }
    waiting.into_iter().map(|it| one(here, chosen, it, typed)).collect_view().into_any()
}

fn one(here: &str, chosen: Channel, it: WaitingCertificate, typed: &Typed<HandOutForm>) -> AnyView {
    let features: Vec<&str> = it.features.iter().map(|it| feature(*it)).collect();
    let state = if it.state == CopyState::HandedOut { Status::from(it.state) } else { WAITS };
    let left_out = if chosen == Channel::AppleProfile { it.left_out } else { Default::default() };
    view! {
        <article class="hand-out">
            <h3>{it.profile.name}</h3>
            <p>
                <State of=state/>
                <span class="quiet">
                    {format!(" {}, until ", features.join(", "))} <Moment at=it.certificate.not_after/>
                </span>
            </p>
            {left_out.into_iter().map(|text| view! { <p class="quiet">{sentence(&text)}</p> }).collect_view()}
            {it.retained
                .then(|| view! { <p class="quiet">"Its key is kept in escrow: only the person gets this file."</p> })}
            {match it.obstacle {
                Some(why) => view! { <p class="quiet">{sentence(&why)}</p> }.into_any(),
                None => make(here, chosen, it.certificate.id.to_string(), typed),
            }}
        </article>
    }
    .into_any()
}

fn make(here: &str, chosen: Channel, certificate: String, typed: &Typed<HandOutForm>) -> AnyView {
    let formats: Vec<(&str, &str)> = HandOutFormat::ALL.iter().map(|it| (it.as_str(), format(*it))).collect();
    let typed = if typed.values.certificate == certificate { typed.clone() } else { Default::default() };
    let Typed { values, errors } = typed;
    let value = match values.format.as_str() {
        "" => chosen.format().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        typed => typed.to_owned(),
    };
    let (open, of_recipient) = (!values.recipient_certificate.is_empty(), errors.clone());
    let recipient = (chosen == Channel::AppleProfile).then(|| {
        view! {
            <details open=open>
                <summary>"The device has an identity already"</summary>
                <LongField
                    name="recipient_certificate"
                    label="The device\u{2019}s certificate"
                    value=values.recipient_certificate
                    errors=of_recipient
                    hint="In PEM, such as that of its management. The profile is sealed to it, and nobody types a password."
                    rows=3
                    optional=true
                    exact=true
                />
            </details>
        }
    });
    view! {
        <form class="form" method="post" action=here.to_owned()>
            <Hidden name="certificate" value=certificate/>
            <ChoiceField name="format" label="Form" choices=formats value=value errors/>
            {recipient}
            <div>
                <button class="btn btn-primary" type="submit" name="do" value="prepare">
                    <Icon name="download"/>
                    "Make the file and its link"
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn links(here: &str, made: Vec<HandOutView>) -> AnyView {
    if made.is_empty() {
        return view! { <p class="quiet">"None was made yet."</p> }.into_any();
    }
    let open = made.iter().any(|it| it.state == HandOutState::Open);
    let withdraw = open.then(|| {
        view! {
            <form class="form" method="post" action=here.to_owned()>
                <div>
                    <button class="btn" type="submit" name="do" value="withdraw">
                        "Withdraw what was not fetched"
                    </button>
                </div>
            </form>
        }
    });
    view! {
        <Table label="Links that were made" columns=&["File", "State", "Made", "Fetched"]>
            {made.into_iter().map(row).collect_view()}
        </Table>
        {withdraw}
    }
    .into_any()
}

fn row(it: HandOutView) -> AnyView {
    view! {
        <tr>
            <td class="name">{it.file_name}</td>
            <td class="state">
                <State of=state(it.state)/>
            </td>
            <td data-label="Made:">
                <Moment at=it.created_at/>
                <span class="quiet">{format!(" by {}", it.created_by)}</span>
            </td>
            <td data-label="Fetched:">
                <PerhapsMoment at=it.fetched_at otherwise="not"/>
                {it.fetched_from.map(|from| view! { <span class="quiet">{format!(" from {from}")}</span> })}
            </td>
        </tr>
    }
    .into_any()
}

fn state(state: HandOutState) -> Status {
    match state {
        HandOutState::Open => Status::new("busy", "hourglass", "Waits to be fetched"),
        HandOutState::Fetched => Status::from(CopyState::HandedOut),
        HandOutState::Withdrawn => Status::new("over", "ban", "Withdrawn"),
        HandOutState::Expired => Status::EXPIRED,
    }
}
