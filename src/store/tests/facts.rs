//! Tests of the migration of stored sentences of earlier versions to facts; unknown sentences are kept unchanged.

use sqlx::Connection as _;

use super::*;
use crate::fact::{FetchFailure, Notice, Obstacle, Reason, StoredFact};

const STAYS: &str = "it stays in the customer's mailbox";

fn reasons() -> Vec<(String, StoredFact<Reason>)> {
    let broken = || FetchFailure::BrokenOff { words: "the server is \"gone\"".into() };
    let words = |text: &str| (text.to_owned(), StoredFact::Words(text.to_owned()));
    let known = |text: String, reason: Reason| (text, StoredFact::Known(reason));
    vec![
        known(format!("too large: 90 bytes, the limit is 80; {STAYS}"), Reason::TooLarge { size: 90, limit: 80 }),
        known("before start".into(), Reason::BeforeStart),
        known("skipped by hand".into(), Reason::ByHand),
        known("no longer on the server".into(), Reason::Gone),
        known("the same mail is in the inbox already".into(), Reason::SameMail),
        known("our own effect has put it here".into(), Reason::Returned),
        known("the server answers without a body".into(), Reason::Missing { why: FetchFailure::NoBody }),
        known(
            format!("the server lists it and does not give it (asked for 5 times); {STAYS}"),
            Reason::TooManyAttempts { why: FetchFailure::NotGiven, times: 5 },
        ),
        known("while it was fetched: the server is \"gone\"".into(), Reason::Missing { why: broken() }),
        known(
            format!("while it was fetched: the server is \"gone\" (asked for 5 times); {STAYS}"),
            Reason::TooManyAttempts { why: broken(), times: 5 },
        ),
        words("the server refused: too large: 5 bytes"),
    ]
}

fn obstacles() -> Vec<(String, StoredFact<Obstacle>)> {
    let known = |text: &str, obstacle: Obstacle| (text.to_owned(), StoredFact::Known(obstacle));
    vec![
        known("the server opens the folder read-only for this account", Obstacle::ReadOnly),
        known("the folder does not keep the flag \\Seen", Obstacle::NoSeen),
        known("the folder was rebuilt on the server (new UIDVALIDITY)", Obstacle::Rebuilt),
        known("the folder does not keep the keyword Kundo", Obstacle::NoKeyword { keyword: "Kundo".into() }),
        known(
            "Klart is the polled folder INBOX, so that moved mail would come in again",
            Obstacle::MoveIntoPolledFolder { target: "Klart".into(), polled: "INBOX".into() },
        ),
        ("not today".into(), StoredFact::Words("not today".into())),
    ]
}

fn notes() -> Vec<(String, StoredFact<Vec<Notice>>)> {
    let anew = "folder Jobb, nya: UIDVALIDITY was 17 and is 18, UIDNEXT 7: the server has numbered its mail anew; what is here \
                already is recognised by its content";
    let numbered = Notice::Renumbered { folder: "Jobb, nya".into(), before: 17, number: 18, uidnext: 7 };
    let used_up = "the day's limit of mail is used up (99 bytes); it goes on at 2027-01-16T00:00:00Z";
    let until = Timestamp(1_800_057_600_000);
    vec![
        (String::new(), StoredFact::Words(String::new())),
        (anew.to_owned(), StoredFact::Known(vec![numbered])),
        (used_up.to_owned(), StoredFact::Known(vec![Notice::DailyLimitReached { bytes: 99, until }])),
        (format!("{anew}\n{used_up}"), StoredFact::Words(format!("{anew}\n{used_up}"))),
    ]
}

/// The tables that the migration reads.
const TABLES: &str = "
    CREATE TABLE ledger (uid INTEGER, reason TEXT);
    CREATE TABLE effect (uid INTEGER, problem TEXT);
    CREATE TABLE poll (uid INTEGER, notes TEXT);";

fn filled() -> String {
    let mut sql = TABLES.to_owned();
    let quoted = |text: &str| text.replace('\'', "''");
    let mut fill = |table: &str, texts: Vec<String>| {
        for (uid, text) in texts.iter().enumerate() {
            sql.push_str(&format!("INSERT INTO {table} VALUES ({uid}, '{}');", quoted(text)));
        }
    };
    fill("ledger", reasons().into_iter().map(|(text, _)| text).collect());
    fill("effect", obstacles().into_iter().map(|(text, _)| text).collect());
    fill("poll", notes().into_iter().map(|(text, _)| text).collect());
    sql
}

const READ: [&str; 3] = [
    "SELECT reason FROM ledger ORDER BY uid",
    "SELECT problem FROM effect ORDER BY uid",
    "SELECT notes FROM poll ORDER BY uid",
];

fn compare(found: [Vec<String>; 3]) {
    let [ledger, effect, poll] = found;
    let read = |texts: Vec<String>| texts.into_iter().map(StoredFact::read).collect::<Vec<_>>();
    assert_eq!(read(ledger), reasons().into_iter().map(|(_, kept)| kept).collect::<Vec<_>>());
    let read = |texts: Vec<String>| texts.into_iter().map(StoredFact::read).collect::<Vec<_>>();
    assert_eq!(read(effect), obstacles().into_iter().map(|(_, kept)| kept).collect::<Vec<_>>());
    let read = |texts: Vec<String>| texts.into_iter().map(StoredFact::read).collect::<Vec<_>>();
    assert_eq!(read(poll), notes().into_iter().map(|(_, kept)| kept).collect::<Vec<_>>());
}

#[tokio::test]
async fn sentences_of_earlier_versions_become_facts_on_sqlite() {
    let mut sqlite = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(filled())).execute(&mut sqlite).await.unwrap();
    let migration = include_str!("../../../migrations/sqlite/0010_facts_of_polls.sql");
    sqlx::raw_sql(migration).execute(&mut sqlite).await.unwrap();
    let mut found = [const { Vec::new() }; 3];
    for (sql, rows) in READ.into_iter().zip(&mut found) {
        *rows = sqlx::query_scalar(sql).fetch_all(&mut sqlite).await.unwrap();
    }
    compare(found);
}

#[tokio::test]
async fn sentences_of_earlier_versions_become_facts_on_postgresql() {
    let url = tokio::task::spawn_blocking(postgres::fresh_database).await.unwrap();
    let mut postgres = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(filled())).execute(&mut postgres).await.unwrap();
    let migration = include_str!("../../../migrations/postgres/0010_facts_of_polls.sql");
    sqlx::raw_sql(migration).execute(&mut postgres).await.unwrap();
    let mut found = [const { Vec::new() }; 3];
    for (sql, rows) in READ.into_iter().zip(&mut found) {
        *rows = sqlx::query_scalar(sql).fetch_all(&mut postgres).await.unwrap();
    }
    compare(found);
}
