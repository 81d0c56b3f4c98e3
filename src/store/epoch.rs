//! Epochs: an epoch is the period in which the UIDs of a folder keep their meaning, normally one UIDVALIDITY. It has a
//! cursor and a ledger of its own.

use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Obstacle, Reason, to_json};

/// A folder that is polled.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WatchedFolder {
    pub id: i64,
    /// The decoded name.
    pub name: String,
    /// When every UID was last compared with the ledger; `None`: never, or a new comparison is requested, or the last one
    /// met a contradiction.
    pub verified_at: Option<i64>,
    /// The UID that an interrupted comparison has reached.
    pub compared_to: i64,
    /// Number of polls with a changed UIDVALIDITY, minus those without; never below 0.
    pub uidvalidity_changes: i64,
    /// The listing form that the mailbox's server does not misread, if it misreads the usual one.
    pub list_form: Option<String>,
}

impl WatchedFolder {
    /// A folder that is not in the database, so nothing is known about it.
    pub fn not_stored(name: &str) -> Self {
        Self {
            id: 0,
            name: name.to_owned(),
            verified_at: None,
            compared_to: 0,
            uidvalidity_changes: 0,
            list_form: None,
        }
    }

    /// Selects the folder with this name or, without a name, the only folder.
    ///
    /// # Errors
    /// No folder has this name, or there are several folders and no name is given; the message lists the names.
    pub fn select(mut folders: Vec<Self>, name: Option<&str>) -> Result<Self, String> {
        let names: Vec<String> = folders.iter().map(|folder| folder.name.clone()).collect();
        let error = || format!("the folders are: {}", names.join(", "));
        match name {
            Some(name) => folders.retain(|folder| folder.name == name),
            None if folders.len() > 1 => return Err(error()),
            None => {}
        }
        folders.pop().ok_or_else(error)
    }
}

/// An epoch to be opened.
#[derive(Debug, Clone, Copy)]
pub struct NewEpoch {
    pub folder_id: i64,
    pub uidvalidity: u32,
    /// The boundary: UIDs below it exist when the epoch is opened.
    pub boundary: u32,
}

/// The start of an epoch: the UIDs that are skipped, and where the search begins.
#[derive(Debug, Clone, Copy)]
pub struct EpochStart<'a> {
    pub epoch_id: i64,
    /// Ranges of UIDs to skip, each with its first and last UID.
    pub skipped: &'a [(u32, u32)],
    /// The UID at which the search begins.
    pub cursor: u32,
}

/// An epoch of a folder, with the progress of the import in it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Epoch {
    pub id: i64,
    /// UIDVALIDITY as the server reports it (RFC 3501 section 2.3.1.1).
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    /// The cursor: every UID below it is finished.
    #[sqlx(try_from = "i64")]
    pub cursor: u32,
    /// The boundary: UIDs below it existed when the epoch was opened.
    #[sqlx(try_from = "i64")]
    pub boundary: u32,
    /// Whether the start has been decided.
    pub start_decided: bool,
    /// The highest handled UID that was below UIDNEXT.
    #[sqlx(try_from = "i64")]
    pub top: u32,
    /// Whether the UIDs may now denote other mails, so that the next poll opens a new epoch.
    pub closed: bool,
    /// Whether the epoch has an unfinished backlog.
    pub has_backlog: bool,
}

impl Epoch {
    /// An epoch that is not in the database, for a dry run: nothing is known about its UIDs.
    pub fn not_stored(uidvalidity: u32, boundary: u32) -> Self {
        Self {
            id: 0,
            uidvalidity,
            cursor: 1,
            boundary,
            start_decided: false,
            top: 0,
            closed: false,
            has_backlog: false,
        }
    }
}

