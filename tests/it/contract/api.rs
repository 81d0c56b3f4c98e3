//! Every endpoint of the API: its answers, and its refusals. The OpenAPI description says which endpoints exist.

mod program;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use program::{BASE, Program};

use super::{
    installation::{DOWN, Installation, PAUSED, READ_ONLY, VIKBY, VIKBY_INBOX, WITHOUT_CONSENT, port},
    mails::BYGGLOV,
    snapshots::Snapshots,
    visitor::Visitor,
};
use crate::support::{
    facts::{ANSOKAN, JOBB, JOBB_INBOX, text},
    mailferry::Serve,
};

const NEW: &str = "ny@lillestad.se";

#[test]
fn responses_of_every_endpoint_match_their_snapshots() {
    let mut installation = Installation::full();
    let all = installation.token("all", "--scope write");
    let ours = installation.token("ours", "--scope write --organisation default");
    let theirs = installation.token("theirs", "--scope write --organisation vikby");
    let reader = installation.token("reader", "--scope read --organisation default");
    let serve = installation.serve();
    let mut snapshots = Snapshots::in_folder("api", installation.masks.clone());
    let mut program = Program::new(&serve, &all);
    let document = program.get("/openapi.json").json();
    program.take("openapi", &mut snapshots);
    refusals(&serve, &document, [&reader, &theirs], &mut snapshots);
    reading(&mut program, &mut snapshots);
    deliveries(&mut program, &mut snapshots);
    server_inspections(&mut program, &mut snapshots);
    inboxes_and_routes(&mut program, &mut snapshots);
    people_and_tokens(&mut program, &mut snapshots);
    links_and_tests(&mut program, &mut snapshots);
    // The mailboxes are polled during the requests below, and no answer depends on how far those polls have come.
    ledger(&mut program, &mut snapshots);
    mailboxes(&mut program, &port(&installation.jobb), &mut snapshots);
    for_one_organisation(Program::new(&serve, &ours), &mut snapshots);
    requests(&mut program, &mut snapshots);
    assert_eq!(missing(&document, &program.done), [""; 0], "no snapshot has a response of these endpoints");
    snapshots.finish();
}

/// Every method and path of the OpenAPI description.
fn endpoints(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let methods =
        paths.flat_map(|(path, of)| of.as_object().expect("methods").keys().map(move |method| (method, path)));
    methods.map(|(method, path)| (method.to_uppercase(), path.trim_start_matches(BASE).to_owned())).collect()
}

/// The endpoints that were not requested, or that refused every request.
fn missing(document: &Value, done: &BTreeSet<String>) -> Vec<String> {
    let is_of = |endpoint: &str, asked: &str| {
        let (endpoint, asked) = (endpoint.split('/'), asked.split('/'));
        endpoint.clone().count() == asked.clone().count()
            && endpoint.zip(asked).all(|(part, asked)| part == asked || part.starts_with('{'))
    };
    let all = endpoints(document).into_iter().map(|(method, path)| format!("{method} {path}"));
    all.filter(|endpoint| !done.iter().any(|asked| is_of(endpoint, asked))).collect()
}

/// Each endpoint without a token, with an unknown token, with a read-only token, and with another organisation's token.
fn refusals(serve: &Serve, document: &Value, [reader, theirs]: [&str; 2], snapshots: &mut Snapshots) {
    let shown = |title: &str, token: &str| {
        let visitor = Visitor::with_token(serve, token);
        let lines = endpoints(document).into_iter().map(|(method, path)| {
            let body = if method == "GET" { "" } else { "{}" };
            let answer = visitor.ask(&method, &format!("{BASE}{}", fill_path(&path)), &[("if-match", "*")], body);
            let problem = answer.json();
            let words = ["type", "title", "detail"].map(|key| text(&problem, key)).join(" | ");
            format!("{method} {path}: {} {words}{}\n", answer.status, list(&problem["errors"]))
        });
        format!("{title}\n\n{}\n", lines.collect::<String>())
    };
    snapshots.take("refused-without-token", &shown("no token", "").replace("Bearer \n", ""));
    snapshots.take("refused-unknown-token", &shown("an unknown token", "mf_unknown"));
    snapshots.take("refused-read-only-token", &shown("a token that may only read, with an empty body", reader));
    snapshots
        .take("refused-other-organisation", &shown("a token of the other organisation, with an empty body", theirs));
}

