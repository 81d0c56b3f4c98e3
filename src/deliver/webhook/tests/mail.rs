//! The complete payload of a mail, and its limits.

use std::fmt::Write as _;

use hyper::body::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::deliver::webhook::{self, Event, Raw, RawLink, memory_bound};
use crate::store::MessageLine;
use crate::vault::hex;

const MAIL: &str = "Return-Path: <anna@example.org>\r\n\
    Authentication-Results: mx.lillestad.se;\r\n spf=pass\r\n\
    From: =?utf-8?q?Anna_=C3=85?= <anna@example.org>\r\n\
    To: Jobb <jobb@lillestad.se>\r\n\
    Cc: b@c.se\r\n\
    Subject: =?utf-8?B?w4RyZW5kZQ==?=\r\n\
    Date: Sat, 28 Nov 2026 21:34:05 +0000\r\n\
    Message-ID: <1@example.org>\r\n\
    Content-Type: multipart/related; boundary=b\r\n\
    \r\n\
    --b\r\n\
    Content-Type: multipart/alternative; boundary=a\r\n\
    \r\n\
    --a\r\n\
    \r\n\
    Hej\r\n\
    --a\r\n\
    Content-Type: text/html\r\n\
    \r\n\
    <p onclick=\"x()\">Hej</p><script>x()</script>\r\n\
    --a--\r\n\
    --b\r\n\
    Content-Type: image/png; name=logo.png\r\n\
    Content-Disposition: inline\r\n\
    Content-ID: <logo@example.org>\r\n\
    Content-Transfer-Encoding: base64\r\n\
    \r\n\
    aGVq\r\n\
    --b\r\n\
    Content-Type: text/csv\r\n\
    Content-Disposition: attachment; filename*=utf-8''%C3%A5.csv\r\n\
    \r\n\
    1;2\r\n\
    --b--\r\n";

fn event(raw: &[u8]) -> Event {
    let message = MessageLine {
        id: 7,
        inbox: "jobb.lillestad.se@mail.kundo.se".into(),
        mailbox: "jobb@lillestad.se".into(),
        folder: "INBOX".into(),
        uidvalidity: 3,
        uid: 4,
        message_id: None,
        from: None,
        subject: None,
        size: raw.len().try_into().unwrap(),
        sha256: hex(&Sha256::digest(raw)),
        internal_date: Some(Timestamp(1_795_901_640_000)),
        imported_at: Timestamp(1_795_901_645_000),
        historic: false,
        why: "To: jobb@lillestad.se".into(),
        acknowledged_at: None,
        raw_removed_at: None,
        forwarded_at: None,
    };
    Event::new("dlv_1".into(), &message, Some("jobb@lillestad.se".into()))
}

async fn payload(event: Event, raw: Raw) -> (Value, u64) {
    let body = webhook::json(event, raw).await.unwrap();
    let bytes: Vec<u8> = body.parts().flatten().copied().collect();
    (serde_json::from_slice(&bytes).unwrap(), body.size())
}

