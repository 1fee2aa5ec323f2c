//! Long files: checked, and written part by part, as work that goes on by itself.
//!
//! Before anything is written the whole file is checked once more: it must be without errors, and what follows must be
//! what was shown. Then each part is a transaction of its own, with its audit event, in the name of whoever asked. What
//! a part has written is as it should be from then on, so that nothing but the rest is found when the file is compared
//! again: after a crash, on any machine, or when somebody asks to go on with what was stopped.

use std::sync::Arc;

use certporter_model::access::{Caller, Permission, Permit, Scope};
use certporter_model::{ImportId, Timestamp};
use futures::future::BoxFuture;

use super::super::consequences::{self, Consequences};
use super::super::error::ServiceError;
use super::super::operation::Operation;
use super::super::portal::{Intent, Portal};
use super::super::replan::replan;
use super::columns::ImportKind;
use super::found::{ImportCounts, RowError};
use super::table::Table;
use super::view::{self, ImportState};
use super::{Found, MOST_ERRORS, event, is_approved, json, number, wait};
use crate::pipeline::bulk::asker;
use crate::pipeline::error::StepError;
use crate::pipeline::imports::Importer;
use crate::pipeline::planner;
use crate::pipeline::queue::Outcome;
use crate::pipeline::work::Work;
use crate::plan::Limits;
use crate::plan::safety::{Origin, needs_approval};
use crate::store::certificates;
use crate::store::imports::{self, Import};

/// Parts that have their turn before other work has its own.
const PORTION: usize = 25;

/// What was found in a file.
pub(super) struct Looked {
    pub(super) errors: Vec<RowError>,
    counts: ImportCounts,
    pub(super) consequences: Consequences,
}

impl Looked {
    /// The import, checked.
    pub(super) fn into_row(mut self, row: Import) -> Import {
        let wrong_count = number(self.errors.len());
        self.errors.truncate(MOST_ERRORS);
        Import {
            state: ImportState::Checked.as_str().to_owned(),
            wrong_count,
            counts: json(&self.counts),
            errors: json(&self.errors),
            consequences: json(&self.consequences),
            ..row
        }
    }

    /// Rows that change something.
    fn to_do(&self) -> u32 {
        self.counts.created + self.counts.updated + self.counts.removed
    }
}

/// Compares a file with what is known, and finds out what would follow, without holding other writers up for long.
pub(super) async fn look(
    portal: &Portal,
    permit: &Permit,
    kind: ImportKind,
    table: &Table,
) -> Result<Looked, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    let found = Found::of(&mut conn, kind, table).await?;
    drop(conn);
    let (counts, errors) = (found.counts(), found.errors().to_vec());
    let consequences =
        if errors.is_empty() { follows(portal, permit, found).await? } else { Consequences::default() };
    Ok(Looked { errors, counts, consequences })
}

/// What follows from each part, on a database where nothing can be committed.
async fn follows(portal: &Portal, permit: &Permit, found: Found) -> Result<Consequences, ServiceError> {
    let (rehearsing, now) = (portal.with_intent(Intent::Rehearse), portal.now());
    let mut all = planner::Found::default();
    for part in found.parts().into_iter().filter(Found::touches) {
        let mut tx = rehearsing.db().write(permit).await?;
        let touched = part.apply(&rehearsing, &mut tx, now).await?;
        all.add(&mut tx, &touched.whom(), Limits::default(), now).await?;
        tx.rollback().await?;
    }
    let mut conn = portal.db().read().await?;
    Ok(consequences::shown(&mut conn, all.preview()).await?)
}

