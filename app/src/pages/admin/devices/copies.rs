//! The copies on a device: by profile and feature, each with its certificate, its state, and what went wrong.

use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::{CertificateId, ProfileId, Timestamp};
use leptos::prelude::*;

use crate::ui::status::State;
use crate::ui::table::{Empty, Table};
use crate::ui::time::PerhapsMoment;
use crate::ui::words;

/// A copy on the device.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The profile and its name.
    pub profile: (ProfileId, String),
    /// What it is used for.
    pub feature: Feature,
    /// Where it is.
    pub state: CopyState,
    /// Since when.
    pub since: Timestamp,
    /// Its certificate and that certificate's serial number.
    pub certificate: (CertificateId, String),
    /// Until when the certificate is good.
    pub until: Timestamp,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// The copies that the device has or is to have; those that are gone are folded away.
pub fn table(copies: Vec<Copy>, state: DeviceState) -> AnyView {
    let (gone, there): (Vec<_>, Vec<_>) =
        copies.into_iter().partition(|copy| copy.state == CopyState::Removed);
    let many = gone.len();
    view! {
        {if there.is_empty() {
            nothing(state)
        } else {
            view! {
                <Table label="Certificates on this device" columns=COLUMNS>
                    {there.into_iter().map(row).collect_view()}
                </Table>
            }
                .into_any()
        }}
        {(!gone.is_empty())
            .then(|| {
                let words = if many == 1 { "1 that is gone".to_owned() } else { format!("{many} that are gone") };
                view! {
                    <details class="more">
                        <summary>{words}</summary>
                        <Table label="Certificates that are gone from this device" columns=COLUMNS>
                            {gone.into_iter().map(row).collect_view()}
                        </Table>
                    </details>
                }
            })}
    }
    .into_any()
}

const COLUMNS: &[&str] = &["Profile", "State", "For", "Since", "Certificate", "Good until"];

fn nothing(state: DeviceState) -> AnyView {
    let next = match state {
        DeviceState::Enrolled => {
            "Assign a profile to a group that the device or its owner is in: its certificates come by themselves."
        }
        DeviceState::Registered => {
            "Certificates come once the device is enrolled and a profile is assigned to it or its owner."
        }
        _ => "In this state the device gets none.",
    };
    view! {
        <Empty title="No certificate">
            <p>{next}</p>
        </Empty>
    }
    .into_any()
}

fn row(copy: Copy) -> AnyView {
    let (id, serial) = copy.certificate;
    let (profile, name) = copy.profile;
    view! {
        <tr>
            <td class="name">
                <a href=format!("/profiles/{profile}")>{name}</a>
                {copy.cause.map(|cause| view! { <p class="quiet">{cause}</p> })}
                {copy
                    .remedy
                    .map(|remedy| {
                        view! {
                            <p class="quiet">
                                <strong>"What to do: "</strong>
                                {remedy}
                            </p>
                        }
                    })}
            </td>
            <td class="state">
                <State of=copy.state/>
            </td>
            <td>{words::feature(copy.feature)}</td>
            <td data-label="Since">
                <PerhapsMoment at=Some(copy.since) otherwise=""/>
            </td>
            <td>
                <a class="mono" href=format!("/certificates/{id}")>{serial}</a>
            </td>
            <td data-label="Good until">
                <PerhapsMoment at=Some(copy.until) otherwise=""/>
            </td>
        </tr>
    }
    .into_any()
}
