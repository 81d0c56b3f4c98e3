//! Tests of the ownership of consents and passwords, and of the removal of people.

use sqlx::Connection as _;

use super::*;

fn key() -> GrantKey {
    GrantKey { provider: "contoso".into(), kind: GrantKind::Delegated, identity: "anna@b.se".into() }
}

impl Fixture {
    /// Adds a mailbox that uses the consent of anna@b.se and feeds this inbox of this organisation, and returns its
    /// grant.
    async fn consenting(&self, mailbox: &str, inbox: &str, organisation: i64) -> i64 {
        let new =
            NewInbox { address: address(inbox), name: None, reply_from: None, organisation_id: Some(organisation) };
        let _ = self.store.add_inbox(&new, NOW).await; // it may be there
        self.add(mailbox).await;
        let (inbox, login) = (Some(address(inbox)), Some(NewLogin::OAuth(key())));
        self.change(mailbox, Changes { inbox, login, ..Changes::default() }).await.unwrap();
        self.grant_of(mailbox).await.unwrap()
    }

    async fn change(&self, mailbox: &str, changes: Changes) -> Result<(), StoreError> {
        self.store.change_mailbox(&address(mailbox), &changes, Some(&self.vault), NOW).await
    }

    async fn login_of(&self, mailbox: &str) -> Login {
        self.store.mailbox(&address(mailbox)).await.unwrap().login
    }

    async fn grant_of(&self, mailbox: &str) -> Option<i64> {
        match self.login_of(mailbox).await {
            Login::OAuth { grant_id, .. } => Some(grant_id),
            Login::Password(_) => None,
        }
    }

    /// Adds an operator, or an admin if an organisation is given.
    async fn person(&self, name: &str, organisation_id: Option<i64>) -> Person {
        let role = if organisation_id.is_some() { Role::Admin } else { Role::Operator };
        let new = NewPerson { name, role, organisation_id, password_hash: None, language: "", zone: "" };
        self.store.add_person(&new, NOW).await.unwrap();
        self.store.person(name).await.unwrap().unwrap()
    }

    async fn consent(&self, grant: i64) {
        let tokens = SealedTokens {
            access: vec![1],
            refresh: Some(vec![2]),
            expires_at: NOW,
            renew_at: NOW,
            consent_ends_at: None,
        };
        assert!(self.store.store_consent(grant, Flow::Code, &tokens, NOW).await.unwrap());
    }

    async fn has_consent(&self, mailbox: &str) -> bool {
        let grant = self.grant_of(mailbox).await.unwrap();
        self.store.grant(grant).await.unwrap().refresh_sealed.is_some()
    }
}

#[tokio::test]
async fn a_consent_gives_no_access_to_a_mailbox_of_another_organisation() {
    for (at, name) in stores().await {
        let other = at.store.organisation_named("other", NOW).await.unwrap().id;
        // An organisation that adds the account before its owner does gets no access to it.
        let theirs = at.consenting("spy@c.se", "spy@mail.kundo.se", other).await;
        let ours = at.consenting("anna@b.se", INBOX, FIRST_ORGANISATION).await;
        let shared = at.consenting("jobb@b.se", INBOX, FIRST_ORGANISATION).await;
        assert_eq!((ours == shared, ours == theirs), (true, false), "{name}");
        at.consent(ours).await;
        assert!(at.has_consent("jobb@b.se").await && !at.has_consent("spy@c.se").await, "{name}");
    }
}

#[tokio::test]
async fn a_consent_moves_to_another_organisation_unless_others_need_it() {
    for (at, name) in stores().await {
        let other = at.store.organisation_named("other", NOW).await.unwrap().id;
        at.consenting("x@c.se", "theirs@mail.kundo.se", other).await;
        at.store.remove_mailbox(&address("x@c.se")).await.unwrap();
        let grant = at.consenting("anna@b.se", INBOX, FIRST_ORGANISATION).await;
        at.consent(grant).await;
        let there = || Changes { inbox: Some(address("theirs@mail.kundo.se")), ..Changes::default() };
        at.change("anna@b.se", there()).await.unwrap();
        assert_eq!(at.grant_of("anna@b.se").await, Some(grant), "{name}");
        assert!(at.has_consent("anna@b.se").await, "{name}");
        let grant = at.consenting("a@b.se", INBOX, FIRST_ORGANISATION).await;
        at.consenting("b@b.se", INBOX, FIRST_ORGANISATION).await;
        at.consent(grant).await;
        at.change("a@b.se", there()).await.unwrap();
        // The moved mailbox uses the grant that the other organisation already has. The first organisation keeps its own
        // grant.
        assert_eq!(at.grant_of("a@b.se").await, at.grant_of("anna@b.se").await, "{name}");
        assert_eq!(at.grant_of("b@b.se").await, Some(grant), "{name}");
    }
}

