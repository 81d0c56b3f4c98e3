//! The detection of new mail, whatever UIDs, UIDVALIDITY and UIDNEXT a server reports.

use mailferry::test_server::{Account, Answer, Body, Reply, Sizes, UidNext, UidValidity};
use serde_json::Value;

use super::{mailbox, poll, states};
use crate::support::{
    facts::{JOBB, text},
    faulty::Faulty,
    mail::mail,
    mailferry::Mailferry,
};

fn with(subjects: &[&str]) -> (Faulty, Mailferry) {
    let server = Faulty::start(Account::with_mails(subjects.iter().map(|subject| mail(subject, JOBB))));
    let mailferry = mailbox(&server, &[]);
    (server, mailferry)
}

fn deliver(server: &Faulty, subject: &str) {
    server.account().inbox().append(mail(subject, JOBB));
}

fn show(mailferry: &Mailferry) -> Value {
    mailferry.json(&["mailbox", "show", JOBB]).remove(0)
}

#[test]
fn a_mail_that_search_omits_is_found_by_the_daily_comparison() {
    let (server, mailferry) = with(&["one"]);
    assert_eq!(mailferry.poll_ok(), 1);
    // The mail is hidden only after the first poll, at which EXISTS would reveal the omission at once. Later, when only new
    // mails are listed, a gap looks like a deleted mail.
    for subject in ["two", "three"] {
        deliver(&server, subject);
    }
    server.account().faults.hidden_from_search.extend([2]);
    assert_eq!(mailferry.poll_ok(), 1);
    server.remove_faults();
    assert_eq!(mailferry.poll_ok(), 0, "the cursor has passed it");
    let verified = mailferry.json(&["mailbox", "verify", JOBB]).remove(0);
    assert_eq!((&verified["found"], &verified["unaccounted"]), (&1.into(), &0.into()), "{verified}");
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    let shown = show(&mailferry);
    assert_eq!((&shown["unaccounted"], &shown["completeness"][0]["found_late"]), (&0.into(), &1.into()), "{shown}");
    let said = mailferry.ok(&["mailbox", "show", JOBB]).text();
    assert!(said.contains("0 unaccounted") && said.contains("UID 2"), "{said}");
}

#[test]
fn a_mail_that_disappeared_and_returned_is_imported() {
    let (server, mailferry) = with(&["one", "two"]);
    server.account().faults.hidden_from_fetch.extend([1]);
    mailferry.poll_ok();
    let away = server.account().inbox().messages.remove(0);
    for _ in 0..4 {
        mailferry.poll();
    }
    assert_eq!(states(&mailferry)[&1], "gone", "after several requests");
    server.remove_faults();
    server.account().inbox().messages.insert(0, away);
    mailferry.run(&["mailbox", "verify", JOBB]);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
}

#[test]
fn uidnext_may_be_missing_zero_ahead_or_stuck() {
    for uidnext in [UidNext::Missing, UidNext::Zero, UidNext::Ahead(420_000), UidNext::Stuck(1), UidNext::Stuck(2)] {
        let (server, mailferry) = with(&["one", "two"]);
        server.account().faults.uidnext = uidnext;
        assert_eq!(mailferry.poll_ok(), 2, "{uidnext:?}");
        for subject in ["three", "four"] {
            deliver(&server, subject);
            assert_eq!(mailferry.poll_ok(), 1, "{uidnext:?}: {subject}");
        }
        server.remove_faults();
        deliver(&server, "five");
        assert_eq!(mailferry.poll_ok(), 1, "{uidnext:?}: mended");
        assert_eq!(mailferry.subjects(), ["five", "four", "one", "three", "two"], "{uidnext:?}");
    }
}

#[test]
fn a_uidnext_far_too_high_at_the_first_poll_skips_no_later_mail() {
    let server = Faulty::start(Account::with_mails([mail("old", JOBB)]));
    server.account().faults.uidnext = UidNext::Ahead(420_000);
    let mailferry = mailbox(&server, &["--start", "now"]);
    assert_eq!(mailferry.poll_ok(), 0, "mail from before the start is not wanted");
    deliver(&server, "new");
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(mailferry.subjects(), ["new"]);
}

