//! The live preview beside the editor: what a certificate would hold for a real user and device.

use certporter::service::devices::{self, DevicesQuery};
use certporter::service::profiles::{self, MissingValue, TriedName, TriedView, TryDraft};
use certporter::service::users::{self, UsersQuery};
use certporter::service::{Portal, ServiceError};
use certporter_model::access::Caller;
use certporter_model::assignment::HolderKind;
use certporter_model::{DeviceId, UserId};
use leptos::prelude::*;

use super::editor_form::Read;
use super::words;
use crate::pages::form::Sent;
use crate::ui::icon::Icon;
use crate::ui::time::exact;

/// Somebody or something that a profile can be tried on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// `device:` or `user:` and the id.
    pub value: String,
    /// Names.
    pub words: String,
}

/// What the preview shows.
#[derive(Debug, Clone)]
pub struct Tried {
    /// What a certificate would hold.
    pub view: TriedView,
    /// The usages in words, which are the same for everybody.
    pub usages: (Vec<String>, Vec<String>),
    /// What was searched for.
    pub search: String,
    /// Whom it can be tried on.
    pub candidates: Vec<Candidate>,
    /// Which one of them it is tried on.
    pub chosen: String,
}

/// So many devices, and so many users, are offered.
const OFFERED: u32 = 4;

/// Tries what was typed, on whom was picked: the one that is marked, or after another search the first that it found.
///
/// # Errors
/// When the caller may not.
pub async fn read(
    portal: &Portal,
    caller: &Caller,
    typed: &Read,
    sent: Option<&Sent>,
) -> Result<Tried, ServiceError> {
    let search = sent.map_or("", |sent| sent.one("for_search")).trim().to_owned();
    let searched_before = sent.map_or("", |sent| sent.one("for_searched"));
    let mut chosen = sent.map_or("", |sent| sent.one("for")).to_owned();
    let mut candidates = candidates(portal, caller, &search).await?;
    if let Some(first) = candidates.first()
        && (chosen.is_empty() || (!search.is_empty() && search != searched_before))
    {
        chosen.clone_from(&first.value);
    }
    let (device, user) = holder(&chosen);
    let draft = TryDraft { profile: typed.draft.clone(), user, device };
    let view = match profiles::try_out(portal, caller, draft.clone()).await {
        // Whoever was picked is gone in the meantime, or not to be seen.
        Err(ServiceError::NotFound { .. }) => {
            chosen.clear();
            profiles::try_out(portal, caller, TryDraft { user: None, device: None, ..draft }).await?
        }
        other => other?,
    };
    if !chosen.is_empty() && !candidates.iter().any(|candidate| candidate.value == chosen) {
        let words = match (&view.device, &view.user) {
            (Some(device), _) if user.is_none() => device.name.clone(),
            (_, Some(user)) => user.display_name.clone(),
            _ => String::new(),
        };
        candidates.insert(0, Candidate { value: chosen.clone(), words });
    }
    let usages = (
        words::key_usage(typed.draft.key_usage),
        typed.draft.extended_key_usages.iter().map(|oid| words::usage(oid)).collect(),
    );
    Ok(Tried { view, usages, search, candidates, chosen })
}

fn holder(chosen: &str) -> (Option<DeviceId>, Option<UserId>) {
    match chosen.split_once(':') {
        Some(("device", id)) => (id.parse().ok(), None),
        Some(("user", id)) => (None, id.parse().ok()),
        _ => (None, None),
    }
}

async fn candidates(portal: &Portal, caller: &Caller, search: &str) -> Result<Vec<Candidate>, ServiceError> {
    let q = (!search.is_empty()).then(|| search.to_owned());
    let query = DevicesQuery { q: q.clone(), limit: Some(OFFERED), ..DevicesQuery::default() };
    let mut found = Vec::new();
    for device in visible(devices::list(portal, caller, &query).await.map(|page| page.data))? {
        let words = match device.owner {
            Some(owner) => format!("{} of {}", device.name, owner.display_name),
            None => format!("{}, shared", device.name),
        };
        found.push(Candidate { value: format!("device:{}", device.id), words });
    }
    if q.is_some() || found.is_empty() {
        let query = UsersQuery { q, limit: Some(OFFERED), ..UsersQuery::default() };
        for user in visible(users::list(portal, caller, &query).await.map(|page| page.data))? {
            let words = format!("{} ({})", user.display_name, user.user_name);
            found.push(Candidate { value: format!("user:{}", user.id), words });
        }
    }
    Ok(found)
}

