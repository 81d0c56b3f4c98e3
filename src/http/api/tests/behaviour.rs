//! Tests of what the API guarantees about cursors, idempotency, If-Match, errors, and secrets.

use axum::http::StatusCode;
use serde_json::json;

use super::*;
use crate::store::Scope;

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status.as_u16()).collect()
}

#[tokio::test]
async fn a_client_with_the_last_cursor_misses_no_message() {
    let world = World::new().await;
    for _ in 0..4 {
        world.import().await;
    }
    let path = format!("/inboxes/{INBOX}/messages");
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = world.get(&format!("{path}?limit=2{after}")).await.json();
        for message in page["items"].as_array().unwrap() {
            seen.push(message["subject"].as_str().unwrap().to_owned());
            after = format!("&after={}", message["cursor"].as_str().unwrap());
        }
        if page["next"].is_null() {
            break;
        }
    }
    assert_eq!(seen, ["number 1", "number 2", "number 3", "number 4", "number 5"]);
    world.import().await;
    let page = world.get(&format!("{path}?{after}")).await.json();
    assert_eq!(page["items"][0]["subject"], "number 6");
    for wrong in ["limit=0", "limit=201", "limit=x", "after=x", "after=", "nothing=1", "limit=1&limit=2"] {
        assert_eq!(world.get(&format!("{path}?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_message_is_returned_byte_by_byte_and_acknowledged_once() {
    let world = World::new().await;
    let path = format!("/messages/{}", world.message);
    let raw = world.get(&format!("{path}/raw")).await;
    assert!(raw.bytes.starts_with(b"Subject: number 1\r\n") && raw.bytes.ends_with(b"--b--\r\n"), "{}", raw.text());
    assert_eq!(raw.header("content-type"), "message/rfc822");
    assert_eq!(raw.header("content-disposition"), format!("attachment; filename=\"{}.eml\"", world.message));
    let waiting = format!("/inboxes/{INBOX}/messages?unacknowledged=true");
    assert_eq!(world.get(&waiting).await.json()["items"].as_array().unwrap().len(), 1);
    let mut at = Vec::new();
    for _ in 0..2 {
        let reply = world.ask("POST", &format!("{path}/ack"), "ours-write", &[], None).await;
        assert_eq!((reply.status, reply.bytes.len()), (StatusCode::NO_CONTENT, 0));
        at.push(world.get(&path).await.json()["acknowledged_at"].clone());
    }
    assert!(at[0].is_string() && at[0] == at[1], "{at:?}");
    assert!(world.get(&waiting).await.json()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_request_is_executed_once() {
    let world = World::new().await;
    let key = [("idempotency-key", "one")];
    let body = || Some(json!({ "name": "second", "scope": "read" }));
    let first = world.ask("POST", "/tokens", "ours-write", &key, body()).await;
    let again = world.ask("POST", "/tokens", "ours-write", &key, body()).await;
    assert_eq!(statuses(&[first, again]), [201, 201]);
    let first = world.ask("POST", "/tokens", "ours-write", &key, body()).await;
    assert_eq!(first.header("idempotency-replayed"), "true");
    assert_eq!(first.header("location"), "/api/v1/tokens/second");
    let token = first.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(world.ask("GET", "/inboxes", &token, &[], None).await.status, StatusCode::OK);
    let kept = world.store().stored_response(3, "one").await.unwrap().unwrap().2;
    assert!(!kept.contains(&token), "no token is stored unencrypted");
    let other =
        world.ask("POST", "/tokens", "ours-write", &key, Some(json!({ "name": "third", "scope": "read" }))).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.json()["type"], "urn:mailferry:problem:key-reused");
    // The same key sent with another token is a different key.
    let theirs =
        world.ask("POST", "/tokens", "theirs-write", &key, Some(json!({ "name": "their", "scope": "read" }))).await;
    assert_eq!((theirs.status, theirs.json()["organisation"].clone()), (StatusCode::CREATED, json!("other")));
    for bad in ["", &"x".repeat(256), "\tx"] {
        let reply = world.ask("POST", "/tokens", "ours-write", &[("idempotency-key", bad)], body()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{bad:?}");
    }
    // While a request is in progress, a different request with the same key is refused.
    assert!(world.store().claim_key(3, "two", &[0], world.now()).await.unwrap());
    let reply = world.ask("POST", "/tokens", "ours-write", &[("idempotency-key", "two")], body()).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "a different request");
}

#[tokio::test]
async fn concurrent_requests_with_one_key_create_one_object() {
    let world = Arc::new(World::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let world = world.clone();
        tasks.spawn(async move {
            let body = json!({ "address": "ny@mail.kundo.se" });
            world.ask("POST", "/inboxes", "ours-write", &[("idempotency-key", "k")], Some(body)).await.status.as_u16()
        });
    }
    let codes = tasks.join_all().await;
    assert!(codes.iter().all(|status| [201, 409].contains(status)) && codes.contains(&201), "{codes:?}");
    let added = world.store().audit_lines(Scope::All, None, 100).await.unwrap();
    assert_eq!(added.iter().filter(|line| line.action == "inbox-added").count(), 1);
}

#[tokio::test]
async fn a_change_requires_if_match() {
    let world = World::new().await;
    let path = format!("/inboxes/{INBOX}");
    let etag = world.get(&path).await.header("etag").to_owned();
    let patch =
        async |headers: &[(&str, &str)], body| world.ask("PATCH", &path, "ours-write", headers, Some(body)).await;
    let changed = patch(&[("if-match", &etag)], json!({ "name": "Jobb", "reply_from": MAILBOX })).await;
    assert_eq!((changed.status, changed.json()["name"].clone()), (StatusCode::OK, json!("Jobb")));
    assert_ne!(changed.header("etag"), etag);
    assert_eq!(patch(&[("if-match", &etag)], json!({ "name": "x" })).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(patch(&[], json!({ "name": "x" })).await.status, StatusCode::PRECONDITION_REQUIRED);
    let gone = patch(&[("if-match", "*")], json!({ "reply_from": null })).await.json();
    assert_eq!((gone["name"].clone(), gone["reply_from"].clone()), (json!("Jobb"), json!(null)));
    // Of several concurrent changes to the same version, only one succeeds.
    let etag = world.get(&path).await.header("etag").to_owned();
    let replies =
        futures::future::join_all(["a", "b", "c", "d"].map(|name| {
            let etag = etag.clone();
            let (world, path) = (&world, &path);
            async move {
                world.ask("PATCH", path, "ours-write", &[("if-match", &etag)], Some(json!({ "name": name }))).await
            }
        }))
        .await;
    let mut codes = statuses(&replies);
    codes.sort_unstable();
    assert_eq!(codes, [200, 412, 412, 412]);
}

#[tokio::test]
async fn a_mailbox_is_added_changed_paused_and_removed_without_revealing_its_password() {
    let world = World::new().await;
    let body = json!({ "address": "ny@b.se", "inbox": INBOX, "host": "imap.b.se", "password": SECRET, "folders": ["inbox"], "interval": "5m" });
    let mut replies = vec![world.ask("POST", "/mailboxes", "ours-write", &[], Some(body)).await];
    let made = replies[0].json();
    assert_eq!(
        (made["port"].clone(), made["folders"][0].clone(), made["interval"].clone()),
        (json!(993), json!("INBOX"), json!("5m"))
    );
    assert_eq!((made["has_password"].clone(), made["status"]["state"].clone()), (json!(true), json!("new")));
    let path = "/mailboxes/ny@b.se";
    let before = world.get(path).await.header("etag").to_owned();
    let body = json!({ "password": format!("{SECRET}2"), "tls": "starttls" });
    replies.push(world.ask("PATCH", path, "ours-write", &[("if-match", &before)], Some(body)).await);
    assert_eq!(
        (replies[1].status, replies[1].json()["port"].clone()),
        (StatusCode::OK, json!(143)),
        "{}",
        replies[1].text()
    );
    for (action, expected) in
        [("pause", 200), ("poll", 409), ("resume", 200), ("poll", 202), ("ledger/retry", 200), ("ledger/skip", 422)]
    {
        replies.push(world.ask("POST", &format!("{path}/{action}"), "ours-write", &[], None).await);
        let last = replies.last().unwrap();
        // Skipping requires a body.
        let expected = if action == "ledger/skip" { 415 } else { expected };
        assert_eq!(last.status.as_u16(), expected, "{action} {}", last.text());
    }
    replies.push(world.ask("POST", &format!("{path}/ledger/skip"), "ours-write", &[], Some(json!({ "uid": 1 }))).await);
    assert_eq!(replies.last().unwrap().status, StatusCode::CONFLICT);
    replies.push(world.get("/mailboxes?q=b.se&state=new").await);
    assert_eq!(replies.last().unwrap().json()["items"][0]["address"], "ny@b.se");
    replies.push(world.ask("DELETE", path, "ours-write", &[("if-match", "*")], None).await);
    assert_eq!(
        replies.last().unwrap().json(),
        json!({ "mailbox": "ny@b.se", "revoked_at_provider": null, "detail": null })
    );
    replies.push(world.get(path).await);
    assert_eq!(replies.last().unwrap().status, StatusCode::NOT_FOUND);
    let audit = world.get("/audit").await;
    let actions: Vec<String> = audit.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {}", line["who"], line["action"]))
        .collect();
    for action in [
        "mailbox-added",
        "credentials-changed",
        "mailbox-paused",
        "mailbox-resumed",
        "ledger-retried",
        "mailbox-removed",
    ] {
        assert!(actions.contains(&format!("\"token ours-write\" \"{action}\"")), "{action} in {actions:?}");
    }
    replies.push(audit);
    for reply in &replies {
        assert!(!reply.text().contains(SECRET), "{}", reply.text());
    }
}

#[tokio::test]
async fn errors_name_the_field_without_repeating_its_value() {
    let world = World::new().await;
    let post = async |body| world.ask("POST", "/mailboxes", "ours-write", &[], Some(body)).await;
    let usual = || json!({ "address": "a@b.se", "inbox": INBOX, "host": "h", "password": "p" });
    let with = |name: &str, value: Value| {
        let mut body = usual();
        body[name] = value;
        body
    };
    for (body, pointer) in [
        (with("password", json!(12345)), "/password"),
        (with("password", json!("a\nb")), "/password"),
        (with("tls", json!(SECRET)), "/tls"),
        (with("port", json!(70000)), "/port"),
        (with("port", json!(0)), "/port"),
        (with("host", json!("a b")), "/host"),
        (with("folders", json!([])), "/folders"),
        (with("folders", json!(["INBOX", 7])), "/folders/1"),
        (with("interval", json!("soon")), "/interval"),
        (with("start", json!("2026-02-30")), "/start"),
        (with("after_import", json!("burn")), "/after_import"),
        (with("after_import", json!("move:INBOX")), "/after_import"),
        (with("oauth", json!({ "provider": "microsoft" })), "/oauth"),
        (with("ca_pem", json!("no pem")), "/ca_pem"),
        (with("pin_sha256", json!("no pin")), "/pin_sha256"),
        (with("max_size", json!(0)), "/max_size"),
        (with("username", json!("a\u{1}b")), "/username"),
        (json!({ "address": "a", "inbox": INBOX }), "/address"),
        (json!({ "address": "a@b.se", "inbox": INBOX, "password": "p" }), "/host"),
        (json!({ "address": "a@b.se", "inbox": INBOX, "host": "h" }), "/password"),
    ] {
        let reply = post(body.clone()).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {}", reply.text());
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body} {}", reply.text());
        assert!(!reply.text().contains(SECRET) && !reply.text().contains("12345"), "{}", reply.text());
    }
    // All invalid fields are reported at once, whether or not a required field is missing too.
    let mut body = with("colour", json!("red"));
    (body["folders"], body["port"], body["taste/~"]) = (json!(["INBOX", 7]), json!("993"), json!(1));
    for body in [body.clone(), {
        body.as_object_mut().unwrap().remove("inbox");
        body
    }] {
        let reply = post(body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text());
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        let mut pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/colour", "/folders/1", "/port", "/taste~1~0"], "{}", reply.text());
    }
    let duplicate = world.send(
        Request::post("/api/v1/inboxes")
            .header("authorization", "Bearer ours-write")
            .header("content-type", "application/json")
            .body(Body::from(r#"{"address":"a@b.se","address":"a@b.se"}"#))
            .unwrap(),
    );
    let duplicate = duplicate.await.json();
    assert_eq!(duplicate["errors"][0]["detail"], "duplicate field `address`", "{duplicate}");
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post("/api/v1/inboxes").header("authorization", "Bearer ours-write");
        world.send(request.header("content-type", content_type).body(Body::from(body)).unwrap()).await.status.as_u16()
    };
    assert_eq!(send("application/json", b"{".to_vec()).await, 400);
    assert_eq!(send("application/json", b"{} {}".to_vec()).await, 422);
    assert_eq!(send("application/json", vec![0xff]).await, 400);
    assert_eq!(send("application/json; charset=utf-8", br#"{"address":"c@d.se"}"#.to_vec()).await, 201);
    assert_eq!(send("text/plain", b"{}".to_vec()).await, 415);
    assert_eq!(send("application/json", vec![b' '; (64 << 10) + 1]).await, 413);
}

#[tokio::test]
async fn objects_of_other_organisations_cannot_be_referenced() {
    let world = World::new().await;
    let ask = async |method: &str, path: &str, body| {
        world.ask(method, path, "theirs-write", &[("if-match", "*")], Some(body)).await.status.as_u16()
    };
    let mailbox = |inbox: &str| json!({ "address": "a@b.se", "inbox": inbox, "host": "h", "password": "p" });
    assert_eq!(ask("POST", "/mailboxes", mailbox(INBOX)).await, 404);
    assert_eq!(ask("POST", "/mailboxes", mailbox(THEIRS)).await, 201);
    // A mailbox of another organisation is reported only as an address that cannot be used.
    let taken = json!({ "address": MAILBOX, "inbox": THEIRS, "host": "h", "password": "x" });
    let reply = world.ask("POST", "/mailboxes", "theirs-write", &[], Some(taken)).await;
    assert_eq!(
        (reply.status, reply.json()["detail"].as_str()),
        (StatusCode::CONFLICT, Some("this address cannot be used here"))
    );
    assert_eq!(ask("PATCH", "/mailboxes/a@b.se", json!({ "inbox": INBOX })).await, 404);
    assert_eq!(ask("POST", "/routes", json!({ "recipient": "a@b.se", "inbox": INBOX })).await, 404);
    let named = |name: &str| json!({ "address": "n@mail.kundo.se", "organisation": name });
    assert_eq!(ask("POST", "/inboxes", named("default")).await, 404);
    assert_eq!(ask("POST", "/inboxes", named("other")).await, 201);
    let token = |name: &str| json!({ "name": "n", "scope": "write", "organisation": name });
    assert_eq!(ask("POST", "/tokens", token("default")).await, 404, "a token cannot create one with more rights");
    assert_eq!(ask("POST", "/tokens", token("other")).await, 201);
    // The application can open mailboxes of other organisations.
    let app_only = json!({ "address": "c@b.se", "inbox": THEIRS, "host": "h", "oauth": { "provider": "microsoft", "app_only": true } });
    assert_eq!(ask("POST", "/mailboxes", app_only).await, 422);
}

#[tokio::test]
async fn other_objects_are_listed_and_removed() {
    let world = World::new().await;
    let etag = async |path: &str| world.get(path).await.header("etag").to_owned();
    let route = format!("/routes/{RECIPIENT}/{INBOX}");
    for path in [route.as_str(), &format!("/users/{USER}"), "/tokens/spare"] {
        let etag = etag(path).await;
        let reply = world.ask("DELETE", path, "ours-write", &[("if-match", &etag)], None).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{path} {}", reply.text());
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        world.ask("GET", "/inboxes", "spare", &[], None).await.status,
        StatusCode::UNAUTHORIZED,
        "effective immediately"
    );
    let made = world.ask("POST", "/organisations", "all-write", &[], Some(json!({ "name": "third" }))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let twice = world.ask("POST", "/organisations", "all-write", &[], Some(json!({ "name": " third" }))).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let (mut after, mut names) = (String::new(), Vec::new());
    while names.len() < 9 {
        let page = world.ask("GET", &format!("/organisations?limit=1{after}"), "all-read", &[], None).await.json();
        names.push(page["items"][0]["name"].as_str().unwrap().to_owned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["default", "other", "third"]);
    let inbox = format!("/inboxes/{INBOX}");
    let reply = world.ask("DELETE", &inbox, "ours-write", &[("if-match", "*")], None).await;
    assert_eq!(reply.status, StatusCode::CONFLICT, "a mailbox feeds it, and it holds mail");
    let found = world.get("/search?q=NUMB").await.json();
    assert_eq!(found["items"][0]["subject"], "number 1");
}

#[tokio::test]
async fn a_message_is_parsed_into_text_and_attachments() {
    let world = World::new().await;
    let id = world.message;
    let parsed = world.ask("GET", &format!("/messages/{id}/parsed"), "ours-read", &[], None).await.json();
    assert_eq!(parsed["parsed"]["text"], "Hej å");
    let attachment = &parsed["parsed"]["attachments"][0];
    assert_eq!(attachment["name"], "bilaga.txt");
    let path = format!("/messages/{id}/attachments/{}", attachment["index"]);
    let reply = world.ask("GET", &path, "ours-read", &[], None).await;
    assert_eq!((reply.status, reply.text().trim()), (StatusCode::OK, "bilaga"));
    assert!(reply.header("content-disposition").starts_with("attachment;"), "never shown in the browser");
    let none = world.ask("GET", &format!("/messages/{id}/attachments/99"), "ours-read", &[], None).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
