//! Tests of the names of tokens, and of tokens created with other tokens.

use sqlx::Connection as _;

use super::*;

impl Fixture {
    async fn token(&self, name: &str, organisation: Option<i64>, made_by: Option<i64>) -> i64 {
        let hash = Sha256::digest(format!("{name} {organisation:?}"));
        let creator = Creator { who: "", token: made_by };
        self.store
            .add_token(
                NewToken { name, hash: &hash, scope: TokenScope::Write, organisation_id: organisation, creator },
                NOW,
            )
            .await
            .unwrap()
    }

    async fn token_names(&self) -> Vec<String> {
        self.store.tokens(Scope::All).await.unwrap().into_iter().map(|token| token.name).collect()
    }
}

#[tokio::test]
async fn a_name_is_unique_within_its_organisation() {
    for (at, name) in stores().await {
        let (first, other) = (FIRST_ORGANISATION, at.store.organisation_named("other", NOW).await.unwrap().id);
        let ours = at.token("import", Some(first), None).await;
        let theirs = at.token("import", Some(other), None).await;
        for organisation in [first, other] {
            let again = at
                .store
                .add_token(
                    NewToken {
                        name: "import",
                        hash: b"x",
                        scope: TokenScope::Read,
                        organisation_id: Some(organisation),
                        creator: "".into(),
                    },
                    NOW,
                )
                .await;
            assert!(matches!(again, Err(StoreError::Conflict(_))), "{name}");
        }
        // Each organisation sees its own token. An operator selects a token by its organisation; without one, the token for
        // all organisations is selected.
        let of = async |organisation: Option<&str>, scope| {
            at.store.token("import", organisation, scope).await.map(|token| token.id)
        };
        assert_eq!(of(None, Scope::Organisation(first)).await.unwrap(), ours, "{name}");
        assert_eq!(of(None, Scope::Organisation(other)).await.unwrap(), theirs, "{name}");
        assert_eq!(of(Some("other"), Scope::All).await.unwrap(), theirs, "{name}");
        assert!(matches!(of(None, Scope::All).await, Err(StoreError::Conflict(_))), "{name}");
        let all = at.token("import", None, None).await;
        assert_eq!(of(None, Scope::All).await.unwrap(), all, "{name}");
        assert!(
            at.store
                .add_token(
                    NewToken {
                        name: "import",
                        hash: b"y",
                        scope: TokenScope::Read,
                        organisation_id: None,
                        creator: "".into()
                    },
                    NOW
                )
                .await
                .is_err(),
            "{name}"
        );
        assert!(of(Some("other"), Scope::Organisation(first)).await.is_err(), "{name}: another's is not there");
        // If a page ends among tokens with the same name, the next page continues with the next of these tokens.
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = at.store.token_page(Scope::All, after.as_ref(), 1).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.name.clone(), last.id));
            seen.extend(page.into_iter().map(|token| token.id));
        }
        assert_eq!(seen, [ours, theirs, all], "{name}");
    }
}

#[tokio::test]
async fn tokens_created_with_a_revoked_token_are_listed_and_revoked_on_request() {
    for (at, name) in stores().await {
        let root = at.token("root", None, None).await;
        let child = at.token("child", Some(FIRST_ORGANISATION), Some(root)).await;
        at.token("grandchild", Some(FIRST_ORGANISATION), Some(child)).await;
        at.token("stranger", None, None).await;
        let made = async |id| -> Vec<String> {
            at.store
                .read()
                .await
                .unwrap()
                .descendants_of_token(id)
                .await
                .unwrap()
                .into_iter()
                .map(|token| token.name)
                .collect()
        };
        assert_eq!(made(root).await, ["child", "grandchild"], "{name}");
        let makers = async |scope| -> Vec<Option<String>> {
            at.store.tokens(scope).await.unwrap().into_iter().map(|token| token.made_by).collect()
        };
        let named = |text: &str| Some(text.to_owned());
        assert_eq!(makers(Scope::All).await, [named("root"), named("child"), None, None], "{name}");
        let ours = Scope::Organisation(FIRST_ORGANISATION);
        assert_eq!(makers(ours).await, [None, named("child")], "{name}: a token of all is not named to one");
        // A token in the middle of the chain is revoked alone; the tokens created with it are reassigned to its own creator.
        at.add("a@b.se").await;
        let mailbox_id = at.store.mailbox(&address("a@b.se")).await.unwrap().id;
        let (purpose, later) = (Purpose::Connect { mailbox_id }, Timestamp(NOW.0 + 1000));
        at.store
            .add_link(
                NewLink {
                    key_hash: b"link",
                    purpose: &purpose,
                    creator: Creator { who: "token child", token: Some(child) },
                    expires_at: later,
                },
                NOW,
            )
            .await
            .unwrap();
        at.store.revoke_token(child, false).await.unwrap();
        assert_eq!(made(root).await, ["grandchild"], "{name}");
        assert!(at.store.link(b"link", NOW).await.unwrap().is_none(), "{name}: its link went with it");
        assert_eq!(at.store.revoke_token(root, true).await.unwrap(), 2, "{name}");
        assert_eq!(at.token_names().await, ["stranger"], "{name}");
    }
}

