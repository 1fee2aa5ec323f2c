//! `/imports/{id}`: what was found in a file, what would follow, and how far it is.

use std::convert::Infallible;
use std::time::Duration;

use axum::Form;
use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::import::{self, ImportCounts, ImportKind, ImportState, ImportView, RowError};
use certporter::service::{Portal, ServiceError};
use certporter_model::ImportId;
use futures::stream;
use http::StatusCode;
use leptos::prelude::*;
use serde::Deserialize;

use super::list::{status, what};
use crate::islands::live::Live;
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::consequences::{Outcome, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::facts::{Fact, Facts, Section};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::status::State;
use crate::ui::table::Table;
use crate::ui::time::Moment;
use crate::ui::words::sentence;

/// How often a page that moves looks how far the plan is.
const LOOK: Duration = Duration::from_secs(2);

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Import {
    /// The import.
    pub view: ImportView,
    /// What would follow, where that has changed since it was shown.
    pub changed: Option<Shown>,
    /// Why it was not carried out.
    pub wrong: Vec<String>,
}

/// The form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CarryOutForm {
    digest: String,
}

/// Shows the import.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let shown = read(&asked, &text).await;
    asked.answer(shown.map(|view| Import { view, changed: None, wrong: Vec::new() }), page).await
}

async fn read(asked: &Asked, text: &str) -> Result<ImportView, ServiceError> {
    import::get(&asked.portal, &asked.caller, id(text, "import")?).await
}

