//! MTA-STS: the policy of a domain decides which of its mail servers get mail.

use super::*;
use crate::support::webhook::{Reply, Webhook};

const RECORD: &str = "_mta-sts.mail.kundo.se";
const POLICY_HOST: &str = "mta-sts.mail.kundo.se";

/// A domain with a policy, and an installation that delivers to it.
struct Domain {
    names: NameServer,
    certs: Certs,
    policies: Option<Webhook>,
    sink: Sink,
    world: World,
}

fn policy_text(mode: &str, host: &str) -> String {
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 86400\r\n")
}

fn policy(mode: &str, host: &str) -> Reply {
    Reply::status(200).header("Content-Type", "text/plain; charset=utf-8").body(&policy_text(mode, host))
}

impl Domain {
    /// A domain whose policy host returns this answer, and whose mail server has a valid certificate.
    fn new(answer: Reply) -> Self {
        let names = names();
        let mailferry = Mailferry::new();
        let certs = Certs::make(mailferry.dir());
        let policies = Webhook::start_tls(&certs.mx);
        policies.always(answer);
        names.address(POLICY_HOST, "127.0.0.1");
        names.txt(RECORD, "v=STSv1; id=1;");
        let sink = Sink::start(Personality::smtp().starttls(&certs.mx));
        let mut mailferry = installation(&names, sink.port);
        mailferry.env("MAILFERRY__DELIVERY__MTA_STS_PORT", &policies.port.to_string());
        std::fs::copy(&certs.ca_file, mailferry.dir().join("ca.pem")).unwrap();
        let authority = mailferry.dir().join("ca.pem").to_string_lossy().into_owned();
        mailferry.env("SSL_CERT_FILE", &authority);
        let world = World::with_mailferry(mailferry);
        world.target(&["--mx"]);
        Self { names, certs, policies: Some(policies), sink, world }
    }

    /// Sends a mail, and returns its state after one poll.
    fn send(&self) -> String {
        self.world.send(&["one"]);
        self.world.make_all_due();
        self.world.poll();
        self.world.states().pop().unwrap()
    }

