//! The audit line that each door writes for each change, in one table, so that differences between the doors show.

use std::cell::Cell;

use serde_json::{Value, json};

use super::{
    installation::{Installation, PASSWORD, PAUSED, READ_ONLY, VIKBY, WITHOUT_CONSENT, port},
    pages::key,
    snapshots::Snapshots,
    visitor::Visitor,
};
use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    mailferry::Serve,
};

/// The three doors, and the table of their audit lines.
struct Doors<'a> {
    installation: &'a Installation,
    serve: &'a Serve,
    program: Visitor<'a>,
    /// For each organisation, a program that sees only the audit lines of that organisation.
    organisations: [(&'static str, Visitor<'a>); 2],
    person: Visitor<'a>,
    guest: Visitor<'a>,
    last: Cell<i64>,
    table: String,
}

impl<'a> Doors<'a> {
    fn new(installation: &'a Installation, serve: &'a Serve, token: &str) -> Self {
        let doors = Self {
            installation,
            serve,
            program: Visitor::with_token(serve, token),
            organisations: ["default", VIKBY].map(|name| {
                let token = installation.token(name, &format!("--scope read --organisation {name}"));
                (name, Visitor::with_token(serve, &token))
            }),
            person: Visitor::person(serve, "anna", "en"),
            guest: Visitor::guest(serve, "en"),
            last: Cell::new(0),
            table: String::new(),
        };
        doors.new_lines();
        doors
    }

    /// The audit lines since the last call, oldest first.
    fn new_lines(&self) -> Vec<Value> {
        let mut lines = audit(&self.program);
        lines.retain(|line| line["id"].as_i64() > Some(self.last.get()));
        lines.reverse();
        self.last.set(lines.last().and_then(|line| line["id"].as_i64()).unwrap_or(self.last.get()));
        lines
    }

    /// The organisation that an audit line belongs to.
    fn organisation(&self, line: &Value) -> &'static str {
        let mut all = self.organisations.iter();
        let found = all.find(|(_, program)| audit(program).iter().any(|other| other["id"] == line["id"]));
        found.map_or("-", |(name, _)| name)
    }

    fn note(&mut self, change: &str, door: &str, is_done: bool) {
        assert!(is_done, "{change} by {door}");
        let lines = self.new_lines();
        if lines.is_empty() {
            self.table.push_str(&format!("{change:<28} {door:<5} nothing\n"));
        }
        for line in lines {
            let (action, organisation) = (text(&line, "action"), self.organisation(&line));
            let [who, target, detail] = ["who", "target", "detail"].map(|key| format!("{:?}", text(&line, key)));
            let row = format!("{change:<28} {door:<5} {who:<16} {organisation:<7} {action:<19} {target:<38} {detail}");
            self.table.push_str(&format!("{row}\n"));
        }
    }

    fn cli(&mut self, change: &str, line: &str) {
        let output = self.installation.run(line);
        self.note(change, "cli", output.code == 0);
    }

    fn api(&mut self, change: &str, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.program.ask(method, &format!("/api/v1{path}"), &[("if-match", "*")], &body);
        self.note(change, "api", answer.status < 300);
        answer.json()
    }

    /// Submits a form of a page. Returns the whole answer, which may contain a key.
    fn page(&mut self, change: &str, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.person.post(path, fields);
        self.note(change, "page", matches!(answer.status, 200 | 303));
        answer.body
    }

    fn guest(&mut self, change: &str, path: &str, fields: &[(&str, &str)]) {
        let answer = self.guest.post(path, fields);
        self.note(change, "guest", matches!(answer.status, 200 | 303));
    }
}

fn audit(program: &Visitor<'_>) -> Vec<Value> {
    program.ask("GET", "/api/v1/audit?limit=200", &[], "").json()["items"].as_array().expect("lines").clone()
}

