//! The editor's sections: the field's own terms, and a line of help for each.

use certporter::service::profiles::IssuingCa;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;
use certporter_model::platform::Platform;
use certporter_model::profile::{KeyScope, PfxFormat, StrongMapping, SubjectType};
use leptos::prelude::*;

use super::editor_form::EditorForm;
use super::names::names;
use super::set_up::set_up;
use super::words;
use crate::ui::facts::Section;
use crate::ui::field::{
    CheckField, ChecksField, Choice, ChoiceField, LongField, NumberField, RadioField, TextField, Typed,
};
use crate::ui::words::{feature, platform};

/// All of them.
pub fn all(typed: &Typed<EditorForm>, cas: &[IssuingCa]) -> AnyView {
    view! {
        {basics(typed.clone())}
        {names(typed.clone())}
        {key(typed.clone())}
        {validity(typed.clone())}
        {delivery(typed.clone())}
        {set_up(typed.clone())}
        {escrow(typed.clone())}
        {issuing(typed.clone(), cas)}
        {self_service(typed.clone())}
    }
    .into_any()
}

fn basics(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    view! {
        <Section title="Basics">
            <TextField
                name="name"
                label="Name"
                value=form.name.clone()
                errors=errors.clone()
                hint="What administrators and users see, such as Wi-Fi and VPN."
            />
            <LongField
                name="description"
                label="Description"
                value=form.description.clone()
                errors=errors.clone()
                hint="A note for other administrators."
                rows=2
                optional=true
            />
        </Section>
    }
    .into_any()
}

fn key(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    let algorithms =
        KeyAlgorithm::ALL.iter().map(|it| (it.as_str(), words::key_algorithm(*it))).collect::<Vec<_>>();
    let scopes = vec![
        Choice::new(
            KeyScope::Device.as_str(),
            words::key_scope(KeyScope::Device),
            "For signing in: a lost device takes nothing else with it.",
        ),
        Choice::new(
            KeyScope::User.as_str(),
            words::key_scope(KeyScope::User),
            "For S/MIME: mail can be read on every device. Needs retained escrow.",
        ),
    ];
    view! {
        <Section title="Key and usage">
            <RadioField
                name="key_scope"
                label="Key scope"
                choices=scopes
                value=form.key_scope.clone()
                errors=errors.clone()
            />
            <ChoiceField
                name="key_algorithm"
                label="Key algorithm"
                choices=algorithms
                value=form.key_algorithm.clone()
                errors=errors.clone()
                hint="P-256 is quick and enough; RSA is for readers that know nothing else."
            />
            <ChecksField
                name="key_usage"
                label="Key usage"
                choices=words::choices(&words::KEY_USAGE)
                chosen=form.key_usage.clone()
                errors=errors.clone()
            />
            <ChecksField
                name="extended_key_usages"
                label="Extended key usage"
                choices=words::choices(&words::USAGES)
                chosen=form.usages.clone()
                errors=errors.clone()
            />
            <TextField
                name="further_usages"
                label="Further extended key usages"
                value=form.further_usages.clone()
                errors=errors.clone()
                hint="Object identifiers with spaces between, such as 1.3.6.1.5.5.7.3.2."
                optional=true
                exact=true
            />
        </Section>
    }
    .into_any()
}

fn validity(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    let follows = vec![
        Choice::new("now", "At once", "The certificate is reissued, and the old one superseded."),
        Choice::new("at_renewal", "At renewal", "The certificate stays until it is renewed anyway."),
    ];
    let follow = match form.on_attribute_change.as_str() {
        "" => "now".to_owned(),
        word => word.to_owned(),
    };
    view! {
        <Section title="Validity and renewal">
            <div class="side-by-side">
                <NumberField
                    name="validity_days"
                    label="Validity"
                    value=form.validity_days.clone()
                    errors=errors.clone()
                    most=3650
                    unit="days"
                    hint="From issue to expiry; never beyond the CA\u{2019}s own."
                />
                <NumberField
                    name="renewal_threshold_percent"
                    label="Renewal threshold"
                    value=form.renewal_threshold_percent.clone()
                    errors=errors.clone()
                    most=99
                    unit="% left"
                    hint="Renewal begins when so much of the validity is left."
                />
            </div>
            <RadioField
                name="on_attribute_change"
                label="When a value used in the names changes"
                choices=follows
                value=follow
                errors=errors.clone()
            />
            <CheckField
                name="keep_key_on_renewal"
                label="Renewal keeps the key"
                checked=form.keep_key_on_renewal
                errors=errors.clone()
                hint="Otherwise each certificate has a new one. Needs retained escrow."
            />
        </Section>
    }
    .into_any()
}

