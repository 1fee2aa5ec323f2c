//! Rows that come as one value, their columns one after the other: see [`dialect::push_packed`].

use uuid::Uuid;

use crate::store::dialect::{self, Packed};
use crate::store::{Conn, Result, Sql, StoreError};

/// The octets of rows, of which columns are taken in their order.
#[derive(Debug)]
pub(super) struct Columns<'r> {
    rest: &'r [u8],
}

impl<'r> Columns<'r> {
    fn octets(&mut self, count: usize) -> Option<&'r [u8]> {
        let (octets, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(octets)
    }

    /// An id that may be null.
    pub(super) fn id_or_null(&mut self) -> Option<Option<Uuid>> {
        let id = Uuid::from_slice(self.octets(16)?).ok()?;
        Some((!id.is_nil()).then_some(id))
    }

    /// An id.
    pub(super) fn id(&mut self) -> Option<Uuid> {
        self.id_or_null()?
    }

    /// A text that may be null.
    pub(super) fn text_or_null(&mut self) -> Option<Option<&'r str>> {
        if let Some(rest) = self.rest.strip_prefix(b"-") {
            self.rest = rest;
            return Some(None);
        }
        let colon = self.rest.iter().take(12).position(|octet| *octet == b':')?;
        let count = std::str::from_utf8(self.octets(colon)?).ok()?.parse().ok()?;
        self.octets(1)?;
        std::str::from_utf8(self.octets(count)?).ok().map(Some)
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'r str> {
        self.text_or_null()?
    }

    /// The same as a string, as rows have it.
    pub(super) fn string_or_null(&mut self) -> Option<Option<String>> {
        Some(self.text_or_null()?.map(str::to_owned))
    }

    /// A word or number.
    pub(super) fn parsed<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// One that may be null.
    pub(super) fn parsed_or_null<T: std::str::FromStr>(&mut self) -> Option<Option<T>> {
        self.text_or_null()?.map_or(Some(None), |text| text.parse().ok().map(Some))
    }
}

/// All rows that the rest of a statement finds, ` FROM ..`, with these columns.
pub(super) async fn rows<T>(
    conn: &mut Conn,
    table: &'static str,
    columns: &[Packed],
    push_rest: impl FnOnce(&mut Sql),
    unpack: impl Fn(&mut Columns<'_>) -> Option<T>,
) -> Result<Vec<T>> {
    let engine = conn.engine();
    let mut query = Sql::new(dialect::all_as_one(engine));
    dialect::push_packed(&mut query, engine, columns);
    query.push(" AS packed");
    push_rest(&mut query);
    query.push(") AS rows_of_it");
    let all: Option<Vec<u8>> = query.scalar(conn).await?;
    let all = all.unwrap_or_default();
    let mut octets = Columns { rest: &all };
    let mut found = Vec::new();
    while !octets.rest.is_empty() {
        found.push(unpack(&mut octets).ok_or_else(|| corrupt(table))?);
    }
    Ok(found)
}

/// What is said of rows that can't be taken apart.
pub(super) fn corrupt(table: &'static str) -> StoreError {
    let reason = "has a value that is none of its column's".to_owned();
    StoreError::Corrupt { table, column: "packed", reason }
}
