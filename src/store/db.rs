//! The two databases behind one set of statements.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::StoreError;
use crate::private::{self, Exposed};

/// The store. SQLite has one writer and several readers, so that writers queue fairly instead of running into
/// SQLITE_BUSY.
pub struct Store {
    pub(super) db: Db,
    file: Option<PathBuf>,
    /// Files that other users could read when the database was opened.
    exposed: Vec<Exposed>,
    /// Whether the directory entry of SQLite's log file is on disk.
    folder_synced: AtomicBool,
    /// Lower bound of the poll interval; it replaces a shorter interval when that is read from the database.
    least_interval: Duration,
}

pub(super) enum Db {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

impl Store {
    /// Opens the database, creates an SQLite file if it is missing, and runs the migrations.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store =
            if url.starts_with("sqlite:") { Self::open_sqlite(url).await? } else { Self::open_postgres(url).await? };
        match &store.db {
            Db::Sqlite { writer, .. } => {
                let migrations = sqlx::migrate!("migrations/sqlite");
                // On SQLite, sqlx does not lock the migrations: another process that starts at the same moment may have
                // run them first.
                if migrations.run(writer).await.is_err() {
                    migrations.run(writer).await?;
                }
            }
            Db::Postgres(pool) => sqlx::migrate!("migrations/postgres").run(pool).await?,
        }
        Ok(store)
    }

    async fn open_sqlite(url: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url).map_err(|_| invalid_url("write sqlite://FOLDER/FILE.db"))?;
        let file = options.get_filename().to_owned();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private::create_folder(folder)
                .map_err(|error| StoreError::Url(format!("{} cannot be created: {error}", folder.display())))?;
        }
        // SQLite creates its log files with the mode of the database file, so restrict the database file first.
        let exposed = private::restrict(&file);
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit only writes the log, and `make_durable` syncs it afterwards. FULL would sync within the commit,
            // so that the next batch could not be written meanwhile.
            .synchronous(SqliteSynchronous::Normal)
            .auto_vacuum(SqliteAutoVacuum::None)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30))
            // Mail is stored in large values, which take fewer pages if the pages are large.
            .page_size(16384)
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864");
        // If the disk is full, SQLite rolls back by itself. The driver's own ROLLBACK then fails, and from then on the
        // driver mistakes every BEGIN for a nested one. Discard such a connection.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .before_acquire(|connection, _| {
                let is_clean = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_clean) })
            })
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options);
        private::restrict(&file); // a new file, if the umask allows others to read it
        Ok(Self {
            exposed,
            db: Db::Sqlite { readers, writer },
            file: Some(file),
            folder_synced: AtomicBool::new(false),
            least_interval: Duration::ZERO,
        })
    }

    /// Opens the same database for the tasks of the calling runtime. A PostgreSQL connection depends on the runtime
    /// that opened it, so another runtime needs its own connections. SQLite connections run in threads of their own, so
    /// all runtimes share them.
    pub async fn for_this_runtime(self: &Arc<Self>, url: &str) -> Result<Arc<Self>, StoreError> {
        match &self.db {
            Db::Sqlite { .. } => Ok(self.clone()),
            Db::Postgres(_) => Ok(Arc::new(Self::open_postgres(url).await?.with_least_interval(self.least_interval))),
        }
    }

    async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        // The parser's own error could quote the password.
        let options =
            PgConnectOptions::from_str(url).map_err(|_| invalid_url("write postgres://USER:PASSWORD@HOST/NAME"))?;
        let options = options.application_name("mailferry");
        // Connect once without the pool, which would report every failure as a timeout.
        let first = tokio::time::timeout(Duration::from_secs(10), options.connect());
        first.await.map_err(|_| invalid_url("the server does not answer in time"))??.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        Ok(Self {
            db: Db::Postgres(pool),
            exposed: Vec::new(),
            file: None,
            folder_synced: AtomicBool::new(true),
            least_interval: Duration::ZERO,
        })
    }

    /// Sets the lower bound of the poll interval.
    #[must_use]
    pub fn with_least_interval(self, least_interval: Duration) -> Self {
        Self { least_interval, ..self }
    }

    /// The lower bound of the poll interval.
    pub fn least_interval(&self) -> Duration {
        self.least_interval
    }

    /// Files of an SQLite database that were accessible to other users of this machine.
    pub fn exposed(&self) -> &[Exposed] {
        &self.exposed
    }

    /// The SQLite file; `None` for PostgreSQL.
    pub fn sqlite_file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Waits until all transactions committed so far are on disk. PostgreSQL commits are on disk at once.
    pub async fn make_durable(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        let folder = file.parent().filter(|_| !self.folder_synced.load(Ordering::Acquire)).map(Path::to_owned);
        let syncing = tokio::task::spawn_blocking(move || {
            match std::fs::File::open(&log) {
                Ok(log) => exit_unless_synced(log.sync_data()),
                // Without a log file, all data is in the database file, which SQLite has synced.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            if let Some(folder) = folder {
                let here = Path::new(".");
                let folder = if folder.as_os_str().is_empty() { here } else { &folder };
                exit_unless_synced(std::fs::File::open(folder)?.sync_all());
            }
            Ok(())
        });
        syncing
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| StoreError::Database(sqlx::Error::Io(error)))?;
        self.folder_synced.store(true, Ordering::Release);
        crate::crash::point("on the disk");
        Ok(())
    }

    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- ping
            SELECT 1",
        );
        statement.run().await?;
        Ok(())
    }

    /// Closes all connections, so that SQLite removes its log files.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

/// Exits if a sync failed. After a failed sync the kernel treats the pages as written, and a second sync succeeds
/// although the data is lost. Only reopening the database shows what is really on disk, so the process ends before it
/// changes any copy.
fn exit_unless_synced(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "could not sync the database to disk; exiting, because committed data may be lost");
        std::process::exit(1);
    }
}

fn invalid_url(how: &str) -> StoreError {
    StoreError::Url(how.to_owned())
}
