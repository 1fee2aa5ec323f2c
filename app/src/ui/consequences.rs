//! What would follow from a change, before it is done: in sentences, with a sample, and a button that says it again.

use std::collections::BTreeMap;

use certporter::plan::summary::Summary;
use certporter::service::consequences::{Consequence, Consequences, Effect};
use certporter::service::looks::Counting;
use certporter_model::revocation::Reason;
use leptos::prelude::*;

use super::facts::Section;
use super::icon::Icon;
use super::notice::{Notice, Tone};
use super::status::{State, Status};
use super::table::Table;
use super::words;

/// What is shown of a change that was asked for and not yet done.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// What would follow.
    pub consequences: Consequences,
    /// Whether something else was shown before: it has changed in the meantime, and nothing was done.
    pub changed: bool,
}

/// The second step of a change: what will follow from it, and the form that does it.
#[component]
pub fn Preview(
    /// What would follow.
    shown: Shown,
    /// Where the form goes: the address of the first step.
    action: String,
    /// What was typed in the first step, by the names of its fields.
    fields: Vec<(String, String)>,
    /// What the button does, as a verb and its object: "Block this device".
    #[prop(into)]
    submit: String,
    /// Where somebody goes who doesn't want it.
    #[prop(into)]
    back: String,
    /// Whether it can't be undone whatever follows, as deleting can't.
    #[prop(optional)]
    destructive: bool,
    /// What is still to be said in the same form, such as why.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    let consequences = shown.consequences;
    if let Some(counting) = consequences.counting {
        return looking(counting, shown.changed, &action, fields, back);
    }
    let (summary, digest) = (&consequences.summary, consequences.digest);
    let sample = consequences.sample.clone();
    let takes_away = summary.revocations() > 0 || summary.held > 0 || summary.removed > 0;
    let danger = destructive || takes_away;
    let label = label(&submit, &Counted::from(summary));
    view! {
        {shown.changed.then(has_changed)}
        <Section title="What will follow">
            <Following of=consequences/>
        </Section>
        <Sample of=sample/>
        <form class="confirm" method="post" action=action>
            {fields
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                .collect_view()}
            <input type="hidden" name="digest" value=digest.to_string()/>
            {children.map(|children| children())}
            <div class="buttons">
            <button
                class="btn"
                class:btn-error=danger
                class:btn-primary=!danger
                type="submit"
            >
                {label}
            </button>
            <a class="btn btn-ghost" href=back>
                "Don\u{2019}t do it"
            </a>
            </div>
        </form>
    }
    .into_any()
}

fn has_changed() -> AnyView {
    view! {
        <Notice tone=Tone::Wary>
            <p>
                "Nothing was done yet: what follows has changed since it was shown to you. This is how it is now."
            </p>
        </Notice>
    }
    .into_any()
}

/// While it is found out what will follow for many: how far that is, and a form that asks again, by itself where the
/// browser can.
fn looking(
    counting: Counting,
    changed: bool,
    action: &str,
    fields: Vec<(String, String)>,
    back: String,
) -> AnyView {
    view! {
        {changed.then(has_changed)}
        <form class="confirm" method="post" action=action.to_owned() data-again="true">
            {fields
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                .collect_view()}
            <Looking of=counting/>
            <div class="buttons">
                <button class="btn btn-primary" type="submit">
                    "Look again"
                </button>
                <a class="btn btn-ghost" href=back>
                    "Don\u{2019}t do it"
                </a>
            </div>
        </form>
    }
    .into_any()
}

/// How far the look at what will follow is.
#[component]
pub fn Looking(
    /// How far.
    of: Counting,
) -> AnyView {
    let Counting { done, total } = of;
    let so_far = format!("{done} of {total} devices and people were looked at.");
    view! {
        <Section title="What will follow">
            <p>"Many are concerned, so finding out takes a moment. Nothing is done meanwhile."</p>
            <div class="progressing">
                <progress max=total.to_string() value=done.to_string() aria-label="Looked at"></progress>
                <p role="status">{so_far}</p>
            </div>
        </Section>
    }
    .into_any()
}

