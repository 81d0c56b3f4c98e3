//! The step of the server: what was found is shown for correction.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use super::{after, change};
use crate::app::Error;
use crate::app::mailboxes::Refused;
use crate::app::mailboxes::settings::{ServerRequest, Wrong};
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::http::pages::mailbox::seen;
use crate::locale;
use crate::mailbox::TlsMode;
use crate::store::{Changes, Mailbox};

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
    who: SignedIn,
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
pub fn wrong(mailbox: Mailbox, error: LastError, who: &SignedIn) -> Answer {
    let f = Frame::new(&who.reader, "mailboxes");
    let form = filled(&mailbox);
    // A certificate is offered to be trusted only where it was one that nobody knows.
    let certificate = error.fingerprint().map(str::to_owned);
    show_again(&Page { f, step: "server", mailbox, how: None, form, problem: None, error: Some(error), certificate })
}

/// Takes what stands there.
pub async fn set(
    FromState(state): FromState<State>,
    who: SignedIn,
    Path(address): Path<String>,
    Form(given): Form<Given>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    let w = who.reader.words.clone();
    let again = |mailbox: Mailbox, problem: String| {
        let f = Frame::new(&who.reader, "mailboxes");
        let (form, problem) = (given.clone(), Some(problem));
        show_again(&Page { f, step: "server", mailbox, how: None, form, problem, error: None, certificate: None })
    };
    let Some(port) = given.port.trim().parse::<u16>().ok() else { return again(mailbox, w.t("port-wrong")) };
    let Ok(tls) = given.tls.parse::<TlsMode>() else { return again(mailbox, w.t("tls-wrong")) };
    let username = given.username.trim();
    if username.is_empty() || username.len() > 1000 || username.chars().any(char::is_control) {
        return again(mailbox, w.t("username-wrong"));
    }
    let wish = ServerRequest {
        host: Some(given.host.trim().to_lowercase()),
        port: Some(port),
        tls: Some(tls),
        ca_pem: None,
        pin_sha256: Some(Some(given.pin.trim().to_owned()).filter(|pin| !pin.is_empty())),
    };
    let server = match wish.on(&mailbox.server) {
        Ok(server) => server.unwrap_or_else(|| mailbox.server.clone()),
        Err(Wrong { part: "port", .. }) => return again(mailbox, w.t("port-wrong")),
        Err(Wrong { part: "pin_sha256", .. }) => return again(mailbox, w.t("pin-wrong")),
        Err(_) => return again(mailbox, w.t("host-wrong")),
    };
    // Without TLS everything can be read on the way: only to this machine itself, for whoever tries it out.
    if tls == TlsMode::None && !server.is_this_machine() {
        return again(mailbox, w.t("tls-needed"));
    }
    let changes = Changes { server: Some(server), username: Some(username.to_owned()), ..Changes::default() };
    let asks_login = match change(&mailbox, changes, &state, &who).await {
        Ok(asks_login) => asks_login,
        Err(Error::Refused(refused)) => return again(mailbox, refused_in_words(refused, &w)),
        Err(error) => return Err(error.into()),
    };
    match asks_login {
        true => go(&format!("{}/setup/login?done=login-anew", path(&mailbox.address))),
        false => go(&after("server", &mailbox)),
    }
}

fn refused_in_words(refused: Refused, w: &Words) -> String {
    match refused {
        Refused::Port => w.t("port-not-allowed"),
        Refused::AppOnly => w.t("server-of-application"),
        Refused::Home(home) => w.t1("server-of-tokens", "host", home),
        Refused::InClear => w.t("server-in-clear"),
        Refused::NoHome => w.t("server-unknown-to-provider"),
        Refused::OwnTrust(_) => w.t("server-own-trust"),
        Refused::LoginToo(_) => w.t("done-login-anew"),
    }
}
