//! Devices across, profiles and what they are for down; on a narrow screen a list by device.

use certporter::service::helpdesk::grid::{CellState, GridCell, GridDevice, GridView};
use certporter_model::device::DeviceState;
use leptos::prelude::*;

use super::subject::Subject;
use crate::ui::status::{State, Status};
use crate::ui::table::Empty;
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// The grid of a person, or of a device by itself.
#[component]
pub fn Grid(
    /// What the service says.
    grid: GridView,
    /// From whose page.
    of: Subject,
) -> AnyView {
    if grid.devices.is_empty() || grid.rows.is_empty() {
        let text = match of {
            Subject::Person(_) if grid.devices.is_empty() => "This person has no device.",
            Subject::Person(_) => "No profile reaches this person or their devices.",
            Subject::Device(_) => "No profile reaches this device.",
        };
        return view! {
            <Empty title="No certificates">
                <p>{text}</p>
            </Empty>
        }
        .into_any();
    }
    view! { {wide(grid.clone(), of)} {narrow(grid, of)} }.into_any()
}

fn wide(grid: GridView, of: Subject) -> AnyView {
    view! {
        <div class="grid-wide">
            <table class="holdings" aria-label="What is on which device">
                <thead>
                    <tr>
                        <th scope="col">"Profile"</th>
                        {grid
                            .devices
                            .into_iter()
                            .map(|device| {
                                view! {
                                    <th scope="col">
                                        <a class="text" href=format!("/devices/{}", device.id)>
                                            {device.name.clone()}
                                        </a>
                                        {beside(device)}
                                    </th>
                                }
                            })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {grid
                        .rows
                        .into_iter()
                        .map(|row| {
                            view! {
                                <tr>
                                    <th scope="row">
                                        {row.profile.name.clone()}
                                        <span class="quiet">{words::feature(row.feature)}</span>
                                    </th>
                                    {row
                                        .cells
                                        .iter()
                                        .map(|cell| {
                                            view! { <td>{linked(cell, of.cell(cell.device, row.profile.id))}</td> }
                                        })
                                        .collect_view()}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What decides about a device, beside its name.
fn beside(device: GridDevice) -> AnyView {
    view! {
        <span class="quiet">
            {words::platform(device.platform)} ", seen "
            <PerhapsMoment at=device.last_contact_at otherwise="never"/>
        </span>
        {(device.state != DeviceState::Enrolled).then(|| view! { <State of=device.state/> })}
    }
    .into_any()
}

fn linked(cell: &GridCell, address: String) -> AnyView {
    let status = status(cell.state);
    view! {
        <a class="cell" href=address>
            <State of=status/>
        </a>
    }
    .into_any()
}

fn narrow(grid: GridView, of: Subject) -> AnyView {
    let GridView { devices, rows } = grid;
    let sections = devices.into_iter().enumerate().map(|(index, device)| {
        let each = rows.iter().filter_map(|row| {
            let cell = row.cells.get(index)?;
            Some(view! {
                <li>
                    <span>
                        {row.profile.name.clone()} " "
                        <span class="quiet">{words::feature(row.feature)}</span>
                    </span>
                    {linked(cell, of.cell(cell.device, row.profile.id))}
                </li>
            })
        });
        let each = each.collect_view();
        view! {
            <section>
                <h3>
                    <a class="text" href=format!("/devices/{}", device.id)>
                        {device.name.clone()}
                    </a>
                </h3>
                <p>{beside(device)}</p>
                <ul>{each}</ul>
            </section>
        }
    });
    view! { <div class="grid-narrow">{sections.collect_view()}</div> }.into_any()
}

/// How a cell stands, in a word.
#[must_use]
pub const fn status(state: CellState) -> Status {
    match state {
        CellState::Installed => Status::new("good", "circle-check", "Installed"),
        CellState::Offered => Status::new("busy", "send", "Offered"),
        CellState::Preparing => Status::new("busy", "loader", "Being prepared"),
        CellState::HandedOut => Status::new("wary", "circle-help", "Handed out, unconfirmed"),
        CellState::NotInstalled => Status::new("bad", "circle-x", "Not installed"),
        CellState::Gone => Status::new("wary", "triangle-alert", "Gone from the device"),
        CellState::Removing => Status::new("busy", "undo-2", "Being removed"),
        CellState::Expired => Status::new("bad", "hourglass", "Expired"),
        CellState::OnHold => Status::new("wary", "circle-pause", "On hold"),
        CellState::Revoked => Status::new("bad", "ban", "Revoked"),
        CellState::UnderWay => Status::new("busy", "loader", "On its way"),
        CellState::CaDecides => Status::new("busy", "hourglass", "The CA decides later"),
        CellState::WaitsForValue => Status::new("wary", "hourglass", "Waits for a value"),
        CellState::Failed => Status::new("bad", "circle-x", "Could not be issued"),
        CellState::Missing => Status::new("bad", "circle-alert", "Missing"),
        CellState::Excluded => Status::new("over", "ban", "Excluded"),
        CellState::OtherPlatform => Status::new("over", "ban", "Other platforms"),
        CellState::Unconfirmed => Status::new("wary", "clock", "To be confirmed"),
        CellState::None => Status::new("over", "circle-dashed", "Not for it"),
    }
}