fn list(errors: &Value) -> String {
    if errors.is_null() { String::new() } else { format!(" {errors}") }
}

/// Fills a path with a resource of the first organisation that a request with an empty body does not change.
fn fill_path(path: &str) -> String {
    let address = if path.starts_with("/inboxes") { JOBB_INBOX } else { PAUSED };
    let path = path.replace("{address}", address).replace("{id}", "1").replace("{index}", "0");
    path.replace("{recipient}", BYGGLOV).replace("{inbox}", JOBB_INBOX).replace("{name}", "nobody")
}

fn reading(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    program.get_all("/mailboxes\n /mailboxes?limit=2\n /mailboxes?limit=0\n /mailboxes?nonsense=1");
    program.take("mailboxes", snapshots);
    for address in [JOBB, ANSOKAN, PAUSED, DOWN, WITHOUT_CONSENT, "nobody@lillestad.se", "nobody"] {
        program.get(&format!("/mailboxes/{address}"));
    }
    program.take("mailbox", snapshots);
    program.get_all(&format!("/inboxes\n /inboxes/{JOBB_INBOX}\n /inboxes/nobody@mail.kundo.se"));
    program.get_all(&format!(
        "/routes\n /routes/{BYGGLOV}/bygglov.lillestad.se@mail.kundo.se\n /routes/{BYGGLOV}/{JOBB_INBOX}"
    ));
    program.take("inboxes-and-routes", snapshots);
    program.get_all(&format!(
        "/inboxes/{JOBB_INBOX}/messages
         /inboxes/{JOBB_INBOX}/messages?limit=1&unacknowledged=true
         /inboxes/{JOBB_INBOX}/messages?after=nonsense
         /messages/1\n /messages/2\n /messages/99\n /messages/x
         /messages/1/raw\n /messages/99/raw
         /messages/1/parsed\n /messages/2/parsed
         /messages/2/attachments/0\n /messages/2/attachments/9
         /search?q=ansökan\n /search?q=friggebod\n /search?q=finns+inte\n /search"
    ));
    program.post("/messages/1/ack", Value::Null);
    program.post("/messages/99/ack", Value::Null);
    program.take("messages", snapshots);
    program.get_all(&format!(
        "/mailboxes/{JOBB}/ledger\n /mailboxes/{JOBB}/ledger?state=quarantined\n /mailboxes/{JOBB}/ledger?state=nonsense
         /mailboxes/{ANSOKAN}/ledger"
    ));
    program.take("ledger", snapshots);
    program.get_all("/users\n /users/bo\n /users/nobody\n /tokens\n /tokens/all\n /tokens/nobody\n /organisations");
    program.take("users-tokens-organisations", snapshots);
}

