//! The exact bytes of a mail (reference rows B1 to B19).

use super::{ORDINARY, assert_both_imported, changes, mailbox_at, state, with_mails, with_options};
use crate::support::{
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

#[test]
fn a_mail_that_the_server_refuses_does_not_block_others_and_is_quarantined() {
    let (server, mailferry) = {
        let poison = ["INCLUDE: poison-refused.imap"; 6];
        with_mails(&["one", "two", "three"], &[&poison[..], &["S: * OK ready\nORDINARY"]].concat())
    };
    assert_eq!(mailferry.poll_ok(), 2, "the others are imported at once");
    assert_eq!(mailferry.subjects(), ["one", "three"]);
    for _ in 2..=4 {
        assert_eq!(state(&mailferry, 2), "pending");
        mailferry.poll();
    }
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["quarantined"], state(&mailferry, 2).as_str()), (&1.into(), "quarantined"), "{line}");
    assert_eq!(mailferry.poll_ok(), 0, "then the poll succeeds");
    assert_eq!(mailferry.subjects(), ["one", "three"], "a mail that was not received is not a message");
    mailferry.ok(&["ledger", "retry", "--mailbox", JOBB, "--uid", "2"]);
    assert_eq!(state(&mailferry, 2), "pending");
    assert_eq!(mailferry.poll_ok(), 1, "a person may retry");
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    server.finish();
}

#[test]
fn a_mail_that_breaks_the_connection_does_not_block_others_and_is_quarantined() {
    let (server, mailferry) = with_mails(&["one", "two", "three"], &["INCLUDE: poison-cut.imap"]);
    assert_eq!(mailferry.poll_error()["step"], "fetch");
    assert_eq!(state(&mailferry, 1), "pending");
    assert_eq!(mailferry.poll_error()["step"], "fetch");
    assert_eq!(mailferry.subjects(), ["three", "two"], "the suspect is requested last");
    for _ in 3..=5 {
        assert_eq!(state(&mailferry, 1), "pending");
        mailferry.poll_error();
    }
    assert_eq!(state(&mailferry, 1), "quarantined");
    assert_eq!(mailferry.poll_ok(), 0, "then the poll succeeds");
    server.finish();
}

