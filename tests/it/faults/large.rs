//! Large mail is fetched in parts, resumed where the transfer stopped, and needs little memory.

use std::time::Duration;

use mailferry::test_server::{Account, Answer, Body, Parts, Reply};

use super::{mailbox, poll, states};
use crate::support::{facts::JOBB, faulty::Faulty, mail::mail, mailferry::Mailferry, measured};

fn large(megabytes: usize) -> Vec<u8> {
    let mut large = mail("large", JOBB);
    large.extend(b"0123456789abcdef0123456789abcde\r\n".repeat(megabytes << 20).into_iter().take(megabytes << 20));
    large
}

fn with_large(megabytes: usize) -> (Faulty, Mailferry) {
    let server = Faulty::start(Account::with_mails([large(megabytes), mail("small", JOBB)]));
    let mailferry = mailbox(&server, &["--max-size", "200MB"]);
    (server, mailferry)
}

#[test]
fn a_mail_of_150_megabytes_takes_at_most_24_more_megabytes_of_memory() {
    let peak = |megabytes| {
        let (_server, mut mailferry) = with_large(megabytes);
        mailferry.env("MAILFERRY__SCHEDULE__POLL_TIME", "5m");
        let measured = measured::run(&mailferry, &["--json", "poll"], Duration::from_secs(170));
        assert_eq!(measured.output.json()[0]["imported"], 2, "{}", measured.output.all());
        measured.peak
    };
    let (small, large) = (peak(0), peak(150));
    println!("a small mail: {} MB, one of 150 MB: {} MB", small >> 20, large >> 20);
    assert!(large <= small + (24 << 20), "{} MB, then {} MB", small >> 20, large >> 20);
}

#[test]
fn an_interrupted_download_continues_where_it_stopped() {
    let (server, mailferry) = with_large(6);
    server.account().faults.cut_after = Some(4 << 20);
    poll(&mailferry);
    server.remove_faults();
    let asked = server.account().commands.len();
    assert_eq!(poll(&mailferry)["imported"], 2);
    let asked: Vec<String> = server.account().commands.split_off(asked);
    let parts = asked.iter().filter(|command| command.contains("BODY.PEEK[]<")).count();
    assert!(parts <= 6, "the requests are for the last stored part, the rest and the end: {asked:?}");
    let message = &mailferry.messages()[0];
    let sizes: Vec<usize> = mailferry.messages().iter().map(|message| mailferry.raw(message).len()).collect();
    assert!(sizes.contains(&large(6).len()), "{message}");
}

#[test]
fn parts_of_two_different_mails_are_never_joined() {
    let (server, mailferry) = with_large(6);
    server.account().faults.cut_after = Some(4 << 20);
    poll(&mailferry);
    server.remove_faults();
    // The server generates the mail again for each session.
    let other: Vec<u8> = large(6).iter().map(|byte| if *byte == b'7' { b'x' } else { *byte }).collect();
    server.account().inbox().messages[0].bytes = other.clone();
    poll(&mailferry);
    poll(&mailferry);
    let stored: Vec<Vec<u8>> = mailferry.messages().iter().map(|message| mailferry.raw(message)).collect();
    assert!(stored.contains(&other) && stored.len() == 2, "all parts come from one session");
}

#[test]
fn a_wrong_part_affects_only_its_own_mail() {
    for (fault, whole) in [
        (Parts::FromStart, false),
        (Parts::TooLong, false),
        (Parts::Empty, false),
        (Parts::Whole, true),
        (Parts::Echoed, true),
        (Parts::NoSpace, true),
        (Parts::RefusedBehindEnd, true),
    ] {
        let (server, mailferry) = with_large(3);
        server.account().faults.parts = fault;
        poll(&mailferry);
        let mut wanted = vec!["small"];
        if whole {
            wanted.insert(0, "large");
        }
        assert_eq!(mailferry.subjects(), wanted, "{fault:?}");
        assert_eq!(states(&mailferry)[&1], if whole { "imported" } else { "pending" }, "{fault:?}");
        server.remove_faults();
        poll(&mailferry);
        let stored: Vec<usize> = mailferry.messages().iter().map(|message| mailferry.raw(message).len()).collect();
        assert!(stored.len() == 2 && stored.contains(&large(3).len()), "{fault:?}: {stored:?}");
    }
}

