//! The groups that a profile is assigned to, and those that are excluded.

use certporter::service::assignments::AssignmentView;
use certporter_model::ProfileId;
use certporter_model::assignment::AssignmentMode;
use leptos::prelude::*;

use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::Moment;

/// The section.
pub fn part(profile: ProfileId, assignments: Vec<AssignmentView>, may_write: bool) -> AnyView {
    if assignments.is_empty() {
        return view! {
            <Empty title="It reaches nobody">
                <p>"Assign it to a group: the devices of its members get a certificate."</p>
                {may_write
                    .then(|| {
                        view! {
                            <a class="btn" href=format!("/profiles/{profile}/assignments")>
                                "Assign it to a group"
                            </a>
                        }
                    })}
            </Empty>
        }
        .into_any();
    }
    view! {
        <Table label="Assignments" columns=&["Group", "Mode", "Since"]>
            {assignments
                .into_iter()
                .map(|assignment| {
                    let mode = match assignment.mode {
                        AssignmentMode::Include => Status::INCLUDED,
                        AssignmentMode::Exclude => Status::EXCLUDED,
                    };
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/groups/{}", assignment.group.id)>{assignment.group.name}</a>
                            </td>
                            <td class="state">
                                <State of=mode/>
                            </td>
                            <td data-label="Since">
                                <Moment at=assignment.valid_from/>
                            </td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
        {may_write
            .then(|| {
                view! {
                    <p class="after">
                        <a href=format!("/profiles/{profile}/assignments")>"Change the assignments"</a>
                    </p>
                }
            })}
    }
    .into_any()
}
