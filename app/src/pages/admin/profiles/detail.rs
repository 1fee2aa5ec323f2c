//! `/profiles/{id}`: what the profile issues, whom it reaches, and how it came to be.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::assignments::{self, AssignmentView};
use certporter::service::profiles::{self, ProfileView};
use certporter::service::{Operation, ServiceError};
use certporter_model::ProfileId;
use certporter_model::profile::ProfileDraft;
use leptos::prelude::*;

use super::difference::{lines, texts};
use super::list::{certificates, groups};
use super::versions::Versions;
use super::{assigned, set_up, versions, words};
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::time::Moment;

/// What the address says beside the id.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Whether it was just made.
    made: bool,
    /// The number of the version that was just saved.
    saved: Option<i64>,
    /// The list of versions goes on below this number.
    below: Option<i64>,
}

/// What is shown of a profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The profile in its current version.
    pub view: ProfileView,
    /// The groups that it is assigned to, and those that are excluded.
    pub assignments: Vec<AssignmentView>,
    /// Its versions, the newest first.
    pub versions: Versions,
    /// Whether the caller may change it.
    pub may_write: bool,
    /// What was just done.
    pub shown: Shown,
}

/// Shows the profile.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    let profile = async {
        let id = id(&text, "profile")?;
        let (portal, caller) = (&asked.portal, &asked.caller);
        let view = profiles::get(portal, caller, id).await?;
        Ok::<_, ServiceError>(Profile {
            assignments: assignments::list(portal, caller, id).await?,
            versions: Versions::read(&asked, id, view.current_version, shown.below).await?,
            view,
            may_write: Operation::ProfilesUpdate.organisation(caller).is_ok(),
            shown,
        })
    };
    asked.answer(profile.await, page).await
}

/// The page.
pub fn page(profile: Profile) -> AnyView {
    let Profile { view, assignments, versions, may_write, shown } = profile;
    let (id, draft) = (view.id, view.profile);
    let lead = if draft.description.is_empty() { summary(&draft) } else { draft.description.clone() };
    let newest = versions.found.first().filter(|it| it.version == versions.current);
    let by = newest.map(|newest| format!(" by {}", newest.created_by));
    view! {
        <Page title=draft.name.clone() task=Some(Task::Profiles)>
            <Heading title=draft.name.clone() lead within=("/profiles", "Profiles")>
                <div class="actions">
                    {may_write
                        .then(|| {
                            view! {
                                <a class="btn btn-primary" href=format!("/profiles/{id}/edit")>
                                    "Edit"
                                </a>
                                <a class="btn" href=format!("/profiles/new?from={id}")>
                                    "Clone"
                                </a>
                            }
                        })}
                    <LinkButton to=format!("/profiles/{id}/export") icon="download" label="Export"/>
                    {may_write
                        .then(|| {
                            view! {
                                <a class="btn" href=format!("/profiles/{id}/delete")>
                                    "Delete\u{2026}"
                                </a>
                            }
                        })}
                </div>
            </Heading>
            {said(id, &shown)}
            <Facts>
                <Fact name="Certificates in use">
                    <a href=format!("/certificates?profile={id}")>{certificates(view.reach)}</a>
                </Fact>
                <Fact name="Assigned to">{groups(view.reach)}</Fact>
                <Fact name="Good for">
                    {format!("{} days, renewed at {} %", draft.validity_days, draft.renewal_threshold_percent)}
                </Fact>
                <Fact name="Version">
                    {format!("{}, ", view.current_version)} <Moment at=view.updated_at/> {by}
                </Fact>
            </Facts>
            <Section title="Assignments">{assigned::part(id, assignments, may_write)}</Section>
            <Section title="What it issues">
                {set_up::missing(&draft)}
                <Details>
                    {lines(&draft)
                        .into_iter()
                        .filter(|line| !matches!(line.field, "name" | "description") && !line.values.is_empty())
                        .map(|line| {
                            let exact = matches!(line.field, "subject" | "subject_alternative_names");
                            view! {
                                <Detail name=line.label>
                                    <div class:mono=exact>{texts(line.values)}</div>
                                </Detail>
                            }
                        })
                        .collect_view()}
                    <Detail name="A value in the names changes">
                        {format!("Certificates follow: {}", words::follow(&view.on_attribute_change).to_lowercase())}
                    </Detail>
                </Details>
            </Section>
            <div id="versions">
                <Section title="Versions">{versions::part(id, versions, may_write)}</Section>
            </div>
        </Page>
    }
    .into_any()
}

fn summary(draft: &ProfileDraft) -> String {
    let features: Vec<_> = draft.features.iter().map(|it| crate::ui::words::feature(*it)).collect();
    let platforms: Vec<_> = draft.platforms.iter().map(|it| crate::ui::words::platform(*it)).collect();
    format!("Certificates for {} on {}.", features.join(", "), platforms.join(", "))
}

fn said(id: ProfileId, shown: &Shown) -> AnyView {
    if shown.made {
        return view! {
            <Notice tone=Tone::Good>
                <p>
                    "The profile is made. It reaches nobody yet: " <a href=format!("/profiles/{id}/assignments")>"assign it to a group"</a> "."
                </p>
            </Notice>
        }
        .into_any();
    }
    shown
        .saved
        .map(|number| {
            view! {
                <Notice tone=Tone::Good>
                    <p>
                        {format!("Version {number} is saved. ")} <a href="/requests">"Follow what comes of it"</a> "."
                    </p>
                </Notice>
            }
        })
        .into_any()
}
