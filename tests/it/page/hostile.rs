//! Hostile text wherever a page shows it: in mails, names of folders, texts of servers and query parameters. All of it is shown,
//! none of it runs, and no request leaves the machine. `hostile/payloads.txt` is the table of payloads.

mod mails;
mod payloads;
mod queries;
mod servers;
mod unprotected;
mod witness;

use std::time::Duration;

use serde_json::Value;

use super::Site;
use crate::support::{
    canary::Canary,
    dovecot::Dovecot,
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    mailferry::Mailferry,
    wait,
};

use mails::{batches, folder, message_id, sender};
use payloads::{Payload, file_name, payloads, visible_characters};
use witness::Witness;

const INBOX: &str = "/inboxes/jobb.lillestad.se%40mail.kundo.se";
/// The mailbox that imports the mails.
const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";
/// The mailbox that quarantines them, because they are too large.
const QUARANTINE_MAILBOX: &str = "/mailboxes/ansokan%40lillestad.se";
/// The address of a paused mailbox, whose setup steps are visited.
const SETUP_ADDRESS: &str = "kontakt@lillestad.se";
/// The path of its page.
const SETUP_MAILBOX: &str = "/mailboxes/kontakt%40lillestad.se";

/// The cells of the senders in a list of mails.
const SENDERS: &str = "table.cards td:nth-child(1)";
/// The cells of the subjects in a list of mails.
const SUBJECTS: &str = "table.cards td:nth-child(2)";

/// An installation with three mailboxes, each with the folders of all payloads; the first two have been polled.
fn site(server: &Dovecot, payloads: &[Payload]) -> Site {
    let ours = Mailferry::new();
    ours.add_inbox(JOBB_INBOX);
    let folders: Vec<String> = payloads.iter().map(|payload| format!("--folder={}", folder(payload))).collect();
    let common = ["--username", JOBB, "--start", "all"].into_iter().chain(folders.iter().map(String::as_str));
    let common: Vec<&str> = common.collect();
    ours.add_mailbox(JOBB, JOBB_INBOX, &server.plain_options(), &common);
    ours.add_mailbox(ANSOKAN, JOBB_INBOX, &server.plain_options(), &[&common[..], &["--max-size", "500B"]].concat());
    ours.add_mailbox(SETUP_ADDRESS, JOBB_INBOX, &server.plain_options(), &common);
    ours.ok(&["mailbox", "pause", SETUP_ADDRESS]);
    let site = Site::with_installation(ours);
    let all_is_there = || {
        let messages = site.mailferry.messages().len();
        (messages == payloads.len() && site.mailferry.ledger().len() == 2 * messages).then_some(())
    };
    wait::within(Duration::from_secs(120), all_is_there).unwrap_or_else(|| {
        panic!("{} messages:\n{}", site.mailferry.messages().len(), site.serve.output());
    });
    site
}

fn subjects(payloads: &[Payload]) -> impl Iterator<Item = String> {
    payloads.iter().map(|payload| payload.text.clone())
}

#[test]
fn hostile_content_of_a_mail_is_displayed_and_not_executed() {
    let canary = Canary::start();
    let payloads = payloads(&canary);
    let server = mails::server(&payloads);
    let site = site(&server, &payloads);
    let page = site.page();
    let witness = Witness::on_site(&page, &site);
    lists(&witness, &payloads);
    for message in site.mailferry.messages() {
        let payload = payloads.iter().find(|payload| message_id(payload) == text(&message, "message_id"));
        one_mail(&witness, &message, payload.expect("one of the test mails"));
    }
    folders(&witness, &payloads);
    witness.assert_harmless(&canary);
}

/// Visits the pages that list mails.
fn lists(witness: &Witness, payloads: &[Payload]) {
    witness.visit("/");
    witness.visit("/inboxes");
    witness.expect_all("the inbox", subjects(payloads), &witness.visit_all(INBOX, SUBJECTS));
    witness.expect_all("the inbox", payloads.iter().map(sender), &witness.visit_all(INBOX, SENDERS));
    for (word, batch) in batches(payloads) {
        // Quarantined mails come first, then imported mails.
        let shown = witness.visit_all(&format!("/search?q={word}"), SUBJECTS);
        let (aside, found) = shown.split_at(batch.len().min(shown.len()));
        witness.expect_all("what was put aside", subjects(batch), aside);
        witness.expect_all("what was found", subjects(batch), found);
    }
    witness.visit("/audit");
}

/// Visits the page of one mail, which shows the body in a frame.
fn one_mail(witness: &Witness, message: &Value, payload: &Payload) {
    let id = &message["id"];
    witness.visit(&format!("/messages/{}", id.as_str().map_or_else(|| id.to_string(), str::to_owned)));
    let [title, facts, trail, plain, file, headers] =
        witness.texts_at(["h1", "dl.facts", "ol.timeline", "details pre", "a[download]", "details table"]);
    let wanted = visible_characters(&payload.text);
    let expect = |place: &str, is_shown: bool, shown: &str| {
        witness.expect(is_shown, || format!("{} in {place} of its mail: {shown}", payload.text));
    };
    expect("the subject", title == wanted, &title);
    expect("From, To and Cc", facts.matches(&wanted).count() >= 3, &facts);
    expect("the sender's address", facts.contains(&visible_characters(&sender(payload))), &facts);
    expect("the folder", trail.contains(&visible_characters(&folder(payload))), &trail);
    expect("the text", plain.contains(&wanted), &plain);
    expect("the file's name", file == file_name(&payload.text), &file);
    expect("the headers", headers.contains(&visible_characters(&message_id(payload))), &headers);
    let frame = witness.frame_texts().concat();
    expect("the HTML", frame.starts_with(&wanted), &frame);
}

/// Visits the pages that list folders.
fn folders(witness: &Witness, payloads: &[Payload]) {
    let names = || payloads.iter().map(folder);
    for (mailbox, state) in [(MAILBOX, "imported"), (QUARANTINE_MAILBOX, "quarantined")] {
        witness.visit(mailbox);
        let listed = witness.texts("dl.facts").concat();
        for name in names() {
            witness.expect(listed.contains(&visible_characters(&name)), || format!("{name} in {mailbox}"));
        }
        let ledger = witness.visit_all(&format!("{mailbox}/ledger?state={state}"), "table.cards td:nth-child(1)");
        witness.expect_all("the ledger", names(), &ledger);
    }
    for step in ["server", "login", "inbox", "copy", "start"] {
        witness.visit(&format!("{SETUP_MAILBOX}/setup/{step}"));
    }
    witness.visit(&format!("{SETUP_MAILBOX}/setup/folders"));
    witness.expect_all("the folders", names(), &witness.texts("label.choice > span:nth-of-type(1)"));
    for run in ["?run=1", ""] {
        witness.visit(&format!("{SETUP_MAILBOX}/setup/trial{run}"));
        witness.page().wait_for_element("#result table");
        witness.expect_all("the dry run", names(), &witness.texts("#result h3"));
        witness.expect_all("the dry run", subjects(payloads), &witness.texts("#result td:nth-child(3)"));
        witness.expect_all("the dry run", payloads.iter().map(sender), &witness.texts("#result td:nth-child(2)"));
    }
}
