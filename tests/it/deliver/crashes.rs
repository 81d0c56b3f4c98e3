//! The process is killed at every step of a delivery and started again: every mail arrives, and duplicates have the same id.

use std::collections::BTreeMap;

use super::*;
use crate::support::{
    mailferry::databases,
    sink::{Act, Step, Transaction},
};

const SUBJECTS: [&str; 3] = ["one", "two", "three"];

fn world_with_target_and_mails(database: Database) -> (World, Sink) {
    let world = World::new(database);
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    world.send(&SUBJECTS);
    (world, sink)
}

fn id(received: &Transaction) -> String {
    let text = String::from_utf8_lossy(&received.bytes).into_owned();
    let (_, rest) = text.split_once("X-Mailferry-Message: ").unwrap();
    rest.split("\r\n").next().unwrap().to_owned()
}

fn steps(database: Database) -> usize {
    let (world, _sink) = world_with_target_and_mails(database);
    let log = world.mailferry.dir().join("steps");
    let mut command = world.mailferry.command(&["poll"]);
    assert!(command.env("MAILFERRY_CRASH_LOG", &log).status().unwrap().success());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("a mail before its end") && log.contains("a mail accepted"), "{log}");
    log.lines().count()
}

#[test]
fn a_crash_at_any_step_of_a_delivery_loses_no_mail() {
    if !cfg!(feature = "crash-points") {
        println!("skipped: built without the feature crash-points; `make test` has it");
        return;
    }
    let of = if std::env::var("MAILFERRY_TEST_SWEEP").is_ok_and(|text| text == "all") { 1 } else { 5 };
    for database in databases() {
        let steps = steps(database);
        let (mut tried, mut twice) = (0, 0);
        for step in (1..=steps).filter(|step| step % of == 0) {
            let (world, sink) = world_with_target_and_mails(database);
            let mut command = world.mailferry.command(&["poll"]);
            command.env("MAILFERRY_CRASH_AT", step.to_string()).output().unwrap();
            let about = format!("{database:?}: ended at step {step} of {steps}");
            for _ in 0..2 {
                world.mailferry.run(&["poll"]);
            }
            assert_eq!(world.states(), ["delivered"; 3], "{about}: {:?}", world.deliveries());
            let mut by_subject = BTreeMap::<&str, Vec<String>>::new();
            for received in sink.transactions().iter().filter(|received| received.is_taken()) {
                let subject =
                    SUBJECTS.into_iter().find(|subject| ends_with_original(&received.bytes, &mail(subject, JOBB)));
                by_subject.entry(subject.expect("one of the mails")).or_default().push(id(received));
            }
            assert_eq!(by_subject.len(), 3, "{about}: {by_subject:?}");
            for (subject, ids) in &by_subject {
                assert!(ids.iter().all(|id| *id == ids[0]), "{about}: {subject}: {ids:?}");
                twice += ids.len() - 1;
            }
            tried += 1;
        }
        println!("{database:?}: {tried} of {steps} steps, {twice} mails arrived twice with the same id");
    }
}

#[test]
fn a_killed_process_leaves_a_mail_that_is_sent_again_with_the_same_id() {
    for database in databases() {
        let world = World::new(database);
        let sink = Sink::start(Personality::smtp().first(1, Step::Answer, Act::Wait));
        world.target(&["--smtp", &url(&sink)]);
        world.send(&["one"]);
        let mut serve = world.mailferry.serve();
        sink.wait_until_blocked();
        serve.kill9();
        sink.release(1);
        world.poll();
        assert_eq!(world.states(), ["delivered"], "{database:?}: {:?}", world.deliveries());
        let taken = sink.wait_for(2);
        assert_eq!(id(&taken[0]), id(&taken[1]), "{database:?}");
        assert_eq!(world.deliveries()[0]["unsure"], true);
    }
}

#[test]
fn a_process_that_is_told_to_stop_waits_for_the_answer_to_its_mail() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp().first(1, Step::Answer, Act::Wait));
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["one", "two"]);
    let mut serve = world.mailferry.serve();
    sink.wait_until_blocked();
    serve.sigterm();
    sink.release(1);
    assert!(serve.wait().success());
    assert_eq!(world.states()[0], "delivered", "{:?}", world.deliveries());
    world.poll();
    assert_eq!(world.states(), ["delivered"; 2]);
    assert_eq!(sink.transactions().len(), 2, "nothing is sent twice");
}
