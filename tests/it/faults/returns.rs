//! Mail that our effects put into a polled folder, or that something else puts back: it is imported once, and the loop ends.

use mailferry::test_server::{Account, Answer, Reply};
use serde_json::Value;

use super::{mailbox, mailbox_on, poll, states};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::{Mailferry, databases},
};

fn with_mails(subjects: &[&str]) -> Faulty {
    Faulty::start(Account::with_mails(subjects.iter().map(|subject| mail(subject, JOBB))))
}

fn changes(server: &Faulty) -> usize {
    let changing =
        |command: &&String| ["UID MOVE", "UID COPY", "UID STORE", "UID EXPUNGE"].iter().any(|c| command.starts_with(c));
    server.account().commands.iter().filter(changing).count()
}

/// Polls a few times, and checks that further polls change nothing.
fn poll_until_stable(server: &Faulty, mailferry: &Mailferry) -> Value {
    let mut line = poll(mailferry);
    for _ in 0..3 {
        line = poll(mailferry);
    }
    let before = (changes(server), mailferry.messages().len());
    for _ in 0..3 {
        line = poll(mailferry);
    }
    assert_eq!((changes(server), mailferry.messages().len()), before, "it does not become stable: {line}");
    line
}

#[test]
fn mail_that_is_put_back_is_imported_once_and_its_copy_left_alone() {
    for database in databases() {
        for (effect, lacks) in [("move:Klart", ""), ("move:Klart", "MOVE"), ("delete", "")] {
            let server = with_mails(&["one", "two"]);
            server.account().folder("Klart");
            server.account().faults.removed_mail_returns = true;
            if !lacks.is_empty() {
                server.account().faults.missing_capabilities.insert("MOVE");
            }
            let mailferry = mailbox_on(database, &server, &["--after-import", effect]);
            let line = poll_until_stable(&server, &mailferry);
            assert_eq!(mailferry.subjects(), ["one", "two"], "{effect} {lacks}");
            assert_eq!(server.uids(), [3, 4], "{effect} {lacks}: its copy is left alone");
            let states = states(&mailferry);
            assert_eq!((states[&3].as_str(), states[&4].as_str()), ("duplicate", "duplicate"), "{effect} {lacks}");
            assert_eq!(text(&line["error"], "cause"), "mailbox-copy-returns", "each poll reports it: {line}");
            assert!(line["error"]["retry"].is_null(), "{line}");
            let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
            assert_eq!((&shown["effects_impossible"], &shown["effects_pending"]), (&2.into(), &0.into()), "{shown}");
            assert_eq!(text(&shown, "who_must_act"), "admin", "{shown}");
        }
    }
}

#[test]
fn a_changed_action_replaces_pending_effects() {
    let server = with_mails(&["one"]);
    server.account().faults.removed_mail_returns = true;
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    poll_until_stable(&server, &mailferry);
    mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "leave"]);
    assert!(poll(&mailferry)["error"].is_null());
    assert_eq!(mailferry.subjects(), ["one"]);
}

#[test]
fn a_returned_mail_that_is_gone_again_is_no_longer_reported() {
    let server = with_mails(&["one"]);
    server.account().faults.removed_mail_returns = true;
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    poll_until_stable(&server, &mailferry);
    server.remove_faults();
    server.account().inbox().expunge(2);
    mailferry.run(&["mailbox", "verify", JOBB]);
    assert!(poll(&mailferry)["error"].is_null());
}

#[test]
fn the_loop_ends_even_if_mail_is_changed_when_it_is_put_back() {
    let server = with_mails(&["one"]);
    (server.account().faults.removed_mail_returns, server.account().faults.removed_mail_returns_changed) = (true, true);
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    for _ in 0..10 {
        poll(&mailferry);
    }
    poll_until_stable(&server, &mailferry);
    // Each returned mail looks like a different one: none is lost, and the sixth copy is left alone.
    assert_eq!(mailferry.messages().len(), 6);
}

#[test]
fn a_crash_at_any_step_imports_nothing_twice() {
    for lacks_move in [false, true] {
        for command in ["UID MOVE", "STATUS", "UID COPY", "UID STORE", "UID EXPUNGE"] {
            for answer in [Answer::Cut, Answer::ExecuteThenCut, Answer::Tagged("NO not now".to_owned())] {
                let about = format!("{command} {answer:?}, without MOVE: {lacks_move}");
                let server = with_mails(&["one", "two"]);
                server.account().folder("Klart");
                server.account().faults.removed_mail_returns = true;
                if lacks_move {
                    server.account().faults.missing_capabilities.insert("MOVE");
                }
                server.account().faults.replies =
                    vec![Reply { command: command.to_owned(), after: 0, times: Some(1), answer }];
                let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
                poll_until_stable(&server, &mailferry);
                assert_eq!(mailferry.subjects(), ["one", "two"], "{about}");
                assert_eq!(server.account().folder("Klart").messages.len(), 2, "{about}");
            }
        }
    }
}

