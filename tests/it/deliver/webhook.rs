//! Webhooks: the signatures of events, verified independently, and the consequences of answers.

use super::*;
use crate::support::{
    standard_webhooks,
    webhook::{Reply, Webhook},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn with_secret(world: &World, secret: &str) -> String {
    let file = world.mailferry.dir().join("secret");
    std::fs::write(&file, secret).unwrap();
    file.to_str().unwrap().to_owned()
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn an_event_is_signed_anew_at_each_attempt_and_keeps_its_id() {
    let world = World::new(Database::Sqlite);
    let hook = Webhook::start();
    hook.next([Reply::status(500), Reply::status(200)]);
    let file = with_secret(&world, SECRET);
    let target = world.target(&["--webhook", &hook.url("/mail"), "--secret-file", &file]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
    world.make_all_due();
    world.poll();
    assert_eq!(world.states(), ["delivered"], "{:?}", world.deliveries());
    let requests = hook.wait_for(2);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    for request in &requests {
        assert_eq!(standard_webhooks::verify(SECRET, request), Ok(()));
        assert!(standard_webhooks::verify(NEW_SECRET, request).is_err());
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
    let event = json(&requests[1].body);
    assert_eq!((&event["type"], &event["id"]), (&"mail.received".into(), &requests[1].header("webhook-id").into()));
    let data = &event["data"];
    assert_eq!((&data["inbox"], &data["mailbox"]), (&JOBB_INBOX.into(), &JOBB.into()), "{event}");
    assert_eq!(data["parsed"]["subject"], "one");
    let raw =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data["raw"]["content"].as_str().unwrap());
    assert_eq!(raw.unwrap(), mail("one", JOBB));

    // While a secret is rotated, both sign.
    let file = with_secret(&world, NEW_SECRET);
    world.mailferry.ok(&["inbox", "delivery", "set", &target, "--secret-file", &file]);
    world.send(&["two"]);
    world.poll();
    let last = hook.wait_for(3).pop().unwrap();
    assert_eq!(standard_webhooks::verify(SECRET, &last), Ok(()));
    assert_eq!(standard_webhooks::verify(NEW_SECRET, &last), Ok(()));
    world.mailferry.sql("UPDATE delivery_target SET old_secret_until = 1");
    world.send(&["three"]);
    world.poll();
    let last = hook.wait_for(4).pop().unwrap();
    assert!(standard_webhooks::verify(SECRET, &last).is_err());
    assert_eq!(standard_webhooks::verify(NEW_SECRET, &last), Ok(()));
}

#[test]
fn each_answer_decides_the_state_of_the_delivery() {
    for (reply, state, retried) in [
        (Reply::status(204), "delivered", false),
        (Reply::status(400), "held", false),
        (Reply::status(404), "held", false),
        (Reply::status(413), "held", false),
        (Reply::redirect(302, "http://127.0.0.1:1/elsewhere"), "held", false),
        (Reply::status(408), "queued", true),
        (Reply::status(425), "queued", true),
        (Reply::status(429).header("Retry-After", "3600"), "queued", true),
        (Reply::status(500), "queued", true),
        (Reply::status(503), "queued", true),
        (Reply::close_before_body(), "maybe", true),
        (Reply::close_after_body(), "maybe", true),
        (Reply::zeros(1 << 30), "delivered", false),
    ] {
        let world = World::new(Database::Sqlite);
        let hook = Webhook::start();
        let about = format!("{reply:?}");
        hook.next([reply]);
        world.target(&["--webhook", &hook.url("/mail")]);
        world.send(&["one"]);
        world.poll();
        let is_cut = about.contains("CloseBeforeBody");
        let states = world.states();
        // Whether the close is noticed before or after the last byte is sent depends on timing.
        assert!(states == [state] || (is_cut && states == ["queued"]), "{about}: {:?}", world.deliveries());
        world.poll();
        assert_eq!(hook.requests().len(), 1, "{about}: nothing is repeated before its time");
        if retried {
            world.make_all_due();
            world.poll();
            assert_eq!(world.states(), ["delivered"], "{about}");
        }
    }
}

#[test]
fn a_receiver_that_answers_gone_is_paused() {
    let world = World::new(Database::Sqlite);
    let hook = Webhook::start();
    hook.next([Reply::status(410)]);
    let target = world.target(&["--webhook", &hook.url("/mail")]);
    world.send(&["one", "two"]);
    world.poll();
    world.make_all_due();
    world.poll();
    assert_eq!(hook.requests().len(), 1, "it gets no more mail");
    let listed = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
    assert_eq!((&listed["paused"], &listed["waiting"]), (&true.into(), &2.into()), "{listed}");
    assert!(listed["problem"].as_str().unwrap().contains("410"), "{listed}");
    world.mailferry.ok(&["inbox", "delivery", "resume", &target]);
    world.poll();
    assert_eq!(world.states(), ["delivered", "delivered"]);
}

#[test]
fn a_test_sends_an_event_without_a_mail() {
    let world = World::new(Database::Sqlite);
    let hook = Webhook::start();
    let target = world.target(&["--webhook", &hook.url("/mail")]);
    let tested = world.mailferry.json(&["inbox", "delivery", "test", &target]);
    assert_eq!(tested[0]["ok"], true, "{tested:?}");
    assert_eq!(json(&hook.wait_for(1)[0].body)["type"], "mailferry.test");
    hook.next([Reply::status(401)]);
    let failed = world.mailferry.run(&["inbox", "delivery", "test", &target]);
    assert!(failed.code == 1 && failed.text().contains("401"), "{failed:?}");
}
