//! `/search`: one box for everything. `/search/results` is its results alone, for whoever is still typing.

use axum::Router;
use axum::extract::Query;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use certporter::service::ServiceError;
use certporter::service::search::{self, Found, Hit, Kind, Results, SHORTEST};
use leptos::prelude::*;

use crate::pages::address;
use crate::pages::asked::{Asked, PagesState};
use crate::ui::facts::Section;
use crate::ui::filters::{Filters, SearchFilter};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page};
use crate::ui::table::Empty;

/// The routes under `/search`.
pub fn routes() -> Router<PagesState> {
    Router::new().route("/search", get(show)).route("/search/results", get(part))
}

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asks {
    q: String,
}

/// What was searched for and found.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// What was searched for.
    pub q: String,
    /// What was found.
    pub results: Results,
}

async fn show(asked: Asked, Query(asks): Query<Asks>) -> Response {
    match search::find(&asked.portal, &asked.caller, &asks.q).await {
        Ok(Results { exact: Some(hit), .. }) => Redirect::to(&link(&hit)).into_response(),
        Ok(results) => {
            let shown: Result<_, ServiceError> = Ok(Shown { q: asks.q, results });
            asked.answer(shown, page).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The results alone.
async fn part(asked: Asked, Query(asks): Query<Asks>) -> Response {
    match search::find(&asked.portal, &asked.caller, &asks.q).await {
        Ok(mut results) => {
            // What has exactly this id is not among the others.
            if results.found.is_empty()
                && let Some(hit) = results.exact.take()
            {
                results.found.push(Found { kind: hit.kind, hits: vec![hit], more: false });
            }
            let shown = Shown { q: asks.q, results };
            Html(asked.renderer.part(|| found(shown))).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}

const fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "/users",
        Kind::Device => "/devices",
        Kind::Certificate => "/certificates",
        Kind::Profile => "/profiles",
        Kind::Group => "/groups",
    }
}

const fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::User => ("Users", "user-round"),
        Kind::Device => ("Devices", "monitor-smartphone"),
        Kind::Certificate => ("Certificates", "file-badge"),
        Kind::Profile => ("Profiles", "scroll-text"),
        Kind::Group => ("Groups", "users-round"),
    }
}

fn link(hit: &Hit) -> String {
    format!("{}/{}", path(hit.kind), hit.id)
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let q = shown.q.clone();
    view! {
        <Page title="Search".to_owned() task=None>
            <Heading
                title="Search"
                lead="Users, devices, certificates, profiles and groups, by any part of a name or number."
            />
            <Filters action="/search" results=("/search/results", "results")>
                <SearchFilter label="Search for" value=q/>
            </Filters>
            <div id="results">{found(shown)}</div>
        </Page>
    }
    .into_any()
}

/// What was found, kind by kind.
pub fn found(shown: Shown) -> AnyView {
    let Shown { q, results } = shown;
    let nothing = results.found.is_empty() && !q.trim().is_empty();
    let shown = results.found.iter().map(|found| found.hits.len()).sum::<usize>();
    let told = if shown == 1 { "1 result".to_owned() } else { format!("{shown} results") };
    let sections = results.found.into_iter().map(|found| section(found, &q)).collect_view();
    view! {
        {(shown > 0).then(|| view! { <p class="sr-only" role="status">{told}</p> })}
        {results
            .too_short
            .then(|| {
                view! {
                    <p class="quiet">
                        {format!("Users, devices and certificates are searched from {SHORTEST} characters on.")}
                    </p>
                }
            })}
        {nothing
            .then(|| {
                view! {
                    <Empty title="Nothing found">
                        <p>
                            "Try a part of a name, a user principal name, a serial number or a thumbprint. Accents, capitals and colons make no difference."
                        </p>
                    </Empty>
                }
            })}
        {sections}
    }
    .into_any()
}

fn section(found: Found, q: &str) -> AnyView {
    let (title, icon) = words(found.kind);
    let all = found.more.then(|| address(path(found.kind), &[("q", q)]));
    view! {
        <Section title>
            <ul class="hits">
                {found
                    .hits
                    .into_iter()
                    .map(|hit| {
                        let address = link(&hit);
                        view! {
                            <li>
                                <a href=address>
                                    <Icon name=icon/>
                                    <span class="name">{hit.name}</span>
                                    <span class="quiet">{hit.about}</span>
                                </a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
            {all
                .map(|address| {
                    view! {
                        <p>
                            <a class="text" href=address>
                                {format!("All {} found", title.to_lowercase())}
                            </a>
                        </p>
                    }
                })}
        </Section>
    }
    .into_any()
}
