//! The pages of what is done to many certificates at once.

use certporter::service::certificates::{BulkFailure, BulkPreview, BulkView, CertificateSummary};
use certporter_model::certificate::BulkKind;
use certporter_model::revocation::Reason;
use leptos::prelude::*;

use super::list::status_at;
use crate::islands::live::Live;
use crate::ui::facts::{Detail, Details, Section};
use crate::ui::field::{ChoiceField, Hidden, LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Now, PerhapsMoment};
use crate::ui::words;

/// What is asked before anything is done.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What would be done.
    pub kind: BulkKind,
    /// To which.
    pub preview: BulkPreview,
    /// What the form carries along: the choice.
    pub hidden: Vec<(String, String)>,
    /// The reasons that the caller may choose.
    pub reasons: Vec<Reason>,
    /// Reason and explanation as typed.
    pub typed: Typed<(String, String)>,
    /// The list that it came from.
    pub back: String,
}

/// How far it is.
#[derive(Debug, Clone)]
pub struct Progress(BulkView);

impl From<BulkView> for Progress {
    fn from(view: BulkView) -> Self {
        Self(view)
    }
}

fn certificates(count: usize) -> String {
    if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") }
}

/// The first step: what would be done, and why it is to be.
pub fn ask(asking: Asking) -> AnyView {
    let Asking { kind, preview, hidden, reasons, typed, back } = asking;
    let fit = preview.total.saturating_sub(preview.unfit);
    let title = match kind {
        BulkKind::Revoke => format!("Revoke {}", certificates(fit)),
        BulkKind::Reissue => format!("Reissue {}", certificates(fit)),
    };
    let lead = match kind {
        BulkKind::Revoke => {
            "They are revoked for good and removed from devices. Whoever is still assigned the profile gets a new certificate."
        }
        BulkKind::Reissue => {
            "Each holder gets a new certificate from the profile as it is now; the old one is superseded once that is confirmed."
        }
    };
    let button = title.clone();
    let revoking = kind == BulkKind::Revoke;
    let choices = reasons.iter().map(|it| (it.as_str(), words::reason(*it))).collect::<Vec<_>>();
    let (reason, explanation) = typed.values;
    view! {
        <Page title=title.clone() task=Some(Task::Certificates)>
            <Heading title lead within=("/certificates", "Certificates")/>
            <FormErrors errors=typed.errors.clone()/>
            {told(&preview)}
            <Section title="Some of them">
                <Table label="Some of the certificates" columns=&["Subject", "State", "Holder", "Profile"]>
                    {preview.sample.into_iter().map(row).collect_view()}
                </Table>
            </Section>
            <form class="form" class:danger=revoking method="post" action="/certificates/bulk">
                {hidden.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view()}
                <Hidden name="digest" value=preview.digest.to_string()/>
                {revoking
                    .then(|| {
                        view! {
                            <ChoiceField
                                name="reason"
                                label="Reason"
                                choices
                                value=reason
                                errors=typed.errors.clone()
                            />
                        }
                    })}
                <LongField
                    name="explanation"
                    label="Explanation"
                    hint="For the audit trail: who asked, and what happened."
                    value=explanation
                    errors=typed.errors
                    optional=!revoking
                />
                <div class="confirm">
                    {(fit > 0)
                        .then(|| {
                            view! {
                                <button
                                    class="btn"
                                    class:btn-error=revoking
                                    class:btn-primary=!revoking
                                    type="submit"
                                >
                                    {button}
                                </button>
                            }
                        })}
                    <a class="btn btn-ghost" href=back>
                        "Don\u{2019}t do it"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

fn told(preview: &BulkPreview) -> AnyView {
    let holders = match preview.holders {
        1 => "One device or person holds them.".to_owned(),
        many => format!("{many} devices and people hold them."),
    };
    let profiles = preview.profiles.iter().map(|of| (of.profile.name.clone(), of.count)).collect::<Vec<_>>();
    let unfit = (preview.unfit > 0).then(|| {
        let it = if preview.unfit == 1 { "is" } else { "are" };
        format!(
            "{} of the {} {it} left as {}: revoked already, or not in use.",
            preview.unfit,
            preview.total,
            if preview.unfit == 1 { "it is" } else { "they are" }
        )
    });
    view! {
        {unfit.map(|text| view! { <Notice tone=Tone::Wary><p>{text}</p></Notice> })}
        <Section title="Whose they are">
            <Details>
                <Detail name="Holders">{holders}</Detail>
                {profiles
                    .into_iter()
                    .map(|(name, count)| {
                        view! {
                            <dt>{name}</dt>
                            <dd>{certificates(count)}</dd>
                        }
                    })
                    .collect_view()}
            </Details>
        </Section>
    }
    .into_any()
}

fn row(one: CertificateSummary) -> AnyView {
    let now = expect_context::<Now>().0;
    let holder = one.user.map(|user| user.display_name).or(one.device.map(|device| device.name));
    view! {
        <tr>
            <td class="name">
                <a href=format!("/certificates/{}", one.id)>{one.subject}</a>
            </td>
            <td class="state">
                <State of=status_at(one.status, one.not_after, now)/>
            </td>
            <td>{holder.unwrap_or_default()}</td>
            <td>{one.profile.name}</td>
        </tr>
    }
    .into_any()
}

/// Nothing was chosen, or too many.
pub fn nothing(why: String) -> AnyView {
    view! {
        <Page title="Nothing was done".to_owned() task=Some(Task::Certificates)>
            <Heading title="Nothing was done" lead=why within=("/certificates", "Certificates")/>
            <Empty title="Choose certificates first">
                <p>"Tick them in the list, or filter the list and tick all that match."</p>
                <a class="btn" href="/certificates">
                    "Show the certificates"
                </a>
            </Empty>
        </Page>
    }
    .into_any()
}

/// How far it is.
pub fn progress(progress: Progress) -> AnyView {
    let view = &progress.0;
    let address = format!("/certificates/bulk/{}", view.id);
    let total = certificates(usize::try_from(view.total).unwrap_or(usize::MAX));
    let title = match view.kind {
        BulkKind::Revoke => format!("Revoking {total}"),
        BulkKind::Reissue => format!("Reissuing {total}"),
    };
    let lead = "This goes on by itself: the page can be left, and found again at this address.";
    let source = format!("{address}/events");
    view! {
        <Page title=title.clone() task=Some(Task::Certificates) island=true>
            <Heading title lead within=("/certificates", "Certificates")/>
            <Live source>{part(progress)}</Live>
            <noscript>
                <LinkButton to=address icon="rotate-cw" label="Show how far it is now"/>
            </noscript>
        </Page>
    }
    .into_any()
}

/// The part that moves.
pub fn part(progress: Progress) -> AnyView {
    let view = progress.0;
    let over = view.done + view.failed;
    let ended = view.finished_at.is_some();
    let told = match (ended, view.failed) {
        (false, _) => format!("{over} of {} had their turn.", view.total),
        (true, 0) => format!("All {} are done.", view.total),
        (true, failed) => format!("{} of {} are done, {failed} could not be.", view.done, view.total),
    };
    let tone = if !ended || view.failed > 0 { Tone::Wary } else { Tone::Good };
    view! {
        {if ended {
            view! { <Notice tone><p>{told}</p></Notice> }.into_any()
        } else {
            view! {
                <div class="progressing">
                    <progress max=view.total.to_string() value=over.to_string() aria-label="Had their turn"></progress>
                    <p>{told}</p>
                </div>
            }
                .into_any()
        }}
        <Section title="What was asked">
            <Details>
                <Detail name="By">{view.actor}</Detail>
                <Detail name="When">
                    <PerhapsMoment at=Some(view.created_at) otherwise=""/>
                </Detail>
                {view.reason.map(|reason| view! { <Detail name="Reason">{words::reason(reason)}</Detail> })}
                {view.explanation.map(|text| view! { <Detail name="Explanation">{text}</Detail> })}
                <Detail name="Done">{view.done.to_string()}</Detail>
                <Detail name="Could not be done">{view.failed.to_string()}</Detail>
                <Detail name="Ended">
                    <PerhapsMoment at=view.finished_at otherwise="not yet"/>
                </Detail>
            </Details>
        </Section>
        {(!view.failures.is_empty())
            .then(|| {
                view! {
                    <Section title="Could not be done">
                        <Table label="Certificates that it could not be done to" columns=&["Certificate", "Why"]>
                            {view.failures.into_iter().map(failure).collect_view()}
                        </Table>
                    </Section>
                }
            })}
    }
    .into_any()
}

fn failure(one: BulkFailure) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/certificates/{}", one.certificate)>{one.subject}</a>
            </td>
            <td>{words::sentence(&one.cause)}</td>
        </tr>
    }
    .into_any()
}
