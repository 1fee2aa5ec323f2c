//! `/settings`: who signs in, with what, and how the portal is set up.
//!
//! - [`own`]: one's own account; [`roles`]: what each role may do
//! - [`accounts`], [`account`], [`account_form`]: who signs in; [`tokens`]: programs
//! - [`mail`], [`notices`], [`letters`]: what is told by e-mail
//! - [`portal`]: facts that are set where the portal is started
pub mod account;
pub mod account_form;
pub mod accounts;
pub mod letters;
pub mod mail;
pub mod notices;
pub mod own;
pub mod portal;
pub mod roles;
pub mod tokens;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use certporter::service::{Operation, ServiceError};
use leptos::prelude::*;

use crate::pages::asked::{Asked, PagesState};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::{Card, Cards};

/// The routes under `/settings`.
pub fn routes() -> Router<PagesState> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/own", get(own::get))
        .route("/settings/own/password", post(own::password))
        .route("/settings/own/time-zone", post(own::time_zone))
        .route("/settings/own/sessions", post(own::end_sessions))
        .route("/settings/roles", get(roles::get))
        .route("/settings/portal", get(portal::get).post(portal::post))
        .route("/settings/mail", get(mail::get).post(mail::post))
        .route("/settings/mail/test", post(mail::test))
        .route("/settings/notices", get(notices::get))
        .route("/settings/notices/letters", get(letters::get))
        .route("/settings/notices/letters/{id}", get(letters::one))
        .route("/settings/notices/letters/{id}/retry", post(letters::retry))
        .route("/settings/notices/{kind}", get(notices::edit).post(notices::update))
        .route("/settings/accounts", get(accounts::get))
        .route("/settings/accounts/new", get(account_form::new).post(account_form::create))
        .route("/settings/accounts/{id}", get(account::get).post(account_form::update))
        .route("/settings/accounts/{id}/invitation", post(account::invite))
        .route("/settings/accounts/{id}/sessions", post(account::end_sessions))
        .route("/settings/accounts/{id}/delete", get(account::ask_delete).post(account::delete))
        .route("/settings/tokens", get(tokens::get).post(tokens::create))
        .route("/settings/tokens/{id}/revoke", get(tokens::ask_revoke).post(tokens::revoke))
}

/// Which parts the caller has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// Accounts.
    pub accounts: bool,
    /// API tokens.
    pub tokens: bool,
    /// Mail and notices.
    pub notices: bool,
    /// How the portal is set up.
    pub portal: bool,
}

async fn show(asked: Asked) -> Response {
    if let Err(error) = Operation::OwnRead.own(&asked.caller) {
        return asked.refuse(error).await;
    }
    if asked.renderer.person().is_none() {
        return asked.refuse(ServiceError::Unauthenticated).await;
    }
    let parts = Parts {
        accounts: asked.may(Operation::AccountsList),
        tokens: asked.may(Operation::TokensList),
        notices: asked.may(Operation::NoticeTemplatesList),
        portal: asked.may(Operation::SettingsGet),
    };
    asked.answer(Ok(parts), page).await
}

/// The page.
pub fn page(parts: Parts) -> AnyView {
    let card = |to, icon, name, about| Card { to, icon, name, about };
    let cards = [
        (
            true,
            card(
                "/settings/own",
                "user-round",
                "My account",
                "Password, time zone, colours, and where you are signed in.",
            ),
        ),
        (
            parts.accounts,
            card(
                "/settings/accounts",
                "users-round",
                "Accounts",
                "Who signs in to this portal: invite, change roles, disable, reset passwords.",
            ),
        ),
        (
            parts.tokens,
            card(
                "/settings/tokens",
                "key-round",
                "API tokens",
                "Programs that use the REST API: create, and end what is not used any more.",
            ),
        ),
        (
            parts.notices,
            card(
                "/settings/notices",
                "mail",
                "Notices",
                "What is told by e-mail, to whom, and in which words; and the mail server.",
            ),
        ),
        (true, card("/settings/roles", "shield-check", "Roles", "What each role may do.")),
        (
            parts.portal,
            card(
                "/settings/portal",
                "settings",
                "The portal",
                "Its addresses, its database, its version, and where they are set.",
            ),
        ),
    ];
    let there = cards.into_iter().filter(|(there, _)| *there).map(|(_, card)| card).collect();
    view! {
        <Page title="Settings".to_owned() task=Some(Task::Settings)>
            <Heading title="Settings" lead="Who signs in, with what, and how the portal is set up."/>
            <Cards of=there/>
        </Page>
    }
    .into_any()
}
