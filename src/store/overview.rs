//! The list of mailboxes, for thousands of them: a page at a time, those that need a person first.

use std::time::Duration;

use super::{Mailbox, Reader, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// The state of a mailbox, from worst to best.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MailboxState)]
pub enum MailboxState {
    /// The mailbox fails, and will not recover by itself.
    NeedsPerson,
    /// The mailbox fails, and is retried.
    Failing,
    /// The last poll did not fail, but the last complete poll is too long ago.
    Behind,
    /// No poll has been completed yet.
    New,
    /// The polls succeed.
    Ok,
    /// The mailbox is being set up.
    Setup,
    /// The mailbox is paused.
    Paused,
}

impl MailboxState {
    /// All states, in the order of the list.
    pub const ALL: [Self; 7] =
        [Self::NeedsPerson, Self::Failing, Self::Behind, Self::New, Self::Ok, Self::Setup, Self::Paused];

    /// The id in URLs and language files.
    pub fn id(self) -> &'static str {
        match self {
            Self::NeedsPerson => "needs-person",
            Self::Failing => "failing",
            Self::Behind => "behind",
            Self::New => "new",
            Self::Ok => "ok",
            Self::Setup => "setup",
            Self::Paused => "paused",
        }
    }

    /// The state with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mailbox_state| mailbox_state.id() == id)
    }

    /// The state of a mailbox, judged by the time since the last complete poll: "no new mail" and "could not poll" are
    /// different states. The fragment `{mailboxes_with_state}` computes the same in SQL.
    pub fn for_mailbox(mailbox: &Mailbox, now: Timestamp) -> Self {
        let status = &mailbox.status;
        let is_recent = |since| now.since(since) <= mailbox.interval().saturating_mul(3) + BEHIND_AFTER;
        let waits_for_person = status.next_poll_at.is_none() || status.error_blame.as_deref() == Some("mailbox");
        match status.last_success_at.map(Timestamp) {
            _ if mailbox.setup => Self::Setup,
            _ if mailbox.paused => Self::Paused,
            _ if status.failures > 0 && waits_for_person => Self::NeedsPerson,
            _ if status.failures > 0 => Self::Failing,
            None => Self::New,
            Some(at) if is_recent(at) => Self::Ok,
            Some(_) => Self::Behind,
        }
    }

    /// The id in metrics and on the command line, where a separate value shows who must act.
    pub fn short_id(self) -> &'static str {
        if self == Self::NeedsPerson { Self::Failing.id() } else { self.id() }
    }
}

/// Converts a position in [`MailboxState::ALL`].
impl From<i64> for MailboxState {
    fn from(rank: i64) -> Self {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank).copied()).unwrap_or(Self::NeedsPerson)
    }
}

/// A row of the list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MailboxLine {
    pub address: String,
    pub inbox: String,
    /// The organisation's name.
    pub organisation: String,
    #[sqlx(try_from = "i64")]
    pub mailbox_state: MailboxState,
    /// The last poll that read every folder to its end.
    pub last_success_at: Option<Timestamp>,
    pub last_mail_at: Option<Timestamp>,
    /// Number of mails imported today.
    pub today: i64,
    /// Time of the next poll.
    pub next_poll_at: Option<Timestamp>,
    /// Time of the first of the consecutive failures.
    pub failing_since: Option<Timestamp>,
    /// The error of the last poll, as JSON.
    pub last_error: Option<String>,
    pub added_at: Timestamp,
}

/// Selects mailboxes.
#[derive(Debug, Clone, Copy)]
pub struct ListFilter<'a> {
    pub scope: Scope,
    /// Only mailboxes with this text in their address, or in the address of their inbox.
    pub text: Option<&'a str>,
    /// Only mailboxes in this state.
    pub mailbox_state: Option<MailboxState>,
    /// Only mailboxes that feed this inbox.
    pub inbox_id: Option<i64>,
}

/// The times that decide what a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Start of the reader's day.
    pub today: Timestamp,
    pub now: Timestamp,
}

/// A mailbox is behind if its last complete poll is longer ago than three intervals plus this time.
const BEHIND_AFTER: Duration = Duration::from_mins(1);

/// Number of possible UIDs in an epoch: `epoch * UIDS + uid` is unique for each mail.
const UIDS: i64 = 1 << 32;

/// The length of a quarter of an hour, in milliseconds.
const QUARTER_HOUR_MS: i64 = 15 * 60 * 1000;

impl ListFilter<'_> {
    /// The LIKE pattern that finds the text.
    fn pattern(&self) -> Option<String> {
        self.text.map(|text| {
            let literal = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            format!("%{literal}%")
        })
    }

    fn rank(&self) -> Option<i64> {
        let rank =
            self.mailbox_state.and_then(|mailbox_state| MailboxState::ALL.iter().position(|one| *one == mailbox_state));
        rank.and_then(|rank| i64::try_from(rank).ok())
    }
}

