//! Against servers that do not tell everything: what is not known is said not to be.

use std::time::{Duration, Instant};

use mailferry::test_server::Account;
use serde_json::json;

use super::{Told, dry_run, dry_run_with_a_problem, kept};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

const ORDINARY: &str = "S: * OK ready\nORDINARY";

fn at(dialogues: &[&str], more: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, ["one", "two"].map(|subject| mail(subject, JOBB)).to_vec());
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), more);
    (server, mailferry)
}

/// A dry run of a server that is ordinary but for this.
fn with_answer(when: &str, answer: &str) -> Told {
    let dialogue = format!("{ORDINARY}\n\nWHEN: TAG {when}\n{answer}");
    let (server, mailferry) = at(&[&dialogue], &["--start", "all"]);
    let told = dry_run(&mailferry);
    assert_eq!(mailferry.ledger().len(), 0);
    server.finish();
    told
}

const HEADERS: &str = "UID FETCH * (UID INTERNALDATE BODY.PEEK[HEADER]*";

#[test]
fn headers_that_are_refused_are_undecided() {
    let told = with_answer(HEADERS, "S: TAG NO [UNAVAILABLE] server error");
    assert_eq!((told.count("undecided"), told.count("would_import")), (2, 0), "{}", told.total);
    let one = format!(
        "{ORDINARY}\n\nWHEN: TAG {}\nS: TAG NO no\n\nWHEN: TAG {}\nS: TAG NO no",
        HEADERS.replacen('*', "1:2", 1),
        HEADERS.replacen('*', "1", 1)
    );
    let (server, mailferry) = at(&[&one], &["--start", "all"]);
    let told = dry_run(&mailferry);
    assert_eq!((told.count("undecided"), told.count("would_import")), (1, 1), "{}", told.total);
    assert_eq!(told.mail("two")["verdict"], "import");
    server.finish();
}

#[test]
fn what_is_no_header_or_not_of_that_mail_is_undecided() {
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
        let told = with_answer(HEADERS, &format!("{body}\nS: TAG OK done"));
        assert_eq!(told.count("would_import"), 0, "{}", told.total);
        let line = &told.folders[0]["shown"][0];
        assert_eq!((&line["uid"], &line["verdict"]), (&json!(2), &json!("undecided")), "{line}");
        assert!(text(line, "reason").contains(reason), "{reason}: {line}");
    }
}

#[test]
fn where_search_is_silent_nothing_is_decided() {
    // Where FETCH tells what SEARCH does not, all is decided.
    let told = with_answer("UID SEARCH *", "S: TAG OK done");
    assert_eq!((told.count("would_import"), told.count("undecided")), (2, 0), "{}", told.total);
    // Where neither does, it is as with a poll, which does not decide the start then.
    let (server, mailferry) = at(&["INCLUDE: nothing-is-listed.imap"], &["--start", "now"]);
    let told = dry_run_with_a_problem(&mailferry);
    assert_eq!(told.folders[0]["problem"]["step"], "search");
    assert_eq!((told.count("not_looked_at"), told.count("known")), (2, 0), "{}", told.total);
    assert_eq!(mailferry.poll_error()["step"], "search");
    server.finish();
}

#[test]
fn mail_that_is_said_to_be_there_and_is_not_listed_is_asked_for_otherwise() {
    for (start, counts) in [("all", [2, 0, 0]), ("now", [0, 0, 2])] {
        let (server, mailferry) = at(&["INCLUDE: search-empty.imap"], &["--start", start]);
        let told = dry_run(&mailferry);
        let keys = ["would_import", "undecided", "before_start"];
        assert_eq!(keys.map(|key| told.count(key)), counts, "{start}: {}", told.total);
        server.finish();
    }
}

#[test]
fn a_server_that_sends_us_away_is_left_alone() {
    let throttled = format!(
        "{ORDINARY}\n\nWHEN: TAG {HEADERS}\nS: TAG NO Request is throttled. Suggested Backoff Time: 299961 milliseconds"
    );
    let (server, mailferry) =
        at(&[&throttled, "INCLUDE: throttled.imap"], &["--start", "all", "--folder", "INBOX", "--folder", "Annat"]);
    let told = dry_run_with_a_problem(&mailferry);
    assert!(told.folders.iter().all(|folder| folder["problem"]["blame"] == "host"), "{:?}", told.folders);
    assert_eq!(told.count("would_import"), 0);
    // And where a poll was told so, not even a connection is made.
    mailferry.poll_error();
    let held = mailferry.run(&["mailbox", "dry-run", JOBB]);
    assert!(held.code == 1 && held.stderr.contains("to wait until 2"), "{}", held.all());
    let sessions = server.finish();
    assert_eq!(sessions.len(), 2);
    let examined = sessions[0].commands().iter().filter(|command| command.starts_with("EXAMINE")).count();
    assert_eq!(examined, 1, "the second folder is not asked for");
}

#[test]
fn a_dry_run_that_takes_too_long_says_that_it_is_a_part() {
    let slow = format!("{ORDINARY}\n\nWHEN: TAG {HEADERS}\nDELAY 20000\nS: TAG OK done");
    let (server, mailferry) = at(&[&slow], &["--start", "all"]);
    let began = Instant::now();
    let output = mailferry.ok(&["--json", "mailbox", "dry-run", JOBB, "--within", "3s"]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let told = Told::of(&output);
    assert_eq!((&told.total["partial"], told.count("not_looked_at")), (&json!(true), 2), "{}", told.total);
    server.sessions();
}

#[test]
fn what_strangers_wrote_turns_nothing_around() {
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
fn uids_that_are_given_a_second_time_are_read_anew() {
    // A restored backup: the same numbers, other mails, and UIDNEXT has risen past what we knew.
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
    let before = kept(&mailferry);
    let told = dry_run(&mailferry);
    assert_eq!(kept(&mailferry), before);
    assert_eq!((told.count("would_import"), told.count("duplicates")), (3, 1), "{}", told.total);
    assert!(text(&told.folders[0], "note").contains("reuses UIDs"), "{:?}", told.folders);
    mailferry.poll_error();
    assert_eq!(mailferry.poll_ok(), 3, "as was told");
}

#[test]
fn a_mail_that_was_asked_for_in_vain_is_undecided() {
    let server = Faulty::with("refused-body", 2);
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 1);
    let told = dry_run(&mailferry);
    assert_eq!((told.count("undecided"), told.count("known")), (1, 1), "{}", told.total);
    assert!(text(&told.folders[0]["shown"][0], "reason").contains("attempts to fetch it: 1"), "{:?}", told.folders);
}
