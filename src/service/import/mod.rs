//! Imports of users, devices and memberships from CSV files.
//!
//! A file is checked first: every bad row is named, and if there is none, what would follow is found out by doing it
//! and rolling back. Then it is carried out: as a whole, in one transaction, or not at all; a long one as work that goes
//! on by itself, part by part, so that nobody waits for it. Bringing the same file again changes nothing, which is how a
//! long one goes on after whatever stopped it. An import may be somebody's mistake in another program, so it counts as
//! automatic: one that would revoke or replace very many waits for an approval.
//!
//! - [`table`]: CSV; [`columns`]: what files may hold
//! - [`people`], [`machines`], [`memberships`]: rows compared with what is known, and written
//! - [`parts`]: what belongs together; [`long`]: long files, as work that goes on by itself
//! - [`found`], [`view`]: what is told of it
mod columns;
mod found;
mod long;
mod machines;
mod memberships;
mod parts;
mod people;
mod table;
mod view;

use std::time::Duration;

use certporter_model::access::{Caller, Permit};
use certporter_model::job::JobKind;
use certporter_model::{ApprovalId, FieldErrors, ImportId, Timestamp};
use serde::{Deserialize, Serialize};

pub use columns::{ATTRIBUTE, Column, ImportKind};
pub use found::{ImportCounts, RowError};
pub use long::LongImports;
pub use table::{MOST_OCTETS, MOST_ROWS};
pub use view::{ImportState, ImportSummary, ImportView};

use self::table::Table;
use super::consequences::{self, Consequences};
use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::{Intent, Portal};
use super::replan::{Touched, replan};
use crate::pipeline::work::Work;
use crate::plan::safety::{Origin, needs_approval};
use crate::store::approvals::{self, Approval};
use crate::store::imports::{self, Import};
use crate::store::{AuditEvent, Conn, Target, WriteTx, certificates, jobs};

/// As many errors are kept and shown.
const MOST_ERRORS: usize = 500;

/// So many rows are checked and written at once, while somebody waits; more go on by themselves.
const AT_ONCE: usize = 500;

/// A file that nobody goes on with is forgotten after this time.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// An approval holds for the same plan within this time.
const APPROVED_FOR: Duration = Duration::from_secs(24 * 3600);