impl Store {
    /// A page of the list, and the number of mailboxes in each state.
    pub async fn mailbox_lines(
        &self,
        filter: ListFilter<'_>,
        moments: Moments,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<MailboxLine>, Vec<(MailboxState, i64)>), StoreError> {
        let Moments { today, now } = moments;
        let mut reader = self.read().await?;
        let counts = reader.count_by_state(filter, now).await?;
        let statement = reader.sql(
            r"-- page of the mailbox list
            {select_mailbox_lines}
                WHERE ($6 IS NULL OR mailbox_state = $6)
                ORDER BY mailbox_state, address LIMIT $8 OFFSET $9
            ) AS p JOIN organisation o ON o.id = p.organisation_id
            ORDER BY p.mailbox_state, p.address",
        );
        let statement = statement.bind(now.minus(BEHIND_AFTER)).bind(filter.scope.id()).bind(filter.pattern());
        let statement = statement.bind(filter.inbox_id).bind(today).bind(filter.rank()).bind(UIDS);
        Ok((statement.bind(limit).bind(offset).all().await?, counts))
    }

    /// A page of mailboxes by address, after the one with this address. Unlike in the list, the order does not change
    /// with the state of the mailboxes.
    pub async fn mailbox_page(
        &self,
        filter: ListFilter<'_>,
        moments: Moments,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<MailboxLine>, StoreError> {
        let Moments { today, now } = moments;
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- page of mailboxes by address
            {select_mailbox_lines}
                WHERE ($6 IS NULL OR mailbox_state = $6) AND ($9 IS NULL OR address > $9)
                ORDER BY address LIMIT $8
            ) AS p JOIN organisation o ON o.id = p.organisation_id
            ORDER BY p.address",
        );
        let statement = statement.bind(now.minus(BEHIND_AFTER)).bind(filter.scope.id()).bind(filter.pattern());
        let statement = statement.bind(filter.inbox_id).bind(today).bind(filter.rank()).bind(UIDS);
        Ok(statement.bind(limit).bind(after).all().await?)
    }

    /// The row of one mailbox; `today` is the start of the reader's day.
    pub async fn mailbox_line(
        &self,
        id: i64,
        today: Timestamp,
        now: Timestamp,
    ) -> Result<Option<MailboxLine>, StoreError> {
        let all = ListFilter { scope: Scope::All, text: None, mailbox_state: None, inbox_id: None };
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- line of one mailbox
            {select_mailbox_lines}
                WHERE ($6 IS NULL OR mailbox_state = $6) AND id = $8
            ) AS p JOIN organisation o ON o.id = p.organisation_id",
        );
        let statement = statement.bind(now.minus(BEHIND_AFTER)).bind(all.scope.id()).bind(all.pattern());
        let statement = statement.bind(all.inbox_id).bind(today).bind(all.rank()).bind(UIDS);
        Ok(statement.bind(id).first().await?)
    }

    /// Number of mails from a mailbox in each quarter of an hour since a time. The offsets of all time zones are
    /// multiples of a quarter of an hour.
    pub async fn mails_by_quarter_hour(
        &self,
        mailbox: &Mailbox,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, i64)>, StoreError> {
        let mut reader = self.read().await?;
        let statement = reader.sql(
            r"-- mails by quarter of an hour
            SELECT x.imported_at / $4 * $4 AS quarter, count(DISTINCT x.epoch_id * $5 + x.uid)
            FROM message x JOIN inbox y ON y.id = x.inbox_id
            WHERE x.mailbox = $1 AND x.imported_at >= $2 AND y.organisation_id = $3
            GROUP BY 1 ORDER BY 1",
        );
        let statement = statement.bind(&mailbox.address).bind(since).bind(mailbox.organisation_id);
        Ok(statement.bind(QUARTER_HOUR_MS).bind(UIDS).all().await?)
    }
}

impl Reader {
    /// Number of mailboxes in each state, regardless of the state in the filter.
    async fn count_by_state(
        &mut self,
        filter: ListFilter<'_>,
        now: Timestamp,
    ) -> Result<Vec<(MailboxState, i64)>, StoreError> {
        let statement = self.sql(
            r"-- count mailboxes by state
            SELECT CAST(mailbox_state AS BIGINT), count(*) FROM ({mailboxes_with_state}) AS f GROUP BY mailbox_state ORDER BY mailbox_state",
        );
        let statement = statement.bind(now.minus(BEHIND_AFTER)).bind(filter.scope.id()).bind(filter.pattern());
        let counts: Vec<(i64, i64)> = statement.bind(filter.inbox_id).all().await?;
        Ok(counts.into_iter().map(|(rank, count)| (MailboxState::from(rank), count)).collect())
    }
}
