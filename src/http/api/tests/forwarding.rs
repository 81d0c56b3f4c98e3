//! Tests of mail that arrives by both forwarding and polling, and of targets that a mailbox would poll again.

use axum::http::StatusCode;
use serde_json::json;

use super::*;

const HEADER: &str = "Message-ID: <1@example.org>\r\nFrom: anna@example.org\r\n";

impl World {
    async fn report(&self, header: &str, body_sha256: &str) -> Reply {
        let body = json!({ "header": header, "body_sha256": body_sha256 });
        self.ask("POST", &format!("/inboxes/{INBOX}/seen"), "ours-write", &[], Some(body)).await
    }
}

#[tokio::test]
async fn a_forwarded_mail_is_reported_as_often_as_one_likes() {
    let world = World::new().await;
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for _ in 0..2 {
        let reply = world.report(HEADER, hash).await;
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({ "keep": true, "message": null })));
    }
    for (header, hash, pointer) in [
        (HEADER, "", "/body_sha256"),
        (HEADER, "9f86d0", "/body_sha256"),
        ("", hash, "/header"),
        ("Subject: hej\r\nFrom: anna@example.org\r\n", hash, "/header"),
    ] {
        let reply = world.report(header, hash).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.text());
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{}", reply.text());
    }
    let more = world.store().add_target(&INBOX.parse().unwrap(), world.now()).await;
    let reply = world.report(HEADER, hash).await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/target", "{}", reply.text());
    for (target, status) in [(more, StatusCode::OK), (99, StatusCode::UNPROCESSABLE_ENTITY)] {
        let body = json!({ "header": HEADER, "body_sha256": hash, "target": target });
        let reply = world.ask("POST", &format!("/inboxes/{INBOX}/seen"), "ours-write", &[], Some(body)).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    // A mail that Mailferry itself delivered is always to be kept, whatever else is in the report.
    let installation = world.store().installation().await.unwrap().name;
    let own = format!("X-Mailferry-Inbox: {INBOX}; installation={installation}\r\n{HEADER}");
    assert_eq!(world.report(&own, hash).await.json(), json!({ "keep": true, "message": null }));
}

#[tokio::test]
async fn a_mail_without_a_message_id_is_reported_by_from_and_date() {
    let world = World::new().await;
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let dated = "From: anna@example.org\r\nDate: Fri, 27 Nov 2026 09:00:00 +0100\r\n";
    assert_eq!(world.report(dated, hash).await.status, StatusCode::OK, "without a Message-ID");
}

#[tokio::test]
async fn mail_is_neither_delivered_to_a_polled_mailbox_nor_polled_from_a_target() {
    let world = World::new().await;
    let targets = format!("/inboxes/{INBOX}/targets");
    let add = async |body: Value| world.ask("POST", &targets, "ours-write", &[], Some(body)).await;
    let smtp = "smtp://mx.kundo.example:587";
    for recipient in [MAILBOX, "JOBB@lillestad.se"] {
        let refused = add(json!({ "url": smtp, "recipient": recipient })).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{recipient}: {}", refused.text());
    }
    let added = add(json!({ "url": smtp, "recipient": "desk@kundo.example" })).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    let mailbox = |address: &str, username: &str| json!({ "address": address, "username": username, "inbox": INBOX, "host": "imap.example.org", "password": SECRET });
    let create = async |body: Value| world.ask("POST", "/mailboxes", "ours-write", &[], Some(body)).await;
    for (address, username) in [("desk@kundo.example", "desk"), ("alias@kundo.example", "Desk@kundo.example")] {
        let refused = create(mailbox(address, username)).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{address}: {}", refused.text());
        assert!(refused.text().contains("would be fetched and delivered again"), "{}", refused.text());
    }
    let added = create(mailbox("other@kundo.example", "other@kundo.example")).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    let renamed = json!({ "username": "desk@kundo.example", "password": SECRET });
    let refused =
        world.ask("PATCH", "/mailboxes/other@kundo.example", "ours-write", &[("if-match", "*")], Some(renamed));
    assert_eq!(refused.await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_message_whose_bytes_were_deleted_says_so() {
    let world = World::new().await;
    world.store().mark_raw_removed(world.message, world.now()).await;
    let path = format!("/messages/{}", world.message);
    assert!(world.get(&path).await.json()["raw_removed_at"].is_string());
    for part in ["raw", "parsed", "attachments/0"] {
        let reply = world.get(&format!("{path}/{part}")).await;
        assert_eq!(reply.status, StatusCode::CONFLICT, "{part}");
        assert!(reply.text().contains("were deleted"), "{part}: {}", reply.text());
    }
}