/// A file to be imported.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ImportDraft {
    /// What it is called.
    pub file_name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Which imports.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportsQuery {
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// What a file would do.
enum Found {
    People(people::Found),
    Machines(machines::Found),
    Memberships(memberships::Found),
}

impl Found {
    async fn of(conn: &mut Conn, kind: ImportKind, table: &Table) -> Result<Self, ServiceError> {
        Ok(match kind {
            ImportKind::Users => Self::People(people::Found::of(conn, table).await?),
            ImportKind::Devices => Self::Machines(machines::Found::of(conn, table).await?),
            ImportKind::Memberships => Self::Memberships(memberships::Found::of(conn, table).await?),
        })
    }

    fn errors(&self) -> &[RowError] {
        match self {
            Self::People(found) => &found.errors,
            Self::Machines(found) => &found.errors,
            Self::Memberships(found) => &found.errors,
        }
    }

    fn counts(&self) -> ImportCounts {
        match self {
            Self::People(found) => found.counts(),
            Self::Machines(found) => found.counts(),
            Self::Memberships(found) => found.counts(),
        }
    }

    /// Whether anything can follow from it.
    fn touches(&self) -> bool {
        match self {
            Self::People(found) => found.touches(),
            Self::Machines(found) => found.touches(),
            Self::Memberships(found) => found.touches(),
        }
    }

    fn parts(self) -> Vec<Self> {
        match self {
            Self::People(found) => found.parts().into_iter().map(Self::People).collect(),
            Self::Machines(found) => found.parts().into_iter().map(Self::Machines).collect(),
            Self::Memberships(found) => found.parts().into_iter().map(Self::Memberships).collect(),
        }
    }

    async fn apply(self, portal: &Portal, tx: &mut WriteTx, now: Timestamp) -> Result<Touched, ServiceError> {
        Ok(match self {
            Self::People(found) => found.apply(portal, tx, now).await?,
            Self::Machines(found) => found.apply(portal, tx, now).await?,
            Self::Memberships(found) => found.apply(portal, tx, now).await?,
        })
    }
}

/// Whether the caller may import: asked before somebody chooses a file.
///
/// # Errors
/// When they may not.
pub fn may_import(caller: &Caller) -> Result<(), ServiceError> {
    Operation::ImportsCheck.organisation(caller).map(|_| ())
}

/// Checks a file: what is wrong with its rows, what it would do, and what would follow. Nothing is imported. Rehearsed,
/// it answers what would follow without keeping the file.
///
/// # Errors
/// When the caller may not, or the file can't be read at all; when it is rehearsed, also for every bad row.
pub async fn check(
    portal: &Portal,
    caller: &Caller,
    draft: &ImportDraft,
) -> Result<ImportView, ServiceError> {
    let permit = Operation::ImportsCheck.organisation(caller)?;
    let table = Table::read(&draft.content)?;
    let kind = ImportKind::of(&table)?;
    let now = portal.now();
    let row = Import {
        id: ImportId::new(now, portal.octets()),
        kind: kind.as_str().to_owned(),
        file_name: short(&draft.file_name),
        state: ImportState::Checking.as_str().to_owned(),
        row_count: number(table.rows.len()),
        wrong_count: 0,
        counts: json(&ImportCounts::default()),
        errors: json(&[(); 0]),
        consequences: json(&Consequences::default()),
        made_by: permit.actor().to_string(),
        version: 1,
        created_at: now,
        updated_at: now,
        finished_at: None,
        asked_by: Some(caller.actor().clone()),
        shown: None,
        to_do: 0,
        done: 0,
    };
    let is_long = table.rows.len() > AT_ONCE;
    let row = if is_long && portal.intent() != Intent::Rehearse {
        row
    } else {
        let looked = long::look(portal, &permit, kind, &table).await?;
        if portal.intent() == Intent::Rehearse {
            return Err(rehearsed(&looked.errors, looked.consequences));
        }
        looked.into_row(row)
    };
    let content = table::decoded(&draft.content)?.to_owned();
    let mut tx = portal.db().write(&permit).await?;
    imports::forget_old(&mut tx, now.minus(KEPT), now).await?;
    imports::insert(&mut tx, &row, content).await?;
    if is_long {
        Work::Import { import: row.id }.enqueue(&mut tx, now, portal.random()).await?;
    }
    tx.commit(event(now, Operation::ImportsCheck, &row)).await?;
    view::view(&row, false, 0)
}

/// What a program is told that asks only what would follow.
fn rehearsed(errors: &[RowError], consequences: Consequences) -> ServiceError {
    let mut wrong = FieldErrors::new();
    for error in errors {
        wrong.add(format!("line {}: {}", error.line, error.column), &error.message);
    }
    if wrong.is_empty() { ServiceError::Rehearsed(Box::new(consequences)) } else { wrong.into() }
}

/// Imports, the newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &ImportsQuery,
) -> Result<Page<ImportSummary>, ServiceError> {
    Operation::ImportsList.organisation(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let mut conn = portal.db().read().await?;
    let rows = imports::list(&mut conn, bounds.newest(ImportId::from_uuid)).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let data = page.data.iter().map(view::summary).collect::<Result<_, _>>()?;
    Ok(Page { data, next: page.next })
}

/// One import: what was found, and how far it is.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: ImportId) -> Result<ImportView, ServiceError> {
    Operation::ImportsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    shown(portal, &mut conn, id).await
}

async fn shown(portal: &Portal, conn: &mut Conn, id: ImportId) -> Result<ImportView, ServiceError> {
    let row = imports::get(conn, id).await?;
    let mut view = view::view(&row, false, 0)?;
    match view.import.state {
        ImportState::Waiting => {
            view.approved = is_approved(portal, conn, &view.consequences).await?;
        }
        ImportState::Done => {
            if let Some(at) = row.finished_at {
                view.open_parts = jobs::open_since(conn, JobKind::Replan, at).await?;
            }
        }
        _ => {}
    }
    Ok(view)
}

async fn is_approved(
    portal: &Portal,
    conn: &mut Conn,
    consequences: &Consequences,
) -> Result<bool, ServiceError> {
    let since = portal.now().minus(APPROVED_FOR);
    Ok(approvals::is_approved(conn, "import", consequences.digest, since).await?)
}

