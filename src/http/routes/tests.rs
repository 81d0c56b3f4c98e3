//! Goes through the route table and checks the access to every route.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use tower::ServiceExt;

use super::{Route, route_table, router};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::deliver::webhook::raw_link::RawAccess;
use crate::http::State;
use crate::http::page::guard::{PageAccess, SESSION};
use crate::mailbox::Start;
use crate::opaque;
use crate::store::{Batch, FIRST_ORGANISATION, Finding, LeaseTaker, Mail, NewInbox, NewMailbox, NewPerson, Raw, Role};

const MAILBOX: &str = "jobb@lillestad.se";
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";
const ORIGIN: &str = "http://localhost:8025";

struct World {
    state: State,
    message: i64,
    /// The number of a delivery target. A delivery to it has the same number.
    target: i64,
    test: i64,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let (state, folder) = crate::http::testing::state(|_| {}).await;
        let (store, vault) = (&state.deps.store, &state.deps.vault);
        let now = SystemClock.now();
        let inbox = NewInbox { address: INBOX.parse().unwrap(), name: None, reply_from: None, organisation_id: None };
        store.add_inbox(&inbox, now).await.unwrap();
        let new = NewMailbox {
            settings: crate::mailbox::Settings { start: Start::All, ..Default::default() },
            ..NewMailbox::with_password(MAILBOX, INBOX, "secret")
        };
        store.add_mailbox(&new, vault, now).await.unwrap();
        let target = store.add_target(&INBOX.parse().unwrap(), now).await;
        let lease = store
            .take_lease(
                &MAILBOX.parse().unwrap(),
                LeaseTaker { owner: "me", dead_token: None },
                now,
                Timestamp(now.0 + 60_000),
            )
            .await;
        let lease = lease.unwrap().unwrap();
        let watched = store.watched_folders(lease.mailbox.id).await.unwrap();
        let epoch = store
            .open_epoch(&lease, crate::store::NewEpoch { folder_id: watched[0].id, uidvalidity: 7, boundary: 1 }, now)
            .await
            .unwrap();
        let text = "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>Hej</p>\r\n";
        let mail = Mail {
            raw: Raw::Whole(text.into()),
            size: text.len() as u64,
            sha256: opaque::hash(text).try_into().unwrap(),
            identity: [1; 32],
            message_id: None,
            from: None,
            subject: Some("x".into()),
            internal_date: None,
            historic: false,
            targets: vec![(lease.mailbox.inbox_id, "mailbox".into())],
            bounce: None,
            effect: None,
        };
        let findings = vec![(1, Finding::Mail(Box::new(mail)))];
        let batch = Batch {
            epoch_id: epoch.id,
            folder: "INBOX".into(),
            uidvalidity: 7,
            findings,
            cursor: 2,
            top: 1,
            sender_limit: 500,
        };
        store.import(&lease, batch, now).await.unwrap();
        store.release_lease(&lease).await.unwrap();
        let message = store.newest_messages(lease.mailbox.inbox_id, None, 1).await.unwrap()[0].id;
        let test = store.begin_test(lease.mailbox.id, "TESTX", now).await.unwrap();
        let other = store.organisation_named("other", now).await.unwrap().id;
        for (name, role, organisation_id) in [
            ("operator", Role::Operator, None),
            ("admin", Role::Admin, Some(FIRST_ORGANISATION)),
            ("viewer", Role::Viewer, Some(FIRST_ORGANISATION)),
            ("stranger", Role::Admin, Some(other)),
        ] {
            let new = NewPerson { name, role, organisation_id, password_hash: None, language: "sv", zone: "" };
            store.add_person(&new, now).await.unwrap();
        }
        Self { state, message, target, test, now, _folder: folder }
    }

    fn path(&self, route: &Route) -> String {
        let object = match route.path {
            path if path.starts_with("/inboxes") => INBOX,
            _ => MAILBOX,
        };
        let id = match route.path {
            path if path.starts_with("/messages") => self.message,
            path if path.starts_with("/targets") || path.starts_with("/deliveries") => self.target,
            _ => self.test,
        };
        route
            .path
            .replace("{address}", object)
            .replace("{id}", &id.to_string())
            .replace("{index}", "0")
            .replace("{key}", "nokey")
            .replace("{token}", "notoken")
            .replace("{version}", "1")
            .replace("{name}", "mailferry.css")
    }

    /// Sends a request as this user, with these headers of a browser.
    async fn ask(&self, route: &Route, who: Option<&str>, site: &[(&str, &str)]) -> Response {
        let mut request =
            Request::builder().method(route.method).uri(self.path(route)).header("host", "localhost:8025");
        if let Some(name) = who {
            let key = opaque::new("");
            let person = self.state.deps.store.person(name).await.unwrap();
            // Each request begins a new session, because some routes sign the user out. No earlier request may have removed
            // the user.
            let Some(person) = person else { panic!("{name} was removed") };
            self.state.deps.store.begin_session(person.id, &opaque::hash(&key), None, self.now).await.unwrap();
            request = request.header("cookie", format!("{SESSION}={key}"));
        }
        for (name, value) in site {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::empty()).unwrap();
        router(self.state.clone()).oneshot(request).await.unwrap()
    }
}

