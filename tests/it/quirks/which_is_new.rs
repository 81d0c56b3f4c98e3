//! The detection of new mail (reference rows A1 to A24).

use super::{ORDINARY, assert_both_imported, changes, mailbox_at, state, with_mails, with_options};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

/// Polls an ordinary server with two mails, and then this dialogue; checks that no mail is lost or duplicated.
fn assert_no_mail_lost_or_duplicated(dialogue: &str) -> Mailferry {
    let (server, mailferry) = mailbox_at(&[ORDINARY, dialogue]);
    assert_eq!(mailferry.poll_ok(), 2, "{dialogue}");
    assert_eq!(mailferry.poll_ok(), 0, "{dialogue}");
    assert_eq!(mailferry.subjects(), ["one", "two"], "{dialogue}");
    server.finish();
    mailferry
}

#[test]
fn the_last_mail_is_imported_once() {
    let (server, mailferry) = mailbox_at(&[ORDINARY, "INCLUDE: search-lists-the-last-mail-again.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (0, 0));
    let sessions = server.finish();
    let second = sessions[1].commands();
    assert!(second.contains(&"UID SEARCH UID 3:*"), "{second:?}");
    assert!(!second.iter().any(|command| command.contains("BODY.PEEK[]")), "it is not fetched again: {second:?}");
}

#[test]
fn mail_is_imported_without_uidnext() {
    assert_both_imported("INCLUDE: uidnext-missing.imap");
}

#[test]
fn a_uidnext_of_zero_means_unknown() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: zeros.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0));
    let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
    assert_eq!(shown["completeness"][0]["uidvalidity"], "missing", "the mailbox is marked: {shown}");
    server.finish();
}

#[test]
fn a_decreasing_uidnext_duplicates_no_mail() {
    assert_no_mail_lost_or_duplicated("INCLUDE: uidnext-falls.imap");
}

#[test]
fn another_uidvalidity_duplicates_no_mail() {
    let mailferry = assert_no_mail_lost_or_duplicated("INCLUDE: uidvalidity-other.imap");
    let said = mailferry.ok(&["mailbox", "show", JOBB]).text();
    assert!(said.contains("renumbered its mail"), "{said}");
}

#[test]
fn new_mail_below_a_uidnext_that_is_too_high_is_imported() {
    let far = "INCLUDE: uidnext-far-ahead.imap";
    let (server, mailferry) = with_mails(&["one", "two", "three"], &[far, far, ORDINARY]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok(), mailferry.poll_ok()), (2, 0, 1));
    server.finish();
}

#[test]
fn uids_are_requested_in_ascending_sets() {
    let (server, mailferry) = with_mails(&["one", "two", "three"], &["INCLUDE: search-unsorted.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (3, 0));
    let sessions = server.finish();
    let commands = sessions[0].commands();
    // `UID FETCH * (UID)` asks for the highest UID.
    let fetches: Vec<&&str> = commands.iter().filter(|line| line.contains(" FETCH ") && !line.contains('*')).collect();
    assert_eq!(fetches.len(), 2, "{commands:?}");
    assert!(fetches.iter().all(|line| line.starts_with("UID FETCH 1:3 ")), "{commands:?}");
}

#[test]
fn commands_for_many_uids_stay_short() {
    let subjects: Vec<String> = (1..=600).map(|number| format!("mail {number}")).collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let odd: String = (1..=600).step_by(2).map(|uid| format!(" {uid}")).collect();
    let dialogue = format!(
        "{ORDINARY}\n\nWHEN: TAG EXAMINE *\nS: * 300 EXISTS\nS: * OK [UIDVALIDITY 17] valid\nS: * OK [UIDNEXT 600] next\n\
         S: TAG OK done\n\nWHEN: TAG UID SEARCH *\nS: * SEARCH{odd}\nS: TAG OK done\n\nWHEN: TAG UID FETCH * (UID)\n\
         S: * 300 FETCH (UID 599)\nS: TAG OK done"
    );
    let (server, mailferry) = with_mails(&subjects, &[&dialogue]);
    assert_eq!(mailferry.poll_ok(), 300);
    let sessions = server.finish();
    let longest = sessions[0].commands().into_iter().map(str::len).max().unwrap();
    assert!(longest < 1_000, "{longest} octets");
}

#[test]
fn the_cursor_does_not_pass_mail_that_arrives_during_the_poll() {
    let (server, mailferry) = with_mails(&["one", "two", "three"], &["INCLUDE: arrives-after-examine.imap", ORDINARY]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.subjects(), ["one", "three"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (1, 0), "the earlier of two is found one poll later");
    server.finish();
}

#[test]
fn an_unparsable_search_response_is_an_error_and_not_an_empty_folder() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: search-garbage.imap", "S: * OK ready\nORDINARY"]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.poll_ok(), 2);
    server.sessions();
}

#[test]
fn an_unsolicited_esearch_is_an_error_and_not_an_empty_folder() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: esearch-unasked.imap", ORDINARY]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.poll_ok(), 2);
    server.sessions();
}

#[test]
fn uids_from_search_are_fetched_even_if_exists_disagrees() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: search-lists-more-than-exists.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
    assert_eq!(state(&mailferry, 99), "pending", "missing mail is requested again a few times");
    server.finish();
}

