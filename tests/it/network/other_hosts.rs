//! Hosts that accept connections and then hang occupy some slots of `serve` for a short time: mail on healthy hosts still
//! arrives.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::support::{
    dovecot::Dovecot,
    facts::JOBB_INBOX,
    mail::mail,
    mailferry::{Mailferry, Serve},
    wait,
};

const HEALTHY: usize = 10;
const DEAD_HOSTS: u8 = 10;
const DEAD_ON_EACH: usize = 3;
/// How long a dead host occupies a slot.
const GREETING: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

#[test]
fn unresponsive_hosts_do_not_delay_the_mail_of_healthy_hosts() {
    let users: Vec<String> = (0..HEALTHY).map(|n| format!("user{n}@lillestad.se")).collect();
    let server = Dovecot::start(&users.iter().map(String::as_str).collect::<Vec<_>>());
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DEADLINES__GREETING", &format!("{}s", GREETING.as_secs()));
    mailferry.add_inbox(JOBB_INBOX);
    for user in &users {
        mailferry.add_mailbox(user, JOBB_INBOX, &server.tls_options(), &["--start", "all", "--interval", "1s"]);
    }
    let mut mails = Mails { server: &server, mailferry: &mailferry, users: &users, sent: 0 };
    let alone = mails.longest_delay(&mailferry.serve());

    // Each dead host is an address with a listener that never calls accept: the kernel accepts the connections.
    let silent: Vec<TcpListener> =
        (2..2 + DEAD_HOSTS).map(|n| TcpListener::bind((format!("127.0.0.{n}"), 0)).unwrap()).collect();
    for (host, listener) in silent.iter().enumerate() {
        let at = listener.local_addr().unwrap();
        let options =
            ["--host", &at.ip().to_string(), "--tls", "none", "--port", &at.port().to_string()].map(str::to_owned);
        for number in 0..DEAD_ON_EACH {
            let address = format!("dead{host}-{number}@lillestad.se");
            mailferry.add_mailbox(&address, JOBB_INBOX, &options, &["--start", "all", "--interval", "1s"]);
        }
    }
    let beside_the_dead = mails.longest_delay(&mailferry.serve());
    println!(
        "longest delay: {alone:?} alone, {beside_the_dead:?} beside {} dead",
        usize::from(DEAD_HOSTS) * DEAD_ON_EACH
    );
    // At the start all mailboxes are due at once: 30 dead ones in 16 slots take two rounds of their deadline.
    assert!(beside_the_dead < alone + 3 * GREETING + Duration::from_secs(5), "{alone:?} {beside_the_dead:?}");
}

struct Mails<'a> {
    server: &'a Dovecot,
    mailferry: &'a Mailferry,
    users: &'a [String],
    sent: usize,
}

impl Mails<'_> {
    /// Delivers a mail to every healthy mailbox, several times; returns the longest time until one arrived.
    fn longest_delay(&mut self, serve: &Serve) -> Duration {
        let delays = (0..ROUNDS).map(|_| {
            for user in self.users {
                self.sent += 1;
                let subject = self.sent.to_string();
                self.server.deliver(user, "INBOX", &subject, &mail(&subject, user));
            }
            let start = Instant::now();
            let all_here = || (self.mailferry.messages().len() == self.sent).then_some(());
            let arrived = wait::within(Duration::from_secs(120), all_here);
            assert!(arrived.is_some(), "mail of healthy hosts is not imported:\n{}", serve.output());
            start.elapsed()
        });
        let delays: Vec<Duration> = delays.collect();
        println!("{delays:?}");
        delays.into_iter().max().unwrap()
    }
}
