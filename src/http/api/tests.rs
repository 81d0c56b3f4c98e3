//! Tests of the API in this process, without a socket.

mod behaviour;
mod document;
mod forwarding;
mod fuzz;
mod setting_up;
mod table;
mod tenants;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use crate::clock::Timestamp;
use crate::config::Span;
use crate::http::{State, routes, testing};
use crate::mailbox::{Start, TlsMode};
use crate::opaque;
use crate::store::{
    Batch, FIRST_ORGANISATION, Finding, LeaseTaker, Mail, NewInbox, NewLogin, NewMailbox, NewPerson, Raw, Role, Server,
    Store, TokenScope,
};

const MAILBOX: &str = "jobb@lillestad.se";
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";
const RECIPIENT: &str = "info@lillestad.se";
const USER: &str = "anna@lillestad.se";
/// An inbox of the other organisation.
const THEIRS: &str = "theirs@mail.kundo.se";
/// A password. No response may contain it.
const SECRET: &str = "canary-Zq7x";

/// The tokens. Each token's secret is its name.
const TOKENS: [(&str, TokenScope, TokenOwner); 5] = [
    ("all-write", TokenScope::Write, TokenOwner::All),
    ("all-read", TokenScope::Read, TokenOwner::All),
    ("ours-write", TokenScope::Write, TokenOwner::Ours),
    ("ours-read", TokenScope::Read, TokenOwner::Ours),
    ("theirs-write", TokenScope::Write, TokenOwner::Theirs),
];

#[derive(Clone, Copy)]
enum TokenOwner {
    All,
    Ours,
    Theirs,
}

/// Two organisations. The first has one object of every kind.
struct World {
    state: State,
    router: Router,
    message: i64,
    /// The number of a delivery target. A delivery to it has the same number.
    target: i64,
    test: i64,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    async fn new() -> Self {
        // No test waits for a name server.
        let (state, folder) = testing::state(|config| config.deadlines.dns = Span(Duration::ZERO)).await;
        let router = routes::router(state.clone());
        let mut world = Self { state, router, message: 0, target: 0, test: 0, _folder: folder };
        let other = world.store().organisation_named("other", world.now()).await.unwrap().id;
        for (name, scope, owner) in TOKENS {
            let owner = match owner {
                TokenOwner::All => None,
                TokenOwner::Ours => Some(FIRST_ORGANISATION),
                TokenOwner::Theirs => Some(other),
            };
            testing::add_token(&world.state, name, scope, owner).await;
        }
        let inbox =
            NewInbox { address: THEIRS.parse().unwrap(), name: None, reply_from: None, organisation_id: Some(other) };
        world.store().add_inbox(&inbox, world.now()).await.unwrap();
        world.fill().await;
        world.target = world.store().add_target(&INBOX.parse().unwrap(), world.now()).await;
        world.message = world.import().await;
        let mailbox = world.store().mailbox(&MAILBOX.parse().unwrap()).await.unwrap();
        let long_ago = Timestamp(world.now().0 - 60_000);
        world.test = world.store().begin_test(mailbox.id, "TESTAAAAAAAA", long_ago).await.unwrap();
        world
    }

    fn store(&self) -> &Store {
        &self.state.deps.store
    }

    fn now(&self) -> Timestamp {
        self.state.deps.clock.now()
    }

    /// Adds those objects of the first organisation that are missing.
    async fn fill(&self) {
        let (store, now) = (self.store(), self.now());
        let address = |text: &str| text.parse().unwrap();
        let inbox = NewInbox { address: address(INBOX), name: None, reply_from: None, organisation_id: None };
        let _ = store.add_inbox(&inbox, now).await;
        store.add_route(&address(RECIPIENT), &address(INBOX), now).await.unwrap();
        let new = NewMailbox {
            settings: crate::mailbox::Settings { start: Start::All, ..Default::default() },
            ..NewMailbox::with_password(MAILBOX, INBOX, SECRET)
        };
        let _ = store.add_mailbox(&new, &self.state.deps.vault, now).await;
        let organisation_id = Some(FIRST_ORGANISATION);
        let new = NewPerson {
            name: USER,
            role: Role::Admin,
            organisation_id,
            password_hash: Some(SECRET),
            language: "sv",
            zone: "",
        };
        let _ = store.add_person(&new, now).await;
        let _ = store
            .add_token(
                crate::store::NewToken {
                    name: "spare",
                    hash: &opaque::hash("spare"),
                    scope: TokenScope::Read,
                    organisation_id,
                    creator: "".into(),
                },
                now,
            )
            .await;
    }

    /// Imports the next message, and returns its number.
    async fn import(&self) -> i64 {
        self.import_subject("number").await
    }

    /// Imports the next message with a subject that begins with this text, and returns its number.
    async fn import_subject(&self, subject: &str) -> i64 {
        let (store, now) = (self.store(), self.now());
        let until = Timestamp(now.0 + 60_000);
        let lease = store
            .take_lease(&MAILBOX.parse().unwrap(), LeaseTaker { owner: "me", dead_token: None }, now, until)
            .await
            .unwrap()
            .unwrap();
        let folder = store.watched_folders(lease.mailbox.id).await.unwrap()[0].id;
        let epoch = match store.newest_epoch(folder).await.unwrap() {
            Some(epoch) => epoch,
            None => store
                .open_epoch(&lease, crate::store::NewEpoch { folder_id: folder, uidvalidity: 7, boundary: 1 }, now)
                .await
                .unwrap(),
        };
        let uid = epoch.cursor;
        let text = format!(
            "Subject: {subject} {uid}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: \
             text/plain; charset=utf-8\r\n\r\nHej å\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; \
             filename=bilaga.txt\r\n\r\nbilaga\r\n--b--\r\n"
        );
        let mail = Mail {
            size: text.len() as u64,
            sha256: opaque::hash(&text).try_into().unwrap(),
            identity: opaque::hash(&text).try_into().unwrap(),
            raw: Raw::Whole(text.clone().into()),
            message_id: None,
            from: None,
            subject: Some(format!("{subject} {uid}")),
            internal_date: None,
            historic: false,
            targets: vec![(lease.mailbox.inbox_id, "mailbox".into())],
            bounce: None,
            effect: None,
        };
        let findings = vec![(uid, Finding::Mail(Box::new(mail)))];
        let batch = Batch {
            epoch_id: epoch.id,
            folder: "INBOX".into(),
            uidvalidity: 7,
            findings,
            cursor: uid + 1,
            top: uid,
            sender_limit: 500,
        };
        store.import(&lease, batch, now).await.unwrap();
        store.release_lease(&lease).await.unwrap();
        store.newest_messages(lease.mailbox.inbox_id, None, 1).await.unwrap()[0].id
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends a request with this token and these headers.
    async fn ask(&self, method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Sends a GET request with the first organisation's token.
    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "ours-read", &[], None).await
    }
}
