//! One SQL text with its values, run on either engine.

use futures::TryStreamExt as _;
use sqlx::{Arguments, AssertSqlSafe, Row as _, SqlSafeStr, SqlStr};
use uuid::Uuid;

use super::row::{FromRow, Load, Row};
use super::tx::{Conn, Handle};
use super::{Engine, Result, StoreError};

/// SQLite keeps no statement with more values: lists are of many lengths, and each would be another statement to keep.
const KEPT: usize = 100;

/// A value that both engines can hold. PostgreSQL wants to know the type of a null.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Bool(Option<bool>),
    Int(Option<i64>),
    Text(Option<String>),
    Octets(Option<Vec<u8>>),
    Id(Option<Uuid>),
}

/// What can stand for a placeholder.
pub(crate) trait Bind {
    /// What a null of this type is.
    const NULL: Value;
    fn to_value(&self) -> Value;
}

/// A statement: text that comes from the source alone, and values.
#[derive(Debug)]
pub(crate) struct Sql {
    text: Text,
    values: Vec<Value>,
    /// Whether placeholders have numbers.
    numbered: bool,
    /// Whether PostgreSQL keeps the statement, and in time plans it without its values.
    kept: bool,
}

#[derive(Debug)]
enum Text {
    Fixed(&'static str),
    Built(String),
}

/// `sql!("SELECT .. WHERE id = $1", id)`: a statement with the values of its placeholders. The text may be one
/// literal or several that are joined, constants among them not.
macro_rules! sql {
    ($text:expr $(, $value:expr)* $(,)?) => {
        $crate::store::Sql::new($text)$(.value(&$value))*
    };
}
pub(crate) use sql;

impl Sql {
    /// A text from the source, with `$1` and so on for values.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: Text::Fixed(text), values: Vec::new(), numbered: true, kept: true }
    }

    /// `SELECT` with the columns of a row type, `FROM` its table.
    pub(crate) fn select<T: FromRow>() -> Self {
        let text = Text::Built(format!("SELECT {} FROM {}", T::columns(), T::TABLE));
        Self { text, values: Vec::new(), numbered: true, kept: true }
    }

    /// Without numbers at its placeholders where the engine can do without, for statements with very many of them: SQLite
    /// looks numbered ones up one by one. Only for statements whose placeholders come from [`bind`](Self::bind) alone.
    pub(crate) fn in_order(mut self, engine: Engine) -> Self {
        self.numbered = engine == Engine::Postgres;
        self
    }

    /// Planned anew each time, for its values: for words, of which PostgreSQL otherwise supposes that few rows have them.
    pub(crate) fn planned_for_values(&mut self) -> &mut Self {
        self.kept = false;
        self
    }

    /// The octets of the next placeholder, which it takes.
    pub(crate) fn octets(mut self, octets: Vec<u8>) -> Self {
        self.values.push(Value::Octets(Some(octets)));
        self
    }

    /// The value of the next placeholder.
    pub(crate) fn value(mut self, value: &(impl Bind + ?Sized)) -> Self {
        self.values.push(value.to_value());
        self
    }

