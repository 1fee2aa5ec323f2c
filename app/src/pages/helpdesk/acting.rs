//! What an act of the helpdesk is done to, what would follow, and its page.

use certporter::service::action::ActionDraft;
use certporter::service::certificates::{self, RevocationDraft};
use certporter::service::helpdesk;
use certporter::service::helpdesk::grid::{GridCell, GridRow};
use certporter::service::{Portal, ServiceError, devices, requests, users};
use certporter_model::FieldErrors;
use certporter_model::access::Caller;
use certporter_model::revocation::Reason;
use leptos::prelude::*;

use super::act::{Act, ActForm};
use super::subject::{Held, Subject};
use crate::pages::asked::{Asked, id};
use crate::pages::consequences::{Outcome, fields_of, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{ChoiceField, LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;
use crate::ui::words;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What is to be done.
    pub act: Act,
    /// From whose page.
    pub of: Subject,
    /// To what, as the address has it.
    pub target: String,
    /// What that is called.
    pub name: String,
    /// What was typed.
    pub typed: Typed<ActForm>,
    /// What would follow; none before it can be known, or where nothing can.
    pub shown: Option<Shown>,
    /// The reasons that may be chosen for a revocation.
    pub reasons: Vec<Reason>,
}

/// Rehearses it while `form` has no digest; else does it, if what follows is what was shown.
pub(super) async fn carry_out(
    asked: &Asked,
    (of, act, target): (Subject, Act, &str),
    form: &ActForm,
) -> Result<Outcome<()>, ServiceError> {
    // Whatever it is done to is on the page that it is done from.
    called(&of.read(asked).await?, act, target)?;
    rehearse_or_do(asked, act, target, form).await
}

/// The same, for what is on the page.
async fn rehearse_or_do(
    asked: &Asked,
    act: Act,
    target: &str,
    form: &ActForm,
) -> Result<Outcome<()>, ServiceError> {
    let caller = &asked.caller;
    if act == Act::Retry {
        // No certificate changes by it.
        return ask(act, &asked.portal, caller, target, form).await.map(Outcome::Done);
    }
    let operation = |portal: Portal| async move { ask(act, &portal, caller, target, form).await };
    preview_or_do(asked, &form.digest, operation).await
}

async fn ask(
    act: Act,
    portal: &Portal,
    caller: &Caller,
    target: &str,
    form: &ActForm,
) -> Result<(), ServiceError> {
    let why = ActionDraft { explanation: Some(form.explanation.clone()) };
    match act {
        Act::Deliver => helpdesk::deliver_again(portal, caller, id(target, "copy")?, &why).await.map(drop),
        Act::Reissue => {
            certificates::reissue(portal, caller, id(target, "certificate")?, &why).await.map(drop)
        }
        Act::Revoke => {
            let reason = form.reason.parse::<Reason>();
            let reason = reason.map_err(|_| FieldErrors::one("reason", "choose the reason"))?;
            let draft = RevocationDraft { reason, explanation: form.explanation.clone() };
            certificates::revoke(portal, caller, id(target, "certificate")?, &draft).await.map(drop)
        }
        Act::Retry => requests::retry(portal, caller, id(target, "request")?, &why).await.map(drop),
        Act::BlockDevice => devices::block(portal, caller, id(target, "device")?, &why).await.map(drop),
        Act::UnblockDevice => devices::unblock(portal, caller, id(target, "device")?, &why).await.map(drop),
        Act::Lost => devices::lost(portal, caller, id(target, "device")?, &why).await.map(drop),
        Act::Wiped => devices::wiped(portal, caller, id(target, "device")?, &why).await.map(drop),
        Act::Retire => devices::retire(portal, caller, id(target, "device")?, &why).await.map(drop),
        Act::BlockPerson => users::block(portal, caller, id(target, "user")?, &why).await.map(drop),
        Act::UnblockPerson => users::unblock(portal, caller, id(target, "user")?, &why).await.map(drop),
    }
}

/// Reads what the page shows; what would follow is found out if it is not given and can be.
pub(super) async fn read(
    asked: &Asked,
    (of, act, target): (Subject, Act, &str),
    shown: Option<Shown>,
) -> Result<Asking, ServiceError> {
    act.operation().thinkable(&asked.caller)?;
    let name = called(&of.read(asked).await?, act, target)?;
    let reasons = match act {
        Act::Revoke => {
            let certificate = id(target, "certificate")?;
            certificates::get(&asked.portal, &asked.caller, certificate).await?.reasons
        }
        _ => Vec::new(),
    };
    let shown = match (shown, act) {
        (Some(shown), _) => Some(shown),
        // The reason decides what follows from a revocation.
        (None, Act::Revoke | Act::Retry) => None,
        (None, _) => match rehearse_or_do(asked, act, target, &ActForm::default()).await? {
            Outcome::Show(shown) => Some(shown),
            Outcome::Done(()) => Some(Shown::default()),
        },
    };
    Ok(Asking { act, of, target: target.to_owned(), name, typed: Typed::default(), shown, reasons })
}

/// What the target is called, if it is on the page.
fn called(held: &Held, act: Act, target: &str) -> Result<String, ServiceError> {
    let grid = &held.grid;
    let device = |what: &str| grid.devices.iter().find(|device| device.id.to_string() == what);
    let found = match act {
        Act::BlockPerson | Act::UnblockPerson => {
            held.person.iter().find(|(id, _)| id.to_string() == target).map(|(_, name)| name.clone())
        }
        Act::BlockDevice | Act::UnblockDevice | Act::Lost | Act::Wiped | Act::Retire => {
            device(target).map(|device| device.name.clone())
        }
        Act::Deliver | Act::Reissue | Act::Revoke | Act::Retry => {
            let is_it = |cell: &GridCell| match act {
                Act::Deliver => cell.copy.is_some_and(|id| id.to_string() == target),
                Act::Retry => cell.request.is_some_and(|id| id.to_string() == target),
                _ => cell.certificate.is_some_and(|id| id.to_string() == target),
            };
            let named = |row: &GridRow| {
                let cell = row.cells.iter().find(|cell| is_it(cell))?;
                let device = device(&cell.device.to_string())?;
                Some(format!("{} ({}) on {}", row.profile.name, words::feature(row.feature), device.name))
            };
            grid.rows.iter().find_map(named)
        }
    };
    found.ok_or(ServiceError::NotFound { what: "copy, certificate, request or device on this page" })
}

/// The page.
pub fn page(asking: Asking) -> AnyView {
    let Asking { act, of, target, name, typed, shown, reasons } = asking;
    let title = format!("{}: {name}", act.words());
    let action = act.address(of, target);
    let back = of.to_string();
    let Typed { values, errors } = typed;
    let why = {
        let (value, errors) = (values.explanation.clone(), errors.clone());
        move || {
            view! {
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For the audit trail: who asked, and what happened."
                    value
                    errors
                />
            }
        }
    };
    let form = match shown {
        // Reason and explanation were given in the step before.
        Some(shown) if act == Act::Revoke => {
            let fields = fields_of(&values);
            view! { <Preview shown action fields submit="Go ahead" back destructive=true/> }.into_any()
        }
        Some(shown) => view! {
            <Preview shown action fields=Vec::new() submit=act.words() back destructive=act.is_final()>
                {why()}
            </Preview>
        }
        .into_any(),
        None => {
            let choices: Vec<(&str, &str)> =
                reasons.into_iter().map(|reason| (reason.as_str(), words::reason(reason))).collect();
            let submit = if act == Act::Revoke { "Show what will follow" } else { act.words() };
            let errors = errors.clone();
            view! {
                <form class="form" method="post" action=action>
                    {(act == Act::Revoke)
                        .then(|| {
                            view! {
                                <ChoiceField
                                    name="reason"
                                    label="Reason"
                                    hint="Stands in the CRL: relying parties act by it."
                                    choices
                                    value=values.reason
                                    errors
                                />
                            }
                        })}
                    {why()}
                    <div class="buttons">
                        <button class="btn btn-primary" type="submit">
                            {submit}
                        </button>
                        <a class="btn btn-ghost" href=back>
                            "Don\u{2019}t do it"
                        </a>
                    </div>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <Page title=title.clone() task=Some(Task::Helpdesk)>
            <Heading title lead=act.meaning() within=("/helpdesk", "Helpdesk")/>
            <FormErrors errors/>
            {form}
        </Page>
    }
    .into_any()
}
