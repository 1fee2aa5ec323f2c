//! The document, the frame around signed-in pages, and a page's heading.

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
    /// Who is signed in.
    pub account: Option<String>,
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
                <link rel="icon" type="image/svg+xml" href=around.favicon.clone()/>
                {island.then(|| view! { <HydrationScripts options=around.leptos.clone() islands=true/> })}
            </head>
            <body>{children()}</body>
        </html>
    }
    .into_any()
}

/// A part of the portal, as in the sidebar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// What needs a hand, and the state of things.
    Overview,
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
    /// Who did what.
    Audit,
    /// Accounts, tokens, sessions.
    Settings,
}

const TASKS: [(Task, &str, &str, &str); 10] = [
    (Task::Overview, "/", "layout-dashboard", "Overview"),
    (Task::Profiles, "/profiles", "scroll-text", "Profiles"),
    (Task::Groups, "/groups", "users-round", "Groups"),
    (Task::Devices, "/devices", "monitor-smartphone", "Devices"),
    (Task::Users, "/users", "user-round", "Users"),
    (Task::Certificates, "/certificates", "file-badge", "Certificates"),
    (Task::Requests, "/requests", "list-checks", "Requests"),
    (Task::Authorities, "/authorities", "landmark", "CAs and connectors"),
    (Task::Audit, "/audit", "history", "Audit"),
    (Task::Settings, "/settings", "settings", "Settings"),
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

#[component]
fn Tasks(task: Option<Task>, label: &'static str) -> AnyView {
    view! {
        <nav aria-label=label>
            <ul class="tasks">
                {TASKS
                    .into_iter()
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
fn Account() -> AnyView {
    let around = expect_context::<Surroundings>();
    around
        .account
        .clone()
        .map(|name| {
            view! {
                <details class="popover">
                    <summary class="btn btn-ghost">
                        <Icon name="user-round"/>
                        {name}
                    </summary>
                    <div class="panel">
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

#[component]
fn ThemeChoice(theme: Theme, address: String) -> AnyView {
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
