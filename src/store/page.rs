//! A page of a list: after an id, at most so many.

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
