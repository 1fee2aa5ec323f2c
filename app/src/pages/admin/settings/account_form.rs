//! The form of an account: what it is called, what it may do.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::accounts::{self, AccountDraft, AccountView};
use certporter::service::directory_draft::GrantDraft;
use certporter::service::groups::{self, GroupsQuery};
use certporter::service::users::{self, UsersQuery};
use certporter_model::access::Role;
use certporter_model::{AccountId, FieldErrors, GroupId, UserId};
use http::StatusCode;
use leptos::prelude::*;

use super::{account, roles};
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::form::Sent;
use crate::ui::field::{CheckField, ChecksField, Choice, Hidden, LongField, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// What the form holds, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct AccountForm {
    /// The name it signs in with.
    pub name: String,
    /// What the person is called.
    pub display_name: String,
    /// The words of its roles.
    pub roles: Vec<String>,
    /// The names of the groups that the helpdesk's role is limited to, one a line.
    pub groups: String,
    /// The user name of the person's user.
    pub user: String,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// The version that was read.
    pub version: i64,
}

impl From<&Sent> for AccountForm {
    fn from(sent: &Sent) -> Self {
        Self {
            name: sent.one("name").to_owned(),
            display_name: sent.one("display_name").to_owned(),
            roles: sent.all("roles").map(str::to_owned).collect(),
            groups: sent.one("groups").to_owned(),
            user: sent.one("user").to_owned(),
            disabled: sent.has("disabled"),
            version: sent.one("version").parse().unwrap_or(0),
        }
    }
}

impl AccountForm {
    /// What an account has, as it would be typed.
    ///
    /// # Errors
    /// When a group or user can't be read.
    pub async fn of(asked: &Asked, account: &AccountView) -> Result<Self, ServiceError> {
        let mut names = Vec::new();
        let limited: Vec<GroupId> =
            account.grants.iter().filter_map(|grant| grant.groups.clone()).flatten().collect();
        for group in limited {
            names.push(groups::get(&asked.portal, &asked.caller, group).await?.name);
        }
        let user = match account.user_id {
            Some(user) => users::get(&asked.portal, &asked.caller, user).await?.user_name,
            None => String::new(),
        };
        Ok(Self {
            name: account.name.clone(),
            display_name: account.display_name.clone(),
            roles: account.grants.iter().map(|grant| grant.role.as_str().to_owned()).collect(),
            groups: names.join("\n"),
            user,
            disabled: account.disabled_at.is_some(),
            version: account.version,
        })
    }

