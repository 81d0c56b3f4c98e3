//! The page behind a connect link: the customer's own IT gives a mailbox's credentials or consents, without an account here, and
//! nobody at the helpdesk ever sees the password.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse};
use secrecy::SecretString;
use serde::Deserialize;

use super::consent::{self, With};
use super::inspect_failure::at_server;
use super::login_form::{mail_password, registered};
use crate::app::mailboxes::inspect;
use crate::app::mailboxes::settings::given_password;
use crate::app::mailboxes::{self, MovedLogin, Request, credential_policy};
use crate::app::{Actor, Error, any};
use crate::http::State;
use crate::http::page::answer::{Answer, show, show_again};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::{cookie, set_cookie};
use crate::http::page::last_error::LastError;
use crate::http::page::visitor::Visitor;
use crate::opaque;
use crate::store::{Changes, LinkClaim, Login, Mailbox, Purpose, Scope, StoreError, password_row};

/// The key of the link that a browser left by, for when it comes back.
const LINK: &str = "__Host-link";

#[derive(Template)]
#[template(path = "customer.html")]
struct Page {
    f: Frame,
    /// Where the forms go: the page is also shown to whoever comes back from a provider, under another address.
    path: String,
    mailbox: Mailbox,
    asked_by: String,
    registered: Vec<String>,
    usual: Option<String>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "customer_done.html")]
struct Done {
    f: Frame,
    mailbox: Mailbox,
}

#[derive(Template)]
#[template(path = "link_over.html")]
struct Over {
    f: Frame,
}

#[derive(Deserialize)]
pub struct Given {
    /// The server that was shown.
    #[serde(default)]
    server: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    identity: String,
}

/// The mailbox of a link that still works, and who made it.
async fn open(hash: &[u8], state: &State) -> Result<Option<(Mailbox, String)>, PageError> {
    let link = state.deps.store.link(hash, state.deps.clock.now()).await?;
    match link.map(|link| (link.purpose, link.created_by)) {
        Some((Purpose::Connect { mailbox_id }, by)) => {
            Ok(Some((state.deps.store.mailbox_of_row(mailbox_id).await?, by)))
        }
        _ => Ok(None),
    }
}

fn made(
    key: &str,
    (mailbox, asked_by): (Mailbox, String),
    problem: Option<String>,
    state: &State,
    reader: &Visitor,
) -> Page {
    let usual = state.deps.oauth.registered_for(&mailbox.server.host).map(str::to_owned);
    let path = format!("/customer/{key}");
    Page { f: Frame::new(reader, "login"), path, mailbox, asked_by, registered: registered(state), usual, problem }
}

/// The page of a link that does not.
pub fn over(reader: &Visitor) -> Answer {
    show(&Over { f: Frame::new(reader, "login") })
}

/// The page.
pub async fn page(FromState(state): FromState<State>, reader: Visitor, Path(key): Path<String>) -> Answer {
    match open(&opaque::hash(&key), &state).await? {
        Some(of) => show(&made(&key, of, None, &state, &reader)),
        None => over(&reader),
    }
}

/// Takes a password and tries it at once, or sends to the provider.
pub async fn give(
    FromState(state): FromState<State>,
    reader: Visitor,
    Path(key): Path<String>,
    Form(given): Form<Given>,
) -> Answer {
    let hash = opaque::hash(&key);
    let Some((mailbox, by)) = open(&hash, &state).await? else {
        return over(&reader);
    };
    // What is given is for the server that was shown, and for no other.
    if given.server != credential_policy::shown(&mailbox) {
        let problem = Some(reader.words.t("customer-server-changed"));
        return show_again(&made(&key, (mailbox, by), problem, &state, &reader));
    }
    if !given.provider.is_empty() {
        let with = With { provider: given.provider, identity: given.identity };
        let scope = Scope::Organisation(mailbox.organisation_id);
        return match consent::choose(&mailbox, &with, scope, &state) {
            Ok(wanted) => {
                let leaving = consent::send(&mailbox, wanted, Some(hash), &state, &reader).await?;
                Ok((AppendHeaders([set_cookie(LINK, &key, Some(consent::AWAY))]), leaving).into_response())
            }
            Err(name) => show_again(&made(&key, (mailbox, by), Some(reader.words.t(name)), &state, &reader)),
        };
    }
    let password = match mail_password(&given.password) {
        Ok(password) => password,
        Err(name) => return show_again(&made(&key, (mailbox, by), Some(reader.words.t(name)), &state, &reader)),
    };
    // The link is claimed before anything is tried: of two who give a password at once, one is asked to wait.
    let Some(claim) = state.deps.store.claim_link(&hash, state.deps.clock.now()).await? else {
        let problem = Some(reader.words.t("customer-link-busy"));
        return match open(&hash, &state).await? {
            Some(of) => show_again(&made(&key, of, problem, &state, &reader)),
            None => over(&reader),
        };
    };
    // Whatever happens, and whether or not the customer waits for it, the claim comes to its end.
    let work = {
        let (state, reader, mailbox) = (state.clone(), reader.clone(), mailbox.clone());
        async move { stored(&mailbox, password, &claim, &state, &reader).await }
    };
    match tokio::spawn(work).await.map_err(|_| PageError::Inside)?? {
        Stored::Yes => done(&mailbox, &reader),
        Stored::LinkOver => over(&reader),
        Stored::No(problem) => show_again(&made(&key, (mailbox, by), Some(problem), &state, &reader)),
    }
}

