//! Hostile texts from servers: in greetings, in refusals of logins, and in the check of a mailbox.

use std::time::Duration;

use serde_json::json;

use super::{
    payloads::{Payload, payloads, visible_characters},
    witness::Witness,
};
use crate::{
    page::Site,
    support::{
        canary::Canary,
        facts::{JOBB, JOBB_INBOX, text},
        mailferry::Mailferry,
        scripted::Scripted,
        wait,
    },
};

/// The mailbox whose server greets with each of the payloads in turn.
const GREETING_MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";

/// The number of mailboxes on one page of the list.
const ON_A_PAGE: usize = 50;

/// A server that answers each connection with BYE and the next text.
fn refusing_connections(payloads: &[Payload]) -> Scripted {
    let dialogues: Vec<String> =
        payloads.iter().map(|payload| format!("S: * BYE {}\nCUT\n", payload.without_controls())).collect();
    Scripted::start(&dialogues.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A server that refuses every login, with a different text for each mailbox.
fn refusing_logins(payloads: &[Payload]) -> Scripted {
    let refusal = |payload: &Payload| {
        let (address, words) = (address(payload), payload.without_controls());
        format!("WHEN: TAG LOGIN \"{address}\" *\nS: TAG NO [AUTHENTICATIONFAILED] {words}\n\n")
    };
    Scripted::start(&[&format!("S: * OK ready\nORDINARY\n{}", payloads.iter().map(refusal).collect::<String>())])
}

fn address(payload: &Payload) -> String {
    format!("refused-{}@lillestad.se", payload.number)
}

fn path(payload: &Payload) -> String {
    format!("/mailboxes/{}", address(payload).replace('@', "%40"))
}

/// Adds a mailbox for each payload, and waits until each login was refused.
fn add_refused_mailboxes(site: &Site, server: &Scripted, payloads: &[Payload]) {
    let token = site.mailferry.json(&["token", "create", "--name", "test", "--scope", "write"]);
    let port = server.options("none").last().unwrap().parse::<u16>().unwrap();
    for payload in payloads {
        let mailbox = json!({
            "address": address(payload), "inbox": JOBB_INBOX, "host": "127.0.0.1", "port": port, "tls": "none",
            "password": "secret",
        });
        let (status, made) = site.serve.api("POST", "/mailboxes", text(&token[0], "token"), Some(&mailbox));
        assert_eq!(status, 201, "{made}");
    }
    let all_failed = || {
        let mailboxes = site.mailferry.json(&["mailbox", "list"]);
        let failed = mailboxes.iter().filter(|mailbox| mailbox["error"].is_object()).count();
        (failed == payloads.len()).then_some(())
    };
    wait::until("every login is refused", Duration::from_secs(120), all_failed);
}

/// An installation with a mailbox that is not polled, whose server greets each connection with another text.
fn site(server: &Scripted) -> Site {
    let ours = Mailferry::new();
    ours.add_inbox(JOBB_INBOX);
    ours.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &[]);
    ours.ok(&["mailbox", "pause", JOBB]);
    Site::with_installation(ours)
}

#[test]
fn hostile_text_of_a_mail_server_is_displayed_and_not_executed() {
    let canary = Canary::start();
    let payloads = payloads(&canary);
    let (refusing_connections, refusing_logins) = (refusing_connections(&payloads), refusing_logins(&payloads));
    let site = site(&refusing_connections);
    add_refused_mailboxes(&site, &refusing_logins, &payloads);
    let page = site.page();
    let witness = Witness::on_site(&page, &site);
    for number in 1..=payloads.len().div_ceil(ON_A_PAGE) {
        witness.visit(&format!("/?page={number}"));
    }
    refusals(&witness, &payloads);
    greetings(&witness, &payloads);
    witness.assert_harmless(&canary);
}

/// Visits the page of each mailbox whose login was refused, with the check of its connection.
fn refusals(witness: &Witness, payloads: &[Payload]) {
    let page = witness.page();
    witness.visit(&path(&payloads[0]));
    for payload in payloads {
        // Goes from one mailbox to the next without reloading the page.
        page.eval(&format!("document.querySelector(\"form[action$='/check']\").action = '{}/check'", path(payload)));
        page.click("form[action$='/check'] button");
        witness.inspect(&format!("the check of {}", payload.number));
        let places = ["section pre", "#check + .timeline", "table.cards td:nth-child(5) pre"];
        assert!(witness.texts_at(["h1"])[0].starts_with(&visible_characters(&address(payload))), "{}", page.text());
        let words = visible_characters(&payload.without_controls());
        for (place, shown) in places.iter().zip(witness.texts_at(places)) {
            witness.expect(shown.contains(&words), || format!("{words} in {place}: {shown}"));
        }
    }
}

/// Opens the folder step repeatedly; the server has another text each time.
fn greetings(witness: &Witness, payloads: &[Payload]) {
    for payload in payloads {
        witness.visit(&format!("{GREETING_MAILBOX}/setup/folders"));
        let words = visible_characters(&payload.without_controls());
        let [shown] = witness.texts_at(["details pre"]);
        witness.expect(shown.ends_with(&words), || format!("{words} in the server's text: {shown}"));
    }
}
