//! Thousands of mailboxes at a glance: a page of them, those first that need a person.

use std::time::Duration;

use super::{Mailbox, Reader, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// How a mailbox fares, from the worst to the best.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MailboxState)]
pub enum MailboxState {
    /// It fails, and by itself it will not get better.
    NeedsPerson,
    /// It fails, and is tried again.
    Failing,
    /// Nothing failed, and yet it was not looked at for too long.
    Behind,
    /// It was never looked at to its end yet.
    New,
    /// All is well.
    Ok,
    /// It is being set up.
    Setup,
    /// It is paused.
    Paused,
}

impl MailboxState {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 7] =
        [Self::NeedsPerson, Self::Failing, Self::Behind, Self::New, Self::Ok, Self::Setup, Self::Paused];

    /// Its name, in addresses and language files.
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

    /// By its name.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mailbox_state| mailbox_state.id() == id)
    }

    /// That of a mailbox, judged by the age of the last successful look: "no new mail" and "could not look" are not the same. The
    /// fragment `{mailboxes_with_fare}` says it for the database.
    pub fn of(mailbox: &Mailbox, now: Timestamp) -> Self {
        let status = &mailbox.status;
        let looked_lately = |since| now.since(since) <= mailbox.interval().saturating_mul(3) + BEHIND_AFTER;
        let waits_for_person = status.next_poll_at.is_none() || status.error_blame.as_deref() == Some("mailbox");
        match status.last_success_at.map(Timestamp) {
            _ if mailbox.setup => Self::Setup,
            _ if mailbox.paused => Self::Paused,
            _ if status.failures > 0 && waits_for_person => Self::NeedsPerson,
            _ if status.failures > 0 => Self::Failing,
            None => Self::New,
            Some(at) if looked_lately(at) => Self::Ok,
            Some(_) => Self::Behind,
        }
    }

    /// Its name in metrics and at the command line, where who must act is told beside it.
    pub fn short_id(self) -> &'static str {
        if self == Self::NeedsPerson { Self::Failing.id() } else { self.id() }
    }
}

/// By its rank in the list.
impl From<i64> for MailboxState {
    fn from(rank: i64) -> Self {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank).copied()).unwrap_or(Self::NeedsPerson)
    }
}

/// A mailbox in the list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MailboxLine {
    /// The customer's address.
    pub address: String,
    /// The inbox that it feeds.
    pub inbox: String,
    /// Whose it is.
    pub organisation: String,
    /// How it fares.
    #[sqlx(try_from = "i64")]
    pub mailbox_state: MailboxState,
    /// The last poll that saw every folder.
    pub last_success_at: Option<Timestamp>,
    /// When the last mail was imported.
    pub last_mail_at: Option<Timestamp>,
    /// Mails that were imported today.
    pub today: i64,
    /// When it is looked at next.
    pub next_poll_at: Option<Timestamp>,
    /// Since when it fails.
    pub failing_since: Option<Timestamp>,
    /// What the last poll failed with, as JSON.
    pub last_error: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
}

/// Which mailboxes.
#[derive(Debug, Clone, Copy)]
pub struct ListFilter<'a> {
    /// Whose.
    pub scope: Scope,
    /// With this in their address or their inbox's.
    pub text: Option<&'a str>,
    /// That fare so.
    pub mailbox_state: Option<MailboxState>,
    /// That feed this inbox.
    pub inbox_id: Option<i64>,
}

/// The moments that a list of mailboxes is made for.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// When the reader's day began.
    pub today: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// Beyond three intervals, a mailbox that was not looked at for this long is behind.
const BEHIND_AFTER: Duration = Duration::from_mins(1);

/// UIDs below it number the mails of one epoch: an epoch times this and a UID is one number for each mail.
const UIDS: i64 = 1 << 32;

/// A quarter of an hour, in milliseconds.
const QUARTER_HOUR_MS: i64 = 15 * 60 * 1000;

impl ListFilter<'_> {
    /// The text that is looked for, for LIKE.
    fn pattern(&self) -> Option<String> {
        self.text.map(|text| {
            let literal = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            format!("%{literal}%")
        })
    }

    fn rank(&self) -> Option<i64> {
        let rank = self.mailbox_state.and_then(|mailbox_state| MailboxState::ALL.iter().position(|one| *one == mailbox_state));
        rank.and_then(|rank| i64::try_from(rank).ok())
    }
}

impl Store {
    /// A page of the list, and how many mailboxes there are of each fare. `today` is when the reader's day began.
    pub async fn mailbox_lines(
        &self,
        filter: ListFilter<'_>,
        moments: Moments,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<MailboxLine>, Vec<(MailboxState, i64)>), StoreError> {
        let Moments { today, now } = moments;
        let mut reader = self.read().await?;
        let counts = reader.mailboxes_by_fare(filter, now).await?;
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

    /// A page of the mailboxes by address, behind one of this address: unlike the list it stays the same however they fare
    /// meanwhile. `today` as there.
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

    /// One mailbox's line. `today` as there.
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

    /// How many mails a mailbox has brought in each quarter of an hour since a moment: no zone is apart by less.
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
    /// How many mailboxes there are of each fare, whichever of them the list is narrowed down to.
    async fn mailboxes_by_fare(
        &mut self,
        filter: ListFilter<'_>,
        now: Timestamp,
    ) -> Result<Vec<(MailboxState, i64)>, StoreError> {
        let statement = self.sql(
            r"-- mailboxes of each mailbox_state
            SELECT CAST(mailbox_state AS BIGINT), count(*) FROM ({mailboxes_with_fare}) AS f GROUP BY mailbox_state ORDER BY mailbox_state",
        );
        let statement = statement.bind(now.minus(BEHIND_AFTER)).bind(filter.scope.id()).bind(filter.pattern());
        let counts: Vec<(i64, i64)> = statement.bind(filter.inbox_id).all().await?;
        Ok(counts.into_iter().map(|(rank, count)| (MailboxState::from(rank), count)).collect())
    }
}
