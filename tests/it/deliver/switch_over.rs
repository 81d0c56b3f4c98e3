//! While a customer switches between forwarding and polling, each mail comes both ways but reaches the helpdesk once.

use serde_json::json;

use super::*;
use crate::support::facts::text;
use crate::support::sha256;

/// The helpdesk's report of a mail that it received by forwarding, with fields that servers added on the way.
fn report(mail: &[u8]) -> Value {
    let mail = String::from_utf8(mail.to_vec()).unwrap();
    let (header, body) = mail.split_once("\r\n\r\n").unwrap();
    let header = format!("Resent-From: jobb@lillestad.se\r\nReceived: from outlook by mail.kundo.se\r\n{header}\r\n");
    json!({ "header": header, "body_sha256": sha256::hex(body.as_bytes()) })
}

#[test]
fn a_mail_that_comes_both_ways_reaches_the_helpdesk_once() {
    let world = World::new(Database::Sqlite);
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    let token = world.mailferry.json(&["token", "create", "--name", "desk", "--scope", "write"]);
    let token = text(&token[0], "token").to_owned();
    let seen = format!("/inboxes/{JOBB_INBOX}/seen");
    // The forwarded copy of the first mail comes before its polled copy, that of the second mail after it.
    {
        let serve = world.mailferry.serve();
        for _ in 0..2 {
            let (status, answer) = serve.api("POST", &seen, &token, Some(&report(&mail("one", JOBB))));
            assert_eq!((status, answer), (200, json!({ "keep": true, "message": null })));
        }
    }
    world.send(&["one", "two"]);
    world.poll();
    assert_eq!(world.states(), ["dropped", "delivered"], "{:?}", world.deliveries());
    assert!(ends_with_original(&sink.wait_for(1)[0].bytes, &mail("two", JOBB)));
    assert!(world.deliveries()[0]["problem"].as_str().unwrap().contains("forwarding"));
    let messages = world.mailferry.messages();
    assert_eq!(messages.len(), 2, "the mail that was not delivered is still in the built-in store");
    {
        let serve = world.mailferry.serve();
        let (status, answer) = serve.api("POST", &seen, &token, Some(&report(&mail("two", JOBB))));
        assert_eq!((status, answer), (200, json!({ "keep": false, "message": messages[1]["id"] })));
    }
    {
        // The helpdesk also reports the mail that Mailferry delivered, and must keep it.
        let serve = world.mailferry.serve();
        let (status, answer) = serve.api("POST", &seen, &token, Some(&report(&sink.wait_for(1)[0].bytes)));
        assert_eq!((status, answer), (200, json!({ "keep": true, "message": null })));
    }
    let shown = world.mailferry.ok(&["mailbox", "show", JOBB]).text();
    assert!(shown.contains("Forwarding    of the last 2 polled mails, 2 came by forwarding too"), "{shown}");
}

#[test]
fn after_fifty_mails_the_forwarding_rule_can_be_removed() {
    let world = World::new(Database::Sqlite);
    // The inbox's own address, where the forwarded copies arrive, is polled too.
    let forwarded_to = Dovecot::start(&[JOBB_INBOX]);
    world.mailferry.add_mailbox(JOBB_INBOX, JOBB_INBOX, &forwarded_to.tls_options(), &["--start", "all"]);
    for number in 0..50 {
        let subject = format!("mail {number}");
        world.send(&[&subject]);
        let forwarded = [&b"Resent-From: jobb@lillestad.se\r\n"[..], &mail(&subject, JOBB)].concat();
        forwarded_to.deliver(JOBB_INBOX, "INBOX", &format!("f{number:06}"), &forwarded);
    }
    world.poll();
    assert_eq!(world.mailferry.messages().len(), 50, "each mail is imported once");
    let shown = world.mailferry.ok(&["mailbox", "show", JOBB]).text();
    assert!(shown.contains("the forwarding rule can now be removed"), "{shown}");
}
