//! Deliveries by SMTP, LMTP and webhook: the number and order of accepted mails, and the treatment of mails that a target refuses.

mod bounces;
mod bytes;
mod catch_up;
mod crashes;
mod default;
mod held;
mod look;
mod loops;
mod mx;
mod only;
mod personalities;
mod switch_over;
mod webhook;

use std::cell::Cell;

use serde_json::Value;

use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    mail::mail,
    mailferry::{Database, Mailferry},
    sink::{Personality, Sink},
};

/// A customer's server with a mailbox, and an installation that imports the mailbox into an inbox.
struct World {
    server: Dovecot,
    mailferry: Mailferry,
    /// The number of mails sent so far, which is in their file names, so that these sort in the order of sending.
    sent: Cell<usize>,
}

impl World {
    fn new(database: Database) -> Self {
        Self::with_mailferry(Mailferry::with_database(database))
    }

    fn with_mailferry(mut mailferry: Mailferry) -> Self {
        let server = Dovecot::start(&[JOBB]);
        mailferry.env("MAILFERRY__EGRESS__ALLOW", "127.0.0.0/8");
        mailferry.add_inbox(JOBB_INBOX);
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &["--start", "all"]);
        Self { server, mailferry, sent: Cell::new(0) }
    }

    /// Adds a target, and returns its number.
    fn target(&self, options: &[&str]) -> String {
        let added = self.mailferry.json(&[&["inbox", "deliver", JOBB_INBOX], options].concat());
        added[0]["id"].to_string()
    }

    /// Delivers mails with these subjects to the customer's server.
    fn send(&self, subjects: &[&str]) {
        for subject in subjects {
            self.send_bytes(&mail(subject, JOBB));
        }
    }

    /// Delivers a mail to the customer's server.
    fn send_bytes(&self, bytes: &[u8]) {
        self.sent.set(self.sent.get() + 1);
        self.server.deliver(JOBB, "INBOX", &format!("m{:06}", self.sent.get()), bytes);
    }

    /// Polls once, which also sends the deliveries that are due.
    fn poll(&self) {
        self.mailferry.poll_ok();
    }

    /// The deliveries, the oldest first.
    fn deliveries(&self) -> Vec<Value> {
        let mut all = self.mailferry.json(&["delivery", "list", "--limit", "100000"]);
        all.reverse();
        all
    }

    fn states(&self) -> Vec<String> {
        self.deliveries().iter().map(|delivery| delivery["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes every delivery that waits for a later attempt due now.
    fn make_all_due(&self) {
        self.mailferry.sql("UPDATE delivery_target SET retry_at = NULL");
        self.mailferry.sql("UPDATE delivery SET retry_at = 1 WHERE state = 'deferred'");
        self.mailferry.sql("UPDATE delivery_lane SET deferred_at = 1 WHERE deferred_at IS NOT NULL");
        self.mailferry.sql("UPDATE delivery_lane SET next_at = 1 WHERE next_at IS NOT NULL");
    }
}

/// The URL of a sink without TLS.
fn url(sink: &Sink) -> String {
    format!("smtp://127.0.0.1:{}", sink.port)
}

/// Whether a received mail ends with the original mail, unchanged after the trace fields.
fn ends_with_original(bytes: &[u8], original: &[u8]) -> bool {
    bytes.ends_with(original)
}

#[test]
fn a_new_mail_is_delivered_once_and_stays_in_the_inbox() {
    for database in crate::support::mailferry::databases() {
        let world = World::new(database);
        let sink = Sink::start(Personality::smtp());
        world.target(&["--smtp", &url(&sink)]);
        world.send(&["one", "two", "three"]);
        world.poll();
        let taken = sink.wait_for(3);
        assert!(taken.iter().all(|received| received.is_taken() && received.recipients == [JOBB_INBOX]), "{taken:?}");
        assert!(
            taken.iter().all(|received| received.connection == taken[0].connection),
            "one connection takes them all"
        );
        for (received, subject) in taken.iter().zip(["one", "two", "three"]) {
            assert!(
                ends_with_original(&received.bytes, &mail(subject, JOBB)),
                "{database:?}: {}",
                String::from_utf8_lossy(&received.bytes)
            );
            let head = String::from_utf8_lossy(&received.bytes).into_owned();
            assert!(head.starts_with("Received: from "), "{head}");
            for field in ["Delivered-To: jobb@lillestad.se", "X-Mailferry-Message: ", "X-Mailferry-Historic: "] {
                assert!(head.contains(field), "{field}: {head}");
            }
        }
        assert_eq!(world.states(), ["delivered"; 3]);
        assert_eq!(world.mailferry.messages().len(), 3, "the built-in store keeps the messages");
        world.poll();
        assert_eq!(sink.transactions().len(), 3, "nothing is sent twice");
    }
}

#[test]
fn mail_from_before_the_target_is_not_delivered() {
    let world = World::new(Database::Sqlite);
    world.send(&["early"]);
    world.poll();
    let sink = Sink::start(Personality::smtp());
    world.target(&["--smtp", &url(&sink)]);
    world.send(&["late"]);
    world.poll();
    assert_eq!(sink.wait_for(1).len(), 1);
    assert_eq!(world.states(), ["delivered"]);
}
