//! What was found in a file: what it would change, and what is wrong with its rows.

use std::collections::BTreeMap;

use certporter_model::FieldErrors;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::columns::ATTRIBUTE;
use super::table::{Row, Table};

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowError {
    /// The line that the row begins on; the first line, which names the columns, is 1.
    pub line: u32,
    /// The column; empty when it is about the row as a whole.
    pub column: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// What an import does to how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportCounts {
    /// Created, or memberships added.
    pub created: u32,
    /// Changed.
    pub updated: u32,
    /// Memberships ended.
    pub removed: u32,
    /// As they are already.
    pub unchanged: u32,
}

/// A file's rows, gone through one by one.
pub(super) struct Rows<'t> {
    table: &'t Table,
    pub(super) errors: Vec<RowError>,
}

impl<'t> Rows<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self { table, errors: Vec::new() }
    }

    /// The rows that have as many cells as there are columns; others are errors.
    pub(super) fn whole(&mut self) -> Vec<Cells<'t>> {
        let table = self.table;
        let (whole, broken): (Vec<&Row>, Vec<&Row>) =
            table.rows.iter().partition(|row| row.cells.len() == table.columns.len());
        for row in broken {
            let message = format!(
                "the row has {} cells, but the first line names {} columns",
                row.cells.len(),
                table.columns.len()
            );
            self.errors.push(RowError { line: row.line, column: String::new(), message });
        }
        whole.into_iter().map(|row| Cells { table, row }).collect()
    }

    /// Notes that a row is wrong.
    pub(super) fn wrong(&mut self, line: u32, column: &str, message: impl std::fmt::Display) {
        self.errors.push(RowError { line, column: column.to_owned(), message: message.to_string() });
    }

    /// Notes what a draft's parsing found.
    pub(super) fn wrong_fields(&mut self, line: u32, errors: &FieldErrors) {
        for error in errors.as_slice() {
            let column = match error.field.strip_prefix("attributes.") {
                Some(name) => format!("{ATTRIBUTE}{name}"),
                None => error.field.clone(),
            };
            self.wrong(line, &column, &error.message);
        }
    }

    /// What is wrong, by line.
    pub(super) fn into_errors(mut self) -> Vec<RowError> {
        self.errors.sort_by_key(|error| error.line);
        self.errors
    }
}

/// A row with the names of its columns.
#[derive(Clone, Copy)]
pub(super) struct Cells<'t> {
    table: &'t Table,
    row: &'t Row,
}

impl<'t> Cells<'t> {
    pub(super) fn line(&self) -> u32 {
        self.row.line
    }

    /// The cell of a column; none when the file has no such column.
    pub(super) fn get(&self, column: &str) -> Option<&'t str> {
        self.row.cells.get(self.table.column(column)?).map(String::as_str)
    }

    /// The cell of a column; empty when the file has no such column.
    pub(super) fn text(&self, column: &str) -> &'t str {
        self.get(column).unwrap_or_default()
    }

    /// Puts a cell into a field, if the file has the column; an empty cell empties the field.
    pub(super) fn put(&self, column: &str, field: &mut Option<String>) {
        if let Some(text) = self.get(column) {
            *field = (!text.is_empty()).then(|| text.to_owned());
        }
    }

    /// Puts the cells of custom attributes in their place; an empty cell takes its attribute away.
    pub(super) fn put_attributes(&self, attributes: &mut BTreeMap<String, String>) {
        for (column, cell) in self.table.columns.iter().zip(&self.row.cells) {
            let Some(name) = column.strip_prefix(ATTRIBUTE) else { continue };
            if cell.is_empty() {
                attributes.remove(name);
            } else {
                attributes.insert(name.to_owned(), cell.clone());
            }
        }
    }
}
