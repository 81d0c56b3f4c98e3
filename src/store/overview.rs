//! Thousands of mailboxes at a glance: a page of them, those first that need a person.

use super::db::read;
use super::{Mailbox, Scope, Store, StoreError};
use crate::clock::Timestamp;

/// How a mailbox fares, from the worst to the best.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MailboxState)]
pub enum Fare {
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

impl Fare {
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
        Self::ALL.into_iter().find(|fare| fare.id() == id)
    }

    /// That of a mailbox, as the list tells it.
    pub fn of(mailbox: &Mailbox, now: Timestamp) -> Self {
        let status = &mailbox.status;
        let is_own = status.last_error.as_deref().is_some_and(|error| error.contains("\"blame\":\"mailbox\""));
        match Self::named(mailbox.state(now)) {
            Some(Self::Failing) if status.next_poll_at.is_none() || is_own => Self::NeedsPerson,
            Some(fare) => fare,
            None => Self::NeedsPerson,
        }
    }

    fn read(rank: i64) -> Self {
        usize::try_from(rank).ok().and_then(|rank| Self::ALL.get(rank).copied()).unwrap_or(Self::NeedsPerson)
    }
}

/// A mailbox in the list.
#[derive(Debug, Clone)]
pub struct MailboxLine {
    /// The customer's address.
    pub address: String,
    /// The inbox that it feeds.
    pub inbox: String,
    /// Whose it is.
    pub organisation: String,
    /// How it fares.
    pub fare: Fare,
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
    pub fare: Option<Fare>,
    /// That feed this inbox.
    pub inbox_id: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    address: String,
    inbox: String,
    organisation: String,
    fare: i64,
    last_success_at: Option<i64>,
    last_mail_at: Option<i64>,
    today: i64,
    next_poll_at: Option<i64>,
    failing_since: Option<i64>,
    last_error: Option<String>,
    added_at: i64,
}

/// Mailboxes with their fare (`$1`: now), which `Mailbox::state` tells in the same way. What fails with a mailbox's own password
/// or settings waits for a person, however often it is tried.
macro_rules! faring {
    () => {
        "SELECT m.id, m.address, m.inbox_id, i.address AS inbox, i.organisation_id, m.last_success_at, m.next_poll_at, m.hold_until, \
         m.failing_since, m.last_error, m.added_at, m.paused, CASE WHEN m.setup THEN 5 WHEN m.paused THEN 6 \
         WHEN m.failures > 0 AND (m.next_poll_at IS NULL OR m.last_error LIKE '%\"blame\":\"mailbox\"%') THEN 0 \
         WHEN m.failures > 0 THEN 1 WHEN m.last_success_at IS NULL THEN 3 \
         WHEN $1 - m.last_success_at > m.interval_ms * 3 + 60000 THEN 2 ELSE 4 END AS fare \
         FROM mailbox m JOIN inbox i ON i.id = m.inbox_id WHERE ($2 IS NULL OR i.organisation_id = $2) \
         AND ($3 IS NULL OR m.address LIKE $3 ESCAPE '!' OR i.address LIKE $3 ESCAPE '!') AND ($4 IS NULL OR m.inbox_id = $4)"
    };
}

/// The columns of [`Row`], of the mailboxes that the first part chooses, in the order that the second says.
macro_rules! lines {
    ($chosen:literal, $order:literal) => {
        // What is counted of each is counted for this page only.
        concat!(
            "SELECT p.address, p.inbox, o.name AS organisation, CAST(p.fare AS BIGINT) AS fare, p.last_success_at, \
             (SELECT x.imported_at FROM message x WHERE x.mailbox = p.address AND EXISTS (SELECT 1 FROM inbox y \
             WHERE y.id = x.inbox_id AND y.organisation_id = p.organisation_id) ORDER BY x.imported_at DESC LIMIT 1) AS last_mail_at, \
             (SELECT count(DISTINCT x.epoch_id * 4294967296 + x.uid) FROM message x WHERE x.mailbox = p.address \
             AND x.imported_at >= $5 AND EXISTS (SELECT 1 FROM inbox y WHERE y.id = x.inbox_id \
             AND y.organisation_id = p.organisation_id)) AS today, \
             CASE WHEN p.paused THEN NULL WHEN p.hold_until > p.next_poll_at THEN p.hold_until ELSE p.next_poll_at END AS next_poll_at, \
             p.failing_since, p.last_error, p.added_at FROM (SELECT * FROM (", faring!(), ") AS f \
             WHERE ($6 IS NULL OR fare = $6) ", $chosen, ") AS p JOIN organisation o ON o.id = p.organisation_id ", $order
        )
    };
}

