//! Setting up a mailbox: discovery, inspection, check, dry run and test message. `tests/it/api.rs` uses real servers.

use axum::http::StatusCode;
use serde_json::json;

use super::*;
use crate::app::mailboxes::inspect::{self, CheckOptions};
use crate::app::{Actor, Error};
use crate::fact::Conflict;
use crate::imap::LoginError;
use crate::poll::PollError;
use crate::poll::check::CheckLine;
use crate::poll::login_attempts::{LoginAccount, LoginAttempt, LoginTrigger};
use crate::store::{Mailbox, Outcome, Scope};

impl World {
    async fn post(&self, path: &str, token: &str, body: Option<Value>) -> Reply {
        self.ask("POST", path, token, &[], body).await
    }

    /// Records this number of logins by this organisation that the mailbox's server refused.
    async fn refused(&self, organisation_id: i64, times: usize) {
        let deps = &self.state.deps;
        let mailbox = self.store().mailbox(&MAILBOX.parse().unwrap()).await.unwrap();
        let mailbox = Mailbox { organisation_id, ..mailbox };
        let account = LoginAccount::new(organisation_id, &mailbox.server, &mailbox.username, &[]);
        let error = LoginError::Refused("no".to_owned());
        let poll_error = PollError::login(&error, "h", &Default::default());
        for _ in 0..times {
            if let Ok(attempt) = LoginAttempt::begin(&account, LoginTrigger::Person, &mailbox, deps).await {
                attempt.end(Err((&error, Some(&poll_error)))).await;
            }
        }
    }

    /// Makes the mailbox's server ask us to wait for an hour. Returns the end of the hold.
    async fn hold(&self) -> Timestamp {
        let (store, now) = (self.store(), self.now());
        let (taker, until) = (LeaseTaker { owner: "me", dead_token: None }, now.plus(Duration::from_mins(60)));
        let lease = store.take_lease(&MAILBOX.parse().unwrap(), taker, now, until).await.unwrap().unwrap();
        let outcome = Outcome {
            started_at: now,
            success: true,
            complete: false,
            report: "{}".to_owned(),
            error: None,
            notes: Vec::new(),
            noteworthy: false,
            next_poll_at: Some(until),
            hold_until: Some(until),
            visited: Vec::new(),
            bytes: 0,
        };
        store.finish_poll(&lease, &outcome, now).await.unwrap();
        until
    }

    /// The actor and target of the audit lines with this action.
    async fn audit_lines_of(&self, action: &str) -> Vec<(String, String)> {
        let lines = self.store().audit_lines(Scope::All, None, 100).await.unwrap();
        lines.into_iter().filter(|line| line.action == action).map(|line| (line.who, line.target)).collect()
    }
}

fn of_mailbox(what: &str) -> String {
    format!("/mailboxes/{MAILBOX}/{what}")
}

#[tokio::test]
async fn discovery_knows_providers_and_ignores_names_that_are_not_domains() {
    let world = World::new().await;
    let find = async |address: &str| world.post("/discover", "ours-write", Some(json!({ "address": address }))).await;
    let gmail = find("Anna@gmail.com").await.json()["server"].clone();
    let expected = json!({
        "host": "imap.gmail.com", "port": 993, "tls": "implicit", "username": "anna@gmail.com", "login": "password",
        "oauth": null, "provider": gmail["provider"], "password_works": true, "app_password": true, "how": "provider",
    });
    assert_eq!(gmail, expected);
    let microsoft = find("anna@outlook.com").await.json()["server"].clone();
    assert_eq!((&microsoft["login"], &microsoft["password_works"]), (&json!("oauth"), &json!(false)), "{microsoft}");
    assert_eq!(find("anna@localhost").await.json(), json!({ "server": null }));
    let wrong = find("anna").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/address");
}

