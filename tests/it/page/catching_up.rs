//! The progress of an import through a backlog, by every door.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Site, assert_no_violations};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mailferry::Mailferry,
    wait,
};

const MAILBOX: &str = "/mailboxes/jobb%40lillestad.se";

/// The progress that the command line and the API report, which must be the same.
fn progress(site: &Site, token: &str) -> Value {
    let by_command = site.mailferry.json(&["mailbox", "show", JOBB]).remove(0)["backlog"].take();
    let by_api = site.serve.api("GET", &format!("/mailboxes/{JOBB}"), token, None).1["status"]["backlog"].take();
    assert_eq!(by_command, by_api);
    by_command
}

#[test]
fn an_interrupted_import_shows_the_same_progress_by_every_door() {
    let server = Faulty::with("ordinary", 120);
    let mut mailferry = Mailferry::new();
    mailferry.env("MAILFERRY__LIMITS__POLL_MESSAGES", "60");
    mailferry.add_inbox(JOBB_INBOX);
    mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &["--start", "all"]);
    assert_eq!(mailferry.poll_ok(), 60);
    // Keeps the workers of `serve` from importing the rest.
    mailferry.sql("UPDATE mailbox SET next_poll_at = next_poll_at + 3600000");
    let created = mailferry.json(&["token", "create", "--name", "import", "--scope", "write"]).remove(0);
    let token = text(&created, "token");
    let site = Site::with_installation(mailferry);

    assert_eq!(progress(&site, token), json!({ "done": 60, "total": 120, "minutes_left": 1 }));
    let page = site.page();
    page.go(&site.url(MAILBOX));
    page.wait_for_text("60 of 120 imported, about one minute left");

    site.mailferry.ok(&["mailbox", "pause", JOBB]);
    assert_eq!(progress(&site, token), json!({ "done": 60, "total": 120, "minutes_left": null }));
    page.go(&site.url(MAILBOX));
    page.wait_for_text("60 of 120 imported");
    assert!(!page.text().contains("imported, about"), "{}", page.text());

    site.mailferry.ok(&["mailbox", "resume", JOBB]);
    let is_imported = || (site.mailferry.messages().len() == 120).then_some(());
    wait::within(Duration::from_secs(60), is_imported).expect("the rest is imported");
    assert_eq!(progress(&site, token), Value::Null);
    page.go(&site.url(MAILBOX));
    assert!(!page.text().contains("of 120"), "{}", page.text());
    assert_no_violations(&page);
}
