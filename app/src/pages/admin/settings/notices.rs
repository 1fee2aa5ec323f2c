//! `/settings/notices`: which notices are sent. `/settings/notices/{kind}`: what one says, with a preview.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::notices::mail;
use certporter::service::notices::templates::{self, NoticePreview, NoticeTemplateDraft, NoticeTemplateView};
use certporter_model::FieldErrors;
use certporter_model::notice::NoticeKind;
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::admin::users::changed::{Again, Changed, ChangedSince, There};
use crate::pages::asked::{Asked, id};
use crate::pages::form::Sent;
use crate::ui::facts::Section;
use crate::ui::field::{CheckField, Hidden, LongField, TextField, Typed};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::link::LinkButton;
use crate::ui::notice::{FormErrors, Notice, Tone};
use crate::ui::table::Table;

/// What a kind of notice is called.
#[must_use]
pub const fn name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Expiring => "Certificates end and were not renewed",
        NoticeKind::RequestsFailing => "Requests failed",
        NoticeKind::CrlTrouble => "A CRL runs out",
        NoticeKind::Replacement => "A certificate is about to be replaced",
        NoticeKind::Revoked => "A certificate was revoked",
        NoticeKind::KeyHandedOut => "A file with a key was prepared",
        NoticeKind::KeyRecovered => "A key left escrow for somebody else",
        NoticeKind::SignInCode => "A sign-in code was issued or used",
        NoticeKind::EnrolledByStaff => "A device was enrolled by staff",
    }
}

const fn about(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Expiring => {
            "Once a day, when renewals are overdue by a day and the end is within 30 days."
        }
        NoticeKind::RequestsFailing => {
            "At the first failure; what fails within the next hour goes into the next one."
        }
        NoticeKind::CrlTrouble => {
            "When less than a third of a CRL\u{2019}s time is left and no new one was made."
        }
        NoticeKind::Replacement => "When a certificate is renewed or reissued.",
        NoticeKind::Revoked => "Whatever the reason, unless another took its place.",
        NoticeKind::KeyHandedOut => "When a certificate and its key are to be fetched as a file.",
        NoticeKind::KeyRecovered => {
            "When staff, or whoever came with a code from staff, takes a person\u{2019}s private key out of escrow."
        }
        NoticeKind::SignInCode => "So that nobody signs in as somebody else unnoticed.",
        NoticeKind::EnrolledByStaff => "So that no device joins in somebody\u{2019}s name unnoticed.",
    }
}

/// The list of kinds.
#[derive(Debug, Clone)]
pub struct List {
    /// The kinds.
    pub kinds: Vec<NoticeTemplateView>,
    /// Whether mail is set up.
    pub set_up: bool,
    /// Whether there is an operator's address.
    pub operators: bool,
}

/// Shows the list.
pub async fn get(asked: Asked) -> Response {
    let list = async {
        let kinds = templates::list(&asked.portal, &asked.caller).await?;
        let mail = mail::get(&asked.portal, &asked.caller).await?;
        Ok(List { kinds, set_up: mail.set_up, operators: !mail.operators.is_empty() })
    };
    let list = list.await;
    asked.answer(list, page).await
}

/// The page of the list.
pub fn page(list: List) -> AnyView {
    let List { kinds, set_up, operators } = list;
    let (theirs, personal): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|kind| kind.for_operators);
    view! {
        <Page title="Notices".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Notices"
                lead="What is told by e-mail, to whom, and in which words. Everything is off until it is switched on."
                within=("/settings", "Settings")
            >
                <div class="buttons">
                    <LinkButton to="/settings/notices/letters" icon="list-checks" label="Letters"/>
                    <LinkButton to="/settings/mail" icon="settings" label="Mail server"/>
                </div>
            </Heading>
            {(!set_up)
                .then(|| {
                    view! {
                        <Notice tone=Tone::Wary>
                            <p>
                                "Mail is not set up: nothing is written or sent. " <a href="/settings/mail">"Set up the mail server"</a> "."
                            </p>
                        </Notice>
                    }
                })}
            <Section title="To operators">
                {(set_up && !operators)
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Wary>
                                <p>
                                    "There is no operator\u{2019}s address yet. " <a href="/settings/mail">"Enter one"</a> "."
                                </p>
                            </Notice>
                        }
                    })}
                {table("To operators", theirs)}
            </Section>
            <Section title="To the person concerned">{table("To the person concerned", personal)}</Section>
        </Page>
    }
    .into_any()
}

