//! What is written about a user: `/users/new` and `/users/{id}/edit`.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::directory_draft::UserDraft;
use certporter::service::users::{self, UserView};
use certporter_model::{FieldErrors, UserId};
use http::StatusCode;
use leptos::prelude::*;

use super::changed::{Again, Changed, ChangedSince, There};
use crate::pages::asked::{Asked, id, present};
use crate::pages::consequences::{Outcome, do_or_preview};
use crate::pages::form::Sent;
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{Buttons, Hidden, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// Rows for attributes that are empty at first.
const BLANK: usize = 2;

/// The form as it was filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserForm {
    /// What is written.
    pub draft: UserDraft,
    /// The version that was read; empty for a new user.
    pub version: String,
}

impl From<&Sent> for UserForm {
    fn from(sent: &Sent) -> Self {
        let names = sent.all("attribute_name");
        let attributes = names.zip(sent.all("attribute_value")).filter(|(name, _)| !name.trim().is_empty());
        let attributes: BTreeMap<String, String> =
            attributes.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect();
        Self {
            draft: UserDraft {
                user_name: sent.one("user_name").to_owned(),
                display_name: present(sent.one("display_name")),
                upn: present(sent.one("upn")),
                email: present(sent.one("email")),
                on_prem_dn: present(sent.one("on_prem_dn")),
                sam_account_name: present(sent.one("sam_account_name")),
                sid: present(sent.one("sid")),
                external_id: present(sent.one("external_id")),
                attributes,
            },
            version: sent.one("version").to_owned(),
        }
    }
}

impl From<UserView> for UserForm {
    fn from(user: UserView) -> Self {
        Self {
            draft: UserDraft {
                user_name: user.user_name,
                display_name: Some(user.display_name),
                upn: user.upn,
                email: user.email,
                on_prem_dn: user.on_prem_dn,
                sam_account_name: user.sam_account_name,
                sid: user.sid,
                external_id: user.external_id,
                attributes: user.attributes,
            },
            version: user.version.to_string(),
        }
    }
}

/// What the page of the form shows.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The user; none for a new one.
    pub user: Option<(UserId, String)>,
    /// What was typed, and what is wrong with it.
    pub typed: Typed<UserForm>,
    /// What somebody else saved since the form was opened.
    pub changed: Option<Changed>,
}

/// An empty form.
pub async fn new(asked: Asked) -> Response {
    // Whoever may not create users is told so before they type.
    let allowed = users::may_create(&asked.caller);
    asked.answer(allowed.map(|()| Editing { user: None, typed: Typed::default(), changed: None }), page).await
}

/// Creates the user.
pub async fn create(asked: Asked, sent: Sent) -> Response {
    let form = UserForm::from(&sent);
    match users::create(&asked.portal, &asked.caller, &form.draft).await {
        Ok(user) => Redirect::to(&format!("/users/{}?saved=new", user.id)).into_response(),
        Err(error) => wrong(&asked, None, form, error).await,
    }
}

/// The form with what is known.
pub async fn edit(asked: Asked, Path(text): Path<String>) -> Response {
    let read = async {
        let user = users::get(&asked.portal, &asked.caller, id(&text, "user")?).await?;
        let head = Some((user.id, user.display_name.clone()));
        let typed = Typed { values: UserForm::from(user), errors: FieldErrors::new() };
        Ok(Editing { user: head, typed, changed: None })
    };
    let read = read.await;
    asked.answer(read, page).await
}