/// Carries it out, if what follows is what was shown.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<CarryOutForm>) -> Response {
    let import: ImportId = match id(&text, "import") {
        Ok(import) => import,
        Err(error) => return asked.refuse(error).await,
    };
    let operation = |portal: Portal| {
        let caller = &asked.caller;
        async move { import::carry_out(&portal, caller, import).await }
    };
    let (changed, wrong) = match preview_or_do(&asked, &form.digest, operation).await {
        Ok(Outcome::Done(_)) => return Redirect::to(&format!("/imports/{import}")).into_response(),
        Ok(Outcome::Show(shown)) => (Some(shown), Vec::new()),
        Err(error) => match form_errors(error) {
            Ok(errors) => (None, errors.as_slice().iter().map(|it| sentence(&it.message)).collect()),
            Err(error) => return asked.refuse(error).await,
        },
    };
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    match read(&asked, &text).await {
        Ok(view) => {
            let shown = Import { view, changed, wrong };
            asked.renderer.page(status, move || page(shown.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Discards it.
pub async fn discard(asked: Asked, Path(text): Path<String>) -> Response {
    let done = async { import::discard(&asked.portal, &asked.caller, id(&text, "import")?).await };
    match done.await {
        Ok(_) => Redirect::to("/imports").into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// Sends the moving part of the page: how far the import is, then how far the plan is.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    if let Err(error) = read(&asked, &text).await {
        return asked.refuse(error).await;
    }
    let stream = stream::unfold((asked, text, true), |(asked, text, first)| async move {
        if !first {
            tokio::time::sleep(LOOK).await;
        }
        let caller = asked.still_signed_in().await.ok()?;
        let view = import::get(&asked.portal, &caller, id(&text, "import").ok()?).await.ok()?;
        let part = asked.renderer.at(asked.portal.now()).part(|| moving(&view));
        Some((Ok::<_, Infallible>(Event::default().data(part)), (asked, text, false)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// The page.
pub fn page(shown: Import) -> AnyView {
    let Import { view, changed, wrong } = shown;
    let summary = view.import.clone();
    let state = status(&summary);
    let moves = summary.state == ImportState::Checking
        || summary.state.is_going_on()
        || (summary.state == ImportState::Done && view.open_parts > 0);
    let title = summary.file_name.clone();
    let lead = format!("{} out of a CSV file, checked by {}.", what(summary.kind), summary.made_by);
    let body = match summary.state {
        ImportState::Checking | ImportState::Starting | ImportState::Importing => under_way(&view),
        ImportState::Stopped => stopped(&view),
        ImportState::Checked if summary.wrong > 0 => errors(summary.wrong, view.errors),
        ImportState::Checked => offer(&view, changed),
        ImportState::Waiting if view.approved => offer(&view, changed),
        ImportState::Waiting => waiting(&view),
        ImportState::Done => done(&view),
        ImportState::Discarded => {
            view! { <p class="quiet">"Nothing of it was imported, and the file is forgotten."</p> }.into_any()
        }
    };
    view! {
        <Page title=title.clone() task=Some(Task::Users) island=moves>
            <Heading title lead within=("/imports", "Imports")/>
            {(!wrong.is_empty())
                .then(|| {
                    view! {
                        <Notice tone=Tone::Bad>
                            {wrong.into_iter().map(|message| view! { <p>{message}</p> }).collect_view()}
                        </Notice>
                    }
                })}
            <Facts>
                <Fact name="State">
                    <State of=state/>
                </Fact>
                <Fact name="Rows">{summary.rows}</Fact>
                <Fact name="Errors">{summary.wrong}</Fact>
                <Fact name="Checked">
                    <Moment at=summary.created_at/>
                </Fact>
            </Facts>
            {body}
        </Page>
    }
    .into_any()
}

fn errors(wrong: u32, errors: Vec<RowError>) -> AnyView {
    let title = if wrong == 1 { "One error".to_owned() } else { format!("{wrong} errors") };
    view! {
        <Notice tone=Tone::Bad>
            <p>
                <strong>{title}</strong>
                ": nothing of the file is imported. Mend these rows in the file, then check it again."
            </p>
        </Notice>
        {wrong_rows(wrong, errors)}
        <a class="btn btn-primary" href="/imports/new">
            "Check a mended file"
        </a>
    }
    .into_any()
}

fn wrong_rows(wrong: u32, errors: Vec<RowError>) -> AnyView {
    let shown = u32::try_from(errors.len()).unwrap_or(u32::MAX);
    let more = (shown < wrong).then(|| format!("The first {shown} are shown."));
    let line = |line: u32| if line == 0 { "The whole file".to_owned() } else { format!("Line {line}") };
    view! {
        <Section title="What is wrong">
            <Table label="Errors" columns=&["Line", "Column", "What is wrong"]>
                {errors
                    .into_iter()
                    .map(|error| {
                        view! {
                            <tr>
                                <td class="name">{line(error.line)}</td>
                                <td class="state mono">{error.column}</td>
                                <td>{sentence(&error.message)}</td>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
            {more.map(|more| view! { <p class="quiet after">{more}</p> })}
        </Section>
    }
    .into_any()
}

/// A long file that goes on by itself.
fn under_way(view: &ImportView) -> AnyView {
    let address = format!("/imports/{}", view.import.id);
    let source = format!("{address}/events");
    let part = moving(view);
    view! {
        <p class="quiet">"This goes on by itself: the page can be left, and found again at this address."</p>
        <Live source>{part}</Live>
        <noscript>
            <a class="btn" href=address>
                "Show how far it is now"
            </a>
        </noscript>
    }
    .into_any()
}

/// The part that moves.
pub fn moving(view: &ImportView) -> AnyView {
    let ImportView { to_do, done, .. } = *view;
    let text = match view.import.state {
        ImportState::Checking => format!("{} rows are being checked.", view.import.rows),
        ImportState::Starting => "The file is checked once more, before anything is written.".to_owned(),
        ImportState::Importing => {
            return view! {
                <div class="progressing">
                    <progress max=to_do.to_string() value=done.to_string() aria-label="Written"></progress>
                    <p>{format!("{done} of {to_do} rows are written.")}</p>
                </div>
            }
            .into_any();
        }
        ImportState::Done if view.open_parts > 0 => return progress(view.open_parts),
        _ => {
            let address = format!("/imports/{}", view.import.id);
            return view! {
                <Notice tone=Tone::Wary>
                    <p>
                        "This has ended. "
                        <a class="text" href=address>
                            "Show what came of it"
                        </a>
                    </p>
                </Notice>
            }
            .into_any();
        }
    };
    view! {
        <div class="progressing">
            <progress aria-label="Being checked"></progress>
            <p>{text}</p>
        </div>
    }
    .into_any()
}

/// Something came in between.
fn stopped(view: &ImportView) -> AnyView {
    let id = view.import.id;
    let ImportView { to_do, done, .. } = *view;
    let told = if done == 0 {
        "Nothing of the file is imported.".to_owned()
    } else {
        format!("{done} of {to_do} rows are imported and stay so; {} are left.", to_do.saturating_sub(done))
    };
    let why = if view.errors.is_empty() {
        "Other things would follow from the rest now than were shown: look at them before it goes on."
    } else {
        "What stands against the rest is below. Once that is mended, go on: only what is left is written."
    };
    view! {
        <Notice tone=Tone::Bad>
            <p>
                <strong>{told}</strong>
                " "
                {why}
            </p>
        </Notice>
        {(!view.errors.is_empty()).then(|| wrong_rows(view.import.wrong, view.errors.clone()))}
        <Preview
            shown=Shown { consequences: view.consequences.clone(), changed: view.changed }
            action=format!("/imports/{id}")
            fields=Vec::new()
            submit="Go on with what is left".to_owned()
            back="/imports"
        />
        <form class="after" method="post" action=format!("/imports/{id}/discard")>
            <button class="btn btn-ghost" type="submit">
                "Leave it, and discard the file"
            </button>
        </form>
    }
    .into_any()
}

/// What would be done, and the button that does it.
fn offer(view: &ImportView, changed: Option<Shown>) -> AnyView {
    let ImportCounts { created, updated, removed, .. } = view.import.counts;
    let id = view.import.id;
    let amount = created + updated + removed;
    let told = counted(view.import.kind, view.import.counts);
    let discard = view! {
        <form method="post" action=format!("/imports/{id}/discard")>
            <button class="btn btn-ghost" type="submit">
                "Discard the file"
            </button>
        </form>
    };
    if amount == 0 {
        return view! {
            <Section title="Nothing to import">
                <p>"Everything in the file is as it is here already."</p>
            </Section>
            {discard}
        }
        .into_any();
    }
    let noun = noun(view.import.kind, amount);
    let before = || Shown { consequences: view.consequences.clone(), changed: view.changed };
    let shown = changed.unwrap_or_else(before);
    view! {
        <Section title="What will be imported">
            <ul class="effects">{told.into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
        </Section>
        <Preview
            shown
            action=format!("/imports/{id}")
            fields=Vec::new()
            submit=format!("Import {amount} {noun}")
            back="/imports"
        />
        <div class="after">{discard}</div>
    }
    .into_any()
}

fn waiting(view: &ImportView) -> AnyView {
    let revoked = view.consequences.summary.revocations();
    let reissued = view.consequences.summary.reissued;
    let discard = format!("/imports/{}/discard", view.import.id);
    view! {
        <Notice tone=Tone::Wary>
            <p>
                {format!(
                    "Nothing is imported yet: {revoked} certificates would be revoked and {reissued} reissued, so many that an administrator has to approve it first. Once that is done, come back here and import it.",
                )}
            </p>
        </Notice>
        <div class="buttons">
            <a class="btn btn-primary" href="/requests/approvals">
                "To the plans that wait"
            </a>
            <form method="post" action=discard>
                <button class="btn btn-ghost" type="submit">
                    "Discard the file"
                </button>
            </form>
        </div>
    }
    .into_any()
}

fn done(view: &ImportView) -> AnyView {
    let told = counted(view.import.kind, view.import.counts);
    let source = format!("/imports/{}/events", view.import.id);
    let open = view.open_parts;
    let next = match view.import.kind {
        ImportKind::Users => ("/users?source=import", "To the imported users"),
        ImportKind::Devices => ("/devices", "To the devices"),
        ImportKind::Memberships => ("/groups", "To the groups"),
    };
    view! {
        <Notice tone=Tone::Good>
            <p>"Imported as a whole. Bringing the same file again changes nothing."</p>
        </Notice>
        <Section title="What was imported">
            <ul class="effects">{told.into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
        </Section>
        <Section title="What follows">
            {if open > 0 {
                view! { <Live source>{progress(open)}</Live> }.into_any()
            } else {
                progress(open)
            }}
        </Section>
        <a class="btn" href=next.0>
            {next.1}
        </a>
    }
    .into_any()
}

/// How far the plan is.
pub fn progress(open: u32) -> AnyView {
    let text = match open {
        0 => "The plan was carried out; what it asked for is on its way, and seen on the devices' pages."
            .to_owned(),
        1 => "The last part of the plan is being carried out.".to_owned(),
        open => format!(
            "{open} parts of the plan are still to be carried out, each of up to 300 people and devices."
        ),
    };
    view! { <p>{text}</p> }.into_any()
}

fn counted(kind: ImportKind, counts: ImportCounts) -> Vec<String> {
    let ImportCounts { created, updated, removed, unchanged } = counts;
    let line = |count: u32, what: &str| (count > 0).then(|| format!("{count} {} {what}", noun(kind, count)));
    let new = if kind == ImportKind::Memberships { "added" } else { "created" };
    [
        line(created, new),
        line(updated, "changed"),
        line(removed, "ended"),
        line(unchanged, "as they are already"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn noun(kind: ImportKind, count: u32) -> &'static str {
    match (kind, count) {
        (ImportKind::Users, 1) => "user",
        (ImportKind::Users, _) => "users",
        (ImportKind::Devices, 1) => "device",
        (ImportKind::Devices, _) => "devices",
        (ImportKind::Memberships, 1) => "membership",
        (ImportKind::Memberships, _) => "memberships",
    }
}
