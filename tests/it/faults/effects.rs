//! Effects on the customer's copies when the server refuses them, does not support them, or fails in the middle.

use mailferry::test_server::{Account, Answer, Reply};

use super::{mailbox, poll};
use crate::support::{facts::JOBB, faulty::Faulty, mail::mail};

fn count_mails(server: &Faulty, folder: &str) -> usize {
    server.account().folder(folder).messages.len()
}

fn once(command: &str, answer: Answer) -> Vec<Reply> {
    vec![Reply { command: command.to_owned(), after: 0, times: Some(1), answer }]
}

#[test]
fn a_crash_at_any_step_of_move_leaves_one_copy_in_the_target() {
    for lacks_move in [false, true] {
        for command in ["UID MOVE", "STATUS", "UID COPY", "UID STORE", "UID EXPUNGE"] {
            for answer in [Answer::Cut, Answer::ExecuteThenCut, Answer::Tagged("NO not now".to_owned())] {
                let about = format!("{command} {answer:?}, without MOVE: {lacks_move}");
                let server = Faulty::start(Account::with_mails(["one", "two"].map(|subject| mail(subject, JOBB))));
                server.account().folder("Klart");
                if lacks_move {
                    server.account().faults.missing_capabilities.insert("MOVE");
                }
                server.account().faults.replies = once(command, answer);
                let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
                poll(&mailferry);
                let line = poll(&mailferry);
                assert!(line["error"].is_null(), "{about}: {line}");
                assert_eq!((count_mails(&server, "INBOX"), count_mails(&server, "Klart")), (0, 2), "{about}");
                assert_eq!(mailferry.subjects(), ["one", "two"], "{about}");
                assert_eq!(line["effects_pending"], 0, "{about}: {line}");
            }
        }
    }
}

#[test]
fn two_identical_mails_have_two_copies_also_after_a_crash() {
    let server = Faulty::start(Account::with_mails(["same", "same"].map(|subject| mail(subject, JOBB))));
    server.account().faults.missing_capabilities.insert("MOVE");
    server.account().faults.replies = once("UID COPY", Answer::ExecuteThenCut);
    server.account().folder("Klart");
    let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
    poll(&mailferry);
    poll(&mailferry);
    assert_eq!((count_mails(&server, "INBOX"), count_mails(&server, "Klart")), (0, 2));
}

#[test]
fn deleting_on_gmail_moves_the_copy_to_the_trash() {
    let server = Faulty::with("gmail", 3);
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    assert_eq!(mailferry.poll_ok(), 3);
    assert_eq!((count_mails(&server, "INBOX"), count_mails(&server, "[Gmail]/Trash")), (0, 3));
    assert!(!server.changes().iter().any(|command| command.contains("Deleted")), "{:?}", server.changes());
}

#[test]
fn gmail_without_a_trash_folder_is_reported_and_nothing_is_deleted() {
    let server = Faulty::with("gmail", 3);
    server.account().folders.remove("[Gmail]/Trash");
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    let line = poll(&mailferry);
    assert_eq!((line["imported"].as_u64(), line["error"]["step"].as_str()), (Some(3), Some("settle")), "{line}");
    assert_eq!(count_mails(&server, "INBOX"), 3);
    let checked = mailferry.run(&["mailbox", "check", JOBB]);
    assert!(checked.code == 1 && checked.text().contains("FAILED  after-import"), "{}", checked.all());
}

#[test]
fn an_effect_that_is_refused_repeatedly_is_impossible_and_retried_daily() {
    let server = Faulty::with("store-refused", 1);
    let mailferry = mailbox(&server, &["--after-import", "seen"]);
    for _ in 0..10 {
        poll(&mailferry);
    }
    let stores = |server: &Faulty| server.changes().iter().filter(|command| command.starts_with("UID STORE")).count();
    let before = stores(&server);
    let line = poll(&mailferry);
    assert_eq!(stores(&server), before, "the attempts are limited");
    let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
    assert_eq!((&shown["effects_impossible"], &shown["effects_pending"]), (&1.into(), &0.into()), "{shown} {line}");
    server.remove_faults();
    mailferry.ok(&["mailbox", "verify", JOBB]);
    assert!(server.account().inbox().messages[0].flags.contains("\\Seen"), "as soon as it is possible");
}