#[tokio::test]
async fn only_the_operator_sees_why_a_server_is_unreachable() {
    let world = World::new().await;
    for (method, what) in [("GET", "folders"), ("GET", "effects?folder=INBOX"), ("POST", "dry-run")] {
        let path = of_mailbox(what);
        let [ours, all] =
            ["ours-write", "all-write"].map(async |token| world.ask(method, &path, token, &[], None).await);
        let (ours, all) = (ours.await, all.await);
        assert_eq!((ours.status, all.status), (StatusCode::CONFLICT, StatusCode::CONFLICT), "{what}");
        let detail = ours.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("The server cannot be reached at that name and port."), "{detail}");
        assert!(!detail.contains("127.0.0.1") && !detail.contains('('), "{detail}");
        assert!(all.json()["detail"].as_str().unwrap().contains("127.0.0.1"), "{}", all.text());
    }
    let [ours, all] =
        ["ours-write", "all-write"].map(async |token| world.post(&of_mailbox("check"), token, None).await.json());
    let line = json!({
        "step": "tcp", "ok": false, "detail": "The server cannot be reached at that name and port.", "remedy": null
    });
    assert_eq!(ours.await, json!({ "ok": false, "complete": true, "lines": [line] }));
    let all = all.await;
    assert_eq!(all["lines"][0]["step"], "dns", "{all}");
    // A host name that does not resolve looks the same.
    let world = World::new().await;
    let other = json!({ "host": "nowhere.invalid", "password": SECRET });
    let path = format!("/mailboxes/{MAILBOX}");
    let patched = world.ask("PATCH", &path, "ours-write", &[("if-match", "*")], Some(other)).await;
    assert_eq!(patched.status, StatusCode::OK);
    let checked = world.post(&of_mailbox("check"), "ours-write", None).await.json();
    assert_eq!(checked["lines"], json!([line]));
}

#[tokio::test]
async fn repeated_inspections_do_not_lock_an_account() {
    let world = World::new().await;
    // Attempts that never reach the login cannot lock an account.
    for _ in 0..12 {
        let reply = world.ask("GET", &of_mailbox("folders"), "ours-write", &[], None).await;
        assert_eq!((reply.status, reply.text().contains("Wait")), (StatusCode::CONFLICT, false), "{}", reply.text());
    }
    world.refused(FIRST_ORGANISATION, 8).await;
    let last = world.ask("GET", &of_mailbox("folders"), "ours-write", &[], None).await.text();
    assert!(last.contains("has failed several times. Wait"), "{last}");
    for what in ["check", "dry-run"] {
        let reply = world.post(&of_mailbox(what), "all-write", None).await;
        assert_eq!((reply.status, reply.text().contains("Wait")), (StatusCode::CONFLICT, true), "{}", reply.text());
    }
    let effects = world.ask("GET", &of_mailbox("effects"), "ours-write", &[], None).await;
    assert!(effects.text().contains("Wait"), "{}", effects.text());
}

