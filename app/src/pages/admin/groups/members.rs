//! Members of a group: found by a search, added, taken out.

use axum::Form;
use axum::extract::Path;
use axum::response::Response;
use certporter::service::devices::{self, DevicesQuery};
use certporter::service::groups::{self, GroupsQuery};
use certporter::service::members::{self, MemberDraft, MemberView};
use certporter::service::users::{self, UsersQuery};
use certporter::service::{Portal, ServiceError};
use certporter_model::assignment::MemberKind;
use certporter_model::{GroupId, MembershipId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::change::{self, Change};
use crate::pages::admin::users::words::source;
use crate::pages::asked::{Asked, id};
use crate::pages::consequences::{do_or_preview, fields_of};
use crate::ui::field::Hidden;
use crate::ui::icon::Icon;
use crate::ui::layout::Task;
use crate::ui::table::Table;
use crate::ui::time::Moment;

/// Of each kind, as many are offered.
const OFFERED: u32 = 10;

/// Somebody or something that can become a member.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What it is.
    pub kind: MemberKind,
    /// Which.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What tells it from others of the same name.
    pub beside: String,
}

/// Users, devices and groups that a search finds.
pub async fn search(asked: &Asked, group: GroupId, words: &str) -> Result<Vec<Candidate>, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let q = Some(words.to_owned());
    let query = UsersQuery { q: q.clone(), limit: Some(OFFERED), ..UsersQuery::default() };
    let people = users::list(portal, caller, &query).await?.data.into_iter().map(|user| Candidate {
        kind: MemberKind::User,
        id: user.id.to_string(),
        name: user.display_name,
        beside: user.email.unwrap_or(user.user_name),
    });
    let mut found: Vec<Candidate> = people.collect();
    let query = DevicesQuery { q: q.clone(), limit: Some(OFFERED), ..DevicesQuery::default() };
    found.extend(devices::list(portal, caller, &query).await?.data.into_iter().map(|device| Candidate {
        kind: MemberKind::Device,
        id: device.id.to_string(),
        name: device.name,
        beside: device.owner.map_or_else(|| "shared".to_owned(), |owner| owner.display_name),
    }));
    let query = GroupsQuery { q, limit: Some(OFFERED), ..GroupsQuery::default() };
    let groups = groups::choices(portal, caller, &query).await?.into_iter().filter(|it| it.id != group);
    found.extend(groups.map(|group| Candidate {
        kind: MemberKind::Group,
        id: group.id.to_string(),
        name: group.name,
        beside: group.description,
    }));
    Ok(found)
}

/// The form that adds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AddForm {
    /// What it is.
    pub kind: String,
    /// Which.
    pub id: String,
    /// What it is called, for the page in between.
    pub name: String,
    /// What was shown.
    pub digest: String,
}

/// Adds a member.
pub async fn add(asked: Asked, Path(text): Path<String>, Form(form): Form<AddForm>) -> Response {
    let read = async {
        let group = groups::get(&asked.portal, &asked.caller, id(&text, "group")?).await?;
        let kind = form.kind.parse().map_err(|error| ServiceError::field("", error))?;
        Ok((group, MemberDraft { kind, id: form.id.clone() }))
    };
    let (group, draft) = match read.await {
        Ok(found) => found,
        Err(error) => return asked.refuse(error).await,
    };
    let operation = |portal: Portal| {
        let (caller, draft, id) = (&asked.caller, &draft, group.id);
        async move { members::add(&portal, caller, id, draft).await.map(|_| ()) }
    };
    let outcome = do_or_preview(&asked, &form.digest, operation).await;
    let change = Change {
        title: format!("Add {} to {}", form.name, group.name),
        lead: "The group's profiles reach its members. Nothing is done yet.",
        action: format!("/groups/{}/members", group.id),
        fields: fields_of(&form),
        back: format!("/groups/{}", group.id),
        within: ("/groups", "Groups"),
        task: Task::Groups,
    };
    change::answer(&asked, outcome, change).await
}

/// The form that takes out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoveForm {
    /// What it is called, for the page in between.
    pub name: String,
    /// What was shown.
    pub digest: String,
}