#[test]
fn a_folder_that_is_polled_under_another_name_is_refused_as_target() {
    for name in ["Klart", "INBOX.Klart", "klart"] {
        let server = with_mails(&["one", "two"]);
        let mailferry = mailbox(&server, &["--folder", "INBOX", "--folder", "Klart"]);
        let refused = mailferry.run(&["mailbox", "set", JOBB, "--after-import", &format!("move:{name}")]);
        assert!(refused.code != 0 && refused.all().contains("choose another"), "{name}: {}", refused.all());
    }
    // Only the server knows this name of the folder.
    let server = with_mails(&["one", "two"]);
    server.account().folder("Klart").append(mail("three", JOBB));
    server.account().faults.aliases.insert("Arkiv".to_owned(), "INBOX".to_owned());
    let mailferry = mailbox(&server, &["--folder", "INBOX", "--folder", "Klart", "--after-import", "move:Arkiv"]);
    let checked = mailferry.run(&["mailbox", "check", JOBB]);
    assert!(checked.code == 1, "{}", checked.all());
    assert!(checked.text().contains("Arkiv is the polled folder INBOX"), "{}", checked.all());
    let offered = mailferry.json(&["mailbox", "effects", JOBB]);
    let moving = offered.iter().find(|ability| ability["effect"] == "move").expect("an effect for move");
    assert_eq!(moving["possible"], false, "{moving}");
    let output = mailferry.ok(&["mailbox", "dry-run", JOBB]).text();
    assert!(output.contains("Arkiv is the polled folder INBOX"), "{output}");
    let line = poll_until_stable(&server, &mailferry);
    assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
    assert_eq!((changes(&server), text(&line["error"], "step")), (0, "settle"), "nothing is moved: {line}");
    assert_eq!(server.uids(), [1, 2]);
}

#[test]
fn mail_is_not_moved_into_its_own_folder_on_a_case_insensitive_server() {
    let server = with_mails(&["one"]);
    server.account().faults.folds_case = true;
    server.account().folder("Klart").append(mail("two", JOBB));
    // The row is like one from an older version, which compared names case-sensitively.
    let mailferry = mailbox(&server, &["--folder", "Klart", "--after-import", "move:Annan"]);
    mailferry.sql("UPDATE mailbox SET after_import = 'move:klart'");
    let line = poll_until_stable(&server, &mailferry);
    assert_eq!((mailferry.subjects(), changes(&server)), (vec!["two".to_owned()], 0), "{line}");
}

#[test]
fn two_mailboxes_of_one_account_do_not_move_mail_back_and_forth() {
    let server = with_mails(&["one", "two"]);
    server.account().folder("Klart");
    let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
    let other = |options: &[&str]| {
        let mut line = vec!["mailbox", "add", ANSOKAN, "--inbox", JOBB_INBOX, "--username", JOBB, "--start", "all"];
        let server = server.options();
        line.extend(server.iter().map(String::as_str));
        line.extend(options);
        line.push("--password-stdin");
        mailferry.run_with_input(&line, "secret")
    };
    let refused = other(&["--folder", "Klart", "--after-import", "move:INBOX"]);
    assert!(refused.code != 0 && refused.all().contains(JOBB), "{}", refused.all());
    // The rows are changed below so that the names do not reveal the loop. It is detected from the mails that arrive.
    assert_eq!(other(&["--folder", "Annan", "--after-import", "leave"]).code, 0);
    mailferry.sql("UPDATE folder SET name = 'Klart' WHERE name = 'Annan'");
    mailferry.sql(&format!("UPDATE mailbox SET after_import = 'move:INBOX' WHERE address = '{ANSOKAN}'"));
    for _ in 0..6 {
        mailferry.poll();
    }
    assert_eq!(mailferry.subjects(), ["one", "two"]);
    let before = changes(&server);
    for _ in 0..3 {
        mailferry.poll();
    }
    assert_eq!(changes(&server), before, "the moves end");
    assert_eq!(
        (server.uids().len(), server.account().folder("Klart").messages.len()),
        (0, 2),
        "where it was put first"
    );
}

#[test]
fn identical_mails_in_one_folder_are_all_imported_and_moved() {
    let server = with_mails(&["same", "same", "same"]);
    server.account().folder("Klart");
    let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
    assert_eq!(mailferry.poll_ok(), 3);
    assert_eq!((server.uids().len(), server.account().folder("Klart").messages.len()), (0, 3));
}

#[test]
fn a_mail_that_is_in_two_folders_is_imported_once_and_moved_from_both() {
    let server = with_mails(&["one"]);
    server.account().folder("Support").append(mail("one", JOBB));
    server.account().folder("Support").uidvalidity = 18;
    server.account().folder("Klart").uidvalidity = 19;
    let mailferry = mailbox(&server, &["--folder", "INBOX", "--folder", "Support", "--after-import", "move:Klart"]);
    assert_eq!(mailferry.poll_ok(), 1);
    assert!(poll(&mailferry)["error"].is_null());
    assert_eq!(server.account().folder("Klart").messages.len(), 2);
    assert_eq!(server.account().folder("Support").messages.len(), 0);
}