#[test]
fn a_restored_backup_that_reuses_uids_loses_no_mail() {
    let (server, mailferry) = with(&["one", "two", "three"]);
    assert_eq!(mailferry.poll_ok(), 3);
    server.account().inbox().rewind(2);
    deliver(&server, "four");
    assert_eq!(mailferry.poll_ok(), 1, "the lower UIDNEXT is noticed");
    assert_eq!(mailferry.subjects(), ["four", "one", "three", "two"]);
    assert_eq!(mailferry.poll_ok(), 0);
}

#[test]
fn a_restored_backup_with_consistent_numbers_is_found_by_the_daily_comparison() {
    let (server, mailferry) = with(&["one", "two", "three"]);
    assert_eq!(mailferry.poll_ok(), 3);
    server.account().inbox().rewind(2);
    for subject in ["four", "five"] {
        deliver(&server, subject);
    }
    assert_eq!(mailferry.poll_ok(), 0, "UIDNEXT is unchanged, so UIDs 2 and 3 look known");
    deliver(&server, "six");
    assert_eq!(mailferry.poll_error()["step"], "search", "new mail causes a comparison of the known mails");
    mailferry.poll_ok();
    assert_eq!(mailferry.subjects(), ["five", "four", "one", "six", "three", "two"], "none is imported twice");
    server.account().inbox().rewind(2);
    for subject in ["seven", "eight", "nine"] {
        deliver(&server, subject);
    }
    mailferry.run(&["mailbox", "verify", JOBB]);
    assert_eq!(mailferry.subjects().len(), 9, "the daily comparison always compares mails");
}

#[test]
fn a_changed_uidvalidity_neither_duplicates_nor_loses_mail() {
    let (server, mailferry) = with(&["one", "two"]);
    assert_eq!(mailferry.poll_ok(), 2);
    server.account().inbox().renumber(99);
    deliver(&server, "three");
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    let said = mailferry.ok(&["mailbox", "show", JOBB]).text();
    assert!(said.contains("renumbered its mail"), "{said}");
}

#[test]
fn a_uidvalidity_that_changes_at_every_login_is_replaced_by_comparing_mails_with_a_notice() {
    let (server, mailferry) = with(&["one", "two"]);
    server.account().faults.uidvalidity = UidValidity::NewAtEachLogin;
    assert_eq!(mailferry.poll_ok(), 2);
    for number in 0..6 {
        deliver(&server, &format!("more {number}"));
        assert_eq!(mailferry.poll_ok(), 1, "{number}");
    }
    let fetched = |server: &Faulty| server.account().commands.iter().filter(|c| c.contains("BODY.PEEK[])")).count();
    let before = fetched(&server);
    assert_eq!(mailferry.poll_ok(), 0);
    assert_eq!(fetched(&server), before, "known mail is not fetched repeatedly");
    let shown = show(&mailferry);
    assert_eq!(shown["completeness"][0]["uidvalidity"], "changing", "{shown}");
    assert!(mailferry.ok(&["mailbox", "show", JOBB]).text().contains("no lasting UIDVALIDITY"));
    // If the UIDs belong to other mails, the poll notices it.
    server.account().inbox().messages.reverse();
    server.account().inbox().renumber(500);
    deliver(&server, "last");
    assert_eq!(mailferry.poll_ok(), 1);
    assert_eq!(mailferry.messages().len(), 9);
}

#[test]
fn a_missing_uidvalidity_is_replaced_by_comparing_mails_with_a_notice() {
    for fault in [UidValidity::Missing, UidValidity::Zero] {
        let (server, mailferry) = with(&["one", "two"]);
        server.account().faults.uidvalidity = fault;
        assert_eq!(mailferry.poll_ok(), 2);
        deliver(&server, "three");
        assert_eq!(mailferry.poll_ok(), 1);
        assert_eq!(show(&mailferry)["completeness"][0]["uidvalidity"], "missing");
        server.account().inbox().messages.reverse();
        server.account().inbox().renumber(1);
        assert_eq!(mailferry.poll_ok(), 0, "the same mails under other UIDs");
        deliver(&server, "four");
        assert_eq!(mailferry.poll_ok(), 1);
        assert_eq!(mailferry.subjects(), ["four", "one", "three", "two"]);
    }
}

