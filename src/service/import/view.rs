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
    /// Checked: nothing is done yet.
    Checked,
    /// So much would be revoked or replaced that an administrator has to approve it.
    Waiting,
    /// Carried out.
    Done,
    /// Not to be carried out any more.
    Discarded,
}

impl ImportState {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Checked, Self::Waiting, Self::Done, Self::Discarded].into_iter().find(|it| it.as_str() == word)
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
    Ok(ImportView {
        import: summary(row)?,
        errors: serde_json::from_value(row.errors.clone()).map_err(|_| corrupt("errors"))?,
        consequences: serde_json::from_value(row.consequences.clone())
            .map_err(|_| corrupt("consequences"))?,
        approved,
        open_parts,
    })
}
