//! The same behaviour on SQLite and on PostgreSQL.

mod certificates;
mod directory;
mod fleet;
mod limited;
mod transactions;
mod trouble;

/// Makes a test for each engine out of functions that take a database.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::database::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::database::TestDatabase::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
