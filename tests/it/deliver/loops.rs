//! A loop is stopped: mails of one sender to one inbox beyond the hourly limit are held.

use super::*;

#[test]
fn mails_beyond_the_sender_limit_are_held_until_a_person_decides() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__SENDER_MAILS", "3");
    let world = World::with_mailferry(mailferry);
    let sink = Sink::start(Personality::smtp());
    let target = world.target(&["--smtp", &url(&sink)]);
    world.poll(); // mail that comes from now on is not historic
    world.send(&["one", "two"]);
    world.poll();
    world.send(&["three", "four", "five"]);
    world.poll();
    assert_eq!(world.states(), ["delivered", "delivered", "delivered", "held", "held"], "{:?}", world.deliveries());
    let problem = world.deliveries()[4]["problem"].as_str().unwrap().to_owned();
    assert!(problem.contains("more than 3 mails"), "{problem}");
    assert_eq!(world.mailferry.messages().len(), 5, "the import goes on");
    for id in [3, 4].map(|at: usize| world.deliveries()[at]["id"].to_string()) {
        world.mailferry.ok(&["delivery", "retry", &id]);
    }
    world.poll();
    assert_eq!(world.states(), ["delivered"; 5], "target {target}");
    assert_eq!(sink.wait_for(5).len(), 5);
}
