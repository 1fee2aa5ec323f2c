//! `/certificates/{id}`: one certificate, where it is, how far its revocation is, and the form that revokes it.

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CertificateId, DeviceId, Timestamp};
use leptos::prelude::*;

use super::list::status_at;
use crate::ui::consequences::{Preview, Shown};
use crate::ui::facts::{Copied, Detail, Details, Fact, Facts, Section};
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
    /// When its renewal is due.
    pub renewal: Timestamp,
    /// Everything else, as name and value.
    pub facts: Vec<(&'static str, Vec<String>)>,
    /// Where it is.
    pub copies: Vec<Copy>,
    /// How far its revocation is.
    pub revocation: Option<Revocation>,
    /// Its issuers up to the root: subject, thumbprint, until when.
    pub chain: Vec<(String, String, Timestamp)>,
    /// Whether the caller may have it reissued, and it can be.
    pub reissue: bool,
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
    /// The number of the first CRL with it.
    pub crl_number: Option<i64>,
    /// When that CRL was published.
    pub in_crl: Option<Timestamp>,
    /// Whether OCSP answers for it.
    pub ocsp: bool,
    /// When the last device had removed its copy.
    pub removed: Option<Timestamp>,
    /// On how many devices it still is.
    pub on_devices: usize,
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RevokeForm {
    /// The reason's word.
    pub reason: String,
    /// Why, in somebody's own words.
    pub explanation: String,
    /// What was shown of the consequences; empty in the first step.
    pub digest: String,
}

/// What has just been done to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Done {
    /// Nothing.
    #[default]
    Nothing,
    /// It was revoked.
    Revoked,
    /// It is being reissued.
    Reissued,
}

/// The page.
pub fn page(certificate: Certificate, typed: Typed<RevokeForm>, done: Done) -> AnyView {
    let now = expect_context::<Now>().0;
    let asked = typed.clone();
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
                <div class="downloads">
                    {[("", "PEM"), ("/der", "DER"), ("/chain", "PEM with issuers")]
                        .into_iter()
                        .map(|(form, words)| {
                            let address = format!("/certificates/{}/download{form}", certificate.id);
                            view! {
                                <a class="btn" href=address download>
                                    {form.is_empty().then(|| view! { <Icon name="download"/> })}
                                    {words}
                                </a>
                            }
                        })
                        .collect_view()}
                </div>
            </Heading>
            {told(done).map(|text| view! { <Notice tone=Tone::Good><p>{text}</p></Notice> })}
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
            {certificate.revocation.map(super::revocation::steps)}
            <Section title="On devices">{copies(certificate.copies)}</Section>
            <Section title="The certificate">
                <Details>
                    <Detail name="Good from">{exact(certificate.from)}</Detail>
                    <Detail name="Good until">{exact(certificate.until)}</Detail>
                    <Detail name="Renewal due">{exact(certificate.renewal)}</Detail>
                    {certificate
                        .facts
                        .into_iter()
                        .map(|(name, values)| {
                            view! {
                                <Detail name>
                                    {values
                                        .into_iter()
                                        .map(|value| fact(name, value))
                                        .collect_view()}
                                </Detail>
                            }
                        })
                        .collect_view()}
                </Details>
            </Section>
            {chain(certificate.chain)}
            {(!certificate.events.is_empty())
                .then(|| {
                    view! {
                        <Section title="Timeline">
                            <Timeline events=certificate.events/>
                        </Section>
                    }
                })}
            {certificate
                .reissue
                .then(|| {
                    view! {
                        <Section title="Reissue">
                            <Reissue id=certificate.id typed=asked/>
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

/// A value of the certificate: numbers are copied by a click, addresses stand as they are written, words as words.
fn fact(name: &str, value: String) -> AnyView {
    let exact = ["Subject", "Issuer", "Security identifier", "CRL", "OCSP"];
    if name.starts_with("Serial number") || name.starts_with("Thumbprint") {
        view! {
            <div>
                <Copied value/>
            </div>
        }
        .into_any()
    } else if exact.iter().any(|start| name.starts_with(start)) {
        view! { <div class="mono">{value}</div> }.into_any()
    } else {
        view! { <div>{value}</div> }.into_any()
    }
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

const fn told(done: Done) -> Option<&'static str> {
    match done {
        Done::Nothing => None,
        Done::Revoked => Some("The certificate is being revoked. How far that is stands below."),
        Done::Reissued => Some(
            "Its holder gets a new certificate; this one is superseded once that is confirmed. How far that is stands below.",
        ),
    }
}

fn chain(chain: Vec<(String, String, Timestamp)>) -> AnyView {
    if chain.is_empty() {
        return ().into_any();
    }
    view! {
        <Section title="Issuers">
            <Table label="Issuers up to the root" columns=&["Subject", "Good until", "Thumbprint (SHA-256)"]>
                {chain
                    .into_iter()
                    .map(|(subject, thumbprint, until)| {
                        view! {
                            <tr>
                                <td class="name">{subject}</td>
                                <td data-label="Good until">
                                    <PerhapsMoment at=Some(until) otherwise=""/>
                                </td>
                                <td>
                                    <Copied value=thumbprint/>
                                </td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </Section>
    }
    .into_any()
}

#[component]
fn Reissue(id: CertificateId, typed: Typed<RevokeForm>) -> AnyView {
    view! {
        <form class="form" method="post" action=format!("/certificates/{id}/reissue")>
            <p>
                "The holder gets a new certificate from the profile as it is now; this one is superseded once that is confirmed. What follows is shown first."
            </p>
            <LongField
                name="why"
                label="Explanation"
                hint="For the audit trail."
                value=typed.values.explanation
                errors=typed.errors
                optional=true
            />
            <div>
                <button class="btn" type="submit">
                    <Icon name="rotate-cw"/>
                    "Reissue this certificate\u{2026}"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// The second step of a change: what follows from it.
pub fn preview(certificate: Certificate, shown: Shown, change: Change) -> AnyView {
    let Certificate { id, subject, .. } = certificate;
    let (title, submit, lead, action, destructive) = match &change.kind {
        Kind::Revoke(reason) => (
            "Revoke this certificate",
            "Revoke this certificate",
            format!("{subject} is revoked for good: {}.", words::reason(*reason).to_lowercase()),
            format!("/certificates/{id}"),
            true,
        ),
        Kind::Reissue => (
            "Reissue this certificate",
            "Reissue this certificate",
            format!(
                "The holder of {subject} gets a new certificate, and this one is superseded once that is confirmed."
            ),
            format!("/certificates/{id}/reissue"),
            false,
        ),
    };
    let back = format!("/certificates/{id}");
    view! {
        <Page title=title.to_owned() task=Some(Task::Certificates)>
            <Heading title lead within=("/certificates", "Certificates")/>
            <Preview shown action fields=change.fields submit back destructive/>
        </Page>
    }
    .into_any()
}

/// A change to one certificate, as its second step shows it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is done.
    pub kind: Kind,
    /// What was typed in the first step.
    pub fields: Vec<(String, String)>,
}

/// What is done to one certificate.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// It is revoked for this reason.
    Revoke(Reason),
    /// It is reissued.
    Reissue,
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
                    "Revoke this certificate\u{2026}"
                </button>
            </div>
        </form>
    }
    .into_any()
}