#[test]
fn audit_lines_of_every_door_match_their_snapshots() {
    let mut installation = Installation::full();
    let token = installation.token("helpdesk", "--scope write");
    let serve = installation.serve();
    let mut snapshots = Snapshots::in_folder("audit", installation.masks.clone());
    let mut doors = Doors::new(&installation, &serve, &token);
    inboxes_and_routes(&mut doors);
    mailboxes(&mut doors, &port(&installation.jobb));
    ledger(&mut doors);
    mailbox_inspections(&mut doors, &port(&installation.jobb));
    people(&mut doors);
    tokens_and_keys(&mut doors);
    removals(&mut doors);
    let columns = ["CHANGE", "DOOR", "WHO", "WHOSE", "ACTION", "TARGET", "DETAIL"];
    let [change, door, who, whose, action, target, detail] = columns;
    let headings = format!("{change:<28} {door:<5} {who:<16} {whose:<7} {action:<19} {target:<38} {detail}");
    snapshots.take("by-door", &format!("{headings}\n{}", doors.table));
    snapshots.finish();
}

fn inboxes_and_routes(doors: &mut Doors<'_>) {
    doors.cli("inbox add", "inbox add by-cli@mail.kundo.se");
    doors.api("inbox add", "POST", "/inboxes", json!({ "address": "by-api@mail.kundo.se" }));
    doors.page("inbox add", "/inboxes", &[("address", "by-page@mail.kundo.se")]);
    doors.cli("inbox add, new organisation", "inbox add new@mail.kundo.se --organisation cli-town");
    doors.api("inbox change", "PATCH", "/inboxes/by-api@mail.kundo.se", json!({ "name": "x" }));
    doors.api("inbox change, nothing", "PATCH", "/inboxes/by-api@mail.kundo.se", json!({}));
    doors.page("inbox change", "/inboxes/by-page@mail.kundo.se", &[("name", "x")]);
    let recipient = "post@lillestad.se";
    doors.cli("route add", &format!("route add --inbox by-cli@mail.kundo.se --recipient {recipient}"));
    doors.api("route add", "POST", "/routes", json!({ "inbox": "by-api@mail.kundo.se", "recipient": recipient }));
    doors.page("route add", "/inboxes/by-page@mail.kundo.se/routes", &[("recipient", recipient)]);
    doors.cli("route remove", &format!("route remove --inbox by-cli@mail.kundo.se --recipient {recipient}"));
    doors.api("route remove", "DELETE", &format!("/routes/{recipient}/by-api@mail.kundo.se"), Value::Null);
    doors.page("route remove", "/inboxes/by-page@mail.kundo.se/routes/remove", &[("recipient", recipient)]);
    doors.cli("route add", &format!("route add --inbox by-cli@mail.kundo.se --recipient {recipient}"));
    doors.cli("route remove, any inbox", &format!("route remove --recipient {recipient}"));
    doors.cli("inbox remove", "inbox remove by-cli@mail.kundo.se");
    doors.cli("inbox remove, messages", "inbox remove bygglov.lillestad.se@mail.kundo.se --with-messages");
    doors.api("inbox remove", "DELETE", "/inboxes/by-api@mail.kundo.se", Value::Null);
}

