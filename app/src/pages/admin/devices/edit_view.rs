//! The form of what is known of a device, and what follows from saving it.

use certporter::service::devices::DeviceView;
use certporter_model::DeviceId;
use certporter_model::platform::Platform;
use leptos::prelude::*;

use super::edit::DeviceForm;
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{Buttons, ChoiceField, Hidden, LongField, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::table::Table;
use crate::ui::words;

/// A field in which what is saved and what was typed differ.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The field.
    pub name: &'static str,
    /// What is saved now.
    pub now: String,
    /// What was typed.
    pub typed: String,
}

/// The page of a new device.
pub fn new(typed: Typed<DeviceForm>) -> AnyView {
    let owner = typed.values.owner.clone();
    let errors = typed.errors.clone();
    view! {
        <Page title="Register a device".to_owned() task=Some(Task::Devices)>
            <Heading
                title="Register a device"
                lead="It is known from then on, and enrols with a one-time code that you make next."
                within=("/devices", "Devices")
            />
            <form class="form" method="post" action="/devices/new">
                <FormErrors errors=errors.clone()/>
                <Named typed=typed.clone()/>
                <TextField
                    name="owner"
                    label="Owner"
                    hint="User name, principal name or e-mail address. Empty for a device that several people share."
                    value=owner
                    errors=errors
                    optional=true
                />
                <Hardware typed/>
                <Buttons submit="Register this device" back="/devices"/>
            </form>
        </Page>
    }
    .into_any()
}

/// The page of a device that is changed; with who was faster and where both differ, if somebody was.
pub fn edit(
    view: DeviceView,
    typed: Typed<DeviceForm>,
    changed: Option<(Option<String>, Vec<Difference>)>,
) -> AnyView {
    let here = format!("/devices/{}", view.device.id);
    let title = format!("Edit {}", view.device.name);
    let version = typed.values.version.to_string();
    let action = format!("{here}/edit");
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading
                title
                lead="What is known of the device. What stands in a certificate\u{2019}s name may reissue it: that is shown before it is done."
                within=("/devices", "Devices")
            />
            {changed.map(|(by, differences)| stale(by, differences))}
            <form class="form" method="post" action=action>
                <FormErrors errors=typed.errors.clone()/>
                <Hidden name="version" value=version/>
                <Named typed=typed.clone()/>
                <Hardware typed/>
                <Buttons submit="Save" back=here/>
            </form>
        </Page>
    }
    .into_any()
}

/// The page that shows what follows from saving.
pub fn preview(id: DeviceId, name: String, fields: Vec<(String, String)>, shown: Shown) -> AnyView {
    let here = format!("/devices/{id}");
    let title = format!("Edit {name}");
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading
                title
                lead="Something that you changed stands in certificates."
                within=("/devices", "Devices")
            />
            <Preview shown action=format!("{here}/edit") fields submit="Save" back=format!("{here}/edit")/>
        </Page>
    }
    .into_any()
}

fn stale(by: Option<String>, differences: Vec<Difference>) -> AnyView {
    let who = by.unwrap_or_else(|| "somebody else".to_owned());
    let rows = differences.into_iter().map(|one| {
        view! {
            <tr>
                <td class="name">{one.name}</td>
                <td data-label="Saved:">{one.now}</td>
                <td data-label="Yours:">{one.typed}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Notice tone=Tone::Bad>
            <p>
                {format!(
                    "Nothing was saved: the device was changed by {who} since you opened it. Your values are still in the form; saving again overwrites what is saved now.",
                )}
            </p>
        </Notice>
        <Table label="Where both differ" columns=&["Field", "Saved now", "Yours"]>
            {rows}
        </Table>
        <div class="gap"></div>
    }
    .into_any()
}

#[component]
fn Named(typed: Typed<DeviceForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let platforms: Vec<_> =
        Platform::ALL.iter().map(|&platform| (platform.as_str(), words::platform(platform))).collect();
    view! {
        <TextField
            name="name"
            label="Name"
            hint="As people call it; {{DeviceName}} in a profile."
            value=values.name
            errors=errors.clone()
            first=true
        />
        <ChoiceField name="platform" label="Platform" choices=platforms value=values.platform errors=errors/>
    }
    .into_any()
}

#[component]
fn Hardware(typed: Typed<DeviceForm>) -> AnyView {
    let Typed { values, errors } = typed;
    view! {
        <TextField
            name="serial_number"
            label="Serial number"
            hint="The maker\u{2019}s; {{SerialNumber}} in a profile."
            value=values.serial_number
            errors=errors.clone()
            optional=true
            exact=true
        />
        <TextField
            name="imei"
            label="IMEI"
            hint="15 digits; {{IMEINumber}} in a profile."
            value=values.imei
            errors=errors.clone()
            optional=true
            exact=true
        />
        <TextField
            name="meid"
            label="MEID"
            hint="14 hexadecimal digits; {{MEID}} in a profile."
            value=values.meid
            errors=errors.clone()
            optional=true
            exact=true
        />
        <TextField
            name="wifi_mac"
            label="Wi-Fi address"
            hint="Six octets, such as 02:00:5e:10:00:01; {{WiFiMacAddress}} in a profile."
            value=values.wifi_mac
            errors=errors.clone()
            optional=true
            exact=true
        />
        <TextField
            name="fqdn"
            label="Domain name"
            hint="Fully qualified; {{FullyQualifiedDomainName}} in a profile."
            value=values.fqdn
            errors=errors.clone()
            optional=true
            exact=true
        />
        <TextField
            name="external_id"
            label="External id"
            hint="What the device is called where the data comes from."
            value=values.external_id
            errors=errors.clone()
            optional=true
            exact=true
        />
        <LongField
            name="attributes"
            label="Further values"
            hint="A line each, as CostCentre = 4711; a profile uses it as {{CostCentre}}."
            value=values.attributes
            errors=errors
            optional=true
            exact=true
        />
    }
    .into_any()
}
