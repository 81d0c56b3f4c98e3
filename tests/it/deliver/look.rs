//! After a lost answer, Mailferry searches the recipient's mailbox to find out whether the mail has arrived.

use super::*;
use crate::support::{
    dovecot::{PASSWORD, lmtp::Lmtp},
    facts::text,
    mailferry::databases,
    sink::{Act, Step, say},
};

/// The options of a target whose recipient has a mailbox on this server.
fn look_in(world: &World, server: &Dovecot, password: &str) -> Vec<String> {
    let file = world.mailferry.dir().join(format!("mailbox-{password}"));
    std::fs::write(&file, password).unwrap();
    let file = file.to_string_lossy().into_owned();
    let url = format!("imap://127.0.0.1:{}", server.imap);
    let options = ["--look-in", &url, "--look-username", JOBB_INBOX, "--look-password-file", &file];
    options.map(str::to_owned).to_vec()
}

fn strs(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

/// A target that loses its first answer and defers the second attempt, and the recipient's mailbox, which the test fills.
fn losing_the_answer(more: &[&str]) -> (World, Sink, Dovecot) {
    let world = World::new(Database::Sqlite);
    let refusal = say("451 4.3.0 later");
    let personality = Personality::smtp().first(1, Step::Answer, Act::Close).first(1, Step::Answer, refusal);
    let sink = Sink::start(personality);
    let recipient = Dovecot::start(&[JOBB_INBOX]);
    let looking = look_in(&world, &recipient, PASSWORD);
    world.target(&[&["--smtp", &url(&sink)], more, &strs(&looking)].concat());
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["maybe"], "{:?}", world.deliveries());
    (world, sink, recipient)
}

#[test]
fn with_the_recipients_mailbox_a_crash_at_any_step_delivers_each_mail_once() {
    if !cfg!(feature = "crash-points") {
        println!("skipped: built without the feature crash-points; `make test` has it");
        return;
    }
    let of = if std::env::var("MAILFERRY_TEST_SWEEP").is_ok_and(|text| text == "all") { 1 } else { 10 };
    for database in databases() {
        let mut found = 0;
        for step in (1..).step_by(of) {
            let world = World::new(database);
            let lmtp = Lmtp::start(&[JOBB_INBOX]);
            let looking = look_in(&world, &lmtp.dovecot, PASSWORD);
            let port = format!("127.0.0.1:{}", lmtp.port);
            world.target(&[&["--lmtp", &port], &strs(&looking)[..]].concat());
            world.send(&["one", "two", "three"]);
            let mut command = world.mailferry.command(&["poll"]);
            let ended = command.env("MAILFERRY_CRASH_AT", step.to_string()).output().unwrap().status;
            for _ in 0..2 {
                world.mailferry.run(&["poll"]);
            }
            let about = format!("{database:?}: ended at step {step}: {:?}", world.deliveries());
            assert_eq!(world.states(), ["delivered"; 3], "{about}");
            assert_eq!(lmtp.dovecot.messages(JOBB_INBOX, "INBOX").len(), 3, "{about}");
            found +=
                world.deliveries().iter().filter(|delivery| text(delivery, "answer").starts_with("imap://")).count();
            if ended.success() {
                break; // the poll has no such step
            }
        }
        assert!(found > 0, "{database:?}: no mail was found in the mailbox");
    }
}

/// The mail with another id: its own, with one more character.
fn decoy(sent: &[u8]) -> String {
    let sent = String::from_utf8_lossy(sent);
    let (head, rest) = sent.split_once("X-Mailferry-Message: ").unwrap();
    let (id, rest) = rest.split_once("\r\n").unwrap();
    format!("{head}X-Mailferry-Message: {id}0\r\n{rest}")
}

#[test]
fn a_mail_that_is_found_is_not_sent_again() {
    let (world, sink, recipient) = losing_the_answer(&[]);
    let sent = &sink.transactions()[0].bytes;
    let decoy = decoy(sent);
    recipient.deliver(JOBB_INBOX, "INBOX", "a", decoy.as_bytes());
    recipient.deliver(JOBB_INBOX, "INBOX", "b", sent);
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["delivered"], "{:?}", world.deliveries());
    let answer = format!("imap://127.0.0.1:{}/INBOX;UID=2", recipient.imap);
    assert_eq!(text(&world.deliveries()[0], "answer"), answer);
    assert_eq!(sink.transactions().len(), 1);
    let commands = recipient.commands_sent(JOBB_INBOX);
    assert!(commands.iter().any(|line| line == "EXAMINE \"INBOX\""), "{commands:?}");
    assert!(commands.iter().all(|line| !line.starts_with("SELECT") && !line.contains("BODY[")), "{commands:?}");
}

#[test]
fn a_mail_that_is_not_found_is_sent_again() {
    let (world, sink, recipient) = losing_the_answer(&[]);
    let decoy = decoy(&sink.transactions()[0].bytes);
    recipient.deliver(JOBB_INBOX, "INBOX", "a", decoy.as_bytes());
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["maybe"], "refused for now: {:?}", world.deliveries());
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["delivered"], "{:?}", world.deliveries());
    assert_eq!(sink.wait_for(3).len(), 3);
}