/// What a plan does, a sentence each, the weightiest first.
#[component]
pub fn Effects(
    /// The plan in numbers.
    summary: Summary,
) -> AnyView {
    let effects = sentences(&Counted::from(&summary)).into_iter().map(|(effect, text)| {
        let status = Status::from(effect);
        view! {
            <li>
                <span class=format!("status {}", status.tone())>
                    <Icon name=status.icon()/>
                </span>
                <span>{text}</span>
            </li>
        }
    });
    view! { <ul class="effects">{effects.collect_view()}</ul> }.into_any()
}

/// A plan in a line: "37 certificates revoked, 4 reissued".
#[must_use]
pub fn in_short(summary: &Summary) -> String {
    let counted = Counted::from(summary);
    let parts = BY_WEIGHT.into_iter().filter_map(|effect| {
        let count = counted.effects.get(&effect)?;
        Some(format!("{} {}", amount(effect, *count), in_running_text(words::effect(effect))))
    });
    let parts: Vec<_> = parts.take(3).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// What would follow in sentences, the weightiest first.
#[component]
pub fn Following(
    /// What would follow.
    of: Consequences,
) -> AnyView {
    if sentences(&Counted::from(&of.summary)).is_empty() {
        return view! { <p>"Nothing follows from this for any certificate."</p> }.into_any();
    }
    view! {
        <Effects summary=of.summary/>
        <p class="quiet">{reach(of.holders)}</p>
    }
    .into_any()
}

/// Some of what would follow; nothing when there is none.
#[component]
pub fn Sample(
    /// Some of what would follow.
    of: Vec<Consequence>,
    /// The heading.
    #[prop(default = "For example")]
    title: &'static str,
) -> AnyView {
    (!of.is_empty())
        .then(|| {
            view! {
                <Section title>
                    <Table
                        label="Some of what will follow"
                        columns=&["Profile", "What", "Device", "Person", "Certificate"]
                    >
                        {of.into_iter().map(row).collect_view()}
                    </Table>
                </Section>
            }
        })
        .into_any()
}

/// How many devices and people something is done for.
fn reach(holders: usize) -> String {
    match holders {
        1 => "One device or person is concerned.".to_owned(),
        many => format!("{many} devices and people are concerned."),
    }
}

/// A summary by what is done: small enough to speak about.
struct Counted {
    effects: BTreeMap<Effect, usize>,
    revoked: BTreeMap<Reason, usize>,
}

impl From<&Summary> for Counted {
    fn from(summary: &Summary) -> Self {
        let effects = [
            (Effect::Revoked, summary.revocations()),
            (Effect::Held, summary.held),
            (Effect::Removed, summary.removed),
            (Effect::Cancelled, summary.cancelled),
            (Effect::Reissued, summary.reissued),
            (Effect::Renewed, summary.renewed),
            (Effect::Issued, summary.issued),
            (Effect::Released, summary.released),
            (Effect::Delivered, summary.delivered + summary.delivered_history + summary.resealed),
            (Effect::Amended, summary.amended),
            (Effect::Settled, summary.settled),
            (Effect::KeyDestroyed, summary.destroyed_keys),
        ];
        Self {
            effects: effects.into_iter().filter(|(_, count)| *count > 0).collect(),
            revoked: summary.revoked.clone(),
        }
    }
}

/// What weighs most first.
const BY_WEIGHT: [Effect; 12] = [
    Effect::Revoked,
    Effect::Held,
    Effect::Removed,
    Effect::Cancelled,
    Effect::Reissued,
    Effect::Renewed,
    Effect::Issued,
    Effect::Released,
    Effect::Delivered,
    Effect::Amended,
    Effect::Settled,
    Effect::KeyDestroyed,
];

fn sentences(counted: &Counted) -> Vec<(Effect, String)> {
    let mut sentences = Vec::new();
    for effect in BY_WEIGHT {
        if let Some(count) = counted.effects.get(&effect) {
            let mut text = format!("{} {}", amount(effect, *count), words::effect_to_come(effect));
            match effect {
                Effect::Revoked => text.push_str(&why(&counted.revoked)),
                Effect::Removed if *count == 1 => text.push_str(" from its device"),
                Effect::Removed => text.push_str(" from devices"),
                _ => {}
            }
            text.push('.');
            sentences.push((effect, text));
        }
    }
    sentences
}

/// The reasons of the revocations: one is named, several with how many of each.
fn why(revoked: &BTreeMap<Reason, usize>) -> String {
    let mut reasons = revoked.iter().filter(|(_, count)| **count > 0).peekable();
    match (reasons.next(), reasons.peek()) {
        (Some((reason, _)), None) => format!(" ({})", in_running_text(words::reason(*reason))),
        (None, _) => String::new(),
        (Some(first), Some(_)) => {
            let each = std::iter::once(first)
                .chain(reasons)
                .map(|(reason, count)| format!("{count}: {}", in_running_text(words::reason(*reason))));
            format!(" ({})", each.collect::<Vec<_>>().join("; "))
        }
    }
}

fn in_running_text(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>()).unwrap_or_default()
        + letters.as_str()
}

