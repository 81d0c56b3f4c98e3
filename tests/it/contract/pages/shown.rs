//! The pages, in both languages and for every role.

use super::super::{
    installation::{ALL_MAILBOXES, Installation, PASSWORD},
    metrics,
    snapshots::Snapshots,
    visitor::Visitor,
};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    mailferry::Serve,
};

const STEPS: [&str; 7] = ["server", "login", "folders", "inbox", "copy", "start", "trial"];

/// The name and the path of each page for a person who is signed in.
fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = [
        ("mailboxes", "/".to_owned()),
        ("mailboxes-searched", "/?q=ansokan".to_owned()),
        ("mailboxes-none-found", "/?q=nothing".to_owned()),
        ("mailboxes-failing", "/?state=failing".to_owned()),
        ("connect", "/connect".to_owned()),
        ("ledger", format!("/mailboxes/{JOBB}/ledger")),
        ("ledger-quarantined", format!("/mailboxes/{JOBB}/ledger?state=quarantined")),
        ("ledger-empty", format!("/mailboxes/{ANSOKAN}/ledger")),
        ("mailbox-done", format!("/mailboxes/{JOBB}?done=saved")),
        ("mailbox-nowhere", "/mailboxes/nobody@lillestad.se".to_owned()),
        ("test-begin", format!("/mailboxes/{JOBB}/test")),
        ("test-nowhere", format!("/mailboxes/{JOBB}/test/99")),
        ("inboxes", "/inboxes".to_owned()),
        ("inbox", format!("/inboxes/{JOBB_INBOX}")),
        ("inbox-with-route", "/inboxes/bygglov.lillestad.se@mail.kundo.se".to_owned()),
        ("inbox-nowhere", "/inboxes/nobody@mail.kundo.se".to_owned()),
        ("target", "/targets/1".to_owned()),
        ("target-new", format!("/inboxes/{JOBB_INBOX}/targets")),
        ("target-nowhere", "/targets/99".to_owned()),
        ("message", "/messages/1".to_owned()),
        ("message-with-attachment", "/messages/2".to_owned()),
        ("message-html", "/messages/2/html".to_owned()),
        ("message-original", "/messages/1/original".to_owned()),
        ("message-attachment", "/messages/2/attachments/0".to_owned()),
        ("message-nowhere", "/messages/99".to_owned()),
        ("search", "/search".to_owned()),
        ("search-found", "/search?q=ansökan".replace('ö', "%C3%B6")),
        ("search-aside", "/search?q=ritningar".to_owned()),
        ("search-none", "/search?q=nothing".to_owned()),
        ("people", "/people".to_owned()),
        ("settings", "/settings".to_owned()),
        ("account", "/account".to_owned()),
        ("audit", "/audit".to_owned()),
        ("consent-nobody-waited-for", "/oauth/callback?state=x&code=y".to_owned()),
        ("single-sign-on-off", "/sso".to_owned()),
        ("single-sign-on-nobody-waited-for", "/sso/callback?state=x&code=y".to_owned()),
        ("nowhere", "/nothing/of/the/kind".to_owned()),
        ("wrong-text", "/search?q=%00".to_owned()),
    ]
    .map(|(name, path)| (name.to_owned(), path))
    .to_vec();
    pages.extend(ALL_MAILBOXES.map(|address| (format!("mailbox-{address}"), format!("/mailboxes/{address}"))));
    pages.extend(STEPS.map(|step| (format!("setup-{step}"), format!("/mailboxes/{JOBB}/setup/{step}"))));
    let failing = ["folders", "copy", "trial?run=1"];
    pages.extend(failing.map(|step| {
        (format!("setup-failing-{}", step.trim_end_matches("?run=1")), format!("/mailboxes/{ANSOKAN}/setup/{step}"))
    }));
    pages.push(("setup-trial-run".to_owned(), format!("/mailboxes/{JOBB}/setup/trial?run=1")));
    pages
}

fn take(folder: &str, visitor: &Visitor<'_>, pages: &[(String, String)], snapshots: &mut Snapshots) {
    for (name, path) in pages {
        snapshots.take(&format!("{folder}/{name}"), &format!("GET {path}\n{}", visitor.get(path).shown()));
    }
}