/// Whoever may not see devices or users is offered none.
fn visible<T>(found: Result<Vec<T>, ServiceError>) -> Result<Vec<T>, ServiceError> {
    match found {
        Err(ServiceError::Forbidden(_)) => Ok(Vec::new()),
        other => other,
    }
}

/// The part that changes while somebody types.
pub fn part(tried: Tried) -> AnyView {
    let Tried { view, usages, search, candidates, chosen } = tried;
    let nobody = candidates.is_empty();
    let found_nobody = nobody && !search.is_empty();
    view! {
        <input type="hidden" name="for_searched" value=search/>
        {(!nobody)
            .then(|| {
                view! {
                    <fieldset class="candidates">
                        <legend class="sr-only">"Tried on"</legend>
                        {candidates.into_iter().map(|it| candidate(it, &chosen)).collect_view()}
                    </fieldset>
                }
            })}
        {nobody
            .then(|| {
                let text = if found_nobody {
                    "Nobody and no device is called like this."
                } else {
                    "There is no device and no user yet: names with variables stay open."
                };
                view! { <p class="quiet">{text}</p> }
            })}
        {view
            .not_reached
            .clone()
            .map(|why| {
                view! {
                    <p class="wary">
                        <Icon name="triangle-alert"/>
                        <span>{why}</span>
                    </p>
                }
            })}
        <dl class="certificate">
            {name("Subject", view.subject.clone(), &view)}
            {view
                .subject_alternative_names
                .iter()
                .map(|san| name(kind(&san.kind), san.clone(), &view))
                .collect_view()}
            <dt>"Key usage"</dt>
            <dd>{listed(usages.0)}</dd>
            <dt>"Extended key usage"</dt>
            <dd>{listed(usages.1)}</dd>
            <dt>"Good until"</dt>
            <dd>{exact(view.not_after)}</dd>
            <dt>"Renewed from"</dt>
            <dd>{exact(view.renew_from)}</dd>
        </dl>
    }
    .into_any()
}

fn candidate(candidate: Candidate, chosen: &str) -> AnyView {
    let id = format!("for-{}", candidate.value);
    let checked = candidate.value == chosen;
    view! {
        <div class="option">
            <input type="radio" class="radio" id=id.clone() name="for" value=candidate.value checked=checked/>
            <label for=id>{candidate.words}</label>
        </div>
    }
    .into_any()
}

fn kind(word: &str) -> &'static str {
    match word.parse() {
        Ok(kind) => words::san_kind(kind),
        Err(_) => "SID",
    }
}

fn name(label: &'static str, name: TriedName, view: &TriedView) -> AnyView {
    let missing = name.missing.into_iter().map(|it| missing(it, view)).collect_view();
    view! {
        <dt>{label}</dt>
        <dd>
            {name.value.map(|value| view! { <span class="mono">{value}</span> })}
            {name.problem.map(|problem| view! { <span class="bad">{problem}</span> })}
            {missing}
        </dd>
    }
    .into_any()
}

/// A value that is missing, with the way to fill it in.
fn missing(value: MissingValue, view: &TriedView) -> AnyView {
    let place = match value.belongs_to {
        HolderKind::Device => {
            view.device.as_ref().map(|device| (format!("/devices/{}", device.id), device.name.clone()))
        }
        HolderKind::User => {
            view.user.as_ref().map(|user| (format!("/users/{}", user.id), user.display_name.clone()))
        }
    };
    let words = match (&place, value.belongs_to) {
        (Some(_), _) => format!("{} has no value. ", value.variable),
        (None, HolderKind::Device) => format!("{} is the device\u{2019}s.", value.variable),
        (None, HolderKind::User) => format!("{} is the user\u{2019}s.", value.variable),
    };
    view! {
        <span class="missing">
            {words}
            {place.map(|(address, name)| view! { <a href=address>{format!("Fill it in: {name}")}</a> })}
        </span>
    }
    .into_any()
}

fn listed(values: Vec<String>) -> AnyView {
    if values.is_empty() {
        view! { <span class="quiet">"none"</span> }.into_any()
    } else {
        values.join(", ").into_any()
    }
}