#[tokio::test]
async fn inspection_options_are_validated() {
    let world = World::new().await;
    for (body, expected) in [
        (json!({ "within": "61s" }), 422),
        (json!({ "within": "0s" }), 422),
        (json!({ "within": 5 }), 422),
        (json!({ "colour": "red" }), 422),
        (json!({ "within": "5s" }), 409),
        (json!({}), 409),
    ] {
        let reply = world.post(&of_mailbox("dry-run"), "ours-write", Some(body.clone())).await;
        assert_eq!(reply.status.as_u16(), expected, "{body} {}", reply.text());
    }
    for wrong in ["folder=", "folder=a%0Ab", "folder=a&folder=b", "colour=red"] {
        let reply = world.ask("GET", &of_mailbox(&format!("effects?{wrong}")), "ours-write", &[], None).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_connect_link_works_until_the_next_one_is_created() {
    let world = World::new().await;
    let page = async |url: &str| {
        let path = url.split_once("/customer/").unwrap().1;
        let request = Request::get(format!("/customer/{path}")).header("accept-language", "en");
        world.send(request.header("host", "localhost").body(Body::empty()).unwrap()).await.text()
    };
    let made = world.post(&of_mailbox("connect-links"), "ours-write", None).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let url = made["url"].as_str().unwrap();
    let customer = page(url).await;
    assert!(customer.contains(MAILBOX) && customer.contains("name=\"password\""), "{customer}");
    let until = world.store().open_connect_link(1, world.now()).await.unwrap().unwrap();
    assert_eq!(made["expires_at"], until.to_string());
    // The same request returns the same link; a new request replaces it.
    let key = [("idempotency-key", "one")];
    let ask = async || world.ask("POST", &of_mailbox("connect-links"), "ours-write", &key, None).await;
    let (second, again) = (ask().await, ask().await);
    assert_eq!((second.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    assert!(page(second.json()["url"].as_str().unwrap()).await.contains("name=\"password\""));
    assert!(!page(url).await.contains("name=\"password\""), "the previous link is no longer valid");
    let done = world.audit_lines_of("link-made").await;
    assert_eq!(done, vec![("token ours-write".to_owned(), MAILBOX.to_owned()); 2]);
}

#[tokio::test]
async fn a_test_message_is_followed_until_it_is_in_an_inbox() {
    let world = World::new().await;
    let begun = world.post(&of_mailbox("tests"), "ours-write", None).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text());
    let (test, place) = (begun.json(), begun.header("location").trim_start_matches("/api/v1").to_owned());
    let code = test["code"].as_str().unwrap();
    assert!(test["sent_at"].is_null() && test["problem"].is_null(), "no SMTP server is configured: {test}");
    let trail = world.get(&place).await.json();
    assert_eq!((&trail["test"], &trail["over"], &trail["message"]), (&test, &json!(false), &json!(null)), "{trail}");
    let too_soon = world.post(&of_mailbox("tests"), "ours-write", None).await;
    assert_eq!(too_soon.status, StatusCode::CONFLICT, "{}", too_soon.text());
    world.import_subject(&format!("Re: {code}")).await;
    let trail = world.get(&place).await.json();
    let message = &trail["message"];
    assert_eq!((&trail["over"], &trail["elsewhere"]), (&json!(true), &json!(false)), "{trail}");
    assert_eq!(
        (&message["inbox"], &message["folder"], &message["why"]),
        (&json!(INBOX), &json!("INBOX"), &json!("mailbox"))
    );
    assert!(message["imported_at"].is_string() && message["uid"].is_u64(), "{message}");
    for (path, token) in [(place.as_str(), "theirs-write"), (&of_mailbox("tests/999"), "ours-read")] {
        assert_eq!(world.ask("GET", path, token, &[], None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.audit_lines_of("test-begun").await, [("token ours-write".to_owned(), MAILBOX.to_owned())]);
    world.post(&of_mailbox("pause"), "ours-write", None).await;
    let paused = world.post(&of_mailbox("tests"), "ours-write", None).await;
    assert_eq!((paused.status, paused.text().contains("paused")), (StatusCode::CONFLICT, true));
}

#[tokio::test]
async fn guessing_passwords_is_rate_limited() {
    let world = World::new().await;
    let give = async |n: usize| {
        let body = json!({ "password": format!("{SECRET}{n}") });
        world.ask("PATCH", &format!("/mailboxes/{MAILBOX}"), "ours-write", &[("if-match", "*")], Some(body)).await
    };
    // Attempts that were not made and attempts of other organisations do not count.
    let other = world.store().organisation_named("other", world.now()).await.unwrap().id;
    world.refused(other, 30).await;
    for n in 0..30 {
        assert_eq!(give(n).await.status, StatusCode::OK, "{n}");
    }
    world.refused(FIRST_ORGANISATION, 8).await;
    let reply = give(30).await;
    assert_eq!(
        (reply.status, reply.text().contains("rejected several passwords")),
        (StatusCode::CONFLICT, true),
        "{}",
        reply.text()
    );
    // An account counts as the same through another mailbox or in a different spelling.
    for (n, (host, username)) in
        [("127.0.0.1", MAILBOX), ("127.1", "Jobb@Lillestad.SE"), ("::ffff:127.0.0.1", " jobb@lillestad.se ")]
            .into_iter()
            .enumerate()
    {
        let body = json!({
            "address": format!("alias{n}@lillestad.se"), "inbox": INBOX, "host": host, "port": 993, "username": username, "password": "x"
        });
        let reply = world.ask("POST", "/mailboxes", "ours-write", &[], Some(body)).await;
        assert_eq!(
            (reply.status, reply.text().contains("Wait")),
            (StatusCode::CONFLICT, true),
            "{host} {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn no_inspection_goes_to_a_server_that_asked_us_to_wait() {
    let world = World::new().await;
    let until = world.hold().await;
    let detail = format!("the mail server asked Mailferry to wait until {until}");
    for (method, what) in [("GET", "folders"), ("GET", "effects"), ("POST", "dry-run"), ("POST", "check")] {
        let reply = world.ask(method, &of_mailbox(what), "ours-write", &[], None).await;
        assert_eq!((reply.status, &reply.json()["detail"]), (StatusCode::CONFLICT, &json!(detail)), "{what}");
    }
    let mailbox = world.store().mailbox(&MAILBOX.parse().unwrap()).await.unwrap();
    let actor = Actor::CommandLine;
    let inspector = world.state.inspector(&actor);
    assert!(matches!(
        inspect::folders(inspector, &mailbox).await,
        Err(Error::Conflict(Conflict::ServerAskedToWaitUntil(_)))
    ));
    // The command line ignores the waiting time: a person may have fixed the problem.
    let options = CheckOptions { as_polled: false, on_step: |_: &CheckLine| {} };
    let checked = inspect::check(inspector, &mailbox, options).await.unwrap();
    assert!(!checked.steps.is_empty(), "the check was run");
}
