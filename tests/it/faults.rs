//! A server with every fault that the test server can play: no mail is lost or imported twice, no incomplete mail becomes a message
//! or gets an effect, and once the server works again everything is as if it had always worked.

mod backlog;
mod cursor;
mod effects;
mod large;
mod returns;
mod waiting;

use std::collections::BTreeMap;

use mailferry::test_server::PROFILES;
use serde_json::Value;

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mailferry::{Database, Mailferry},
};

const MAILS: u32 = 5;

/// An installation with JOBB on this server.
fn mailbox(server: &Faulty, more: &[&str]) -> Mailferry {
    mailbox_on(Database::Sqlite, server, more)
}

fn mailbox_on(database: Database, server: &Faulty, more: &[&str]) -> Mailferry {
    let mut mailferry = Mailferry::with_database(database);
    mailferry.env("MAILFERRY__DEADLINES__SILENCE", "1s");
    mailferry.env("MAILFERRY__SCHEDULE__POLL_TIME", "5s");
    mailferry.add_inbox(JOBB_INBOX);
    let start: &[&str] = if more.contains(&"--start") { &[] } else { &["--start", "all"] };
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &[start, more].concat());
    mailferry
}

/// The ledger's state of each UID of the newest UIDVALIDITY.
fn states(mailferry: &Mailferry) -> BTreeMap<u64, String> {
    mailferry.ledger().iter().map(|line| (line["uid"].as_u64().unwrap(), text(line, "state").to_owned())).collect()
}

/// Runs one poll, which may fail; returns its line.
fn poll(mailferry: &Mailferry) -> Value {
    mailferry.poll().remove(0)
}