#[test]
fn flags_that_a_folder_does_not_store_are_reported_at_setup() {
    let server = Faulty::with("ordinary", 1);
    server.account().faults.permanent_flags = Some("\\Seen".to_owned());
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    let checked = mailferry.run(&["mailbox", "check", JOBB, "--as-polled"]);
    assert!(checked.code == 1 && checked.text().contains("not allowed to delete"), "{}", checked.all());
    server.account().faults.read_only = true;
    let checked = mailferry.run(&["mailbox", "check", JOBB, "--as-polled"]);
    assert!(checked.code == 1 && checked.text().contains("read-only for this account"), "{}", checked.all());
    server.remove_faults();
    mailferry.ok(&["mailbox", "check", JOBB, "--as-polled"]);
    assert_eq!(server.uids(), [1], "a check changes nothing");
}

#[test]
fn after_a_new_uidvalidity_old_copies_keep_their_original_action() {
    for (before, done) in [("leave", ""), ("seen", "\\Seen")] {
        let server = Faulty::start(Account::with_mails(["one", "two"].map(|subject| mail(subject, JOBB))));
        let mailferry = mailbox(&server, &["--after-import", before]);
        assert_eq!(mailferry.poll_ok(), 2);
        mailferry.ok(&["mailbox", "set", JOBB, "--after-import", "delete"]);
        server.account().inbox().renumber(99);
        server.account().inbox().append(mail("three", JOBB));
        assert_eq!(mailferry.poll_ok(), 1);
        let left = server.account().inbox().messages.clone();
        assert_eq!(left.len(), 2, "{before}: mail imported before the change keeps its copy");
        assert!(left.iter().all(|mail| done.is_empty() || mail.flags.contains(done)), "{before}");
    }
}

#[test]
fn pending_work_continues_when_the_folder_gets_a_new_uidvalidity() {
    let server = Faulty::start(Account::with_mails(["one", "two"].map(|subject| mail(subject, JOBB))));
    server.account().folder("Klart");
    server.account().faults.missing_capabilities.insert("MOVE");
    server.account().faults.replies = vec![Reply {
        command: "UID EXPUNGE".to_owned(),
        after: 0,
        times: None,
        answer: Answer::Tagged("NO".to_owned()),
    }];
    let mailferry = mailbox(&server, &["--after-import", "move:Klart"]);
    poll(&mailferry);
    assert_eq!(
        (count_mails(&server, "INBOX"), count_mails(&server, "Klart")),
        (2, 2),
        "copied, and the original not removed yet"
    );
    server.account().inbox().renumber(99);
    server.account().faults.replies.clear();
    let line = poll(&mailferry);
    assert_eq!((count_mails(&server, "INBOX"), count_mails(&server, "Klart")), (0, 2), "{line}");
}

#[test]
fn pending_work_of_an_earlier_poll_is_never_applied_to_another_mail() {
    let server = Faulty::start(Account::with_mails(["one", "two", "three"].map(|subject| mail(subject, JOBB))));
    server.account().faults.replies =
        vec![Reply { command: "UID STORE".to_owned(), after: 0, times: None, answer: Answer::Tagged("NO".to_owned()) }];
    let mailferry = mailbox(&server, &["--after-import", "delete"]);
    poll(&mailferry);
    assert_eq!(count_mails(&server, "INBOX"), 3, "imported, and not deleted yet");
    server.remove_faults();
    // A backup is restored, and so much mail arrives that UIDNEXT does not reveal it.
    server.account().inbox().rewind(2);
    for subject in ["four", "five", "six"] {
        server.account().inbox().append(mail(subject, JOBB));
    }
    for _ in 0..3 {
        poll(&mailferry);
    }
    assert_eq!(mailferry.subjects(), ["five", "four", "one", "six", "three", "two"]);
    assert_eq!(count_mails(&server, "INBOX"), 0, "each is deleted only after that");
}
