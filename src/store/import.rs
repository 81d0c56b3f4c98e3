//! The import: one short transaction in which raw bytes, message, ledger, pending effect and cursor become true together.

mod claim;

use bytes::Bytes;
use sqlx::AssertSqlSafe;

use super::db::commit;
use super::departure::{HELD_BACK, RETURNED, Return, kin};
use super::epoch::move_cursor;
use super::lease::guard_lease;
use super::ledger::UidState;
use super::{CHUNK, Lease, Store, StoreError};
use crate::clock::Timestamp;

/// What was found out about some UIDs of one epoch, to be committed together.
#[derive(Debug)]
pub struct Batch {
    /// The epoch.
    pub epoch_id: i64,
    /// Its folder's name, for the message rows.
    pub folder: String,
    /// Its UIDVALIDITY, likewise.
    pub uidvalidity: u32,
    /// One for each UID.
    pub findings: Vec<(u32, Finding)>,
    /// Every UID below it is finished once this batch is committed.
    pub cursor: u32,
    /// The highest of these UIDs that lies below UIDNEXT.
    pub top: u32,
}

/// What was found out about one UID.
#[derive(Debug)]
pub enum Finding {
    /// A mail, whole.
    Mail(Box<Mail>),
    /// It cannot be imported, for this reason.
    Quarantined { reason: String, size: u64, internal_date: Option<Timestamp>, headers: Vec<u8> },
    /// The server did not give it; it is asked for again.
    Pending { reason: String },
}

/// A mail with where it goes.
#[derive(Debug)]
pub struct Mail {
    /// The bytes, as they came.
    pub raw: Raw,
    /// How many they are.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Equal for the same mail that comes another way.
    pub identity: [u8; 32],
    /// Message-ID, where it can be read.
    pub message_id: Option<String>,
    /// The sender's address, where it can be read.
    pub from: Option<String>,
    /// The subject, where it can be read.
    pub subject: Option<String>,
    /// When the customer's server received it.
    pub internal_date: Option<Timestamp>,
    /// From before the mailbox was added.
    pub historic: bool,
    /// The inboxes, each once, with the evidence.
    pub targets: Vec<(i64, String)>,
    /// What is to happen to the customer's copy.
    pub effect: Option<String>,
}

/// Where a mail's bytes are.
#[derive(Debug)]
pub enum Raw {
    /// Here.
    Whole(Bytes),
    /// In the database already, as chunks of a download.
    Downloaded,
}

/// What an import changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Mails that are new in at least one inbox.
    pub imported: u64,
    /// Mails that were there already, or left out.
    pub skipped: u64,
    /// Mails put aside.
    pub quarantined: u64,
    /// Bytes of the new mails.
    pub bytes: u64,
}

struct LedgerRow {
    uid: i64,
    state: UidState,
    reason: Option<String>,
    message: Option<i64>,
    attempts: i64,
    size: Option<i64>,
    internal_date: Option<i64>,
    headers: Option<Vec<u8>>,
}

impl LedgerRow {
    fn of(uid: u32, state: UidState, reason: Option<String>) -> Self {
        let attempts = i64::from(state == UidState::Pending);
        Self { uid: uid.into(), state, reason, message: None, attempts, size: None, internal_date: None, headers: None }
    }
}

struct EffectRow {
    uid: u32,
    action: String,
    step: &'static str,
    problem: Option<&'static str>,
    sha256: [u8; 32],
    kin: String,
}

impl EffectRow {
    fn new(uid: u32, action: &str, step: &'static str, mail: &Mail) -> Self {
        Self { uid, action: action.to_owned(), step, problem: None, sha256: mail.sha256, kin: kin(mail) }
    }