#[tokio::test]
async fn a_link_downloads_its_own_mail_until_it_expires() {
    let world = World::new().await;
    let base = world.state.settings.link("");
    let expires_at = world.now.plus(Duration::from_mins(5));
    let access = RawAccess { message: world.message, organisation: FIRST_ORGANISATION, expires_at };
    let get = async |access: RawAccess| {
        let link = access.link(&base, &world.state.deps.vault).unwrap();
        let path = link.url.strip_prefix(&base).unwrap();
        let request = Request::get(path).header("host", "localhost:8025").body(Body::empty()).unwrap();
        router(world.state.clone()).oneshot(request).await.unwrap()
    };
    let response = get(access).await;
    assert_eq!(response.status(), StatusCode::OK);
    let name = format!("attachment; filename=\"{}.eml\"", world.message);
    assert_eq!(response.headers()["content-disposition"], name);
    assert_eq!(response.headers()["content-type"], "message/rfc822");
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    assert_eq!(body, "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>Hej</p>\r\n");
    for refused in [
        RawAccess { expires_at: world.now, ..access },
        RawAccess { message: world.message + 1, ..access },
        RawAccess { organisation: FIRST_ORGANISATION + 1, ..access },
    ] {
        assert_eq!(get(refused).await.status(), StatusCode::NOT_FOUND);
    }
}

const OURS: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

fn is_to_login(response: &Response) -> bool {
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    response.status() == StatusCode::SEE_OTHER && location.is_some_and(|to| to.starts_with("/login"))
}

#[tokio::test]
async fn guests_are_redirected_to_the_login() {
    let world = World::new().await;
    for route in route_table().iter().filter(|route| route.access != PageAccess::Public) {
        let response = world.ask(route, None, OURS).await;
        assert!(is_to_login(&response), "{} {}: {}", route.method, route.path, response.status());
    }
}

#[tokio::test]
async fn a_viewer_cannot_change_anything() {
    let world = World::new().await;
    for route in route_table() {
        let response = world.ask(&route, Some("viewer"), OURS).await;
        let is_admin_only = route.access == PageAccess::Admin;
        let is_forbidden = response.status() == StatusCode::FORBIDDEN;
        assert_eq!(is_forbidden, is_admin_only, "{} {}: {}", route.method, route.path, response.status());
        // Viewers may change only what concerns themselves.
        let own = ["/login", "/logout", "/language", "/account", "/setup/", "/invitation/", "/customer/"];
        assert!(
            is_admin_only || route.method == "GET" || own.iter().any(|own| route.path.starts_with(own)),
            "{}",
            route.path
        );
    }
}

#[tokio::test]
async fn objects_of_other_organisations_are_not_found() {
    let world = World::new().await;
    for route in route_table().iter().filter(|route| ["{address}", "{id}"].iter().any(|name| route.path.contains(name)))
    {
        let response = world.ask(route, Some("stranger"), OURS).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{} {}", route.method, route.path);
    }
    // Lists do not contain objects of other organisations, either.
    for route in route_table().iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let response = world.ask(route, Some("stranger"), OURS).await;
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&body);
        for name in [MAILBOX, "viewer</td>", ">admin<"] {
            // A form's placeholder contains the same address as an example.
            assert!(!text.replace(&format!("placeholder=\"{MAILBOX}\""), "").contains(name), "{} {name}", route.path);
        }
    }
}

#[tokio::test]
async fn cross_site_requests_are_rejected() {
    let world = World::new().await;
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", ORIGIN)],
        &[("origin", "http://localhost:8026")],
    ];
    for route in route_table().iter().filter(|route| route.method != "GET") {
        for site in foreign {
            let response = world.ask(route, Some("operator"), site).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{} {site:?}", route.path);
        }
    }
}

#[tokio::test]
async fn authorised_requests_are_answered() {
    let world = World::new().await;
    for name in ["operator", "admin"] {
        // Routes that remove something are tested last.
        let (last, first): (Vec<_>, Vec<_>) =
            route_table().into_iter().partition(|route| route.path.ends_with("/remove"));
        for route in first.iter().chain(&last) {
            let response = world.ask(route, Some(name), &[("origin", ORIGIN)]).await;
            let status = response.status();
            assert!(
                !status.is_server_error() && status != StatusCode::FORBIDDEN,
                "{name} {} {}: {status}",
                route.method,
                route.path
            );
            assert!(!is_to_login(&response) || route.path == "/logout", "{name} {}", route.path);
        }
    }
}