/// "1 certificate", "37 copies".
fn amount(effect: Effect, count: usize) -> String {
    let (one, many) = match effect {
        Effect::Removed | Effect::Delivered => ("copy", "copies"),
        Effect::Cancelled | Effect::Amended => ("request", "requests"),
        Effect::KeyDestroyed => ("escrowed key", "escrowed keys"),
        _ => ("certificate", "certificates"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What the button says: what it does, and the weightiest of what follows.
fn label(submit: &str, counted: &Counted) -> String {
    let heaviest = [Effect::Revoked, Effect::Held, Effect::Removed, Effect::Reissued, Effect::Issued];
    heaviest.into_iter().find_map(|effect| Some((effect, *counted.effects.get(&effect)?))).map_or_else(
        || submit.to_owned(),
        |(effect, count)| match effect {
            // What the button does is what follows.
            Effect::Reissued if submit == "Reissue" => format!("{submit} {}", amount(effect, count)),
            Effect::Revoked if submit == "Revoke" => format!("{submit} {}", amount(effect, count)),
            Effect::Revoked => format!("{submit} and revoke {}", amount(effect, count)),
            Effect::Held => format!("{submit} and put {} on hold", amount(effect, count)),
            Effect::Removed => format!("{submit} and remove {}", amount(effect, count)),
            Effect::Reissued => format!("{submit} and reissue {}", amount(effect, count)),
            _ => format!("{submit} and issue {}", amount(effect, count)),
        },
    )
}

fn row(one: Consequence) -> AnyView {
    let Consequence { effect, profile, device, user, certificate, reason } = one;
    view! {
        <tr>
            <td class="name">
                <a href=format!("/profiles/{}", profile.id)>{profile.name}</a>
            </td>
            <td class="state">
                <State of=effect/>
                {reason.map(|reason| view! { <p class="quiet">{words::reason(reason)}</p> })}
            </td>
            <td>
                {device.map(|device| view! { <a href=format!("/devices/{}", device.id)>{device.name}</a> })}
            </td>
            <td>
                {user.map(|user| view! { <a href=format!("/users/{}", user.id)>{user.display_name}</a> })}
            </td>
            <td>
                {certificate.map(|id| view! { <a href=format!("/certificates/{id}")>"Certificate"</a> })}
            </td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_told_in_sentences_the_weightiest_first() {
        let summary = Summary {
            reissued: 4,
            revoked: [(Reason::CessationOfOperation, 36), (Reason::KeyCompromise, 1)].into(),
            removed: 1,
            ..Summary::default()
        };
        let counted = Counted::from(&summary);
        let told: Vec<_> = sentences(&counted).into_iter().map(|(_, text)| text).collect();
        assert_eq!(told.len(), 3);
        assert!(
            told[0].starts_with("37 certificates will be revoked (")
                && told[0].contains("36: no longer needed")
        );
        assert_eq!(told[1], "1 copy will be removed from its device.");
        assert_eq!(told[2], "4 certificates will be reissued.");
        assert_eq!(label("Retire this device", &counted), "Retire this device and revoke 37 certificates");
    }

    #[test]
    fn nothing_is_nothing() {
        let counted = Counted::from(&Summary::default());
        assert!(sentences(&counted).is_empty());
        assert_eq!(label("Save", &counted), "Save");
    }
}
