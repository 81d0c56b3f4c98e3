//! Direct delivery to the mail servers of the inbox's domain.

mod sts;

use super::*;
use crate::support::{
    certs::Certs,
    name_server::{A, MX, NameServer},
    postfix::Postfix,
    sink::{Step, say},
};

/// The domain of the inbox.
const DOMAIN: &str = "mail.kundo.se";
/// The host in its MX record.
const FIRST: &str = "mx1.mail.kundo.se";
/// Another MX host, which only some tests use.
const SECOND: &str = "mx2.mail.kundo.se";

/// An installation that uses this name server, and connects to mail servers on this port.
fn installation(names: &NameServer, port: u16) -> Mailferry {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DNS__SERVERS", &format!("127.0.0.1:{}", names.port));
    mailferry.env("MAILFERRY__DELIVERY__MX_PORT", &port.to_string());
    mailferry
}

/// A name server with one MX host, which is this machine.
fn names() -> NameServer {
    let names = NameServer::start();
    names.mx(DOMAIN, &[(10, FIRST)]);
    names.address(FIRST, "127.0.0.1");
    names
}

fn problem(world: &World) -> String {
    world.deliveries()[0]["problem"].as_str().unwrap_or_default().to_owned()
}

/// The commands that a sink received, on all connections.
fn said(sink: &Sink) -> Vec<String> {
    sink.commands().into_iter().map(|(_, line)| line).collect()
}

#[test]
fn postfix_is_found_by_mx_and_gets_the_mail_by_tls_with_an_unknown_certificate() {
    let settings = "smtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\n";
    let postfix = Postfix::start_with(&[JOBB_INBOX], settings);
    let names = names();
    for is_default in [false, true] {
        let mut mailferry = installation(&names, postfix.smtp);
        if is_default {
            mailferry.env("MAILFERRY__DELIVERY__DEFAULT", "mx");
        }
        let world = World::with_mailferry(mailferry);
        let target = if is_default { "1".to_owned() } else { world.target(&["--mx"]) };
        let tested = world.mailferry.json(&["inbox", "delivery", "test", &target]).remove(0);
        let answer = tested["answer"].as_str().unwrap();
        assert!(answer.starts_with("mx1.mail.kundo.se (STARTTLS, no MTA-STS policy): "), "{tested}");
        world.send(&["one", "two"]);
        world.poll();
        assert_eq!(world.states(), ["delivered"; 2], "{:?}", world.deliveries());
        let answer = world.deliveries()[1]["answer"].as_str().unwrap().to_owned();
        assert!(answer.starts_with("mx1.mail.kundo.se: 250 2.0.0 "), "{answer}");
        let listed = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
        assert_eq!((&listed["url"], &listed["kind"]), (&"mx:".into(), &"smtp".into()), "{listed}");
    }
    let mails = postfix.wait_for(JOBB_INBOX, 4);
    assert!(mails.iter().all(|received| String::from_utf8_lossy(received).contains("using TLSv1.3")));
    assert!(ends_with_original(&mails[0], &mail("one", JOBB)));
}

#[test]
fn a_host_that_is_down_or_unwilling_is_passed_over() {
    let names = names();
    names.mx(DOMAIN, &[(20, SECOND), (10, FIRST)]);
    names.address(SECOND, "127.0.0.1");
    for (greeting, first) in [(None, "127.0.0.2"), (Some("554 5.3.2 go away"), "127.0.0.1")] {
        names.address(FIRST, first);
        let unwilling =
            greeting.iter().fold(Personality::smtp(), |sink, line| sink.first(1, Step::Greeting, say(line)));
        let sink = Sink::start(unwilling);
        let world = World::with_mailferry(installation(&names, sink.port));
        world.target(&["--mx"]);
        world.send(&["one", "two"]);
        world.poll();
        assert_eq!(world.states(), ["delivered"; 2], "{greeting:?}: {:?}", world.deliveries());
        let taken = sink.wait_for(2);
        assert!(taken.iter().all(|received| received.recipients == [JOBB_INBOX] && !received.tls), "{taken:?}");
        assert_eq!(taken[0].connection, taken[1].connection, "the connection is kept");
    }
}

