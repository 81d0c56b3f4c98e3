//! Quirks of real servers, which must not lose or duplicate mail. `tests/transcripts/README.md` describes each one.

mod bodies;
mod contradictions;
mod copies;
mod grammar;
mod sessions;
mod table;
mod which_is_new;

use crate::support::{
    changing::is_changing,
    facts::{JOBB, JOBB_INBOX, text},
    mail::mail,
    mailferry::Mailferry,
    scripted::{Scripted, Session},
};

const ORDINARY: &str = "S: * OK ready\nORDINARY";

/// A server with mails of these subjects that plays these dialogues, one per connection, and a mailbox on it.
fn with_mails(subjects: &[&str], dialogues: &[&str]) -> (Scripted, Mailferry) {
    with_options(subjects, dialogues, &["--start", "all"])
}

fn with_options(subjects: &[&str], dialogues: &[&str], more: &[&str]) -> (Scripted, Mailferry) {
    let server = Scripted::with_messages(dialogues, subjects.iter().map(|subject| mail(subject, JOBB)).collect());
    let mailferry = Mailferry::new();
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options("none"), more);
    (server, mailferry)
}

fn mailbox_at(dialogues: &[&str]) -> (Scripted, Mailferry) {
    with_mails(&["one", "two"], dialogues)
}

/// The state of this UID in the ledger.
fn state(mailferry: &Mailferry, uid: u32) -> String {
    let ledger = mailferry.ledger();
    let line = ledger.iter().find(|line| line["uid"] == uid).expect("a line for this UID");
    text(line, "state").to_owned()
}

/// Polls twice, from a server that plays this dialogue on each connection; checks that both mails are imported once.
fn assert_both_imported(dialogue: &str) -> Vec<Session> {
    let (server, mailferry) = mailbox_at(&[dialogue]);
    assert_eq!(mailferry.poll_ok(), 2, "{dialogue}");
    assert_eq!(mailferry.poll_ok(), 0, "{dialogue}");
    assert_eq!(mailferry.subjects(), ["one", "two"], "{dialogue}");
    server.finish()
}

/// The commands that change something on the server.
fn changes(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().flat_map(Session::commands).filter(|command| is_changing(command)).collect()
}
