//! Lines that break the grammar (reference rows C1 to C14).

use super::{ORDINARY, assert_both_imported, changes, mailbox_at, with_options};
use crate::support::facts::{JOBB, text};

/// Lines that servers send between their answers, by reference row, in the language of the dialogues.
const LINES: &[(&str, &str)] = &[
    ("A3", r#"* STATUS "INBOX" ()\r\n"#),
    ("A24", r"* 0 RECENT\r\n* OK [UNSEEN 0] none\r\n"),
    ("B8", r"* 2 FETCH (FLAGS (\\Seen))\r\n"),
    ("B12", r#"* 1 FETCH (UID 1 ENVELOPE (NIL "Jetzt" NIL NIL ((NIL NIL "a")\r\n"#),
    ("B12", r#"* 2 FETCH (UID 2 BODYSTRUCTURE ("text" "plain" NIL))\r\n"#),
    ("B19", r"\0\0* OK padded\r\n"),
    ("C1", r"[COPYUID 55 31 6]\r\n"),
    ("C2", r"Server Unavailable.\r\n"),
    ("C2", r"*\r\n* \r\n \r\n"),
    ("C3", r"* OK [HIGHESTMODSEQ 7]\r\n"),
    ("C3", r"* OK\r\n* NO\r\n* OK [ALERT]\r\n"),
    ("C4", r"+\r\n+ \r\n"),
    ("C5", r"* CAPABILITY IMAP4rev1  UIDPLUS LITERAL + \r\n"),
    ("C5", r"* STATUS INBOX (MESSAGES 2 UIDNEXT 3 ) \r\n"),
    ("C5", r#"* ID ("name" "x" ) \r\n"#),
    ("C6", r"* 1 FETCH (UID 1 MODSEQ (-1))\r\n"),
    ("C6", r#"* 1 FETCH (UID 1 BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" -1 -1))\r\n"#),
    ("C6", r"* STATUS INBOX (SIZE 9.3736e+06 MESSAGES -1)\r\n"),
    ("C7", r#"* 1 FETCH (UID 1 ENVELOPE (NIL "say "hello" now" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n"#),
    ("C7", r#"* LIST () "/" "a "quoted" folder"\r\n"#),
    ("C8", r"* STATUS Sent Items (MESSAGES 3)\r\n"),
    ("C8", r#"* LIST () "/" Sent [old] items\r\n"#),
    ("C7", r#"* 1 FETCH\r\n* XFOO " (((\r\n* OK ) )\r\n"#),
    ("C8", r"* STATUS {5}\r\nINBOX (MESSAGES 3)\r\n"),
    ("C9", r"* LIST NIL NIL NIL\r\n"),
    ("C9", r"* 1 FETCH (UID 1 FLAGS NIL)\r\n"),
    ("C9", r"* 1 FETCH (UID 1 THREADID NIL X-GM-LABELS NIL)\r\n"),
    ("C9", r"* OK [PERMANENTFLAGS NIL] none\r\n"),
    ("C10", r"* flags (\\seen \\\\deleted)\r\n"),
    ("C10", r#"* FLAGS ("\\Seen" "\\Deleted")\r\n"#),
    ("C10", r"* 1 fetch (uid 1 flags (\\seen))\r\n"),
    ("C11", r"* OK with a lone line feed\n"),
    ("C12", r"* 0 FETCH (FLAGS ())\r\n* 0 FETCH (UID 0 FLAGS ())\r\n"),
    ("C13", r#"* LIST () "/" inbox\r\n* LIST () "/" Inbox\r\n"#),
    ("C14", r"* OK [PERMANENTFLAGS ()] nothing can be kept\r\n"),
    ("D3", r"* OK Success [THROTTLED]\r\n"),
    ("D5", r"* NO [ALERT] almost full\r\n* BAD what\r\n"),
    ("D9", r"* OK Still here\r\n"),
    ("D10", r"* FLAGS (\\Answered)\r\n"),
    ("D16", r"* ENABLED CONDSTORE\r\n* VANISHED (EARLIER) 41\r\n"),
];

#[test]
fn unsolicited_lines_do_not_block_mail() {
    for (row, line) in LINES {
        let before = |command| format!("\n\nWHEN: TAG {command} *\nS-RAW: {line}\nOMIT 99 OK done");
        let dialogue = ["EXAMINE", "UID SEARCH", "UID FETCH"].map(before).concat();
        println!("{row}: {line}");
        assert_both_imported(&format!("{ORDINARY}{dialogue}"));
    }
}

#[test]
fn unparsable_lines_are_skipped() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: noise.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.poll_ok(), 0);
    server.finish();
}

#[test]
fn every_form_of_a_tagged_response_is_read() {
    for end in [
        r"OK",
        r"OK ",
        r"OK  two blanks",
        r"ok done",
        r"OK [READ-ONLY]",
        r"OK [READ-ONLY]done",
        r#"OK [X-UNHEARD-OF (of 1 "2")] done"#,
        r"OK done [ [ {7}",
        r"OK klart åäö",
        r"OK [HIGHESTMODSEQ 9223372036854775807]",
    ] {
        let answer = |command| format!("\n\nWHEN: TAG {command} *\nOMIT 99 {end}");
        println!("{end:?}");
        assert_both_imported(&format!("{ORDINARY}{}", ["EXAMINE", "UID SEARCH", "UID FETCH"].map(answer).concat()));
    }
}

#[test]
fn every_form_of_a_greeting_is_read() {
    for greeting in [
        r"* OK\r\n",
        r"* OK \r\n",
        r"* ok ready\r\n",
        r"* OK ready\n",
        r"\0\0* OK ready\r\n",
        r"* OK [CAPABILITY IMAP4rev1]\r\n",
        r"* OK [CAPABILITY IMAP4rev1  LITERAL+ ] ready\r\n",
        r"* OK [ALERT] åäö\r\n",
        r"* OK [X-UNHEARD-OF] ready\r\n",
    ] {
        println!("{greeting}");
        assert_both_imported(&format!("S-RAW: {greeting}\nORDINARY"));
    }
}

#[test]
fn a_folder_opens_with_every_form_of_its_numbers() {
    for numbers in [
        r"* 2 EXISTS \r\n* OK [UIDVALIDITY 17]\r\n* OK [UIDNEXT 3]\r\n",
        r"* 2 EXISTS\r\n* OK [UIDVALIDITY 17] \r\n* OK [UIDNEXT 3]x\r\n",
        r"* 2 EXISTS\r\n* OK [UIDVALIDITY 17 ] x\r\n* OK [UIDNEXT 3 ] x\r\n",
        r"* 2 EXISTS\r\n* OK  [UIDVALIDITY 17] x\r\n* OK  [UIDNEXT 3] x\r\n",
        r"* 2 EXISTS\r\n* OK [UIDVALIDITY -1] x\r\n* OK [UIDNEXT -1] x\r\n",
        r"* 2 EXISTS\r\n* OK [UIDVALIDITY 4294967296] x\r\n* OK [UIDNEXT 4294967296] x\r\n",
        r"* OK [UIDNEXT 3] x\r\n* OK [UIDVALIDITY 17] x\r\n* 0 EXISTS\r\n* 2 EXISTS\r\n",
    ] {
        println!("{numbers}");
        assert_both_imported(&format!("{ORDINARY}\n\nWHEN: TAG EXAMINE *\nS-RAW: {numbers}\nS: TAG OK done"));
    }
}

#[test]
fn folder_names_can_be_literals() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: list-with-literals.imap"]);
    mailferry.ok(&["mailbox", "check", JOBB]);
    server.finish();
}

#[test]
fn a_lone_plus_is_a_continuation_request() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: lone-plus.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn lower_case_answers_are_accepted() {
    assert_both_imported("INCLUDE: lower-case.imap");
}

#[test]
fn a_lone_line_feed_ends_a_line_but_not_within_a_mail() {
    assert_both_imported("INCLUDE: lone-line-feeds.imap");
}

#[test]
fn inbox_exists_even_if_it_is_not_listed() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: inbox-not-listed.imap"]);
    mailferry.ok(&["mailbox", "check", JOBB]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn flags_that_a_folder_does_not_store_are_not_set_and_do_not_block_mail() {
    for name in ["permanentflags-without-seen", "select-is-read-only"] {
        for action in ["seen", "delete"] {
            let dialogue = format!("INCLUDE: {name}.imap");
            let more = ["--start", "all", "--after-import", action];
            let (server, mailferry) = with_options(&["one", "two"], &[&dialogue], &more);
            for imported in [2, 0] {
                let line = mailferry.poll().remove(0);
                assert_eq!(line["imported"], imported, "{name}, {action}: {line}");
            }
            let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
            assert_eq!(shown["effects_impossible"], 2, "{name}, {action}: {shown}");
            assert_eq!(mailferry.subjects(), ["one", "two"]);
            assert_eq!(text(&shown, "who_must_act"), "admin", "{name}, {action}: {shown}");
            assert_eq!(changes(&server.finish()), [""; 0], "{name}, {action}");
        }
    }
}