/// A profile and the result of its first poll: the number of imported mails, the step that fails, and the state of UID 1.
type FirstPoll = (&'static str, u64, Option<&'static str>, Option<&'static str>);

const FIRST_POLL: &[FirstPoll] = &[
    ("ordinary", 5, None, Some("imported")),
    ("exchange-throttle", 0, Some("login"), None),
    ("not-connected", 0, Some("select"), None),
    ("gmail-overquota", 0, Some("fetch"), None),
    ("too-many-connections", 0, Some("login"), None),
    ("wrong-password", 0, Some("login"), None),
    ("no-body", 4, None, Some("pending")),
    ("nil-body", 4, None, Some("pending")),
    ("empty-body", 4, None, Some("pending")),
    ("placeholder-body", 4, None, Some("pending")),
    ("refused-body", 4, None, Some("pending")),
    ("drop-mid-literal", 0, Some("fetch"), Some("pending")),
    ("bye-at-mail", 0, Some("fetch"), Some("pending")),
    ("literal-too-long", 0, Some("fetch"), Some("pending")),
    ("literal-too-short", 0, Some("fetch"), Some("pending")),
    ("substituted-uid", 4, None, Some("pending")),
    ("size-lies", 5, None, Some("imported")),
    ("size-zero", 5, None, Some("imported")),
    ("size-negative", 5, None, Some("imported")),
    ("whole-parts", 5, None, Some("imported")),
    ("uidvalidity-jump", 5, None, Some("imported")),
    ("uidvalidity-missing", 5, None, Some("imported")),
    ("uidnext-missing", 5, None, Some("imported")),
    ("uidnext-ahead", 5, None, Some("imported")),
    ("search-omits", 5, None, Some("imported")),
    ("search-misreads-star", 5, None, Some("imported")),
    ("exists-more", 5, Some("search"), Some("imported")),
    ("fetch-omits", 4, None, Some("pending")),
    ("unsolicited", 5, None, Some("imported")),
    ("message-limit", 5, None, Some("imported")),
    ("expunge-refused", 5, Some("settle"), Some("imported")),
    ("store-refused", 5, Some("settle"), Some("imported")),
    ("no-uidplus", 5, Some("settle"), Some("imported")),
    ("gmail", 5, None, Some("imported")),
    ("read-only", 5, Some("settle"), Some("imported")),
    ("bye-in-fetch", 0, Some("fetch"), Some("pending")),
    ("silent", 0, Some("fetch"), Some("pending")),
];

/// Every profile except the slow one, with the result of its first poll.
fn profiles() -> Vec<FirstPoll> {
    let names = PROFILES.iter().map(|profile| profile.name).filter(|name| *name != "slow");
    let case = |name| *FIRST_POLL.iter().find(|case| case.0 == name).unwrap_or_else(|| panic!("{name} has no case"));
    names.map(case).collect()
}

/// The first poll does what the table says, the customer's mail is unchanged, and once the server works again every mail is
/// imported once.
#[test]
fn no_network_fault_loses_or_doubles_mail_with_leave() {
    for (profile, imported, step, state) in profiles() {
        let server = Faulty::with(profile, MAILS);
        let mailferry = mailbox(&server, &[]);
        let line = poll(&mailferry);
        let step = step.filter(|step| *step != "settle"); // there is nothing to settle
        assert_eq!(line["imported"], imported, "{profile}: {line}");
        assert_eq!(line["error"]["step"].as_str(), step, "{profile}: {line}");
        assert_eq!(states(&mailferry).get(&1).map(String::as_str), state, "{profile}: {line}");
        assert_recovers(&server, &mailferry, profile);
        assert_eq!(server.changes(), Vec::<String>::new(), "{profile}");
        assert_eq!(server.uids(), [1, 2, 3, 4, 5], "{profile}");
    }
}

/// Every mail that is gone from the server is stored, and once the server works again all mail is stored and gone.
#[test]
fn no_network_fault_loses_or_doubles_mail_with_delete() {
    for (profile, imported, step, _) in profiles() {
        let server = Faulty::with(profile, MAILS);
        let mailferry = mailbox(&server, &["--after-import", "delete"]);
        let line = poll(&mailferry);
        assert_eq!(line["imported"], imported, "{profile}: {line}");
        assert_eq!(line["error"]["step"].as_str(), step, "{profile}: {line}");
        let left = server.uids();
        let stored = mailferry.subjects();
        for uid in (1..=MAILS).filter(|uid| !left.contains(uid)) {
            assert!(stored.contains(&format!("Mail {uid}")), "{profile}: UID {uid} is gone and not stored");
        }
        assert_recovers(&server, &mailferry, profile);
        assert_eq!(server.uids(), [0_u32; 0], "{profile}: all copies are deleted in the end");
    }
}

/// Lets the server work again, and checks that every mail is imported once after `mailbox verify`.
fn assert_recovers(server: &Faulty, mailferry: &Mailferry, profile: &str) {
    server.remove_faults();
    if matches!(profile, "exchange-throttle" | "gmail-overquota") {
        // The server has asked us to wait. The wait applies to one account, so another account may log in at once.
        mailferry.ok(&["mailbox", "set", JOBB, "--username", "another"]);
    }
    mailferry.run(&["mailbox", "verify", JOBB]);
    let verified = mailferry.json(&["mailbox", "verify", JOBB]).remove(0);
    assert_eq!((&verified["unaccounted"], &verified["found"]), (&0.into(), &0.into()), "{profile}: {verified}");
    let wanted: Vec<String> = (1..=MAILS).map(|number| format!("Mail {number}")).collect();
    assert_eq!(mailferry.subjects(), wanted, "{profile}");
}

#[test]
fn a_poll_of_a_very_slow_server_ends_at_its_time_limit_without_losing_mail() {
    let server = Faulty::with("slow", MAILS);
    let mailferry = mailbox(&server, &[]);
    let start = std::time::Instant::now();
    poll(&mailferry);
    assert!(start.elapsed().as_secs() < 15, "the slot is free again");
    assert_recovers(&server, &mailferry, "slow");
}