#[test]
fn a_start_by_date_allows_for_the_servers_own_calendar() {
    let (server, mailferry) =
        with_options(&["one", "two"], &["INCLUDE: since-by-the-servers-day.imap"], &["--start", "2026-03-03"]);
    assert_eq!(mailferry.poll_ok(), 2, "INTERNALDATE decides: 3 March");
    let sessions = server.finish();
    let said = sessions[0].commands();
    assert!(said.iter().any(|line| line.ends_with("SINCE 1-Mar-2026")), "{said:?}");
}

#[test]
fn mail_that_another_client_has_read_is_imported() {
    let sessions = assert_both_imported("INCLUDE: read-by-somebody-else.imap");
    assert_eq!(changes(&sessions), [""; 0]);
}

#[test]
fn every_form_of_a_uid_list_is_read() {
    for list in [
        r"* SEARCH 1 2 \r\n",
        r"* SEARCH  1  2\r\n",
        r"* search 2 1\r\n",
        r"* SEARCH 1\r\n* SEARCH 2\r\n",
        r"* SEARCH\r\n* SEARCH 1 2\r\n* SEARCH\r\n",
        r"* SEARCH 1 2 (MODSEQ 917162500)\r\n",
        r"* SEARCH 1 2\n",
        r"* SEARCH 0 1 2\r\n",
        r"* 2 EXISTS\r\n* SEARCH 1 2 2 1\r\n* OK still here\r\n",
    ] {
        assert_both_imported(&format!("{ORDINARY}\n\nWHEN: TAG UID SEARCH *\nS-RAW: {list}\nS: TAG OK done"));
    }
}

#[test]
fn a_truncated_list_is_requested_in_parts() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: messagelimit.imap"]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.finish();
}

#[test]
fn an_ok_to_search_without_a_list_is_not_an_empty_folder() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: nothing-is-listed.imap", ORDINARY]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!(mailferry.ledger().len(), 0);
    assert_eq!(mailferry.poll_ok(), 2, "they do not count as known");
    server.finish();
}

/// A mailbox with these mails on an ordinary server.
fn ordinary(messages: Vec<Vec<u8>>) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(&[ORDINARY], messages);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    (server, mailferry)
}

#[test]
fn two_mails_with_the_same_message_id_are_both_imported() {
    let first = mail("one", JOBB);
    let second = String::from_utf8(first.clone()).unwrap().replace("Hej,", "Hej igen,").into_bytes();
    let (server, mailferry) = ordinary(vec![first, second]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0));
    assert_eq!(mailferry.subjects(), ["one", "one"]);
    server.finish();
}

#[test]
fn mails_without_a_message_id_are_imported_once_each() {
    let without = |subject: &str| format!("From: anna@example.se\r\nSubject: {subject}\r\n\r\nHej.\r\n").into_bytes();
    let (server, mailferry) = ordinary(vec![without("one"), without("two"), b"no header at all".to_vec()]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (3, 0));
    server.finish();
}

#[test]
fn a_mail_that_was_changed_and_uploaded_again_is_imported() {
    let first = mail("one", JOBB);
    let again = String::from_utf8(first.clone()).unwrap().replace("Hej,", "[Checked] Hej,").into_bytes();
    let (server, mailferry) = ordinary(vec![first, mail("two", JOBB), again]);
    assert_eq!(mailferry.poll_ok(), 3, "a mail that may be a different one is imported");
    let ledger = mailferry.ledger();
    assert!(ledger.iter().all(|line| text(line, "state") == "imported"), "{ledger:?}");
    server.finish();
}

#[test]
fn the_largest_valid_numbers_are_accepted() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: numbers-of-32-bits.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (1, 0));
    assert_eq!(state(&mailferry, 4_294_967_290), "imported");
    server.finish();
}
