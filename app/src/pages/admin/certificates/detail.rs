//! `/certificates/{id}`: one certificate, where it is, how far its revocation is, and the form that revokes it.

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CertificateId, DeviceId, Timestamp};
use leptos::prelude::*;

use super::list::status_at;
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::field::{ChoiceField, LongField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::Table;
use crate::ui::time::{Now, PerhapsMoment, exact};
use crate::ui::timeline::{Event, Timeline};
use crate::ui::words;

/// What is shown of a certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub id: CertificateId,
    /// Its subject.
    pub subject: String,
    /// Whether it is good.
    pub status: CertificateStatus,
    /// Its place among those of the same holder and profile.
    pub standing: Standing,
    /// Whose it is: words, and the address of a page if there is one.
    pub holder: (String, Option<String>),
    /// The profile's name.
    pub profile: Option<String>,
    /// From when it is good.
    pub from: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// Everything else, as name and value.
    pub facts: Vec<(&'static str, Vec<String>)>,
    /// Where it is.
    pub copies: Vec<Copy>,
    /// How far its revocation is.
    pub revocation: Option<Revocation>,
    /// What happened, the latest first.
    pub events: Vec<Event>,
    /// The reasons for which the caller may revoke it; none if they may not.
    pub reasons: Vec<Reason>,
}

/// A copy of the certificate.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The device it is on.
    pub device: DeviceId,
    /// The device's name.
    pub name: String,
    /// What it is used for.
    pub feature: Feature,
    /// Where it is.
    pub state: CopyState,
}

/// A revocation and which of its parts are open.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// Why.
    pub reason: Reason,
    /// What set it off.
    pub trigger: Trigger,
    /// Who.
    pub by: String,
    /// What they said.
    pub explanation: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
    /// When the CA had it.
    pub at_ca: Option<Timestamp>,
    /// When the published CRL had it.
    pub in_crl: Option<Timestamp>,
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct RevokeForm {
    /// The reason's word.
    pub reason: String,
    /// Why, in somebody's own words.
    pub explanation: String,
}

/// The page.
pub fn page(certificate: Certificate, typed: Typed<RevokeForm>, done: bool) -> AnyView {
    let now = expect_context::<Now>().0;
    let status = status_at(certificate.status, certificate.until, now);
    let lead = match &certificate.profile {
        Some(profile) => format!("Certificate of the profile {profile}."),
        None => "A certificate that no profile asked for.".to_owned(),
    };
    let (holder, address) = certificate.holder.clone();
    let devices = certificate.copies.iter().filter(|copy| copy.state.may_be_on_device()).count();
    view! {
        <Page title=certificate.subject.clone() task=Some(Task::Certificates)>
            <Heading
                title=certificate.subject.clone()
                lead
                within=("/certificates", "Certificates")
            >
                <a class="btn" href=format!("/certificates/{}/download", certificate.id)>
                    <Icon name="download"/>
                    "Download (PEM)"
                </a>
            </Heading>
            {done
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The certificate is being revoked. How far that is stands below."</p>
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="Status">
                    <State of=status/>
                </Fact>
                <Fact name="Holder">
                    {match address {
                        Some(address) => view! { <a href=address>{holder}</a> }.into_any(),
                        None => view! { {holder} }.into_any(),
                    }}
                </Fact>
                <Fact name="Good until">
                    <PerhapsMoment at=Some(certificate.until) otherwise=""/>
                </Fact>
                <Fact name="Standing">{standing(certificate.standing)}</Fact>
            </Facts>
            {certificate.revocation.map(revocation)}
            <Section title="On devices">{copies(certificate.copies)}</Section>
            <Section title="The certificate">
                <Details>
                    <Detail name="Good from">{exact(certificate.from)}</Detail>
                    <Detail name="Good until">{exact(certificate.until)}</Detail>
                    {certificate
                        .facts
                        .into_iter()
                        .map(|(name, values)| {
                            view! {
                                <Detail name>
                                    {values
                                        .into_iter()
                                        .map(|value| view! { <div class="mono">{value}</div> })
                                        .collect_view()}
                                </Detail>
                            }
                        })
                        .collect_view()}
                </Details>
            </Section>
            {(!certificate.events.is_empty())
                .then(|| {
                    view! {
                        <Section title="Timeline">
                            <Timeline events=certificate.events/>
                        </Section>
                    }
                })}
            {(certificate.status != CertificateStatus::Revoked && !certificate.reasons.is_empty())
                .then(|| {
                    view! {
                        <Section title="Revoke">
                            <Revoke id=certificate.id reasons=certificate.reasons devices typed/>
                        </Section>
                    }
                })}
        </Page>
    }
    .into_any()
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Current => "In use",
        Standing::Predecessor => "Being replaced",
        Standing::History => "Kept to decrypt",
        Standing::Former => "Former",
        Standing::Surplus => "Surplus",
    }
}

fn copies(copies: Vec<Copy>) -> AnyView {
    if copies.is_empty() {
        return view! { <p class="quiet">"It is on no device."</p> }.into_any();
    }
    view! {
        <Table label="Copies on devices" columns=&["Device", "State", "For"]>
            {copies
                .into_iter()
                .map(|copy| {
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/devices/{}", copy.device)>{copy.name}</a>
                            </td>
                            <td class="state">
                                <State of=copy.state/>
                            </td>
                            <td>{words::feature(copy.feature)}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

fn revocation(revocation: Revocation) -> AnyView {
    view! {
        <Section title="Revocation">
            <Details>
                <Detail name="Reason">{words::reason(revocation.reason)}</Detail>
                <Detail name="Set off by">
                    {format!("{}: {}", words::trigger(revocation.trigger), revocation.by)}
                </Detail>
                {revocation
                    .explanation
                    .filter(|text| !text.is_empty())
                    .map(|text| view! { <Detail name="Explanation">{text}</Detail> })}
                <Detail name="Asked for">
                    <PerhapsMoment at=Some(revocation.at) otherwise=""/>
                </Detail>
                <Detail name="At the CA">
                    <PerhapsMoment at=revocation.at_ca otherwise="open"/>
                </Detail>
                <Detail name="In the published CRL">
                    <PerhapsMoment at=revocation.in_crl otherwise="open"/>
                </Detail>
            </Details>
        </Section>
    }
    .into_any()
}

#[component]
fn Revoke(id: CertificateId, reasons: Vec<Reason>, devices: usize, typed: Typed<RevokeForm>) -> AnyView {
    let choices =
        reasons.into_iter().map(|reason| (reason.as_str(), words::reason(reason))).collect::<Vec<_>>();
    let consequence = match devices {
        0 => "The certificate is revoked for good. It is on no device.".to_owned(),
        1 => "The certificate is revoked for good and removed from 1 device.".to_owned(),
        many => {
            format!("The certificate is revoked for good, and its {many} copies are removed from devices.")
        }
    };
    view! {
        <form class="form danger" method="post" action=format!("/certificates/{id}")>
            <FormErrors errors=typed.errors.clone()/>
            <p>{consequence}</p>
            <ChoiceField
                name="reason"
                label="Reason"
                choices
                value=typed.values.reason
                errors=typed.errors.clone()
            />
            <LongField
                name="explanation"
                label="Explanation"
                hint="For the audit trail: who asked, and what happened."
                value=typed.values.explanation
                errors=typed.errors
            />
            <div>
                <button class="btn btn-error" type="submit">
                    <Icon name="ban"/>
                    "Revoke this certificate"
                </button>
            </div>
        </form>
    }
    .into_any()
}
