//! Checks of all SQL statements: each has a unique name and is valid on both databases, and statements on a hot path do not
//! scan a whole table.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{Connection as _, Executor as _, Row as _};

use super::*;
use crate::rules::files;
use crate::store::fragment;

/// A named SQL statement in the source.
struct NamedStatement {
    file: String,
    name: String,
    text: &'static str,
}

/// The source files of the store, without its tests.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for path in files(&root.join("store"), "rs").into_iter().chain([root.join("store.rs")]) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        // `direct.rs` is compiled only for tests.
        let is_test = ["store/tests.rs", "store/tests/", "store/direct.rs"].iter().any(|test| name.starts_with(test));
        if !is_test {
            sources.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    sources
}

/// The raw strings of a source, each with the text before it.
fn raw_strings(source: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) =
        source.get(from..).unwrap().find("r\"").into_iter().chain(source.get(from..).unwrap().find("r#\"")).min()
    {
        let (before, rest) = source.split_at(from + at);
        let (open, close) = if rest.starts_with("r#") { ("r#\"", "\"#") } else { ("r\"", "\"") };
        let (_, text) = rest.split_once(open).unwrap();
        from = before.len() + open.len();
        if !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"') {
            let (text, _) = text.split_once(close).unwrap();
            found.push((before, text));
            from += text.len() + close.len();
        }
    }
    found
}

fn statements() -> Vec<NamedStatement> {
    let mut statements = Vec::new();
    for (file, source) in sources() {
        for (_, text) in raw_strings(&source) {
            if let Some(name) = text.strip_prefix("-- ") {
                let name = name.lines().next().unwrap().to_owned();
                statements.push(NamedStatement { file: file.clone(), name, text: text.to_owned().leak() });
            }
        }
    }
    assert!(statements.len() > 100, "{}", statements.len());
    statements
}

/// Number of columns of `{rows}`, as listed before VALUES.
fn columns(text: &str) -> usize {
    let (before, _) = text.split_once("VALUES {rows}").expect("{rows} stands behind VALUES");
    let (named, _) = before.rsplit_once(')').unwrap();
    let (_, named) = named.rsplit_once('(').unwrap();
    named.split(',').count()
}

/// The complete text of a statement for one database, with placeholders for two rows or for a list of two values.
fn complete_sql(text: &'static str, is_sqlite: bool) -> String {
    let text = fragment::expand(text).into_owned();
    let bound = (1..50).rev().find(|n| text.contains(&format!("${n}"))).unwrap_or(0);
    let text = text.replace("{list}", &format!("${}, ${}", bound + 1, bound + 2));
    if !text.contains("{rows}") {
        return text;
    }
    let columns = columns(&text);
    let mark = |n: usize| if is_sqlite { "?".to_owned() } else { format!("${}", n + 1) };
    let row = |r: usize| format!("({})", (0..columns).map(|c| mark(r * columns + c)).collect::<Vec<_>>().join(", "));
    text.replace("{rows}", &format!("{}, {}", row(0), row(1)))
}

/// Whether a statement is for this database; most are for both.
fn is_for(name: &str, database: &str) -> bool {
    !name.ends_with(')') || name.ends_with(&format!("({database})"))
}

#[test]
fn every_statement_has_a_unique_name() {
    let mut names = BTreeMap::new();
    for NamedStatement { file, name, .. } in statements() {
        if let Some(other) = names.insert(name.clone(), file.clone()) {
            panic!("{name:?} stands in {other} and in {file}");
        }
    }
}