    async fn draft(&self, asked: &Asked) -> Result<AccountDraft, ServiceError> {
        let mut errors = FieldErrors::new();
        let mut limit = Vec::new();
        let names: Vec<&str> = self.groups.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
        for name in names {
            match group(asked, name).await? {
                Some(group) => limit.push(group),
                None => errors.add("groups", format!("there is no group {name:?}")),
            }
        }
        let user_id = match self.user.trim() {
            "" => None,
            name => {
                let user = user(asked, name).await?;
                if user.is_none() {
                    errors.add("user", "there is no user of this user name");
                }
                user
            }
        };
        let mut grants = Vec::new();
        for word in &self.roles {
            match word.parse::<Role>() {
                Ok(role) => {
                    let groups = (role == Role::Helpdesk && !limit.is_empty()).then(|| limit.clone());
                    grants.push(GrantDraft { role, groups });
                }
                Err(error) => errors.add("roles", error),
            }
        }
        if grants.is_empty() {
            errors.add("roles", "choose at least one role");
        }
        if !limit.is_empty() && !grants.iter().any(|grant| grant.role == Role::Helpdesk) {
            errors.add(
                "groups",
                "only the helpdesk can be limited to groups: choose that role, or leave this empty",
            );
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let display_name = (!self.display_name.trim().is_empty()).then(|| self.display_name.clone());
        Ok(AccountDraft { name: self.name.clone(), display_name, user_id, grants, disabled: self.disabled })
    }
}

async fn group(asked: &Asked, name: &str) -> Result<Option<GroupId>, ServiceError> {
    let query = GroupsQuery { q: Some(name.to_owned()), limit: Some(200), ..GroupsQuery::default() };
    let found = groups::choices(&asked.portal, &asked.caller, &query).await?;
    let same = |group: &groups::GroupChoice| group.name.to_lowercase() == name.to_lowercase();
    Ok(found.into_iter().find(same).map(|group| group.id))
}

async fn user(asked: &Asked, name: &str) -> Result<Option<UserId>, ServiceError> {
    let query = UsersQuery { q: Some(name.to_owned()), limit: Some(200), ..UsersQuery::default() };
    let found = users::list(&asked.portal, &asked.caller, &query).await?;
    let same = |user: &users::UserView| user.user_name.to_lowercase() == name.to_lowercase();
    Ok(found.data.into_iter().find(same).map(|user| user.id))
}

/// What is wrong, under the names of this form's fields.
fn renamed(errors: FieldErrors) -> FieldErrors {
    let mut named = FieldErrors::new();
    for error in errors.as_slice() {
        let field = match error.field.as_str() {
            field if field.starts_with("grants") && field.ends_with("groups") => "groups",
            field if field.starts_with("grants") => "roles",
            "user_id" => "user",
            field => field,
        };
        named.add(field.to_owned(), &error.message);
    }
    named
}

/// Shows the empty form.
pub async fn new(asked: Asked) -> Response {
    let allowed = certporter::service::Operation::AccountsCreate.organisation(&asked.caller).map(|_| ());
    asked.answer(allowed.map(|()| Typed::default()), page).await
}

/// Makes an account and a link for whoever it is for.
pub async fn create(asked: Asked, sent: Sent) -> Response {
    let form = AccountForm::from(&sent);
    let made = async {
        let draft = form.draft(&asked).await?;
        accounts::create(&asked.portal, &asked.caller, &draft).await
    };
    match made.await.map_err(form_errors) {
        Ok(made) => account::invited(&asked, made.id).await,
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors: renamed(errors) };
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, move || page(typed.clone())).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// Changes an account.
pub async fn update(asked: Asked, Path(text): Path<String>, sent: Sent) -> Response {
    let form = AccountForm::from(&sent);
    let changed = async {
        let id = id::<AccountId>(&text, "account")?;
        let draft = form.draft(&asked).await?;
        accounts::update(&asked.portal, &asked.caller, id, form.version, &draft).await
    };
    match changed.await {
        Ok(changed) => Redirect::to(&format!("/settings/accounts/{}?saved=true", changed.id)).into_response(),
        Err(ServiceError::Stale { .. }) => account::stale(&asked, &text, form).await,
        Err(error) => match form_errors(error) {
            Ok(errors) => {
                let typed = Typed { values: form, errors: renamed(errors) };
                account::show(&asked, &text, StatusCode::UNPROCESSABLE_ENTITY, Some(typed), false).await
            }
            Err(error) => asked.refuse(error).await,
        },
    }
}

/// The page of a new account.
pub fn page(typed: Typed<AccountForm>) -> AnyView {
    view! {
        <Page title="Invite somebody".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Invite somebody"
                lead="Makes an account, and a one-time link with which they choose their password."
                within=("/settings/accounts", "Accounts")
            />
            {form("/settings/accounts/new".to_owned(), typed, "Make the account and a link", true)}
        </Page>
    }
    .into_any()
}

/// The form itself.
pub fn form(action: String, typed: Typed<AccountForm>, submit: &'static str, new: bool) -> AnyView {
    let Typed { values, errors } = typed;
    let choices = Role::ALL
        .iter()
        .map(|&role| Choice::new(role.as_str(), roles::name(role), roles::about(role)))
        .collect::<Vec<_>>();
    view! {
        <form class="form" method="post" action=action>
            <FormErrors errors=errors.clone()/>
            <Hidden name="version" value=values.version.to_string()/>
            <TextField name="name" label="Name" value=values.name errors=errors.clone() hint="With which they sign in." first=new/>
            <TextField
                name="display_name"
                label="Called"
                value=values.display_name
                errors=errors.clone()
                hint="What the person is called; the name when empty."
                optional=true
            />
            <ChecksField name="roles" label="Roles" choices chosen=values.roles errors=errors.clone()/>
            <LongField
                name="groups"
                label="Helpdesk only for these groups"
                value=values.groups
                errors=errors.clone()
                hint="Names of groups, one a line. Empty: for everybody."
                optional=true
            />
            <TextField
                name="user"
                label="User"
                value=values.user
                errors=errors.clone()
                hint="The user name of the person, whose devices and certificates are then theirs. The role user needs it."
                optional=true
            />
            {(!new)
                .then(|| {
                    view! {
                        <CheckField
                            name="disabled"
                            label="Disabled"
                            checked=values.disabled
                            errors
                            hint="May not sign in; sessions and tokens stop at once."
                        />
                    }
                })}
            <div>
                <button class="btn btn-primary" type="submit">
                    {submit}
                </button>
            </div>
        </form>
    }
    .into_any()
}