fn mailboxes(doors: &mut Doors<'_>, port: &str) {
    let server = format!("--host 127.0.0.1 --tls none --port {port} --interval 1d --password-stdin");
    doors.cli("mailbox add", &format!("mailbox add by-cli@gmail.com --inbox {JOBB_INBOX} {server}"));
    let number: u16 = port.parse().unwrap();
    let body = json!({
        "address": "by-api@gmail.com", "inbox": JOBB_INBOX, "host": "127.0.0.1", "port": number, "tls": "none",
        "password": "secret", "interval": "1d",
    });
    doors.api("mailbox add", "POST", "/mailboxes", body);
    doors.page("mailbox add", "/connect", &[("address", "by-page@gmail.com"), ("organisation", "default")]);
    let setup = |step: &str| format!("/mailboxes/by-page@gmail.com/setup/{step}");
    doors.page(
        "setup server",
        &setup("server"),
        &[("host", "127.0.0.1"), ("port", port), ("tls", "none"), ("username", "x")],
    );
    let shown = format!("127.0.0.1:{port} none x");
    doors.page("setup link", &setup("login"), &[("link", "1")]);
    doors.page("setup login", &setup("login"), &[("server", &shown), ("password", "secret")]);
    doors.page("setup folders", &setup("folders"), &[("folder", "INBOX")]);
    doors.page("setup inbox", &setup("inbox"), &[("inbox", JOBB_INBOX)]);
    doors.page("setup inbox, new", &setup("inbox"), &[("inbox", "new"), ("new", "newer@mail.kundo.se")]);
    doors.page("setup copy", &setup("copy"), &[("copy", "leave")]);
    doors.page("setup start, the same", &setup("start"), &[("start", "now")]);
    doors.page("setup start", &setup("start"), &[("start", "all")]);
    doors.page("resume while in setup", "/mailboxes/by-page@gmail.com/resume", &[]);
    doors.cli("mailbox change", "mailbox set by-page@gmail.com --max-size 20KB");
    doors.page("setup begin", &setup("begin"), &[]);
    doors.cli("mailbox change", "mailbox set by-cli@gmail.com --interval 2d");
    doors.cli("mailbox change, the same", "mailbox set by-cli@gmail.com --interval 2d");
    doors.api("mailbox change", "PATCH", "/mailboxes/by-api@gmail.com", json!({ "interval": "2d" }));
    doors.api("mailbox change, nothing", "PATCH", "/mailboxes/by-api@gmail.com", json!({}));
    doors.page("mailbox change", &setup("copy"), &[("copy", "seen")]);
    doors.cli("password", "mailbox set by-cli@gmail.com --password-stdin");
    doors.api("password", "PATCH", "/mailboxes/by-api@gmail.com", json!({ "password": "new" }));
    doors.page("password", "/mailboxes/by-page@gmail.com/password", &[("server", &shown), ("password", "new")]);
    for change in ["pause", "pause", "resume", "resume"] {
        doors.cli(change, &format!("mailbox {change} by-cli@gmail.com"));
        doors.api(change, "POST", &format!("/mailboxes/by-api@gmail.com/{change}"), Value::Null);
        doors.page(change, &format!("/mailboxes/by-page@gmail.com/{change}"), &[]);
    }
}

fn ledger(doors: &mut Doors<'_>) {
    let (path, api) = (format!("/mailboxes/{JOBB}/retry"), format!("/mailboxes/{JOBB}/ledger/retry"));
    let one = [("folder", "INBOX"), ("uidvalidity", "18"), ("uid", "4")];
    // A page refuses to retry if there is nothing to retry; the other doors do not.
    doors.page("ledger retry, one", &path, &one);
    doors.cli("ledger retry, all", &format!("ledger retry --mailbox {JOBB}"));
    doors.api("ledger retry, one", "POST", &api, json!({ "uid": 4, "folder": "INBOX" }));
    doors.api("ledger retry, all", "POST", &api, Value::Null);
    doors.installation.run(&format!("poll {JOBB}"));
    doors.cli("ledger retry, one", &format!("ledger retry --mailbox {JOBB} --uid 4"));
    doors.installation.run(&format!("poll {JOBB}"));
    doors.page("ledger retry, all", &path, &[("folder", "INBOX")]);
    for address in ["by-cli@gmail.com", "by-api@gmail.com", "by-page@gmail.com"] {
        // A poll of these mailboxes also quarantines the mail that is too large.
        doors.installation.ok(&format!("mailbox set {address} --start all --max-size 20KB"));
        doors.installation.run(&format!("poll {address}"));
    }
    doors.new_lines();
    doors.cli("ledger skip", "ledger skip --mailbox by-cli@gmail.com --uid 4");
    doors.api("ledger skip", "POST", "/mailboxes/by-api@gmail.com/ledger/skip", json!({ "uid": 4 }));
    doors.page("ledger skip", "/mailboxes/by-page@gmail.com/skip", &one);
}