impl ListFilter<'_> {
    /// The text that is looked for, for LIKE.
    fn pattern(&self) -> Option<String> {
        self.text.map(|text| {
            let literal = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            format!("%{literal}%")
        })
    }

    fn rank(&self) -> Option<i64> {
        let rank = self.fare.and_then(|fare| Fare::ALL.iter().position(|one| *one == fare));
        rank.and_then(|rank| i64::try_from(rank).ok())
    }
}

impl Row {
    fn into_line(self) -> MailboxLine {
        MailboxLine {
            address: self.address,
            inbox: self.inbox,
            organisation: self.organisation,
            fare: Fare::read(self.fare),
            last_success_at: self.last_success_at.map(Timestamp),
            last_mail_at: self.last_mail_at.map(Timestamp),
            today: self.today,
            next_poll_at: self.next_poll_at.map(Timestamp),
            failing_since: self.failing_since.map(Timestamp),
            last_error: self.last_error,
            added_at: Timestamp(self.added_at),
        }
    }
}

impl Store {
    /// A page of the list, and how many mailboxes there are of each fare. `today` is when the reader's day began.
    pub async fn mailbox_lines(
        &self,
        filter: ListFilter<'_>,
        today: Timestamp,
        now: Timestamp,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<MailboxLine>, Vec<(Fare, i64)>), StoreError> {
        let text = filter.pattern();
        let counts: Vec<(i64, i64)> = read!(self, pool => sqlx::query_as(
            concat!("SELECT CAST(fare AS BIGINT), count(*) FROM (", faring!(), ") AS f GROUP BY fare ORDER BY fare")
        ).bind(now.0).bind(filter.scope.id()).bind(text.as_deref()).bind(filter.inbox_id).fetch_all(pool).await)?;
        let rank = filter.rank();
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(lines!("ORDER BY fare, address LIMIT $7 OFFSET $8", "ORDER BY p.fare, p.address"))
          .bind(now.0).bind(filter.scope.id()).bind(text.as_deref()).bind(filter.inbox_id)
          .bind(today.0).bind(rank).bind(limit).bind(offset).fetch_all(pool).await)?;
        let counts = counts.into_iter().map(|(rank, count)| (Fare::read(rank), count)).collect();
        Ok((rows.into_iter().map(Row::into_line).collect(), counts))
    }

    /// A page of the mailboxes by address, behind one of this address: unlike the list it stays the same however they fare
    /// meanwhile. `today` as there.
    pub async fn mailbox_page(
        &self,
        filter: ListFilter<'_>,
        today: Timestamp,
        now: Timestamp,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<MailboxLine>, StoreError> {
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(
            lines!("AND ($8 IS NULL OR address > $8) ORDER BY address LIMIT $7", "ORDER BY p.address"))
          .bind(now.0).bind(filter.scope.id()).bind(filter.pattern()).bind(filter.inbox_id)
          .bind(today.0).bind(filter.rank()).bind(limit).bind(after).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(Row::into_line).collect())
    }

    /// One mailbox's line. `today` as there.
    pub async fn mailbox_line(
        &self,
        id: i64,
        today: Timestamp,
        now: Timestamp,
    ) -> Result<Option<MailboxLine>, StoreError> {
        let none: Option<i64> = None;
        let row: Option<Row> = read!(self, pool => sqlx::query_as(lines!("AND id = $7", ""))
          .bind(now.0).bind(none).bind(None::<String>).bind(none).bind(today.0).bind(none).bind(id).fetch_optional(pool).await)?;
        Ok(row.map(Row::into_line))
    }

    /// How many mails a mailbox has brought in each quarter of an hour since a moment: no zone is apart by less.
    pub async fn mails_by_quarter_hour(
        &self,
        mailbox: &Mailbox,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, i64)>, StoreError> {
        let rows: Vec<(i64, i64)> = read!(self, pool => sqlx::query_as(
            "SELECT x.imported_at / 900000 AS quarter, count(DISTINCT x.epoch_id * 4294967296 + x.uid) FROM message x \
             JOIN inbox y ON y.id = x.inbox_id WHERE x.mailbox = $1 AND x.imported_at >= $2 AND y.organisation_id = $3 \
             GROUP BY x.imported_at / 900000 ORDER BY 1",
        ).bind(&mailbox.address).bind(since.0).bind(mailbox.organisation_id).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|(quarter, count)| (Timestamp(quarter * 900_000), count)).collect())
    }
}