#[test]
fn a_mail_that_is_not_found_is_held_if_the_target_says_hold_and_can_be_sent_by_hand() {
    let (world, sink, _recipient) = losing_the_answer(&["--when-unknown", "hold"]);
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["held"], "{:?}", world.deliveries());
    let held = &world.deliveries()[0];
    assert!(text(held, "problem").contains("not in the recipient's mailbox"), "{held}");
    assert_eq!(held["unsure"], true, "{held}");
    world.mailferry.ok(&["delivery", "retry", &held["id"].to_string()]);
    world.poll();
    assert_eq!(world.states(), ["maybe"], "refused for now: {:?}", world.deliveries());
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["delivered"], "the last answer was not lost: {:?}", world.deliveries());
    assert_eq!(sink.wait_for(3).len(), 3);
}

#[test]
fn a_mail_that_may_have_arrived_is_held_if_the_mailbox_is_no_longer_set() {
    let (world, sink, _recipient) = losing_the_answer(&["--when-unknown", "hold"]);
    world.mailferry.ok(&["inbox", "delivery", "set", "1", "--look-in", "none"]);
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["held"], "{:?}", world.deliveries());
    assert_eq!(sink.transactions().len(), 1);
}

#[test]
fn a_mailbox_that_cannot_be_opened_lets_later_mail_pass() {
    let (world, sink, recipient) = losing_the_answer(&[]);
    let wrong = look_in(&world, &recipient, "kanarie-fel");
    world.mailferry.ok(&[&["inbox", "delivery", "set", "1"], &strs(&wrong)[..]].concat());
    let tested = world.mailferry.run(&["inbox", "delivery", "test", "1"]);
    assert_eq!(tested.code, 1, "{}", tested.all());
    world.send(&["two"]);
    for _ in 0..3 {
        world.make_all_due();
        world.poll();
    }
    assert_eq!(world.states(), ["deferred", "delivered"], "{:?}", world.deliveries());
    let waiting = &world.deliveries()[0];
    let problem = text(waiting, "problem");
    assert!(problem.contains("cannot be searched") && !problem.contains("kanarie"), "{problem}");
    assert_eq!(sink.transactions().len(), 3, "one, and two with its refusal");
    world.mailferry.ok(&["delivery", "retry", &waiting["id"].to_string()]);
    world.poll();
    assert_eq!(world.states(), ["held", "delivered"], "a person gets an answer at once");
    let right = look_in(&world, &recipient, PASSWORD);
    world.mailferry.ok(&[&["inbox", "delivery", "set", "1"], &strs(&right)[..]].concat());
    world.mailferry.ok(&["inbox", "delivery", "test", "1"]);
    world.mailferry.ok(&["delivery", "retry", &waiting["id"].to_string()]);
    world.poll();
    assert_eq!(world.states(), ["delivered"; 2]);
}

/// The author of a mail may write the id of another: only the field on top counts.
#[test]
fn an_id_in_the_fields_of_the_author_proves_nothing() {
    let (world, sink, recipient) = losing_the_answer(&[]);
    let sent = String::from_utf8_lossy(&sink.transactions()[0].bytes).into_owned();
    let field = sent.lines().find(|line| line.starts_with("X-Mailferry-Message: ")).unwrap();
    let forged = format!("X-Mailferry-Message: other-m1.0123456789ab\r\n{field}\r\nSubject: forged\r\n\r\n.\r\n");
    recipient.deliver(JOBB_INBOX, "INBOX", "a", forged.as_bytes());
    for _ in 0..2 {
        world.make_all_due();
        world.poll();
    }
    assert_eq!(world.states(), ["delivered"]);
    assert!(!text(&world.deliveries()[0], "answer").starts_with("imap://"), "{:?}", world.deliveries());
}

#[test]
fn the_password_is_entered_again_for_another_server_or_name() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    let recipient = Dovecot::start(&[JOBB_INBOX]);
    let looking = look_in(&world, &recipient, PASSWORD);
    world.target(&[&["--smtp", &url(&sink)], &strs(&looking)[..]].concat());
    for moved in [["--look-in", "imaps://mail.example"], ["--look-username", "another"]] {
        let refused = world.mailferry.run(&[&["inbox", "delivery", "set", "1"][..], &moved].concat());
        assert_ne!(refused.code, 0, "{}", refused.all());
        assert!(refused.all().contains("enter the password again"), "{}", refused.all());
    }
    world.mailferry.ok(&["inbox", "delivery", "set", "1", "--concurrency", "2"]);
    world.mailferry.ok(&["inbox", "delivery", "set", "1", "--look-in", "none"]);
    let target = &world.mailferry.json(&["inbox", "delivery", "list"])[0];
    assert!(target["look_in"].is_null() && target["look_username"].is_null(), "{target}");
}