fn mailbox_inspections(doors: &mut Doors<'_>, port: &str) {
    doors.api("poll", "POST", &format!("/mailboxes/{JOBB}/poll"), Value::Null);
    doors.page("poll", &format!("/mailboxes/{JOBB}/poll"), &[]);
    doors.cli("poll", &format!("poll {JOBB}"));
    doors.cli("check", &format!("mailbox check {PAUSED}"));
    doors.api("check", "POST", &format!("/mailboxes/{PAUSED}/check"), Value::Null);
    doors.page("check", &format!("/mailboxes/{PAUSED}/check"), &[]);
    doors.cli("dry run", &format!("mailbox dry-run {PAUSED}"));
    doors.api("dry run", "POST", &format!("/mailboxes/{PAUSED}/dry-run"), Value::Null);
    doors.api("test mail", "POST", &format!("/mailboxes/{JOBB}/tests"), Value::Null);
    doors.page("test mail", &format!("/mailboxes/{READ_ONLY}/test"), &[]);
    let link = doors.api("connect link", "POST", &format!("/mailboxes/{PAUSED}/connect-links"), Value::Null);
    let shown = format!("127.0.0.1:{port} none {PAUSED}");
    let path = format!("/customer/{}", key(text(&link, "url"), "/customer/"));
    doors.guest("connect link used", &path, &[("server", &shown), ("password", "secret")]);
    let page = doors.page("connect link", &format!("/mailboxes/{PAUSED}/link"), &[]);
    let path = format!("/customer/{}", key(&page, "/customer/"));
    doors.guest("connect link used", &path, &[("server", &shown), ("password", "secret")]);
    doors.page("consent asked", &format!("/mailboxes/{WITHOUT_CONSENT}/consent"), &[]);
    doors.cli("consent given up", &format!("oauth revoke {WITHOUT_CONSENT}"));
}

fn people(doors: &mut Doors<'_>) {
    let passwords = [("now", PASSWORD), ("new", PASSWORD), ("again", PASSWORD)];
    doors.cli("person add", "user add carl --role viewer --organisation default --password-stdin");
    let page = doors.page("person invite", "/people/invite", &[("role", "viewer"), ("organisation", "default")]);
    let path = format!("/invitation/{}", key(&page, "/invitation/"));
    doors.guest("person joins", &path, &[("name", "dora"), ("password", PASSWORD), ("again", PASSWORD)]);
    doors.page("operator invite", "/people/invite", &[("role", "operator")]);
    let page = doors.person.get("/people").body;
    let invitation = key(&page, "name=\"invitation\" value=\"").to_owned();
    doors.page("invitation revoke", "/people/invite/revoke", &[("invitation", &invitation)]);
    doors.cli("person's password", "user passwd carl --password-stdin");
    doors.page("person's password", "/account/password", &passwords);
    doors.page("language", "/language", &[("language", "en")]);
    doors.page("account", "/account", &[("language", "en"), ("zone", "UTC")]);
    doors.cli("person remove", "user remove carl");
    doors.api("person remove", "DELETE", "/users/dora", Value::Null);
    doors.page("person remove", "/people/remove", &[("name", "eva")]);
    doors.api("organisation add", "POST", "/organisations", json!({ "name": "Storby" }));
}

fn tokens_and_keys(doors: &mut Doors<'_>) {
    doors.cli("token create", "token create --name by-cli --scope read --organisation default");
    doors.api(
        "token create",
        "POST",
        "/tokens",
        json!({ "name": "by-api", "scope": "write", "organisation": "default" }),
    );
    doors.page("token create", "/settings/tokens", &[("name", "by-page"), ("scope", "write")]);
    doors.cli("token revoke", "token revoke by-cli");
    doors.api("token revoke", "DELETE", "/tokens/by-api?organisation=default", Value::Null);
    doors.page("token revoke", "/settings/tokens/revoke", &[("name", "by-page")]);
    doors.cli("key rotate", "key rotate");
}

fn removals(doors: &mut Doors<'_>) {
    doors.cli("mailbox remove", "mailbox remove by-cli@gmail.com");
    doors.api("mailbox remove", "DELETE", "/mailboxes/by-api@gmail.com", Value::Null);
    doors.page("mailbox remove", "/mailboxes/by-page@gmail.com/remove", &[("address", "by-page@gmail.com")]);
    doors.cli("mailbox remove, consent", &format!("mailbox remove {WITHOUT_CONSENT}"));
    // Tokens that a person or a token has created are revoked with their creator.
    let token = doors.installation.token("maker", "--scope write");
    doors.new_lines();
    let maker = Visitor::with_token(doors.serve, &token);
    let made = maker.ask("POST", "/api/v1/tokens", &[], &json!({ "name": "made", "scope": "read" }).to_string());
    doors.note("token create by a token", "api", made.status == 201);
    doors.cli("token revoke with made", "token revoke maker --with-made");
}
