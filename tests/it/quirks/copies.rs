//! Effects on the customer's copies after the import (reference rows E1 to E9).

use super::{ORDINARY, changes, with_options};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    scripted::{Scripted, Session},
};

/// Polls two mails with this after-import action; returns the line of the poll and the sessions.
fn poll_two_mails(dialogue: &str, action: &str) -> (serde_json::Value, Vec<Session>) {
    let more = ["--start", "all", "--after-import", action];
    let (server, mailferry) = with_options(&["one", "two"], &[dialogue], &more);
    let line = mailferry.poll().remove(0);
    assert_eq!(line["imported"], 2, "{dialogue}: {line}");
    assert_eq!(mailferry.subjects(), ["one", "two"], "{dialogue}");
    (line, server.finish())
}

#[test]
fn without_uidplus_no_copy_is_marked_as_deleted() {
    for action in ["delete", "move:Klart"] {
        let (line, sessions) = poll_two_mails("INCLUDE: no-uidplus.imap", action);
        assert_eq!(line["error"]["step"], "settle", "{line}");
        assert!(text(&line["error"], "message").contains("UIDPLUS"), "{line}");
        assert_eq!(changes(&sessions), [""; 0], "{action}");
    }
}

#[test]
fn only_imported_uids_are_expunged_and_close_is_never_sent() {
    let obliging = "WHEN: TAG UID STORE *\nS: TAG OK done\n\nWHEN: TAG UID EXPUNGE *\nS: TAG OK done";
    let (line, sessions) = poll_two_mails(&format!("{ORDINARY}\n\n{obliging}"), "delete");
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(changes(&sessions), ["UID STORE 1:2 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 1:2"]);
}

#[test]
fn an_invalid_copyuid_is_tolerated() {
    let (line, sessions) = poll_two_mails("INCLUDE: copyuid-empty.imap", "move:Klart");
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(line["effects_pending"], 0, "{line}");
    assert_eq!(changes(&sessions), ["UID MOVE 1:2 \"Klart\""], "once");
}

#[test]
fn copies_stay_if_the_target_folder_cannot_be_created() {
    let (line, sessions) = poll_two_mails("INCLUDE: target-cannot-be-created.imap", "move:Klart");
    assert_eq!((&line["error"]["step"], &line["effects_pending"]), (&"settle".into(), &2.into()), "{line}");
    let changes = changes(&sessions);
    assert!(changes.contains(&"CREATE \"Klart\""), "{changes:?}");
    assert!(!changes.iter().any(|line| line.contains("STORE") || line.contains("EXPUNGE")), "{changes:?}");
}

#[test]
fn a_store_with_fetch_responses_succeeds() {
    let (line, sessions) = poll_two_mails("INCLUDE: store-answers-fetch.imap", "seen");
    assert!(line["error"].is_null(), "{line}");
    assert_eq!(line["effects_pending"], 0, "{line}");
    assert_eq!(changes(&sessions), ["UID STORE 1:2 +FLAGS.SILENT (\\Seen)"], "once");
}

#[test]
fn a_copy_that_cannot_be_changed_does_not_block_imports() {
    let messages = vec![mail("one", JOBB), mail("two", JOBB)];
    let server = Scripted::with_messages(&["INCLUDE: store-refused.imap"], messages);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "1");
    mailferry.add_inbox(JOBB_INBOX);
    let more = ["--start", "all", "--after-import", "seen"];
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &more);
    for imported in [2, 0] {
        let line = mailferry.poll().remove(0);
        assert_eq!((&line["imported"], &line["effects_pending"]), (&imported.into(), &2.into()), "{line}");
        assert_eq!(line["error"]["step"], "settle", "{line}");
        assert!(line["error"]["retry"].is_string(), "{line}");
    }
    server.finish();
}

#[test]
fn an_unparsable_mail_is_imported_byte_for_byte() {
    let poison: [&[u8]; 4] = [b"\0\xff\xfe", b"\r\n", b"Content-Type: multipart/mixed\r\n\r\n--", b":::\n\n\n"];
    let server = Scripted::with_messages(&[ORDINARY], poison.iter().map(|bytes| bytes.to_vec()).collect());
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (4, 0));
    for message in mailferry.messages() {
        let uid = usize::try_from(message["uid"].as_u64().unwrap()).unwrap();
        assert_eq!(mailferry.raw(&message), poison[uid - 1], "{message}");
    }
    server.finish();
}
