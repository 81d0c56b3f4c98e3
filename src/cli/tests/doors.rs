//! Tests that a use case has the same result through all three doors: the command line, the API and the pages. Each door has
//! its own database; after each use case all three databases hold the same rows and the same audit lines.

mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::cli::{Cli, Context, run_with};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{self, Config, Overrides, Span};
use crate::fact::Reason;
use crate::http::testing;
use crate::locale::Language;
use crate::mailbox::Start;
use crate::oauth::Renewals;
use crate::opaque;
use crate::store::{
    Batch, FIRST_ORGANISATION, Finding, LeaseTaker, NewInbox, NewMailbox, NewPerson, NewToken, Role, Store, TokenScope,
};
use crate::vault::Location;

use table::{Api, Page, USE_CASES, UseCase};

const TOKEN: &str = "mf_the-token-of-the-test";
const SESSION: &str = "the-session-of-the-test";
const MAILBOX: &str = "jobb@lillestad.se";
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";

/// A door with its own database. The database is opened for each use case, because a command closes it when it ends.
struct Door {
    folder: TempDir,
}

impl Door {
    /// Fills the database: an operator, a token for all organisations, a person and a token to be removed, an inbox, and a
    /// mailbox with two quarantined mails.
    async fn new() -> Self {
        let door = Self { folder: tempfile::tempdir().unwrap() };
        let (store, now) = (door.store().await, SystemClock.now());
        let vault = door.key().open(false).unwrap();
        for (name, role, organisation_id) in
            [("operator", Role::Operator, None), ("anna", Role::Admin, Some(FIRST_ORGANISATION))]
        {
            let new = NewPerson { name, role, organisation_id, password_hash: Some("x"), language: "en", zone: "UTC" };
            store.add_person(&new, now).await.unwrap();
        }
        for (name, scope, hash) in
            [("all", TokenScope::Write, opaque::hash(TOKEN)), ("spare", TokenScope::Read, opaque::hash("spare"))]
        {
            let new = NewToken { name, hash: &hash, scope, organisation_id: None, creator: "".into() };
            store.add_token(new, now).await.unwrap();
        }
        let operator = store.person("operator").await.unwrap().unwrap();
        store.begin_session(operator.id, &opaque::hash(SESSION), None, now).await.unwrap();
        let inbox = NewInbox { address: address(INBOX), name: None, reply_from: None, organisation_id: None };
        store.add_inbox(&inbox, now).await.unwrap();
        let new = NewMailbox {
            settings: crate::mailbox::Settings { start: Start::All, ..Default::default() },
            ..NewMailbox::with_password(MAILBOX, INBOX, "hemligt")
        };
        store.add_mailbox(&new, &vault, now).await.unwrap();
        quarantine(&store, &[7, 8], now).await;
        store.close().await;
        door
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("t.db").display())
    }

    fn key(&self) -> Location {
        Location::File { path: self.folder.path().join("key"), create: true }
    }

    fn write_file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    async fn store(&self) -> Store {
        Store::open(&self.url()).await.unwrap()
    }

    fn config(&self) -> Config {
        let mut config = config::load(&Overrides::default()).unwrap();
        config.vault.key_file = self.folder.path().join("key");
        config.deadlines.dns = Span(std::time::Duration::ZERO);
        config
    }

    /// Runs a command. `{password}` is replaced by the path of a file with a new password.
    async fn command(&self, line: &str) -> bool {
        let password = self.write_file("password", "nytt hemligt");
        let line = line.replace("{password}", &password.display().to_string());
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let context = Context {
            config: self.config(),
            store: Arc::new(self.store().await),
            output: super::super::output::Output { json: true },
            language: Language::English,
            renewals: Renewals::default(),
        };
        let result = run_with(cli.command, context).await;
        if let Err(failure) = &result {
            eprintln!("{line}: {failure:?}");
        }
        result.is_ok()
    }

    /// Sends a request to the API that applies to any version of the resource (`If-Match: *`).
    async fn api(&self, Api { method, path, body }: &Api) -> StatusCode {
        let path = format!("/api/v1{path}");
        let mut request = Request::builder()
            .method(*method)
            .uri(path)
            .header("host", "localhost:8025")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("if-match", "*");
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.clone())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Submits a form of a page as the operator.
    async fn page(&self, Page { path, form }: &Page) -> StatusCode {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form.iter()).finish();
        let request = Request::builder()
            .method("POST")
            .uri(*path)
            .header("host", "localhost:8025")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", format!("{}={SESSION}", testing::SESSION))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    async fn send(&self, mut request: Request<Body>) -> StatusCode {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
        let store = Arc::new(self.store().await);
        let vault = self.key().open(false).unwrap();
        let router = testing::router(self.config(), store.clone(), vault);
        let response = router.oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        if status.is_client_error() {
            eprintln!("{status} {}", String::from_utf8_lossy(&body));
        }
        store.close().await;
        status
    }

    /// All rows, without the columns that differ from run to run.
    async fn rows(&self) -> Value {
        let store = self.store().await;
        let rows =
            store.dump(&["id", "created_at", "at", "who", "created_by", "made_by", "last_used_at", "seen_at"]).await;
        store.close().await;
        rows
    }

    async fn newest_audit(&self) -> Vec<(String, String, String)> {
        let store = self.store().await;
        let lines = store.audit_lines(crate::store::Scope::All, None, 1000).await.unwrap();
        store.close().await;
        let entry =
            |line: &crate::store::AuditLine| (line.action.clone(), line.target.clone(), line.detail(Language::English));
        lines.iter().rev().map(entry).collect()
    }
}

