//! `/settings/tokens`: programs that use the REST API.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::page;
use certporter::service::tokens::{self, MAX_DAYS, NewToken, TokenDraft, TokenView, TokensQuery};
use certporter_model::access::Role;
use certporter_model::{ApiTokenId, FieldErrors, Timestamp};
use http::StatusCode;
use leptos::prelude::*;

use super::roles;
use crate::pages::address;
use crate::pages::asked::{Asked, form_errors, id, present};
use crate::pages::form::Sent;
use crate::ui::facts::Section;
use crate::ui::field::{ChecksField, Choice, NumberField, TextField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::pager::{Pager, counted};
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, Now, PerhapsMoment};

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    after: String,
    ended: bool,
}

/// What the form holds, as it was typed.
#[derive(Debug, Clone)]
pub struct TokenForm {
    /// What it is called.
    pub name: String,
    /// The words of its roles.
    pub roles: Vec<String>,
    /// Its life in days.
    pub days: String,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self { name: String::new(), roles: Vec::new(), days: "90".to_owned() }
    }
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// A page of the tokens.
    pub tokens: page::Page<TokenView>,
    /// Where the page begins.
    pub after: String,
    /// What was typed.
    pub typed: Typed<TokenForm>,
    /// Whether one was just ended.
    pub ended: bool,
    /// The new one, shown this once.
    pub new: Option<NewToken>,
}

/// Shows the list and the form.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    show(&asked, StatusCode::OK, filter, Typed::default(), None).await
}