/// What became of a password.
enum Stored {
    Yes,
    /// The link was taken back, or has ended, while the login was tried.
    LinkOver,
    /// Why it was not, in words.
    No(String),
}

/// Tries a password and stores it if it works, unless the link is over by then. A password that does not work is told while the one
/// who knows it is here, and takes nothing's place; of our network nothing is told.
async fn stored(
    mailbox: &Mailbox,
    password: SecretString,
    claim: &LinkClaim,
    state: &State,
    reader: &Visitor,
) -> Result<Stored, PageError> {
    let sealed = state.deps.vault.seal(&password_row(mailbox.id), &password).map_err(StoreError::from)?;
    let trial = Mailbox { login: Login::Password(Some(sealed)), ..mailbox.clone() };
    let actor = Actor::Link { organisation_id: mailbox.organisation_id };
    let ended = match tried(&trial, &actor, state, reader).await {
        Ok(Ok(())) => {
            let changes = Changes { by_link: Some(claim.clone()), ..given_password(mailbox, password) };
            let request = Request { before: mailbox, changes, moved_login: MovedLogin::GivenAnew };
            match mailboxes::change(state.acting(&actor), request, Some(state.change_deps()), any).await {
                Ok(_) => return Ok(Stored::Yes),
                Err(Error::LinkOver) => Ok(Stored::LinkOver),
                Err(Error::Moved(_)) => Ok(Stored::No(reader.words.t("customer-server-changed"))),
                Err(error) => Err(error.into()),
            }
        }
        Ok(Err(problem)) => Ok(Stored::No(problem)),
        Err(fault) => Err(fault),
    };
    state.deps.store.give_link_back(claim).await?;
    ended
}

/// Tries a login; the inner `Err`: why it does not work, in words.
async fn tried(
    trial: &Mailbox,
    actor: &Actor,
    state: &State,
    reader: &Visitor,
) -> Result<Result<(), String>, PageError> {
    let words = &reader.words;
    match inspect::folders(state.inspector(actor), trial).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::LoginsWait(minutes)) => Ok(Err(words.n("mailbox-wait", minutes))),
        Err(error) => {
            let error = LastError::of(&at_server(error, state)?);
            Ok(Err(format!("{} {}", error.brief(words), words.t("customer-again"))))
        }
    }
}

/// Somebody who is back from the provider by a link.
pub struct Returning<'a> {
    /// The mailbox that they consented for.
    pub mailbox: &'a Mailbox,
    /// The hash of the link's key.
    pub link: &'a [u8],
    /// Why it came to nothing, in words.
    pub problem: Option<String>,
}

/// Back from the provider; the browser has kept the key of the link that it left by, which is kept here as a hash alone.
pub async fn back(of: Returning<'_>, headers: &HeaderMap, state: &State, reader: &Visitor) -> Answer {
    let Returning { mailbox, link, problem } = of;
    let Some(problem) = problem else { return done(mailbox, reader) };
    let key = cookie(headers, LINK).filter(|key| opaque::hash(key) == link);
    match (key, open(link, state).await?) {
        (Some(key), Some(of)) => show_again(&made(key, of, Some(problem), state, reader)),
        _ => over(reader),
    }
}

/// The link has done its work.
fn done(mailbox: &Mailbox, reader: &Visitor) -> Answer {
    show(&Done { f: Frame::new(reader, "login"), mailbox: mailbox.clone() })
}
