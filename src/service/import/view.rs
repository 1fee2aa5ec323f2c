//! Imports as they are shown.

use certporter_model::{ImportId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::consequences::Consequences;
use super::super::error::ServiceError;
use super::columns::ImportKind;
use super::found::{ImportCounts, RowError};
use crate::store::imports::Import;

/// Where an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// A long file that is being checked.
    Checking,
    /// Checked: nothing is done yet.
    Checked,
    /// So much would be revoked or replaced that an administrator has to approve it.
    Waiting,
    /// A long file that is checked once more before anything of it is written.
    Starting,
    /// A long file that is being written, part by part.
    Importing,
    /// Something came in between: what is written stays, and the rest can be gone on with.
    Stopped,
    /// Carried out.
    Done,
    /// Not to be carried out any more.
    Discarded,
}

impl ImportState {
    const ALL: [Self; 8] = [
        Self::Checking,
        Self::Checked,
        Self::Waiting,
        Self::Starting,
        Self::Importing,
        Self::Stopped,
        Self::Done,
        Self::Discarded,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Importing => "importing",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }

    /// Whether it is being carried out.
    #[must_use]
    pub const fn is_going_on(self) -> bool {
        matches!(self, Self::Starting | Self::Importing)
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// An import in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportSummary {
    /// Its id.
    pub id: ImportId,
    /// What the file brings.
    pub kind: ImportKind,
    /// What the file was called.
    pub file_name: String,
    /// Where it is.
    pub state: ImportState,
    /// Rows of the file.
    pub rows: u32,
    /// Errors in it: with any, it can't be carried out.
    pub wrong: u32,
    /// What is done to how many.
    pub counts: ImportCounts,
    /// Who brought it.
    pub made_by: String,
    /// When it was checked.
    pub created_at: Timestamp,
    /// When it was carried out or discarded.
    pub finished_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub import: ImportSummary,
    /// What is wrong, by line: the first 500.
    pub errors: Vec<RowError>,
    /// What follows from it.
    pub consequences: Consequences,
    /// Whether an administrator has approved it, where it waits for that.
    pub approved: bool,
    /// Whether other things follow now than whoever asked for it had seen.
    pub changed: bool,
    /// Rows of a long file that change something.
    pub to_do: u32,
    /// How many of these are written.
    pub done: u32,
    /// Parts of the plan that are still to be carried out: each of up to 300 people and devices.
    pub open_parts: u32,
}

pub(super) fn summary(row: &Import) -> Result<ImportSummary, ServiceError> {
    let corrupt =
        |what: &str| ServiceError::internal("reading an import", &format!("its {what} can't be read"));
    Ok(ImportSummary {
        id: row.id,
        kind: ImportKind::from_word(&row.kind).ok_or_else(|| corrupt("kind"))?,
        file_name: row.file_name.clone(),
        state: ImportState::from_word(&row.state).ok_or_else(|| corrupt("state"))?,
        rows: row.row_count,
        wrong: row.wrong_count,
        counts: serde_json::from_value(row.counts.clone()).map_err(|_| corrupt("counts"))?,
        made_by: row.made_by.clone(),
        created_at: row.created_at,
        finished_at: row.finished_at,
        version: row.version,
    })
}

pub(super) fn view(row: &Import, approved: bool, open_parts: u32) -> Result<ImportView, ServiceError> {
    let corrupt =
        |what: &str| ServiceError::internal("reading an import", &format!("its {what} can't be read"));
    let consequences: Consequences =
        serde_json::from_value(row.consequences.clone()).map_err(|_| corrupt("consequences"))?;
    Ok(ImportView {
        import: summary(row)?,
        errors: serde_json::from_value(row.errors.clone()).map_err(|_| corrupt("errors"))?,
        changed: row.shown.is_some_and(|shown| shown != consequences.digest),
        consequences,
        approved,
        to_do: row.to_do,
        done: row.done,
        open_parts,
    })
}
