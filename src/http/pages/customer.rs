//! The page behind a connect link: the customer's own IT gives a mailbox's credentials or consents, without an account here, and
//! nobody at the helpdesk ever sees the password.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use serde::Deserialize;

use super::consent::{self, With};
use super::mailbox::set_password;
use super::setup;
use crate::http::State;
use crate::http::fault::{Answer, Fault, show, show_again};
use crate::http::last_error::LastError;
use crate::http::reader::{Frame, Reader};
use crate::opaque;
use crate::poll::folders::folders;
use crate::store::{Change, Mailbox, Purpose};

#[derive(Template)]
#[template(path = "customer.html")]
struct Page {
    f: Frame,
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
    #[serde(default)]
    password: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    identity: String,
}

/// The mailbox of a link that still works, and who made it.
async fn open(hash: &[u8], state: &State) -> Result<Option<(Mailbox, String)>, Fault> {
    let link = state.deps.store.link(hash, state.deps.clock.now()).await?;
    match link.map(|link| (link.purpose, link.created_by)) {
        Some((Purpose::Connect { mailbox_id }, by)) => {
            Ok(Some((state.deps.store.mailbox_of_row(mailbox_id).await?, by)))
        }
        _ => Ok(None),
    }
}

fn made(mailbox: Mailbox, asked_by: String, problem: Option<String>, state: &State, reader: &Reader) -> Page {
    let usual = state.deps.oauth.registered_for(&mailbox.server.host).map(str::to_owned);
    Page { f: Frame::new(reader, "login"), mailbox, asked_by, registered: setup::registered(state), usual, problem }
}

/// The page.
pub async fn page(FromState(state): FromState<State>, reader: Reader, Path(key): Path<String>) -> Answer {
    match open(&opaque::hash(&key), &state).await? {
        Some((mailbox, by)) => show(&made(mailbox, by, None, &state, &reader)),
        None => show(&Over { f: Frame::new(&reader, "login") }),
    }
}

/// Takes a password and tries it at once, or sends to the provider.
pub async fn give(
    FromState(state): FromState<State>,
    reader: Reader,
    Path(key): Path<String>,
    Form(given): Form<Given>,
) -> Answer {
    let hash = opaque::hash(&key);
    let Some((mailbox, by)) = open(&hash, &state).await? else {
        return show(&Over { f: Frame::new(&reader, "login") });
    };
    if !given.provider.is_empty() {
        let with = With { provider: given.provider, identity: given.identity };
        return match consent::choose(&mailbox, &with, &state).await? {
            Ok(mailbox) => consent::send(&mailbox, Some(hash), &state, &reader).await,
            Err(name) => show_again(&made(mailbox, by, Some(reader.words.t(name)), &state, &reader)),
        };
    }
    let password = match setup::mail_password(&given.password) {
        Ok(password) => password,
        Err(name) => return show_again(&made(mailbox, by, Some(reader.words.t(name)), &state, &reader)),
    };
    set_password(&mailbox, password, &state).await?;
    let mailbox = state.deps.store.mailbox_of_row(mailbox.id).await?;
    // A password that does not work is told while the one who knows it is here; of our network nothing is told.
    if let Err(error) = folders(&mailbox, &state.deps).await {
        let error = LastError::of(&error);
        let problem = format!("{} {}", error.brief(&reader.words), reader.words.t("customer-again"));
        return show_again(&made(mailbox, by, Some(problem), &state, &reader));
    }
    done(&mailbox, &hash, &state, &reader).await
}

/// Back from the provider.
pub async fn back(mailbox: &Mailbox, link: &[u8], problem: Option<String>, state: &State, reader: &Reader) -> Answer {
    match problem {
        Some(problem) => match open(link, state).await? {
            Some((mailbox, by)) => {
                let page = made(mailbox, by, Some(problem), state, reader);
                show_again(&page)
            }
            None => show(&Over { f: Frame::new(reader, "login") }),
        },
        None => done(mailbox, link, state, reader).await,
    }
}

/// The link has done its work.
async fn done(mailbox: &Mailbox, link: &[u8], state: &State, reader: &Reader) -> Answer {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    store.use_link(link, now).await?;
    let change = Change {
        who: "connect link",
        organisation: Some(mailbox.organisation_id),
        action: "credentials-changed",
        target: &mailbox.address,
        detail: "",
    };
    store.audit(change, now).await?;
    show(&Done { f: Frame::new(reader, "login"), mailbox: mailbox.clone() })
}
