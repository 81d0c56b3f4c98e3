//! The step of the server: what was found is shown for correction.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use super::{after, change};
use crate::http::State;
use crate::http::fault::{Answer, go, show, show_again};
use crate::http::last_error::LastError;
use crate::http::pages::mailbox::{path, seen};
use crate::http::reader::{Frame, Who};
use crate::mailbox::TlsMode;
use crate::store::{Changes, Mailbox, Server};
use crate::{locale, tls};

#[derive(Template)]
#[template(path = "setup_server.html")]
struct Page {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    /// Who named the server, as the name of a text.
    how: Option<String>,
    form: Given,
    problem: Option<String>,
    error: Option<LastError>,
    /// The certificate that the server showed and nobody here knows.
    certificate: Option<String>,
}

#[derive(Deserialize, Clone, Default)]
pub struct Given {
    #[serde(default)]
    host: String,
    #[serde(default)]
    port: String,
    #[serde(default)]
    tls: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    pin: String,
}

#[derive(Deserialize)]
pub struct How {
    #[serde(default)]
    how: String,
}

fn filled(mailbox: &Mailbox) -> Given {
    Given {
        host: mailbox.server.host.clone(),
        port: mailbox.server.port.to_string(),
        tls: mailbox.server.tls.to_string(),
        username: mailbox.username.clone(),
        pin: mailbox.server.pin_sha256.clone().unwrap_or_default(),
    }
}

/// The page.
pub async fn page(
    FromState(state): FromState<State>,
    who: Who,
    Path(address): Path<String>,
    Query(how): Query<How>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let how = Some(format!("found-{}", how.how)).filter(|name| locale::has(name)).map(|name| who.reader.words.t(&name));
    let f = Frame::new(&who.reader, "mailboxes");
    let form = filled(&mailbox);
    show(&Page { f, step: "server", mailbox, how, form, problem: None, error: None, certificate: None })
}

/// The page again, since what stands there leads nowhere.
pub fn wrong(mailbox: Mailbox, error: LastError, who: &Who) -> Answer {
    let f = Frame::new(&who.reader, "mailboxes");
    let form = filled(&mailbox);
    // A certificate is offered to be trusted only where it was one that nobody knows.
    let certificate = Some(error.detail()).filter(|_| error.step() == "tls").and_then(fingerprint);
    show_again(&Page { f, step: "server", mailbox, how: None, form, problem: None, error: Some(error), certificate })
}

/// The SHA-256 of a certificate, where a sentence names one.
fn fingerprint(text: &str) -> Option<String> {
    let hex = text.split(|c: char| !c.is_ascii_hexdigit()).find(|part| part.len() == 64)?;
    Some(hex.to_ascii_lowercase())
}

/// Takes what stands there.
pub async fn set(
    FromState(state): FromState<State>,
    who: Who,
    Path(address): Path<String>,
    Form(given): Form<Given>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let w = who.reader.words.clone();
    let again = |mailbox: Mailbox, name: &str| {
        let f = Frame::new(&who.reader, "mailboxes");
        let (form, problem) = (given.clone(), Some(w.t(name)));
        show_again(&Page { f, step: "server", mailbox, how: None, form, problem, error: None, certificate: None })
    };
    let host = given.host.trim().to_lowercase();
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@';
    if host.is_empty() || host.len() > 253 || host.contains(bad) {
        return again(mailbox, "host-wrong");
    }
    let Some(port) = given.port.trim().parse::<u16>().ok().filter(|port| *port > 0) else {
        return again(mailbox, "port-wrong");
    };
    let Ok(tls_mode) = given.tls.parse::<TlsMode>() else { return again(mailbox, "tls-wrong") };
    let username = given.username.trim();
    if username.is_empty() || username.len() > 1000 || username.chars().any(char::is_control) {
        return again(mailbox, "username-wrong");
    }
    let pin = match given.pin.trim() {
        "" => None,
        text => match tls::parse_fingerprint(text) {
            Ok(pin) => Some(crate::vault::hex(&pin)),
            Err(_) => return again(mailbox, "pin-wrong"),
        },
    };
    let ca_pem = mailbox.server.ca_pem.clone().filter(|_| pin.is_none());
    let server = Server { host, port, tls: tls_mode, ca_pem, pin_sha256: pin };
    // Without TLS everything can be read on the way: only to this machine itself, for whoever tries it out.
    if tls_mode == TlsMode::None && !server.is_this_machine() {
        return again(mailbox, "tls-needed");
    }
    let changes = Changes { server: Some(server), username: Some(username.to_owned()), ..Changes::default() };
    change(&mailbox, changes, "server", &state, &who).await?;
    match mailbox.setup {
        true => go(&after("server", &mailbox)),
        // Whoever logs in elsewhere may need another password there.
        false => go(&format!("{}?done=saved", path(&mailbox.address))),
    }
}