/// Begins to carry a long file out.
pub(super) async fn begin(
    portal: &Portal,
    caller: &Caller,
    permit: &Permit,
    row: Import,
    (kind, table): (ImportKind, &Table),
) -> Result<(), ServiceError> {
    let shown = match portal.intent() {
        Intent::Do => None,
        Intent::DoIf(shown) => Some(shown),
        Intent::Rehearse => {
            let looked = look(portal, permit, kind, table).await?;
            return Err(super::rehearsed(&looked.errors, looked.consequences));
        }
    };
    let now = portal.now();
    let row = Import {
        state: ImportState::Starting.as_str().to_owned(),
        asked_by: Some(caller.actor().clone()),
        shown,
        updated_at: now,
        ..row
    };
    let mut tx = portal.db().write(permit).await?;
    imports::update(&mut tx, &row).await?;
    Work::Import { import: row.id }.enqueue(&mut tx, now, portal.random()).await?;
    Ok(tx.commit(event(now, Operation::ImportsCarryOut, &row)).await?)
}

/// Goes on with long imports, for the pipeline's workers.
pub struct LongImports(Portal);

impl LongImports {
    /// Of this portal.
    #[must_use]
    pub fn of(portal: &Portal) -> Arc<Self> {
        Arc::new(Self(portal.clone()))
    }

    async fn part(&self, id: ImportId) -> Result<Outcome, ServiceError> {
        let portal = &self.0;
        let mut conn = portal.db().read().await?;
        let row = imports::get(&mut conn, id).await?;
        let state = view::summary(&row)?.state;
        let operation = match state {
            ImportState::Checking => Operation::ImportsCheck,
            ImportState::Starting | ImportState::Importing => Operation::ImportsCarryOut,
            // It was discarded, or another has gone on with it.
            _ => return Ok(Outcome::Done),
        };
        let content = imports::file(&mut conn, id).await?;
        let caller = match &row.asked_by {
            Some(actor) => asker(&mut conn, actor).await?,
            None => None,
        };
        drop(conn);
        let Some(permit) = caller.and_then(|caller| operation.organisation(&caller).ok()) else {
            let permit = Caller::system("imports").permitted(Permission::SystemWork, &Scope::Organisation)?;
            let why = "whoever asked for it may not do it any more: somebody else can go on with it";
            return stop(portal, &permit, row, vec![whole(why)]).await;
        };
        let Some(content) = content else {
            return stop(portal, &permit, row, vec![whole("the file is gone: check it again")]).await;
        };
        let table = Table::read(content.as_bytes())?;
        let kind = ImportKind::of(&table)?;
        match state {
            ImportState::Checking => {
                let looked = look(portal, &permit, kind, &table).await?;
                let row = looked.into_row(row);
                keep(portal, &permit, Import { updated_at: portal.now(), ..row }, operation).await?;
                Ok(Outcome::Done)
            }
            ImportState::Starting => start(portal, &permit, row, kind, &table).await,
            _ => go_on(portal, &permit, row, kind, &table).await,
        }
    }
}

impl Importer for LongImports {
    fn go_on(self: Arc<Self>, import: ImportId) -> BoxFuture<'static, Result<Outcome, StepError>> {
        Box::pin(async move {
            // What stands against it may have gone when it is compared again.
            self.part(import).await.map_err(|error| StepError::Temporary {
                cause: error.to_string(),
                remedy: "It is tried again by itself. If it stays so, look at the portal's log.".into(),
            })
        })
    }
}

/// What is wrong with the file as a whole.
fn whole(message: &str) -> RowError {
    RowError { line: 0, column: String::new(), message: message.to_owned() }
}