/// Saves what was typed; shows first what would follow, if anything does.
pub async fn update(asked: Asked, Path(text): Path<String>, sent: Sent) -> Response {
    let form = UserForm::from(&sent);
    let user: UserId = match id(&text, "user") {
        Ok(user) => user,
        Err(error) => return asked.refuse(error).await,
    };
    let version = form.version.parse().unwrap_or(0);
    let operation = |portal| {
        let (asked, draft) = (&asked, &form.draft);
        async move { users::update(&portal, &asked.caller, user, version, draft).await }
    };
    match do_or_preview(&asked, sent.one("digest"), operation).await {
        Ok(Outcome::Done(user)) => Redirect::to(&format!("/users/{}?saved=edit", user.id)).into_response(),
        Ok(Outcome::Show(shown)) => {
            let fields: Vec<_> = sent.pairs().iter().filter(|(name, _)| name != "digest").cloned().collect();
            let name = form.draft.display_name.unwrap_or(form.draft.user_name);
            let view = move || preview(user, name.clone(), shown.clone(), Vec::clone(&fields));
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => wrong(&asked, Some(user), form, error).await,
    }
}

/// The form again, with what was typed and what is wrong with it.
async fn wrong(asked: &Asked, user: Option<UserId>, form: UserForm, error: ServiceError) -> Response {
    let again = async {
        let Some(id) = user else { return Ok((None, Again::wrong(error)?)) };
        let now = users::get(&asked.portal, &asked.caller, id).await?;
        let head = Some((id, now.display_name.clone()));
        let there = There::one("user", &id, now.version);
        Ok((head, Again::of(asked, error, there, (fields(&now.into()), fields(&form))).await?))
    };
    match again.await {
        Ok((user, Again { status, changed, errors })) => {
            let version = changed.as_ref().map(|changed| changed.version.to_string());
            let values = UserForm { version: version.unwrap_or_else(|| form.version.clone()), ..form };
            let editing = Editing { user, typed: Typed { values, errors }, changed };
            asked.renderer.page(status, move || page(editing.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// What the form holds, by the names of its fields.
fn fields(form: &UserForm) -> Vec<(String, String)> {
    let UserDraft {
        user_name,
        display_name,
        upn,
        email,
        on_prem_dn,
        sam_account_name,
        sid,
        external_id,
        attributes,
    } = form.draft.clone();
    let known = [
        ("User name", Some(user_name)),
        ("Display name", display_name),
        ("User principal name", upn),
        ("E-mail address", email),
        ("Distinguished name", on_prem_dn),
        ("SAM account name", sam_account_name),
        ("Security identifier", sid),
        ("External id", external_id),
    ];
    let known = known.into_iter().map(|(name, value)| (name.to_owned(), value.unwrap_or_default()));
    known.chain(attributes.into_iter().map(|(name, value)| (format!("Attribute {name}"), value))).collect()
}

fn preview(user: UserId, name: String, shown: Shown, fields: Vec<(String, String)>) -> AnyView {
    view! {
        <Page title=format!("Edit {name}") task=Some(Task::Users)>
            <Heading
                title=format!("Save changes to {name}?")
                lead="Certificates whose names use what you changed are reissued. Nothing is saved yet."
                within=("/users", "Users")
            />
            <Preview
                shown
                action=format!("/users/{user}/edit")
                fields
                submit="Save"
                back=format!("/users/{user}/edit")
            />
        </Page>
    }
    .into_any()
}

/// The page.
pub fn page(editing: Editing) -> AnyView {
    let Typed { values: form, errors } = editing.typed;
    let draft = form.draft;
    let (title, lead, action, back, submit) = match &editing.user {
        None => (
            "New user".to_owned(),
            "Somebody who is to hold certificates. What you leave empty can be filled in later.",
            "/users/new".to_owned(),
            "/users".to_owned(),
            "Create the user",
        ),
        Some((id, name)) => (
            format!("Edit {name}"),
            "What profiles put into names. You see what follows before it is saved.",
            format!("/users/{id}/edit"),
            format!("/users/{id}"),
            "Save",
        ),
    };
    let text = |value: Option<String>| value.unwrap_or_default();
    let long = is_long(&errors);
    let attributes = draft.attributes.into_iter().collect::<Vec<_>>();
    view! {
        <Page title=title.clone() task=Some(Task::Users)>
            <Heading title lead within=("/users", "Users")/>
            {editing.changed.map(|changed| view! { <ChangedSince changed/> })}
            <form class="form" method="post" action=action>
                <FormErrors errors=errors.clone()/>
                {editing.user.is_some().then(|| view! { <Hidden name="version" value=form.version/> })}
                <TextField
                    name="user_name"
                    label="User name"
                    value=draft.user_name
                    errors=errors.clone()
                    hint="The name they sign in to the organisation with; unique. {{UserName}} in profiles."
                    first=true
                />
                <TextField
                    name="display_name"
                    label="Display name"
                    value=text(draft.display_name)
                    errors=errors.clone()
                    hint="What they are called; the user name when empty."
                    optional=true
                />
                <TextField
                    name="email"
                    label="E-mail address"
                    value=text(draft.email)
                    errors=errors.clone()
                    hint="{{EmailAddress}} in profiles."
                    optional=true
                />
                <TextField
                    name="upn"
                    label="User principal name"
                    value=text(draft.upn)
                    errors=errors.clone()
                    hint="name@realm; unique. {{UserPrincipalName}} in profiles."
                    optional=true
                />
                <details class="more" open=long>
                    <summary>"From the directory, and further attributes"</summary>
                    <TextField
                        name="on_prem_dn"
                        label="Distinguished name"
                        value=text(draft.on_prem_dn)
                        errors=errors.clone()
                        hint="As in the directory: CN=Anna,OU=Sales,DC=example,DC=org. {{OnPrem_Distinguished_Name}} in profiles."
                        optional=true
                        exact=true
                    />
                    <TextField
                        name="sam_account_name"
                        label="SAM account name"
                        value=text(draft.sam_account_name)
                        errors=errors.clone()
                        hint="{{OnPremisesSamAccountName}} in profiles."
                        optional=true
                        exact=true
                    />
                    <TextField
                        name="sid"
                        label="Security identifier"
                        value=text(draft.sid)
                        errors=errors.clone()
                        hint="S-1-5-21-…; strong mapping needs it. {{OnPremisesSecurityIdentifier}} in profiles."
                        optional=true
                        exact=true
                    />
                    <TextField
                        name="external_id"
                        label="External id"
                        value=text(draft.external_id)
                        errors=errors.clone()
                        hint="What the user is called where the data comes from."
                        optional=true
                        exact=true
                    />
                    <Attributes attributes errors/>
                </details>
                <Buttons submit back/>
            </form>
        </Page>
    }
    .into_any()
}

/// Whether something further down is wrong, and has to be seen.
fn is_long(errors: &FieldErrors) -> bool {
    let first = ["", "user_name", "display_name", "email", "upn"];
    errors.as_slice().iter().any(|error| !first.contains(&error.field.as_str()))
}

/// Custom attributes: a name and a value each. A name that is emptied takes its attribute away.
#[component]
fn Attributes(attributes: Vec<(String, String)>, errors: FieldErrors) -> AnyView {
    let wrong: Vec<String> = errors
        .as_slice()
        .iter()
        .filter(|error| error.field.starts_with("attributes"))
        .map(|error| format!("{}: {}", error.field.trim_start_matches("attributes."), error.message))
        .collect();
    let blank = std::iter::repeat_n((String::new(), String::new()), BLANK);
    view! {
        <fieldset class="field">
            <legend>"Attributes"</legend>
            <p class="hint">
                "Further values for profiles: an attribute called cost-centre is {{Custom.cost-centre}}. Empty a name to take its attribute away."
            </p>
            {wrong.into_iter().map(|message| view! { <p class="wrong">{message}</p> }).collect_view()}
            {attributes
                .into_iter()
                .chain(blank)
                .enumerate()
                .map(|(index, (name, value))| {
                    let number = index + 1;
                    view! {
                        <div class="pair">
                            <input
                                class="input"
                                name="attribute_name"
                                value=name
                                aria-label=format!("Name of attribute {number}")
                                placeholder="Name"
                            />
                            <input
                                class="input"
                                name="attribute_value"
                                value=value
                                aria-label=format!("Value of attribute {number}")
                                placeholder="Value"
                            />
                        </div>
                    }
                })
                .collect_view()}
        </fieldset>
    }
    .into_any()
}
