//! Epochs: one UIDVALIDITY of a folder as we met it, with the cursor and the ledger that belong to it.

use super::{Lease, Store, StoreError, Tx};
use crate::clock::Timestamp;
use crate::fact::{Obstacle, Reason, to_json};

/// A folder that is polled.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct WatchedFolder {
    /// Its row.
    pub id: i64,
    /// Its name as people write it.
    pub name: String,
    /// When every UID was last compared with the ledger.
    pub verified_at: Option<i64>,
    /// How far a comparison has come that was cut short.
    pub compared_to: i64,
    /// Polls at which UIDVALIDITY was another, less those at which it was the same.
    pub uidvalidity_changes: i64,
    /// The form of the question for UIDs that the mailbox's server answers rightly, where it misread the usual one.
    pub list_form: Option<String>,
}

impl WatchedFolder {
    /// A folder that the database does not have, so that nothing is known of it.
    pub fn unwritten(name: &str) -> Self {
        Self {
            id: 0,
            name: name.to_owned(),
            verified_at: None,
            compared_to: 0,
            uidvalidity_changes: 0,
            list_form: None,
        }
    }

    /// The one of this name, or without a name the only one.
    ///
    /// # Errors
    /// There is none, or which one is not said; the names are told.
    pub fn meant(mut folders: Vec<Self>, name: Option<&str>) -> Result<Self, String> {
        let names: Vec<String> = folders.iter().map(|folder| folder.name.clone()).collect();
        let which = || format!("the folders are: {}", names.join(", "));
        match name {
            Some(name) => folders.retain(|folder| folder.name == name),
            None if folders.len() > 1 => return Err(which()),
            None => {}
        }
        folders.pop().ok_or_else(which)
    }
}

/// An epoch to be opened.
#[derive(Debug, Clone, Copy)]
pub struct NewEpoch {
    /// The folder's row.
    pub folder_id: i64,
    /// The numbering that the server gives.
    pub uidvalidity: u32,
    /// UIDs below it are there at the first look.
    pub boundary: u32,
}

/// From where on an epoch is read.
#[derive(Debug, Clone, Copy)]
pub struct StartOfEpoch<'a> {
    /// The epoch's row.
    pub epoch_id: i64,
    /// Ranges of UIDs that are skipped, each with its first and its last.
    pub skipped: &'a [(u32, u32)],
    /// The search goes on from here.
    pub cursor: u32,
}

/// The UIDVALIDITY in force.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Epoch {
    /// Its row.
    pub id: i64,
    /// As the server said (RFC 3501 2.3.1.1).
    #[sqlx(try_from = "i64")]
    pub uidvalidity: u32,
    /// Every UID below it is finished.
    #[sqlx(try_from = "i64")]
    pub cursor: u32,
    /// UIDs below it were there at the first look.
    #[sqlx(try_from = "i64")]
    pub boundary: u32,
    /// Whether the start was decided.
    pub start_decided: bool,
    /// The highest UID that was dealt with and lay below UIDNEXT.
    #[sqlx(try_from = "i64")]
    pub top: u32,
    /// The mailbox was pointed at another server or account.
    pub closed: bool,
}

impl Epoch {
    /// An epoch that the database does not have, so that nothing is known in it: for looking ahead at what a poll would find.
    pub fn unwritten(uidvalidity: u32, boundary: u32) -> Self {
        Self { id: 0, uidvalidity, cursor: 1, boundary, start_decided: false, top: 0, closed: false }
    }
}

/// A UID as stored: databases have no unsigned numbers.
pub(super) fn uid(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// A UID that may be absent, as stored.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct MaybeUid(Option<i64>);

impl From<MaybeUid> for Option<u32> {
    fn from(MaybeUid(stored): MaybeUid) -> Self {
        stored.map(uid)
    }
}

impl Store {
    /// The folders that a mailbox is polled for, in their order, but last those that took a poll's time for themselves.
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

    /// The newest epoch of a folder.
    pub async fn newest_epoch(&self, folder_id: i64) -> Result<Option<Epoch>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- newest epoch of a folder
            SELECT id, uidvalidity, cursor, boundary, start_decided, top, closed
            FROM epoch
            WHERE folder_id = $1
            ORDER BY id DESC LIMIT 1",
        );
        Ok(statement.bind(folder_id).first().await?)
    }

    /// Goes on with an epoch, under the UIDVALIDITY that the server gives now (0: none), and counts how often it was another.
    pub async fn keep_epoch(
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
        tx.guard(lease).await?;
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

    /// Opens an epoch in which UIDs below `boundary` are there at the first look. Effects that were open in an older epoch are
    /// void, since its UIDs name nothing any more.
    pub async fn open_epoch(&self, lease: &Lease, new: NewEpoch, now: Timestamp) -> Result<Epoch, StoreError> {
        let NewEpoch { folder_id, uidvalidity, boundary } = new;
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
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
        Ok(Epoch { id, ..Epoch::unwritten(uidvalidity, boundary) })
    }

    /// The UIDs of an epoch mean something else now: the next poll opens another.
    pub async fn close_epoch(&self, lease: &Lease, epoch_id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        let close = tx.sql(
            r"-- close an epoch
            UPDATE epoch SET closed = TRUE WHERE id = $1",
        );
        close.bind(epoch_id).run().await?;
        tx.commit().await
    }

    /// Writes down the start: these ranges of UIDs are skipped, and the search goes on from `cursor`.
    pub async fn decide_start(&self, lease: &Lease, start: StartOfEpoch<'_>, now: Timestamp) -> Result<(), StoreError> {
        let StartOfEpoch { epoch_id, skipped, cursor } = start;
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        for (first, last) in skipped {
            let skip = tx.sql(
                r"-- skip what is older than the start
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

    /// Moves the cursor over UIDs that a search with a tagged OK has shown to be finished or not there.
    pub async fn advance_cursor(&self, lease: &Lease, epoch_id: i64, cursor: u32) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.guard(lease).await?;
        tx.move_cursor(epoch_id, cursor).await?;
        tx.commit().await
    }
}

impl Tx<'_> {
    /// Ends what is open in the epochs of a folder that is about to get a new one.
    async fn void_epochs(&mut self, folder_id: i64) -> Result<(), StoreError> {
        let void = self.sql(
            r"-- void the effects of older epochs
            UPDATE effect SET void_step = step, step = 'impossible',
                problem = $2
            WHERE void_step IS NULL AND step <> 'returned' AND epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
        );
        void.bind(folder_id).bind(to_json(&Obstacle::Rebuilt)).run().await?;
        let downloads = self.sql(
            r"-- forget the downloads of older epochs
            DELETE FROM download_chunk WHERE epoch_id IN (SELECT id FROM epoch WHERE folder_id = $1)",
        );
        downloads.bind(folder_id).run().await?;
        let returned = self.sql(
            r"-- forget the effects that older epochs held back
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
            r"-- compare a folder from its beginning
            UPDATE folder SET compared_to = 0 WHERE id = $1",
        );
        compare.bind(folder_id).run().await?;
        Ok(())
    }

    /// Moves the cursors of a mailbox back to what is pending, where they had passed it.
    pub(super) async fn cursor_to_pending(&mut self, mailbox_id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- move the cursors of a mailbox back to what is pending
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

    /// Moves the cursor of an epoch forward, but never over a UID that is pending, whichever window it was in.
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
