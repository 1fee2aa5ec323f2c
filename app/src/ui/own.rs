//! The frame of the pages on which people look after what is theirs: few and large things, no sidebar.

use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use leptos::prelude::*;

use super::icon::Icon;
use super::layout::{Account, Document, Surroundings};
use super::status::Status;

/// Where one is among one's own pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPlace {
    /// One's devices.
    Devices,
    /// One's certificates.
    Certificates,
    /// What happened in one's name.
    Events,
}

const PLACES: [(OwnPlace, &str, &str, &str); 3] = [
    (OwnPlace::Devices, "/me", "monitor-smartphone", "Devices"),
    (OwnPlace::Certificates, "/me/certificates", "file-badge", "Certificates"),
    (OwnPlace::Events, "/me/events", "history", "History"),
];

/// A page of one's own.
#[component]
pub fn OwnPage(
    /// The title in the browser's tab.
    title: String,
    /// Where it belongs.
    place: OwnPlace,
    /// Heading and content.
    children: Children,
) -> AnyView {
    let favicon = expect_context::<Surroundings>().favicon;
    view! {
        <Document title>
            <a class="skip" href="#main">"Skip to the content"</a>
            <div class="own">
                <header class="own-top">
                    <a class="brand" href="/me">
                        <img src=favicon alt="" width="24" height="24"/>
                        "certporter"
                    </a>
                    <Account/>
                </header>
                <nav class="own-places" aria-label="Your pages">
                    <ul>
                        {PLACES
                            .into_iter()
                            .map(|(its, address, icon, name)| {
                                view! {
                                    <li>
                                        <a href=address aria-current=(its == place).then_some("page")>
                                            <Icon name=icon/>
                                            {name}
                                        </a>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                </nav>
                <main id="main">{children()}</main>
            </div>
        </Document>
    }
    .into_any()
}

/// A large thing to press that leads somewhere.
#[component]
pub fn BigLink(
    /// Where it leads.
    #[prop(into)]
    address: String,
    /// Its icon.
    icon: &'static str,
    /// What it does.
    words: &'static str,
    /// How it looks: `btn-primary`, `btn-error btn-outline`, or nothing.
    #[prop(optional)]
    tone: &'static str,
) -> AnyView {
    view! {
        <a class=format!("btn big {tone}") href=address>
            <Icon name=icon/>
            {words}
        </a>
    }
    .into_any()
}

/// A large button that sends a form with nothing in it.
#[component]
pub fn BigButton(
    /// Where the form goes.
    #[prop(into)]
    address: String,
    /// Its icon.
    icon: &'static str,
    /// What it does.
    words: &'static str,
    /// How it looks.
    #[prop(default = "btn-primary")]
    tone: &'static str,
) -> AnyView {
    view! {
        <form method="post" action=address>
            <button class=format!("btn big {tone}") type="submit">
                <Icon name=icon/>
                {words}
            </button>
        </form>
    }
    .into_any()
}

/// What a kind of device looks like.
#[must_use]
pub const fn platform_icon(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios | Platform::Android => "smartphone",
        Platform::Linux | Platform::Windows | Platform::Macos => "laptop",
        Platform::Other => "monitor-smartphone",
    }
}

/// What a kind of device is called by people who have one.
#[must_use]
pub const fn platform_words(platform: Platform) -> &'static str {
    match platform {
        Platform::Ios => "iPhone or iPad",
        Platform::Android => "Android phone or tablet",
        Platform::Windows => "Windows computer",
        Platform::Macos => "Mac",
        Platform::Linux => "Linux computer",
        Platform::Other => "Something else",
    }
}

/// A device's state in plain words.
#[must_use]
pub const fn device_status(state: DeviceState) -> Status {
    match state {
        DeviceState::Registered => Status::new("busy", "circle-dashed", "Not set up yet"),
        DeviceState::Enrolled => Status::new("good", "circle-check", "In use"),
        DeviceState::Blocked => Status::new("wary", "circle-pause", "Blocked"),
        DeviceState::Retired => Status::new("over", "archive", "Removed"),
        DeviceState::Lost => Status::new("bad", "circle-alert", "Lost"),
        DeviceState::Wiped => Status::new("over", "eraser", "Erased"),
        DeviceState::Deleted => Status::new("over", "trash-2", "Deleted"),
    }
}

/// What a certificate is for, in plain words.
#[must_use]
pub const fn purpose(feature: Feature) -> &'static str {
    match feature {
        Feature::Vpn => "Connect from outside (VPN)",
        Feature::Wifi => "Join the Wi-Fi",
        Feature::Email => "Sign and read protected e-mail",
        Feature::General => "Sign in where a certificate is asked for",
    }
}

/// Its icon.
#[must_use]
pub const fn purpose_icon(feature: Feature) -> &'static str {
    match feature {
        Feature::Vpn => "lock",
        Feature::Wifi => "wifi",
        Feature::Email => "mail",
        Feature::General => "shield-check",
    }
}