/// Takes a member out.
pub async fn remove(
    asked: Asked,
    Path((text, membership)): Path<(String, String)>,
    Form(form): Form<RemoveForm>,
) -> Response {
    let read = async {
        let group = groups::get(&asked.portal, &asked.caller, id(&text, "group")?).await?;
        Ok((group, id::<MembershipId>(&membership, "membership")?))
    };
    let (group, membership) = match read.await {
        Ok(found) => found,
        Err(error) => return asked.refuse(error).await,
    };
    let operation = |portal: Portal| {
        let (caller, id) = (&asked.caller, group.id);
        async move { members::remove(&portal, caller, id, membership).await }
    };
    let outcome = do_or_preview(&asked, &form.digest, operation).await;
    let change = Change {
        title: format!("Take {} out of {}", form.name, group.name),
        lead: "What it has through this group goes. Nothing is done yet.",
        action: format!("/groups/{}/members/{membership}/remove", group.id),
        fields: fields_of(&form),
        back: format!("/groups/{}", group.id),
        within: ("/groups", "Groups"),
        task: Task::Groups,
    };
    change::answer(&asked, outcome, change).await
}

/// The search, and what it found, each with a button that adds it.
#[component]
pub fn Adding(
    /// The group.
    group: GroupId,
    /// What was searched for.
    words: String,
    /// What was found; none before a search.
    found: Option<Vec<Candidate>>,
) -> AnyView {
    let nothing = found.as_ref().is_some_and(Vec::is_empty);
    view! {
        <form class="filters" method="get" action=format!("/groups/{group}") role="search">
            <label class="wide">
                "Find a person, device or group to add"
                <input class="input" type="search" name="add" value=words/>
            </label>
            <button class="btn" type="submit">
                <Icon name="search"/>
                "Find"
            </button>
        </form>
        {nothing
            .then(|| {
                view! {
                    <p class="quiet">"Nothing is called like this: search for a part of a name, address or serial number."</p>
                }
            })}
        {found
            .filter(|found| !found.is_empty())
            .map(|found| {
                view! {
                    <Table label="Found" columns=&["Name", "Kind", "About", ""]>
                        {found.into_iter().map(|candidate| offer(group, candidate)).collect_view()}
                    </Table>
                }
            })}
    }
    .into_any()
}

fn offer(group: GroupId, candidate: Candidate) -> AnyView {
    let label = format!("Add {}", candidate.name);
    view! {
        <tr>
            <td class="name">{candidate.name.clone()}</td>
            <td>{kind(candidate.kind)}</td>
            <td>{candidate.beside}</td>
            <td class="act">
                <form method="post" action=format!("/groups/{group}/members")>
                    <Hidden name="kind" value=candidate.kind.as_str()/>
                    <Hidden name="id" value=candidate.id/>
                    <Hidden name="name" value=candidate.name/>
                    <button class="btn btn-sm" type="submit" aria-label=label>
                        <Icon name="plus"/>
                        "Add"
                    </button>
                </form>
            </td>
        </tr>
    }
    .into_any()
}

/// A page of the members.
#[component]
pub fn Members(
    /// The group.
    group: GroupId,
    /// The members.
    rows: Vec<MemberView>,
    /// Whether the caller may take them out.
    may_edit: bool,
) -> AnyView {
    view! {
        <Table label="Members" columns=&["Name", "Kind", "Since", "Source", ""]>
            {rows.into_iter().map(|member| row(group, member, may_edit)).collect_view()}
        </Table>
    }
    .into_any()
}

fn row(group: GroupId, member: MemberView, may_edit: bool) -> AnyView {
    let address = match member.kind {
        MemberKind::User => format!("/users/{}", member.member_id),
        MemberKind::Device => format!("/devices/{}", member.member_id),
        MemberKind::Group => format!("/groups/{}", member.member_id),
    };
    let label = format!("Take {} out", member.name);
    view! {
        <tr>
            <td class="name">
                <a href=address>{member.name.clone()}</a>
            </td>
            <td>{kind(member.kind)}</td>
            <td data-label="Since">
                <Moment at=member.valid_from/>
            </td>
            <td>{source(member.source)}</td>
            <td class="act">
                {may_edit
                    .then(|| {
                        view! {
                            <form method="post" action=format!("/groups/{group}/members/{}/remove", member.id)>
                                <Hidden name="name" value=member.name/>
                                <button class="btn btn-sm" type="submit" aria-label=label>
                                    "Take out"
                                </button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}

const fn kind(kind: MemberKind) -> &'static str {
    match kind {
        MemberKind::User => "Person",
        MemberKind::Device => "Device",
        MemberKind::Group => "Group",
    }
}
