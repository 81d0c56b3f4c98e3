//! A backlog is delivered in order, at the target's rate, and its progress is shown.

use super::*;

#[test]
fn a_backlog_is_delivered_in_order_at_the_rate_and_shows_its_progress() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    let target = world.target(&["--smtp", &url(&sink), "--rate", "60"]);
    world.mailferry.ok(&["inbox", "delivery", "pause", &target]);
    let subjects: Vec<String> = (0..60).map(|number| format!("mail {number}")).collect();
    world.send(&subjects.iter().map(String::as_str).collect::<Vec<_>>());
    world.poll();
    assert_eq!(sink.transactions().len(), 0, "paused");
    let listed = world.mailferry.ok(&["inbox", "delivery", "list"]).text();
    assert!(listed.contains("0 of 60 delivered"), "{listed}");
    world.mailferry.ok(&["inbox", "delivery", "resume", &target]);
    world.poll();
    assert_eq!(sink.wait_for(10).len(), 10, "as many as the rate permits in ten seconds");
    let view = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
    assert_eq!(
        (&view["rate"], &view["catch_up"]["done"], &view["catch_up"]["total"]),
        (&60.into(), &10.into(), &60.into())
    );
    assert!(view["catch_up"]["minutes_left"].is_number(), "{view}");
    world.mailferry.ok(&["inbox", "delivery", "set", &target, "--rate", "0"]);
    world.make_all_due();
    world.poll();
    let taken = sink.wait_for(60);
    for (received, subject) in taken.iter().zip(&subjects) {
        assert!(ends_with_original(&received.bytes, &mail(subject, JOBB)), "{subject}: oldest first");
    }
    let view = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
    assert_eq!((&view["rate"], &view["catch_up"]), (&Value::Null, &Value::Null));
}
