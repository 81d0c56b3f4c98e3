//! Links by which somebody gets an account: the first operator's, and invitations.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State as FromState};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::mailboxes::guesses::minutes;
use crate::app::{Actor, Error, invitations};
use crate::http::State;
use crate::http::page::answer::{Answer, show, show_again};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::USUAL_ZONE;
use crate::http::page::visitor::Visitor;
use crate::http::pages::login::{self, Visit};
use crate::store::{Link, LoginLimit, NewPerson, Purpose, Role};
use crate::{opaque, password};

/// Names that an organisation's invitations may try in vain: enough for people, too few to find out who has an account elsewhere.
const OF_NAMES: LoginLimit = LoginLimit { free: 10, longest_ms: 24 * 3600 * 1000 };

#[derive(Template)]
#[template(path = "invitation.html")]
struct Page {
    f: Frame,
    is_first: bool,
    role: Role,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "link_over.html")]
struct Over {
    f: Frame,
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    zone: String,
}

/// What becomes of who follows a link: a role, where.
fn becomes(link: &Link) -> Option<(Role, Option<i64>)> {
    match link.purpose {
        Purpose::Setup => Some((Role::Operator, None)),
        Purpose::Invite { role, organisation_id } => Some((role, organisation_id)),
        Purpose::Connect { .. } => None,
    }
}

/// The first run.
pub async fn set_up(state: FromState<State>, reader: Visitor, key: Path<String>) -> Answer {
    invited(state, reader, key).await
}

/// The form, or that the link is over.
pub async fn invited(FromState(state): FromState<State>, reader: Visitor, Path(key): Path<String>) -> Answer {
    let link = state.deps.store.link(&opaque::hash(&key), state.deps.clock.now()).await?;
    let f = Frame::new(&reader, "login");
    match link.as_ref().and_then(becomes) {
        Some((role, organisation)) => show(&Page {
            f,
            is_first: organisation.is_none() && role == Role::Operator,
            role,
            name: String::new(),
            problem: None,
        }),
        None => show(&Over { f }),
    }
}

/// Makes the account and signs in. The link is claimed first: two who follow it at once do not both get one. A name that somebody has is
/// refused in the words for every name that cannot be had, and a few times only: an invitation is no way to ask who has an account.
pub async fn accept(
    FromState(state): FromState<State>,
    reader: Visitor,
    Path(key): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Answer {
    let (store, now, hash) = (&state.deps.store, state.deps.clock.now(), opaque::hash(&key));
    let link = store.link(&hash, now).await?;
    let Some((role, organisation_id)) = link.as_ref().and_then(becomes) else {
        return show(&Over { f: Frame::new(&reader, "login") });
    };
    let again = |problem: String| {
        let f = Frame::new(&reader, "login");
        show_again(&Page {
            f,
            is_first: role == Role::Operator,
            role,
            name: chosen.name.clone(),
            problem: Some(problem),
        })
    };
    let secret = SecretString::from(chosen.password.as_str());
    if crate::store::person_name(&chosen.name).is_err() {
        return again(reader.words.t("name-wrong"));
    }
    if let Some(weak) = password::weakness(&secret) {
        return again(reader.words.t(weak));
    }
    if chosen.password != chosen.again {
        return again(reader.words.t("password-differs"));
    }
    let password_hash = password::hash(secret).await.map_err(|error| {
        tracing::error!(%error);
        PageError::Inside
    })?;
    let zone = if jiff::tz::TimeZone::get(&chosen.zone).is_ok() { chosen.zone.as_str() } else { USUAL_ZONE };
    let language = reader.words.tag();
    let new =
        NewPerson { name: &chosen.name, role, organisation_id, password_hash: Some(&password_hash), language, zone };
    let by = link.map(|link| link.created_by).unwrap_or_default();
    match join(&hash, &new, &by, &state).await? {
        Joined::Yes => {}
        Joined::Over => return show(&Over { f: Frame::new(&reader, "login") }),
        Joined::NameRefused => return again(reader.words.t("name-refused")),
        Joined::Wait(minutes) => return again(reader.words.n("login-wait", minutes)),
    }
    let person = store.person(&chosen.name).await?.ok_or(PageError::Inside)?;
    login::sign_in(&state, &reader, &person, Visit { zone, next: "/", now }).await
}

enum Joined {
    Yes,
    /// The link no longer works.
    Over,
    /// Somebody has the name, here or elsewhere; which of them is not told.
    NameRefused,
    /// Too many names were tried; so many minutes.
    Wait(i64),
}

/// Adds the person and uses the link up, both or neither.
async fn join(hash: &[u8], new: &NewPerson<'_>, invited_by: &str, state: &State) -> Result<Joined, Error> {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let Some(claim) = store.claim_link(hash, now).await? else { return Ok(Joined::Over) };
    let subject = format!("names of {}", new.organisation_id.unwrap_or(0));
    if let Err(wait) = store.count_login(&[(subject.clone(), OF_NAMES)], now).await? {
        store.give_link_back(&claim).await?;
        return Ok(Joined::Wait(minutes(wait)));
    }
    let guest = Actor::Guest { name: crate::store::person_name(new.name).unwrap_or_default() };
    let joined = invitations::accept(state.acting(&guest), &claim, new, invited_by).await;
    if !matches!(joined, Err(Error::Conflict(_))) {
        store.uncount_login(&subject, OF_NAMES).await?;
    }
    if joined.is_err() {
        store.give_link_back(&claim).await?;
    }
    match joined {
        Ok(()) => Ok(Joined::Yes),
        Err(Error::LinkOver) => Ok(Joined::Over),
        Err(Error::Conflict(_)) => Ok(Joined::NameRefused),
        Err(error) => Err(error),
    }
}
