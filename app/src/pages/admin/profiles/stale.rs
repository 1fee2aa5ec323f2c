//! Somebody else changed the profile since it was opened: what they changed and what was typed here, field by field.
//! Nothing is overwritten unseen, and nothing that was typed is lost.

use certporter_model::profile::ProfileDraft;
use certporter_model::{ProfileId, Timestamp};
use leptos::prelude::*;

use super::difference::{lines, texts};
use crate::ui::facts::Section;
use crate::ui::field::Hidden;
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::{Notice, Tone};
use crate::ui::table::Table;
use crate::ui::time::Moment;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The profile.
    pub id: ProfileId,
    /// Its name as it is now.
    pub name: String,
    /// Who changed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The number of their version.
    pub number: i64,
    /// Where the three differ.
    pub rows: Vec<Row>,
    /// What was typed, to go on with.
    pub fields: Vec<(String, String)>,
}

/// A field that somebody changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub label: &'static str,
    /// As it was opened.
    pub base: Vec<String>,
    /// As they left it.
    pub theirs: Vec<String>,
    /// As it was typed here.
    pub mine: Vec<String>,
}

impl Row {
    /// Whether both changed it, and not to the same.
    #[must_use]
    pub fn clashes(&self) -> bool {
        self.base != self.theirs && self.base != self.mine && self.theirs != self.mine
    }
}

/// The fields that either changed.
#[must_use]
pub fn rows(base: &ProfileDraft, theirs: &ProfileDraft, mine: &ProfileDraft) -> Vec<Row> {
    lines(base)
        .into_iter()
        .zip(lines(theirs).into_iter().zip(lines(mine)))
        .map(|(base, (theirs, mine))| Row {
            label: base.label,
            base: base.values,
            theirs: theirs.values,
            mine: mine.values,
        })
        .filter(|row| row.base != row.theirs || row.base != row.mine)
        .collect()
}

/// The page.
pub fn page(conflict: Conflict) -> AnyView {
    let Conflict { id, name, by, at, number, rows, fields } = conflict;
    let clashes = rows.iter().filter(|row| row.clashes()).count();
    let title = format!("{name} was changed");
    let clash = match clashes {
        0 => "Your changes and theirs don\u{2019}t touch each other.".to_owned(),
        1 => "One field was changed by both: there yours is taken.".to_owned(),
        many => format!("{many} fields were changed by both: there yours are taken."),
    };
    view! {
        <Page title=title.clone() task=Some(Task::Profiles)>
            <Heading title lead="Nothing was saved, and nothing that you typed is lost." within=("/profiles", "Profiles")/>
            <Notice tone=Tone::Wary>
                <p>
                    {format!("{by} saved version {number} ")} <Moment at/> ", since you opened it. " {clash}
                </p>
            </Notice>
            <Section title="Both versions">
                <Table label="Both versions" columns=&["Field", "When you opened it", "Theirs", "Yours"]>
                    {rows.into_iter().map(row).collect_view()}
                </Table>
            </Section>
            <form class="bar" method="post" action=format!("/profiles/{id}/edit")>
                {fields.into_iter().map(|(name, value)| view! { <Hidden name value/> }).collect_view()}
                <button class="btn btn-primary" type="submit" name="do" value="merge">
                    "Go on with both changes"
                </button>
                <button class="btn" type="submit" name="do" value="edit">
                    "Go on with mine alone"
                </button>
                <a class="btn btn-ghost" href=format!("/profiles/{id}")>
                    "Discard mine"
                </a>
            </form>
        </Page>
    }
    .into_any()
}

fn row(row: Row) -> AnyView {
    let clashes = row.clashes();
    view! {
        <tr>
            <td class="name">
                {row.label}
                {clashes.then(|| view! { <div class="quiet">"changed by both"</div> })}
            </td>
            <td data-label="When you opened it:">{texts(row.base)}</td>
            <td data-label="Theirs:">{texts(row.theirs)}</td>
            <td data-label="Yours:">{texts(row.mine)}</td>
        </tr>
    }
    .into_any()
}