#[test]
fn an_unsorted_search_is_sorted() {
    let (server, mailferry) = with(&["one", "two", "three"]);
    server.account().faults.search_is_unsorted = true;
    assert_eq!(mailferry.poll_ok(), 3);
    assert_eq!(mailferry.poll_ok(), 0);
    let uids: Vec<u64> = mailferry.messages().iter().map(|message| message["uid"].as_u64().unwrap()).collect();
    assert_eq!(uids, [1, 2, 3], "imported in the order of arrival");
}

#[test]
fn the_message_limit_of_a_poll_is_enforced() {
    let server = Faulty::with("message-limit", 50);
    let mailferry = mailbox(&server, &[]);
    assert_eq!(mailferry.poll_ok(), 50);
    let ledger = mailferry.ledger();
    assert!(ledger.iter().all(|line| text(line, "state") == "imported"), "{ledger:?}");
    let partial = server.account().commands.iter().filter(|command| command.starts_with("UID FETCH")).count();
    assert!(partial < 30, "requested in sets and not one by one: {partial}");
}

#[test]
fn the_daily_limit_ends_polling_until_the_next_day() {
    let server = Faulty::start(Account::with_mails((0..12).map(|number| {
        let mut large = mail(&format!("{number:02}"), JOBB);
        large.extend(b"0123456789\r\n".repeat(80_000));
        large
    })));
    let mut mailferry = mailbox(&server, &[]);
    mailferry.env("MAILFERRY__LIMITS__DAILY_BYTES", "8MiB");
    let line = poll(&mailferry);
    assert!(line["error"].is_null(), "{line}");
    let first = line["imported"].as_u64().unwrap();
    assert!((8..=10).contains(&first), "{line}");
    assert_eq!(poll(&mailferry)["imported"], 0, "not on the same day");
    let shown = show(&mailferry);
    assert!(text(&shown, "next_poll_at").ends_with("T00:00:00Z"), "{shown}");
    mailferry.env("MAILFERRY__LIMITS__DAILY_BYTES", "1GB");
    assert_eq!(poll(&mailferry)["imported"], 12 - first);
}

#[test]
fn the_byte_limit_ends_a_poll_and_the_next_poll_continues() {
    let server = Faulty::with("ordinary", 25);
    let mut mailferry = mailbox(&server, &[]);
    mailferry.env("MAILFERRY__LIMITS__POLL_MESSAGES", "10");
    let counts: Vec<u64> = (0..4).map(|_| mailferry.poll_ok()).collect();
    assert_eq!(counts, [10, 10, 5, 0]);
}

#[test]
fn a_start_date_skips_only_mail_that_is_provably_older() {
    let server = Faulty::start(Account::default());
    let old = jiff::civil::date(2020, 1, 1).at(0, 0, 0, 0);
    for subject in ["old 1", "old 2"] {
        server.account().inbox().append_at(mail(subject, JOBB), old);
    }
    deliver(&server, "new");
    deliver(&server, "hidden");
    server.account().faults.hidden_from_date_search.extend([4]);
    let mailferry = mailbox(&server, &["--start", "2025-01-01"]);
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.subjects(), ["hidden", "new"]);
}

#[test]
fn without_uidvalidity_deleting_copies_does_not_start_a_new_epoch() {
    let (server, mailferry) = with(&["one"]);
    server.account().faults.uidvalidity = UidValidity::Missing;
    mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "delete"]);
    assert_eq!(mailferry.poll_ok(), 1);
    // An old mail that the customer moves into the folder later is new, whatever its date.
    for number in 0..3 {
        let old = jiff::civil::date(2020, 1, 1).at(0, 0, 0, 0);
        server.account().inbox().append_at(mail(&format!("moved in {number}"), JOBB), old);
        assert_eq!(mailferry.poll_ok(), 1, "{number}");
    }
    assert!(!mailferry.ok(&["mailbox", "show", JOBB]).text().contains("renumbered"));
    assert_eq!(server.uids(), [0_u32; 0]);
}

