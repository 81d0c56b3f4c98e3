//! Answers in one session that contradict each other (reference rows A9, A25, A26) and are never taken for "nothing new".

use serde_json::Value;

use super::{ORDINARY, mailbox_at, with_options};
use crate::support::{
    facts::{JOBB, text},
    mailferry::Mailferry,
    scripted::Scripted,
};

fn shown(mailferry: &Mailferry) -> Value {
    mailferry.json(&["mailbox", "show", JOBB]).remove(0)
}

/// One poll of a server that plays this dialogue.
fn poll_once(dialogue: &str) -> (Scripted, Mailferry, Value) {
    let (server, mailferry) = mailbox_at(&[&format!("INCLUDE: {dialogue}.imap")]);
    let line = mailferry.poll().remove(0);
    (server, mailferry, line)
}

#[test]
fn if_another_form_of_search_lists_the_mails_they_are_imported_in_the_same_poll() {
    for dialogue in ["search-misreads-star", "search-empty", "exists-none", "search-ends-early"] {
        let (server, mailferry, line) = poll_once(dialogue);
        assert_eq!((&line["imported"], line["error"].is_null()), (&2.into(), true), "{dialogue}: {line}");
        assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (0, 0), "{dialogue}");
        assert_eq!(mailferry.subjects(), ["one", "two"], "{dialogue}");
        assert_eq!(shown(&mailferry)["unaccounted"], 0, "{dialogue}");
        server.finish();
    }
}

#[test]
fn the_form_of_search_that_worked_is_tried_first_later() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: search-misreads-star.imap"]);
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0));
    let sessions = server.finish();
    let searches = |session: usize| {
        let commands = sessions[session].commands();
        commands.into_iter().filter(|command| command.starts_with("UID SEARCH")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(searches(0), ["UID SEARCH UID 1:*", "UID SEARCH UID 1:4294967295"]);
    assert_eq!(searches(1), ["UID SEARCH UID 3:4294967295"]);
}

#[test]
fn if_no_form_of_search_agrees_it_is_an_error_and_completeness_is_unknown() {
    for (dialogue, imported) in [("exists-too-many", 2), ("status-counts-more", 0), ("nothing-is-listed", 0)] {
        let (server, mailferry, line) = poll_once(dialogue);
        assert_eq!(line["imported"], imported, "{dialogue}: {line}");
        assert_eq!(text(&line["error"], "step"), "search", "{dialogue}: {line}");
        assert_eq!(text(&line["error"], "cause"), "server-answers-contradict", "{dialogue}: {line}");
        let show = shown(&mailferry);
        assert_eq!(text(&show, "state"), "failing", "{dialogue}: {show}");
        assert!(
            show["unaccounted"].is_null() && show["completeness"][0]["unaccounted"].is_null(),
            "{dialogue}: {show}"
        );
        assert!(show["completeness"][0]["verified_at"].is_null(), "{dialogue}: {show}");
        let said = mailferry.ok(&["mailbox", "show", JOBB]).text();
        assert!(
            said.contains("an unknown number unaccounted") && !said.contains("0 unaccounted"),
            "{dialogue}: {said}"
        );
        let verified = mailferry.run(&["mailbox", "verify", JOBB]);
        assert!(verified.code == 1 && verified.text().contains("FAILED"), "{dialogue}: {}", verified.all());
        server.sessions();
    }
}

#[test]
fn a_folder_that_is_listed_correctly_again_is_complete_again() {
    let (server, mailferry) = mailbox_at(&["INCLUDE: nothing-is-listed.imap", ORDINARY]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0));
    assert_eq!(shown(&mailferry)["unaccounted"], 0);
    server.sessions();
}

#[test]
fn the_start_is_not_applied_to_a_contradictory_list() {
    // SEARCH lists no mail newer than the start: if that were believed, all mails would be skipped as older.
    for dialogue in ["search-misreads-star", "search-empty"] {
        let include = format!("INCLUDE: {dialogue}.imap");
        let (server, mailferry) = with_options(&["one", "two"], &[&include], &["--start", "2026-01-01"]);
        assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 0), "{dialogue}");
        server.finish();
    }
    let (server, mailferry) =
        with_options(&["one", "two"], &["INCLUDE: nothing-is-listed.imap", ORDINARY], &["--start", "2026-01-01"]);
    assert_eq!(mailferry.poll_error()["step"], "search");
    assert!(mailferry.ledger().is_empty(), "no mail is skipped");
    assert_eq!(mailferry.poll_ok(), 2);
    server.sessions();
}

#[test]
fn a_newer_mail_that_search_omits_is_fetched() {
    // FETCH mentions the last mail and SEARCH omits it; UIDs below the cursor are not listed again.
    let left_out = format!("{ORDINARY}\n\nWHEN: TAG UID SEARCH UID *\nS: * SEARCH 2\nS: TAG OK done");
    let empty = format!("{ORDINARY}\n\nWHEN: TAG UID SEARCH UID *\nS: * SEARCH\nS: TAG OK done");
    for dialogue in [left_out, empty] {
        let before = format!(
            "{ORDINARY}\n\nWHEN: TAG EXAMINE *\nS: * 2 EXISTS\nS: * OK [UIDVALIDITY 17] valid\nS: * OK [UIDNEXT 3] next\n\
             S: TAG OK done\n\nWHEN: TAG UID SEARCH *\nS: * SEARCH 1 2\nS: TAG OK done"
        );
        let (server, mailferry) = with_options(&["one", "two", "three"], &[&before, &dialogue], &["--start", "all"]);
        assert_eq!((mailferry.poll_ok(), mailferry.poll_ok()), (2, 1), "{dialogue}");
        assert_eq!(mailferry.subjects(), ["one", "three", "two"]);
        server.sessions();
    }
}
