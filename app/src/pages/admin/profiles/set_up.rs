//! The editor's section of what the features need on a device beside the certificate.

use certporter_model::FieldErrors;
use certporter_model::feature_settings::FeatureSettings;
use certporter_model::platform::Platform;
use certporter_model::profile::ProfileDraft;
use leptos::prelude::*;

use super::editor_form::EditorForm;
use crate::ui::facts::Section;
use crate::ui::field::{CheckField, LongField, TextField, Typed};
use crate::ui::words::sentence;

/// What a profile doesn't say that devices of its platforms could be set up with.
pub fn missing(draft: &ProfileDraft) -> AnyView {
    let set_up = |platform: &Platform| matches!(platform, Platform::Ios | Platform::Macos | Platform::Linux);
    if !draft.platforms.iter().any(set_up) {
        return ().into_any();
    }
    let settings = FeatureSettings::parse(&draft.feature_settings, "", &mut FieldErrors::new());
    settings
        .missing(&draft.features)
        .into_iter()
        .map(|missing| view! { <p class="quiet">{sentence(missing.sentence)}</p> })
        .collect_view()
        .into_any()
}

/// The section.
pub fn set_up(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let form = values.set_up;
    let line = |name: &str, label: &'static str, value: &str, hint: &'static str| {
        let (name, value, errors) = (format!("feature_settings.{name}"), value.to_owned(), errors.clone());
        view! { <TextField name label=label value errors hint=hint optional=true exact=true/> }.into_any()
    };
    let wifi = [
        line("wifi.ssid", "SSID", &form.ssid, "The network\u{2019}s name, 1 to 32 octets."),
        line(
            "wifi.server_names",
            "Trusted RADIUS servers",
            &form.server_names,
            "DNS names in the servers\u{2019} certificates, with spaces between.",
        ),
    ];
    let vpn = [
        line("vpn.server", "VPN server", &form.vpn_server, "DNS name or address of the gateway, for IKEv2."),
        line(
            "vpn.remote_id",
            "Remote ID",
            &form.remote_id,
            "What the gateway\u{2019}s certificate names; the server when empty.",
        ),
    ];
    let mail = [
        line("email.incoming_server", "Incoming mail server", &form.incoming_server, "IMAP, with TLS."),
        line(
            "email.outgoing_server",
            "Outgoing mail server",
            &form.outgoing_server,
            "SMTP, with TLS; the incoming server when empty.",
        ),
        line("email.address", "Mail address", &form.address, "With variables; {{EmailAddress}} when empty."),
    ];
    let of_hidden = errors.clone();
    view! {
        <Section title="Set-up on devices">
            <p class="quiet">
                "For Apple\u{2019}s configuration profiles and the snippets for Linux. It is in no certificate: a change of it reissues nothing."
            </p>
            <fieldset class="field choices">
                <legend>"Wi-Fi"</legend>
                {wifi.into_iter().collect_view()}
                <CheckField
                    name="feature_settings.wifi.hidden"
                    label="The network doesn\u{2019}t say its name"
                    checked=form.hidden
                    errors=of_hidden
                />
            </fieldset>
            <fieldset class="field choices">
                <legend>"VPN"</legend>
                {vpn.into_iter().collect_view()}
            </fieldset>
            <fieldset class="field choices">
                <legend>"Mail"</legend>
                {mail.into_iter().collect_view()}
            </fieldset>
            <LongField
                name="feature_settings.server_cas"
                label="CAs of the Wi-Fi and VPN servers"
                value=form.server_cas
                errors
                hint="CA certificates in PEM; the root above the device\u{2019}s own certificate when empty."
                rows=3
                optional=true
                exact=true
            />
        </Section>
    }
    .into_any()
}
