//! The rows that a batch is turned into, and the statements that insert them.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::fact::{Obstacle, Reason, to_json};
use crate::store::batch::Mail;
use crate::store::departure::{SUPPRESSED, repeat_key};
use crate::store::ledger::UidState;
use crate::store::{CHUNK, StoreError, Tx};

/// The source of the mails of a batch.
pub(super) struct Origin<'a> {
    pub epoch_id: i64,
    pub mailbox: &'a str,
    pub folder: &'a str,
    pub uidvalidity: u32,
}

/// Converts a count or size for storage: databases have no unsigned integers.
pub(super) fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The rows to insert for a batch.
#[derive(Default)]
pub(super) struct Rows {
    chunks: Vec<ChunkRow>,
    pub messages: Vec<MessageRow>,
    pub arrivals: Vec<Arrival>,
    pub ledger: Vec<LedgerRow>,
    pub effects: Vec<EffectRow>,
}

/// A row of raw mail: SHA-256, index and bytes.
type ChunkRow = ([u8; 32], i64, Bytes);

/// A UID and the message of its mail, whether the message was created for it or existed before.
pub(super) struct Arrival {
    pub uid: u32,
    pub message: i64,
}

pub(super) struct LedgerRow {
    pub uid: u32,
    pub state: UidState,
    pub reason: Option<Reason>,
    pub message: Option<i64>,
    pub attempts: i64,
    pub size: Option<i64>,
    pub internal_date: Option<Timestamp>,
    pub headers: Option<Vec<u8>>,
}

impl LedgerRow {
    pub fn new(uid: u32, state: UidState, reason: Option<Reason>) -> Self {
        let attempts = i64::from(state == UidState::Pending);
        Self { uid, state, reason, message: None, attempts, size: None, internal_date: None, headers: None }
    }

    pub fn for_mail(uid: u32, state: UidState, reason: Option<Reason>, mail: &Mail, message: Option<i64>) -> Self {
        let (size, internal_date) = (Some(signed(mail.size)), mail.internal_date);
        Self { message, size, internal_date, ..Self::new(uid, state, reason) }
    }
}

pub(super) struct EffectRow {
    uid: u32,
    action: String,
    step: &'static str,
    problem: Option<Obstacle>,
    sha256: [u8; 32],
    repeat_key: String,
}

impl EffectRow {
    pub fn new(uid: u32, action: &str, step: &'static str, mail: &Mail) -> Self {
        Self { uid, action: action.to_owned(), step, problem: None, sha256: mail.sha256, repeat_key: repeat_key(mail) }
    }

    /// An effect that is suppressed because it would repeat for ever.
    pub fn suppressed(uid: u32, mail: &Mail) -> Self {
        let action = mail.effect.as_deref().unwrap_or("leave");
        Self { problem: Some(Obstacle::Returned), ..Self::new(uid, action, SUPPRESSED, mail) }
    }
}

pub(super) struct MessageRow {
    id: i64,
    uid: u32,
    inbox: i64,
    why: String,
    message_id: Option<String>,
    from: Option<String>,
    subject: Option<String>,
    size: i64,
    sha256: [u8; 32],
    identity: [u8; 32],
    internal_date: Option<Timestamp>,
    historic: bool,
}

impl MessageRow {
    /// The row of a mail in an inbox, with the reason why the mail is there.
    pub fn new(id: i64, uid: u32, (inbox, why): (i64, &str), mail: &Mail) -> Self {
        Self {
            id,
            uid,
            inbox,
            why: why.to_owned(),
            message_id: mail.message_id.clone(),
            from: mail.from.clone(),
            subject: mail.subject.clone(),
            size: signed(mail.size),
            sha256: mail.sha256,
            identity: mail.identity,
            internal_date: mail.internal_date,
            historic: mail.historic,
        }
    }
}

impl Rows {
    /// Cuts a mail into rows, which share its bytes. An empty mail is one empty row.
    pub fn add_chunks(&mut self, sha256: [u8; 32], bytes: Bytes) {
        if bytes.len() <= CHUNK {
            return self.chunks.push((sha256, 0, bytes));
        }
        let starts = (0..bytes.len()).step_by(CHUNK);
        let part = |from: usize| bytes.slice(from..bytes.len().min(from + CHUNK));
        self.chunks.extend((0..).zip(starts).map(|(seq, from)| (sha256, seq, part(from))));
    }
}

/// Maximum number of rows in one statement. A statement takes about 32,000 values, and the widest row has 17.
const ROWS_PER_STATEMENT: usize = 500;

/// Splits rows into groups that fit into one statement.
pub(super) fn row_groups<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let part: Vec<T> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
        (!part.is_empty()).then_some(part)
    })
}

/// Maximum number of bytes in one statement, since the statement copies them.
const BYTES_PER_STATEMENT: usize = 4 << 20;

/// Like [`row_groups`], but no group is much larger than [`BYTES_PER_STATEMENT`].
fn small_groups(rows: Vec<ChunkRow>) -> impl Iterator<Item = Vec<ChunkRow>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let mut part = Vec::new();
        let mut bytes = 0;
        while bytes < BYTES_PER_STATEMENT && part.len() < ROWS_PER_STATEMENT {
            let Some(row) = rows.next() else { break };
            bytes += row.2.len();
            part.push(row);
        }
        (!part.is_empty()).then_some(part)
    })
}

