//! The answers to the forms, the wizard from its first step to its last, and the links that work once.

use super::super::{
    installation::{Installation, PASSWORD, PAUSED, READ_ONLY, WITHOUT_CONSENT, port},
    snapshots::Snapshots,
    visitor::{Answer, Visitor},
};
use crate::support::facts::{JOBB, JOBB_INBOX};

/// A person who submits forms. All redirects go into one snapshot; each page that is returned instead has its own.
struct FormSubmitter<'a> {
    visitor: &'a Visitor<'a>,
    snapshots: &'a mut Snapshots,
    redirects: String,
}

impl FormSubmitter<'_> {
    fn post(&mut self, name: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.visitor.post(path, fields);
        let sent: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!("POST {path}\n{}\n", sent.join("\n"));
        match answer.status {
            303 => self.redirects.push_str(&format!("{name}\n{request}{}\n\n", answer.head())),
            _ => self.snapshots.take(name, &format!("{request}\n{}", answer.shown())),
        }
        answer
    }

    fn get(&mut self, name: &str, path: &str) {
        self.snapshots.take(name, &format!("GET {path}\n{}", self.visitor.get(path).shown()));
    }
}

#[test]
fn responses_to_every_form_match_their_snapshots() {
    let mut installation = Installation::full();
    let serve = installation.serve();
    let mut snapshots = Snapshots::in_folder("forms", installation.masks.clone());
    let (anna, eva) = (Visitor::person(&serve, "anna", "en"), Visitor::person(&serve, "eva", "en"));
    let guest = Visitor::guest(&serve, "en");
    let foreign = anna.ask("POST", "/people/invite", &[("sec-fetch-site", "cross-site")], "role=viewer");
    snapshots.take("foreign-site", &foreign.shown());
    snapshots.take("viewer-forbidden", &eva.post(&format!("/mailboxes/{JOBB}/pause"), &[]).shown());
    snapshots.take("guest-forbidden", &guest.post(&format!("/mailboxes/{JOBB}/pause"), &[]).shown());
    let mut sender = FormSubmitter { visitor: &anna, snapshots: &mut snapshots, redirects: String::new() };
    mailbox(&mut sender);
    let customer = link(&mut sender, &format!("/mailboxes/{PAUSED}/link"), "link", "/customer/");
    tests(&mut sender);
    inboxes(&mut sender);
    people_and_tokens(&mut sender);
    let invitation = link(&mut sender, "/people/invite", "invite", "/invitation/");
    // The wizard comes near the end, because the mailbox that it starts is polled, and its mail is counted on other pages.
    wizard(&mut sender, &port(&installation.jobb));
    account(&mut sender);
    let redirects = std::mem::take(&mut sender.redirects);
    snapshots.take("redirects", &redirects);
    let mut sender = FormSubmitter { visitor: &guest, snapshots: &mut snapshots, redirects: String::new() };
    guests(&mut sender, &customer, &invitation, &port(&installation.jobb));
    let redirects = std::mem::take(&mut sender.redirects);
    snapshots.take("redirects-of-guests", &redirects);
    snapshots.finish();
}

fn wizard(sender: &mut FormSubmitter<'_>, port: &str) {
    let of = |step: &str| format!("/mailboxes/ny@gmail.com/setup/{step}");
    sender.post("connect-wrong-address", "/connect", &[("address", "nobody")]);
    sender.post("connect-address-there", "/connect", &[("address", JOBB)]);
    sender.post("connect-whose", "/connect", &[("address", "ny@gmail.com")]);
    sender.post("connect", "/connect", &[("address", "ny@gmail.com"), ("organisation", "default")]);
    sender.post("connect-unknown", "/connect", &[("address", "ny@nowhere.invalid"), ("organisation", "default")]);
    sender.get("wizard-server", &format!("{}?how=provider", of("server")));
    let server = |host, port, tls| [("host", host), ("port", port), ("tls", tls), ("username", "ny")];
    sender.post("wizard-server-wrong-port", &of("server"), &server("127.0.0.1", "0", "none"));
    sender.post("wizard-server-wrong-host", &of("server"), &server("bad/host", "993", "implicit"));
    sender.post("wizard-server-in-clear", &of("server"), &server("imap.gmail.com", "143", "none"));
    sender.post("wizard-server", &of("server"), &server("127.0.0.1", port, "none"));
    sender.get("wizard-login", &of("login"));
    let shown = format!("127.0.0.1:{port} none ny");
    sender.post("wizard-login-server-changed", &of("login"), &[("server", "other"), ("password", "secret")]);
    sender.post("wizard-login-empty", &of("login"), &[("server", &shown), ("password", "")]);
    sender.post("wizard-login", &of("login"), &[("server", &shown), ("password", "secret")]);
    sender.get("wizard-folders", &of("folders"));
    sender.post("wizard-folders-none", &of("folders"), &[]);
    sender.post("wizard-folders", &of("folders"), &[("folder", "INBOX"), ("folder", "Klart")]);
    sender.get("wizard-inbox", &of("inbox"));
    sender.post("wizard-inbox-wrong", &of("inbox"), &[("inbox", "new"), ("new", "nobody")]);
    sender.post("wizard-inbox", &of("inbox"), &[("inbox", "new"), ("new", "ny@mail.kundo.se")]);
    sender.get("wizard-copy", &of("copy"));
    sender.post("wizard-copy-into-itself", &of("copy"), &[("copy", "move"), ("folder", "Klart")]);
    sender.post("wizard-copy-wrong", &of("copy"), &[("copy", "burn")]);
    sender.post("wizard-copy", &of("copy"), &[("copy", "keyword"), ("keyword", "Mailferry")]);
    sender.get("wizard-start", &of("start"));
    sender.post("wizard-start-wrong", &of("start"), &[("start", "date"), ("date", "yesterday")]);
    sender.post("wizard-start", &of("start"), &[("start", "date"), ("date", "2026-03-01")]);
    sender.get("wizard-trial", &of("trial"));
    sender.get("wizard-trial-run", &format!("{}?run=1", of("trial")));
    sender.post("wizard-begin", &of("begin"), &[]);
}

