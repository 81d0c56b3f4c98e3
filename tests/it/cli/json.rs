//! The exact JSON keys that other programs rely on.

use serde_json::Value;

use crate::support::{
    facts::{JOBB, JOBB_INBOX, keys, text},
    mail::mail,
    mailferry::{Mailferry, databases},
    ports::free_port,
    scripted::Scripted,
    sha256,
};

fn is_rfc3339_utc(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok_and(|at| at.to_string() == text)
}

#[test]
fn poll_message_list_and_ledger_have_the_documented_keys() {
    for database in databases() {
        let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], vec![mail("Ärende 7", JOBB)]);
        let mailferry = Mailferry::with_database(database);
        mailferry.add_inbox(JOBB_INBOX);
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);

        let line = mailferry.poll().remove(0);
        let promised = "bytes effects_done effects_pending error imported mailbox quarantined seconds skipped";
        assert_eq!(keys(&line).join(" "), promised);
        assert_eq!(text(&line, "mailbox"), JOBB);
        assert!(line["bytes"].as_u64().unwrap() >= mail("Ärende 7", JOBB).len() as u64, "{line}");
        assert!(line["seconds"].is_number(), "{line}");

        let message = mailferry.messages().remove(0);
        let promised = "folder from historic id imported_at inbox internal_date mailbox message_id sha256 size subject \
                        uid uidvalidity why";
        assert_eq!(keys(&message).join(" "), promised);
        assert_eq!(text(&message, "subject"), "Ärende 7", "8-bit text and encoded words are decoded if possible");
        assert!(text(&message, "from").contains("anna@example.se"), "{message}");
        assert!(text(&message, "message_id").contains("rende7@example.se"), "{message}");
        assert_eq!(text(&message, "sha256"), sha256::hex(&mail("Ärende 7", JOBB)));
        assert_eq!((&message["uid"], &message["uidvalidity"]), (&1.into(), &17.into()), "{message}");
        assert_eq!(text(&message, "internal_date"), "2026-03-03T08:30:00Z");
        assert!(is_rfc3339_utc(&message["imported_at"]), "{message}");
        assert!(message["historic"].is_boolean() && message["why"].is_string(), "{message}");

        let row = mailferry.ledger().remove(0);
        assert_eq!(keys(&row).join(" "), "folder mailbox message reason state uid uid_last uidvalidity");
        assert_eq!(text(&row, "state"), "imported");
        assert_eq!(row["message"], message["id"]);
        assert!(row["uid_last"].is_null() && row["reason"].is_null(), "{row}");
        assert_eq!(mailferry.json(&["ledger", "--mailbox", JOBB]).len(), 1);
        assert_eq!(mailferry.json(&["message", "list", "--mailbox", JOBB]).len(), 1);
    }
}

#[test]
fn check_reports_housekeeping_in_text_and_in_json() {
    let mailferry = Mailferry::new();
    let line = mailferry.json(&["check"]).into_iter().find(|line| line["step"] == "housekeeping").unwrap();
    assert_eq!(keys(&line).join(" "), "detail ok step");
    let printed = mailferry.ok(&["check"]).all();
    assert!(printed.contains(&format!("housekeeping: {}", text(&line, "detail"))), "{printed}");
}

#[test]
fn an_error_has_the_documented_keys() {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let port = free_port().to_string();
    let options = ["--host", "127.0.0.1", "--port", &port, "--tls", "none"].map(str::to_owned);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &[]);
    let error = mailferry.poll_error();
    assert_eq!(keys(&error), ["blame", "message", "retry", "step"]);
    assert!(is_rfc3339_utc(&error["retry"]), "a closed port is retried automatically: {error}");
}

#[test]
fn unreadable_values_are_null_in_json() {
    for database in databases() {
        let messages =
            vec![Vec::new(), b"\r\nonly a body\r\n".to_vec(), b"Subject: a\0b\r\nFrom: \xff\xfe\0\r\n\r\n".to_vec()];
        let server = Scripted::with_messages(&["S: * OK ready\nORDINARY"], messages.clone());
        let mailferry = Mailferry::with_database(database);
        mailferry.add_inbox(JOBB_INBOX);
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
        assert_eq!(mailferry.poll_ok(), 3, "{database:?}");
        let listed = mailferry.messages();
        assert_eq!(listed.len(), 3);
        for message in &listed {
            let uid = message["uid"].as_u64().unwrap();
            assert_eq!(mailferry.raw(message), messages[usize::try_from(uid).unwrap() - 1]);
            if uid < 3 {
                assert!(message["subject"].is_null() && message["from"].is_null(), "{message}");
                assert!(message["message_id"].is_null(), "{message}");
            }
        }
    }
}