    /// It is not done, since it would go on for ever.
    fn held_back(uid: u32, mail: &Mail) -> Self {
        let action = mail.effect.as_deref().unwrap_or("leave");
        Self { problem: Some(RETURNED), ..Self::new(uid, action, HELD_BACK, mail) }
    }
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl Store {
    /// Commits a batch. On any error nothing of it is stored. It is durable after [`Store::make_durable`].
    pub async fn import(&self, lease: &Lease, batch: Batch, now: Timestamp) -> Result<Imported, StoreError> {
        let most_messages: usize =
            batch.findings.iter().map(|(_, f)| if let Finding::Mail(mail) = f { mail.targets.len() } else { 0 }).sum();
        let epoch = batch.epoch_id;
        // Departures are written before a command is sent, so that all there can be of these mails are there by now.
        let returns = self.returns(lease, &batch, now).await?;
        Ok(commit!(self, tx => {
            guard_lease!(tx, lease);
            // Taking the numbers first makes importers wait for each other here, so that two mailboxes which bring the
            // same mail at once cannot both find it missing.
            let mut next_id: i64 =
                sqlx::query_scalar("UPDATE counter SET next = next + $1 WHERE name = 'message' RETURNING next - $1")
                    .bind(i64::try_from(most_messages).unwrap_or(i64::MAX))
                    .fetch_one(&mut *tx)
                    .await?;
            let present = claim::identities_present!(tx, batch.findings);
            let mut done = Imported::default();
            let mut ledger = Vec::with_capacity(batch.findings.len());
            let (mut messages, mut arrivals, mut chunks, mut effects) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (uid, finding) in batch.findings {
                match finding {
                    Finding::Pending { reason } => ledger.push(LedgerRow::of(uid, UidState::Pending, Some(reason))),
                    Finding::Quarantined { reason, size, internal_date, headers } => {
                        done.quarantined += 1;
                        ledger.push(LedgerRow {
                            size: Some(signed(size)),
                            internal_date: internal_date.map(|at| at.0),
                            headers: Some(headers),
                            ..LedgerRow::of(uid, UidState::Quarantined, Some(reason))
                        });
                    }
                    Finding::Mail(mail) if matches!(returns.get(&uid), Some(Return::Ours(_))) => {
                        let Some(Return::Ours(message)) = returns.get(&uid).copied() else { continue };
                        done.skipped += 1;
                        effects.push(EffectRow::held_back(uid, &mail));
                        arrivals.extend(message.map(|message| (uid, message)));
                        ledger.push(LedgerRow {
                            message,
                            size: Some(signed(mail.size)),
                            internal_date: mail.internal_date.map(|at| at.0),
                            ..LedgerRow::of(uid, UidState::Duplicate, Some(RETURNED.to_owned()))
                        });
                    }
                    Finding::Mail(mut mail) => {
                        let mut first_known = None;
                        let mut first_new = None;
                        for (inbox, why) in &mail.targets {
                            let known = match present.contains(&mail.identity) {
                                true => claim::claim!(tx, epoch, uid, mail.identity, *inbox),
                                false => None,
                            };
                            if let Some(message) = known {
                                first_known.get_or_insert(message);
                            } else {
                                let id = next_id;
                                next_id += 1;
                                first_new.get_or_insert(id);
                                arrivals.push((uid, id));
                                messages.push((id, uid, *inbox, why.clone(), messages_columns(&mail)));
                            }
                        }
                        let state = if first_new.is_some() { UidState::Imported } else { UidState::Duplicate };
                        let reason = match state {
                            UidState::Duplicate => {
                                done.skipped += 1;
                                Some("the same mail is in the inbox already".to_owned())
                            }
                            _ => {
                                done.imported += 1;
                                done.bytes += mail.size;
                                None
                            }
                        };
                        if state == UidState::Imported {
                            match std::mem::replace(&mut mail.raw, Raw::Downloaded) {
                                Raw::Whole(bytes) => chunks.extend(cut(mail.sha256, bytes)),
                                Raw::Downloaded => {
                                    sqlx::query(
                                        "INSERT INTO raw_chunk (sha256, seq, data) SELECT $1, seq, data FROM download_chunk \
                                         WHERE epoch_id = $2 AND uid = $3 ON CONFLICT DO NOTHING",
                                    )
                                    .bind(&mail.sha256[..]).bind(epoch).bind(i64::from(uid)).execute(&mut *tx).await?;
                                }
                            }
                        }
                        // A copy that an older numbering knows keeps what was open for it, and gets no newer wish.
                        let is_old = match first_known.filter(|_| first_new.is_none()) {
                            Some(message) => claim::carry_effect_over!(tx, epoch, uid, message),
                            None => false,
                        };
                        match (&mail.effect, returns.get(&uid)) {
                            (Some(_), Some(_)) if !is_old => effects.push(EffectRow::held_back(uid, &mail)),
                            (Some(action), _) if !is_old => effects.push(EffectRow::new(uid, action, "pending", &mail)),
                            _ => {}
                        }
                        ledger.push(LedgerRow {
                            message: first_new.or(first_known),
                            size: Some(signed(mail.size)),
                            internal_date: mail.internal_date.map(|at| at.0),
                            ..LedgerRow::of(uid, state, reason)
                        });
                    }
                }
            }

            for chunks in small_parts(chunks) {
                let sql = format!("INSERT INTO raw_chunk (sha256, seq, data) VALUES {} ON CONFLICT DO NOTHING", self.rows(chunks.len(), 3));
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (sha256, seq, data) in chunks {
                    query = query.bind(sha256.to_vec()).bind(seq).bind(Vec::from(data));
                }
                query.execute(&mut *tx).await?;
            }
            for messages in parts(messages) {
                let sql = format!(
                    "INSERT INTO message (id, uid, inbox_id, why, epoch_id, mailbox, folder, uidvalidity, imported_at, \
                     message_id, from_address, subject, size, sha256, identity, internal_date, historic) VALUES {}",
                    self.rows(messages.len(), 17)
                );
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (id, uid, inbox, why, mail) in messages {
                    query = query
                        .bind(id).bind(i64::from(uid)).bind(inbox).bind(why).bind(epoch)
                        .bind(lease.mailbox.address.clone()).bind(batch.folder.clone()).bind(i64::from(batch.uidvalidity))
                        .bind(now.0).bind(mail.message_id).bind(mail.from).bind(mail.subject).bind(mail.size)
                        .bind(mail.sha256).bind(mail.identity).bind(mail.internal_date).bind(mail.historic);
                }
                query.execute(&mut *tx).await?;
            }
            for arrivals in parts(arrivals) {
                let sql = format!("INSERT INTO arrival (epoch_id, uid, message_id) VALUES {}", self.rows(arrivals.len(), 3));
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for (uid, message) in arrivals {
                    query = query.bind(epoch).bind(i64::from(uid)).bind(message);
                }
                query.execute(&mut *tx).await?;
            }
            for ledger in parts(ledger) {
                // Only what was not finished before may change.
                let sql = format!(
                    "INSERT INTO ledger (epoch_id, uid, state, reason, message_id, attempts, size, internal_date, headers, \
                     updated_at) VALUES {} ON CONFLICT (epoch_id, uid) DO UPDATE SET state = excluded.state, \
                     reason = excluded.reason, message_id = excluded.message_id, size = excluded.size, \
                     attempts = ledger.attempts + excluded.attempts, internal_date = excluded.internal_date, \
                     headers = excluded.headers, updated_at = excluded.updated_at WHERE ledger.state IN ('pending', 'gone')",
                    self.rows(ledger.len(), 10)
                );
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for row in ledger {
                    query = query
                        .bind(epoch).bind(row.uid).bind(row.state.as_str()).bind(row.reason).bind(row.message)
                        .bind(row.attempts).bind(row.size).bind(row.internal_date).bind(row.headers).bind(now.0);
                }
                query.execute(&mut *tx).await?;
            }
                sqlx::query(
                    "DELETE FROM download_chunk WHERE epoch_id = $1 AND EXISTS (SELECT 1 FROM ledger l WHERE \
                     l.epoch_id = $1 AND l.uid = download_chunk.uid AND l.state <> 'pending')",
                )
                .bind(epoch).execute(&mut *tx).await?;
            for effects in parts(effects) {
                let sql = format!(
                    "INSERT INTO effect (epoch_id, uid, action, step, problem, sha256, kin) VALUES {} ON CONFLICT DO NOTHING",
                    self.rows(effects.len(), 7)
                );
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for row in effects {
                    query = query.bind(epoch).bind(i64::from(row.uid)).bind(row.action).bind(row.step).bind(row.problem)
                        .bind(row.sha256.to_vec()).bind(row.kin);
                }
                query.execute(&mut *tx).await?;
            }
            sqlx::query("UPDATE epoch SET top = $2 WHERE id = $1 AND top < $2")
                .bind(epoch).bind(i64::from(batch.top)).execute(&mut *tx).await?;
            move_cursor!(tx, epoch, batch.cursor);
            done
        }))
    }
}

/// A statement takes some 32,000 values; the widest row has 17.
const ROWS_AT_ONCE: usize = 500;

/// Cuts rows into as many as one statement takes.
fn parts<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let part: Vec<T> = rows.by_ref().take(ROWS_AT_ONCE).collect();
        (!part.is_empty()).then_some(part)
    })
}

