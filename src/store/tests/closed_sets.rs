//! Tests that CHECK constraints accept every valid state and kind, and refuse all other values.

use sqlx::Connection as _;

use super::*;

/// Rows in every state, as stored before the constraints existed.
const BEFORE: &str = r#"
    INSERT INTO inbox (address, created_at, organisation_id) VALUES ('a@k.se', 0, 1);
    INSERT INTO oauth_grant (organisation_id, provider, kind, identity, flow) VALUES
        (1, 'm', 'delegated', 'a', 'code'), (1, 'm', 'delegated', 'b', 'device'), (1, 'm', 'app-only', 'c', NULL);
    INSERT INTO mailbox (address, inbox_id, host, port, tls, username, start, after_import, interval_ms, max_size, added_at,
        last_attempt_at, last_error)
    SELECT w.address, i.id, 'h', 993, w.tls, 'u', 'now', 'leave', 1, 1, 5, 6, w.error FROM inbox i, (
        SELECT 'a@b.se' AS address, 'implicit' AS tls, '{"step":"token","blame":"mailbox","retry":null}' AS error
        UNION ALL SELECT 'b@b.se', 'starttls', '{"step":"tcp","blame":"host","retry":"2027-01-15T08:00:00Z"}'
        UNION ALL SELECT 'c@b.se', 'none', 'no JSON'
        UNION ALL SELECT 'd@b.se', 'none', '{"step":"tcp","blame":"nobody"}'
        UNION ALL SELECT 'e@b.se', 'none', NULL
    ) AS w;
    INSERT INTO folder (mailbox_id, name, position) SELECT id, 'INBOX', 0 FROM mailbox WHERE address = 'a@b.se';
    INSERT INTO epoch (folder_id, uidvalidity, cursor, boundary, opened_at) SELECT id, 1, 1, 1, 0 FROM folder;
    INSERT INTO ledger (epoch_id, uid, state, updated_at) SELECT e.id, w.uid, w.state, 0 FROM epoch e, (
        SELECT 1 AS uid, 'pending' AS state UNION ALL SELECT 2, 'imported' UNION ALL SELECT 3, 'duplicate'
        UNION ALL SELECT 4, 'skipped' UNION ALL SELECT 5, 'quarantined' UNION ALL SELECT 6, 'gone'
    ) AS w;
    INSERT INTO effect (epoch_id, uid, action, step, void_step) SELECT e.id, w.uid, 'delete', w.step, w.void FROM epoch e, (
        SELECT 1 AS uid, 'pending' AS step, CAST(NULL AS TEXT) AS void UNION ALL SELECT 2, 'copying', NULL
        UNION ALL SELECT 3, 'copied', NULL UNION ALL SELECT 4, 'impossible', 'copied' UNION ALL SELECT 5, 'returned', NULL
    ) AS w;
    INSERT INTO download_chunk (epoch_id, uid, seq, data) SELECT id, 1, 0, CAST('x' AS BLOB) FROM epoch;
    INSERT INTO person (name, role, language, zone, created_at) VALUES
        ('a', 'viewer', '', '', 0), ('b', 'admin', '', '', 0), ('c', 'operator', '', '', 0);
    INSERT INTO api_token (name, token_hash, scope, created_at) VALUES
        ('r', CAST('r' AS BLOB), 'read', 0), ('w', CAST('w' AS BLOB), 'write', 0);
    INSERT INTO link (key_hash, purpose, role, created_by, created_at, expires_at) VALUES
        (CAST('s' AS BLOB), 'setup', NULL, 's', 0, 0), (CAST('i' AS BLOB), 'invite', 'admin', 'i', 0, 0),
        (CAST('c' AS BLOB), 'connect', NULL, 'c', 0, 0);
"#;

/// Selects the rows after the migration, one line each.
const AFTER: &str = "
    SELECT line FROM (
        SELECT 'chunk ' || added_at AS line FROM download_chunk
        UNION ALL SELECT 'effect ' || uid || ' ' || step || ' ' || coalesce(void_step, '-') FROM effect
        UNION ALL SELECT 'grant ' || identity || ' ' || kind || ' ' || coalesce(flow, '-') FROM oauth_grant
        UNION ALL SELECT 'ledger ' || uid || ' ' || state FROM ledger
        UNION ALL SELECT 'link ' || created_by || ' ' || purpose || ' ' || coalesce(role, '-') FROM link
        UNION ALL SELECT 'mailbox ' || address || ' ' || tls || ' ' || coalesce(error_step, '-') || ' '
            || coalesce(error_blame, '-') || CASE WHEN waits_for_person THEN ' waits' ELSE '' END FROM mailbox
        UNION ALL SELECT 'person ' || name || ' ' || role FROM person
        UNION ALL SELECT 'token ' || name || ' ' || scope FROM api_token
    ) AS lines ORDER BY line";

