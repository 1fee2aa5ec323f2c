//! What is found among the first of a list, in its order: what very many have is soon met there.

use super::{Engine, FromRow, Sql};

/// The start of a statement that goes through the first rows of a list, up to and with ` WHERE ..`: conditions and the
/// order follow. `first` says which rows these are, after the table's name.
pub(super) fn near<T: FromRow>(engine: Engine, first: impl FnOnce(&mut Sql)) -> Sql {
    let mut query = Sql::new("SELECT ");
    query.push(T::columns());
    match engine {
        Engine::Sqlite => {
            query
                .push(" FROM ")
                .push(T::TABLE)
                .push(" WHERE ")
                .push(T::TABLE)
                .push(".id IN (SELECT id FROM ");
        }
        // It reads them one after the other until the page is full, where SQLite would make a table of them.
        Engine::Postgres => {
            query.push(" FROM (SELECT * FROM ");
        }
    }
    query.push(T::TABLE);
    first(&mut query);
    match engine {
        Engine::Sqlite => query.push(")"),
        Engine::Postgres => query.push(") AS ").push(T::TABLE).push(" WHERE 1 = 1"),
    };
    query
}