#[test]
fn quarantined_mail_can_be_downloaded_or_skipped() {
    let server = Faulty::start(Account::with_mails([large(3), mail("small", JOBB)]));
    let mailferry = mailbox(&server, &["--max-size", "2MB"]);
    poll(&mailferry);
    assert_eq!(states(&mailferry)[&1], "quarantined");
    let raw = mailferry.ok(&["ledger", "download", "--mailbox", JOBB, "--uid", "1"]).stdout;
    assert!(raw == large(3), "{} bytes", raw.len());
    mailferry.ok(&["ledger", "download", "--mailbox", JOBB, "--uid", "1", "--output", "mail.eml"]);
    assert_eq!(std::fs::read(mailferry.dir().join("mail.eml")).unwrap().len(), raw.len());
    let again = mailferry.run(&["ledger", "download", "--mailbox", JOBB, "--uid", "1", "--output", "mail.eml"]);
    assert_eq!(again.code, 1, "an existing file is not overwritten");
    let missing = mailferry.run(&["ledger", "download", "--mailbox", JOBB, "--uid", "77"]);
    assert_eq!(missing.code, 1, "{}", missing.all());
    assert_eq!(server.changes(), Vec::<String>::new());
    mailferry.ok(&["ledger", "skip", "--mailbox", JOBB, "--uid", "1"]);
    assert_eq!(states(&mailferry)[&1], "skipped");
    assert_eq!(
        mailferry.run(&["ledger", "skip", "--mailbox", JOBB, "--uid", "2"]).code,
        1,
        "imported mail stays imported"
    );
    mailferry.ok(&["mailbox", "verify", JOBB]);
    assert_eq!(mailferry.subjects(), ["small"]);
}

#[test]
fn a_poll_without_progress_is_not_repeated_at_once() {
    let server = Faulty::with("silent", 2);
    server.account().faults.replies =
        vec![Reply { command: "UID FETCH".to_owned(), after: 1, times: None, answer: Answer::Silence }];
    let mut mailferry = mailbox(&server, &[]);
    mailferry.env("MAILFERRY__DEADLINES__SILENCE", "60s");
    mailferry.env("MAILFERRY__SCHEDULE__POLL_TIME", "1s");
    let line = poll(&mailferry);
    assert_eq!(line["error"]["step"], "fetch", "{line}");
    let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
    assert_eq!(shown["state"], "failing", "{shown}");
    assert!(shown["next_poll_at"].as_str() > shown["last_attempt_at"].as_str(), "{shown}");
}

#[test]
fn a_large_mail_that_always_breaks_at_the_same_place_does_not_block_others() {
    let server = Faulty::start(Account::with_mails([large(4), mail("small", JOBB)]));
    server.account().faults.cut_after = Some(2 << 20);
    let mailferry = mailbox(&server, &[]);
    for _ in 0..4 {
        poll(&mailferry);
    }
    assert_eq!(states(&mailferry)[&1], "pending");
    server.account().faults.cut_after = None;
    server.account().faults.replies = vec![Reply {
        command: "UID FETCH 1 (UID BODY.PEEK[]<2097152".to_owned(),
        after: 0,
        times: None,
        answer: Answer::Bye("Internal error occurred.".to_owned()),
    }];
    for _ in 0..6 {
        poll(&mailferry);
    }
    assert_eq!(mailferry.subjects(), ["small"]);
}

#[test]
fn an_empty_body_instead_of_a_part_is_not_a_mail() {
    let server = Faulty::start(Account::with_mails(["one", "two"].map(|subject| mail(subject, JOBB))));
    server.account().faults.parts = Parts::Whole;
    server.account().faults.bodies.insert(1, Body::Empty);
    let mailferry = mailbox(&server, &[]);
    // The second poll fetches the mail with the empty body in parts.
    for _ in 0..2 {
        poll(&mailferry);
        assert_eq!((mailferry.subjects(), states(&mailferry)[&1].as_str()), (vec!["two".to_owned()], "pending"));
    }
    server.remove_faults();
    poll(&mailferry);
    assert_eq!(mailferry.subjects(), ["one", "two"]);
}

#[test]
fn a_large_mail_that_is_refused_first_does_not_block_others() {
    // There are more mails than one FETCH requests: the others show whether the mail or the server is at fault.
    let others = (0..500).map(|n| mail(&format!("small {n}"), JOBB));
    let server = Faulty::start(Account::with_mails([large(2)].into_iter().chain(others)));
    server.account().faults.bodies.insert(1, Body::Refused);
    let mailferry = mailbox(&server, &[]);
    let line = poll(&mailferry);
    assert_eq!(line["imported"], 500, "{line}");
    assert_eq!(states(&mailferry)[&1], "pending");
    server.remove_faults();
    assert_eq!(poll(&mailferry)["imported"], 1);
}