#[test]
fn a_search_limit_that_shrinks_with_every_response_ends_in_an_error() {
    let (server, mailferry) = with(&["one", "two"]);
    server.account().faults.replies = vec![Reply {
        command: "UID SEARCH".to_owned(),
        after: 0,
        times: None,
        answer: Answer::ExecuteThen("OK [MESSAGELIMIT 1 1] only some".to_owned()),
    }];
    assert_eq!(mailferry.poll_error()["step"], "search");
    server.remove_faults();
    assert_eq!(mailferry.poll_ok(), 2);
}

#[test]
fn a_mail_whose_size_breaks_the_connection_does_not_block_others() {
    let (server, mailferry) = with(&["one", "two", "three"]);
    server.account().faults.breaks_at_size_of.extend([2]);
    for _ in 0..5 {
        mailferry.poll();
    }
    assert_eq!(mailferry.subjects(), ["one", "three"]);
    server.remove_faults();
    mailferry.ok(&["ledger", "retry", "--mailbox", JOBB]);
    assert_eq!(mailferry.poll_ok(), 1);
}

#[test]
fn a_body_sent_under_the_uid_of_another_requested_mail_is_rejected() {
    let (server, mailferry) = with(&["one", "two", "three"]);
    server.account().faults.bodies.insert(1, Body::OtherUid(3));
    mailferry.poll();
    let messages = mailferry.messages();
    let seen: Vec<(u64, &str)> =
        messages.iter().map(|message| (message["uid"].as_u64().unwrap(), text(message, "subject"))).collect();
    assert_eq!(seen, [(2, "two"), (3, "three")]);
    assert_eq!(states(&mailferry)[&1], "pending");
}

#[test]
fn without_uidvalidity_the_reuse_of_a_skipped_uid_is_detected() {
    let server = Faulty::start(Account::default());
    let old = jiff::civil::date(2020, 1, 1).at(0, 0, 0, 0);
    for number in 0..5 {
        server.account().inbox().append_at(mail(&format!("old {number}"), JOBB), old);
    }
    server.account().faults.uidvalidity = UidValidity::Missing;
    server.account().faults.uidnext = UidNext::Missing;
    let mailferry = mailbox(&server, &["--start", "2025-01-01", "--after-import", "delete"]);
    assert_eq!(mailferry.poll_ok(), 0);
    deliver(&server, "one");
    assert_eq!(mailferry.poll_ok(), 1);
    server.account().inbox().rewind(1);
    deliver(&server, "two");
    mailferry.poll();
    mailferry.poll();
    assert_eq!(mailferry.subjects(), ["one", "two"], "UID 1 now identifies a new mail");
}

#[test]
fn a_server_that_sends_no_search_response_for_an_empty_folder_is_polled() {
    let (server, mailferry) = with(&["one", "two"]);
    server.account().faults.search_hides_none = true;
    assert_eq!(mailferry.poll_ok(), 2);
    assert_eq!(mailferry.poll_ok(), 0);
    deliver(&server, "three");
    assert_eq!(mailferry.poll_ok(), 1);
}

/// A mail is empty only if its announced size is 0. An empty body with a wrong size or none is fetched again.
#[test]
fn an_empty_body_is_not_a_mail_unless_the_announced_size_is_0() {
    for sizes in [Sizes::Negative, Sizes::Missing, Sizes::DividedBy(10)] {
        let (server, mailferry) = with(&["one", "two"]);
        server.account().faults.sizes = sizes;
        server.account().faults.bodies.insert(1, Body::Empty);
        mailferry.poll();
        assert_eq!(
            (mailferry.subjects(), states(&mailferry)[&1].as_str()),
            (vec!["two".to_owned()], "pending"),
            "{sizes:?}"
        );
        server.remove_faults();
        mailferry.poll();
        assert_eq!(mailferry.subjects(), ["one", "two"], "{sizes:?}");
    }
}
