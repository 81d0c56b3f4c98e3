//! The dry run with servers that leave some questions unanswered: it reports what it does not know.

use std::time::{Duration, Instant};

use mailferry::test_server::Account;
use serde_json::json;

use super::{DryRunReport, dry_run, dry_run_with_a_problem, stored_state};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

const ORDINARY: &str = "S: * OK ready\nORDINARY";

fn mailbox_at(dialogues: &[&str], more: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, ["one", "two"].map(|subject| mail(subject, JOBB)).to_vec());
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), more);
    (server, mailferry)
}

/// A dry run with a server that is ordinary except for this answer.
fn with_answer(when: &str, answer: &str) -> DryRunReport {
    let dialogue = format!("{ORDINARY}\n\nWHEN: TAG {when}\n{answer}");
    let (server, mailferry) = mailbox_at(&[&dialogue], &["--start", "all"]);
    let report = dry_run(&mailferry);
    assert_eq!(mailferry.ledger().len(), 0);
    server.finish();
    report
}

const HEADERS: &str = "UID FETCH * (UID INTERNALDATE BODY.PEEK[HEADER]*";

#[test]
fn mails_whose_headers_are_refused_are_undecided() {
    let report = with_answer(HEADERS, "S: TAG NO [UNAVAILABLE] server error");
    assert_eq!((report.count("undecided"), report.count("would_import")), (2, 0), "{}", report.total);
    let one = format!(
        "{ORDINARY}\n\nWHEN: TAG {}\nS: TAG NO no\n\nWHEN: TAG {}\nS: TAG NO no",
        HEADERS.replacen('*', "1:2", 1),
        HEADERS.replacen('*', "1", 1)
    );
    let (server, mailferry) = mailbox_at(&[&one], &["--start", "all"]);
    let report = dry_run(&mailferry);
    assert_eq!((report.count("undecided"), report.count("would_import")), (1, 1), "{}", report.total);
    assert_eq!(report.mail("two")["verdict"], "import");
    server.finish();
}

