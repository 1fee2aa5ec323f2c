//! Assignments as sections of pages: of a profile's, which groups; of a group's, which profiles.

use certporter::service::assignments::{AssignmentView, GroupAssignmentView};
use certporter_model::assignment::AssignmentMode;
use certporter_model::{GroupId, ProfileId};
use leptos::prelude::*;

use crate::ui::notice::{Notice, Tone};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::Moment;

/// A profile's assignments, as a section of its page.
#[component]
pub fn ProfileAssignments(
    /// The profile.
    profile: ProfileId,
    /// Its assignments.
    rows: Vec<AssignmentView>,
    /// Whether the caller may end them.
    may_edit: bool,
) -> AnyView {
    if rows.is_empty() {
        return view! {
            <Empty title="Assigned to nobody">
                <p>"Assign it to a group: the group's members get certificates by themselves."</p>
                <a class="btn" href=format!("/profiles/{profile}/assignments")>
                    "Assign it"
                </a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Assignments" columns=&["Group", "How", "Since", ""]>
            {rows
                .into_iter()
                .map(|row| {
                    let end = format!("/profiles/{profile}/assignments/{}/end", row.id);
                    let group = format!("/groups/{}", row.group.id);
                    assigned(group, row.group.name, row.mode, row.valid_from, may_edit.then_some(end))
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// A group's assignments, with the form that adds one.
#[component]
pub fn GroupAssignments(
    /// The group.
    group: GroupId,
    /// Its assignments.
    rows: Vec<GroupAssignmentView>,
    /// Profiles that can be assigned; none where the caller may not.
    profiles: Vec<(ProfileId, String)>,
) -> AnyView {
    let may_edit = !profiles.is_empty();
    let taken: Vec<ProfileId> = rows.iter().map(|row| row.profile.id).collect();
    let left: Vec<_> = profiles.into_iter().filter(|(id, _)| !taken.contains(id)).collect();
    view! {
        {if rows.is_empty() {
            view! { <p class="quiet">"No profile is assigned to this group itself."</p> }.into_any()
        } else {
            view! {
                <Table label="Profiles of this group" columns=&["Profile", "How", "Since", ""]>
                    {rows
                        .into_iter()
                        .map(|row| {
                            let end = format!("/groups/{group}/assignments/{}/end", row.id);
                            let profile = format!("/profiles/{}", row.profile.id);
                            assigned(profile, row.profile.name, row.mode, row.valid_from, may_edit.then_some(end))
                        })
                        .collect_view()}
                </Table>
            }
                .into_any()
        }}
        {(!left.is_empty())
            .then(|| {
                view! {
                    <form class="filters after" method="post" action=format!("/groups/{group}/assignments")>
                        <label>
                            "Profile"
                            <select class="select" name="profile" required>
                                <option value="">"Choose\u{2026}"</option>
                                {left
                                    .into_iter()
                                    .map(|(id, name)| view! { <option value=id.to_string()>{name}</option> })
                                    .collect_view()}
                            </select>
                        </label>
                        <label>
                            "How"
                            <select class="select" name="mode">
                                <option value="include">"Members get it"</option>
                                <option value="exclude">"Members never get it"</option>
                            </select>
                        </label>
                        <button class="btn" type="submit">
                            "Assign"
                        </button>
                    </form>
                }
            })}
    }
    .into_any()
}

fn assigned(
    address: String,
    name: String,
    mode: AssignmentMode,
    since: certporter_model::Timestamp,
    end: Option<String>,
) -> AnyView {
    let status = match mode {
        AssignmentMode::Include => Status::INCLUDED,
        AssignmentMode::Exclude => Status::EXCLUDED,
    };
    let label = format!("End the assignment to {name}");
    view! {
        <tr>
            <td class="name">
                <a href=address>{name}</a>
            </td>
            <td class="state">
                <State of=status/>
            </td>
            <td data-label="Since">
                <Moment at=since/>
            </td>
            <td>
                {end
                    .map(|action| {
                        view! {
                            <form method="post" action=action>
                                <button class="btn btn-sm" type="submit" aria-label=label>
                                    "End"
                                </button>
                            </form>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}

/// Says that a change was done.
#[component]
pub fn Saved() -> AnyView {
    view! {
        <Notice tone=Tone::Good>
            <p>"Done. What follows from it is on its way; the devices' pages tell how far."</p>
        </Notice>
    }
    .into_any()
}
