//! Assignments: which profiles a group's members get, and from which they are kept. Seen from the group, and from the
//! profile at `/profiles/{id}/assignments`.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::assignments::{self, AssignmentDraft, AssignmentView};
use certporter::service::groups::{self, GroupChoice, GroupsQuery};
use certporter::service::profiles::{self, ProfilesQuery};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::assignment::AssignmentMode;
use certporter_model::{AssignmentId, GroupId, ProfileId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::assigned::{ProfileAssignments, Saved};
use super::change::{self, Change};
use crate::pages::asked::{Asked, id, present};
use crate::pages::consequences::{Outcome, fields_of, preview_or_do};
use crate::ui::field::Hidden;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::table::Table;

/// The form that assigns, from either side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AssignForm {
    /// The profile, on a group's page.
    pub profile: String,
    /// The group, on a profile's page.
    pub group: String,
    /// Include or exclude.
    pub mode: String,
    /// What was shown.
    pub digest: String,
}

/// The form that ends an assignment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndForm {
    /// What was shown.
    pub digest: String,
}

/// Assigns a profile to the group of the address.
pub async fn assign_to_group(
    asked: Asked,
    Path(text): Path<String>,
    Form(form): Form<AssignForm>,
) -> Response {
    let back = format!("/groups/{text}");
    let ids = match (id(&form.profile, "profile"), id(&text, "group")) {
        (Ok(profile), Ok(group)) => (profile, group),
        (Err(error), _) | (_, Err(error)) => return asked.refuse(error).await,
    };
    assign(&asked, ids, &form, Side { back, within: ("/groups", "Groups"), task: Task::Groups }).await
}

/// Assigns the profile of the address to a group.
pub async fn assign_profile(
    asked: Asked,
    Path(text): Path<String>,
    Form(form): Form<AssignForm>,
) -> Response {
    let back = format!("/profiles/{text}/assignments");
    let ids = match (id(&text, "profile"), id(&form.group, "group")) {
        (Ok(profile), Ok(group)) => (profile, group),
        (Err(error), _) | (_, Err(error)) => return asked.refuse(error).await,
    };
    assign(&asked, ids, &form, Side { back, within: ("/profiles", "Profiles"), task: Task::Profiles }).await
}

/// From which page somebody came.
struct Side {
    back: String,
    within: (&'static str, &'static str),
    task: Task,
}

async fn assign(
    asked: &Asked,
    (profile, group): (ProfileId, GroupId),
    form: &AssignForm,
    side: Side,
) -> Response {
    let done = async {
        let head = profiles::get(&asked.portal, &asked.caller, profile).await?;
        let of = groups::get(&asked.portal, &asked.caller, group).await?;
        let mode: AssignmentMode = form.mode.parse().map_err(|error| ServiceError::field("", error))?;
        let draft = AssignmentDraft { group_id: group, mode };
        let operation = |portal: Portal| {
            let (caller, draft) = (&asked.caller, &draft);
            async move { assignments::create(&portal, caller, profile, draft).await.map(|_| ()) }
        };
        let title = match mode {
            AssignmentMode::Include => format!("Assign {} to {}", head.profile.name, of.name),
            AssignmentMode::Exclude => format!("Exclude {} from {}", of.name, head.profile.name),
        };
        Ok((title, preview_or_do(asked, &form.digest, operation).await))
    };
    let (title, outcome) = match done.await {
        Ok(done) => done,
        Err(error) => return asked.refuse(error).await,
    };
    let action =
        if side.task == Task::Groups { format!("{}/assignments", side.back) } else { side.back.clone() };
    answer(asked, outcome, title, action, fields_of(form), side).await
}

/// Ends an assignment, from a group's page.
pub async fn end_of_group(
    asked: Asked,
    Path((group, assignment)): Path<(String, String)>,
    Form(form): Form<EndForm>,
) -> Response {
    let found = async {
        let group: GroupId = id(&group, "group")?;
        let rows = assignments::of_group(&asked.portal, &asked.caller, group).await?;
        let row = rows.into_iter().find(|row| row.id.to_string() == assignment);
        let row = row.ok_or(ServiceError::NotFound { what: "assignment" })?;
        let name = groups::get(&asked.portal, &asked.caller, group).await?.name;
        Ok((row.id, row.profile.id, format!("End the assignment of {} to {name}", row.profile.name)))
    };
    let side = Side { back: format!("/groups/{group}"), within: ("/groups", "Groups"), task: Task::Groups };
    let action = format!("/groups/{group}/assignments/{assignment}/end");
    end(&asked, found.await, &form, action, side).await
}

/// Ends an assignment, from a profile's page.
pub async fn end_of_profile(
    asked: Asked,
    Path((profile, assignment)): Path<(String, String)>,
    Form(form): Form<EndForm>,
) -> Response {
    let found = async {
        let id: ProfileId = id(&profile, "profile")?;
        let rows = assignments::list(&asked.portal, &asked.caller, id).await?;
        let row = rows.into_iter().find(|row| row.id.to_string() == assignment);
        let row = row.ok_or(ServiceError::NotFound { what: "assignment" })?;
        let name = profiles::get(&asked.portal, &asked.caller, id).await?.profile.name;
        Ok((row.id, id, format!("End the assignment of {name} to {}", row.group.name)))
    };
    let back = format!("/profiles/{profile}/assignments");
    let action = format!("{back}/{assignment}/end");
    let side = Side { back, within: ("/profiles", "Profiles"), task: Task::Profiles };
    end(&asked, found.await, &form, action, side).await
}