/// Carries an import out, as a whole; a long one is begun, and goes on by itself. One that would revoke or replace very
/// many waits for an approval first, and is then asked for again.
///
/// # Errors
/// When the caller may not, there is none, it has errors or is over already, or its rows don't fit any more;
/// [`ServiceError::ConsequencesChanged`] when other things would follow than were shown.
pub async fn carry_out(portal: &Portal, caller: &Caller, id: ImportId) -> Result<ImportView, ServiceError> {
    let permit = Operation::ImportsCarryOut.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let row = imports::get(&mut conn, id).await?;
    let content = imports::file(&mut conn, id).await?;
    drop(conn);
    let content = open_file(&row, content)?;
    let table = Table::read(content.as_bytes())?;
    let kind = ImportKind::of(&table)?;
    if table.rows.len() > AT_ONCE {
        long::begin(portal, caller, &permit, row, (kind, &table)).await?;
        let mut conn = portal.db().read().await?;
        return shown(portal, &mut conn, id).await;
    }
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let found = Found::of(&mut tx, kind, &table).await?;
    if let Some(error) = found.errors().first() {
        return Err(ServiceError::conflict(format!(
            "line {} doesn't fit any more ({}): check the file again",
            error.line, error.message
        )));
    }
    let counts = found.counts();
    let touched = found.apply(portal, &mut tx, now).await?;
    let follows = consequences::of(&mut tx, &touched.whom(), now).await?;
    match portal.intent() {
        Intent::Rehearse => return Err(ServiceError::Rehearsed(Box::new(follows))),
        Intent::DoIf(shown) if shown != follows.digest => {
            return Err(ServiceError::ConsequencesChanged(Box::new(follows)));
        }
        Intent::Do | Intent::DoIf(_) => {}
    }
    let alive = usize::try_from(certificates::alive(&mut tx, now).await?).unwrap_or(usize::MAX);
    if needs_approval(Origin::Automatic, &follows.summary, alive)
        && !is_approved(portal, &mut tx, &follows).await?
    {
        tx.rollback().await?;
        wait(portal, &permit, Import { consequences: json(&follows), ..row }, &follows).await?;
    } else {
        replan(&portal.with_intent(Intent::Do), &mut tx, &touched, now).await?;
        let row = Import {
            state: ImportState::Done.as_str().to_owned(),
            counts: json(&counts),
            consequences: json(&follows),
            errors: json(&[(); 0]),
            updated_at: now,
            finished_at: Some(now),
            ..row
        };
        imports::update(&mut tx, &row).await?;
        imports::forget(&mut tx, id).await?;
        tx.commit(event(now, Operation::ImportsCarryOut, &row)).await?;
    }
    let mut conn = portal.db().read().await?;
    shown(portal, &mut conn, id).await
}

/// Lets an import wait for an administrator.
async fn wait(
    portal: &Portal,
    permit: &Permit,
    row: Import,
    follows: &Consequences,
) -> Result<(), ServiceError> {
    let now = portal.now();
    let mut summary = json(&follows.summary);
    // Whoever decides sees some of what whoever imports was shown.
    summary["sample"] = json(&follows.sample);
    let approval = Approval {
        id: ApprovalId::new(now, portal.octets()),
        kind: "import".to_owned(),
        digest: follows.digest,
        summary,
        state: "waiting".to_owned(),
        requested_by: permit.actor().to_string(),
        requested_at: now,
        decided_by: None,
        decided_at: None,
        explanation: None,
    };
    let row = Import { state: ImportState::Waiting.as_str().to_owned(), updated_at: now, ..row };
    let mut tx = portal.db().write(permit).await?;
    approvals::wait(&mut tx, &approval).await?;
    imports::update(&mut tx, &row).await?;
    Ok(tx.commit(event(now, Operation::ImportsCarryOut, &row)).await?)
}

/// Discards an import that is not to be carried out: its file is forgotten.
///
/// # Errors
/// When the caller may not, there is none, or it is over already.
pub async fn discard(portal: &Portal, caller: &Caller, id: ImportId) -> Result<ImportView, ServiceError> {
    let permit = Operation::ImportsDiscard.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let row = imports::get(&mut tx, id).await?;
    if row.finished_at.is_some() {
        return Err(ServiceError::conflict(format!("this import is {} already", row.state)));
    }
    if view::summary(&row)?.state.is_going_on() {
        return Err(ServiceError::conflict("this import is being carried out: wait until it has ended"));
    }
    let state = ImportState::Discarded.as_str().to_owned();
    let row = Import { state, updated_at: now, finished_at: Some(now), ..row };
    imports::update(&mut tx, &row).await?;
    imports::forget(&mut tx, id).await?;
    tx.commit(event(now, Operation::ImportsDiscard, &row)).await?;
    let mut conn = portal.db().read().await?;
    shown(portal, &mut conn, id).await
}

/// What is in the file of an import that can be carried out.
fn open_file(row: &Import, content: Option<String>) -> Result<String, ServiceError> {
    if row.finished_at.is_some() {
        return Err(ServiceError::conflict(format!("this import is {} already", row.state)));
    }
    let state = view::summary(row)?.state;
    if state == ImportState::Checking || state.is_going_on() {
        return Err(ServiceError::conflict("the file is being worked on: wait until that has ended"));
    }
    if row.wrong_count > 0 && state != ImportState::Stopped {
        return Err(ServiceError::conflict(
            "the file has errors, so nothing of it is imported: mend its rows, then check it again",
        ));
    }
    content.ok_or_else(|| ServiceError::conflict("the file is gone: check it again"))
}

/// A file's name without its path, and not too long.
fn short(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    if name.is_empty() { "pasted text".to_owned() } else { name }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn event(now: Timestamp, operation: Operation, row: &Import) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("import", row.id.as_uuid()))
        .with("file", row.file_name.as_str())
        .with("kind", row.kind.as_str())
        .with("state", row.state.as_str())
        .with("rows", usize::try_from(row.row_count).unwrap_or_default())
        .with("done", usize::try_from(row.done).unwrap_or_default())
        .with("counts", row.counts.clone())
}
