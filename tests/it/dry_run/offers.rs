//! The choices that a server offers: folders, and effects on a copy.

use serde_json::{Value, json};

use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::Mailferry,
    scripted::Scripted,
};

fn mailbox(options: &[String], more: &[&str]) -> Mailferry {
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, options, more);
    mailferry
}

fn folder<'a>(folders: &'a [Value], name: &str) -> &'a Value {
    folders.iter().find(|folder| folder["name"] == name).unwrap_or_else(|| panic!("{name}: {folders:?}"))
}

/// Whether each effect is possible, and whether that is certain.
fn effects(mailferry: &Mailferry) -> Vec<(String, bool, bool)> {
    let offers = mailferry.json(&["mailbox", "effects", JOBB]);
    let is = |ability: &Value, key: &str| ability[key].as_bool().unwrap();
    offers.iter().map(|one| (text(one, "effect").to_owned(), is(one, "possible"), is(one, "certain"))).collect()
}

#[test]
fn folders_are_listed_with_their_counts_without_opening_them() {
    let server = Dovecot::start(&[JOBB]);
    server.create_folder(JOBB, "Ärenden/Inkommet");
    server.deliver(JOBB, "Ärenden/Inkommet", "a", &mail("one", JOBB));
    let mailferry = mailbox(&server.tls_options(), &[]);
    mailferry.ok(&["mailbox", "pause", JOBB]);
    let folders = mailferry.json(&["mailbox", "folders", JOBB]);
    assert_eq!(folder(&folders, "INBOX")["messages"], 0);
    assert_eq!(folder(&folders, "Ärenden/Inkommet")["messages"], 1);
    assert_eq!(server.untouched(JOBB, "Ärenden/Inkommet"), ["a"]);
    let commands = server.commands_sent(JOBB);
    assert!(!commands.iter().any(|c| c.starts_with("SELECT") || c.starts_with("EXAMINE")), "{commands:?}");
}

#[test]
fn special_uses_are_listed_if_the_server_reports_them() {
    let server = Faulty::with("gmail", 1);
    let folders = mailbox(&server.options(), &[]).json(&["mailbox", "folders", JOBB]);
    assert_eq!(folder(&folders, "[Gmail]/Trash")["special_use"], "trash");
    assert_eq!(folder(&folders, "INBOX")["special_use"], Value::Null);

    // A server that lists special uses only on request (LIST RETURN), and one that refuses the request.
    for (answer, wanted) in [
        ("S: * LIST (\\Junk) \"/\" Skr\nS: * LIST () \"/\" INBOX\nS: TAG OK done", json!("junk")),
        ("S: TAG BAD what?", Value::Null),
    ] {
        let dialogue = format!(
            "S: * OK ready\nORDINARY\n\nWHEN: TAG CAPABILITY\nS: * CAPABILITY IMAP4rev1 SPECIAL-USE LIST-EXTENDED\nS: TAG OK done\n\n\
             WHEN: TAG LIST *\nS: * LIST (\\HasNoChildren) \"/\" Skr\nS: * LIST (\\Noselect) \"/\" Rot\nS: TAG OK done\n\n\
             WHEN: TAG LIST * RETURN (SPECIAL-USE)\n{answer}"
        );
        let server = Scripted::start(&[&dialogue]);
        let folders = mailbox(&server.options("none"), &[]).json(&["mailbox", "folders", JOBB]);
        assert_eq!(folder(&folders, "Skr")["special_use"], wanted);
        assert_eq!(folder(&folders, "Rot")["selectable"], false);
        assert_eq!(folder(&folders, "INBOX")["selectable"], true, "INBOX exists, listed or not");
        server.finish();
    }
}

#[test]
fn the_effects_of_a_server_are_listed_without_trying_them() {
    let server = Faulty::with("gmail", 1);
    let mailferry = mailbox(&server.options(), &[]);
    let is = |effect: &str, possible, certain| (effect.to_owned(), possible, certain);
    let offers = effects(&mailferry);
    assert_eq!(
        (&offers[0], &offers[3], &offers[4]),
        // Only opening the folder read-write shows whether it can be changed.
        (&is("leave", true, true), &is("move", true, false), &is("delete", true, false))
    );
    assert!(offers[1].1 && offers[2].1, "{offers:?}");
    server.account().folders.remove("[Gmail]/Trash");
    assert_eq!(effects(&mailferry)[4], is("delete", false, true));
    assert!(server.changes().is_empty(), "{:?}", server.changes());

    let server = Faulty::with("gmail", 1);
    server.account().faults.extra_capabilities.clear();
    server.account().faults.missing_capabilities.extend(["MOVE", "UIDPLUS"]);
    let mailferry = mailbox(&server.options(), &[]);
    let offers = effects(&mailferry);
    assert_eq!((&offers[3], &offers[4]), (&is("move", false, true), &is("delete", false, true)));
    let words = mailferry.ok(&["mailbox", "effects", JOBB]).text();
    assert!(words.contains("the server lacks UIDPLUS"), "{words}");
}
