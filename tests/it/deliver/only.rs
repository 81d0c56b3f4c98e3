//! A target with `--only`: the built-in store deletes the bytes of a mail some time after its delivery.

use std::time::Duration;

use super::*;
use crate::support::sink::{Step, say};
use crate::support::wait;

#[test]
fn the_bytes_of_a_delivered_mail_are_deleted_in_time_and_those_of_a_held_mail_stay() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DELIVERY__RAW_RETENTION", "1d");
    let world = World::with_mailferry(mailferry);
    let sink = Sink::start(Personality::smtp().first(1, Step::Rcpt, say("550 5.1.1 no such user")));
    world.target(&["--smtp", &url(&sink), "--only"]);
    world.send(&["one", "two"]);
    world.poll();
    assert_eq!(world.states(), ["held", "delivered"]);
    let messages = world.mailferry.messages();
    let raw = |index: usize| world.mailferry.run(&["message", "raw", &messages[index]["id"].to_string()]);
    assert_eq!(raw(1).code, 0, "until housekeeping runs");
    // `serve` runs housekeeping when it starts.
    world.mailferry.sql("UPDATE delivery SET finished_at = finished_at - 90000000 WHERE state = 'delivered'");
    let serve = world.mailferry.serve();
    wait::until("the bytes are deleted", Duration::from_secs(30), || (raw(1).code != 0).then_some(()));
    drop(serve);
    let refused = raw(1);
    assert!(refused.stderr.contains("--only"), "{refused:?}");
    assert_eq!(raw(0).code, 0, "the held mail keeps its bytes");
    world.mailferry.ok(&["delivery", "retry", &world.deliveries()[0]["id"].to_string()]);
    world.poll();
    assert_eq!(world.states(), ["delivered"; 2]);
    assert!(ends_with_original(&sink.wait_for(2)[1].bytes, &mail("one", JOBB)));
    assert_eq!(world.mailferry.messages().len(), 2, "the record of the messages stays");
}