#[test]
fn exchanges_substitute_for_a_mail_is_never_a_message() {
    let substitute = "Retrieval using the IMAP4 protocol failed for the following message: 2";
    let (server, mailferry) = with_mails(&["one", substitute], &["S: * OK ready\nORDINARY"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!((mailferry.subjects(), state(&mailferry, 2)), (vec!["one".to_owned()], "pending".to_owned()));
    for _ in 2..=5 {
        mailferry.poll();
    }
    assert_eq!(state(&mailferry, 2), "quarantined");
    server.finish();
}

#[test]
fn an_ok_without_a_body_is_a_failure_and_nothing_is_deleted() {
    let obliging =
        format!("{ORDINARY}\n\nWHEN: TAG UID STORE *\nS: TAG OK done\n\nWHEN: TAG UID EXPUNGE *\nS: TAG OK done");
    for name in ["body-left-out", "body-not-a-word", "body-nil", "body-empty"] {
        let dialogue = format!("INCLUDE: {name}.imap");
        let more = ["--start", "all", "--after-import", "delete"];
        let (server, mailferry) = with_options(&["one", "two"], &[&dialogue, &obliging], &more);
        mailferry.poll();
        assert_eq!(mailferry.messages().len(), 0, "{name}");
        assert_eq!([1, 2].map(|uid| state(&mailferry, uid)), ["pending", "pending"], "{name}");
        assert_eq!(mailferry.poll_ok(), 2, "{name}: it is requested again");
        assert_eq!(mailferry.subjects(), ["one", "two"], "{name}");
        let sessions = server.finish();
        assert_eq!(changes(&sessions[..1]), [""; 0], "{name}");
        assert!(!changes(&sessions).is_empty(), "{name}: deleted after they were stored");
    }
}

#[test]
fn mails_are_complete_and_under_their_own_uid_in_every_form_of_response() {
    for name in [
        "domino",
        "expunge-in-fetch",
        "fetch-in-two-parts",
        "fetch-of-others",
        "fetch-without-dates",
        "internaldate-that-is-none",
        "leading-nuls",
        "sizes-as-floats",
        "sizes-that-are-lies",
        "tagged-answer-in-a-mail",
        "uid-behind-the-body",
    ] {
        let (server, mailferry) = mailbox_at(&[&format!("INCLUDE: {name}.imap")]);
        assert_eq!(mailferry.poll_ok(), 2, "{name}");
        assert_eq!(mailferry.poll_ok(), 0, "{name}");
        let messages = mailferry.messages();
        for (uid, subject) in [(1, "one"), (2, "two")] {
            let message = messages.iter().find(|message| message["uid"] == uid).unwrap();
            assert_eq!(message["subject"], subject, "{name}: {message}");
            let raw = String::from_utf8(mailferry.raw(message)).unwrap();
            assert!(raw.starts_with("From: ") && raw.trim_end().ends_with(['.', 'e']), "{name}: {raw:?}");
        }
        server.finish();
    }
}

#[test]
fn a_mail_is_read_despite_other_items_in_its_response() {
    let mail = r"From: anna@example.se\r\nSubject: one\r\n\r\nHej.\r\n";
    for (before, behind) in [
        ("BODY[] {45}", " )"),
        ("BODY[] {45}", ") "),
        ("BODY[] {45}", r"\r\n)"),
        ("BODY[]{45}", ")"),
        ("body[] {45}", r" flags (\\Seen) )"),
        ("BODY[] {45}", " INTERNALDATE NIL)"),
        ("BODY[] {45}", r#" X-GM-LABELS ("\\\\Inbox" "a b"))"#),
        ("BODY[] {45}", " MODSEQ (-1))"),
        ("MODSEQ (-1) BODY[] {45}", ")"),
        (r"FLAGS (\\Seen  $Junk Groß) BODY[] {45}", ")"),
        ("FLAGS NIL THREADID NIL SAVEDATE NIL EMAILID (M6) BODY[] {45}", ")"),
        ("X-UNHEARD-OF (a b) RFC822.SIZE 9.1e+06 BODY[] {45}", " X-UNHEARD-OF c)"),
    ] {
        let answer = format!(r"S-RAW: * 1 FETCH (UID 1 {before}\r\n{mail}{behind}\r\n");
        println!("{answer}");
        assert_imported_unchanged(&format!(
            "{ORDINARY}\n\nWHEN: TAG UID FETCH *BODY.PEEK[]*\n{answer}\nS: TAG OK done"
        ));
    }
}

/// Checks that the only mail of this dialogue is imported completely, and nothing else.
fn assert_imported_unchanged(dialogue: &str) {
    let (server, mailferry) = with_mails(&["one"], &[dialogue]);
    assert_eq!(mailferry.poll_ok(), 1, "{dialogue}");
    let messages = mailferry.messages();
    let raw = String::from_utf8(mailferry.raw(&messages[0])).unwrap();
    assert_eq!(raw, "From: anna@example.se\r\nSubject: one\r\n\r\nHej.\r\n");
    server.finish();
}

#[test]
fn a_chunk_that_names_the_requested_range_is_accepted() {
    assert_imported_unchanged("INCLUDE: part-echoes-the-question.imap");
}

#[test]
fn every_form_of_an_empty_chunk_ends_a_mail() {
    let mail = r"From: anna@example.se\r\nSubject: one\r\n\r\nHej.\r\n";
    for end in [
        r#"S-RAW: * 1 FETCH (UID 1 BODY[]<45> "")\r\nTAG OK done\r\n"#,
        r"S-RAW: * 1 FETCH (UID 1 BODY[]<45> NIL)\r\nTAG OK done\r\n",
        r"S-RAW: * 1 FETCH (UID 1 BODY[]<45> {0}\r\n)\r\nTAG OK done\r\n",
        r"S-RAW: * 1 FETCH (UID 1 BODY[]<45>{0}\r\n)\r\nTAG OK done\r\n",
        r"S-RAW: * 1 FETCH (UID 1)\r\nTAG OK done\r\n",
        "S: TAG NO that is behind the end",
        "S: TAG BAD that is behind the end",
        "S: TAG OK done",
    ] {
        let size = "WHEN: TAG UID FETCH *RFC822.SIZE)\nS: * 1 FETCH (UID 1)\nS: TAG OK done";
        let first = format!("S-RAW: * 1 FETCH (UID 1 BODY[]<0> {{45}}\\r\\n{mail})\\r\\n\nS: TAG OK done");
        assert_imported_unchanged(&format!(
            "{ORDINARY}\n\n{size}\n\nWHEN: TAG UID FETCH *PEEK[]<0.*\n{first}\n\nWHEN: TAG UID FETCH *PEEK[]<45.*\n{end}"
        ));
    }
}

#[test]
fn a_chunk_without_an_origin_is_the_whole_mail() {
    assert_imported_unchanged("INCLUDE: part-is-the-whole.imap");
}

#[test]
fn a_line_feed_after_a_literal_does_not_block_mail() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: literal-short-by-one.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn mails_that_no_longer_exist_do_not_block_others() {
    let only_two = format!(
        "{ORDINARY}\n\nWHEN: TAG EXAMINE *\nS: * 1 EXISTS\nS: * OK [UIDVALIDITY 17] valid\nS: * OK [UIDNEXT 3] next\nS: TAG OK done\n\n\
         WHEN: TAG UID SEARCH *\nS: * SEARCH 2\nS: TAG OK done"
    );
    let (server, mailferry) = mailbox_at(&["INCLUDE: some-no-longer-exist.imap", &only_two]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!((mailferry.subjects(), state(&mailferry, 1)), (vec!["two".to_owned()], "pending".to_owned()));
    for _ in 2..=6 {
        assert_eq!(mailferry.poll_ok(), 0);
    }
    assert_eq!(state(&mailferry, 1), "gone", "after it was missing several times");
    server.finish();
}

#[test]
fn a_mail_size_over_32_bits_is_too_large_without_a_fetch() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: larger-than-4-gigabytes.imap"]);
    let line = mailferry.poll().remove(0);
    assert_eq!((&line["imported"], &line["quarantined"]), (&1.into(), &1.into()), "{line}");
    assert_eq!((mailferry.subjects(), state(&mailferry, 1)), (vec!["two".to_owned()], "quarantined".to_owned()));
    server.finish();
}

#[test]
fn only_body_peek_is_used_to_fetch_mail() {
    for session in assert_both_imported(ORDINARY) {
        let commands = session.commands();
        assert!(commands.iter().any(|line| line.starts_with("EXAMINE ")), "{commands:?}");
        for fetch in commands.iter().filter(|line| line.contains("FETCH ")) {
            assert!(fetch.starts_with("UID FETCH "), "{fetch}");
            let items = fetch.replace("BODY.PEEK[", "");
            let harmful = ["BODY", "RFC822 ", "RFC822)", "TEXT", "ENVELOPE", "BODYSTRUCTURE", "FLAGS"];
            assert!(!harmful.iter().any(|item| items.contains(item)), "{fetch}");
        }
    }
}

/// A mail of 3 MB and a small one, on a server that plays this dialogue.
fn with_a_large_mail(dialogue: &str, more: &[&str]) -> (Scripted, Mailferry) {
    let mut large = mail("large", JOBB);
    large.extend(b"0123456789\r\n".repeat(250_000));
    let server = Scripted::with_messages(&[dialogue], vec![large, mail("two", JOBB)]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let more = [&["--start", "all"], more].concat();
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &more);
    (server, mailferry)
}

#[test]
fn a_large_mail_is_fetched_in_chunks() {
    let (server, mailferry) = with_a_large_mail("S: * OK ready\nORDINARY", &[]);
    assert_eq!(mailferry.poll_ok(), 2);
    let messages = mailferry.messages();
    let large = messages.iter().find(|message| message["subject"] == "large").unwrap();
    assert!(mailferry.raw(large).ends_with(&b"0123456789\r\n".repeat(250_000)));
    server.finish();
}

#[test]
fn a_large_mail_that_the_server_refuses_does_not_block_others() {
    let (server, mailferry) = with_a_large_mail("INCLUDE: large-refused.imap", &[]);
    mailferry.poll();
    assert_eq!(mailferry.subjects(), ["two"]);
    assert_eq!(state(&mailferry, 1), "pending");
    server.finish();
}

#[test]
fn an_interrupted_large_mail_is_never_imported_as_complete() {
    let (server, mailferry) = with_a_large_mail("INCLUDE: large-ends-early.imap", &["--after-import", "delete"]);
    mailferry.poll();
    assert_eq!(mailferry.subjects(), ["two"], "no part of it is a message");
    assert_eq!(state(&mailferry, 1), "pending");
    for session in server.sessions() {
        assert!(!session.lines.iter().any(|line| line.contains("STORE 1")), "its copy stays: {:#?}", session.lines);
    }
}
