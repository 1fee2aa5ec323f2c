//! Rows and how they become types.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Type};

use super::sql::Value;
use super::{Result, StoreError};

/// A row of either engine.
pub(crate) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

/// A value that is not what it should be; its column is not known here yet.
pub(crate) struct BadValue(pub(crate) String);

impl BadValue {
    pub(crate) fn in_column(self, table: &'static str, column: &'static str) -> StoreError {
        StoreError::Corrupt { table, column, reason: self.0 }
    }
}

impl From<certporter_model::ParseError> for BadValue {
    fn from(error: certporter_model::ParseError) -> Self {
        Self(format!("is wrong: {error}"))
    }
}

impl Row<'_> {
    /// The column as one of the types that both engines know.
    pub(crate) fn get<T>(&self, column: &str) -> Result<T, BadValue>
    where
        T: for<'d> Decode<'d, sqlx::Sqlite>
            + Type<sqlx::Sqlite>
            + for<'d> Decode<'d, sqlx::Postgres>
            + Type<sqlx::Postgres>,
    {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
        .map_err(|error| BadValue(error.to_string()))
    }
}

/// A type that can be read from a column.
pub(crate) trait Load: Sized {
    fn load(row: &Row<'_>, column: &str) -> Result<Self, BadValue>;
    fn load_optional(row: &Row<'_>, column: &str) -> Result<Option<Self>, BadValue>;
}

impl<T: Load> Load for Option<T> {
    fn load(row: &Row<'_>, column: &str) -> Result<Self, BadValue> {
        T::load_optional(row, column)
    }
    fn load_optional(row: &Row<'_>, column: &str) -> Result<Option<Self>, BadValue> {
        T::load_optional(row, column).map(Some)
    }
}

/// A type that can be read from a row.
pub(crate) trait FromRow: Sized {
    /// The table, named when a value is wrong.
    const TABLE: &'static str;
    /// Its columns, with commas between.
    fn columns() -> &'static str;
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

/// A type that a row can be written from.
pub(crate) trait ToRow: FromRow {
    /// The names of the columns, those that are derived last.
    const NAMES: &'static [&'static str];
    /// The columns' values, in the same order.
    fn values(&self) -> Vec<Value>;
}

/// Declares a type that is a table's row: every field is a column of the same name. A value that does not parse names
/// its table and column. Columns that follow from the others, such as search keys, are `derived`: written, never read.
macro_rules! table_row {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $table:literal {
            $( $(#[$fmeta:meta])* pub $field:ident : $type:ty, )+
        }
        $( derived { $( $derived:ident : $value:expr, )+ } )?
    ) => {
        $(#[$meta])*
        pub struct $name { $( $(#[$fmeta])* pub $field: $type, )+ }

        impl $crate::store::FromRow for $name {
            const TABLE: &'static str = $table;
            fn columns() -> &'static str {
                const LIST: &str = concat!($( ", ", $table, ".", stringify!($field) ),+);
                &LIST[2..]
            }
            fn from_row(row: &$crate::store::Row<'_>) -> $crate::store::Result<Self> {
                Ok(Self {
                    $( $field: <$type as $crate::store::row::Load>::load(row, stringify!($field))
                        .map_err(|error| error.in_column($table, stringify!($field)))?, )+
                })
            }
        }

        impl $crate::store::ToRow for $name {
            const NAMES: &'static [&'static str] =
                &[ $( stringify!($field), )+ $( $( stringify!($derived), )+ )? ];
            fn values(&self) -> Vec<$crate::store::sql::Value> {
                use $crate::store::sql::Bind as _;
                vec![
                    $( self.$field.to_value(), )+
                    $( $( { let derive: fn(&Self) -> _ = $value; derive(self).to_value() }, )+ )?
                ]
            }
        }
    };
}
pub(crate) use table_row;