fn deliveries(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    program.get_all(&format!(
        "/inboxes/{JOBB_INBOX}/targets\n /targets/1\n /targets/99\n /targets/x
         /deliveries?limit=2\n /deliveries?state=held\n /deliveries?state=nonsense
         /deliveries/1\n /deliveries/99\n /deliveries/x"
    ));
    program.take("deliveries", snapshots);
    let targets = format!("/inboxes/{JOBB_INBOX}/targets");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for body in [
        json!({}),
        json!({ "url": "relay.example" }),
        json!({ "url": "http://helpdesk.example/mail" }),
        json!({ "url": "smtp://me:secret@relay.example", "recipient": "nobody" }),
        json!({ "url": "smtp://relay.example", "format": "json" }),
        json!({ "url": "https://127.0.0.1:1/mail", "secret": "whsec_short" }),
        json!({ "url": "smtp://relay.example", "recipient": JOBB }),
        json!({ "url": "https://127.0.0.1:1/mail", "secret": secret }),
    ] {
        program.post(&targets, body);
    }
    program.take("target-created", snapshots);
    let seen = format!("/inboxes/{JOBB_INBOX}/seen");
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    program.post(&seen, json!({ "header": "Message-ID: <new@example.org>\r\n", "body_sha256": hash, "target": 2 }));
    program.post(&seen, json!({ "header": "Message-ID: <new@example.org>\r\n", "body_sha256": hash }));
    program.post(&seen, json!({ "header": "Subject: x\r\n", "body_sha256": "x" }));
    program.patch("/targets/2", json!({ "concurrency": 3, "secret": null, "only": true, "rate": 60 }));
    program.patch("/targets/2", json!({ "rate": 0 }));
    program.patch("/targets/2", json!({ "concurrency": 0 }));
    program.patch("/targets/99", json!({ "concurrency": 1 }));
    program.ask("PATCH", "/targets/2", &[], json!({ "concurrency": 1 }));
    program.ask("PATCH", "/targets/2", &[("if-match", "\"old\"")], json!({ "concurrency": 1 }));
    for what in ["pause", "resume", "test"] {
        program.post(&format!("/targets/2/{what}"), Value::Null);
    }
    program.take("target-changed", snapshots);
    program.post("/deliveries/1/retry", json!({}));
    program.post("/deliveries/1/retry", json!({ "target": 2 }));
    program.post("/deliveries/1/retry", json!({ "target": 99 }));
    program.post("/deliveries/1/drop", Value::Null);
    program.post("/deliveries/1/drop", Value::Null);
    program.post("/targets/1/retry-held", Value::Null);
    program.post("/targets/1/drop-held", Value::Null);
    program.delete("/targets/1");
    program.delete("/targets/1?with_undelivered=true");
    program.delete("/targets/2");
    program.delete("/targets/2");
    program.take("deliveries-changed", snapshots);
}

fn server_inspections(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    for (method, what) in [("GET", "folders"), ("GET", "effects"), ("POST", "dry-run"), ("POST", "check")] {
        for address in [JOBB, PAUSED, ANSOKAN, DOWN, WITHOUT_CONSENT, "nobody@lillestad.se"] {
            program.ask(method, &format!("/mailboxes/{address}/{what}"), &[], Value::Null);
        }
        program.take(&format!("mailbox-{what}"), snapshots);
    }
    program.get(&format!("/mailboxes/{JOBB}/effects?folder=Nowhere"));
    for address in ["anna@gmail.com", "anna@nowhere.invalid", "nobody"] {
        program.post("/discover", json!({ "address": address }));
    }
    program.take("discover", snapshots);
}

fn inboxes_and_routes(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    let new = "ny.lillestad.se@mail.kundo.se";
    program.post("/inboxes", json!({ "address": new, "name": "Ny", "reply_from": "svar@lillestad.se" }));
    program.post("/inboxes", json!({ "address": "ny.vikby.se@mail.kundo.se", "organisation": VIKBY }));
    program.post("/inboxes", json!({ "address": new }));
    program.post("/inboxes", json!({ "address": "nobody", "reply_from": "nobody" }));
    program.post("/inboxes", json!({ "address": "x@mail.kundo.se", "organisation": "nowhere" }));
    program.patch(&format!("/inboxes/{new}"), json!({ "name": "Nyare", "reply_from": null }));
    program.patch(&format!("/inboxes/{new}"), json!({ "address": "x@mail.kundo.se" }));
    program.ask("PATCH", &format!("/inboxes/{new}"), &[], json!({ "name": "x" }));
    program.ask("PATCH", &format!("/inboxes/{new}"), &[("if-match", "\"old\"")], json!({ "name": "x" }));
    program.patch("/inboxes/nobody@mail.kundo.se", json!({ "name": "x" }));
    program.delete(&format!("/inboxes/{JOBB_INBOX}"));
    program.take("inboxes-changed", snapshots);
    let route = |inbox: &str| json!({ "recipient": "post@lillestad.se", "inbox": inbox });
    program.post("/routes", route(new));
    program.post("/routes", route(new));
    program.post("/routes", route("nobody@mail.kundo.se"));
    program.post("/routes", route("nobody"));
    program.post("/routes", json!({}));
    program.delete(&format!("/routes/post@lillestad.se/{new}"));
    program.delete(&format!("/routes/post@lillestad.se/{new}"));
    program.delete(&format!("/inboxes/{new}"));
    program.delete(&format!("/inboxes/{new}"));
    program.take("routes-changed", snapshots);
}

