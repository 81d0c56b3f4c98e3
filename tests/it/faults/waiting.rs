//! The time of the next poll after a server has refused or throttled one.

use super::{mailbox, poll};
use crate::support::{
    facts::{JOBB, text},
    faulty::Faulty,
};

fn seconds_until(line: &serde_json::Value) -> f64 {
    let retry = text(&line["error"], "retry");
    let at: jiff::Timestamp = retry.parse().unwrap_or_else(|_| panic!("a time: {line}"));
    at.duration_since(jiff::Timestamp::now()).as_secs_f64()
}

#[test]
fn each_refusal_has_its_own_wait() {
    for (profile, waits, blame, who) in [
        ("exchange-throttle", 280.0..301.0, "host", "mail server"),
        ("gmail-overquota", 3500.0..3601.0, "host", "mail server"),
        ("too-many-connections", 30.0..90.0, "host", "mail server"),
        ("wrong-password", 30.0..90.0, "mailbox", "admin"),
        ("not-connected", 30.0..90.0, "mailbox", "admin"),
        ("bye-in-fetch", 30.0..90.0, "host", "mail server"),
    ] {
        let server = Faulty::with(profile, 2);
        let mailferry = mailbox(&server, &[]);
        let line = poll(&mailferry);
        assert_eq!(line["error"]["blame"], blame, "{profile}: {line}");
        assert!(waits.contains(&seconds_until(&line)), "{profile}: {} s, {line}", seconds_until(&line));
        let shown = mailferry.json(&["mailbox", "show", JOBB]).remove(0);
        assert_eq!((text(&shown, "state"), text(&shown, "who_must_act")), ("failing", who), "{profile}: {shown}");
    }
}

#[test]
fn a_wait_that_the_server_asked_for_survives_a_restart() {
    let server = Faulty::with("exchange-throttle", 2);
    let mailferry = mailbox(&server, &[]);
    poll(&mailferry);
    let logins = server.account().commands.len();
    let held = poll(&mailferry);
    assert!(text(&held["error"], "message").contains("asked us to wait"), "{held}");
    assert_eq!(server.account().commands.len(), logins, "the server is not contacted");
}

#[test]
fn after_three_refused_logins_the_login_is_tried_hourly_until_a_change() {
    let server = Faulty::with("wrong-password", 2);
    let mailferry = mailbox(&server, &[]);
    let waits: Vec<f64> = (0..3).map(|_| seconds_until(&poll(&mailferry))).collect();
    assert!(waits[0] < 90.0 && waits[2] > 3500.0, "{waits:?}");
    mailferry.ok_with_input(&["mailbox", "set", JOBB, "--password-stdin"], "right\n");
    assert!(seconds_until(&poll(&mailferry)) < 90.0, "a change resets the count");
}

/// The value of a metric of the only mailbox, from `mailferry serve`.
fn metric(serve: &crate::support::mailferry::Serve, name: &str) -> i64 {
    let text = serve.answer("/metrics").expect("an answer");
    assert!(text.contains("application/openmetrics-text"), "{text}");
    let line = text.lines().find(|line| line.starts_with(&format!("mailferry_{name}{{")));
    let value = line.unwrap_or_else(|| panic!("{name} in {text}")).rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    assert!(!text.contains("secret"), "{text}");
    value as i64
}

#[test]
fn the_metrics_show_open_cases() {
    for database in crate::support::mailferry::databases() {
        let server = Faulty::with("placeholder-body", 3);
        let mailferry = super::mailbox_on(database, &server, &["--after-import", "delete"]);
        server.account().faults.missing_capabilities.extend(["UIDPLUS", "MOVE"]);
        poll(&mailferry);
        let serve = mailferry.serve();
        let seen: Vec<i64> = ["pending", "quarantined", "unaccounted", "effects_impossible", "failures", "state"]
            .iter()
            .map(|name| metric(&serve, &format!("mailbox_{name}")))
            .collect();
        assert_eq!(seen, [1, 0, 0, 2, 0, 1], "{database:?}");
        assert!(metric(&serve, "mailbox_last_success_timestamp_seconds") > 1_700_000_000);
    }
}