#[tokio::test]
async fn the_payload_contains_the_whole_mail() {
    let (found, _) = payload(event(MAIL.as_bytes()), Raw::Inline(Bytes::from_static(MAIL.as_bytes()))).await;
    let parsed = json!({
        "subject": "Ärende",
        "date": "2026-11-28T21:34:05Z",
        "message_id": "<1@example.org>",
        "from": [{"name": "Anna Å", "address": "anna@example.org"}],
        "to": [{"name": "Jobb", "address": "jobb@lillestad.se"}],
        "cc": [{"name": null, "address": "b@c.se"}],
        "reply_to": [],
        "headers": [
            ["Return-Path", "<anna@example.org>"],
            ["Authentication-Results", "mx.lillestad.se; spf=pass"],
            ["From", "Anna Å <anna@example.org>"],
            ["To", "Jobb <jobb@lillestad.se>"],
            ["Cc", "b@c.se"],
            ["Subject", "Ärende"],
            ["Date", "Sat, 28 Nov 2026 21:34:05 +0000"],
            ["Message-ID", "<1@example.org>"],
            ["Content-Type", "multipart/related; boundary=b"],
        ],
        "text": "Hej",
        "is_text_from_html": false,
        "html": "<p>Hej</p>",
        "attachments": [
            {
                "index": 0, "name": "logo.png", "content_type": "image/png", "size": 3, "is_inline": true,
                "content_id": "logo@example.org", "is_cut": false, "sha256": hex(&Sha256::digest(b"hej")),
            },
            {
                "index": 1, "name": "å.csv", "content_type": "text/csv", "size": 3, "is_inline": false,
                "content_id": null, "is_cut": false, "sha256": hex(&Sha256::digest(b"1;2")),
            },
        ],
        "cut": [],
    });
    let raw = json!({
        "content": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, MAIL),
        "url": null,
        "expires_at": null,
    });
    let wanted = json!({
        "id": "dlv_1",
        "type": "mail.received",
        "version": 1,
        "timestamp": "2026-11-28T21:34:05Z",
        "data": {
            "message": 7,
            "sha256": hex(&Sha256::digest(MAIL)),
            "size": MAIL.len(),
            "inbox": "jobb.lillestad.se@mail.kundo.se",
            "reply_from": "jobb@lillestad.se",
            "mailbox": "jobb@lillestad.se",
            "folder": "INBOX",
            "uidvalidity": 3,
            "uid": 4,
            "internal_date": "2026-11-28T21:34:00Z",
            "imported_at": "2026-11-28T21:34:05Z",
            "historic": false,
            "envelope": {"evidence": "To: jobb@lillestad.se", "return_path": "anna@example.org"},
            "auto_submitted": "no",
            "authentication_results": "mx.lillestad.se; spf=pass",
            "parsed": parsed,
            "raw": raw,
        },
    });
    assert_eq!(serde_json::to_string_pretty(&found).unwrap(), serde_json::to_string_pretty(&wanted).unwrap());
}

#[tokio::test]
async fn a_large_mail_is_linked() {
    let link = RawLink { url: "https://mail.kundo.se/d/x".into(), expires_at: Timestamp(1_795_905_245_000) };
    let (found, _) =
        payload(event(MAIL.as_bytes()), Raw::Linked(Bytes::from_static(MAIL.as_bytes()), Some(link))).await;
    let wanted = json!({"content": null, "url": "https://mail.kundo.se/d/x", "expires_at": "2026-11-28T22:34:05Z"});
    assert_eq!((&found["data"]["raw"], &found["data"]["parsed"]["subject"]), (&wanted, &json!("Ärende")));
}

#[tokio::test]
async fn a_payload_stays_within_its_memory_bound_and_lists_what_is_missing() {
    // Exceeds every limit of the parser.
    let mut mail = "Content-Type: multipart/mixed; boundary=b\r\n".to_owned();
    write!(mail, "To: {}\r\n", "\"\\\"\" <a@b.se>,".repeat(2000)).unwrap();
    for n in 0..300 {
        write!(mail, "X-{n}: {}\r\n", "å\"".repeat(3000)).unwrap();
    }
    mail.push_str("\r\n");
    for kind in ["plain", "html"] {
        write!(mail, "--b\r\nContent-Type: text/{kind}\r\n\r\n{}\r\n", "\"&\n".repeat(1 << 20)).unwrap();
    }
    for n in 0..1100 {
        write!(mail, "--b\r\nContent-Type: a/b; name=\"{n}{}\"\r\n\r\n", "ö".repeat(1000)).unwrap();
    }
    let raw = Bytes::from(mail);
    let size = raw.len() as u64;
    let (found, length) = payload(event(&raw), Raw::Inline(raw)).await;
    assert!(length + size <= memory_bound(size, size), "{length} {size}");
    let cut: Vec<&str> = found["data"]["parsed"]["cut"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for wanted in ["headers", "addresses", "parts", "text", "html"] {
        assert!(cut.contains(&wanted) || cut.contains(&"time"), "{wanted}: {cut:?}");
    }
    assert_eq!(memory_bound(1 << 40, 10), (50 << 20) + (40 << 20));
}

#[tokio::test]
async fn bytes_that_are_not_a_mail_are_delivered_anyway() {
    let raw = Bytes::from_static(b"\0\xff\r\n\r\n\xfe");
    let (found, _) = payload(event(&raw), Raw::Inline(raw)).await;
    assert_eq!((&found["data"]["raw"]["content"], &found["data"]["size"]), (&json!("AP8NCg0K/g=="), &json!(7)));
}
