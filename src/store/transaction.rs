//! Where statements run: a connection to read on, and a transaction.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite, Transaction};

use super::db::Db;
use super::statement::Statement;
use super::{Store, StoreError};

/// A connection to read on. All that can be read can be read within a transaction too, since a [`Tx`] is one.
pub struct Reader {
    held: Held,
    least_interval: Duration,
}

enum Held {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

impl Reader {
    /// The shortest time between two polls of a mailbox.
    pub(super) fn least_interval(&self) -> Duration {
        self.least_interval
    }

    /// A statement, to be bound and run. Its first line names it.
    pub(super) fn sql(&mut self, text: &'static str) -> Statement<'_> {
        match &mut self.held {
            Held::Sqlite(connection) => Statement::on_sqlite(connection, text),
            Held::SqliteTx(transaction) => Statement::on_sqlite(transaction, text),
            Held::Postgres(connection) => Statement::on_postgres(connection, text),
            Held::PostgresTx(transaction) => Statement::on_postgres(transaction, text),
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
    /// Commits, and returns once the commit is on the disk.
    pub async fn commit(self) -> Result<(), StoreError> {
        let store = self.store;
        self.commit_in_memory().await?;
        store.make_durable().await
    }

    /// Commits; it is durable only once [`Store::make_durable`] has returned.
    pub(super) async fn commit_in_memory(self) -> Result<(), StoreError> {
        crate::crash::point("before a commit");
        match self.reader.held {
            Held::SqliteTx(transaction) => transaction.commit().await?,
            Held::PostgresTx(transaction) => transaction.commit().await?,
            // A transaction is made by `begin` only, which holds one of the other two.
            Held::Sqlite(_) | Held::Postgres(_) => {}
        }
        crate::crash::point("after a commit");
        Ok(())
    }
}

impl Store {
    /// A connection to read on.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        let held = match &self.db {
            Db::Sqlite { readers, .. } => Held::Sqlite(readers.acquire().await?),
            Db::Postgres(pool) => Held::Postgres(pool.acquire().await?),
        };
        Ok(Reader { held, least_interval: self.least_interval() })
    }

    /// Begins a transaction. SQLite's begin as writers: one that reads first and writes later fails at once when another has written
    /// in between (SQLITE_BUSY_SNAPSHOT).
    pub async fn begin(&self) -> Result<Tx<'_>, StoreError> {
        let held = match &self.db {
            Db::Sqlite { writer, .. } => Held::SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => Held::PostgresTx(pool.begin().await?),
        };
        Ok(Tx { reader: Reader { held, least_interval: self.least_interval() }, store: self })
    }
}