/// Converts a stored UID: databases have no unsigned integers.
pub(super) fn uid(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// An optional UID, as stored.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct MaybeUid(Option<i64>);

impl From<MaybeUid> for Option<u32> {
    fn from(MaybeUid(stored): MaybeUid) -> Self {
        stored.map(uid)
    }
}

impl Store {
    /// The watched folders of a mailbox in their order, except that those which an incomplete poll has already visited
    /// come last.
    pub async fn watched_folders(&self, mailbox_id: i64) -> Result<Vec<WatchedFolder>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- watched folders
            SELECT f.id, f.name, f.verified_at, f.compared_to, f.uidvalidity_changes, m.list_form
            FROM folder f JOIN mailbox m ON m.id = f.mailbox_id
            WHERE f.mailbox_id = $1 AND f.watched
            ORDER BY coalesce(f.visited_at, 0), f.position",
        );
        Ok(statement.bind(mailbox_id).all().await?)
    }

    pub async fn newest_epoch(&self, folder_id: i64) -> Result<Option<Epoch>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- newest epoch of a folder
            SELECT id, uidvalidity, cursor, boundary, start_decided, top, closed, backlog_left > 0 AS has_backlog
            FROM epoch
            WHERE folder_id = $1
            ORDER BY id DESC LIMIT 1",
        );
        Ok(statement.bind(folder_id).first().await?)
    }

    /// Continues an epoch under `number`, the server's current UIDVALIDITY, and updates the folder's count of changes of
    /// UIDVALIDITY. If the server gives none (0), nothing changes.
    pub async fn continue_epoch(
        &self,
        lease: &Lease,
        folder: &WatchedFolder,
        epoch: Epoch,
        number: u32,
    ) -> Result<Epoch, StoreError> {
        let changes = if number == epoch.uidvalidity {
            (folder.uidvalidity_changes - 1).max(0)
        } else {
            folder.uidvalidity_changes.saturating_add(1)
        };
        if number == 0 || (number == epoch.uidvalidity && changes == folder.uidvalidity_changes) {
            return Ok(epoch);
        }
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let renumber = tx.sql(
            r"-- keep an epoch under another UIDVALIDITY
            UPDATE epoch SET uidvalidity = $2 WHERE id = $1",
        );
        renumber.bind(epoch.id).bind(i64::from(number)).run().await?;
        let count = tx.sql(
            r"-- count the changes of UIDVALIDITY
            UPDATE folder SET uidvalidity_changes = $2 WHERE id = $1",
        );
        count.bind(folder.id).bind(changes).run().await?;
        tx.commit().await?;
        Ok(Epoch { uidvalidity: number, ..epoch })
    }

    /// Opens an epoch in which UIDs below `boundary` already exist. Pending effects of older epochs become void, since
    /// the UIDs of these epochs are no longer valid.
    pub async fn open_epoch(&self, lease: &Lease, new: NewEpoch, now: Timestamp) -> Result<Epoch, StoreError> {
        let NewEpoch { folder_id, uidvalidity, boundary } = new;
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        tx.void_epochs(folder_id).await?;
        let insert = tx.sql(
            r"-- open an epoch
            INSERT INTO epoch (folder_id, uidvalidity, cursor, boundary, opened_at)
            VALUES ($1, $2, 1, $3, $4)
            RETURNING id",
        );
        let insert = insert.bind(folder_id).bind(i64::from(uidvalidity)).bind(i64::from(boundary)).bind(now);
        let id = insert.value().await?;
        tx.commit().await?;
        Ok(Epoch { id, ..Epoch::not_stored(uidvalidity, boundary) })
    }

    /// Closes an epoch whose UIDs now denote other mails: the next poll opens a new one.
    pub async fn close_epoch(&self, lease: &Lease, epoch_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        let close = tx.sql(
            r"-- close an epoch
            UPDATE epoch SET closed = TRUE WHERE id = $1",
        );
        close.bind(epoch_id).run().await?;
        tx.commit().await
    }

    /// Stores the start: these ranges of UIDs are skipped, and the search begins at `cursor`.
    pub async fn decide_start(&self, lease: &Lease, start: EpochStart<'_>, now: Timestamp) -> Result<(), StoreError> {
        let EpochStart { epoch_id, skipped, cursor } = start;
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        for (first, last) in skipped {
            let skip = tx.sql(
                r"-- skip mail that is older than the start
                INSERT INTO ledger (epoch_id, uid, uid_last, state, reason, updated_at)
                VALUES ($1, $2, $3, 'skipped', $4, $5)",
            );
            let skip = skip.bind(epoch_id).bind(i64::from(*first));
            skip.bind((first != last).then_some(i64::from(*last)))
                .bind(Reason::BeforeStart.stored())
                .bind(now)
                .run()
                .await?;
        }
        let decide = tx.sql(
            r"-- decide the start of an epoch
            UPDATE epoch SET start_decided = TRUE, cursor = $2, top = boundary - 1 WHERE id = $1",
        );
        decide.bind(epoch_id).bind(i64::from(cursor)).run().await?;
        tx.commit().await
    }

    /// Advances the cursor over UIDs that are finished or, after a search with a tagged OK, known not to exist.
    pub async fn advance_cursor(&self, lease: &Lease, epoch_id: i64, cursor: u32) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.check_lease(lease).await?;
        tx.move_cursor(epoch_id, cursor).await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Ends pending work in the epochs of a folder that is about to get a new one.
    async fn void_epochs(&mut self, folder_id: i64) -> Result<(), StoreError> {
        let void = self.sql(
            r"-- void the effects of older epochs
            UPDATE effect SET void_step = step, step = 'impossible',
                problem = $2
            WHERE void_step IS NULL AND step <> 'returned' AND epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
        );
        void.bind(folder_id).bind(to_json(&Obstacle::Rebuilt)).run().await?;
        let downloads = self.sql(
            r"-- delete the downloads of older epochs
            DELETE FROM download_chunk WHERE epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
        );
        downloads.bind(folder_id).run().await?;
        let returned = self.sql(
            r"-- delete the suppressed effects of older epochs
            DELETE FROM effect WHERE step = 'returned' AND epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
        );
        returned.bind(folder_id).run().await?;
        let count = self.sql(
            r"-- count a new UIDVALIDITY
            UPDATE folder SET uidvalidity_changes = uidvalidity_changes + 1
            WHERE id = $1 AND EXISTS (SELECT 1 FROM epoch WHERE folder_id = $1 AND NOT closed)",
        );
        count.bind(folder_id).run().await?;
        let compare = self.sql(
            r"-- restart the comparison of a folder
            UPDATE folder SET compared_to = 0 WHERE id = $1",
        );
        compare.bind(folder_id).run().await?;
        Ok(())
    }

    /// Moves the cursors of a mailbox back to the lowest pending UID, where they had passed it.
    pub(super) async fn rewind_cursors(&mut self, mailbox_id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- move the cursors of a mailbox back to pending UIDs
            UPDATE epoch SET cursor = (
                SELECT min(l.uid) FROM ledger l WHERE l.epoch_id = epoch.id AND l.state = 'pending'
            )
            WHERE folder_id IN (SELECT id FROM folder WHERE mailbox_id = $1) AND EXISTS (
                SELECT 1 FROM ledger l WHERE l.epoch_id = epoch.id AND l.state = 'pending' AND l.uid < epoch.cursor
            )",
        );
        statement.bind(mailbox_id).run().await?;
        Ok(())
    }

    /// Advances the cursor of an epoch, but never past a pending UID, whichever window it was in.
    pub(super) async fn move_cursor(&mut self, epoch_id: i64, cursor: u32) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- move the cursor
            UPDATE epoch SET cursor = coalesce((
                SELECT min(l.uid) FROM ledger l WHERE l.epoch_id = $1 AND l.state = 'pending' AND l.uid < $2
            ), $2)
            WHERE id = $1 AND cursor < $2",
        );
        statement.bind(epoch_id).bind(i64::from(cursor)).run().await?;
        Ok(())
    }
}