fn people_and_tokens(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    program.ask("DELETE", "/users/eva", &[], Value::Null);
    program.delete("/users/eva");
    program.delete("/users/eva");
    program.post("/tokens", json!({ "name": "helpdesk", "scope": "write", "organisation": "default" }));
    program.post("/tokens", json!({ "name": "monitor", "scope": "read" }));
    program.post("/tokens", json!({ "name": "monitor", "scope": "read" }));
    program.post("/tokens", json!({ "name": "", "scope": "everything" }));
    program.post("/tokens", json!({ "name": " ", "scope": "read" }));
    program.post("/tokens", json!({ "name": "x", "scope": "read", "organisation": "nowhere" }));
    program.delete("/tokens/helpdesk?organisation=default&with_made=true");
    program.delete("/tokens/helpdesk");
    program.post("/organisations", json!({ "name": "Storby" }));
    program.post("/organisations", json!({ "name": "Storby" }));
    program.post("/organisations", json!({ "name": "" }));
    program.take("users-tokens-organisations-changed", snapshots);
}

fn ledger(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    let of = |what: &str| format!("/mailboxes/{JOBB}/ledger/{what}");
    program.post(&of("skip"), json!({ "uid": 4, "folder": "Nowhere" }));
    program.post(&of("skip"), json!({ "uid": 1 }));
    program.post(&of("skip"), json!({}));
    program.post(&of("skip"), json!({ "uid": 4, "folder": "INBOX", "uidvalidity": 18 }));
    program.post(&of("skip"), json!({ "uid": 4 }));
    program.post(&of("retry"), json!({ "uid": 4 }));
    program.post(&of("retry"), Value::Null);
    program.post(&of("retry"), json!({ "uid": "four" }));
    program.post("/mailboxes/nobody@lillestad.se/ledger/retry", Value::Null);
    program.take("ledger-changed", snapshots);
}

fn links_and_tests(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    program.post(&format!("/mailboxes/{PAUSED}/connect-links"), Value::Null);
    program.post("/mailboxes/nobody@lillestad.se/connect-links", Value::Null);
    let begun = program.post(&format!("/mailboxes/{JOBB}/tests"), Value::Null).json();
    program.post(&format!("/mailboxes/{JOBB}/tests"), Value::Null);
    program.post(&format!("/mailboxes/{PAUSED}/tests"), Value::Null);
    program.get(&format!("/mailboxes/{JOBB}/tests/{}", begun["id"]));
    program.get(&format!("/mailboxes/{JOBB}/tests/99"));
    program.take("links-and-tests", snapshots);
}

