//! The step before an edit is saved: what changes, and what follows from it now or at renewal.

use certporter::service::consequences::Consequences;
use certporter::service::looks::Counting;
use certporter::service::profiles::Follow;
use certporter_model::{FieldErrors, ProfileId};
use leptos::prelude::*;

use super::difference::{Difference, Differences};
use super::words;
use crate::ui::consequences::{Following, Looking, Sample};
use crate::ui::facts::Section;
use crate::ui::field::{Beside, Hidden};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};

/// When certificates may follow, and what that comes to.
#[derive(Debug, Clone)]
pub struct Way {
    /// When.
    pub follow: Follow,
    /// The field of the form that holds what was shown.
    pub digest_field: &'static str,
    /// What would follow.
    pub consequences: Consequences,
}

/// What the step shows.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The profile.
    pub id: ProfileId,
    /// Its name as it is.
    pub name: String,
    /// The number that the version would get.
    pub number: i64,
    /// What changes.
    pub differences: Vec<Difference>,
    /// When certificates follow a changed attribute from then on, if that changes.
    pub attribute_change: Option<String>,
    /// Now, and at renewal.
    pub ways: [Way; 2],
    /// The word of the way that was chosen.
    pub chosen: String,
    /// What is wrong with the choice.
    pub errors: FieldErrors,
    /// Whether something else was shown before.
    pub changed: bool,
    /// What was typed.
    pub fields: Vec<(String, String)>,
}

/// The page.
pub fn page(confirm: Confirm) -> AnyView {
    let Confirm { id, name, number, differences, attribute_change, ways, chosen, errors, changed, fields } =
        confirm;
    let one_way = ways[0].consequences.digest == ways[1].consequences.digest;
    let nothing_changes = differences.is_empty() && attribute_change.is_none();
    let title = format!("Save {name}?");
    let counting = ways.iter().find_map(|way| way.consequences.counting);
    if let Some(counting) = counting {
        return looking(id, title, number, counting, fields);
    }
    view! {
        <Page title=title.clone() task=Some(Task::Profiles)>
            <Heading
                title
                lead=format!("This would be version {number}. Nothing is saved yet.")
                within=("/profiles", "Profiles")
            />
            {changed
                .then(|| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                "Nothing was saved: what follows has changed since it was shown to you. This is how it is now."
                            </p>
                        </Notice>
                    }
                })}
            <form method="post" action=format!("/profiles/{id}/edit")>
                <FormErrors errors=errors.clone()/>
                {fields.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view()}
                {ways
                    .iter()
                    .map(|way| {
                        view! { <Hidden name=way.digest_field value=way.consequences.digest.to_string()/> }
                    })
                    .collect_view()}
                <Section title="What changes">
                    {if nothing_changes {
                        view! { <p>"Nothing differs from the version that is in force."</p> }.into_any()
                    } else {
                        view! {
                            {(!differences.is_empty())
                                .then(|| view! { <Differences label="What changes" of=differences/> })}
                            {attribute_change
                                .map(|word| {
                                    view! {
                                        <p>
                                            {format!(
                                                "When a value used in the names changes, certificates follow: {}.",
                                                words::follow(&word).to_lowercase(),
                                            )}
                                        </p>
                                    }
                                })}
                        }
                            .into_any()
                    }}
                </Section>
                {if one_way {
                    alike(ways)
                } else {
                    apart(ways, &chosen, errors)
                }}
                <div class="bar">
                    <button class="btn btn-primary" type="submit" name="do" value="confirm">
                        {format!("Save version {number}")}
                    </button>
                    <button class="btn" type="submit" name="do" value="edit" formnovalidate>
                        "Back to the editor"
                    </button>
                    <a class="btn btn-ghost" href=format!("/profiles/{id}")>
                        "Don\u{2019}t save"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

/// While it is found out what would follow.
fn looking(
    id: ProfileId,
    title: String,
    number: i64,
    counting: Counting,
    fields: Vec<(String, String)>,
) -> AnyView {
    view! {
        <Page title=title.clone() task=Some(Task::Profiles)>
            <Heading
                title
                lead=format!("This would be version {number}. Nothing is saved yet.")
                within=("/profiles", "Profiles")
            />
            <form method="post" action=format!("/profiles/{id}/edit") data-again="true">
                {fields.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view()}
                <Looking of=counting/>
                <div class="bar">
                    <button class="btn btn-primary" type="submit" name="do" value="save">
                        "Look again"
                    </button>
                    <button class="btn" type="submit" name="do" value="edit" formnovalidate>
                        "Back to the editor"
                    </button>
                    <a class="btn btn-ghost" href=format!("/profiles/{id}")>
                        "Don\u{2019}t save"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

/// The same follows whenever it is.
fn alike(ways: [Way; 2]) -> AnyView {
    let [Way { consequences, .. }, _] = ways;
    let sample = consequences.sample.clone();
    view! {
        <Hidden name="on_edit" value=Follow::Now.as_str()/>
        <Section title="What will follow">
            <Following of=consequences/>
        </Section>
        <Sample of=sample/>
    }
    .into_any()
}

/// Each with its own numbers.
fn apart(ways: [Way; 2], chosen: &str, errors: FieldErrors) -> AnyView {
    let samples = ways.clone();
    view! {
        <fieldset class="section" id="on_edit" aria-describedby="on_edit-wrong">
            <legend>
                <h2>"When shall the certificates follow?"</h2>
            </legend>
            <div class="ways">{ways.into_iter().map(|way| one(way, chosen)).collect_view()}</div>
            <div class="field">
                <Beside name="on_edit" errors/>
            </div>
        </fieldset>
        {samples.map(|way| {
            let title = match way.follow {
                Follow::Now => "For example, now",
                Follow::AtRenewal => "For example, at renewal",
            };
            view! { <Sample of=way.consequences.sample title/> }
        })}
    }
    .into_any()
}

fn one(way: Way, chosen: &str) -> AnyView {
    let word = way.follow.as_str();
    let id = format!("on_edit-{word}");
    let checked = word == chosen;
    let (title, help) = match way.follow {
        Follow::Now => ("Now", "Certificates of earlier versions are reissued at once."),
        Follow::AtRenewal => ("At renewal", "Certificates stay as they are until they are renewed anyway."),
    };
    view! {
        <div class="way">
            <div class="option">
                <input type="radio" class="radio" id=id.clone() name="on_edit" value=word checked=checked required/>
                <label for=id>{title}</label>
            </div>
            <p class="quiet">{help}</p>
            <Following of=way.consequences/>
        </div>
    }
    .into_any()
}