/// Tokens, a stored response, links and mailboxes, as they were before the migration.
const BEFORE: &str = "
    INSERT INTO inbox (address, created_at, organisation_id) VALUES ('a@k.se', 0, 1);
    INSERT INTO mailbox (address, inbox_id, host, port, tls, username, start, after_import, interval_ms, max_size, added_at, last_success_at)
        SELECT 'seen@b.se', id, 'h', 993, 'implicit', 'u', 'now', 'leave', 1, 1, 5, 6 FROM inbox;
    INSERT INTO mailbox (address, inbox_id, host, port, tls, username, start, after_import, interval_ms, max_size, added_at)
        SELECT 'never@b.se', id, 'h', 993, 'implicit', 'u', 'now', 'leave', 1, 1, 5 FROM inbox;
    INSERT INTO api_token (name, token_hash, scope, organisation_id, created_at, created_by)
        VALUES ('import', CAST('x' AS BLOB), 'write', 1, 7, 'anna'), ('all', CAST('y' AS BLOB), 'read', NULL, 8, '');
    INSERT INTO answer_kept (token_id, key, request_hash, status, body, at)
        SELECT id, 'k', CAST('r' AS BLOB), 201, 'b', 9 FROM api_token WHERE name = 'import';
    INSERT INTO link (key_hash, purpose, mailbox_id, created_by, created_at, expires_at)
        SELECT CAST('l' AS BLOB), 'connect', id, 'token import', 0, 10 FROM mailbox WHERE address = 'seen@b.se';
    INSERT INTO link (key_hash, purpose, created_by, created_at, expires_at) VALUES (CAST('m' AS BLOB), 'setup', 'serve', 0, 10);
";

/// Selects the rows after the migration, one line each.
const AFTER: &str = "
    SELECT line FROM (SELECT 'token ' || t.name || ' ' || t.scope || ' ' || coalesce(t.organisation_id, 0) || ' ' || t.created_at || ' ' || t.created_by
        || ' ' || (SELECT count(*) FROM answer_kept a WHERE a.token_id = t.id AND a.status = 201) AS line FROM api_token t
    UNION ALL SELECT 'link ' || l.created_by || ' ' || coalesce(t.name, '-') FROM link l LEFT JOIN api_token t ON t.id = l.token_id
    UNION ALL SELECT 'mailbox ' || m.address || CASE WHEN m.login_proven THEN ' proven' ELSE ' not' END
        || CASE WHEN m.asks_consent THEN ' asks' ELSE '' END FROM mailbox m) AS lines
    ORDER BY line";

#[tokio::test]
async fn the_migration_to_names_per_organisation_keeps_all_rows() {
    let wanted = [
        "link serve -",
        "link token import import",
        "mailbox never@b.se not",
        "mailbox seen@b.se proven",
        "token all read 0 8  0",
        "token import write 1 7 anna 1",
    ];
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("m.db").display());
    let mut sqlite = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in [
        include_str!("../../../migrations/sqlite/0001_initial.sql"),
        include_str!("../../../migrations/sqlite/0002_completeness.sql"),
        include_str!("../../../migrations/sqlite/0003_oauth.sql"),
        include_str!("../../../migrations/sqlite/0004_people.sql"),
        include_str!("../../../migrations/sqlite/0005_ownership.sql"),
        "PRAGMA foreign_keys = ON",
        BEFORE,
        "BEGIN", // as a migration is run
        include_str!("../../../migrations/sqlite/0007_credentials.sql"),
        "COMMIT",
    ] {
        sqlx::raw_sql(sql).execute(&mut sqlite).await.unwrap();
    }
    let lines: Vec<String> = sqlx::query_scalar(AFTER).fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(lines, wanted, "SQLite");
    let wrong: Vec<(String,)> =
        sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&mut sqlite).await.unwrap();
    assert_eq!(wrong, [], "SQLite");
    if daemon::is_quick() {
        return;
    }
    let url = tokio::task::spawn_blocking(postgres::fresh_database).await.unwrap();
    let mut postgres = sqlx::PgConnection::connect(&url).await.unwrap();
    for sql in [
        include_str!("../../../migrations/postgres/0001_initial.sql").to_owned(),
        include_str!("../../../migrations/postgres/0002_completeness.sql").to_owned(),
        include_str!("../../../migrations/postgres/0003_oauth.sql").to_owned(),
        include_str!("../../../migrations/postgres/0004_people.sql").to_owned(),
        include_str!("../../../migrations/postgres/0005_ownership.sql").to_owned(),
        BEFORE.replace(" AS BLOB)", " AS BYTEA)"),
        include_str!("../../../migrations/postgres/0007_credentials.sql").to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    let lines: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("{AFTER} COLLATE \"C\"")))
        .fetch_all(&mut postgres)
        .await
        .unwrap();
    assert_eq!(lines, wanted, "PostgreSQL");
}
