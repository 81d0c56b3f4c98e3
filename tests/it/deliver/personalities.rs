//! Servers that are slow, full, broken or hostile. Each case has the expected state of the mail.

use super::*;
use crate::support::sink::{Act, Step, say};

/// A fault of the server at the first attempt, and the expected state of the mail after that attempt. A mail that is not
/// held is delivered by a second attempt, when the server works again.
struct Case {
    name: &'static str,
    step: Step,
    act: Act,
    first: &'static str,
    /// Whether the mail may have arrived already, so that the server ends up with two copies.
    unsure: bool,
}

fn cases() -> Vec<Case> {
    let case = |name, step, act, first, unsure| Case { name, step, act, first, unsure };
    vec![
        case("a busy greeting", Step::Greeting, say("421 4.3.2 busy"), "queued", false),
        case("an unwilling greeting", Step::Greeting, say("554 5.3.2 go away"), "queued", false),
        case("no greeting", Step::Greeting, Act::Close, "queued", false),
        case("a greeting that is not SMTP", Step::Greeting, say("* OK IMAP4rev1 ready"), "queued", false),
        case("EHLO refused", Step::Hello, say("550 5.7.1 bad name"), "queued", false),
        case("451 at MAIL", Step::Mail, say("451 4.3.0 later"), "queued", false),
        case("452 at RCPT", Step::Rcpt, say("452 4.2.2 full for now"), "queued", false),
        case("552 at MAIL", Step::Mail, say("552 5.3.4 too large"), "held", false),
        case("552 at the end", Step::Answer, say("552 5.2.2 mailbox full"), "deferred", false),
        case("554 at RCPT", Step::Rcpt, say("554 5.7.1 policy"), "deferred", false),
        case("554 at the end", Step::Answer, say("554 5.6.0 content"), "deferred", false),
        case(
            "421 in the middle",
            Step::Rcpt,
            Act::SayAndClose("421 4.3.2 shutting down\n".to_owned()),
            "queued",
            false,
        ),
        case("cut at MAIL", Step::Mail, Act::Close, "queued", false),
        case("the answer is lost", Step::Answer, Act::Close, "maybe", true),
        case("another code in a reply", Step::Mail, Act::Bytes(b"250-a\r\n550 b\r\n".to_vec()), "queued", false),
        case(
            "an endless line",
            Step::Mail,
            Act::Flood(b"250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec()),
            "queued",
            false,
        ),
        case("an endless reply", Step::Mail, Act::Flood(b"250-more\r\n".to_vec()), "queued", false),
        case("3xx where 2xx is due", Step::Mail, say("354 go ahead"), "queued", false),
    ]
}

#[test]
fn each_failure_holds_or_queues_the_delivery_and_no_mail_is_lost() {
    for Case { name, step, act, first, unsure } in cases() {
        for chunking in [true, false] {
            let usual = ["PIPELINING", "SIZE 100000000", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING"];
            let offers = if chunking { &usual[..] } else { &usual[..4] };
            let world = World::new(Database::Sqlite);
            let sink = Sink::start(Personality::smtp().offering(offers).first(1, step.clone(), act.clone()));
            world.target(&["--smtp", &url(&sink)]);
            world.send(&["one"]);
            world.poll();
            let about = format!("{name}, {offers:?}: {:?}", world.deliveries());
            assert_eq!(world.states(), [first], "{about}");
            assert!(world.deliveries()[0]["problem"].is_string(), "{about}");
            if first == "held" {
                continue;
            }
            world.make_all_due();
            world.poll();
            assert_eq!(world.states(), ["delivered"], "{name}: {:?}", world.deliveries());
            let taken: Vec<_> = sink.transactions().into_iter().filter(|received| received.is_taken()).collect();
            assert!(taken.iter().all(|received| ends_with_original(&received.bytes, &mail("one", JOBB))), "{about}");
            let ids: Vec<String> = taken.iter().map(|received| id_of(&received.bytes)).collect();
            assert!(ids.iter().all(|id| *id == ids[0]), "{about}: a repetition has the same id");
            assert_eq!(taken.len(), if unsure { 2 } else { 1 }, "{about}");
        }
    }
}

/// The delivery's id in the Received field.
fn id_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (_, rest) = text.split_once(" id ").unwrap();
    rest.split([';', ' ', '\r']).next().unwrap().to_owned()
}

/// The mail must be large: a small one is written in one piece, so its end may have been sent before the connection breaks.
#[test]
fn a_connection_that_breaks_in_the_middle_of_a_large_mail_delivers_nothing() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp().first(1, Step::Body(100_000), Act::Close));
    world.target(&["--smtp", &url(&sink)]);
    let large = [&mail("one", JOBB)[..], &b"0123456789abcd\r\n".repeat(1_000_000)].concat();
    world.send_bytes(&large);
    world.poll();
    assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
    world.make_all_due();
    world.poll();
    let taken: Vec<_> = sink.transactions().into_iter().filter(|received| received.is_taken()).collect();
    assert!(taken.len() == 1 && taken[0].bytes.ends_with(&large));
}

#[test]
fn a_mail_that_may_have_arrived_is_held_if_the_target_says_hold() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp().first(1, Step::Answer, Act::Close));
    world.target(&["--smtp", &url(&sink), "--when-unknown", "hold"]);
    world.send(&["one", "two"]);
    world.poll();
    assert_eq!(world.states(), ["held", "delivered"]);
    let held = &world.deliveries()[0];
    assert_eq!(held["unsure"], true, "{held}");
    assert!(held["problem"].as_str().unwrap().contains("may have been delivered"), "{held}");
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    let secret = world.mailferry.dir().join("secret");
    std::fs::write(&secret, "kanarie-hemlig").unwrap();
    let url = format!("smtp://localhost:{}?tls=starttls", sink.port);
    world.target(&["--smtp", &url, "--username", "me", "--secret-file", secret.to_str().unwrap()]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["queued"]);
    let said: Vec<String> = sink.commands().into_iter().map(|(_, command)| command).collect();
    assert!(said.iter().all(|command| command.starts_with("EHLO") || command == "QUIT"), "{said:?}");
    assert!(world.deliveries()[0]["problem"].as_str().unwrap().contains("STARTTLS"));
}

#[test]
fn a_mail_larger_than_the_servers_limit_is_held_before_it_is_sent() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp().offering(&["SIZE 500", "CHUNKING"]));
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["held"], "{:?}", world.deliveries());
    assert!(sink.transactions().is_empty());
    assert!(sink.commands().iter().all(|(_, command)| !command.starts_with("MAIL")));
}

#[test]
fn a_dead_target_does_not_delay_the_others() {
    let world = World::new(Database::Sqlite);
    let port = Sink::start(Personality::smtp()).port;
    world.target(&["--smtp", &format!("smtp://127.0.0.1:{port}")]);
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["one", "two"]);
    world.poll();
    assert_eq!(sink.wait_for(2).len(), 2);
}