#[test]
fn all_sql_of_the_store_is_in_named_statements() {
    let sql = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "sqlx::query", "raw_sql"];
    let mut wrong = Vec::new();
    for (file, source) in sources().into_iter().filter(|(file, _)| file != "store/fragment.rs") {
        let mut rest = source.clone();
        for (before, text) in raw_strings(&source) {
            if text.starts_with("-- ") {
                rest = rest.replace(text, "");
            } else if before.trim_end().ends_with(".sql(") {
                wrong.push(format!("{file}: a statement without a name: {text}"));
            }
        }
        let rest = rest.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = rest.lines().filter(|line| !line.trim_start().starts_with("//"));
        let is_sql = |line: &&str| sql.iter().any(|word| line.contains(word));
        let is_driver = |line: &str| file == "store/statement.rs" && line.contains("sqlx::query");
        wrong.extend(code.filter(is_sql).filter(|line| !is_driver(line)).map(|line| format!("{file}: {line}")));
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn sqlite_accepts_every_statement() {
    let (at, _) = stores().await.swap_remove(0);
    let mut sqlite = sqlx::SqliteConnection::connect(&sqlite_url(&at)).await.unwrap();
    let mut wrong = Vec::new();
    for NamedStatement { file, name, text } in statements() {
        if is_for(&name, "SQLite") {
            let sql = sqlx::AssertSqlSafe(complete_sql(text, true));
            if let Err(error) = sqlite.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await {
                wrong.push(format!("{file}: {name}: {error}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn postgresql_accepts_every_statement() {
    let mut postgres = migrated_postgres().await;
    let mut wrong = Vec::new();
    for NamedStatement { file, name, text } in statements() {
        if is_for(&name, "PostgreSQL")
            && let Err(error) = prepare(&mut postgres, &name, text).await
        {
            wrong.push(format!("{file}: {name}: {error}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

fn sqlite_url(at: &Fixture) -> String {
    format!("sqlite://{}", at.store.sqlite_file().unwrap().display())
}

async fn migrated_postgres() -> sqlx::PgConnection {
    let url = tokio::task::spawn_blocking(postgres::fresh_database).await.unwrap();
    Store::open(&url).await.unwrap().close().await;
    sqlx::PgConnection::connect(&url).await.unwrap()
}

/// Prepares a statement as `s`, replacing the previous one. The driver declares the type of every value; here the types
/// that the text does not determine are found by trial.
async fn prepare(postgres: &mut sqlx::PgConnection, name: &str, text: &'static str) -> Result<(), sqlx::Error> {
    let text = complete_sql(text, false);
    let types = if name == "store the UIDs of copies" { vec!["bigint"; 8] } else { vec!["unknown"; 50] };
    let mut open = vec![types];
    let mut refused = None;
    while let Some(types) = open.pop() {
        let count = (1..50).rev().find(|n| text.contains(&format!("${n}"))).unwrap_or(0);
        let declared = if count == 0 { String::new() } else { format!(" ({})", types[..count].join(", ")) };
        let sql = format!("DEALLOCATE ALL; PREPARE s{declared} AS {text}");
        let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *postgres).await else { return Ok(()) };
        let unknown = "could not determine data type of parameter $";
        let words = error.as_database_error().map(|error| error.message().to_owned()).unwrap_or_default();
        if let Some(number) = words.strip_prefix(unknown).and_then(|rest| rest.parse::<usize>().ok()) {
            for guess in ["bytea", "boolean", "text", "bigint"] {
                let mut types = types.clone();
                types[number - 1] = guess;
                open.push(types);
            }
        }
        refused = Some(error);
    }
    Err(refused.unwrap())
}

/// Tables that grow with the mail, the mailboxes or the time.
const GROWING: [&str; 22] = [
    "answer_kept",
    "api_token",
    "arrival",
    "audit",
    "delivery",
    "delivery_lane",
    "departure",
    "download_chunk",
    "effect",
    "epoch",
    "errand",
    "folder",
    "inbox",
    "ledger",
    "link",
    "login_failure",
    "mailbox",
    "message",
    "poll",
    "poll_day",
    "raw_chunk",
    "session",
];

/// A statement that runs so often that it must not scan a whole table.
struct Hot {
    name: &'static str,
    /// How often, or when, the statement runs.
    why: &'static str,
    /// Tables that the statement may scan nevertheless.
    reads: &'static [&'static str],
}

const fn hot(name: &'static str, why: &'static str) -> Hot {
    Hot { name, why, reads: &[] }
}

const HOT: &[Hot] = &[
    hot("due mailboxes", "every second"),
    hot("lease of a mailbox", "for each mailbox that another worker has"),
    hot("take a lease", "at every poll"),
    hot("renew a lease", "at every poll, three times a lease"),
    hot("check a lease", "in every transaction of a poll"),
    hot("mailbox by address", "at every poll and page"),
    hot("watched folders", "at every poll"),
    hot("newest epoch of a folder", "at every poll of a folder"),
    hot("known UIDs of an epoch", "for each window of a folder"),
    hot("newest anchors", "at every poll of a folder"),
    hot("anchors in a range of UIDs", "at every poll of a folder"),
    hot("ledger line of a UID", "at every poll of a folder"),
    hot("record handled UIDs", "at every batch of an import"),
    hot("move the cursor", "at every batch of an import"),
    hot("identities that are already in an inbox", "at every batch of an import"),
    hot("message to claim", "for every mail that is already imported"),
    hot("copy of a message in an older epoch", "for every mail that is already imported"),
    hot("move an effect to a new UID", "for every mail that is already imported"),
    hot("copy a download to the raw mail", "for every large mail"),
    hot("delete finished downloads", "at every batch of an import"),
    hot("departures with these contents", "at every batch of an import"),
    hot("departures with these repeat keys", "at every batch of an import"),
    hot("open effects", "at every poll of a folder"),
    hot("returned mail of an epoch", "at every poll of a folder"),
    hot("store departures", "before every change to copies"),
    hot("store the UIDs of copies", "after every move of copies"),
    hot("delete finished effects", "after every change to copies"),
    hot("mark effects as copying", "before every copy"),
    hot("mark effects as copied", "after every copy"),
    hot("mark effects as impossible", "when a server refuses"),
    hot("count failed effects", "when a server refuses"),
    hot("delete the departures of failed effects", "when a server refuses"),
    hot("reopen missing mail", "at every poll that finds some"),
    hot("count missing mail", "at every poll"),
    hot("end a poll", "at every poll"),
    hot("count a poll", "at every poll"),
    hot("one message", "for each message that the importing system fetches"),
    hot("chunk of a raw mail", "for each message that is fetched or shown"),
    hot("page of messages", "by every importing system, all the time"),
    hot("page of an inbox's messages", "by every importing system, all the time"),
    hot("page of an inbox's unacknowledged messages", "by every importing system, all the time"),
    hot("acknowledge a message", "for each message that the importing system acknowledges"),
    // The list is sorted by state, so all mailboxes are read, but their mail must not be.
    Hot { name: "page of the mailbox list", why: "at every view of the list", reads: &["mailbox", "inbox"] },
    hot("session by key", "at every request of a browser"),
    hot("token by hash", "at every request to the API"),
    hot("wait of a login", "at every login"),
    hot("remove old poll reports", "holds the writer"),
    hot("remove old poll counts", "holds the writer"),
    hot("remove old stored responses", "holds the writer"),
    hot("remove old login failures", "holds the writer"),
    hot("remove idle sessions", "holds the writer"),
    hot("remove old sessions", "holds the writer"),
    hot("remove expired links", "holds the writer"),
    hot("remove expired authorizations", "holds the writer"),
    hot("remove idle downloads", "holds the writer"),
    hot("remove old test mails", "holds the writer"),
    hot("remove old deliveries", "holds the writer"),
    hot("queue the deliveries of new messages", "at every import"),
    hot("wake the lanes of new deliveries", "at every import"),
    hot("next deliveries of a lane", "at every batch of deliveries"),
    hot("schedule a lane", "at every batch of deliveries"),
    hot("recover interrupted deliveries", "at every lease of a lane"),
    hot("count the connections of a delivery target", "at every lease of a lane"),
];

/// The statements on hot paths.
fn hot_statements() -> Vec<(&'static Hot, &'static str)> {
    let all: BTreeMap<String, &'static str> = statements().into_iter().map(|found| (found.name, found.text)).collect();
    let missing: Vec<&str> = HOT.iter().map(|hot| hot.name).filter(|name| !all.contains_key(*name)).collect();
    assert_eq!(missing, [""; 0], "unknown statements");
    HOT.iter().filter_map(|hot| Some((hot, *all.get(hot.name)?))).collect()
}

/// The tables that a statement calls by this alias.
fn aliased(alias: &str, text: &str) -> Vec<&'static str> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let is_called = |table: &&str| {
        alias == *table
            || words.windows(2).any(|pair| pair == [*table, alias])
            || words.windows(3).any(|three| three == [*table, "AS", alias])
    };
    GROWING.into_iter().filter(is_called).collect()
}

#[tokio::test]
async fn sqlite_scans_no_whole_table_on_a_hot_path() {
    let (at, _) = stores().await.swap_remove(0);
    let mut sqlite = sqlx::SqliteConnection::connect(&sqlite_url(&at)).await.unwrap();
    let mut wrong = Vec::new();
    for (Hot { name, why, reads }, text) in hot_statements() {
        let text = complete_sql(text, true);
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
        let plan: Vec<String> =
            sqlite.fetch_all(sqlx::query(explain)).await.unwrap().iter().map(|row| row.get("detail")).collect();
        for line in &plan {
            let Some(scanned) = line.strip_prefix("SCAN ").filter(|rest| !rest.contains(" USING ")) else { continue };
            let alias = scanned.split(' ').next().unwrap();
            if aliased(alias, &text).iter().any(|table| !reads.contains(table)) {
                wrong.push(format!("{name} ({why}): {line}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[tokio::test]
async fn postgresql_scans_no_whole_table_on_a_hot_path() {
    let mut postgres = migrated_postgres().await;
    sqlx::raw_sql("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .execute(&mut postgres)
        .await
        .unwrap();
    let mut wrong = Vec::new();
    for (Hot { name, why, reads }, text) in hot_statements() {
        prepare(&mut postgres, name, text).await.unwrap();
        let count = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 's'";
        let count: i32 = sqlx::query_scalar(count).persistent(false).fetch_one(&mut postgres).await.unwrap();
        let values = vec!["NULL"; usize::try_from(count).unwrap()].join(", ");
        let explain = if count == 0 { "EXPLAIN EXECUTE s".to_owned() } else { format!("EXPLAIN EXECUTE s({values})") };
        let plan = sqlx::raw_sql(sqlx::AssertSqlSafe(explain)).fetch_all(&mut postgres).await.unwrap();
        for line in plan.iter().map(|row| row.get::<String, _>(0)) {
            let Some((_, scanned)) = line.split_once("Seq Scan on ") else { continue };
            let table = scanned.split(' ').next().unwrap();
            if GROWING.contains(&table) && !reads.contains(&table) {
                wrong.push(format!("{name} ({why}): {}", line.trim()));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}