impl Tx<'_> {
    /// Inserts the rows of a batch.
    pub(super) async fn insert(&mut self, rows: Rows, origin: &Origin<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.insert_chunks(rows.chunks).await?;
        self.insert_messages(rows.messages, origin, now).await?;
        self.insert_arrivals(rows.arrivals, origin.epoch_id).await?;
        self.insert_ledger(rows.ledger, origin.epoch_id, now).await?;
        self.delete_finished_downloads(origin.epoch_id).await?;
        self.insert_effects(rows.effects, origin.epoch_id).await
    }

    async fn insert_chunks(&mut self, chunks: Vec<ChunkRow>) -> Result<(), StoreError> {
        for chunks in small_groups(chunks) {
            let statement = self.sql(
                r"-- insert raw mail
                INSERT INTO raw_chunk (sha256, seq, data) VALUES {rows} ON CONFLICT DO NOTHING",
            );
            let mut statement = statement.rows(chunks.len(), 3);
            for (sha256, seq, data) in chunks {
                statement = statement.bind(sha256.to_vec()).bind(seq).bind(Vec::from(data));
            }
            statement.run().await?;
        }
        Ok(())
    }

    async fn insert_messages(
        &mut self,
        messages: Vec<MessageRow>,
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for messages in row_groups(messages) {
            let statement = self.sql(
                r"-- insert messages
                INSERT INTO message (id, uid, inbox_id, why, epoch_id, mailbox, folder, uidvalidity, imported_at,
                    message_id, from_address, subject, size, sha256, identity, internal_date, historic)
                VALUES {rows}",
            );
            let mut statement = statement.rows(messages.len(), 17);
            for row in messages {
                statement = statement.bind(row.id).bind(i64::from(row.uid)).bind(row.inbox).bind(row.why);
                statement = statement.bind(origin.epoch_id).bind(origin.mailbox).bind(origin.folder);
                statement = statement.bind(i64::from(origin.uidvalidity)).bind(now);
                statement = statement.bind(row.message_id).bind(row.from).bind(row.subject).bind(row.size);
                statement = statement.bind(row.sha256.to_vec()).bind(row.identity.to_vec());
                statement = statement.bind(row.internal_date).bind(row.historic);
            }
            statement.run().await?;
        }
        Ok(())
    }

    async fn insert_arrivals(&mut self, arrivals: Vec<Arrival>, epoch_id: i64) -> Result<(), StoreError> {
        for arrivals in row_groups(arrivals) {
            let statement = self.sql(
                r"-- insert arrivals
                INSERT INTO arrival (epoch_id, uid, message_id) VALUES {rows}",
            );
            let mut statement = statement.rows(arrivals.len(), 3);
            for Arrival { uid, message } in arrivals {
                statement = statement.bind(epoch_id).bind(i64::from(uid)).bind(message);
            }
            statement.run().await?;
        }
        Ok(())
    }

    async fn insert_ledger(&mut self, ledger: Vec<LedgerRow>, epoch_id: i64, now: Timestamp) -> Result<(), StoreError> {
        for ledger in row_groups(ledger) {
            // Only unfinished entries may change.
            let statement = self.sql(
                r"-- insert ledger lines
                INSERT INTO ledger (epoch_id, uid, state, reason, message_id, attempts, size, internal_date, headers,
                    updated_at)
                VALUES {rows}
                ON CONFLICT (epoch_id, uid) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                    message_id = excluded.message_id, size = excluded.size,
                    attempts = ledger.attempts + excluded.attempts, internal_date = excluded.internal_date,
                    headers = excluded.headers, updated_at = excluded.updated_at
                WHERE ledger.state IN ('pending', 'gone')",
            );
            let mut statement = statement.rows(ledger.len(), 10);
            for row in ledger {
                statement = statement.bind(epoch_id).bind(i64::from(row.uid)).bind(row.state.as_str());
                statement = statement
                    .bind(row.reason.as_ref().map(Reason::stored))
                    .bind(row.message)
                    .bind(row.attempts)
                    .bind(row.size);
                statement = statement.bind(row.internal_date).bind(row.headers).bind(now);
            }
            statement.run().await?;
        }
        Ok(())
    }

    /// Deletes the downloaded chunks of mails that are now finished.
    async fn delete_finished_downloads(&mut self, epoch_id: i64) -> Result<(), StoreError> {
        let statement = self.sql(
            r"-- delete finished downloads
            DELETE FROM download_chunk WHERE epoch_id = $1 AND EXISTS (
                SELECT 1 FROM ledger l WHERE l.epoch_id = $1 AND l.uid = download_chunk.uid AND l.state <> 'pending'
            )",
        );
        statement.bind(epoch_id).run().await?;
        Ok(())
    }

    async fn insert_effects(&mut self, effects: Vec<EffectRow>, epoch_id: i64) -> Result<(), StoreError> {
        for effects in row_groups(effects) {
            let statement = self.sql(
                r"-- insert effects
                INSERT INTO effect (epoch_id, uid, action, step, problem, sha256, kin)
                VALUES {rows} ON CONFLICT DO NOTHING",
            );
            let mut statement = statement.rows(effects.len(), 7);
            for row in effects {
                statement = statement.bind(epoch_id).bind(i64::from(row.uid)).bind(row.action).bind(row.step);
                statement =
                    statement.bind(row.problem.as_ref().map(to_json)).bind(row.sha256.to_vec()).bind(row.repeat_key);
            }
            statement.run().await?;
        }
        Ok(())
    }
}
