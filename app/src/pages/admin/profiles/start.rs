//! `/profiles/new` before anything is chosen: what a new profile can begin with.

use leptos::prelude::*;

use super::presets::PRESETS;
use crate::ui::facts::Section;
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};

/// The page.
pub fn page() -> AnyView {
    view! {
        <Page title="New profile".to_owned() task=Some(Task::Profiles)>
            <Heading
                title="New profile"
                lead="Begin with what comes closest; everything can be changed before it is saved."
                within=("/profiles", "Profiles")
            />
            <ul class="beginnings">
                {PRESETS
                    .into_iter()
                    .map(|preset| {
                        view! {
                            <li>
                                <a href=format!("/profiles/new?preset={}", preset.word)>
                                    <Icon name=preset.icon/>
                                    <span>{preset.title}</span>
                                </a>
                                <p>{preset.about}</p>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
            <Section title="From elsewhere">
                <p>
                    <a href="/profiles/import">"Import a profile from JSON"</a>
                    ", as another portal exported it. To copy one of this portal, open it and choose Clone."
                </p>
            </Section>
        </Page>
    }
    .into_any()
}
