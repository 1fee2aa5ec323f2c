//! `/settings/notices/letters`: the letters that were written, and how far each is.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::notices::{self, NoticeView, NoticesQuery};
use certporter::service::{ServiceError, page};
use certporter_model::NoticeId;
use certporter_model::notice::{NoticeKind, NoticeState};
use leptos::prelude::*;

use super::notices::name;
use crate::pages::address;
use crate::pages::asked::{Asked, id, present, word};
use crate::ui::facts::{Detail, Details, Fact, Facts, Section};
use crate::ui::field::Hidden;
use crate::ui::filters::{ChoiceFilter, Filters, choices};
use crate::ui::icon::Icon;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::pager::{Pager, counted};
use crate::ui::status::{State, Status};
use crate::ui::table::{Empty, Table};
use crate::ui::time::{Moment, PerhapsMoment};
use crate::ui::words::sentence;

/// What the address asks for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only in this state.
    pub state: String,
    /// Only of this kind.
    pub kind: String,
    /// Only those written then or later.
    pub since: String,
    /// Where the page begins.
    pub after: String,
}

/// A page of letters.
#[derive(Debug, Clone)]
pub struct List {
    /// What was asked for.
    pub filter: Filter,
    /// The letters.
    pub letters: page::Page<NoticeView>,
}

/// How a state looks.
#[must_use]
pub const fn status(state: NoticeState) -> Status {
    match state {
        NoticeState::Waiting => Status::new("busy", "hourglass", "Waits"),
        NoticeState::Sent => Status::new("good", "circle-check", "Sent"),
        NoticeState::Failed => Status::new("bad", "circle-x", "Failed"),
    }
}

const fn word_of(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Waiting => "Waits",
        NoticeState::Sent => "Sent",
        NoticeState::Failed => "Failed",
    }
}

/// Shows the list.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let list = async {
        let query = NoticesQuery {
            state: word(&filter.state)?,
            kind: word(&filter.kind)?,
            user: None,
            since: word(&filter.since)?,
            cursor: present(&filter.after),
            limit: None,
        };
        let letters = notices::list(&asked.portal, &asked.caller, &query).await?;
        Ok::<_, ServiceError>(List { filter, letters })
    };
    let list = list.await;
    asked.answer(list, list_page).await
}

/// Shows a letter.
pub async fn one(asked: Asked, Path(text): Path<String>) -> Response {
    let letter = async {
        let id = id::<NoticeId>(&text, "notice")?;
        notices::get(&asked.portal, &asked.caller, id).await
    };
    let letter = letter.await;
    asked.answer(letter, letter_page).await
}

/// Has a letter sent again.
pub async fn retry(asked: Asked, Path(text): Path<String>) -> Response {
    let done = async {
        let id = id::<NoticeId>(&text, "notice")?;
        notices::retry(&asked.portal, &asked.caller, id).await
    };
    match done.await {
        Ok(letter) => Redirect::to(&format!("/settings/notices/letters/{}", letter.id)).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page of the list.
pub fn list_page(list: List) -> AnyView {
    let List { filter, letters } = list;
    let to = |after: &str| {
        let Filter { state, kind, since, .. } = &filter;
        let parts = [("state", state.as_str()), ("kind", kind), ("since", since), ("after", after)];
        address("/settings/notices/letters", &parts)
    };
    let first = (!filter.after.is_empty()).then(|| to(""));
    let next = letters.next.as_deref().map(to);
    let shown = counted(letters.data.len(), "letter", "letters");
    let states = choices(NoticeState::ALL, NoticeState::as_str, word_of);
    let kinds = choices(NoticeKind::ALL, NoticeKind::as_str, name);
    view! {
        <Page title="Letters".to_owned() task=Some(Task::Settings)>
            <Heading
                title="Letters"
                lead="Every notice that was written, to whom, and whether the mail server took it. Kept for 90 days."
                within=("/settings/notices", "Notices")
            />
            <Filters action="/settings/notices/letters">
                <ChoiceFilter label="State" name="state" choices=states value=filter.state.clone()/>
                <ChoiceFilter label="Kind" name="kind" choices=kinds value=filter.kind.clone()/>
                {(!filter.since.is_empty()).then(|| view! { <Hidden name="since" value=filter.since.clone()/> })}
            </Filters>
            {if letters.data.is_empty() {
                view! {
                    <Empty title="No letter of the kind">
                        <p>"Letters are written once a kind of notice is switched on and something of it happens."</p>
                        <a class="btn" href="/settings/notices">
                            "To the notices"
                        </a>
                    </Empty>
                }
                    .into_any()
            } else {
                view! {
                    <Table label="Letters" columns=&["Subject", "State", "To", "Written", "Sent"]>
                        {letters.data.into_iter().map(row).collect_view()}
                    </Table>
                    <Pager shown first next/>
                }
                    .into_any()
            }}
        </Page>
    }
    .into_any()
}

fn row(letter: NoticeView) -> AnyView {
    view! {
        <tr>
            <td class="name">
                <a href=format!("/settings/notices/letters/{}", letter.id)>{letter.subject}</a>
                {letter.cause.map(|cause| view! { <p class="quiet">{sentence(&cause)}</p> })}
            </td>
            <td class="state">
                <State of=status(letter.state)/>
            </td>
            <td>{letter.recipient}</td>
            <td data-label="Written">
                <Moment at=letter.created_at/>
            </td>
            <td data-label="Sent">
                <PerhapsMoment at=letter.sent_at otherwise="not yet"/>
            </td>
        </tr>
    }
    .into_any()
}

/// The page of a letter.
pub fn letter_page(letter: NoticeView) -> AnyView {
    let again = letter.state != NoticeState::Sent;
    let retry = format!("/settings/notices/letters/{}/retry", letter.id);
    let recipient = if letter.recipient.is_empty() { "no address".to_owned() } else { letter.recipient };
    view! {
        <Page title=letter.subject.clone() task=Some(Task::Settings)>
            <Heading
                title=letter.subject.clone()
                lead=name(letter.kind)
                within=("/settings/notices/letters", "Letters")
            >
                {again
                    .then(|| {
                        view! {
                            <form method="post" action=retry>
                                <button class="btn" type="submit">
                                    <Icon name="rotate-cw"/>
                                    "Send it now"
                                </button>
                            </form>
                        }
                    })}
            </Heading>
            <Facts>
                <Fact name="State">
                    <State of=status(letter.state)/>
                </Fact>
                <Fact name="To">{recipient}</Fact>
                <Fact name="Written">
                    <Moment at=letter.created_at/>
                </Fact>
                <Fact name="Sent">
                    <PerhapsMoment at=letter.sent_at otherwise="not yet"/>
                </Fact>
            </Facts>
            {letter
                .cause
                .map(|cause| {
                    view! {
                        <Section title="Why not yet">
                            <Details>
                                <Detail name="Cause">{sentence(&cause)}</Detail>
                                <Detail name="What to do">{letter.remedy.unwrap_or_default()}</Detail>
                                <Detail name="Tries">{letter.attempt.to_string()}</Detail>
                                <Detail name="Next try">
                                    <PerhapsMoment at=letter.next_try_at otherwise="none by itself"/>
                                </Detail>
                            </Details>
                        </Section>
                    }
                })}
            <Section title="What it says">
                <article class="letter">
                    <pre>{letter.body}</pre>
                </article>
            </Section>
        </Page>
    }
    .into_any()
}
