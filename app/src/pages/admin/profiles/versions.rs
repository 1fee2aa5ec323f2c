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
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::pager::{Pager, counted};
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
        let current = profiles::get(&asked.portal, &asked.caller, id).await?;
        let (portal, caller, next) = (&asked.portal, &asked.caller, number.saturating_add(1));
        let mut found = profiles::versions_before(portal, caller, id, next, 2).await?.into_iter();
        let view = found.next().filter(|view| view.version == number).ok_or_else(missing)?;
        Ok::<_, ServiceError>(Version {
            id,
            name: current.profile.name,
            current: current.current_version,
            changed: found.next().map(|before| differences(&before.profile, &view.profile)),
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
                                <LinkButton
                                    to=format!("/profiles/{id}/edit?version={number}")
                                    icon="undo-2"
                                    label="Restore this version"
                                    primary=true
                                />
                            }
                        })}
                    <LinkButton
                        to=format!("/profiles/{id}/export?version={number}")
                        icon="download"
                        label="Export"
                    />
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

/// Versions that a page shows.
const SHOWN: usize = 20;

/// A page of the versions, the newest first.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The number that all of them are below; none on the first page.
    pub below: Option<i64>,
    /// The number of the version in force.
    pub current: i64,
    /// As many as a page shows, and the one before them, if there is one.
    pub found: Vec<ProfileVersionView>,
}

impl Versions {
    /// Reads a page.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn read(
        asked: &Asked,
        id: ProfileId,
        current: i64,
        below: Option<i64>,
    ) -> Result<Self, ServiceError> {
        let limit = u32::try_from(SHOWN + 1).unwrap_or(u32::MAX);
        let start = below.unwrap_or(i64::MAX);
        let found = profiles::versions_before(&asked.portal, &asked.caller, id, start, limit).await?;
        Ok(Self { below, current, found })
    }
}

/// The versions in a table, the newest first.
pub fn part(id: ProfileId, versions: Versions, may_write: bool) -> AnyView {
    let Versions { below, current, found: mut versions } = versions;
    let before: Vec<_> = versions.iter().skip(1).map(|it| Some(it.profile.clone())).chain([None]).collect();
    let more = versions.len() > SHOWN;
    versions.truncate(SHOWN);
    let shown = counted(versions.len(), "version", "versions");
    let here = format!("/profiles/{id}");
    let first = below.map(|_| format!("{here}#versions"));
    let last = versions.last().filter(|_| more).map(|last| last.version);
    let next = last.map(|last| format!("{here}?below={last}#versions"));
    let pager = (first.is_some() || next.is_some()).then(|| view! { <Pager shown first next/> });
    view! {
        <Table label="Versions" columns=&["Version", "What it changed", "By", "When", ""]>
            {versions
                .into_iter()
                .zip(before)
                .map(|(version, before)| {
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
                                {(may_write && number != current)
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
        {pager}
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
