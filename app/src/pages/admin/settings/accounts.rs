//! `/settings/accounts`: who signs in.

use axum::extract::Query;
use axum::response::Response;
use certporter::service::accounts::{self, AccountView, AccountsQuery};
use certporter::service::page;
use leptos::prelude::*;

use super::roles;
use crate::pages::address;
use crate::pages::asked::{Asked, present};
use crate::ui::filters::{Filters, SearchFilter};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::pager::{Pager, counted};
use crate::ui::table::{Empty, Table};
use crate::ui::time::PerhapsMoment;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Part of a name.
    pub q: String,
    /// Where the page begins.
    pub after: String,
}

/// A page of the list.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The accounts.
    pub accounts: page::Page<AccountView>,
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let query = AccountsQuery { q: present(&filter.q), cursor: present(&filter.after), limit: None };
    let list = accounts::list(&asked.portal, &asked.caller, &query).await;
    asked.answer(list.map(|accounts| List { filter, accounts }), page).await
}

/// The page.
pub fn page(list: List) -> AnyView {
    let List { filter, accounts } = list;
    let at = |after: &str| address("/settings/accounts", &[("q", &filter.q), ("after", after)]);
    let first = (!filter.after.is_empty()).then(|| at(""));
    let next = accounts.next.as_deref().map(at);
    let shown = counted(accounts.data.len(), "account", "accounts");
    view! {
        <Page title="Accounts".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Accounts"
                lead="Who signs in to this portal. An account is not a user: users hold certificates."
                within=("/settings", "Settings")
            >
                <LinkButton to="/settings/accounts/new" icon="plus" label="Invite somebody" primary=true/>
            </Heading>
            <Filters action="/settings/accounts">
                <SearchFilter label="Name" value=filter.q.clone()/>
            </Filters>
            {if accounts.data.is_empty() {
                view! {
                    <Empty title="No account of this name">
                        <p>"Try a part of a name."</p>
                    </Empty>
                }
                    .into_any()
            } else {
                view! {
                    <Table label="Accounts" columns=&["Name", "State", "Called", "Roles", "Last signed in"]>
                        {accounts.data.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

/// Whether an account may sign in, as a state.
pub fn state(disabled: bool) -> AnyView {
    let (tone, icon, word) =
        if disabled { ("status over", "ban", "Disabled") } else { ("status good", "circle-check", "Active") };
    view! {
        <span class=tone>
            <Icon name=icon/>
            {word}
        </span>
    }
    .into_any()
}

fn row(account: AccountView) -> AnyView {
    let roles = account.grants.iter().map(|grant| {
        let limit = match &grant.groups {
            Some(groups) if groups.len() == 1 => " (1 group)".to_owned(),
            Some(groups) => format!(" ({} groups)", groups.len()),
            None => String::new(),
        };
        format!("{}{limit}", roles::name(grant.role))
    });
    view! {
        <tr>
            <td class="name">
                <a href=format!("/settings/accounts/{}", account.id)>{account.name}</a>
            </td>
            <td class="state">{state(account.disabled_at.is_some())}</td>
            <td>{account.display_name}</td>
            <td>{roles.collect::<Vec<_>>().join(", ")}</td>
            <td data-label="Signed in">
                <PerhapsMoment at=account.last_sign_in_at otherwise="never"/>
            </td>
        </tr>
    }
    .into_any()
}