    /// More text. It comes from the source, so that nobody's input becomes SQL.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.built().push_str(text);
        self
    }

    /// A placeholder and its value.
    pub(crate) fn bind(&mut self, value: &(impl Bind + ?Sized)) -> &mut Self {
        self.bind_value(value.to_value())
    }

    /// The same, for a value that was made before.
    pub(crate) fn bind_value(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        if !self.numbered {
            return self.push("?");
        }
        let number = self.values.len();
        self.built().push_str(&format!("${number}"));
        self
    }

    /// A placeholder without a number, for statements with thousands of them: SQLite looks numbered ones up one by
    /// one. Not to be mixed with others.
    pub(crate) fn bind_in_order(&mut self, value: Value, engine: Engine) -> &mut Self {
        match engine {
            Engine::Sqlite => {
                self.values.push(value);
                self.push("?")
            }
            Engine::Postgres => self.bind_value(value),
        }
    }

    /// Placeholders and their values, with commas between. No value at all becomes NULL, which is in no list.
    pub(crate) fn bind_list<'v, B: Bind + 'v>(
        &mut self,
        values: impl IntoIterator<Item = &'v B>,
    ) -> &mut Self {
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                self.push(", ");
            }
            self.bind(value);
        }
        if first {
            self.push("NULL");
        }
        self
    }

    fn built(&mut self) -> &mut String {
        if let Text::Fixed(text) = self.text {
            self.text = Text::Built(text.to_owned());
        }
        match &mut self.text {
            Text::Built(text) => text,
            Text::Fixed(_) => unreachable!("the text was made a built one above"),
        }
    }

    /// The same, so that SQLite does not undo what the statement has done when it fails: see [`failing`].
    fn failing_on(mut self, conn: &Conn) -> Self {
        if conn.is_step() {
            let text = match &self.text {
                Text::Fixed(text) => failing(text),
                Text::Built(text) => failing(text),
            };
            if let Some((start, rest)) = text {
                self.text = Text::Built(format!("{start}{rest}"));
            }
        }
        self
    }

    fn into_text(self) -> (SqlStr, Vec<Value>, bool) {
        let text = match self.text {
            Text::Fixed(text) => text.into_sql_str(),
            // Only `&'static str` and numbers were pushed.
            Text::Built(text) => AssertSqlSafe(text).into_sql_str(),
        };
        (text, self.values, self.kept)
    }

    /// Runs it; answers how many rows it changed.
    pub(crate) async fn execute(self, conn: &mut Conn) -> Result<u64> {
        let (text, values, kept) = self.failing_on(conn).into_text();
        Ok(match conn.handle() {
            Handle::Sqlite(c) => {
                let ran = sqlx::query_with(text, sqlite_arguments(values)?).execute(c).await;
                let changed = conn.noting(ran)?.rows_affected();
                conn.changed(changed);
                changed
            }
            Handle::Postgres(c) => sqlx::query_with(text, postgres_arguments(values)?)
                .persistent(kept)
                .execute(c)
                .await?
                .rows_affected(),
        })
    }

    /// Every row. Each is made into what it says as it comes: a driver's row takes many times the memory.
    pub(crate) async fn all<T: FromRow>(self, conn: &mut Conn) -> Result<Vec<T>> {
        let (text, values, kept) = self.failing_on(conn).into_text();
        let mut found = Vec::new();
        match conn.handle() {
            Handle::Sqlite(c) => {
                let kept = values.len() <= KEPT;
                let query = sqlx::query_with(text, sqlite_arguments(values)?).persistent(kept);
                let mut rows = query.fetch(c);
                let ended = loop {
                    match rows.try_next().await {
                        Ok(Some(row)) => found.push(T::from_row(&Row::Sqlite(&row))?),
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                };
                drop(rows);
                conn.noting(ended)?;
            }
            Handle::Postgres(c) => {
                let query = sqlx::query_with(text, postgres_arguments(values)?).persistent(kept);
                let mut rows = query.fetch(c);
                while let Some(row) = rows.try_next().await? {
                    found.push(T::from_row(&Row::Postgres(&row))?);
                }
            }
        }
        Ok(found)
    }

    /// The first row, if there is one.
    pub(crate) async fn optional<T: FromRow>(self, conn: &mut Conn) -> Result<Option<T>> {
        let (text, values, kept) = self.failing_on(conn).into_text();
        match conn.handle() {
            Handle::Sqlite(c) => {
                let row = sqlx::query_with(text, sqlite_arguments(values)?).fetch_optional(c).await;
                let row = conn.noting(row)?;
                row.map(|row| T::from_row(&Row::Sqlite(&row))).transpose()
            }
            Handle::Postgres(c) => {
                let row = sqlx::query_with(text, postgres_arguments(values)?)
                    .persistent(kept)
                    .fetch_optional(c)
                    .await?;
                row.map(|row| T::from_row(&Row::Postgres(&row))).transpose()
            }
        }
    }

    /// The first row; without one, there is no such `what`.
    pub(crate) async fn one<T: FromRow>(self, conn: &mut Conn, what: &'static str) -> Result<T> {
        self.optional(conn).await?.ok_or(StoreError::NotFound { what })
    }

    /// The first column of the first row, which must be there (a count, a RETURNING).
    pub(crate) async fn scalar<T: Load>(self, conn: &mut Conn) -> Result<T> {
        self.optional_scalar(conn).await?.ok_or(StoreError::NotFound { what: "row" })
    }

    /// The first column of the first row, if there is one.
    pub(crate) async fn optional_scalar<T: Load>(self, conn: &mut Conn) -> Result<Option<T>> {
        Ok(self.optional::<Single<T>>(conn).await?.map(|single| single.0))
    }

    /// The first column of every row.
    pub(crate) async fn scalars<T: Load>(self, conn: &mut Conn) -> Result<Vec<T>> {
        Ok(self.all::<Single<T>>(conn).await?.into_iter().map(|single| single.0).collect())
    }

    /// Runs it, and says that there is no such `what` if it changed nothing.
    pub(crate) async fn change(self, conn: &mut Conn, what: &'static str) -> Result<()> {
        if self.execute(conn).await? == 0 { Err(StoreError::NotFound { what }) } else { Ok(()) }
    }
}

