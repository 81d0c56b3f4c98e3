//! A mail that a target does not take is kept, in order, until the target takes it or a person decides.

use super::*;
use crate::support::sink::{Step, say};

#[test]
fn a_mail_that_is_refused_for_good_is_held_and_sent_again_by_hand() {
    for database in crate::support::mailferry::databases() {
        let world = World::new(database);
        let refuse = say("550 5.1.1 no such user");
        let sink = Sink::start(Personality::smtp().first(1, Step::Rcpt, refuse));
        let target = world.target(&["--smtp", &url(&sink)]);
        world.send(&["one", "two"]);
        world.poll();
        assert_eq!(world.states(), ["held", "delivered"], "{database:?}: a held mail delays no other");
        let held = world.mailferry.json(&["delivery", "list", "--state", "held"]).remove(0);
        let problem = held["problem"].as_str().unwrap();
        assert!(problem.contains("550 5.1.1 no such user"), "{problem}");
        let id = held["id"].to_string();
        assert!(world.mailferry.ok(&["delivery", "show", &id]).text().contains("no such user"));
        world.mailferry.ok(&["delivery", "retry", &id]);
        world.poll();
        assert_eq!(world.states(), ["delivered", "delivered"]);
        let taken = sink.wait_for(2);
        assert!(ends_with_original(&taken[1].bytes, &mail("one", JOBB)));
        let again = world.mailferry.run(&["delivery", "drop", &id]);
        assert!(again.code == 1 && again.stderr.contains("is delivered"), "{again:?}");
        let removed = world.mailferry.ok(&["inbox", "delivery", "remove", &target]);
        assert!(removed.text().contains("Removed"), "{removed:?}");
        assert_eq!(world.mailferry.messages().len(), 2, "the messages stay");
    }
}

#[test]
fn held_mail_is_dropped_or_sent_elsewhere() {
    let world = World::new(Database::Sqlite);
    let refusing = Sink::start(Personality::smtp().at(Step::Rcpt, say("550 5.1.1 no such user")));
    let first = world.target(&["--smtp", &url(&refusing)]);
    world.send(&["one", "two"]);
    world.poll();
    let taking = Sink::start(Personality::smtp());
    let second = world.target(&["--smtp", &url(&taking)]);
    let ids: Vec<String> = world.deliveries().iter().map(|delivery| delivery["id"].to_string()).collect();
    world.mailferry.ok(&["delivery", "retry", &ids[0], "--to", &second]);
    world.poll();
    assert!(ends_with_original(&taking.wait_for(1)[0].bytes, &mail("one", JOBB)));
    let refused = world.mailferry.run(&["inbox", "delivery", "remove", &first]);
    assert!(refused.code == 1 && refused.stderr.contains("undelivered"), "{refused:?}");
    let dropped = world.mailferry.json(&["delivery", "drop", "--all-held-of", &first]);
    assert_eq!(dropped[0]["dropped"], 1);
    assert_eq!(world.states(), ["delivered", "dropped"]);
    world.mailferry.ok(&["inbox", "delivery", "remove", &first]);
}

#[test]
fn greylisting_keeps_the_order() {
    let world = World::new(Database::Sqlite);
    let sink =
        Sink::start(Personality::smtp().first(1, Step::Rcpt, say("451 4.7.1 greylisted, try again in 5 minutes")));
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["one", "two"]);
    world.poll();
    assert_eq!(world.states(), ["queued", "queued"], "the second waits for the first");
    world.poll();
    assert_eq!(sink.transactions().len(), 0, "and the first waits for its time");
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["delivered", "delivered"]);
    let taken = sink.wait_for(2);
    assert!(
        ends_with_original(&taken[0].bytes, &mail("one", JOBB))
            && ends_with_original(&taken[1].bytes, &mail("two", JOBB))
    );
}

#[test]
fn a_target_that_is_down_does_not_count_as_an_attempt_and_no_mail_is_lost() {
    let world = World::new(Database::Sqlite);
    let port = {
        let sink = Sink::start(Personality::smtp());
        sink.port
    };
    world.target(&["--smtp", &format!("smtp://127.0.0.1:{port}")]);
    world.send(&["one", "two", "three"]);
    world.poll();
    assert_eq!(world.states(), ["queued"; 3]);
    assert!(world.deliveries().iter().all(|delivery| delivery["attempts"] == 0));
    let listed = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
    assert_eq!((&listed["waiting"], &listed["failures"]), (&3.into(), &1.into()), "{listed}");
    let sink = Sink::start_at(port, Personality::smtp());
    world.make_all_due();
    world.poll();
    assert_eq!(sink.wait_for(3).len(), 3);
    assert_eq!(world.states(), ["delivered"; 3]);
}

#[test]
fn mail_that_has_come_back_is_not_delivered_again() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["one"]);
    world.poll();
    // The helpdesk forwards the mail to the polled mailbox.
    let back =
        [&b"Received: from a by b; Tue, 03 Mar 2026 09:30:00 +0100\r\n"[..], &sink.wait_for(1)[0].bytes].concat();
    let changed = String::from_utf8(back).unwrap().replace("det gäller", "vidarebefordrat:");
    world.send_bytes(changed.as_bytes());
    world.poll();
    assert_eq!(world.states(), ["delivered", "held"], "{:?}", world.deliveries());
    assert!(world.deliveries()[1]["problem"].as_str().unwrap().contains("come back"));
    let polled = world.mailferry.run(&["inbox", "deliver", JOBB_INBOX, "--smtp", &url(&sink), "--to", JOBB]);
    assert!(polled.code == 1 && polled.stderr.contains("for ever"), "{polled:?}");
}
