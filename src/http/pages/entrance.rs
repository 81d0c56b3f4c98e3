//! Signing in and out.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::State;
use crate::http::fault::{Answer, Fault, go, show, show_again};
use crate::http::guard::{SESSION, ZONE, cookie, set_cookie};
use crate::http::reader::{Frame, Reader};
use crate::password;
use crate::store::{Patience, Person};
use crate::{clock::Timestamp, opaque};

/// Somebody who has forgotten a password tries a few.
const OF_ACCOUNT: Patience = Patience { free: 10, longest_ms: 15 * 60 * 1000 };
/// An office has one address.
const OF_ADDRESS: Patience = Patience { free: 30, longest_ms: 15 * 60 * 1000 };

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    f: Frame,
    next: String,
    name: String,
    problem: Option<String>,
    is_new: bool,
    /// What single sign-on is called, if there is one.
    sso: Option<String>,
}

fn sso(state: &State) -> Option<String> {
    Some(&state.page.sso).filter(|sso| sso.is_on()).map(|sso| sso.name.clone())
}

/// The form again, since single sign-on did not come about.
pub fn refused(reader: &Reader, state: &State, problem: String) -> Answer {
    let f = Frame::new(reader, "login");
    let (next, name) = (String::new(), String::new());
    show_again(&Page { f, next, name, problem: Some(problem), is_new: false, sso: sso(state) })
}

#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Login {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    zone: String,
}

/// The form.
pub async fn form(FromState(state): FromState<State>, reader: Reader, Query(to): Query<Next>) -> Answer {
    if reader.person.is_some() {
        return go(&inside(&to.next));
    }
    let is_new = !state.deps.store.has_people().await?;
    let (next, name) = (to.next, String::new());
    show(&Page { f: Frame::new(&reader, "login"), next, name, problem: None, is_new, sso: sso(&state) })
}

/// A try. It is counted before the password is looked at, against the account and against the address.
pub async fn log_in(FromState(state): FromState<State>, reader: Reader, Form(login): Form<Login>) -> Answer {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let name: String = login.name.trim().to_lowercase().chars().take(100).collect();
    let again = |problem: String| {
        let f = Frame::new(&reader, "login");
        show_again(&Page {
            f,
            next: login.next.clone(),
            name: login.name.clone(),
            problem: Some(problem),
            is_new: false,
            sso: sso(&state),
        })
    };
    let (account, address) = (format!("account {name}"), format!("address {}", reader.address));
    let subjects = [(account.clone(), OF_ACCOUNT), (address.clone(), OF_ADDRESS)];
    if let Err(wait) = store.count_login(&subjects, now).await? {
        tracing::warn!(address = reader.address, "logins are held back");
        let minutes = (wait + 59_999) / 60_000;
        return again(reader.words.n("login-wait", minutes));
    }
    let person = store.person(&name).await?;
    let hash = person.as_ref().and_then(|person| person.password_hash.clone());
    let right = password::is_right(SecretString::from(login.password), hash).await;
    match person.filter(|_| right) {
        Some(person) => {
            store.login_went_well(&account, &address).await?;
            sign_in(&state, &reader, &person, &login.zone, &login.next, now).await
        }
        None => again(reader.words.t("login-wrong")),
    }
}

/// Begins a session under a new key, so that none that was known before is worth anything.
pub async fn sign_in(
    state: &State,
    reader: &Reader,
    person: &Person,
    zone: &str,
    next: &str,
    now: Timestamp,
) -> Answer {
    let key = opaque::new("");
    let before = reader.session.as_deref();
    state.deps.store.begin_session(person.id, &opaque::hash(&key), before, now).await?;
    // Whoever was added on the command line is taken as the browser says.
    let language = if person.language.is_empty() { reader.words.tag() } else { &person.language };
    let zone = if person.zone.is_empty() && jiff::tz::TimeZone::get(zone).is_ok() { zone } else { &person.zone };
    if (language, zone) != (&person.language, &person.zone) {
        state.deps.store.set_taste(person.id, language, zone).await?;
    }
    Ok(([set_cookie(SESSION, &key, None)], Redirect::to(&inside(next))).into_response())
}

/// Ends the session, here and in the browser.
pub async fn log_out(FromState(state): FromState<State>, headers: HeaderMap) -> Result<Response, Fault> {
    if let Some(key) = cookie(&headers, SESSION) {
        state.deps.store.end_session(&opaque::hash(key)).await?;
    }
    let gone = axum::response::AppendHeaders([set_cookie(SESSION, "", Some(0)), set_cookie(ZONE, "", Some(0))]);
    Ok((gone, Redirect::to("/login")).into_response())
}

/// A path of ours, whatever was asked for: `//host` and `/\host` would lead elsewhere.
fn inside(next: &str) -> String {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.chars().any(|c| c == '\\' || c.is_control())
        && !next.starts_with("/login");
    if is_ours { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_login_nobody_is_led_elsewhere() {
        for (next, wanted) in [
            ("/mailboxes/x?y=1", "/mailboxes/x?y=1"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\n/evil", "/"),
            ("/login?next=/login", "/"),
        ] {
            assert_eq!(inside(next), wanted);
        }
    }
}