fn mailbox(sender: &mut FormSubmitter<'_>) {
    let of = |what: &str| format!("/mailboxes/{PAUSED}/{what}");
    sender.post("poll-while-paused", &of("poll"), &[]);
    sender.post("pause", &of("pause"), &[]);
    sender.post("check", &of("check"), &[]);
    sender.post("check-failing", "/mailboxes/ansokan@lillestad.se/check", &[]);
    sender.post("password-empty", &of("password"), &[("password", "")]);
    sender.post("password-server-changed", &of("password"), &[("server", "other"), ("password", "secret")]);
    sender.post("consent-unknown-provider", &of("consent"), &[("provider", "nobody")]);
    sender.post("consent", &format!("/mailboxes/{WITHOUT_CONSENT}/consent"), &[]);
    sender.post("remove-not-sure", &of("remove"), &[("address", "")]);
    let aside = |uid| [("folder", "INBOX"), ("uidvalidity", "18"), ("uid", uid)];
    sender.post("skip", &format!("/mailboxes/{JOBB}/skip"), &aside("4"));
    sender.post("skip-no-longer", &format!("/mailboxes/{JOBB}/skip"), &aside("4"));
    sender.post("retry", &format!("/mailboxes/{JOBB}/retry"), &aside("4"));
    sender.post("resume", "/mailboxes/post@strand.se/resume", &[]);
    sender.post("poll", "/mailboxes/arkiv@lillestad.se/poll", &[]);
    sender.post("remove", "/mailboxes/arkiv@lillestad.se/remove", &[("address", "arkiv@lillestad.se")]);
    sender.post("nowhere", "/mailboxes/nobody@lillestad.se/pause", &[]);
}

/// Submits a form that creates a link; returns the path of the link.
fn link(sender: &mut FormSubmitter<'_>, path: &str, name: &str, before: &str) -> String {
    let answer = sender.post(name, path, &[("role", "viewer"), ("organisation", "default")]);
    format!("{before}{}", super::key(&answer.body, before))
}

fn tests(sender: &mut FormSubmitter<'_>) {
    let begun = sender.post("test", &format!("/mailboxes/{JOBB}/test"), &[]);
    let follow = begun.header("location").expect("the path for following the test").to_owned();
    sender.get("test-follow", &follow);
    // Opening the page that follows a test mail has the mailbox polled soon, so it is opened only once for each mailbox.
    let other = sender.visitor.post(&format!("/mailboxes/{READ_ONLY}/test"), &[]);
    let follow = other.header("location").expect("the path for following the test");
    let fragment = sender.visitor.ask("GET", follow, &[("hx-request", "true")], "");
    sender.snapshots.take("test-follow-fragment", &fragment.shown());
    sender.post("test-too-soon", &format!("/mailboxes/{JOBB}/test"), &[]);
    sender.post("test-while-paused", &format!("/mailboxes/{PAUSED}/test"), &[]);
}

