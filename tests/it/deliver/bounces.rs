//! A bounce to the envelope sender holds the delivery that it returns.

use super::*;
use crate::support::sink::Transaction;

const BOUNCES: &str = "bounces@kundo.example";
const BOUNCES_INBOX: &str = "bounces.kundo.example@mail.kundo.se";

/// The report of a later server about a mail that the target accepted.
fn report(taken: &Transaction, action: &str) -> Vec<u8> {
    let to = &taken.sender;
    format!(
        "Return-Path: <>\r\nDelivered-To: {BOUNCES}\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: {action}\r\n\
         Message-ID: <{action}.{}@mx.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {JOBB_INBOX}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no mailbox here\r\n\r\n--b--\r\n",
        to.len()
    )
    .into_bytes()
}

#[test]
fn a_bounce_holds_its_delivery_and_is_never_bounced_itself() {
    for database in crate::support::mailferry::databases() {
        let mut mailferry = Mailferry::with_database(database);
        mailferry.env("MAILFERRY__DELIVERY__SENDER", BOUNCES);
        let world = World::with_mailferry(mailferry);
        let server = Dovecot::start(&[BOUNCES]);
        world.mailferry.add_inbox(BOUNCES_INBOX);
        world.mailferry.add_mailbox(BOUNCES, BOUNCES_INBOX, &server.tls_options(), &["--start", "all"]);
        let sink = Sink::start(Personality::smtp());
        world.target(&["--smtp", &url(&sink)]);
        world.mailferry.ok(&["inbox", "deliver", BOUNCES_INBOX, "--smtp", &url(&sink)]);
        world.send(&["one", "two"]);
        world.poll();
        let taken = sink.wait_for(2);
        assert!(taken.iter().all(|mail| mail.sender.starts_with("bounces+d")), "{taken:?}");
        server.deliver(BOUNCES, "INBOX", "b1", &report(&taken[0], "delayed"));
        world.poll();
        assert_eq!(world.states(), ["delivered"; 3], "a delay is not a failure");
        server.deliver(BOUNCES, "INBOX", "b2", &report(&taken[1], "failed"));
        world.poll();
        assert_eq!(world.states(), ["delivered", "held", "delivered", "delivered"], "{database:?}");
        let problem = world.deliveries()[1]["problem"].as_str().unwrap().to_owned();
        assert!(problem.contains("550 5.1.1 no mailbox here"), "{problem}");
        assert!(sink.wait_for(4)[2..].iter().all(|mail| mail.sender.is_empty()), "no bounce of a bounce");
        let id = world.deliveries()[1]["id"].to_string();
        world.mailferry.ok(&["delivery", "retry", &id]);
        world.poll();
        assert_eq!(world.states()[1], "delivered");
        assert!(ends_with_original(&sink.wait_for(5)[4].bytes, &mail("two", JOBB)));
    }
}
