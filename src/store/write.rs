//! Whole rows written: the same statement for every table.

use super::sql::Value;
use super::{Conn, Result, Sql, StoreError, ToRow, WriteConn};

/// Values of one statement: SQLite takes 32,766, PostgreSQL 65,535.
const VALUES: usize = 30_000;
/// Rows of one statement: more are no faster.
const ROWS: usize = 250;

/// A new row.
pub(crate) async fn insert<T: ToRow>(conn: &mut WriteConn, row: &T) -> Result<()> {
    insert_all(conn, std::slice::from_ref(row)).await
}

/// New rows, several in a statement.
pub(crate) async fn insert_all<T: ToRow>(conn: &mut WriteConn, rows: &[T]) -> Result<()> {
    insert_rows(conn, rows, "").await.map(|_| ())
}

/// A new row, unless a unique constraint stands against it. An error would end a transaction of PostgreSQL: this is
/// how to go on.
pub(crate) async fn insert_if_absent<T: ToRow>(conn: &mut WriteConn, row: &T) -> Result<bool> {
    Ok(insert_rows(conn, std::slice::from_ref(row), " ON CONFLICT DO NOTHING").await? > 0)
}

async fn insert_rows<T: ToRow>(conn: &mut WriteConn, rows: &[T], ending: &'static str) -> Result<u64> {
    let engine = conn.engine();
    let mut inserted = 0;
    for chunk in rows.chunks(ROWS.min(VALUES / T::NAMES.len()).max(1)) {
        let mut sql = Sql::new("INSERT INTO ");
        sql.push(T::TABLE).push(" (");
        push_list(&mut sql, T::NAMES.iter().copied(), |sql, name| {
            sql.push(name);
        });
        sql.push(") VALUES ");
        for (index, row) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { "), (" });
            push_list(&mut sql, row.values(), |sql, value| {
                sql.bind_in_order(value, engine);
            });
        }
        sql.push(")").push(ending);
        inserted += sql.execute(conn).await?;
    }
    Ok(inserted)
}

/// Every column of a row that has an `id` and a `version`, which counts on.
///
/// # Errors
/// [`StoreError::Stale`] when the row has another version by now: somebody else changed it since it was read.
pub(crate) async fn save<T: ToRow>(conn: &mut WriteConn, row: &T, what: &'static str) -> Result<()> {
    let (mut id, mut version) = (None, None);
    let mut sql = Sql::new("UPDATE ");
    sql.push(T::TABLE).push(" SET version = version + 1");
    for (&name, value) in T::NAMES.iter().zip(row.values()) {
        match name {
            "id" => id = Some(value),
            "version" => version = Some(value),
            _ => {
                sql.push(", ").push(name).push(" = ").bind_value(value);
            }
        }
    }
    sql.push(" WHERE id = ").bind_value(id.unwrap_or(Value::Id(None)));
    sql.push(" AND version = ").bind_value(version.unwrap_or(Value::Int(None)));
    if sql.execute(conn).await? == 0 { Err(StoreError::Stale { what }) } else { Ok(()) }
}

fn push_list<V>(sql: &mut Sql, items: impl IntoIterator<Item = V>, each: impl Fn(&mut Sql, V)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        each(sql, item);
    }
}

/// The row of that id, whatever the table.
pub(crate) async fn by_id<T: ToRow>(
    conn: &mut Conn,
    id: &impl super::sql::Bind,
    what: &'static str,
) -> Result<T> {
    let mut sql = Sql::select::<T>();
    sql.push(" WHERE id = ").bind(id);
    sql.one(conn, what).await
}
