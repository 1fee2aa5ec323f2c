//! `/settings/accounts/{id}`: one account.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::accounts::{self, AccountView};
use certporter::service::invitations::{self, Invitation};
use certporter::service::own_account::SessionView;
use certporter_model::AccountId;
use certporter_model::thumbprint::SecretHash;
use http::StatusCode;
use leptos::prelude::*;

use super::account_form::{self, AccountForm};
use super::accounts::state;
use super::{own, roles};
use crate::pages::asked::{Asked, id};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::field::{Hidden, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::time::{Moment, PerhapsMoment};

/// What the address says was done.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Done {
    saved: bool,
}

/// Which session ends: its name, or `all`.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct EndForm {
    session: String,
}

/// The version that somebody saw.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct VersionForm {
    version: i64,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The account.
    pub account: AccountView,
    /// Its sessions.
    pub sessions: Vec<SessionView>,
    /// What was typed, or what is there.
    pub typed: Typed<AccountForm>,
    /// What the account has now, when it was changed by somebody else since the form was read.
    pub now: Option<AccountForm>,
    /// Whether it was just saved.
    pub saved: bool,
}

/// Shows it.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(done): Query<Done>) -> Response {
    show(&asked, &text, StatusCode::OK, None, done.saved).await
}

/// Shows it with what was typed into its form, if something was.
pub async fn show(
    asked: &Asked,
    text: &str,
    status: StatusCode,
    typed: Option<Typed<AccountForm>>,
    saved: bool,
) -> Response {
    match read(asked, text, typed).await {
        Ok(shown) => {
            let shown = Shown { saved, now: None, ..shown };
            asked.renderer.page(status, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Shows what was typed beside what somebody else has made of the account in the meantime.
pub async fn stale(asked: &Asked, text: &str, mut form: AccountForm) -> Response {
    match read(asked, text, None).await {
        Ok(mut shown) => {
            // What is typed is saved over what is shown now, if it is sent again.
            form.version = shown.account.version;
            shown.typed = Typed { values: form, errors: certporter_model::FieldErrors::new() };
            asked.renderer.page(StatusCode::CONFLICT, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

async fn read(asked: &Asked, text: &str, typed: Option<Typed<AccountForm>>) -> Result<Shown, ServiceError> {
    let id = id::<AccountId>(text, "account")?;
    let account = accounts::get(&asked.portal, &asked.caller, id).await?;
    let sessions = accounts::sessions(&asked.portal, &asked.caller, id).await?;
    let now = AccountForm::of(asked, &account).await?;
    let typed = typed.unwrap_or_else(|| Typed { values: now.clone(), ..Typed::default() });
    Ok(Shown { account, sessions, typed, now: Some(now), saved: false })
}

/// Makes a one-time link.
pub async fn invite(asked: Asked, Path(text): Path<String>) -> Response {
    match id::<AccountId>(&text, "account") {
        Ok(id) => invited(&asked, id).await,
        Err(error) => asked.refuse(error).await,
    }
}

/// Makes a one-time link and shows it, this once.
pub async fn invited(asked: &Asked, id: AccountId) -> Response {
    let made = async {
        let account = accounts::get(&asked.portal, &asked.caller, id).await?;
        let invitation = invitations::invite(&asked.portal, &asked.caller, id).await?;
        Ok::<_, ServiceError>((account, invitation))
    };
    match made.await {
        Ok((account, invitation)) => {
            let view = move || invitation_page(account.clone(), invitation.clone());
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Ends sessions of the account.
pub async fn end_sessions(asked: Asked, Path(text): Path<String>, Form(form): Form<EndForm>) -> Response {
    let end = async {
        let account = id::<AccountId>(&text, "account")?;
        let session = match form.session.as_str() {
            "all" => None,
            session => Some(id::<SecretHash>(session, "session")?),
        };
        accounts::end_sessions(&asked.portal, &asked.caller, account, session).await
    };
    match end.await {
        Ok(_) => Redirect::to(&format!("/settings/accounts/{text}?saved=true")).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// Asks whether the account shall really go.
pub async fn ask_delete(asked: Asked, Path(text): Path<String>) -> Response {
    let account = async {
        let id = id::<AccountId>(&text, "account")?;
        accounts::get(&asked.portal, &asked.caller, id).await
    };
    let account = account.await;
    asked.answer(account, delete_page).await
}

/// Deletes the account.
pub async fn delete(asked: Asked, Path(text): Path<String>, Form(form): Form<VersionForm>) -> Response {
    let deleted = async {
        let id = id::<AccountId>(&text, "account")?;
        accounts::delete(&asked.portal, &asked.caller, id, form.version).await
    };
    match deleted.await {
        Ok(()) => Redirect::to("/settings/accounts").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let Shown { account, sessions, typed, now, saved } = shown;
    let address = format!("/settings/accounts/{}", account.id);
    let roles = account.grants.iter().map(|grant| roles::name(grant.role)).collect::<Vec<_>>().join(", ");
    let disabled = account.disabled_at.is_some();
    let invite = view! {
        <form method="post" action=format!("{address}/invitation")>
            <button class="btn" type="submit" disabled=disabled>
                <Icon name="mail"/>
                "New password by one-time link"
            </button>
        </form>
    };
    let form = account_form::form(address.clone(), typed, "Save", false);
    let signed_in = signed_in(sessions, format!("{address}/sessions"));
    let end = view! {
        <p class="row-actions">
            <a class="text" href=format!("/audit?who={}", account.id)>
                "What this account did"
            </a>
            <a class="text" href=format!("/audit?target_kind=account&target_id={}", account.id)>
                "What was done to it"
            </a>
            <a class="btn btn-sm btn-error btn-outline" href=format!("{address}/delete")>
                "Delete this account\u{2026}"
            </a>
        </p>
    };
    let title = account.name.clone();
    view! {
        <Page title=account.name.clone() task=Some(Task::Settings)>
            <Heading
                title
                lead=format!("The account of {}.", account.display_name)
                within=("/settings/accounts", "Accounts")
            >
                {invite}
            </Heading>
            {saved
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"Saved."</p>
                        </Notice>
                    }
                })}
            {now.map(changed)}
            <Facts>
                <Fact name="State">{state(disabled)}</Fact>
                <Fact name="Roles">{roles}</Fact>
                <Fact name="Last signed in">
                    <PerhapsMoment at=account.last_sign_in_at otherwise="never"/>
                </Fact>
                <Fact name="Made">
                    <Moment at=account.created_at/>
                </Fact>
            </Facts>
            <Section title="What it may do">{form}</Section>
            <Section title="Where it is signed in">
                {signed_in}
            </Section>
            {end}
        </Page>
    }
    .into_any()
}

fn signed_in(sessions: Vec<SessionView>, action: String) -> AnyView {
    if sessions.is_empty() {
        return view! { <p class="quiet">"Nowhere."</p> }.into_any();
    }
    view! {
        {own::session_table(sessions, None, action.clone())}
        <form class="after-table" method="post" action=action>
            <button class="btn" type="submit" name="session" value="all">
                "End all of them"
            </button>
        </form>
    }
    .into_any()
}

/// What somebody else made of the account since the form was read.
fn changed(now: AccountForm) -> AnyView {
    view! {
        <Notice tone=Tone::Wary>
            <p>
                "Somebody else has changed this account since you opened it. Nothing of yours was saved yet; your version is in the form below. Saving it now replaces theirs:"
            </p>
            <ul>
                <li>{format!("Name: {}", now.name)}</li>
                <li>{format!("Called: {}", now.display_name)}</li>
                <li>{format!("Roles: {}", now.roles.join(", "))}</li>
                <li>{format!("Groups: {}", now.groups.replace('\n', ", "))}</li>
                <li>{format!("User: {}", now.user)}</li>
                <li>{format!("Disabled: {}", if now.disabled { "yes" } else { "no" })}</li>
            </ul>
        </Notice>
    }
    .into_any()
}

/// The page that shows a link, this once.
pub fn invitation_page(account: AccountView, invitation: Invitation) -> AnyView {
    view! {
        <Page title="One-time link".to_owned() task=Some(Task::Settings)>
            <Heading
                title="One-time link"
                lead=format!("For {}: with it they choose their password and are signed in.", account.name)
                within=("/settings/accounts", "Accounts")
            />
            <div class="card">
                <p>"Send it to them by a way that only they read. It is shown this once, and works once:"</p>
                <code class="secret mono">{invitation.address.as_str().to_owned()}</code>
                <p class="quiet">"It can be used until " <Moment at=invitation.expires_at/> "."</p>
            </div>
            <p class="row-actions after-table">
                <a class="btn" href=format!("/settings/accounts/{}", account.id)>
                    "To the account"
                </a>
            </p>
        </Page>
    }
    .into_any()
}

/// The page that asks before an account goes.
pub fn delete_page(account: AccountView) -> AnyView {
    let address = format!("/settings/accounts/{}", account.id);
    let action = format!("{address}/delete");
    view! {
        <Page title="Delete an account".to_owned() task=Some(Task::Settings)>
            <Heading
                title=format!("Delete {}", account.name)
                lead="Its sessions and tokens end at once. What it did stays in the audit trail. Certificates are not touched."
                within=("/settings/accounts", "Accounts")
            />
            <form class="row-actions" method="post" action=action>
                <Hidden name="version" value=account.version.to_string()/>
                <button class="btn btn-error" type="submit">
                    "Delete this account"
                </button>
                <a class="btn btn-ghost" href=address>
                    "Don\u{2019}t do it"
                </a>
            </form>
        </Page>
    }
    .into_any()
}