const KEPT: [&str; 28] = [
    "chunk 6",
    "effect 1 pending -",
    "effect 2 copying -",
    "effect 3 copied -",
    "effect 4 impossible copied",
    "effect 5 returned -",
    "grant a delegated code",
    "grant b delegated device",
    "grant c app-only -",
    "ledger 1 pending",
    "ledger 2 imported",
    "ledger 3 duplicate",
    "ledger 4 skipped",
    "ledger 5 quarantined",
    "ledger 6 gone",
    "link c connect -",
    "link i invite admin",
    "link s setup -",
    "mailbox a@b.se implicit token mailbox waits",
    "mailbox b@b.se starttls tcp host",
    "mailbox c@b.se none - -",
    "mailbox d@b.se none tcp -",
    "mailbox e@b.se none - -",
    "person a viewer",
    "person b admin",
    "person c operator",
    "token r read",
    "token w write",
];

/// Every column with a CHECK constraint, as the beginning of an UPDATE statement.
const CHECKED: [&str; 11] = [
    "ledger SET state",
    "effect SET step",
    "effect SET void_step",
    "mailbox SET tls",
    "mailbox SET error_blame",
    "oauth_grant SET kind",
    "oauth_grant SET flow",
    "person SET role",
    "api_token SET scope",
    "link SET purpose",
    "link SET role",
];

fn is_refused<T>(result: Result<T, sqlx::Error>) -> bool {
    matches!(result, Err(sqlx::Error::Database(error)) if error.is_check_violation())
}

#[tokio::test]
async fn every_valid_state_is_accepted_and_unknown_values_are_refused_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("m.db").display());
    let mut sqlite = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in [
        include_str!("../../../migrations/sqlite/0001_initial.sql"),
        include_str!("../../../migrations/sqlite/0002_completeness.sql"),
        include_str!("../../../migrations/sqlite/0003_oauth.sql"),
        include_str!("../../../migrations/sqlite/0004_people.sql"),
        include_str!("../../../migrations/sqlite/0005_ownership.sql"),
        include_str!("../../../migrations/sqlite/0006_departures.sql"),
        include_str!("../../../migrations/sqlite/0007_credentials.sql"),
        "PRAGMA foreign_keys = ON",
        BEFORE,
        "BEGIN", // as a migration is run
        include_str!("../../../migrations/sqlite/0008_closed_sets.sql"),
        "COMMIT",
    ] {
        sqlx::raw_sql(sql).execute(&mut sqlite).await.unwrap();
    }
    let lines: Vec<String> = sqlx::query_scalar(AFTER).fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(lines, KEPT);
    let wrong: Vec<(String,)> =
        sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(wrong, []);
    for checked in CHECKED {
        let sql = format!("UPDATE {checked} = 'wrong'");
        assert!(is_refused(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut sqlite).await), "{checked}");
    }
}

#[tokio::test]
async fn every_valid_state_is_accepted_and_unknown_values_are_refused_on_postgresql() {
    let url = tokio::task::spawn_blocking(postgres::fresh_database).await.unwrap();
    let mut postgres = sqlx::PgConnection::connect(&url).await.unwrap();
    for sql in [
        include_str!("../../../migrations/postgres/0001_initial.sql").to_owned(),
        include_str!("../../../migrations/postgres/0002_completeness.sql").to_owned(),
        include_str!("../../../migrations/postgres/0003_oauth.sql").to_owned(),
        include_str!("../../../migrations/postgres/0004_people.sql").to_owned(),
        include_str!("../../../migrations/postgres/0005_ownership.sql").to_owned(),
        include_str!("../../../migrations/postgres/0006_departures.sql").to_owned(),
        include_str!("../../../migrations/postgres/0007_credentials.sql").to_owned(),
        BEFORE.replace(" AS BLOB)", " AS BYTEA)"),
        include_str!("../../../migrations/postgres/0008_closed_sets.sql").to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    let after = sqlx::AssertSqlSafe(format!("{AFTER} COLLATE \"C\""));
    let lines: Vec<String> = sqlx::query_scalar(after).fetch_all(&mut postgres).await.unwrap();
    assert_eq!(lines, KEPT);
    for checked in CHECKED {
        let sql = format!("UPDATE {checked} = 'wrong'");
        assert!(is_refused(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await), "{checked}");
    }
}
