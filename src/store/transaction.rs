//! Connections for reading, and transactions.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite, Transaction};

use super::db::Db;
use super::statement::Statement;
use super::{Store, StoreError};

/// A connection for reading. A [`Tx`] dereferences to a `Reader`, so everything can be read within a transaction too.
pub struct Reader {
    connection: Connection,
    least_interval: Duration,
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

impl Reader {
    pub(super) fn least_interval(&self) -> Duration {
        self.least_interval
    }

    /// A statement, ready to bind its values and run. The first line of its text is its name.
    pub(super) fn sql(&mut self, text: &'static str) -> Statement<'_> {
        match &mut self.connection {
            Connection::Sqlite(connection) => Statement::on_sqlite(connection, text),
            Connection::SqliteTx(transaction) => Statement::on_sqlite(transaction, text),
            Connection::Postgres(connection) => Statement::on_postgres(connection, text),
            Connection::PostgresTx(transaction) => Statement::on_postgres(transaction, text),
        }
    }
}

/// A transaction. Dropping it rolls back.
pub struct Tx<'s> {
    reader: Reader,
    pub(super) store: &'s Store,
}

impl Deref for Tx<'_> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

impl Tx<'_> {
    /// Commits, and returns once the commit is on disk.
    pub async fn commit(self) -> Result<(), StoreError> {
        let store = self.store;
        self.commit_in_memory().await?;
        store.make_durable().await
    }

    /// Commits; the commit is durable only once [`Store::make_durable`] has returned.
    pub(super) async fn commit_in_memory(self) -> Result<(), StoreError> {
        crate::crash::point("before a commit");
        match self.reader.connection {
            Connection::SqliteTx(transaction) => transaction.commit().await?,
            Connection::PostgresTx(transaction) => transaction.commit().await?,
            // Only `begin` creates a transaction, with one of the other two variants.
            Connection::Sqlite(_) | Connection::Postgres(_) => {}
        }
        crate::crash::point("after a commit");
        Ok(())
    }
}

impl Store {
    pub async fn read(&self) -> Result<Reader, StoreError> {
        let connection = match &self.db {
            Db::Sqlite { readers, .. } => Connection::Sqlite(readers.acquire().await?),
            Db::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
        };
        Ok(Reader { connection, least_interval: self.least_interval() })
    }

    /// Begins a transaction. On SQLite it begins as a writer, because a transaction that began as a reader could not write
    /// after another one has written in between (SQLITE_BUSY_SNAPSHOT).
    pub async fn begin(&self) -> Result<Tx<'_>, StoreError> {
        let connection = match &self.db {
            Db::Sqlite { writer, .. } => Connection::SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => Connection::PostgresTx(pool.begin().await?),
        };
        Ok(Tx { reader: Reader { connection, least_interval: self.least_interval() }, store: self })
    }
}