fn table(label: &'static str, kinds: Vec<NoticeTemplateView>) -> AnyView {
    view! {
        <Table label columns=&["Notice", "State", "When", "Subject"]>
            {kinds
                .into_iter()
                .map(|kind| {
                    let (tone, icon, word) = if kind.enabled {
                        ("status good", "circle-check", "On")
                    } else {
                        ("status over", "circle-pause", "Off")
                    };
                    view! {
                        <tr>
                            <td class="name">
                                <a href=format!("/settings/notices/{}", kind.kind)>{name(kind.kind)}</a>
                            </td>
                            <td class="state">
                                <span class=tone>
                                    <Icon name=icon/>
                                    {word}
                                </span>
                            </td>
                            <td>{about(kind.kind)}</td>
                            <td class="quiet">{kind.subject}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// What the form holds.
#[derive(Debug, Clone, Default)]
pub struct TemplateForm {
    /// Whether such notices are sent.
    pub enabled: bool,
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
    /// The version that was read.
    pub version: String,
}

impl TemplateForm {
    fn of(view: &NoticeTemplateView) -> Self {
        Self {
            enabled: view.enabled,
            subject: view.subject.clone(),
            body: view.body.clone(),
            version: view.version.to_string(),
        }
    }

    fn draft(&self) -> NoticeTemplateDraft {
        NoticeTemplateDraft { enabled: self.enabled, subject: self.subject.clone(), body: self.body.clone() }
    }

    fn fields(&self) -> Vec<(String, String)> {
        let text = |text: &str| {
            let text = text.trim_end();
            if text.is_empty() { "(the standard text)".to_owned() } else { text.to_owned() }
        };
        let sent = if self.enabled { "yes" } else { "no" };
        [("Sent", sent.to_owned()), ("Subject", text(&self.subject)), ("Text", text(&self.body))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

/// What the address says.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(default)]
pub struct Said {
    saved: bool,
}

/// A kind with its form.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The kind as it is saved.
    pub view: NoticeTemplateView,
    /// What was typed.
    pub typed: Typed<TemplateForm>,
    /// How it would look.
    pub preview: Option<NoticePreview>,
    /// What somebody else saved since the form was opened.
    pub changed: Option<Changed>,
    /// Whether it was just saved.
    pub saved: bool,
}

/// Shows a kind, with the preview of what is saved.
pub async fn edit(asked: Asked, Path(text): Path<String>, Query(said): Query<Said>) -> Response {
    let found = async {
        let kind: NoticeKind = id(&text, "kind of notice")?;
        let view = templates::get(&asked.portal, &asked.caller, kind).await?;
        let values = TemplateForm::of(&view);
        let preview = templates::preview(&asked.portal, &asked.caller, kind, &values.draft()).await?;
        let typed = Typed { values, errors: FieldErrors::new() };
        Ok(Editing { view, typed, preview: Some(preview), changed: None, saved: said.saved })
    };
    let found = found.await;
    asked.answer(found, edit_page).await
}

/// Saves what was typed, or shows how it would look.
pub async fn update(asked: Asked, Path(text): Path<String>, sent: Sent) -> Response {
    let kind: NoticeKind = match id(&text, "kind of notice") {
        Ok(kind) => kind,
        Err(error) => return asked.refuse(error).await,
    };
    let mut form = TemplateForm {
        enabled: sent.has("enabled"),
        subject: sent.one("subject").to_owned(),
        body: sent.one("body").replace("\r\n", "\n"),
        version: sent.one("version").to_owned(),
    };
    if sent.one("what") == "standard" {
        (form.subject, form.body) = (String::new(), String::new());
    }
    let (portal, caller) = (&asked.portal, &asked.caller);
    if sent.one("what") != "preview" {
        let version = form.version.parse().unwrap_or(0);
        return match templates::update(portal, caller, kind, version, &form.draft()).await {
            Ok(_) => Redirect::to(&format!("/settings/notices/{kind}?saved=true")).into_response(),
            Err(error) => wrong(&asked, kind, form, error).await,
        };
    }
    let looked = async {
        let preview = templates::preview(portal, caller, kind, &form.draft()).await?;
        Ok((preview, templates::get(portal, caller, kind).await?))
    };
    match looked.await {
        Ok((preview, view)) => {
            let typed = Typed { values: form, errors: FieldErrors::new() };
            let editing = Editing { view, typed, preview: Some(preview), changed: None, saved: false };
            asked.renderer.page(StatusCode::OK, move || edit_page(editing.clone())).await
        }
        Err(error) => wrong(&asked, kind, form, error).await,
    }
}

/// The form again, with what was typed and what is wrong with it.
async fn wrong(asked: &Asked, kind: NoticeKind, form: TemplateForm, error: ServiceError) -> Response {
    let again = async {
        let view = templates::get(&asked.portal, &asked.caller, kind).await?;
        let there = There::only("notice_template", view.version).named("kind", kind.as_str());
        let fields = (TemplateForm::of(&view).fields(), form.fields());
        Ok((view, Again::of(asked, error, there, fields).await?))
    };
    match again.await {
        Ok((view, Again { status, changed, errors })) => {
            // Theirs is overwritten only by who has seen it.
            let version = changed.as_ref().map(|changed| changed.version.to_string());
            let values = TemplateForm { version: version.unwrap_or(form.version), ..form };
            let typed = Typed { values, errors };
            let editing = Editing { view, typed, preview: None, changed, saved: false };
            asked.renderer.page(status, move || edit_page(editing.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page of a kind.
pub fn edit_page(editing: Editing) -> AnyView {
    let Editing { view, typed, preview, changed, saved } = editing;
    let whom =
        if view.for_operators { "the operators\u{2019} addresses" } else { "the person whom it is about" };
    let lead = format!("Goes to {whom}. {}", about(view.kind));
    let kind = view.kind;
    view! {
        <Page title=name(kind).to_owned() task=Some(Task::Settings)>
            <Heading title=name(kind) lead within=("/settings/notices", "Notices")/>
            {saved
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <p>
                                {if view.enabled {
                                    "Saved: such notices are sent from now on."
                                } else {
                                    "Saved: no such notice is sent."
                                }}
                            </p>
                        </Notice>
                    }
                })}
            {changed.map(|changed| view! { <ChangedSince changed/> })}
            <Section title="What it says">{form(&view, typed)}</Section>
            {preview.map(shown)}
        </Page>
    }
    .into_any()
}

fn form(view: &NoticeTemplateView, typed: Typed<TemplateForm>) -> AnyView {
    let Typed { values, errors } = typed;
    let variables = view
        .variables
        .iter()
        .map(|it| {
            let (name, about) = (format!("{{{{{}}}}}", it.name), it.about.clone());
            view! {
                <li>
                    <span class="mono">{name}</span>
                    " "
                    {about}
                </li>
            }
        })
        .collect_view();
    let standard = view.standard;
    view! {
        <form class="form" method="post" action=format!("/settings/notices/{}", view.kind)>
            <FormErrors errors=errors.clone()/>
            <Hidden name="version" value=values.version/>
            <CheckField
                name="enabled"
                label="Send such notices"
                checked=values.enabled
                errors=errors.clone()
                hint="What happened before is not told."
            />
            <TextField name="subject" label="Subject" value=values.subject errors=errors.clone()/>
            <LongField name="body" label="Text" value=values.body errors rows=12 hint="Empty: the standard text."/>
            <div class="field">
                <p class="hint">"These stand for a value:"</p>
                <ul class="hint variables">{variables}</ul>
            </div>
            <div class="buttons">
                <button class="btn btn-primary" type="submit" name="what" value="save">
                    "Save"
                </button>
                <button class="btn" type="submit" name="what" value="preview">
                    "Preview"
                </button>
                {(!standard)
                    .then(|| {
                        view! {
                            <button class="btn btn-ghost" type="submit" name="what" value="standard" formnovalidate>
                                "Back to the standard text"
                            </button>
                        }
                    })}
            </div>
        </form>
    }
    .into_any()
}

fn shown(preview: NoticePreview) -> AnyView {
    let of = if preview.real {
        "As it would tell of something that is there."
    } else {
        "There is nothing of the kind yet: this tells of something made up."
    };
    view! {
        <Section title="Preview">
            <p class="quiet">{of}</p>
            <article class="letter">
                <h3>{preview.subject}</h3>
                <pre>{preview.body}</pre>
            </article>
        </Section>
    }
    .into_any()
}