#[tokio::test]
async fn a_password_is_deleted_when_the_server_changes() {
    for (at, name) in stores().await {
        at.add("a@b.se").await;
        let before = at.store.mailbox(&address("a@b.se")).await.unwrap().server;
        let to = |host: &str| Some(Server { host: host.to_owned(), ..before.clone() });
        at.change("a@b.se", Changes { server: to("IMAP.example.se"), ..Changes::default() }).await.unwrap();
        assert!(at.login_of("a@b.se").await.is_set(), "{name}: the same host");
        let along = Changes { server: to("imap.other.se"), keeps_login: true, ..Changes::default() };
        at.change("a@b.se", along).await.unwrap();
        assert!(at.login_of("a@b.se").await.is_set(), "{name}: as was said");
        at.change("a@b.se", Changes { server: to("imap.evil.se"), ..Changes::default() }).await.unwrap();
        assert!(!at.login_of("a@b.se").await.is_set(), "{name}");
        let anew =
            Changes { server: to("imap.new.se"), login: Some(NewLogin::Password("nytt".into())), ..Changes::default() };
        at.change("a@b.se", anew).await.unwrap();
        assert!(at.login_of("a@b.se").await.is_set(), "{name}: given with it");
        at.change("a@b.se", Changes { login: Some(NewLogin::Unset), ..Changes::default() }).await.unwrap();
        assert!(!at.login_of("a@b.se").await.is_set(), "{name}");
    }
}

#[tokio::test]
async fn concurrent_changes_of_a_mailbox_do_not_undo_each_other() {
    for (at, name) in stores().await {
        at.add_with("a@b.se", AfterImport::Delete).await;
        let mailbox = address("a@b.se");
        let leave = Changes::from(crate::mailbox::SettingsChange {
            after_import: Some(AfterImport::Leave),
            ..Default::default()
        });
        let others: Vec<Changes> = (1..20)
            .map(|n| {
                Changes::from(crate::mailbox::SettingsChange { interval_ms: Some(n * 60_000), ..Default::default() })
            })
            .collect();
        let all = std::iter::once(&leave).chain(&others);
        let changing = all.map(|changes| at.store.change_mailbox(&mailbox, changes, None, NOW));
        for done in futures::future::join_all(changing).await {
            done.unwrap();
        }
        assert_eq!(at.store.mailbox(&mailbox).await.unwrap().after_import, AfterImport::Leave, "{name}");
        let into_itself = Changes::from(crate::mailbox::SettingsChange {
            after_import: Some(AfterImport::Move("INBOX".into())),
            ..Default::default()
        });
        assert!(matches!(at.change("a@b.se", into_itself).await, Err(StoreError::Conflict(_))), "{name}");
    }
}

