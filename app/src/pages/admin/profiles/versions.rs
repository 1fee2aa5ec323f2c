//! The history of a profile: its versions, each with what it changed.

use axum::extract::Path;
use axum::response::Response;
use certporter::service::profiles::{self, ProfileVersionView};
use certporter::service::{Operation, ServiceError};
use certporter_model::ProfileId;
use leptos::prelude::*;

use super::difference::{Difference, Differences, differences, lines, texts};
use super::words;
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::table::Table;
use crate::ui::time::Moment;

/// What is shown of a version.
#[derive(Debug, Clone)]
pub struct Version {
    /// The profile.
    pub id: ProfileId,
    /// The profile's name in its current version.
    pub name: String,
    /// The number of the current version.
    pub current: i64,
    /// The version.
    pub view: ProfileVersionView,
    /// What it changed; none for the first.
    pub changed: Option<Vec<Difference>>,
    /// Whether the caller may bring it back.
    pub may_write: bool,
}

/// Shows one version.
pub async fn get(asked: Asked, Path((text, number)): Path<(String, String)>) -> Response {
    let version = async {
        let id: ProfileId = id(&text, "profile")?;
        let missing = || ServiceError::NotFound { what: "version of the profile" };
        let number: i64 = number.parse().map_err(|_| missing())?;
        let versions = profiles::versions(&asked.portal, &asked.caller, id).await?;
        let at = versions.iter().position(|it| it.version == number).ok_or_else(missing)?;
        let view = versions.get(at).cloned().ok_or_else(missing)?;
        let newest = versions.first().ok_or_else(missing)?;
        let before = versions.get(at + 1);
        Ok::<_, ServiceError>(Version {
            id,
            name: newest.profile.name.clone(),
            current: newest.version,
            changed: before.map(|before| differences(&before.profile, &view.profile)),
            view,
            may_write: Operation::ProfilesUpdate.organisation(&asked.caller).is_ok(),
        })
    };
    asked.answer(version.await, page).await
}

/// The page.
pub fn page(version: Version) -> AnyView {
    let Version { id, name, current, view, changed, may_write } = version;
    let number = view.version;
    let title = format!("{name}, version {number}");
    let lead = if number == current { "The version that is in force." } else { "A version as it was." };
    view! {
        <Page title=title.clone() task=Some(Task::Profiles)>
            <nav class="crumbs" aria-label="Where this is">
                <a class="text" href="/profiles">"Profiles"</a>
                " / "
                <a class="text" href=format!("/profiles/{id}")>{name}</a>
            </nav>
            <Heading title lead>
                <div class="actions">
                    {(may_write && number != current)
                        .then(|| {
                            view! {
                                <a class="btn btn-primary" href=format!("/profiles/{id}/edit?version={number}")>
                                    <Icon name="undo-2"/>
                                    "Restore this version"
                                </a>
                            }
                        })}
                    <a class="btn" href=format!("/profiles/{id}/export?version={number}")>
                        <Icon name="download"/>
                        "Export"
                    </a>
                </div>
            </Heading>
            <Facts>
                <Fact name="Saved">
                    <Moment at=view.created_at/>
                </Fact>
                <Fact name="By">{view.created_by}</Fact>
                <Fact name="Certificates followed">{words::follow(&view.on_edit)}</Fact>
            </Facts>
            {changed
                .map(|changed| {
                    view! {
                        <Section title="What it changed">
                            {if changed.is_empty() {
                                view! { <p class="quiet">"Nothing that the profile says."</p> }.into_any()
                            } else {
                                view! { <Differences label="What this version changed" of=changed/> }.into_any()
                            }}
                        </Section>
                    }
                })}
            <Section title="The profile then">
                <Details>
                    {lines(&view.profile)
                        .into_iter()
                        .map(|line| view! { <Detail name=line.label>{texts(line.values)}</Detail> })
                        .collect_view()}
                </Details>
            </Section>
        </Page>
    }
    .into_any()
}

/// The versions in a table, the newest first.
pub fn part(id: ProfileId, versions: Vec<ProfileVersionView>, may_write: bool) -> AnyView {
    let before: Vec<_> = versions.iter().skip(1).map(|it| Some(it.profile.clone())).chain([None]).collect();
    view! {
        <Table label="Versions" columns=&["Version", "What it changed", "By", "When", ""]>
            {versions
                .into_iter()
                .zip(before)
                .enumerate()
                .map(|(place, (version, before))| {
                    let number = version.version;
                    let changed = match before {
                        None => "made".to_owned(),
                        Some(before) => told(&differences(&before, &version.profile)),
                    };
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/profiles/{id}/versions/{number}")>
                                    {format!("Version {number}")}
                                </a>
                            </td>
                            <td>{changed}</td>
                            <td data-label="By">{version.created_by}</td>
                            <td>
                                <Moment at=version.created_at/>
                            </td>
                            <td>
                                {(may_write && place > 0)
                                    .then(|| {
                                        view! {
                                            <a
                                                href=format!("/profiles/{id}/edit?version={number}")
                                                aria-label=format!("Restore version {number}")
                                            >
                                                "Restore"
                                            </a>
                                        }
                                    })}
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// The names of what changed.
fn told(changed: &[Difference]) -> String {
    if changed.is_empty() {
        return "nothing that it says".to_owned();
    }
    let labels: Vec<_> = changed.iter().map(|one| one.label.to_lowercase()).collect();
    labels.join(", ")
}
