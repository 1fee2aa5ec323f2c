//! `/groups/{id}`: a group, whom it holds, and which profiles its members get.

use axum::extract::{Path, Query};
use axum::response::Response;
use certporter::service::assignments::{self, GroupAssignmentView};
use certporter::service::groups::{self, GroupView};
use certporter::service::members::{self, MemberView, MembersQuery, MembershipView};
use certporter::service::{Operation, ServiceError};
use certporter_model::ProfileId;
use leptos::prelude::*;

use super::assigned::{GroupAssignments, Saved};
use super::assignments::assignable;
use super::members::{Adding, Candidate, Members, search};
use crate::pages::admin::users::words::source;
use crate::pages::asked::{Asked, id, present};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::Empty;
use crate::ui::time::Moment;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asking {
    /// What to search for, to add it.
    pub add: String,
    /// Where the members' page begins; empty for the first.
    pub after: String,
    /// What was done just now.
    pub saved: String,
}

/// What is shown of a group.
#[derive(Debug, Clone)]
pub struct Group {
    /// The group.
    pub group: GroupView,
    /// What was asked for.
    pub asking: Asking,
    /// A page of its direct members; none where the caller may not see them.
    pub members: Option<Vec<MemberView>>,
    /// The cursor of the members' next page.
    pub next: Option<String>,
    /// Groups that it is in directly.
    pub around: Vec<MembershipView>,
    /// Its assignments.
    pub assignments: Vec<GroupAssignmentView>,
    /// Profiles that can be assigned to it.
    pub assignable: Vec<(ProfileId, String)>,
    /// What a search found.
    pub found: Option<Vec<Candidate>>,
    /// Whether the caller may change the group and its members.
    pub may_edit: bool,
}

/// Shows the group.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(asking): Query<Asking>) -> Response {
    let shown = read(&asked, &text, asking).await;
    asked.answer(shown, page).await
}

async fn read(asked: &Asked, text: &str, asking: Asking) -> Result<Group, ServiceError> {
    let (portal, caller) = (&asked.portal, &asked.caller);
    let group = groups::get(portal, caller, id(text, "group")?).await?;
    let query = MembersQuery { kind: None, cursor: present(&asking.after), limit: None };
    let members = match members::list(portal, caller, group.id, &query).await {
        Ok(page) => Some(page),
        // A limited helpdesk knows that the group exists, but not who is in it.
        Err(ServiceError::NotFound { .. } | ServiceError::Forbidden(_)) => None,
        Err(error) => return Err(error),
    };
    let may_edit = Operation::GroupsMembersAdd.organisation(caller).is_ok();
    let found = match present(&asking.add) {
        Some(words) if may_edit => Some(search(asked, group.id, &words).await?),
        _ => None,
    };
    Ok(Group {
        next: members.as_ref().and_then(|page| page.next.clone()),
        members: members.map(|page| page.data),
        around: members::around(portal, caller, group.id).await?,
        assignments: assignments::of_group(portal, caller, group.id).await?,
        assignable: assignable(asked).await?,
        found,
        may_edit,
        asking,
        group,
    })
}

/// The page.
pub fn page(shown: Group) -> AnyView {
    let Group { group, asking, members, next, around, assignments, assignable, found, may_edit } = shown;
    let id = group.id;
    let lead = if group.description.is_empty() { "A group.".to_owned() } else { group.description.clone() };
    let (count, origin, changed, title) = (group.members, group.source, group.updated_at, group.name.clone());
    let profiles = assignments.len();
    let members = member_part(&group, members, next, &asking, may_edit);
    view! {
        <Page title=title.clone() task=Some(Task::Groups)>
            <Heading title lead within=("/groups", "Groups")>
                {may_edit
                    .then(|| {
                        view! {
                            <div class="actions">
                                <a class="btn btn-primary" href=format!("/groups/{id}/edit")>
                                    "Edit"
                                </a>
                                <a class="btn" href=format!("/groups/{id}/delete")>
                                    "Delete\u{2026}"
                                </a>
                            </div>
                        }
                    })}
            </Heading>
            {(asking.saved == "new")
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The group was created. Add members, then assign profiles to it."</p>
                        </Notice>
                    }
                })}
            {(asking.saved == "true" || asking.saved == "edit").then(|| view! { <Saved/> })}
            <Facts>
                <Fact name="Direct members">{super::list::members(count)}</Fact>
                <Fact name="Profiles">{profiles}</Fact>
                <Fact name="Source">{source(origin)}</Fact>
                <Fact name="Changed">
                    <Moment at=changed/>
                </Fact>
            </Facts>
            <Section title="Profiles">
                <GroupAssignments group=id rows=assignments profiles=assignable/>
            </Section>
            {(!around.is_empty())
                .then(|| {
                    view! {
                        <Section title="Within other groups">
                            <p>
                                "What reaches these groups reaches this one's members too: "
                                {links(around)}
                            </p>
                        </Section>
                    }
                })}
            <Section title="Members">
                {may_edit.then(|| view! { <Adding group=id words=asking.add.clone() found/> })}
                {members}
                <p class="quiet">
                    <a class="text" href=format!("/reports/held?group={id}")>
                        "Who was in it on a day, and what they held"
                    </a>
                </p>
            </Section>
        </Page>
    }
    .into_any()
}

fn links(groups: Vec<MembershipView>) -> AnyView {
    let last = groups.len().saturating_sub(1);
    groups
        .into_iter()
        .enumerate()
        .map(|(index, it)| {
            let end = if index == last { "." } else { ", " };
            view! {
                <a class="text" href=format!("/groups/{}", it.group.id)>
                    {it.group.name}
                </a>
                {end}
            }
        })
        .collect_view()
        .into_any()
}

fn member_part(
    group: &GroupView,
    members: Option<Vec<MemberView>>,
    next: Option<String>,
    asking: &Asking,
    may_edit: bool,
) -> AnyView {
    let id = group.id;
    match members {
        None => view! { <p class="quiet">"Who is in this group is not for you to see."</p> }.into_any(),
        Some(rows) if rows.is_empty() => view! {
            <Empty title="No member">
                <p>"Find people, devices or groups above and add them, or import memberships from a CSV file."</p>
                <a class="btn" href="/imports/new">
                    "Import"
                </a>
            </Empty>
        }
        .into_any(),
        Some(rows) => {
            let shown = counted(rows.len(), "member", "members");
            let address = |after: &str| crate::pages::address(&format!("/groups/{id}"), &[("after", after)]);
            let first = (!asking.after.is_empty()).then(|| address(""));
            let next = next.as_deref().map(address);
            let search = crate::pages::address("/users", &[("group", &id.to_string())]);
            view! {
                <Members group=id rows may_edit/>
                <Pager shown first next/>
                <p class="after">
                    <a class="text" href=search>
                        "Search its people"
                    </a>
                </p>
            }
            .into_any()
        }
    }
}
