//! A statement for both databases: its text, its values, and its connection.

use std::borrow::Cow;

use sqlx::encode::Encode;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Decode, FromRow, Postgres, Sqlite, Type};

use super::fragment;

/// A type as which a row of either database can be read.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// A type as which a column of either database can be read.
pub(super) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}
impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin
{
}

/// A statement to be run. The text is a constant of this crate: `$1`, `$2`, ... are placeholders for the values in the
/// order of binding, `{name}` is a fragment of [`fragment`], `{rows}` stands for the rows of [`Statement::rows`], and
/// `{list}` for the values of [`Statement::list`].
pub(super) struct Statement<'c> {
    text: Cow<'static, str>,
    backend: Backend<'c>,
    /// The error for a value that the driver could not bind; returned when the statement runs.
    bind_error: Option<BoxDynError>,
}

enum Backend<'c> {
    Sqlite(&'c mut SqliteConnection, SqliteArguments),
    Postgres(&'c mut PgConnection, PgArguments),
}

impl<'c> Statement<'c> {
    pub(super) fn on_sqlite(connection: &'c mut SqliteConnection, text: &'static str) -> Self {
        Self {
            text: fragment::expand(text),
            backend: Backend::Sqlite(connection, SqliteArguments::default()),
            bind_error: None,
        }
    }

    pub(super) fn on_postgres(connection: &'c mut PgConnection, text: &'static str) -> Self {
        Self {
            text: fragment::expand(text),
            backend: Backend::Postgres(connection, PgArguments::default()),
            bind_error: None,
        }
    }

    pub(super) fn bind<'t, T>(mut self, value: T) -> Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        let added = match &mut self.backend {
            Backend::Sqlite(_, arguments) => Arguments::add(arguments, value),
            Backend::Postgres(_, arguments) => arguments.add(value),
        };
        self.bind_error = self.bind_error.or(added.err());
        self
    }

    /// Replaces `{rows}` with placeholders for this many rows of this many columns. The values are bound next, row by
    /// row; nothing may be bound before them. SQLite looks up each numbered placeholder among all others, which takes
    /// longer than the insert itself if there are thousands, so for SQLite the placeholders have no numbers.
    pub(super) fn rows(mut self, rows: usize, columns: usize) -> Self {
        let placeholder = |n: usize| match &self.backend {
            Backend::Sqlite(..) => "?".to_owned(),
            Backend::Postgres(..) => format!("${}", n + 1),
        };
        let row = |r: usize| {
            let placeholders: Vec<String> = (0..columns).map(|c| placeholder(r * columns + c)).collect();
            format!("({})", placeholders.join(","))
        };
        let all: Vec<String> = (0..rows).map(row).collect();
        self.text = Cow::Owned(self.text.replace("{rows}", &all.join(",")));
        self
    }

    /// Binds these values in place of `{list}`, after all others.
    pub(super) fn list<'t, T>(mut self, values: impl IntoIterator<Item = T>) -> Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>,
    {
        let before = match &self.backend {
            Backend::Sqlite(_, arguments) => arguments.len(),
            Backend::Postgres(_, arguments) => arguments.len(),
        };
        let mut count = 0;
        for value in values {
            self = self.bind(value);
            count += 1;
        }
        let placeholders: Vec<String> = (0..count).map(|n| format!("${}", before + 1 + n)).collect();
        // `IN (NULL)` is never true, like an empty list.
        let placeholders = if placeholders.is_empty() { "NULL".to_owned() } else { placeholders.join(",") };
        self.text = Cow::Owned(self.text.replace("{list}", &placeholders));
        self
    }

    /// Runs the statement and returns the number of changed rows.
    pub(super) async fn run(self) -> Result<u64, sqlx::Error> {
        let BoundStatement { text, backend } = self.bound()?;
        match backend {
            Backend::Sqlite(connection, values) => {
                Ok(sqlx::query_with(text, values).execute(connection).await?.rows_affected())
            }
            Backend::Postgres(connection, values) => {
                Ok(sqlx::query_with(text, values).execute(connection).await?.rows_affected())
            }
        }
    }

    /// Runs the statement and returns all rows.
    pub(super) async fn all<T: Row>(self) -> Result<Vec<T>, sqlx::Error> {
        let BoundStatement { text, backend } = self.bound()?;
        match backend {
            Backend::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_all(connection).await,
            Backend::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_all(connection).await,
        }
    }

    /// Runs the statement and returns its only row.
    pub(super) async fn only<T: Row>(self) -> Result<T, sqlx::Error> {
        let BoundStatement { text, backend } = self.bound()?;
        match backend {
            Backend::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_one(connection).await,
            Backend::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_one(connection).await,
        }
    }

    /// Runs the statement and returns its row, if there is one.
    pub(super) async fn first<T: Row>(self) -> Result<Option<T>, sqlx::Error> {
        let BoundStatement { text, backend } = self.bound()?;
        match backend {
            Backend::Sqlite(connection, values) => sqlx::query_as_with(text, values).fetch_optional(connection).await,
            Backend::Postgres(connection, values) => sqlx::query_as_with(text, values).fetch_optional(connection).await,
        }
    }

    /// Runs the statement and returns the only column of its only row.
    pub(super) async fn value<T: Column>(self) -> Result<T, sqlx::Error> {
        let (value,) = self.only::<(T,)>().await?;
        Ok(value)
    }

    /// Runs the statement and returns the only column of its row, if there is one.
    pub(super) async fn first_value<T: Column>(self) -> Result<Option<T>, sqlx::Error> {
        Ok(self.first::<(T,)>().await?.map(|(value,)| value))
    }

    /// Runs the statement and returns the only column of all rows.
    pub(super) async fn values<T: Column>(self) -> Result<Vec<T>, sqlx::Error> {
        Ok(self.all::<(T,)>().await?.into_iter().map(|(value,)| value).collect())
    }

    fn bound(self) -> Result<BoundStatement<'c>, sqlx::Error> {
        match self.bind_error {
            Some(error) => Err(sqlx::Error::Encode(error)),
            None => Ok(BoundStatement { text: AssertSqlSafe(self.text), backend: self.backend }),
        }
    }
}

/// A statement with all values bound.
struct BoundStatement<'c> {
    text: AssertSqlSafe<Cow<'static, str>>,
    backend: Backend<'c>,
}