#[tokio::test]
async fn a_removed_person_leaves_no_access() {
    for (at, name) in stores().await {
        at.person("root", None).await;
        let eve = at.person("eve", Some(FIRST_ORGANISATION)).await;
        let later = Timestamp(NOW.0 + 1000);
        for (key, who) in [(b"eves", "eve"), (b"root", "root")] {
            let purpose = Purpose::Invite { role: Role::Admin, organisation_id: Some(FIRST_ORGANISATION) };
            at.store
                .add_link(NewLink { key_hash: key, purpose: &purpose, creator: who.into(), expires_at: later }, NOW)
                .await
                .unwrap();
            let scope = Some(FIRST_ORGANISATION);
            at.store
                .add_token(
                    NewToken {
                        name: who,
                        hash: key,
                        scope: TokenScope::Read,
                        organisation_id: scope,
                        creator: who.into(),
                    },
                    NOW,
                )
                .await
                .unwrap();
        }
        at.store.begin_session(eve.id, b"session", None, NOW).await.unwrap();
        at.store.remember_browser(eve.id, b"browser", NOW).await.unwrap();
        assert!(at.store.knows_browser(b"browser", "eve").await.unwrap(), "{name}");
        assert!(!at.store.knows_browser(b"browser", "root").await.unwrap(), "{name}");
        let invitations = at.store.open_invitations(Scope::Organisation(FIRST_ORGANISATION), NOW).await.unwrap();
        assert_eq!(invitations.len(), 2, "{name}");
        let other = at.store.organisation_named("other", NOW).await.unwrap().id;
        assert!(at.store.open_invitations(Scope::Organisation(other), NOW).await.unwrap().is_empty(), "{name}");
        assert!(!at.store.revoke_invitation(b"eves", Scope::Organisation(other)).await.unwrap(), "{name}");
        assert_eq!(at.store.remove_person(&eve).await.unwrap(), 1, "{name}");
        assert!(at.store.link(b"eves", NOW).await.unwrap().is_none(), "{name}");
        assert!(at.store.link(b"root", NOW).await.unwrap().is_some(), "{name}: others' stay");
        assert!(at.store.token_by_hash(b"eves", NOW).await.unwrap().is_none(), "{name}");
        assert!(at.store.token_by_hash(b"root", NOW).await.unwrap().is_some(), "{name}");
        assert!(at.store.signed_in(b"session", NOW).await.unwrap().is_none(), "{name}");
        assert!(!at.store.knows_browser(b"browser", "eve").await.unwrap(), "{name}");
        assert!(at.store.revoke_invitation(b"root", Scope::All).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn an_installation_with_a_person_needs_no_setup_link() {
    for (at, name) in stores().await {
        at.store
            .add_link(
                NewLink {
                    key_hash: b"setup",
                    purpose: &Purpose::Setup,
                    creator: "".into(),
                    expires_at: Timestamp(NOW.0 + 1000),
                },
                NOW,
            )
            .await
            .unwrap();
        assert!(at.store.link(b"setup", NOW).await.unwrap().is_some(), "{name}");
        at.person("a", None).await;
        assert!(at.store.link(b"setup", NOW).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_subject_is_bound_to_one_person() {
    for (at, name) in stores().await {
        let anna = at.person("anna", None).await;
        at.person("eve", None).await;
        assert!(at.store.bind_subject(anna.id, "issuer 1").await.unwrap(), "{name}");
        assert!(!at.store.bind_subject(anna.id, "issuer 2").await.unwrap(), "{name}: another with her name");
        assert_eq!(at.store.person_by_subject("issuer 1").await.unwrap().unwrap().name, "anna", "{name}");
        assert!(at.store.person_by_subject("issuer 2").await.unwrap().is_none(), "{name}");
    }
}

/// Rows that two organisations shared before consents belonged to an organisation.
const SHARED: &str = "
    INSERT INTO organisation (name, created_at) VALUES ('other', 0);
    INSERT INTO inbox (address, created_at, organisation_id) VALUES ('a@k.se', 0, 1), ('b@k.se', 0, 2);
    INSERT INTO oauth_grant (provider, kind, identity) VALUES
        ('contoso', 'delegated', 'anna@b.se'), ('contoso', 'delegated', 'eve@b.se'), ('contoso', 'app-only', 'b.se');
    UPDATE oauth_grant SET refresh_sealed = CAST('x' AS BLOB), version = 3;
    INSERT INTO mailbox (address, inbox_id, host, port, tls, username, start, after_import, interval_ms, max_size, added_at, grant_id)
    SELECT m.address, i.id, 'h', 993, 'implicit', 'u', 'now', 'leave', 1, 1, 5, g.id FROM
        (SELECT 'one@b.se' AS address, 'a@k.se' AS inbox, 'anna@b.se' AS identity UNION ALL SELECT 'two@b.se', 'b@k.se', 'anna@b.se'
         UNION ALL SELECT 'three@b.se', 'b@k.se', 'eve@b.se') AS m
        JOIN inbox i ON i.address = m.inbox JOIN oauth_grant g ON g.identity = m.identity;
";

/// Selects each mailbox after the migration: the organisation of its grant, whether the grant has tokens, and the time of
/// the last change to a copy.
const AFTER: &str = "SELECT m.address, g.organisation_id, CASE WHEN g.refresh_sealed IS NULL THEN 0 ELSE 1 END, m.copy_changed_at \
                     FROM mailbox m JOIN oauth_grant g ON g.id = m.grant_id ORDER BY m.address";

#[tokio::test]
async fn a_shared_consent_stays_with_the_first_organisation() {
    let wanted = [("one@b.se", 1, 1), ("three@b.se", 2, 1), ("two@b.se", 2, 0)];
    let check = |rows: Vec<(String, i64, i64, i64)>, name: &str| {
        let rows: Vec<_> = rows.iter().map(|(address, org, has, at)| (address.as_str(), *org, *has, *at)).collect();
        assert_eq!(rows, wanted.map(|(address, org, has)| (address, org, has, 5)), "{name}");
    };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("m.db").display());
    let mut sqlite = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for sql in [
        include_str!("../../../migrations/sqlite/0001_initial.sql"),
        include_str!("../../../migrations/sqlite/0002_completeness.sql"),
        include_str!("../../../migrations/sqlite/0003_oauth.sql"),
        include_str!("../../../migrations/sqlite/0004_people.sql"),
        "PRAGMA foreign_keys = ON",
        SHARED,
        include_str!("../../../migrations/sqlite/0005_ownership.sql"),
    ] {
        sqlx::raw_sql(sql).execute(&mut sqlite).await.unwrap();
    }
    check(sqlx::query_as(sqlx::AssertSqlSafe(cast(AFTER))).fetch_all(&mut sqlite).await.unwrap(), "SQLite");
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
        SHARED.replace("CAST('x' AS BLOB)", "'x'"),
        include_str!("../../../migrations/postgres/0005_ownership.sql").to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres).await.unwrap();
    }
    check(sqlx::query_as(sqlx::AssertSqlSafe(cast(AFTER))).fetch_all(&mut postgres).await.unwrap(), "PostgreSQL");
}

/// Casts integers to the same type on both databases.
fn cast(sql: &str) -> String {
    sql.replace("ELSE 1 END", "ELSE 1 END * CAST(1 AS BIGINT)")
}
