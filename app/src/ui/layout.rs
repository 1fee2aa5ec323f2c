//! The document, the frame around signed-in pages, and a page's heading.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use super::icon::Icon;

/// Light or dark: the system's setting unless somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// From its word; anything unknown is the system's.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its word, as in the cookie and the form.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What every document needs of the request it answers; in the context of every rendering.
#[derive(Clone)]
pub struct Surroundings {
    /// The path and query of the request: where choosing a theme leads back to.
    pub address: String,
    /// Light or dark.
    pub theme: Theme,
    /// The stylesheet's path.
    pub style: String,
    /// The favicon's path.
    pub favicon: String,
    /// What names script and WASM, for pages with an island.
    pub leptos: LeptosOptions,
    /// The path of the script that helps on every page.
    pub script: String,
    /// Who is signed in.
    pub person: Option<Person>,
}

/// Who is signed in, as far as the frame shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account's name.
    pub name: String,
    /// The parts of the portal that are theirs.
    pub tasks: Vec<Task>,
}

/// A whole HTML document.
#[component]
pub fn Document(
    /// The title in the browser's tab.
    title: String,
    /// Whether the page has an island: only then script and WASM are loaded.
    #[prop(optional)]
    island: bool,
    /// The body.
    children: Children,
) -> AnyView {
    let around = expect_context::<Surroundings>();
    let theme = (around.theme != Theme::System).then(|| around.theme.word());
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>{format!("{title} · certporter")}</title>
                <link rel="stylesheet" href=around.style.clone()/>
                // Shown once it is there as a whole: a table's columns move with each row that comes later.
                <link rel="expect" href="#end" blocking="render"/>
                <link rel="icon" type="image/svg+xml" href=around.favicon.clone()/>
                {(!around.script.is_empty())
                    .then(|| view! { <script defer src=around.script.clone() nonce=use_nonce()></script> })}
                {island.then(|| view! { <HydrationScripts options=around.leptos.clone() islands=true/> })}
            </head>
            <body>
                {children()} <span id="end" hidden></span>
            </body>
        </html>
    }
    .into_any()
}

/// A part of the portal, as in the sidebar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// What needs a hand, and the state of things.
    Overview,
    /// Looking people up, and what is wrong with what they hold.
    Helpdesk,
    /// Certificate profiles.
    Profiles,
    /// Groups and assignments.
    Groups,
    /// Devices and what is on them.
    Devices,
    /// The people who hold certificates.
    Users,
    /// Certificates.
    Certificates,
    /// The pipeline.
    Requests,
    /// Issuing CAs and connectors.
    Authorities,
    /// How the certificates of the fleet are, who held what.
    Reports,
    /// Who did what.
    Audit,
    /// Accounts, tokens, sessions.
    Settings,
    /// What is one's own, for whoever has certificates.
    Own,
}

const TASKS: [(Task, &str, &str, &str); 13] = [
    (Task::Overview, "/", "layout-dashboard", "Overview"),
    (Task::Helpdesk, "/helpdesk", "life-buoy", "Helpdesk"),
    (Task::Profiles, "/profiles", "scroll-text", "Profiles"),
    (Task::Groups, "/groups", "users-round", "Groups"),
    (Task::Devices, "/devices", "monitor-smartphone", "Devices"),
    (Task::Users, "/users", "user-round", "Users"),
    (Task::Certificates, "/certificates", "file-badge", "Certificates"),
    (Task::Requests, "/requests", "list-checks", "Requests"),
    (Task::Authorities, "/authorities", "landmark", "CAs and connectors"),
    (Task::Reports, "/reports", "chart-column", "Reports"),
    (Task::Audit, "/audit", "history", "Audit"),
    (Task::Settings, "/settings", "settings", "Settings"),
    (Task::Own, "/me", "smartphone", "My devices"),
];

/// A page for somebody signed in: sidebar, top line, and the page itself.
#[component]
pub fn Page(
    /// The title in the browser's tab.
    title: String,
    /// The part of the portal it belongs to.
    task: Option<Task>,
    /// Whether the page has an island.
    #[prop(optional)]
    island: bool,
    /// Heading and content.
    children: Children,
) -> AnyView {
    view! {
        <Document title island>
            <a class="skip" href="#main">"Skip to the content"</a>
            <div class="frame">
                <aside class="sidebar">
                    <Brand/>
                    <Tasks task label="Tasks"/>
                </aside>
                <div class="page">
                    <header class="topline">
                        <details class="popover folded">
                            <summary class="btn btn-ghost btn-square" aria-label="Menu">
                                <Icon name="menu"/>
                            </summary>
                            <div class="panel">
                                <Tasks task label="Menu"/>
                            </div>
                        </details>
                        <div class="folded">
                            <Brand/>
                        </div>
                        <SearchBox/>
                        <Account/>
                    </header>
                    <main id="main">{children()}</main>
                </div>
            </div>
        </Document>
    }
    .into_any()
}

