//! From data to a page: every page is rendered whole on the server and sent at once.

use any_spawner::Executor;
use axum::body::Body;
use axum::response::Response;
use certporter::service::time_zone::TimeZone;
use certporter_model::Timestamp;
use http::{HeaderValue, Request, StatusCode, header};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::site::Site;
use crate::ui::icon::Sprite;
use crate::ui::layout::{Person, Surroundings, Theme};
use crate::ui::time::{Now, Zone};

/// Everything that a rendering needs beside its data.
#[derive(Clone)]
pub struct Renderer {
    site: Site,
    now: Timestamp,
    address: String,
    theme: Theme,
    person: Option<Person>,
    zone: Option<TimeZone>,
}

impl Renderer {
    /// For the answer to one request.
    #[must_use]
    pub fn new(site: Site, now: Timestamp, parts: &http::request::Parts, person: Option<Person>) -> Self {
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str()).to_owned();
        let theme = cookie(parts, "theme").map_or(Theme::System, Theme::from_word);
        let zone = parts.extensions.get::<TimeZone>().copied();
        Self { site, now, address, theme, person, zone }
    }

    /// The same at another moment: for answers that take long.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// The path and query that were asked for.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Who is signed in.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// Renders a page.
    pub async fn page<V>(
        &self,
        status: StatusCode,
        view: impl Fn() -> V + Clone + Send + Sync + 'static,
    ) -> Response
    where
        V: IntoView + 'static,
    {
        // Whatever was initialised before stays: every rendering runs on the one runtime of the process.
        let _initialised = Executor::init_tokio();
        let renderer = self.clone();
        let context = move || {
            renderer.provide();
            let options = expect_context::<ResponseOptions>();
            options.set_status(status);
            if let Ok(policy) = HeaderValue::from_str(&content_security_policy()) {
                options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
        };
        let mut request = Request::new(Body::empty());
        if let Ok(uri) = self.address.parse() {
            *request.uri_mut() = uri;
        }
        leptos_axum::render_app_async_with_context(context, view)(request).await
    }

    /// Renders a part of a page, to be sent to an island that shows it.
    pub fn part<V>(&self, view: impl FnOnce() -> V) -> String
    where
        V: IntoView + 'static,
    {
        let _initialised = Executor::init_tokio();
        let owner = Owner::new();
        owner.with(|| {
            self.provide();
            view().to_html()
        })
    }

    fn provide(&self) {
        provide_context(Now(self.now));
        provide_context(Zone(self.zone));
        provide_context(Sprite(self.site.path("icons")));
        provide_context(Surroundings {
            address: self.address.clone(),
            theme: self.theme,
            style: self.site.path("css"),
            favicon: self.site.path("favicon"),
            leptos: self.site.leptos(),
            script: self.site.path("portal"),
            person: self.person.clone(),
        });
    }
}

/// Only this portal's own files, and of scripts only those of this page; compiled WASM is allowed.
fn content_security_policy() -> String {
    let nonce = use_nonce().map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A cookie's value.
fn cookie<'a>(parts: &'a http::request::Parts, name: &str) -> Option<&'a str> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
