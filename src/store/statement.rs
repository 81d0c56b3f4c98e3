//! One statement, for both databases: the text, its values, and the connection that it runs on.

use std::borrow::Cow;

use sqlx::encode::Encode;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Decode, FromRow, Postgres, Sqlite, Type};

use super::fragment;

/// A row of either database, read as `T`.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// A column of either database, read as `T`.
pub(super) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}
impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}

/// A statement that is about to run. Its text is a constant of this crate: `$1`, `$2`, ... stand for the values in the order in which
/// they are bound, `{name}` for a fragment of [`fragment`], `{rows}` for the rows of [`Statement::rows`], and `{list}` for the values of
/// [`Statement::list`].
pub(super) struct Statement<'c> {
    text: Cow<'static, str>,
    on: On<'c>,
    /// A value that the driver refused; told when the statement runs.
    refused: Option<BoxDynError>,
}

enum On<'c> {
    Sqlite(&'c mut SqliteConnection, SqliteArguments),
    Postgres(&'c mut PgConnection, PgArguments),
}

impl<'c> Statement<'c> {
    pub(super) fn on_sqlite(connection: &'c mut SqliteConnection, text: &'static str) -> Self {
        Self { text: fragment::expand(text), on: On::Sqlite(connection, SqliteArguments::default()), refused: None }
    }

    pub(super) fn on_postgres(connection: &'c mut PgConnection, text: &'static str) -> Self {
        Self { text: fragment::expand(text), on: On::Postgres(connection, PgArguments::default()), refused: None }
    }

    /// Binds the next value.
    pub(super) fn bind<'t, T>(mut self, value: T) -> Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        let added = match &mut self.on {
            On::Sqlite(_, arguments) => Arguments::add(arguments, value),
            On::Postgres(_, arguments) => arguments.add(value),
        };
        self.refused = self.refused.or(added.err());
        self
    }

    /// Puts this many rows of this many columns in place of `{rows}`; their values are bound next, row by row, and nothing is bound
    /// before them. SQLite looks up each numbered mark among all of them, which takes longer than the insert itself where there are
    /// thousands, so there the marks have no numbers.
    pub(super) fn rows(mut self, rows: usize, columns: usize) -> Self {
        let mark = |n: usize| match &self.on {
            On::Sqlite(..) => "?".to_owned(),
            On::Postgres(..) => format!("${}", n + 1),
        };
        let row = |r: usize| {
            let marks: Vec<String> = (0..columns).map(|c| mark(r * columns + c)).collect();
            format!("({})", marks.join(","))
        };
        let all: Vec<String> = (0..rows).map(row).collect();
        self.text = Cow::Owned(self.text.replace("{rows}", &all.join(",")));
        self
    }

    /// Binds these values in place of `{list}`, behind all others.
    pub(super) fn list<'t, T>(mut self, values: impl IntoIterator<Item = T>) -> Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        let before = match &self.on {
            On::Sqlite(_, arguments) => arguments.len(),
            On::Postgres(_, arguments) => arguments.len(),
        };
        let mut count = 0;
        for value in values {
            self = self.bind(value);
            count += 1;
        }
        let marks: Vec<String> = (0..count).map(|n| format!("${}", before + 1 + n)).collect();
        // A list of none holds nothing: `IN (NULL)` is never true.
        let marks = if marks.is_empty() { "NULL".to_owned() } else { marks.join(",") };
        self.text = Cow::Owned(self.text.replace("{list}", &marks));
        self
    }

    /// Runs it and returns how many rows it changed.
    pub(super) async fn run(self) -> Result<u64, sqlx::Error> {
        let Ready { text, on } = self.ready()?;
        match on {
            On::Sqlite(connection, values) => {
                Ok(sqlx::query_with(text, values).execute(connection).await?.rows_affected())
            }
            On::Postgres(connection, values) => {
                Ok(sqlx::query_with(text, values).execute(connection).await?.rows_affected())
            }
        }
    }

    /// Runs it and returns its rows.
    pub(super) async fn all<T: Row>(self) -> Result<Vec<T>, sqlx::Error> {
        let Ready { text, on } = self.ready()?;
        match on {
            On::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_all(connection).await,
            On::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_all(connection).await,
        }
    }

    /// Runs it and returns its only row.
    pub(super) async fn one<T: Row>(self) -> Result<T, sqlx::Error> {
        let Ready { text, on } = self.ready()?;
        match on {
            On::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_one(connection).await,
            On::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_one(connection).await,
        }
    }

    /// Runs it and returns its row, if there is one.
    pub(super) async fn first<T: Row>(self) -> Result<Option<T>, sqlx::Error> {
        let Ready { text, on } = self.ready()?;
        match on {
            On::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_optional(connection).await,
            On::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_optional(connection).await,
        }
    }

    /// Runs it and returns the only column of its only row.
    pub(super) async fn value<T: Column>(self) -> Result<T, sqlx::Error> {
        let (value,) = self.one::<(T,)>().await?;
        Ok(value)
    }

    /// Runs it and returns the only column of its row, if there is one.
    pub(super) async fn first_value<T: Column>(self) -> Result<Option<T>, sqlx::Error> {
        Ok(self.first::<(T,)>().await?.map(|(value,)| value))
    }

    /// Runs it and returns the only column of its rows.
    pub(super) async fn values<T: Column>(self) -> Result<Vec<T>, sqlx::Error> {
        Ok(self.all::<(T,)>().await?.into_iter().map(|(value,)| value).collect())
    }

    fn ready(self) -> Result<Ready<'c>, sqlx::Error> {
        match self.refused {
            Some(error) => Err(sqlx::Error::Encode(error)),
            None => Ok(Ready { text: AssertSqlSafe(self.text), on: self.on }),
        }
    }
}

/// A statement whose values have all been taken.
struct Ready<'c> {
    text: AssertSqlSafe<Cow<'static, str>>,
    on: On<'c>,
}
