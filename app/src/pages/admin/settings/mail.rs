//! `/settings/mail`: where mail goes out, and a test message.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::notices::mail::{
    self, MailSettingsDraft, MailSettingsView, MailTestDraft, MailTestView,
};
use certporter_model::FieldErrors;
use certporter_model::notice::MailSecurity;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::admin::users::changed::{Again, Changed, ChangedSince, There};
use crate::pages::asked::{Asked, form_errors};
use crate::pages::form::Sent;
use crate::ui::facts::Section;
use crate::ui::field::{ChoiceField, Hidden, LongField, NumberField, TextField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::words::sentence;

/// What the form holds, as it was typed. The password is never given back.
#[derive(Debug, Clone, Default)]
pub struct MailForm {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: String,
    /// The word of the protection.
    pub security: String,
    /// The user.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// The sender.
    pub sender: String,
    /// What its TLS certificate must come from.
    pub tls_ca: String,
    /// The operators' addresses, one a line.
    pub operators: String,
    /// The version that was read.
    pub version: String,
}

impl MailForm {
    fn of(view: &MailSettingsView) -> Self {
        Self {
            host: view.host.clone(),
            port: view.port.to_string(),
            security: view.security.as_str().to_owned(),
            user: view.user.clone(),
            has_password: view.has_password,
            sender: view.sender.clone(),
            tls_ca: view.tls_ca.clone(),
            operators: view.operators.join("\n"),
            version: view.version.to_string(),
        }
    }

    fn fields(&self) -> Vec<(String, String)> {
        let fields = [
            ("Server", &self.host),
            ("Port", &self.port),
            ("Protection", &self.security),
            ("User", &self.user),
            ("Sender", &self.sender),
            ("Operators\u{2019} addresses", &self.operators),
            ("CA of its TLS certificate", &self.tls_ca),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    fn sent(sent: &Sent) -> Self {
        let one = |name: &str| sent.one(name).to_owned();
        Self {
            host: one("host"),
            port: one("port"),
            security: one("security"),
            user: one("user"),
            has_password: false,
            sender: one("sender"),
            tls_ca: one("tls_ca").replace("\r\n", "\n"),
            operators: one("operators").replace("\r\n", "\n"),
            version: one("version"),
        }
    }

    fn draft(&self, password: &str) -> MailSettingsDraft {
        MailSettingsDraft {
            host: self.host.clone(),
            // What is no number is told as a wrong port.
            port: self.port.trim().parse().unwrap_or(0),
            security: self.security.clone(),
            user: self.user.clone(),
            password: password.to_owned(),
            sender: self.sender.clone(),
            tls_ca: self.tls_ca.clone(),
            operators: self.operators.split(['\n', ',', ';']).map(str::to_owned).collect(),
        }
    }
}

/// What the address says.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(default)]
pub struct Said {
    saved: bool,
}

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whether mail is set up.
    pub set_up: bool,
    /// The form.
    pub typed: Typed<MailForm>,
    /// What somebody else saved since the form was opened.
    pub changed: Option<Changed>,
    /// Whether it was just saved.
    pub saved: bool,
    /// The address of the test message, and what is wrong with it.
    pub to: Typed<String>,
    /// What became of the test message.
    pub tested: Option<MailTestView>,
}

/// Shows it.
pub async fn get(asked: Asked, Query(said): Query<Said>) -> Response {
    let view = mail::get(&asked.portal, &asked.caller).await;
    let shown = view.map(|view| Shown {
        set_up: view.set_up,
        typed: Typed { values: MailForm::of(&view), errors: FieldErrors::new() },
        changed: None,
        saved: said.saved,
        to: Typed::default(),
        tested: None,
    });
    asked.answer(shown, page).await
}

/// Saves it.
pub async fn post(asked: Asked, sent: Sent) -> Response {
    let form = MailForm::sent(&sent);
    let version = form.version.parse().unwrap_or(0);
    let draft = form.draft(sent.one("password"));
    let error = match mail::update(&asked.portal, &asked.caller, version, &draft).await {
        Ok(_) => return Redirect::to("/settings/mail?saved=true").into_response(),
        Err(error) => error,
    };
    let again = async {
        let view = mail::get(&asked.portal, &asked.caller).await?;
        let there = There::only("mail", view.version);
        let fields = (MailForm::of(&view).fields(), form.fields());
        Ok((view, Again::of(&asked, error, there, fields).await?))
    };
    match again.await {
        Ok((view, Again { status, changed, errors })) => {
            // Theirs is overwritten only by who has seen it.
            let version = changed.as_ref().map(|changed| changed.version.to_string());
            let version = version.unwrap_or_else(|| form.version.clone());
            let values = MailForm { has_password: view.has_password, version, ..form };
            let typed = Typed { values, errors };
            let set_up = view.set_up;
            let shown = Shown { set_up, typed, changed, saved: false, to: Typed::default(), tested: None };
            asked.renderer.page(status, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends a test message.
pub async fn test(asked: Asked, sent: Sent) -> Response {
    let to = sent.one("to").to_owned();
    let tested = mail::test(&asked.portal, &asked.caller, &MailTestDraft { to: to.clone() }).await;
    let (status, tested, errors) = match tested.map_err(form_errors) {
        Ok(tested) => (StatusCode::OK, Some(tested), FieldErrors::new()),
        Err(Ok(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, None, errors),
        Err(Err(error)) => return asked.refuse(error).await,
    };
    match mail::get(&asked.portal, &asked.caller).await {
        Ok(view) => {
            let shown = Shown {
                set_up: view.set_up,
                typed: Typed { values: MailForm::of(&view), errors: FieldErrors::new() },
                changed: None,
                saved: false,
                to: Typed { values: to, errors },
                tested,
            };
            asked.renderer.page(status, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(shown: Shown) -> AnyView {
    let Shown { set_up, typed, changed, saved, to, tested } = shown;
    view! {
        <Page title="Mail".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Mail"
                lead="The server that takes the portal\u{2019}s notices, and the addresses of those who operate it. No notice is sent until its kind is switched on."
                within=("/settings", "Settings")
            >
                <LinkButton to="/settings/notices" icon="mail" label="Notices"/>
            </Heading>
            {saved
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>"Saved. Send a test message to see that it works."</p>
                        </Notice>
                    }
                })}
            {changed.map(|changed| view! { <ChangedSince changed/> })}
            {tested.map(outcome)}
            <Section title="The mail server">{form(typed)}</Section>
            <Section title="A test message">
                {if set_up {
                    test_form(to)
                } else {
                    view! { <p class="quiet">"Save the server and the sender first."</p> }.into_any()
                }}
            </Section>
        </Page>
    }
    .into_any()
}

fn outcome(tested: MailTestView) -> AnyView {
    if tested.taken {
        return view! {
            <Notice tone=Tone::Good>
                <p>"The mail server has taken the test message."</p>
            </Notice>
        }
        .into_any();
    }
    view! {
        <Notice tone=Tone::Bad>
            <p>{sentence(&tested.cause.unwrap_or_default())}</p>
            {tested.remedy.map(|remedy| view! { <p>{remedy}</p> })}
        </Notice>
    }
    .into_any()
}

fn test_form(to: Typed<String>) -> AnyView {
    let Typed { values, errors } = to;
    view! {
        <form class="form" method="post" action="/settings/mail/test">
            <TextField
                name="to"
                label="To"
                value=values
                errors
                hint="It goes out at once, with what is saved."
                autocomplete="email"
                exact=true
            />
            <div>
                <button class="btn" type="submit">
                    <Icon name="send"/>
                    "Send a test message"
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn form(typed: Typed<MailForm>) -> AnyView {
    let Typed { values: form, errors } = typed;
    let protections = vec![
        (
            MailSecurity::StartTls.as_str(),
            "STARTTLS: protected from the start of the conversation (port 587)",
        ),
        (MailSecurity::Tls.as_str(), "TLS: protected from the first octet (port 465)"),
        (MailSecurity::None.as_str(), "None: on this machine or a network of its own"),
    ];
    let password_hint = if form.has_password {
        "Empty: the one before is kept. It has to be given again when the server, the user or the protection changes."
    } else {
        "It rests sealed, and is never shown again."
    };
    view! {
        <form class="form" method="post" action="/settings/mail">
            <FormErrors errors=errors.clone()/>
            <Hidden name="version" value=form.version/>
            <TextField
                name="host"
                label="Server"
                value=form.host
                errors=errors.clone()
                hint="Its name, such as mail.example.org."
                exact=true
            />
            <NumberField name="port" label="Port" value=form.port most=65_535 errors=errors.clone()/>
            <ChoiceField
                name="security"
                label="Protection"
                choices=protections
                value=form.security
                errors=errors.clone()
                hint="A server that can\u{2019}t what is chosen is refused."
            />
            <TextField
                name="user"
                label="User"
                value=form.user
                errors=errors.clone()
                hint="Empty: the server takes the portal\u{2019}s mail without signing in."
                optional=true
                exact=true
            />
            <TextField
                name="password"
                label="Password"
                kind="password"
                errors=errors.clone()
                hint=password_hint
                autocomplete="new-password"
                optional=true
                exact=true
            />
            <TextField
                name="sender"
                label="Sender"
                value=form.sender
                errors=errors.clone()
                hint="Such as Certificates <pki@example.org>."
                exact=true
            />
            <LongField
                name="operators"
                label="Operators\u{2019} addresses"
                value=form.operators
                errors=errors.clone()
                hint="One a line. What needs a hand goes there."
                rows=3
                optional=true
                exact=true
            />
            <LongField
                name="tls_ca"
                label="CA of its TLS certificate"
                value=form.tls_ca
                errors
                hint="PEM. Only a server whose certificate comes from this CA is believed. Empty: those that this machine trusts."
                rows=4
                optional=true
                exact=true
            />
            <div>
                <button class="btn btn-primary" type="submit">
                    "Save"
                </button>
            </div>
        </form>
    }
    .into_any()
}