fn mailboxes(program: &mut Program<'_>, port: &str, snapshots: &mut Snapshots) {
    let port: u16 = port.parse().unwrap();
    let new = |more: Value| {
        let mut body = json!({
            "address": NEW, "inbox": JOBB_INBOX, "host": "127.0.0.1", "port": port, "tls": "none", "interval": "1d",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    program.post("/mailboxes", json!({ "address": NEW, "inbox": JOBB_INBOX }));
    program.post(
        "/mailboxes",
        new(json!({ "password": "x", "start": "yesterday", "after_import": "burn", "interval": "1s" })),
    );
    program.post("/mailboxes", new(json!({ "password": "x", "after_import": "move:INBOX" })));
    program.post("/mailboxes", new(json!({ "password": "x", "oauth": { "provider": "kontoso" } })));
    program.post("/mailboxes", new(json!({ "oauth": { "provider": "nobody" } })));
    program.post("/mailboxes", new(json!({ "password": "x", "inbox": "nobody@mail.kundo.se" })));
    program.post("/mailboxes", new(json!({ "password": "x", "address": JOBB })));
    program.post(
        "/mailboxes",
        new(json!({ "password": "secret", "username": "ny", "folders": ["INBOX"], "max_size": 1000 })),
    );
    program.take("mailbox-created", snapshots);
    let of = |what: &str| format!("/mailboxes/{PAUSED}{what}");
    program.patch(&of(""), json!({ "interval": "2d", "after_import": "seen", "folders": ["INBOX", "Klart"] }));
    program.patch(&of(""), json!({ "after_import": "move:Klart" }));
    program.patch(&of(""), json!({ "password": "other" }));
    program.patch(&of(""), json!({ "host": "imap.lillestad.se" }));
    program.patch(&of(""), json!({ "tls": "sometimes" }));
    program.patch(&of(""), json!({ "inbox": VIKBY_INBOX }));
    program.patch(&of(""), json!({}));
    program.ask("PATCH", &of(""), &[], json!({ "interval": "1d" }));
    program.ask("PATCH", &of(""), &[("if-match", "\"old\"")], json!({ "interval": "1d" }));
    program.patch("/mailboxes/nobody@lillestad.se", json!({ "interval": "1d" }));
    program.take("mailbox-changed", snapshots);
    for what in ["/pause", "/poll", "/resume"] {
        program.post(&of(what), Value::Null);
    }
    for what in ["pause", "resume", "poll"] {
        program.post(&format!("/mailboxes/nobody@lillestad.se/{what}"), Value::Null);
    }
    program.post(&format!("/mailboxes/{DOWN}/poll"), Value::Null);
    program.post(&format!("/mailboxes/{READ_ONLY}/poll"), Value::Null);
    program.ask("DELETE", &of(""), &[], Value::Null);
    program.delete(&of(""));
    program.delete(&of(""));
    program.delete(&format!("/mailboxes/{WITHOUT_CONSENT}"));
    program.take("mailbox-paused-polled-removed", snapshots);
}

/// Requests that a token of one organisation may not make, or whose answers differ from those to a token for all.
fn for_one_organisation(mut program: Program<'_>, snapshots: &mut Snapshots) {
    program.get_all(&format!(
        "/organisations\n /tokens\n /mailboxes/{DOWN}\n /mailboxes/{WITHOUT_CONSENT}\n /inboxes/{VIKBY_INBOX}"
    ));
    program.post(&format!("/mailboxes/{DOWN}/check"), Value::Null);
    program.post("/inboxes", json!({ "address": VIKBY_INBOX }));
    let body = |more: Value| {
        let mut body =
            json!({ "address": "x@lillestad.se", "inbox": JOBB_INBOX, "host": "imap.lillestad.se", "password": "x" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    program.post("/mailboxes", body(json!({ "port": 22 })));
    program.post("/mailboxes", body(json!({ "tls": "none" })));
    program.post("/mailboxes", body(json!({ "address": WITHOUT_CONSENT })));
    program.post("/mailboxes", body(json!({ "password": null, "oauth": { "provider": "kontoso", "app_only": true } })));
    program.patch(&format!("/mailboxes/{DOWN}"), json!({ "port": 993 }));
    program.post("/organisations", json!({ "name": "Ort" }));
    program.take("one-organisation", snapshots);
}

/// Requests that are wrong for every endpoint, and a request that is sent twice.
fn requests(program: &mut Program<'_>, snapshots: &mut Snapshots) {
    program.get_all("/nothing\n /\n /inboxes/");
    program.ask("PUT", "/inboxes", &[], json!({}));
    program.send("POST", "/inboxes", &[], "{");
    program.send("POST", "/inboxes", &[], "[]");
    program.send("POST", "/inboxes", &[], "{\"address\": \"x\\u0000\"}");
    program.send("POST", "/inboxes", &[("content-type", "text/plain")], "address");
    program.send("POST", "/inboxes", &[("authorization", "Basic YTpi")], "{}");
    for address in ["en.gang@mail.kundo.se", "en.gang@mail.kundo.se", "tva.ganger@mail.kundo.se"] {
        program.ask("POST", "/inboxes", &[("idempotency-key", "\"1\"")], json!({ "address": address }));
    }
    program.take("requests", snapshots);
    program.get("/audit?limit=3");
    program.get("/audit?after=nonsense");
    program.take("audit", snapshots);
}
