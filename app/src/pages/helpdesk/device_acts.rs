//! What can be done with each device.

use certporter::service::helpdesk::grid::GridDevice;
use certporter_model::device::DeviceState;
use leptos::prelude::*;

use super::act::Act;
use super::findings::May;
use super::subject::Subject;
use crate::ui::facts::Section;
use crate::ui::status::State;
use crate::ui::table::Table;
use crate::ui::time::PerhapsMoment;

/// Devices with how they are and what the caller may do with each.
pub(super) fn device_table(devices: Vec<GridDevice>, of: Subject, may: May) -> AnyView {
    let title = match of {
        Subject::Person(_) => "What can be done with a device",
        Subject::Device(_) => "What can be done with it",
    };
    view! {
        <Section title>
            <div class="device-acts">
                <Table label="Devices" columns=&["Name", "State", "Last seen", ""]>
                    {devices.into_iter().map(|device| device_row(device, of, may)).collect_view()}
                </Table>
            </div>
        </Section>
    }
    .into_any()
}

fn device_row(device: GridDevice, of: Subject, may: May) -> AnyView {
    let acts = [
        (Act::UnblockDevice, may.block_device && device.state == DeviceState::Blocked),
        (Act::BlockDevice, may.block_device && device.state == DeviceState::Enrolled),
        (Act::Lost, may.lose && device.state.to(DeviceState::Lost).is_ok()),
        (Act::Retire, may.retire && device.state.to(DeviceState::Retired).is_ok()),
        (Act::Wiped, may.lose && device.state.to(DeviceState::Wiped).is_ok()),
    ];
    let code = may.code && !matches!(device.state, DeviceState::Blocked | DeviceState::Deleted);
    let name = device.name.clone();
    view! {
        <tr>
            <td class="name">
                <a href=format!("/devices/{}", device.id)>{device.name}</a>
            </td>
            <td class="state">
                <State of=device.state/>
            </td>
            <td data-label="Last seen">
                <PerhapsMoment at=device.last_contact_at otherwise="never"/>
            </td>
            <td class="act">
                <div class="buttons">
                    {code
                        .then(|| {
                            let label = format!("New enrolment code for {name}");
                            view! {
                                <a class="btn btn-sm" href=format!("{of}/code/{}", device.id) aria-label=label>
                                    "New enrolment code"
                                </a>
                            }
                        })}
                    {acts
                        .into_iter()
                        .filter(|(_, offered)| *offered)
                        .map(|(act, _)| {
                            let label = format!("{}: {name}", act.words());
                            view! {
                                <a class="btn btn-sm" href=act.address(of, device.id) aria-label=label>
                                    {act.words()}
                                </a>
                            }
                        })
                        .collect_view()}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
