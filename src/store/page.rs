//! A page of a list: after an id, or after a key and an id, at most so many.

use super::{Sql, sql::Bind};

/// Which page of a list. Lists go by id, and so by when things were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<I> {
    /// After this one; from the start without.
    pub after: Option<I>,
    /// At most so many.
    pub limit: u32,
    /// The newest first.
    pub newest_first: bool,
}

impl<I> Page<I> {
    /// The first page, the oldest first.
    #[must_use]
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit, newest_first: false }
    }
}

#[expect(private_bounds, reason = "what can be bound is the database's own affair; pages are made by others")]
impl<I: Bind> Page<I> {
    /// ` AND column > ..`, if it does not start at the start.
    pub(crate) fn push_cursor(&self, sql: &mut Sql, column: &'static str) {
        if let Some(after) = &self.after {
            sql.push(" AND ").push(column).push(if self.newest_first { " < " } else { " > " }).bind(after);
        }
    }

    /// ` ORDER BY column LIMIT ..`.
    pub(crate) fn push_order(&self, sql: &mut Sql, column: &'static str) {
        sql.push(" ORDER BY ").push(column).push(if self.newest_first { " DESC" } else { "" });
        sql.push(" LIMIT ").bind(&self.limit);
    }
}

/// What a list is sorted by, as a value of its last row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// A time in milliseconds, or a number.
    Int(i64),
    /// A text, in the order of its octets.
    Text(String),
}

impl From<certporter_model::Timestamp> for SortKey {
    fn from(at: certporter_model::Timestamp) -> Self {
        Self::Int(at.as_millis())
    }
}

impl From<String> for SortKey {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Which page of a list that is sorted by a key; rows of the same key go by id, in the same direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedPage<I> {
    /// After this row; from the start without.
    pub after: Option<(SortKey, I)>,
    /// At most so many.
    pub limit: u32,
    /// The greatest key first.
    pub descending: bool,
}

#[expect(private_bounds, reason = "what can be bound is the database's own affair; pages are made by others")]
impl<I: Bind> SortedPage<I> {
    /// ` AND (key, id) > (..)`, if it does not start at the start. An index on the two columns serves it.
    pub(crate) fn push_cursor(&self, sql: &mut Sql, key: &'static str, id: &'static str) {
        let Some((value, after)) = &self.after else { return };
        sql.push(" AND (").push(key).push(", ").push(id);
        sql.push(if self.descending { ") < (" } else { ") > (" });
        match value {
            SortKey::Int(value) => sql.bind(value),
            SortKey::Text(value) => sql.bind(value),
        };
        sql.push(", ").bind(after).push(")");
    }

    /// ` ORDER BY key, id LIMIT ..`.
    pub(crate) fn push_order(&self, sql: &mut Sql, key: &'static str, id: &'static str) {
        let direction = if self.descending { " DESC" } else { "" };
        sql.push(" ORDER BY ").push(key).push(direction).push(", ").push(id).push(direction);
        sql.push(" LIMIT ").bind(&self.limit);
    }
}