#[test]
fn a_domain_without_mx_records_gets_its_mail_at_its_address_record() {
    let names = NameServer::start();
    names.address(DOMAIN, "127.0.0.1");
    let sink = Sink::start(Personality::smtp());
    let world = World::with_mailferry(installation(&names, sink.port));
    world.target(&["--mx", "--to", "desk@MAIL.kundo.se"]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(sink.wait_for(1)[0].recipients, ["desk@mail.kundo.se"]);
    assert!(names.queries().contains(&(DOMAIN.to_owned(), MX)));
}

#[test]
fn dns_answers_without_a_server_hold_defer_or_queue_the_delivery() {
    let sink = Sink::start(Personality::smtp());
    type Change = fn(&NameServer);
    let cases: [(&str, Change, &str, &str); 5] = [
        ("null MX", |names| names.mx(DOMAIN, &[(0, "")]), "held", "takes no mail"),
        ("NXDOMAIN", |names| names.forget(DOMAIN), "deferred", "has no mail server"),
        ("a host that does not exist", |names| names.forget(FIRST), "deferred", "has no mail server"),
        ("SERVFAIL", |names| names.fail(DOMAIN), "queued", "do not answer for mail.kundo.se"),
        ("SERVFAIL for the host", |names| names.fail(FIRST), "queued", "do not answer for mx1.mail.kundo.se"),
    ];
    for (case, change, state, words) in cases {
        let names = names();
        change(&names);
        let world = World::with_mailferry(installation(&names, sink.port));
        world.target(&["--mx"]);
        world.send(&["one"]);
        world.poll();
        assert_eq!(world.states(), [state], "{case}: {:?}", world.deliveries());
        assert!(problem(&world).contains(words), "{case}: {}", problem(&world));
        if state == "queued" {
            names.recover(DOMAIN);
            names.recover(FIRST);
            world.make_all_due();
            world.poll();
            assert_eq!(world.states(), ["delivered"], "{case}: {:?}", world.deliveries());
        }
    }
}

#[test]
fn at_most_five_addresses_are_tried_for_a_mail() {
    let names = NameServer::start();
    let hosts: Vec<String> = (0..20).map(|n| format!("mx{n}.mail.kundo.se")).collect();
    let records: Vec<(u16, &str)> = hosts.iter().map(|host| (10, host.as_str())).collect();
    names.mx(DOMAIN, &records);
    for host in &hosts {
        names.address(host, "127.0.0.1");
    }
    let sink = Sink::start(Personality::smtp().at(Step::Greeting, say("421 4.3.2 busy")));
    let world = World::with_mailferry(installation(&names, sink.port));
    world.target(&["--mx"]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
    assert_eq!(sink.connections(), 5);
}

#[test]
fn a_failed_handshake_sends_nothing_in_the_clear() {
    let names = names();
    let sink = Sink::start(Personality::smtp().garbage_for_tls());
    let world = World::with_mailferry(installation(&names, sink.port));
    world.target(&["--mx"]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
    assert!(said(&sink).iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{:?}", said(&sink));
}

#[test]
fn mx_records_cannot_point_into_a_private_network() {
    let names = names();
    names.address(FIRST, "127.0.0.2");
    let sink = Sink::start(Personality::smtp());
    for is_default in [false, true] {
        let mut world = World::with_mailferry(installation(&names, sink.port));
        // The customer's server must stay reachable.
        world.mailferry.env("MAILFERRY__EGRESS__ALLOW", "127.0.0.1/32,::1/128");
        match is_default {
            true => world.mailferry.env("MAILFERRY__DELIVERY__DEFAULT", "mx"),
            false => drop(world.target(&["--mx"])),
        }
        world.send(&["one"]);
        world.poll();
        assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
        assert!(problem(&world).contains("mx1.mail.kundo.se is not a public address"), "{}", problem(&world));
    }
}

#[test]
fn the_name_servers_of_the_configuration_resolve_every_host() {
    let names = names();
    let dir = tempfile::TempDir::new().unwrap();
    let certs = Certs::make(dir.path());
    let sink = Sink::start(Personality::smtp().starttls(&certs.mx));
    let world = World::with_mailferry(installation(&names, 25));
    let url = format!("smtp://{FIRST}:{}", sink.port);
    world.target(&["--smtp", &url, "--ca-file", certs.ca_file.to_str().unwrap()]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["delivered"], "{:?}", world.deliveries());
    assert!(names.queries().contains(&(FIRST.to_owned(), A)));
}

#[test]
fn a_domain_whose_servers_fail_does_not_stop_the_default_target() {
    const OTHER: &str = "ansokan.lillestad.se@inbox.example";
    let names = names();
    names.address(FIRST, "127.0.0.2");
    names.mx("inbox.example", &[(10, SECOND)]);
    names.address(SECOND, "127.0.0.1");
    let sink = Sink::start(Personality::smtp());
    let mut mailferry = installation(&names, sink.port);
    mailferry.env("MAILFERRY__DELIVERY__DEFAULT", "mx");
    let world = World::with_mailferry(mailferry);
    world.mailferry.add_inbox(OTHER);
    world.mailferry.ok(&["route", "add", "--recipient", "ansokan@lillestad.se", "--inbox", OTHER]);
    world.send(&["one"]);
    world.poll();
    assert_eq!(world.states(), ["queued"], "{:?}", world.deliveries());
    world.send_bytes(&mail("two", "ansokan@lillestad.se"));
    world.poll();
    assert_eq!(world.states(), ["queued", "delivered"], "{:?}", world.deliveries());
    assert_eq!(sink.wait_for(1)[0].recipients, [OTHER]);
}

#[test]
fn mx_has_no_login_and_no_authorities() {
    let mut mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    let secret = mailferry.dir().join("secret");
    std::fs::write(&secret, "kanarie-hemlig").unwrap();
    let certs = Certs::make(mailferry.dir());
    let (secret, ca) = (secret.to_str().unwrap(), certs.ca_file.to_str().unwrap());
    for option in [["--username", "me"], ["--secret-file", secret], ["--ca-file", ca]] {
        let refused = mailferry.run(&[&["inbox", "deliver", JOBB_INBOX, "--mx"], &option[..]].concat());
        assert!(
            refused.code != 0 && refused.stderr.contains("does not apply to a target of the kind mx"),
            "{refused:?}"
        );
    }
    mailferry.ok(&["inbox", "deliver", JOBB_INBOX, "--mx"]);
    let changed = mailferry.run(&["inbox", "delivery", "set", "1", "--username", "me"]);
    assert!(changed.code != 0 && changed.stderr.contains("does not apply"), "{changed:?}");
    let both = mailferry.run(&["inbox", "deliver", JOBB_INBOX, "--mx", "--smtp", "smtp://localhost"]);
    assert_eq!(both.code, 2, "{both:?}");
    mailferry.env("MAILFERRY__DELIVERY__DEFAULT", "mx");
    mailferry.env("MAILFERRY__DELIVERY__USERNAME", "me");
    let refused = mailferry.run(&["check"]);
    assert!(refused.code != 0 && refused.all().contains("delivery.default: mx has no login"), "{refused:?}");
}