#[test]
fn a_mail_with_a_missing_or_foreign_header_is_undecided() {
    let substitute = "Subject: Retrieval using the IMAP4 protocol failed for the following message: 2\\r\\n\\r\\n";
    let length = substitute.replace("\\r\\n", "__").len();
    let dated =
        |date: &str, body: &str| format!(r#"S-RAW: * 2 FETCH (UID 2 INTERNALDATE "{date} 09:30:00 +0100"{body})\r\n"#);
    let header = |body: &str| dated("03-Mar-2026", body);
    for (body, reason) in [
        (header(&format!(" BODY[HEADER]<0> {{{length}}}\\r\\n{substitute}")), "substitute"),
        (header(""), "without a header"),
        (header(r" BODY[HEADER]<0> NIL"), "without a header"),
        (header(r#" BODY[HEADER]<0> """#), "empty header"),
        (dated("01-Jan-2020", r" BODY[HEADER]<0> {18}\r\nSubject: other\r\n\r\n"), "a different mail"),
        ("S: * 99 EXPUNGE".to_owned(), "does not return its header"),
    ] {
        let report = with_answer(HEADERS, &format!("{body}\nS: TAG OK done"));
        assert_eq!(report.count("would_import"), 0, "{}", report.total);
        let line = &report.folders[0]["shown"][0];
        assert_eq!((&line["uid"], &line["verdict"]), (&json!(2), &json!("undecided")), "{line}");
        assert!(text(line, "reason").contains(reason), "{reason}: {line}");
    }
}

#[test]
fn without_an_answer_to_search_nothing_is_decided() {
    // If FETCH gives the information that SEARCH does not, everything is decided.
    let report = with_answer("UID SEARCH *", "S: TAG OK done");
    assert_eq!((report.count("would_import"), report.count("undecided")), (2, 0), "{}", report.total);
    // If FETCH does not give it either, the start cannot be decided, as in a poll.
    let (server, mailferry) = mailbox_at(&["INCLUDE: nothing-is-listed.imap"], &["--start", "now"]);
    let report = dry_run_with_a_problem(&mailferry);
    assert_eq!(report.folders[0]["problem"]["step"], "search");
    assert_eq!((report.count("not_looked_at"), report.count("known")), (2, 0), "{}", report.total);
    assert_eq!(mailferry.poll_error()["step"], "search");
    server.finish();
}

#[test]
fn mail_counted_by_exists_but_omitted_by_search_is_searched_for_in_other_ways() {
    for (start, counts) in [("all", [2, 0, 0]), ("now", [0, 0, 2])] {
        let (server, mailferry) = mailbox_at(&["INCLUDE: search-empty.imap"], &["--start", start]);
        let report = dry_run(&mailferry);
        let keys = ["would_import", "undecided", "before_start"];
        assert_eq!(keys.map(|key| report.count(key)), counts, "{start}: {}", report.total);
        server.finish();
    }
}

#[test]
fn a_referral_in_the_greeting_is_not_followed() {
    let throttled = format!(
        "{ORDINARY}\n\nWHEN: TAG {HEADERS}\nS: TAG NO Request is throttled. Suggested Backoff Time: 299961 milliseconds"
    );
    let (server, mailferry) = mailbox_at(
        &[&throttled, "INCLUDE: throttled.imap"],
        &["--start", "all", "--folder", "INBOX", "--folder", "Annat"],
    );
    let report = dry_run_with_a_problem(&mailferry);
    assert!(report.folders.iter().all(|folder| folder["problem"]["blame"] == "host"), "{:?}", report.folders);
    assert_eq!(report.count("would_import"), 0);
    // After a poll was throttled, the dry run does not even connect.
    mailferry.poll_error();
    let held = mailferry.run(&["mailbox", "dry-run", JOBB]);
    assert!(held.code == 1 && held.stderr.contains("to wait until 2"), "{}", held.all());
    let sessions = server.finish();
    assert_eq!(sessions.len(), 2);
    let examined = sessions[0].commands().iter().filter(|command| command.starts_with("EXAMINE")).count();
    assert_eq!(examined, 1, "the second folder is not opened");
}

#[test]
fn a_dry_run_that_takes_too_long_is_marked_as_partial() {
    let slow = format!("{ORDINARY}\n\nWHEN: TAG {HEADERS}\nDELAY 20000\nS: TAG OK done");
    let (server, mailferry) = mailbox_at(&[&slow], &["--start", "all"]);
    let began = Instant::now();
    let output = mailferry.ok(&["--json", "mailbox", "dry-run", JOBB, "--within", "3s"]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let report = DryRunReport::from_output(&output);
    assert_eq!((&report.total["partial"], report.count("not_looked_at")), (&json!(true), 2), "{}", report.total);
    server.sessions();
}

#[test]
fn text_from_strangers_is_printed_without_control_characters() {
    let evil = "Subject: =?utf-8?q?a=E2=80=AEb=1B[31m?=\r\nFrom: x@example.se\r\nMessage-ID: <1@x>\r\n\r\nhej\r\n";
    let server = Scripted::with_messages(&[ORDINARY], vec![evil.as_bytes().to_vec()]);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &["--start", "all"]);
    assert_eq!(text(&dry_run(&mailferry).folders[0]["shown"][0], "subject"), "a b [31m");
    let words = mailferry.ok(&["mailbox", "dry-run", JOBB]).text();
    assert!(!words.contains(['\u{202e}', '\u{1b}']), "{words:?}");
    server.finish();
}

#[test]
fn reused_uids_are_evaluated_again() {
    // A backup is restored: the same UIDs belong to other mails, and UIDNEXT is past the known one.
    let server = Faulty::start(Account::with_mails(["one", "two", "three"].map(|subject| mail(subject, JOBB))));
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 3);
    {
        let mut account = server.account();
        let inbox = account.inbox();
        inbox.messages.clear();
        inbox.uidnext = 1;
        for subject in ["four", "two", "five", "six"] {
            inbox.append(mail(subject, JOBB));
        }
    }
    let before = stored_state(&mailferry);
    let report = dry_run(&mailferry);
    assert_eq!(stored_state(&mailferry), before);
    assert_eq!((report.count("would_import"), report.count("duplicates")), (3, 1), "{}", report.total);
    assert!(text(&report.folders[0], "note").contains("reuses UIDs"), "{:?}", report.folders);
    mailferry.poll_error();
    assert_eq!(mailferry.poll_ok(), 3, "as the dry run reported");
}

#[test]
fn a_mail_that_polls_failed_to_fetch_is_undecided() {
    let server = Faulty::with("refused-body", 2);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 1);
    let report = dry_run(&mailferry);
    assert_eq!((report.count("undecided"), report.count("known")), (1, 1), "{}", report.total);
    assert!(text(&report.folders[0]["shown"][0], "reason").contains("attempts to fetch it: 1"), "{:?}", report.folders);
}