/// The last look before anything is written.
async fn start(
    portal: &Portal,
    permit: &Permit,
    row: Import,
    kind: ImportKind,
    table: &Table,
) -> Result<Outcome, ServiceError> {
    let looked = look(portal, permit, kind, table).await?;
    if !looked.errors.is_empty() {
        return stop(portal, permit, row, looked.errors).await;
    }
    let (now, to_do) = (portal.now(), looked.to_do());
    let follows = looked.consequences.clone();
    // What was written before it was stopped counts still.
    let counts = if row.done > 0 { row.counts.clone() } else { json(&looked.counts) };
    let row = Import { consequences: json(&follows), counts, updated_at: now, ..row };
    if row.shown.is_some_and(|shown| shown != follows.digest) {
        let state = if row.done > 0 { ImportState::Stopped } else { ImportState::Checked };
        let (state, errors) = (state.as_str().to_owned(), json(&[(); 0]));
        let row = Import { state, errors, wrong_count: 0, ..row };
        keep(portal, permit, row, Operation::ImportsCarryOut).await?;
        return Ok(Outcome::Done);
    }
    let mut conn = portal.db().read().await?;
    let alive = usize::try_from(certificates::alive(&mut conn, now).await?).unwrap_or(usize::MAX);
    let approved = is_approved(portal, &mut conn, &follows).await?;
    drop(conn);
    if needs_approval(Origin::Automatic, &follows.summary, alive) && !approved {
        wait(portal, permit, row, &follows).await?;
        return Ok(Outcome::Done);
    }
    let state = ImportState::Importing.as_str().to_owned();
    let row = Import { state, to_do: row.done + to_do, errors: json(&[(); 0]), wrong_count: 0, ..row };
    keep(portal, permit, row, Operation::ImportsCarryOut).await?;
    Ok(Outcome::Later(now))
}

/// Writes some parts, or ends it when all are written.
async fn go_on(
    portal: &Portal,
    permit: &Permit,
    mut row: Import,
    kind: ImportKind,
    table: &Table,
) -> Result<Outcome, ServiceError> {
    let portal = &portal.with_intent(Intent::Do);
    let mut conn = portal.db().snapshot().await?;
    let found = Found::of(&mut conn, kind, table).await?;
    drop(conn);
    if !found.errors().is_empty() {
        let errors = found.errors().to_vec();
        return stop(portal, permit, row, errors).await;
    }
    let parts = found.parts();
    let are_all = parts.len() <= PORTION;
    for part in parts.into_iter().take(PORTION) {
        let now = portal.now();
        let ImportCounts { created, updated, removed, .. } = part.counts();
        let done = row.done + created + updated + removed;
        row = Import { done: done.min(row.to_do), updated_at: now, ..row };
        let mut tx = portal.db().write(permit).await?;
        let touched = part.apply(portal, &mut tx, now).await?;
        replan(portal, &mut tx, &touched, now).await?;
        // Refused when another has gone on with it in the meantime: nothing is written twice.
        imports::update(&mut tx, &row).await?;
        tx.commit(event(now, Operation::ImportsCarryOut, &row)).await?;
        row.version += 1;
    }
    if !are_all {
        return Ok(Outcome::Later(portal.now()));
    }
    let now = portal.now();
    let state = ImportState::Done.as_str().to_owned();
    let row = Import { state, done: row.to_do, updated_at: now, finished_at: Some(now), ..row };
    let mut tx = portal.db().write(permit).await?;
    imports::update(&mut tx, &row).await?;
    imports::forget(&mut tx, row.id).await?;
    tx.commit(event(now, Operation::ImportsCarryOut, &row)).await?;
    Ok(Outcome::Done)
}

/// Stops it: what is written stays, and the file with it, so that somebody can go on.
async fn stop(
    portal: &Portal,
    permit: &Permit,
    row: Import,
    mut errors: Vec<RowError>,
) -> Result<Outcome, ServiceError> {
    let wrong_count = number(errors.len());
    errors.truncate(MOST_ERRORS);
    let state = ImportState::Stopped.as_str().to_owned();
    let row = Import { state, wrong_count, errors: json(&errors), updated_at: portal.now(), ..row };
    keep(portal, permit, row, Operation::ImportsCarryOut).await?;
    Ok(Outcome::Done)
}

async fn keep(
    portal: &Portal,
    permit: &Permit,
    row: Import,
    operation: Operation,
) -> Result<(), ServiceError> {
    let now: Timestamp = row.updated_at;
    let mut tx = portal.db().write(permit).await?;
    imports::update(&mut tx, &row).await?;
    Ok(tx.commit(event(now, operation, &row)).await?)
}
