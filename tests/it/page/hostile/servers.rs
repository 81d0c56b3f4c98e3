//! What servers say: when they are connected to, when they let nobody in, and when a mailbox's trouble is looked for.

use std::time::Duration;

use serde_json::json;

use super::{
    payloads::{Payload, payloads, seen},
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

/// Is greeted by each of the payloads, one after another.
const GREETED: &str = "/mailboxes/jobb%40lillestad.se";

/// Mailboxes on a page of their list.
const ON_A_PAGE: usize = 50;

/// Says goodbye to each who comes, each time in the next words.
fn unwelcoming(payloads: &[Payload]) -> Scripted {
    let dialogues: Vec<String> =
        payloads.iter().map(|payload| format!("S: * BYE {}\nCUT\n", payload.without_controls())).collect();
    Scripted::start(&dialogues.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Lets nobody in, and has words of its own for each.
fn distrustful(payloads: &[Payload]) -> Scripted {
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

/// Adds a mailbox for each, and waits until each has been refused.
fn refused(site: &Site, server: &Scripted, payloads: &[Payload]) {
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
    wait::until("each mailbox to be refused", Duration::from_secs(120), all_failed);
}

/// An installation with a mailbox that each greets in other words, and that is asked only when somebody looks.
fn site(server: &Scripted) -> Site {
    let ours = Mailferry::new();
    ours.add_inbox(JOBB_INBOX);
    ours.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), &[]);
    ours.ok(&["mailbox", "pause", JOBB]);
    Site::of(ours)
}

#[test]
fn what_a_server_says_is_shown_and_does_nothing() {
    let canary = Canary::start();
    let payloads = payloads(&canary);
    let (unwelcoming, distrustful) = (unwelcoming(&payloads), distrustful(&payloads));
    let site = site(&unwelcoming);
    refused(&site, &distrustful, &payloads);
    let page = site.page();
    let witness = Witness::of(&page, &site);
    for number in 1..=payloads.len().div_ceil(ON_A_PAGE) {
        witness.visit(&format!("/?page={number}"));
    }
    refusals(&witness, &payloads);
    greetings(&witness, &payloads);
    witness.assert_harmless(&canary);
}

/// The page of each mailbox that was refused, on which its trouble is looked for.
fn refusals(witness: &Witness, payloads: &[Payload]) {
    let page = witness.page();
    witness.visit(&path(&payloads[0]));
    for payload in payloads {
        // From one mailbox to the next, without opening the page anew.
        page.eval(&format!("document.querySelector(\"form[action$='/check']\").action = '{}/check'", path(payload)));
        page.click("form[action$='/check'] button");
        witness.look(&format!("the check of {}", payload.number));
        let places = ["section pre", "#check + .trail", "table.cards td:nth-child(5) pre"];
        assert!(witness.texts_at(["h1"])[0].starts_with(&seen(&address(payload))), "{}", page.text());
        let words = seen(&payload.without_controls());
        for (place, shown) in places.iter().zip(witness.texts_at(places)) {
            witness.expect(shown.contains(&words), || format!("{words} in {place}: {shown}"));
        }
    }
}

/// The step of the folders, again and again: each time the server has other words.
fn greetings(witness: &Witness, payloads: &[Payload]) {
    for payload in payloads {
        witness.visit(&format!("{GREETED}/setup/folders"));
        let words = seen(&payload.without_controls());
        let [shown] = witness.texts_at(["details pre"]);
        witness.expect(shown.ends_with(&words), || format!("{words} among the server's own: {shown}"));
    }
}