fn inboxes(sender: &mut FormSubmitter<'_>) {
    let new = "ny.lillestad.se@mail.kundo.se";
    let of = |what: &str| format!("/inboxes/{new}{what}");
    sender.post("inbox-add-wrong", "/inboxes", &[("address", "nobody")]);
    sender.post("inbox-add-taken", "/inboxes", &[("address", JOBB_INBOX)]);
    sender.post("inbox-add", "/inboxes", &[("address", new), ("name", "Ny"), ("organisation", "default")]);
    sender.post("inbox-change", &of(""), &[("name", "Nyare"), ("reply_from", "svar@lillestad.se")]);
    sender.post("inbox-change-wrong", &of(""), &[("reply_from", "nobody")]);
    let target = [("url", "smtp://127.0.0.1:1"), ("concurrency", "1"), ("when_unknown", "repeat")];
    sender.post("target-add-wrong", &of("/targets"), &[("url", "relay.example"), ("concurrency", "1")]);
    sender.post("target-add", &of("/targets"), &target);
    sender.post("target-change", "/targets/2", &[target[0], ("concurrency", "2"), target[2]]);
    sender.post("target-change-wrong", "/targets/2", &[target[0], ("concurrency", "0"), target[2]]);
    sender.post("target-test", "/targets/2/test", &[]);
    sender.post("target-pause", "/targets/2/pause", &[]);
    sender.post("target-resume", "/targets/2/resume", &[]);
    sender.post("target-remove-holding", "/targets/1/remove", &[]);
    sender.post("target-remove", "/targets/2/remove", &[]);
    sender.post("delivery-retry", "/deliveries/1/retry", &[]);
    sender.post("delivery-drop", "/deliveries/1/drop", &[]);
    sender.post("delivery-drop-again", "/deliveries/1/drop", &[]);
    sender.post("held-retry", "/targets/1/retry-held", &[]);
    sender.post("held-drop", "/targets/1/drop-held", &[]);
    sender.post("route-add", &of("/routes"), &[("recipient", "post@lillestad.se")]);
    sender.post("route-add-again", &of("/routes"), &[("recipient", "post@lillestad.se")]);
    sender.post("route-add-wrong", &of("/routes"), &[("recipient", "nobody")]);
    sender.post("route-remove", &of("/routes/remove"), &[("recipient", "post@lillestad.se")]);
    sender.post("route-remove-again", &of("/routes/remove"), &[("recipient", "post@lillestad.se")]);
}

fn people_and_tokens(sender: &mut FormSubmitter<'_>) {
    sender.post("invite-wrong-role", "/people/invite", &[("role", "king")]);
    sender.post("invitation-revoke-nowhere", "/people/invite/revoke", &[("invitation", "00")]);
    sender.post("person-remove-oneself", "/people/remove", &[("name", "anna")]);
    sender.post("person-remove-nowhere", "/people/remove", &[("name", "nobody")]);
    sender.post("person-remove", "/people/remove", &[("name", "ville")]);
    sender.post("token-add", "/settings/tokens", &[("name", "helpdesk"), ("scope", "write")]);
    sender.post("token-add-again", "/settings/tokens", &[("name", "helpdesk"), ("scope", "read")]);
    sender.post("token-revoke", "/settings/tokens/revoke", &[("name", "helpdesk")]);
    sender.post("token-revoke-nowhere", "/settings/tokens/revoke", &[("name", "helpdesk")]);
}

fn account(sender: &mut FormSubmitter<'_>) {
    let passwords = |now, new, again| [("now", now), ("new", new), ("again", again)];
    sender.post("account", "/account", &[("language", "en"), ("zone", "Europe/Stockholm")]);
    sender.post("account-password-now-wrong", "/account/password", &passwords("x", "y", "y"));
    sender.post("account-password-weak", "/account/password", &passwords(PASSWORD, "kort", "kort"));
    sender.post("account-password-differs", "/account/password", &passwords(PASSWORD, "hemligt hus", "hemligt"));
    sender.post("account-password", "/account/password", &passwords(PASSWORD, "hemligt hus", "hemligt hus"));
    sender.post("language", "/language", &[("language", "en"), ("back", "/audit")]);
    sender.post("logout", "/logout", &[]);
}

fn guests(sender: &mut FormSubmitter<'_>, customer: &str, invitation: &str, port: &str) {
    sender.post("login-wrong", "/login", &[("name", "anna"), ("password", "wrong")]);
    let server = format!("127.0.0.1:{port} none {PAUSED}");
    sender.post("customer-server-changed", customer, &[("server", "other"), ("password", "secret")]);
    sender.post("customer-empty", customer, &[("server", &server), ("password", "")]);
    sender.post("customer-unknown-provider", customer, &[("server", &server), ("provider", "nobody")]);
    sender.post("customer-done", customer, &[("server", &server), ("password", "secret")]);
    sender.post("customer-again", customer, &[("server", &server), ("password", "secret")]);
    let chosen = |name, password, again| [("name", name), ("password", password), ("again", again)];
    sender.post("invitation-name-wrong", invitation, &chosen("", PASSWORD, PASSWORD));
    sender.post("invitation-name-taken", invitation, &chosen("bo", PASSWORD, PASSWORD));
    sender.post("invitation-weak", invitation, &chosen("carl", "kort", "kort"));
    sender.post("invitation-differs", invitation, &chosen("carl", PASSWORD, "x"));
    sender.post("invitation-accepted", invitation, &chosen("carl", PASSWORD, PASSWORD));
    sender.post("invitation-again", invitation, &chosen("carl", PASSWORD, PASSWORD));
}