/// How a statement that writes begins if it is to fail where it stands, and the rest of it. By itself SQLite would undo
/// what a statement has done before it failed, and so copies every page that a statement for many rows touches before it
/// changes it: half of the time that a large transaction takes. Whatever fails here ends its whole transaction, as it
/// does with PostgreSQL (see [`Step::failed`](super::shared_commit::Step::failed)): nothing of it is ever committed.
fn failing(text: &str) -> Option<(&'static str, &str)> {
    if let Some(rest) = text.strip_prefix("INSERT INTO ") {
        return Some(("INSERT OR FAIL INTO ", rest));
    }
    text.strip_prefix("UPDATE ").map(|rest| ("UPDATE OR FAIL ", rest))
}

/// Statements that answer nothing, run one after the other. SQLite gets them as one text: each of its statements goes
/// to the connection's own thread and back, which costs more than most of them do.
#[derive(Debug)]
pub(crate) struct Batch {
    engine: Engine,
    statements: Vec<Sql>,
}

impl Batch {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, statements: Vec::new() }
    }

    /// Begins the next statement.
    pub(crate) fn next(&mut self, text: &'static str) -> &mut Sql {
        if self.engine == Engine::Postgres || self.statements.is_empty() {
            self.statements.push(Sql::new(text).in_order(self.engine));
        } else if let Some(joined) = self.statements.last_mut() {
            let (start, rest) = failing(text).unwrap_or(("", text));
            joined.push("; ").push(start).push(rest);
        }
        match self.statements.last_mut() {
            Some(statement) => statement,
            None => unreachable!("one was there or was pushed"),
        }
    }

    /// Runs them.
    pub(crate) async fn run(self, conn: &mut Conn) -> Result<()> {
        for statement in self.statements {
            statement.execute(conn).await?;
        }
        Ok(())
    }
}

/// A row of one column, whatever its name.
struct Single<T>(T);

impl<T: Load> FromRow for Single<T> {
    const TABLE: &'static str = "result";
    fn columns() -> &'static str {
        ""
    }
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let name = match row {
            Row::Sqlite(row) => sqlx::Column::name(row.column(0)).to_owned(),
            Row::Postgres(row) => sqlx::Column::name(row.column(0)).to_owned(),
        };
        T::load(row, &name).map(Self).map_err(|error| error.in_column("result", "value"))
    }
}

fn sqlite_arguments(values: Vec<Value>) -> Result<sqlx::sqlite::SqliteArguments> {
    let mut arguments = sqlx::sqlite::SqliteArguments::default();
    for value in values {
        match value {
            Value::Bool(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::Octets(v) => arguments.add(v),
            Value::Id(v) => arguments.add(v),
        }
        .map_err(|error| StoreError::Other(error.to_string()))?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<sqlx::postgres::PgArguments> {
    let mut arguments = sqlx::postgres::PgArguments::default();
    for value in values {
        match value {
            Value::Bool(v) => arguments.add(v),
            Value::Int(v) => arguments.add(v),
            Value::Text(v) => arguments.add(v),
            Value::Octets(v) => arguments.add(v),
            Value::Id(v) => arguments.add(v),
        }
        .map_err(|error| StoreError::Other(error.to_string()))?;
    }
    Ok(arguments)
}
