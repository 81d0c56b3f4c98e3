//! Loops are stopped: mails of one sender to one inbox beyond the hourly limit are held, and no mailbox receives its own mail.

use super::*;
use crate::support::name_server::NameServer;

#[test]
fn mails_beyond_the_sender_limit_are_held_until_a_person_decides() {
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__SENDER_MAILS", "3");
    let world = World::with_mailferry(mailferry);
    let sink = Sink::start(Personality::smtp());
    let target = world.target(&["--smtp", &url(&sink)]);
    world.poll(); // mail that comes from now on is not historic
    world.send(&["one", "two"]);
    world.poll();
    world.send(&["three", "four", "five"]);
    world.poll();
    assert_eq!(world.states(), ["delivered", "delivered", "delivered", "held", "held"], "{:?}", world.deliveries());
    let problem = world.deliveries()[4]["problem"].as_str().unwrap().to_owned();
    assert!(problem.contains("more than 3 mails"), "{problem}");
    assert_eq!(world.mailferry.messages().len(), 5, "the import goes on");
    for id in [3, 4].map(|at: usize| world.deliveries()[at]["id"].to_string()) {
        world.mailferry.ok(&["delivery", "retry", &id]);
    }
    world.poll();
    assert_eq!(world.states(), ["delivered"; 5], "target {target}");
    assert_eq!(sink.wait_for(5).len(), 5);
}

/// A mailbox with a login name without a domain may receive mail at that name in every domain whose MX host is its server.
#[test]
fn a_recipient_that_is_a_polled_mailbox_by_mx_and_login_name_is_refused() {
    let names = NameServer::start();
    names.mx("lillestad.example", &[(10, "mx.lillestad.example")]);
    names.address("mx.lillestad.example", "127.0.0.1");
    names.mx("elsewhere.example", &[(10, "mx.elsewhere.example")]);
    names.address("mx.elsewhere.example", "127.0.0.2");
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DNS__SERVERS", &format!("127.0.0.1:{}", names.port));
    let world = World::with_mailferry(mailferry);
    let options = [world.server.plain_options(), ["--username", "kontakt"].map(str::to_owned).to_vec()].concat();
    world.mailferry.add_mailbox("kontakt@lillestad.se", JOBB_INBOX, &options, &[]);
    let deliver_to = |recipient: &str| {
        let options = ["inbox", "deliver", JOBB_INBOX, "--smtp", "smtp://relay.example", "--to", recipient];
        world.mailferry.run(&options)
    };
    let refused = deliver_to("Kontakt@lillestad.example");
    assert!(refused.code != 0 && refused.all().contains("Mailferry polls"), "{}", refused.all());
    for other in ["info@lillestad.example", "kontakt@elsewhere.example", "kontakt@unknown.example"] {
        assert_eq!(deliver_to(other).code, 0, "{other}");
    }
    let moved = world.mailferry.run(&["inbox", "delivery", "set", "1", "--to", "kontakt@lillestad.example"]);
    assert!(moved.code != 0 && moved.all().contains("Mailferry polls"), "{}", moved.all());
    // The other way round: the mailbox comes after the target.
    let add = ["mailbox", "add", "support@lillestad.se", "--inbox", JOBB_INBOX, "--password-stdin"];
    let login = ["--host", "imap.elsewhere.example", "--username", "kontakt"];
    let refused = world.mailferry.run_with_input(&[&add[..], &login].concat(), "secret");
    assert!(refused.code != 0 && refused.all().contains("kontakt@elsewhere.example"), "{}", refused.all());
    let login = ["--host", "imap.elsewhere.example", "--username", "kontakten"];
    world.mailferry.ok_with_input(&[&add[..], &login].concat(), "secret");
}