    fn tested(&self) -> String {
        let tested = self.world.mailferry.run(&["--json", "inbox", "delivery", "test", "1"]);
        tested.json()[0]["answer"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts that no part of a mail was sent without TLS.
    fn assert_no_mail_without_tls(&self) {
        let said = said(&self.sink);
        assert!(said.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS" || line == "QUIT"), "{said:?}");
    }
}

#[test]
fn a_named_host_with_a_valid_certificate_satisfies_an_enforced_policy() {
    for host in [FIRST, "*.mail.kundo.se"] {
        let domain = Domain::new(policy("enforce", host));
        assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
        assert!(domain.sink.wait_for(1)[0].tls);
        assert!(domain.tested().starts_with("mx1.mail.kundo.se (STARTTLS, MTA-STS: enforce): "), "{}", domain.tested());
        let requests = domain.policies.as_ref().unwrap().requests();
        assert_eq!(requests.len(), 1, "the policy is kept across processes");
        assert_eq!(requests[0].target, "/.well-known/mta-sts.txt");
    }
}

#[test]
fn an_enforced_policy_requires_tls_with_a_valid_certificate() {
    let domain = Domain::new(policy("enforce", FIRST));
    let personalities = [
        (Personality::smtp().starttls(&domain.certs.expired), "expired"),
        (Personality::smtp().starttls(&domain.certs.foreign), "another name"),
        (Personality::smtp(), "no TLS"),
    ];
    for (personality, case) in personalities {
        domain.sink.set_personality(personality);
        assert_eq!(domain.send(), "queued", "{case}: {:?}", domain.world.deliveries());
        domain.assert_no_mail_without_tls();
    }
    assert!(problem(&domain.world).contains("STARTTLS"), "{}", problem(&domain.world));
    domain.sink.set_personality(Personality::smtp().starttls(&domain.certs.mx));
    assert_eq!(domain.send(), "delivered");
    assert!(domain.sink.wait_for(4).iter().all(|received| received.tls));
}

#[test]
fn an_enforced_policy_excludes_hosts_that_it_does_not_name() {
    let domain = Domain::new(policy("enforce", SECOND));
    assert_eq!(domain.send(), "queued", "{:?}", domain.world.deliveries());
    assert!(problem(&domain.world).contains("MTA-STS policy"), "{}", problem(&domain.world));
    assert_eq!(domain.sink.connections(), 0);
    // The named host is used, although another is preferred.
    domain.names.mx(DOMAIN, &[(10, FIRST), (20, SECOND)]);
    domain.names.address(SECOND, "127.0.0.1");
    domain.names.address(FIRST, "127.0.0.2");
    assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
    assert!(domain.tested().starts_with(SECOND), "{}", domain.tested());
}

#[test]
fn a_policy_outlives_its_host_and_a_restart_until_it_expires() {
    let mut domain = Domain::new(policy("enforce", FIRST));
    assert_eq!(domain.send(), "delivered");
    domain.policies = None;
    domain.names.forget(RECORD);
    domain.names.forget(POLICY_HOST);
    domain.sink.set_personality(Personality::smtp());
    assert_eq!(domain.send(), "queued", "{:?}", domain.world.deliveries());
    // A new id without a reachable policy changes nothing.
    domain.names.txt(RECORD, "v=STSv1; id=2;");
    assert_eq!(domain.send(), "queued", "{:?}", domain.world.deliveries());
    assert_eq!(domain.sink.transactions().len(), 1);
    domain.world.mailferry.sql("UPDATE mta_sts_policy SET expires_at = 1");
    assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
    assert!(domain.sink.wait_for(4).iter().skip(1).all(|received| !received.tls));
}

#[test]
fn a_new_id_replaces_the_policy() {
    let domain = Domain::new(policy("enforce", FIRST));
    assert_eq!(domain.send(), "delivered");
    domain.sink.set_personality(Personality::smtp());
    domain.policies.as_ref().unwrap().always(policy("none", FIRST));
    assert_eq!(domain.send(), "queued", "the known policy is fetched again once a day");
    domain.names.txt(RECORD, "v=STSv1; id=2;");
    assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
}

#[test]
fn testing_and_unusable_policies_do_not_stop_mail() {
    let text = policy_text("enforce", SECOND);
    let page = Reply::status(200).header("Content-Type", "text/html").body(&text);
    let long = Reply::status(200).header("Content-Type", "text/plain").body(&(text + &"x-comment: y\r\n".repeat(5000)));
    let moved = Reply::redirect(301, "/elsewhere");
    for (answer, shown) in [
        (policy("testing", SECOND), "MTA-STS: testing"),
        (policy("none", SECOND), "no MTA-STS policy"),
        (policy("strict", SECOND), "no MTA-STS policy"),
        (page, "no MTA-STS policy"),
        (moved, "no MTA-STS policy"),
        (long, "no MTA-STS policy"),
        (Reply::status(404), "no MTA-STS policy"),
    ] {
        let domain = Domain::new(answer);
        domain.sink.set_personality(Personality::smtp().starttls(&domain.certs.expired));
        assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
        assert!(domain.sink.wait_for(1)[0].tls);
        assert!(domain.tested().contains(shown), "{}", domain.tested());
    }
}

#[test]
fn a_policy_host_needs_a_valid_certificate() {
    let mut domain = Domain::new(policy("enforce", SECOND));
    let policies = Webhook::start_tls(&domain.certs.foreign);
    policies.always(policy("enforce", SECOND));
    domain.world.mailferry.env("MAILFERRY__DELIVERY__MTA_STS_PORT", &policies.port.to_string());
    assert_eq!(domain.send(), "delivered", "{:?}", domain.world.deliveries());
    assert!(policies.requests().is_empty());
}