/// The columns of a message that do not depend on the inbox.
struct MessageColumns {
    message_id: Option<String>,
    from: Option<String>,
    subject: Option<String>,
    size: i64,
    sha256: Vec<u8>,
    identity: Vec<u8>,
    internal_date: Option<i64>,
    historic: bool,
}

fn messages_columns(mail: &Mail) -> MessageColumns {
    MessageColumns {
        message_id: mail.message_id.clone(),
        from: mail.from.clone(),
        subject: mail.subject.clone(),
        size: signed(mail.size),
        sha256: mail.sha256.to_vec(),
        identity: mail.identity.to_vec(),
        internal_date: mail.internal_date.map(|at| at.0),
        historic: mail.historic,
    }
}

/// A row of a mail's bytes: its SHA-256, its place and its part.
type ChunkRow = ([u8; 32], i64, Bytes);

/// Bytes that one statement takes: it has a copy of its own of what is a part of something larger.
const BYTES_AT_ONCE: usize = 4 << 20;

/// As [`parts`], and none much larger than [`BYTES_AT_ONCE`].
fn small_parts(rows: Vec<ChunkRow>) -> impl Iterator<Item = Vec<ChunkRow>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let mut part = Vec::new();
        let mut bytes = 0;
        while bytes < BYTES_AT_ONCE && part.len() < ROWS_AT_ONCE {
            let Some(row) = rows.next() else { break };
            bytes += row.2.len();
            part.push(row);
        }
        (!part.is_empty()).then_some(part)
    })
}

/// Cuts a mail into rows, which share its bytes. An empty mail is one empty row: it is there, too.
fn cut(sha256: [u8; 32], bytes: Bytes) -> Vec<ChunkRow> {
    if bytes.len() <= CHUNK {
        return vec![(sha256, 0, bytes)];
    }
    let starts = (0..bytes.len()).step_by(CHUNK);
    (0..).zip(starts).map(|(seq, from)| (sha256, seq, bytes.slice(from..bytes.len().min(from + CHUNK)))).collect()
}
