//! The rows of who held what, a table for each kind.

use certporter::service::reference::{DeviceReference, UserReference};
use certporter::service::reports::held::{
    HeldAssignment, HeldCertificate, HeldCopy, HeldDevice, HeldMembership,
};
use certporter_model::Timestamp;
use certporter_model::assignment::AssignmentMode;
use leptos::prelude::*;

use crate::ui::facts::Copied;
use crate::ui::status::{State, Status};
use crate::ui::table::Table;
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::words;

fn person(user: Option<UserReference>) -> AnyView {
    user.map(|user| view! { <a href=format!("/users/{}", user.id)>{user.display_name}</a> }).into_any()
}

fn on(device: Option<DeviceReference>) -> AnyView {
    device.map(|device| view! { <a href=format!("/devices/{}", device.id)>{device.name}</a> }).into_any()
}

/// From when until when it was so.
fn span(since: Timestamp, until: Option<Timestamp>) -> AnyView {
    view! {
        <td data-label="Since">
            <Moment at=since/>
        </td>
        <td data-label="Until">
            <PerhapsMoment at=until otherwise="still so"/>
        </td>
    }
    .into_any()
}

/// Certificates with their copies.
pub(super) fn certificates(rows: Vec<HeldCertificate>) -> AnyView {
    view! {
        <Table
            label="Certificates"
            columns=&["Subject", "Person", "Device", "Profile", "Serial number", "Valid", "Copies on that day"]
        >
            {rows
                .into_iter()
                .map(|row| {
                    let subject = if row.subject.is_empty() { "(no subject)".to_owned() } else { row.subject };
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/certificates/{}", row.id)>{subject}</a>
                                {row
                                    .revoked_at
                                    .map(|at| {
                                        let why = row.reason.map(words::reason).unwrap_or_default();
                                        view! { <p class="quiet">"Revoked " <Moment at/> ": " {why}</p> }
                                    })}
                            </td>
                            <td>{person(row.user)}</td>
                            <td>{on(row.device)}</td>
                            <td>{row.profile.name}</td>
                            <td class="serial">
                                <Copied value=row.serial.to_string()/>
                            </td>
                            <td data-label="Valid">
                                <Moment at=row.valid_from/>
                                " to "
                                <Moment at=row.valid_until/>
                            </td>
                            <td data-label="Copies">{copies(row.copies)}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

fn copies(copies: Vec<HeldCopy>) -> AnyView {
    if copies.is_empty() {
        return view! { <span class="quiet">"none"</span> }.into_any();
    }
    copies
        .into_iter()
        .map(|copy| {
            view! {
                <p>
                    {words::feature(copy.feature)}
                    " on "
                    <a href=format!("/devices/{}", copy.device.id)>{copy.device.name}</a>
                    ", since "
                    <PerhapsMoment at=copy.installed_at otherwise="then"/>
                    {copy.removed_at.map(|at| view! { ", removed " <Moment at/> })}
                </p>
            }
        })
        .collect_view()
        .into_any()
}

/// Whose devices were.
pub(super) fn devices(rows: Vec<HeldDevice>) -> AnyView {
    view! {
        <Table label="Devices" columns=&["Device", "Person", "Since", "Until"]>
            {rows
                .into_iter()
                .map(|row| {
                    view! {
                        <tr>
                            <td class="name">{on(Some(row.device))}</td>
                            <td>{person(Some(row.user))}</td>
                            {span(row.valid_from, row.valid_until)}
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// Who was in which group.
pub(super) fn memberships(rows: Vec<HeldMembership>) -> AnyView {
    view! {
        <Table label="Memberships" columns=&["Group", "Member", "Since", "Until"]>
            {rows
                .into_iter()
                .map(|row| {
                    let inner = row
                        .inner
                        .map(|group| view! { <a href=format!("/groups/{}", group.id)>{group.name}</a> " (group)" });
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/groups/{}", row.group.id)>{row.group.name}</a>
                            </td>
                            <td>{person(row.user)} {on(row.device)} {inner}</td>
                            {span(row.valid_from, row.valid_until)}
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// Which profiles were assigned to which groups.
pub(super) fn assignments(rows: Vec<HeldAssignment>) -> AnyView {
    view! {
        <Table label="Assignments" columns=&["Profile", "State", "Group", "Since", "Until"]>
            {rows
                .into_iter()
                .map(|row| {
                    let status = match row.mode {
                        AssignmentMode::Include => Status::INCLUDED,
                        AssignmentMode::Exclude => Status::EXCLUDED,
                    };
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/profiles/{}", row.profile.id)>{row.profile.name}</a>
                            </td>
                            <td class="state">
                                <State of=status/>
                            </td>
                            <td>
                                <a href=format!("/groups/{}", row.group.id)>{row.group.name}</a>
                            </td>
                            {span(row.valid_from, row.valid_until)}
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}