/// The pages among these that are taken for a viewer and for an admin of one organisation.
fn viewer_pages(all: &[(String, String)]) -> Vec<(String, String)> {
    let names = [
        "mailboxes",
        "connect",
        "ledger-quarantined",
        "inboxes",
        "inbox",
        "target",
        "target-new",
        "people",
        "settings",
        "account",
        "audit",
    ];
    let is_shown = |name: &str| names.contains(&name) || name.starts_with("mailbox-") || name == "search-aside";
    all.iter().filter(|(name, _)| is_shown(name)).cloned().collect()
}

#[test]
fn every_page_matches_its_snapshot() {
    let mut installation = Installation::full();
    let serve = installation.serve();
    let mut snapshots = Snapshots::in_folder("pages", installation.masks.clone());
    let (all, guest_pages) = (pages(), guest_pages(&installation, &serve));
    let snapshots_of = &mut snapshots;
    for language in ["en", "sv"] {
        take(&format!("guest-{language}"), &Visitor::guest(&serve, language), &guest_pages, snapshots_of);
    }
    take("operator-en", &Visitor::person(&serve, "anna", "en"), &all, snapshots_of);
    take("operator-sv", &Visitor::person(&serve, "arvid", "sv"), &all, snapshots_of);
    take("admin-en", &Visitor::person(&serve, "bo", "en"), &viewer_pages(&all), snapshots_of);
    take("viewer-sv", &Visitor::person(&serve, "eva", "sv"), &viewer_pages(&all), snapshots_of);
    metrics::take(&serve, &mut snapshots);
    snapshots.finish();
}

/// The pages that need no sign-in, including those behind a link for one person.
fn guest_pages(installation: &Installation, serve: &Serve) -> Vec<(String, String)> {
    let token = installation.token("links", "--scope write");
    let link = Visitor::with_token(serve, &token)
        .ask("POST", &format!("/api/v1/mailboxes/{JOBB}/connect-links"), &[], "")
        .json();
    let customer = format!("/customer/{}", text(&link, "url").rsplit('/').next().unwrap());
    let invited =
        Visitor::person(serve, "anna", "en").post("/people/invite", &[("role", "admin"), ("organisation", "default")]);
    let invitation = format!("/invitation/{}", super::key(&invited.body, "/invitation/"));
    [
        ("login", "/login"),
        ("login-with-next", "/login?next=%2Faudit"),
        ("mailboxes", "/"),
        ("audit", "/audit?before=3"),
        ("setup-over", "/setup/nokey"),
        ("invitation", &invitation),
        ("invitation-over", "/invitation/nokey"),
        ("customer", &customer),
        ("customer-over", "/customer/nokey"),
        ("nowhere", "/nothing"),
        ("asset-nowhere", "/assets/1/nothing.css"),
    ]
    .map(|(name, path)| (name.to_owned(), path.to_owned()))
    .to_vec()
}

#[test]
fn the_pages_of_the_first_run_match_their_snapshots() {
    let mut installation = Installation::empty();
    let serve = installation.serve();
    let mut snapshots = Snapshots::in_folder("first-run", installation.masks.clone());
    let output = serve.output();
    let link = format!("/setup/{}", super::key(&output, "/setup/"));
    let said = output.lines().filter(|line| !line.contains("INFO") && !line.contains("WARN"));
    snapshots.take("output", &said.collect::<Vec<_>>().join("\n"));
    let guest = Visitor::guest(&serve, "en");
    snapshots.take("login", &guest.get("/login").shown());
    snapshots.take("setup", &guest.get(&link).shown());
    let account = [("name", "anna"), ("password", PASSWORD), ("again", PASSWORD)];
    snapshots.take("account-made", &guest.post(&link, &account).shown());
    let anna = Visitor::person(&serve, "anna", "en");
    for (name, path) in [("mailboxes", "/"), ("inboxes", "/inboxes"), ("connect", "/connect"), ("audit", "/audit")] {
        snapshots.take(name, &anna.get(path).shown());
    }
    snapshots.finish();
}
