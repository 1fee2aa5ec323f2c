//! The editor's section of names: subject, alternative names as rows, and the variables that they can use.

use certporter_model::subject_alternative_name::SanKind;
use certporter_model::variable::Variable;
use leptos::prelude::*;

use super::editor_form::{EditorForm, SanRow};
use super::sections::{strong_mappings, subject_types};
use super::words;
use crate::ui::facts::Section;
use crate::ui::field::{Beside, ChoiceField, RadioField, TextField, Typed};
use crate::ui::icon::Icon;

/// The section.
pub fn names(typed: Typed<EditorForm>) -> AnyView {
    let rows = rows(&typed);
    let Typed { values: form, errors } = typed;
    view! {
        <Section title="Names">
            <RadioField
                name="subject_type"
                label="The certificate names"
                choices=subject_types()
                value=form.subject_type.clone()
                errors=errors.clone()
            />
            <TextField
                name="subject"
                label="Subject"
                value=form.subject.clone()
                errors=errors.clone()
                hint="A distinguished name with variables, such as CN={{UserName}},O=Example."
                exact=true
            />
            {rows}
            <ChoiceField
                name="strong_mapping"
                label="SID for strong mapping"
                choices=strong_mappings()
                value=form.strong_mapping.clone()
                errors=errors.clone()
                hint="Windows domains ask for the user\u{2019}s SID in certificates that sign in."
            />
            {variables()}
        </Section>
    }
    .into_any()
}

fn rows(typed: &Typed<EditorForm>) -> AnyView {
    let mut rows = typed.values.sans.clone();
    if rows.is_empty() {
        rows.push(SanRow { kind: SanKind::Email.as_str().to_owned(), value: String::new() });
    }
    view! {
        <fieldset class="field choices" id="subject_alternative_names">
            <legend>"Subject alternative names"</legend>
            {rows.into_iter().enumerate().map(|(index, row)| one(index, row, typed)).collect_view()}
            <Beside
                name="subject_alternative_names"
                errors=typed.errors.clone()
                hint="One for each name that servers look for. A row that stays empty counts for nothing."
            />
            <div>
                <button class="btn btn-sm" type="submit" name="do" value="add-name">
                    <Icon name="plus"/>
                    "Add a name"
                </button>
            </div>
        </fieldset>
    }
    .into_any()
}

fn one(index: usize, row: SanRow, typed: &Typed<EditorForm>) -> AnyView {
    let field = format!("subject_alternative_names[{index}]");
    let wrong = typed.errors.of(&field).next().is_some();
    let described = format!("{field}-wrong");
    let number = index + 1;
    view! {
        <div class="field">
            <div class="name-row">
                <select class="select" name="san_kind" aria-label=format!("Kind of name {number}")>
                    {SanKind::ALL
                        .iter()
                        .map(|kind| {
                            let selected = kind.as_str() == row.kind;
                            view! {
                                <option value=kind.as_str() selected=selected>
                                    {words::san_kind(*kind)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                <input
                    class="input mono"
                    class:input-error=wrong
                    id=field.clone()
                    name="san_value"
                    value=row.value
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=format!("Name {number}")
                    aria-invalid=wrong.then_some("true")
                    aria-describedby=described
                />
                <button
                    class="btn btn-ghost btn-square"
                    type="submit"
                    name="do"
                    value=format!("remove-name-{index}")
                    aria-label=format!("Remove name {number}")
                >
                    <Icon name="trash-2"/>
                </button>
            </div>
            <Beside name=field errors=typed.errors.clone()/>
        </div>
    }
    .into_any()
}

/// What stands for what, to look up.
fn variables() -> AnyView {
    let (of_device, of_user): (Vec<&Variable>, Vec<&Variable>) =
        Variable::BUILT_IN.iter().partition(|variable| variable.is_of_device());
    let listed = |variables: Vec<&Variable>| {
        variables
            .into_iter()
            .map(|variable| {
                view! {
                    <dt class="mono">{variable.to_string()}</dt>
                    <dd>{meaning(variable)}</dd>
                }
            })
            .collect_view()
    };
    view! {
        <details class="variables">
            <summary>"Variables"</summary>
            <h3>"Of the user"</h3>
            <dl>{listed(of_user)}</dl>
            <h3>"Of the device"</h3>
            <dl>{listed(of_device)}</dl>
            <h3>"Your own"</h3>
            <dl>
                <dt class="mono">"{{Custom.name}}"</dt>
                <dd>"An attribute that you gave to users or devices; the user\u{2019}s goes first."</dd>
            </dl>
        </details>
    }
    .into_any()
}

fn meaning(variable: &Variable) -> &'static str {
    match variable {
        Variable::UserName => "account name, such as maria",
        Variable::UserPrincipalName => "user principal name, such as maria@example.org",
        Variable::EmailAddress => "e-mail address",
        Variable::DisplayName => "what the person is called",
        Variable::OnPremDistinguishedName => {
            "distinguished name in the directory; stands alone as the whole subject"
        }
        Variable::OnPremisesSamAccountName => "sAMAccountName in the directory",
        Variable::OnPremisesSecurityIdentifier => "SID in the directory",
        Variable::DeviceId => "the portal\u{2019}s id of the device",
        Variable::DeviceName => "name of the device",
        Variable::SerialNumber => "the maker\u{2019}s serial number",
        Variable::ImeiNumber => "IMEI",
        Variable::Meid => "MEID",
        Variable::WifiMacAddress => "address of the Wi-Fi interface",
        Variable::FullyQualifiedDomainName => "fully qualified domain name",
        Variable::Custom(_) => "an attribute of your own",
    }
}
