//! Which profiles reach a device or a user's devices, and why, or why not: a section of their pages.

use certporter::service::reach::{Outcome, ProfileReach, ReachReason};
use leptos::prelude::*;

use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};

/// Every profile with what it does here. `with_devices` names the device of each row: for a user, who has several.
#[component]
pub fn Why(
    /// What the service says.
    reach: Vec<ProfileReach>,
    /// Whether the rows are about several devices.
    #[prop(optional)]
    with_devices: bool,
) -> AnyView {
    if reach.is_empty() {
        return view! {
            <Empty title="No profile yet">
                <p>"A profile says what a certificate holds; assigned to a group, it reaches the group's members."</p>
                <a class="btn" href="/profiles">
                    "To the profiles"
                </a>
            </Empty>
        }
        .into_any();
    }
    let columns: &[&str] =
        if with_devices { &["Profile", "Outcome", "Device", "Why"] } else { &["Profile", "Outcome", "Why"] };
    view! {
        <Table label="Profiles and why they reach or don't" columns=columns>
            {reach.into_iter().map(|it| row(it, with_devices)).collect_view()}
        </Table>
    }
    .into_any()
}

fn row(it: ProfileReach, with_devices: bool) -> AnyView {
    let device = with_devices.then(|| match it.device {
        Some(device) => {
            let address = format!("/devices/{}", device.id);
            view! {
                <td>
                    <a href=address>{device.name}</a>
                </td>
            }
            .into_any()
        }
        None => view! { <td class="quiet">"any device"</td> }.into_any(),
    });
    view! {
        <tr>
            <td class="name">
                <a href=format!("/profiles/{}", it.profile.id)>{it.profile.name}</a>
            </td>
            <td class="state">
                <State of=status(it.outcome)/>
            </td>
            {device}
            <td>{it.reasons.into_iter().map(reason).collect_view()}</td>
        </tr>
    }
    .into_any()
}

const fn status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Gets => Status::new("good", "circle-check", "Gets it"),
        Outcome::Waits => Status::new("wary", "hourglass", "Waits"),
        Outcome::Held => Status::new("wary", "circle-pause", "On hold"),
        Outcome::None => Status::new("over", "ban", "Doesn't get it"),
    }
}

/// A reason; the groups that it names become links.
pub fn reason(reason: ReachReason) -> AnyView {
    let mut rest = reason.text.as_str();
    let mut parts = Vec::new();
    // The text names the assigned group first, then the one that the member is in.
    let last = reason.groups.len().saturating_sub(1);
    let named = reason.groups.iter().enumerate().filter(|(index, _)| *index == 0 || *index == last);
    for (_, group) in named {
        let Some((before, after)) = rest.split_once(&format!("group {}", group.name)) else { break };
        parts.push(view! { <span>{format!("{before}group ")}</span> }.into_any());
        parts.push(
            view! { <a class="text" href=format!("/groups/{}", group.id)>{group.name.clone()}</a> }
                .into_any(),
        );
        rest = after;
    }
    view! { <p>{parts} {rest.to_owned()}</p> }.into_any()
}