async fn show(
    asked: &Asked,
    status: StatusCode,
    filter: Filter,
    typed: Typed<TokenForm>,
    new: Option<NewToken>,
) -> Response {
    let query = TokensQuery { cursor: present(&filter.after), limit: None };
    match tokens::list(&asked.portal, &asked.caller, &query).await {
        Ok(tokens) => {
            let shown = Shown { tokens, after: filter.after, typed, ended: filter.ended, new };
            asked.renderer.page(status, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Makes a token and shows it, this once.
pub async fn create(asked: Asked, sent: Sent) -> Response {
    let form = TokenForm {
        name: sent.one("name").to_owned(),
        roles: sent.all("roles").map(str::to_owned).collect(),
        days: sent.one("expires_in_days").to_owned(),
    };
    let made = async {
        let mut errors = FieldErrors::new();
        let mut roles = Vec::new();
        for word in &form.roles {
            roles.extend(errors.take("roles", word.parse::<Role>()));
        }
        let days = errors.take(
            "expires_in_days",
            form.days.trim().parse::<u32>().map_err(|_| format!("a number of days, 1 to {MAX_DAYS}")),
        );
        let Some(expires_in_days) = days.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        let draft = TokenDraft { name: form.name.clone(), roles, expires_in_days };
        tokens::create(&asked.portal, &asked.caller, &draft).await
    };
    match made.await.map_err(form_errors) {
        Ok(new) => show(&asked, StatusCode::OK, Filter::default(), Typed::default(), Some(new)).await,
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, StatusCode::UNPROCESSABLE_ENTITY, Filter::default(), typed, None).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// Asks whether a token shall really end.
pub async fn ask_revoke(asked: Asked, Path(text): Path<String>) -> Response {
    let token = async {
        let id = id::<ApiTokenId>(&text, "token")?;
        tokens::get(&asked.portal, &asked.caller, id).await
    };
    let token = token.await;
    asked.answer(token, revoke_page).await
}

/// Ends a token.
pub async fn revoke(asked: Asked, Path(text): Path<String>) -> Response {
    let ended = async {
        let id = id::<ApiTokenId>(&text, "token")?;
        tokens::revoke(&asked.portal, &asked.caller, id).await
    };
    match ended.await {
        Ok(()) => Redirect::to("/settings/tokens?ended=true").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let Shown { tokens, after, typed, ended, new } = shown;
    let now = use_context::<Now>().map_or_else(Timestamp::default, |now| now.0);
    let first = (!after.is_empty()).then(|| "/settings/tokens".to_owned());
    let next = tokens.next.as_deref().map(|next| address("/settings/tokens", &[("after", next)]));
    let shown = counted(tokens.data.len(), "token", "tokens");
    view! {
        <Page title="API tokens".to_owned() task=Some(Task::Settings)>
            <Heading
                title="API tokens"
                lead="Programs send one with every request to the REST API. A token never has more rights than whoever made it."
                within=("/settings", "Settings")
            />
            {ended
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"The token has ended: requests with it are refused from now on."</p>
                        </Notice>
                    }
                })}
            {new.map(fresh)}
            <Section title="Tokens">
                {if tokens.data.is_empty() {
                    view! {
                        <Empty title="No token yet">
                            <p>"Create one below for a program that uses the REST API."</p>
                        </Empty>
                    }
                        .into_any()
                } else {
                    view! {
                        <Table label="API tokens" columns=&["Name", "State", "Roles", "Ends", "Last used", ""]>
                            {tokens.data.into_iter().map(|token| row(token, now)).collect_view()}
                        </Table>
                        <Pager shown first next/>
                    }
                        .into_any()
                }}
            </Section>
            <Section title="A new token">{form(typed)}</Section>
        </Page>
    }
    .into_any()
}

fn fresh(new: NewToken) -> AnyView {
    view! {
        <Notice tone=Tone::Good>
            <p>
                {format!("The token {} was made. Copy it now: it is shown this once, and kept nowhere.", new.view.name)}
            </p>
            <code class="secret mono">{new.token}</code>
        </Notice>
    }
    .into_any()
}

fn form(typed: Typed<TokenForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let choices = Role::ALL
        .iter()
        .filter(|role| !matches!(role, Role::RecoveryAgent | Role::User))
        .map(|&role| Choice::new(role.as_str(), roles::name(role), roles::about(role)))
        .collect::<Vec<_>>();
    view! {
        <form class="form" method="post" action="/settings/tokens">
            <FormErrors errors=errors.clone()/>
            <TextField name="name" label="Name" value=values.name errors=errors.clone() hint="The program, or what it is for."/>
            <ChecksField name="roles" label="Roles" choices chosen=values.roles errors=errors.clone()/>
            <NumberField
                name="expires_in_days"
                label="Ends after"
                value=values.days
                most=i64::from(MAX_DAYS)
                unit="days"
                errors
            />
            <div>
                <button class="btn btn-primary" type="submit">
                    <Icon name="plus"/>
                    "Create the token"
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn row(token: TokenView, now: Timestamp) -> AnyView {
    let (tone, icon, word) = match (token.revoked_at, token.expires_at <= now) {
        (Some(_), _) => ("status over", "ban", "Ended"),
        (None, true) => ("status over", "hourglass", "Expired"),
        (None, false) => ("status good", "circle-check", "Active"),
    };
    let roles = token.roles.iter().map(|&role| roles::name(role)).collect::<Vec<_>>().join(", ");
    let live = word == "Active";
    view! {
        <tr>
            <td class="name">{token.name.clone()}</td>
            <td class="state">
                <span class=tone>
                    <Icon name=icon/>
                    {word}
                </span>
            </td>
            <td>{roles}</td>
            <td data-label="Ends">
                <Moment at=token.revoked_at.unwrap_or(token.expires_at)/>
            </td>
            <td data-label="Last used">
                <PerhapsMoment at=token.last_used_at otherwise="never"/>
            </td>
            <td>
                {live
                    .then(|| {
                        view! {
                            <a
                                class="btn btn-sm"
                                href=format!("/settings/tokens/{}/revoke", token.id)
                                aria-label=format!("End the token {}", token.name)
                            >
                                "End\u{2026}"
                            </a>
                        }
                    })}
            </td>
        </tr>
    }
    .into_any()
}

/// The page that asks before a token ends.
pub fn revoke_page(token: TokenView) -> AnyView {
    view! {
        <Page title="End a token".to_owned() task=Some(Task::Settings)>
            <Heading
                title=format!("End {}", token.name)
                lead="The program that uses it is refused at once. A token that has ended can't be brought back."
                within=("/settings/tokens", "API tokens")
            />
            <p class="quiet prose">"Last used: " <PerhapsMoment at=token.last_used_at otherwise="never"/></p>
            <form class="row-actions" method="post" action=format!("/settings/tokens/{}/revoke", token.id)>
                <button class="btn btn-error" type="submit">
                    "End this token"
                </button>
                <a class="btn btn-ghost" href="/settings/tokens">
                    "Don\u{2019}t do it"
                </a>
            </form>
        </Page>
    }
    .into_any()
}
