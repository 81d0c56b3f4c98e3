//! The server step: the user can correct the discovered server.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use serde::Deserialize;

use super::{after, change};
use crate::app::Error;
use crate::app::mailboxes::Refused;
use crate::app::mailboxes::settings::{InvalidField, ServerRequest};
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::frame::Frame;
use crate::http::page::last_error::LastError;
use crate::http::page::paths::mailbox as path;
use crate::http::page::visitor::SignedIn;
use crate::http::page::words::Words;
use crate::http::pages::mailbox::find_mailbox;
use crate::locale;
use crate::mailbox::TlsMode;
use crate::store::{Changes, Mailbox};

#[derive(Template)]
#[template(path = "setup_server.html")]
struct ServerPage {
    f: Frame,
    step: &'static str,
    mailbox: Mailbox,
    /// How the server was found, in words.
    how: Option<String>,
    form: ServerForm,
    problem: Option<String>,
    error: Option<LastError>,
    /// The fingerprint of an unknown certificate that the server presented.
    certificate: Option<String>,
}

#[derive(Deserialize, Clone, Default)]
pub struct ServerForm {
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
pub struct ServerQuery {
    #[serde(default)]
    how: String,
}

fn filled_form(mailbox: &Mailbox) -> ServerForm {
    ServerForm {
        host: mailbox.server.host.clone(),
        port: mailbox.server.port.to_string(),
        tls: mailbox.server.tls.to_string(),
        username: mailbox.username.clone(),
        pin: mailbox.server.pin_sha256.clone().unwrap_or_default(),
    }
}

pub async fn page(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Query(query): Query<ServerQuery>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let how =
        Some(format!("found-{}", query.how)).filter(|name| locale::has(name)).map(|name| user.visitor.words.t(&name));
    let f = Frame::new(&user.visitor, "mailboxes");
    let form = filled_form(&mailbox);
    show(&ServerPage { f, step: "server", mailbox, how, form, problem: None, error: None, certificate: None })
}

/// Shows the page again after a failed connection.
pub fn failed(mailbox: Mailbox, error: LastError, user: &SignedIn) -> PageResult {
    let f = Frame::new(&user.visitor, "mailboxes");
    let form = filled_form(&mailbox);
    // Only an unknown certificate can be accepted here, not other TLS errors.
    let certificate = error.fingerprint().map(str::to_owned);
    show_invalid(&ServerPage {
        f,
        step: "server",
        mailbox,
        how: None,
        form,
        problem: None,
        error: Some(error),
        certificate,
    })
}

/// Saves the server.
pub async fn set(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<ServerForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    let w = user.visitor.words.clone();
    let show_problem = |mailbox: Mailbox, problem: String| {
        let f = Frame::new(&user.visitor, "mailboxes");
        let (form, problem) = (form.clone(), Some(problem));
        show_invalid(&ServerPage {
            f,
            step: "server",
            mailbox,
            how: None,
            form,
            problem,
            error: None,
            certificate: None,
        })
    };
    let Some(port) = form.port.trim().parse::<u16>().ok() else { return show_problem(mailbox, w.t("port-wrong")) };
    let Ok(tls) = form.tls.parse::<TlsMode>() else { return show_problem(mailbox, w.t("tls-wrong")) };
    let username = form.username.trim();
    if username.is_empty() || username.len() > 1000 || username.chars().any(char::is_control) {
        return show_problem(mailbox, w.t("username-wrong"));
    }
    let request = ServerRequest {
        host: Some(form.host.trim().to_lowercase()),
        port: Some(port),
        tls: Some(tls),
        ca_pem: None,
        pin_sha256: Some(Some(form.pin.trim().to_owned()).filter(|pin| !pin.is_empty())),
    };
    let server = match request.apply_to(&mailbox.server) {
        Ok(server) => server.unwrap_or_else(|| mailbox.server.clone()),
        Err(InvalidField { part: "port", .. }) => return show_problem(mailbox, w.t("port-wrong")),
        Err(InvalidField { part: "pin_sha256", .. }) => return show_problem(mailbox, w.t("pin-wrong")),
        Err(_) => return show_problem(mailbox, w.t("host-wrong")),
    };
    // Without TLS, everybody on the network can read everything. Allow it only for a server on this machine, for tests.
    if tls == TlsMode::None && !server.is_this_machine() {
        return show_problem(mailbox, w.t("tls-needed"));
    }
    let changes = Changes { server: Some(server), username: Some(username.to_owned()), ..Changes::default() };
    let needs_login = match change(&mailbox, changes, &state, &user).await {
        Ok(needs_login) => needs_login,
        Err(Error::Refused(refused)) => return show_problem(mailbox, refused_in_words(refused, &w)),
        Err(error) => return Err(error.into()),
    };
    match needs_login {
        true => redirect(&format!("{}/setup/login?done=login-anew", path(&mailbox.address))),
        false => redirect(&after("server", &mailbox)),
    }
}

fn refused_in_words(refused: Refused, w: &Words) -> String {
    match refused {
        Refused::Port => w.t("port-not-allowed"),
        Refused::AppOnly => w.t("server-of-application"),
        Refused::OtherServer(home) => w.t1("server-of-tokens", "host", home),
        Refused::PlaintextPassword => w.t("server-without-tls"),
        Refused::NoConfiguredServer => w.t("server-unknown-to-provider"),
        Refused::CustomTrust(_) => w.t("server-custom-trust"),
        Refused::LoginRequired(_) => w.t("done-login-anew"),
    }
}