async fn end(
    asked: &Asked,
    found: Result<(AssignmentId, ProfileId, String), ServiceError>,
    form: &EndForm,
    action: String,
    side: Side,
) -> Response {
    let (assignment, profile, title) = match found {
        Ok(found) => found,
        Err(error) => return asked.refuse(error).await,
    };
    let operation = |portal: Portal| {
        let caller = &asked.caller;
        async move { assignments::delete(&portal, caller, profile, assignment).await }
    };
    let outcome = preview_or_do(asked, &form.digest, operation).await;
    answer(asked, outcome, title, action, Vec::new(), side).await
}

async fn answer(
    asked: &Asked,
    outcome: Result<Outcome<()>, ServiceError>,
    title: String,
    action: String,
    fields: Vec<(String, String)>,
    side: Side,
) -> Response {
    let change = Change {
        title,
        lead: "Nothing is done yet.",
        action,
        fields,
        back: side.back,
        within: side.within,
        task: side.task,
    };
    change::answer(asked, outcome, change).await
}

/// What the page of a profile's assignments shows.
#[derive(Debug, Clone)]
pub struct OfProfile {
    /// The profile and its name.
    pub profile: (ProfileId, String),
    /// Its assignments.
    pub rows: Vec<AssignmentView>,
    /// What was searched for, and the groups found.
    pub search: (String, Vec<GroupChoice>),
    /// Whether the caller may change them.
    pub may_edit: bool,
    /// Whether something was saved just now.
    pub saved: bool,
}

/// What the address of a profile's assignments asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Finding {
    q: String,
    saved: String,
}

/// Shows a profile's assignments, with a search for groups to assign it to.
pub async fn of_profile(asked: Asked, Path(text): Path<String>, Query(finding): Query<Finding>) -> Response {
    let read = async {
        let (portal, caller) = (&asked.portal, &asked.caller);
        let profile = profiles::get(portal, caller, id(&text, "profile")?).await?;
        let query = GroupsQuery { q: present(&finding.q), limit: Some(20), ..GroupsQuery::default() };
        Ok(OfProfile {
            rows: assignments::list(portal, caller, profile.id).await?,
            search: (finding.q, groups::choices(portal, caller, &query).await?),
            may_edit: Operation::AssignmentsCreate.organisation(caller).is_ok(),
            saved: !finding.saved.is_empty(),
            profile: (profile.id, profile.profile.name),
        })
    };
    let read = read.await;
    asked.answer(read, page).await
}

/// The page of a profile's assignments.
pub fn page(shown: OfProfile) -> AnyView {
    let OfProfile { profile: (profile, name), rows, search: (words, found), may_edit, saved } = shown;
    let taken: Vec<GroupId> = rows.iter().map(|row| row.group.id).collect();
    let offered: Vec<GroupChoice> = found.into_iter().filter(|group| !taken.contains(&group.id)).collect();
    view! {
        <Page title=format!("Assignments of {name}") task=Some(Task::Profiles)>
            <Heading
                title=format!("Assignments of {name}")
                lead="Members of included groups get its certificates; members of excluded groups never do."
                within=("/profiles", "Profiles")
            >
                <a class="btn" href=format!("/profiles/{profile}")>
                    "To the profile"
                </a>
            </Heading>
            {saved.then(|| view! { <Saved/> })}
            <ProfileAssignments profile rows may_edit/>
            {may_edit
                .then(|| {
                    view! {
                        <section class="section">
                            <h2>"Assign it to a group"</h2>
                            <form
                                class="filters"
                                method="get"
                                action=format!("/profiles/{profile}/assignments")
                                role="search"
                            >
                                <label class="wide">
                                    "Find a group"
                                    <input class="input" type="search" name="q" value=words/>
                                </label>
                                <button class="btn" type="submit">
                                    "Find"
                                </button>
                            </form>
                            {if offered.is_empty() {
                                view! {
                                    <p class="quiet">
                                        "No other group is called like this. " <a class="text" href="/groups/new">
                                            "Make a new one"
                                        </a>
                                    </p>
                                }
                                    .into_any()
                            } else {
                                view! {
                                    <Table label="Groups found" columns=&["Group", "Description", ""]>
                                        {offered.into_iter().map(|group| offer(profile, group)).collect_view()}
                                    </Table>
                                }
                                    .into_any()
                            }}
                        </section>
                    }
                })}
        </Page>
    }
    .into_any()
}

fn offer(profile: ProfileId, group: GroupChoice) -> AnyView {
    let button = |mode: AssignmentMode, word: &'static str| {
        let label = format!("{word} {}", group.name);
        view! {
            <button class="btn btn-sm" type="submit" name="mode" value=mode.as_str() aria-label=label>
                {word}
            </button>
        }
    };
    let (include, exclude) =
        (button(AssignmentMode::Include, "Include"), button(AssignmentMode::Exclude, "Exclude"));
    view! {
        <tr>
            <td class="name">
                <a href=format!("/groups/{}", group.id)>{group.name}</a>
            </td>
            <td>{group.description}</td>
            <td class="act">
                <form class="buttons" method="post" action=format!("/profiles/{profile}/assignments")>
                    <Hidden name="group" value=group.id.to_string()/>
                    {include}
                    {exclude}
                </form>
            </td>
        </tr>
    }
    .into_any()
}

/// Profiles that the caller may assign, by name.
pub async fn assignable(asked: &Asked) -> Result<Vec<(ProfileId, String)>, ServiceError> {
    if Operation::AssignmentsCreate.organisation(&asked.caller).is_err() {
        return Ok(Vec::new());
    }
    let query = ProfilesQuery { limit: Some(200), ..ProfilesQuery::default() };
    let found = profiles::list(&asked.portal, &asked.caller, &query).await?.data;
    let mut names: Vec<_> = found.into_iter().map(|profile| (profile.id, profile.name)).collect();
    names.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(names)
}