fn delivery(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    let platforms = Platform::ALL.iter().map(|it| (it.as_str(), platform(*it))).collect::<Vec<_>>();
    let features = Feature::ALL
        .iter()
        .map(|it| {
            let help = match it {
                Feature::Vpn => "Sign-in to a VPN.",
                Feature::Wifi => "Sign-in to Wi-Fi with EAP-TLS.",
                Feature::Email => "Sign-in to the mail server, S/MIME.",
                Feature::General => "The store of the device, for whatever asks.",
            };
            Choice::new(it.as_str(), feature(*it), help)
        })
        .collect::<Vec<_>>();
    let formats = vec![
        Choice::new(
            PfxFormat::Modern.as_str(),
            words::pfx_format(PfxFormat::Modern),
            "For all present systems.",
        ),
        Choice::new(
            PfxFormat::Compat.as_str(),
            words::pfx_format(PfxFormat::Compat),
            "For readers that know nothing newer. It stays inside the envelope for its one device.",
        ),
    ];
    view! {
        <Section title="Delivery">
            <ChecksField
                name="platforms"
                label="Platforms"
                choices=platforms
                chosen=form.platforms.clone()
                errors=errors.clone()
                hint="Devices of other platforms get nothing of this profile."
            />
            <ChecksField
                name="features"
                label="Features"
                choices=features
                chosen=form.features.clone()
                errors=errors.clone()
                hint="Each gets a copy of its own on the device."
            />
            <RadioField
                name="pfx_format"
                label="PFX format"
                choices=formats
                value=form.pfx_format.clone()
                errors=errors.clone()
            />
        </Section>
    }
    .into_any()
}

fn escrow(typed: Typed<EditorForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    let help = |policy| match policy {
        EscrowPolicy::None => "Destroyed as soon as every copy is sealed for its device.",
        EscrowPolicy::UntilDelivered => "Destroyed once every copy is confirmed to be installed.",
        EscrowPolicy::Retained => {
            "Kept with the key recovery agent, for later devices and for recovery. Right for keys that decrypt."
        }
    };
    let policies = EscrowPolicy::ALL
        .iter()
        .map(|it| Choice::new(it.as_str(), words::escrow(*it), help(*it)))
        .collect::<Vec<_>>();
    view! {
        <Section title="Escrow">
            <RadioField
                name="escrow"
                label="How long the private key is kept"
                choices=policies
                value=form.escrow.clone()
                errors=errors.clone()
            />
            <CheckField
                name="deliver_history"
                label="Earlier keys for new devices"
                checked=form.deliver_history
                errors=errors.clone()
                hint="A new device also gets the keys of earlier certificates, to read old mail. For keys of user scope that decrypt."
            />
        </Section>
    }
    .into_any()
}

fn issuing(typed: Typed<EditorForm>, cas: &[IssuingCa]) -> AnyView {
    let Typed { values: form, errors } = typed;
    let cas = cas
        .iter()
        .map(|ca| {
            let words = match ca.days_left {
                Some(days) => format!("{} (its certificate ends in {days} days)", ca.name),
                None => ca.name.clone(),
            };
            (ca.name.clone(), words)
        })
        .collect::<Vec<_>>();
    view! {
        <Section title="Issuing">
            <ChoiceField
                name="ca"
                label="Issuing CA"
                choices=cas
                value=form.ca.clone()
                errors=errors.clone()
                hint="Signs the certificates."
            />
            <div class="side-by-side">
                <TextField
                    name="template"
                    label="Template"
                    value=form.template.clone()
                    errors=errors.clone()
                    hint="Template or role at that CA. The built-in one needs none."
                    optional=true
                />
                <TextField
                    name="connector_pool"
                    label="Connector pool"
                    value=form.connector_pool.clone()
                    errors=errors.clone()
                    hint="The connectors that may work on it."
                />
            </div>
        </Section>
    }
    .into_any()
}

fn self_service(typed: Typed<EditorForm>) -> AnyView {
    view! {
        <Section title="Self-service">
            <CheckField
                name="user_may_reissue"
                label="Users may reissue their own certificate"
                checked=typed.values.user_may_reissue
                errors=typed.errors.clone()
                hint="From their own page, without asking the helpdesk."
            />
        </Section>
    }
    .into_any()
}

/// Whom the certificate names, as choices.
pub fn subject_types() -> Vec<Choice> {
    vec![
        Choice::new(
            SubjectType::User.as_str(),
            words::subject_type(SubjectType::User),
            "Only devices with an owner get one.",
        ),
        Choice::new(
            SubjectType::Device.as_str(),
            words::subject_type(SubjectType::Device),
            "Shared devices get one too.",
        ),
    ]
}

/// Where the SID goes, as choices.
pub fn strong_mappings() -> Vec<(&'static str, &'static str)> {
    StrongMapping::ALL.iter().map(|it| (it.as_str(), words::strong_mapping(*it))).collect()
}