/// A page for somebody who is not signed in: one thing to do.
#[component]
pub fn AlonePage(
    /// Title and heading.
    title: &'static str,
    /// A sentence that says what this is for.
    #[prop(into)]
    lead: String,
    /// The form.
    children: Children,
) -> AnyView {
    view! {
        <Document title=title.to_owned()>
            <div class="alone">
                <main>
                    <Brand/>
                    <h1>{title}</h1>
                    <p class="lead">{lead}</p>
                    {children()}
                </main>
            </div>
        </Document>
    }
    .into_any()
}

/// A page's heading: what it is, a sentence of what it shows, its main action at the right.
#[component]
pub fn Heading(
    /// The title.
    #[prop(into)]
    title: String,
    /// What it shows.
    #[prop(into)]
    lead: String,
    /// The list that this is a detail of: address and title.
    #[prop(optional)]
    within: Option<(&'static str, &'static str)>,
    /// The main action.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    view! {
        {within
            .map(|(address, list)| {
                view! {
                    <nav class="crumbs" aria-label="Where this is">
                        <a class="text" href=address>{list}</a>
                    </nav>
                }
            })}
        <div class="heading">
            <div>
                <h1>{title}</h1>
                <p>{lead}</p>
            </div>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

#[component]
fn Brand() -> AnyView {
    let favicon = expect_context::<Surroundings>().favicon;
    view! {
        <a class="brand" href="/">
            <img src=favicon alt="" width="24" height="24"/>
            "certporter"
        </a>
    }
    .into_any()
}

/// The one search box, with what it finds below it while somebody types. On a narrow screen it is a link to the page
/// that has one.
#[component]
fn SearchBox() -> AnyView {
    let around = expect_context::<Surroundings>();
    around
        .person
        .map(|_| {
            view! {
                <form
                    class="search"
                    method="get"
                    action="/search"
                    role="search"
                    aria-label="The whole portal"
                    data-results="/search/results"
                    data-into="found"
                >
                    <Icon name="search"/>
                    <input
                        id="search-box"
                        class="input"
                        type="search"
                        name="q"
                        placeholder="Search"
                        aria-label="Search users, devices, certificates, profiles and groups"
                        aria-keyshortcuts="/"
                        autocomplete="off"
                        maxlength="200"
                    />
                    <kbd aria-hidden="true">"/"</kbd>
                    <div class="panel" id="found" role="region" aria-label="Found" hidden></div>
                </form>
                <a class="btn btn-ghost btn-square folded searching" href="/search" aria-label="Search">
                    <Icon name="search"/>
                </a>
            }
        })
        .into_any()
}

#[component]
fn Tasks(task: Option<Task>, label: &'static str) -> AnyView {
    let theirs = expect_context::<Surroundings>().person.map(|person| person.tasks).unwrap_or_default();
    view! {
        <nav aria-label=label>
            <ul class="tasks">
                {TASKS
                    .into_iter()
                    .filter(|(its, ..)| theirs.contains(its))
                    .map(|(its, address, icon, name)| {
                        view! {
                            <li>
                                <a href=address aria-current=(task == Some(its)).then_some("page")>
                                    <Icon name=icon/>
                                    {name}
                                </a>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </nav>
    }
    .into_any()
}

/// The account menu: who is signed in, light or dark, signing out.
#[component]
pub fn Account() -> AnyView {
    let around = expect_context::<Surroundings>();
    around
        .person
        .clone()
        .map(|person| {
            // On a narrow screen the name itself is folded away.
            let label = format!("{}: your account", person.name);
            view! {
                <details class="popover account">
                    <summary class="btn btn-ghost" aria-label=label>
                        <Icon name="user-round"/>
                        <span class="who">{person.name}</span>
                    </summary>
                    <div class="panel">
                        {person
                            .tasks
                            .contains(&Task::Settings)
                            .then(|| {
                                view! {
                                    <a class="btn btn-ghost w-full" href="/settings/own">
                                        <Icon name="settings"/>
                                        "My account"
                                    </a>
                                }
                            })}
                        <ThemeChoice theme=around.theme address=around.address/>
                        <form method="post" action="/sign-out">
                            <button class="btn w-full" type="submit">
                                <Icon name="log-out"/>
                                "Sign out"
                            </button>
                        </form>
                    </div>
                </details>
            }
        })
        .into_any()
}

/// Light, dark, or as the system is set.
#[component]
pub fn ThemeChoice(
    /// What is chosen.
    theme: Theme,
    /// Where choosing leads back to.
    address: String,
) -> AnyView {
    let choices = [
        (Theme::System, "sun-moon", "System"),
        (Theme::Light, "sun", "Light"),
        (Theme::Dark, "moon", "Dark"),
    ];
    view! {
        <form method="post" action="/theme">
            <input type="hidden" name="back" value=address/>
            <div class="choice" role="group" aria-label="Colours">
                {choices
                    .into_iter()
                    .map(|(choice, icon, word)| {
                        view! {
                            <button
                                class="btn btn-sm"
                                class:btn-active=choice == theme
                                type="submit"
                                name="theme"
                                value=choice.word()
                                aria-pressed=if choice == theme { "true" } else { "false" }
                            >
                                <Icon name=icon/>
                                {word}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </form>
    }
    .into_any()
}
