//! One line of configuration replaces forwarding: each mail goes through a relay to the address of its inbox.

use super::*;
use crate::support::postfix::{PASSWORD, Postfix, USER};

const OTHER: &str = "ansokan.lillestad.se@mail.kundo.se";

#[test]
fn each_mail_goes_to_the_address_of_its_inbox() {
    let postfix = Postfix::start(&[JOBB_INBOX, OTHER]);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__DELIVERY__DEFAULT", &format!("smtp://127.0.0.1:{}", postfix.smtp));
    let world = World::with_mailferry(mailferry);
    world.mailferry.add_inbox(OTHER);
    world.mailferry.ok(&["route", "add", "--recipient", "ansokan@lillestad.se", "--inbox", OTHER]);
    world.send(&["one"]);
    world.send_bytes(&mail("two", "ansokan@lillestad.se"));
    world.poll();
    assert_eq!(world.states(), ["delivered"; 2], "{:?}", world.deliveries());
    assert!(ends_with_original(&postfix.wait_for(JOBB_INBOX, 1)[0], &mail("one", JOBB)));
    assert!(ends_with_original(&postfix.wait_for(OTHER, 1)[0], &mail("two", "ansokan@lillestad.se")));
    let listed = world.mailferry.json(&["inbox", "delivery", "list"]);
    assert_eq!((&listed[0]["inbox"], &listed[0]["delivered"]), (&Value::Null, &2.into()));
    // The target belongs to the configuration, and can only be changed there.
    let refused = world.mailferry.run(&["inbox", "delivery", "remove", "1"]);
    assert!(refused.code == 1 && refused.stderr.contains("delivery.default"), "{refused:?}");
}

#[test]
fn a_relay_with_tls_and_a_login_accepts_mail() {
    let postfix = Postfix::start(&[JOBB_INBOX]);
    let (ca, secret) = (postfix.certs.ca_file.clone(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(secret.path(), PASSWORD).unwrap();
    let (ca, secret) = (ca.to_str().unwrap(), secret.path().to_str().unwrap());
    for url in [
        format!("smtp://localhost:{}?tls=starttls", postfix.submission),
        format!("smtps://localhost:{}", postfix.smtps),
    ] {
        let world = World::new(Database::Sqlite);
        let login = ["--username", USER, "--secret-file", secret, "--ca-file", ca];
        let target = world.target(&[&["--smtp", &url], &login[..]].concat());
        let tested = world.mailferry.json(&["inbox", "delivery", "test", &target]);
        assert_eq!(tested[0]["ok"], true, "{tested:?}");
        world.send(&["one"]);
        world.poll();
        assert_eq!(world.states(), ["delivered"], "{url}: {:?}", world.deliveries());
        // With a wrong password nothing is sent, and no attempt counts against the mail.
        let wrong = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(wrong.path(), "fel").unwrap();
        world.mailferry.ok(&["inbox", "delivery", "set", &target, "--secret-file", wrong.path().to_str().unwrap()]);
        world.send(&["two"]);
        world.poll();
        let last = world.deliveries().pop().unwrap();
        assert_eq!((&last["state"], &last["attempts"]), (&"queued".into(), &0.into()), "{last}");
        let listed = world.mailferry.json(&["inbox", "delivery", "list"]).remove(0);
        assert!(listed["problem"].as_str().unwrap().contains("login"), "{listed}");
        assert!(!world.mailferry.run(&["inbox", "delivery", "list"]).all().contains("fel\""), "no password is shown");
    }
    assert_eq!(postfix.wait_for(JOBB_INBOX, 2).len(), 2);
}
