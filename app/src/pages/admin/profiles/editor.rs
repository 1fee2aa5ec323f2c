//! The editor of a profile: its sections, beside what they come to for somebody.

use certporter::service::profiles::IssuingCa;
use certporter_model::ProfileId;
use leptos::prelude::*;

use super::editor_form::EditorForm;
use super::sections;
use super::tried::{self, Tried};
use crate::islands::checked::Checked;
use crate::ui::field::{Hidden, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::words::sentence;

/// Which profile is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The profile.
    pub id: ProfileId,
    /// Its name when it was opened.
    pub name: String,
    /// Counts its changes: what was opened.
    pub version: i64,
    /// The number of the version that was opened.
    pub base: i64,
}

/// What the editor shows.
#[derive(Debug, Clone)]
pub struct Editor {
    /// Which profile; none for a new one.
    pub edited: Option<Edited>,
    /// What was typed, and what is wrong with it.
    pub typed: Typed<EditorForm>,
    /// What it comes to for somebody.
    pub tried: Tried,
    /// The CAs that can be named.
    pub cas: Vec<IssuingCa>,
    /// Something to know before one goes on.
    pub notice: Option<String>,
}

/// The page.
pub fn page(editor: Editor) -> AnyView {
    let Editor { edited, typed, tried, cas, notice } = editor;
    let (title, lead, action, back, submit) = match &edited {
        None => (
            "New profile".to_owned(),
            "It reaches nobody until it is assigned to a group.".to_owned(),
            "/profiles/new".to_owned(),
            "/profiles".to_owned(),
            "Create the profile",
        ),
        Some(edited) => (
            format!("Edit {}", edited.name),
            "What follows from the change is shown before it is saved.".to_owned(),
            format!("/profiles/{}/edit", edited.id),
            format!("/profiles/{}", edited.id),
            "Go on to what follows",
        ),
    };
    view! {
        <Page title=title.clone() task=Some(Task::Profiles) island=true>
            <Heading title lead within=("/profiles", "Profiles")/>
            {notice.map(|text| view! { <Notice tone=Tone::Wary><p>{text}</p></Notice> })}
            <Checked source="/profiles/check".to_owned()>
                <form class="editor" method="post" action=action novalidate>
                    // Return in any field looks again, and saves nothing.
                    <button class="sr-only" type="submit" name="do" value="check" tabindex="-1">
                        "Check"
                    </button>
                    {edited
                        .map(|edited| {
                            view! {
                                <Hidden name="version" value=edited.version.to_string()/>
                                <Hidden name="base" value=edited.base.to_string()/>
                            }
                        })}
                    <div class="sections">
                        <FormErrors errors=typed.errors.clone()/>
                        {wrong(&typed)}
                        {sections::all(&typed, &cas)}
                    </div>
                    <aside class="preview" aria-label="Preview">
                        <h2>"What a certificate would hold"</h2>
                        {search(&tried.search)}
                        <div data-preview="" aria-live="polite">
                            {tried::part(tried.clone())}
                        </div>
                    </aside>
                    <div class="bar">
                        <button class="btn btn-primary" type="submit" name="do" value="save">
                            {submit}
                        </button>
                        <a class="btn btn-ghost" href=back>
                            "Cancel"
                        </a>
                    </div>
                </form>
            </Checked>
        </Page>
    }
    .into_any()
}

/// What is wrong, each leading to its field: the form is longer than a screen.
fn wrong(typed: &Typed<EditorForm>) -> AnyView {
    let errors: Vec<_> =
        typed.errors.as_slice().iter().filter(|error| !error.field.is_empty()).cloned().collect();
    (!errors.is_empty())
        .then(|| {
            view! {
                <ul class="wrong-fields">
                    {errors
                        .into_iter()
                        .map(|error| {
                            view! {
                                <li>
                                    <a class="text" href=format!("#{}", error.field)>
                                        {sentence(&error.message)}
                                    </a>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            }
        })
        .into_any()
}

fn search(search: &str) -> AnyView {
    view! {
        <div class="field">
            <label for="for_search">"For a user or device"</label>
            <div class="with-button">
                <input
                    class="input"
                    type="search"
                    id="for_search"
                    name="for_search"
                    value=search.to_owned()
                    autocomplete="off"
                    placeholder="Name"
                />
                <button class="btn" type="submit" name="do" value="check">
                    <Icon name="rotate-cw"/>
                    "Preview"
                </button>
            </div>
        </div>
    }
    .into_any()
}