fn address(text: &str) -> crate::address::Address {
    text.parse().unwrap()
}

/// Quarantines mails of the mailbox.
async fn quarantine(store: &Store, uids: &[u32], now: Timestamp) {
    let until = now.plus(std::time::Duration::from_secs(60));
    let taker = LeaseTaker { owner: "me", dead_token: None };
    let lease = store.take_lease(&address(MAILBOX), taker, now, until).await.unwrap().unwrap();
    let folder = store.watched_folders(lease.mailbox.id).await.unwrap()[0].id;
    let epoch = store
        .open_epoch(&lease, crate::store::NewEpoch { folder_id: folder, uidvalidity: 7, boundary: 1 }, now)
        .await
        .unwrap();
    let quarantined = |uid: &u32| {
        let reason = Reason::TooLarge { size: 9, limit: 8 };
        (*uid, Finding::Quarantined { reason, size: 9, internal_date: None, headers: Vec::new() })
    };
    let findings = uids.iter().map(quarantined).collect();
    let batch = Batch {
        epoch_id: epoch.id,
        folder: "INBOX".into(),
        uidvalidity: 7,
        findings,
        cursor: 9,
        top: 8,
        sender_limit: 500,
    };
    store.import(&lease, batch, now).await.unwrap();
    store.release_lease(&lease).await.unwrap();
}

/// Describes the tables in which two databases differ.
fn difference(left: &Value, right: &Value) -> Vec<String> {
    let tables = left.as_object().unwrap();
    let differ = tables.iter().filter(|(table, rows)| right.get(table.as_str()) != Some(rows));
    differ
        .map(|(table, rows)| format!("{table}:\n  {rows}\n  {}", right.get(table.as_str()).unwrap_or(&json!(null))))
        .collect()
}

#[tokio::test]
async fn a_use_case_has_the_same_result_through_every_door() {
    let [command_line, api, pages] = [Door::new().await, Door::new().await, Door::new().await];
    let mut audited = 0;
    for UseCase { name, command, api: request, page, audit } in USE_CASES {
        let mut doors = Vec::new();
        if let Some(line) = command {
            assert!(command_line.command(line).await, "{name}: {line}");
            doors.push(&command_line);
        }
        if let Some(request) = request() {
            let status = api.api(&request).await;
            assert!(status.is_success(), "{name}: {status}");
            doors.push(&api);
        }
        if let Some(form) = page() {
            let status = pages.page(&form).await;
            assert!(status.is_success() || status == StatusCode::SEE_OTHER, "{name}: {status}");
            doors.push(&pages);
        }
        assert!(doors.len() > 1, "{name} has one door only, and is tested there");
        // If a door lacks the use case, another door makes the change in its database, so that the next use case starts from
        // the same state.
        for (door, has_it) in
            [(&command_line, command.is_some()), (&api, request().is_some()), (&pages, page().is_some())]
        {
            if !has_it {
                match request() {
                    Some(request) => assert!(door.api(&request).await.is_success(), "{name}"),
                    None => assert!(door.command(command.unwrap()).await, "{name}"),
                }
            }
        }
        let lines = command_line.newest_audit().await;
        let new: Vec<_> =
            lines[audited..].iter().map(|(action, target, detail)| (&**action, &**target, &**detail)).collect();
        assert_eq!(new, *audit, "{name}: the audit lines");
        audited = lines.len();
        let (from_command_line, from_api, from_pages) =
            (command_line.rows().await, api.rows().await, pages.rows().await);
        assert_eq!(difference(&from_command_line, &from_api), [""; 0], "{name}: command line and API");
        assert_eq!(difference(&from_command_line, &from_pages), [""; 0], "{name}: command line and pages");
    }
}
