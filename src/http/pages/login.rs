//! Signing in and out.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::mailboxes::login_limit::minutes;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::{SESSION, ZONE, cookie, set_cookie};
use crate::http::page::visitor::Visitor;
use crate::password;
use crate::store::{LoginLimit, Person, StoreError, person_name};
use crate::vault::hex;
use crate::{clock::Timestamp, opaque};

/// Limit on failed attempts for one account: enough for a user who has forgotten the password.
pub const ACCOUNT_LIMIT: LoginLimit = LoginLimit { free_failures: 10, max_wait_ms: 15 * 60 * 1000 };
/// The cookie that marks a browser from which somebody has signed in before.
const BROWSER_COOKIE: &str = "__Host-browser";
/// The lifetime of [`BROWSER_COOKIE`], in seconds.
const BROWSER_SECONDS: i64 = 365 * 24 * 3600;
/// Limit on failed attempts from one address, which may be that of a whole office.
const ADDRESS_LIMIT: LoginLimit = LoginLimit { free_failures: 30, max_wait_ms: 15 * 60 * 1000 };

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    f: Frame,
    next: String,
    name: String,
    problem: Option<String>,
    is_new: bool,
    /// The name of single sign-on, if it is configured.
    sso: Option<String>,
}

fn sso(state: &State) -> Option<String> {
    Some(&state.settings.sso).filter(|sso| sso.is_on()).map(|sso| sso.name.clone())
}

/// Shows the login form again after a failed single sign-on.
pub fn refused(visitor: &Visitor, state: &State, problem: String) -> PageResult {
    let f = Frame::new(visitor, "login");
    let (next, name) = (String::new(), String::new());
    show_invalid(&LoginPage { f, next, name, problem: Some(problem), is_new: false, sso: sso(state) })
}

#[derive(Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    zone: String,
}

/// Shows the login form.
pub async fn page(FromState(state): FromState<State>, visitor: Visitor, Query(query): Query<LoginQuery>) -> PageResult {
    if visitor.person.is_some() {
        return redirect(&local_path(&query.next));
    }
    let is_new = !state.deps.store.has_people().await?;
    let (next, name) = (query.next, String::new());
    show(&LoginPage { f: Frame::new(&visitor, "login"), next, name, problem: None, is_new, sso: sso(&state) })
}

/// Signs in. The attempt is counted before the password is checked: against the account and against the client's address
/// or, in a browser from which the user has signed in before, only against the account in this browser.
pub async fn log_in(
    FromState(state): FromState<State>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> PageResult {
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    // All invalid names count as the same account, so that variations of a name do not allow more attempts.
    let name = person_name(&form.name).unwrap_or_default();
    let show_problem = |problem: String| {
        let f = Frame::new(&visitor, "login");
        show_invalid(&LoginPage {
            f,
            next: form.next.clone(),
            name: form.name.clone(),
            problem: Some(problem),
            is_new: false,
            sso: sso(&state),
        })
    };
    // Attempts by strangers do not lock out a browser from which the user has signed in before.
    let browser = cookie(&headers, BROWSER_COOKIE).map(opaque::hash);
    let is_known = match &browser {
        Some(hash) => store.knows_browser(hash, &name).await?,
        None => false,
    };
    // Failed attempts of other people at the same address, such as an office's, do not lock out a known browser, either.
    let address = format!("address {}", visitor.address);
    let (account, subjects) = match browser.filter(|_| is_known) {
        Some(hash) => {
            let account = format!("account {name} in {}", hex(&hash));
            (account.clone(), vec![(account, ACCOUNT_LIMIT)])
        }
        None => {
            let account = format!("account {name}");
            (account.clone(), vec![(account, ACCOUNT_LIMIT), (address.clone(), ADDRESS_LIMIT)])
        }
    };
    if let Err(wait) = store.count_login(&subjects, now).await? {
        tracing::warn!(address = visitor.address, "too many failed logins; rejected an attempt");
        return show_problem(visitor.words.n("login-wait", minutes(wait)));
    }
    let person = store.person(&name).await?;
    let hash = person.as_ref().and_then(|person| person.password_hash.clone());
    let Some(right) = password::is_right(SecretString::from(form.password), hash).await else {
        // The password hasher is saturated: don't count this attempt.
        for (subject, limit) in &subjects {
            store.uncount_login(subject, *limit).await?;
        }
        return show_problem(visitor.words.t("login-busy"));
    };
    match person.filter(|_| right) {
        Some(person) => {
            match is_known {
                true => store.forget_failures(&account).await?,
                false => store.record_login_success(&account, &address).await?,
            }
            let answer =
                sign_in(&state, &visitor, &person, NewSession { zone: &form.zone, next: &form.next, now }).await?;
            if is_known { Ok(answer) } else { remember_browser(&state, &person, &headers, answer, now).await }
        }
        None => show_problem(visitor.words.t("login-wrong")),
    }
}

/// Marks the browser as known for this user. Several users can share a browser.
pub async fn remember_browser(
    state: &State,
    person: &Person,
    headers: &HeaderMap,
    answer: Response,
    now: Timestamp,
) -> PageResult {
    let key = known_browser(headers, state).await?.unwrap_or_else(|| opaque::new(""));
    state.deps.store.remember_browser(person.id, &opaque::hash(&key), now).await?;
    Ok((AppendHeaders([set_cookie(BROWSER_COOKIE, &key, Some(BROWSER_SECONDS))]), answer).into_response())
}

/// The key of the browser, if somebody has signed in with it before.
pub async fn known_browser(headers: &HeaderMap, state: &State) -> Result<Option<String>, StoreError> {
    let Some(key) = cookie(headers, BROWSER_COOKIE) else { return Ok(None) };
    let is_known = state.deps.store.is_browser(&opaque::hash(key)).await?;
    Ok(is_known.then(|| key.to_owned()))
}

/// A session that is about to begin.
pub struct NewSession<'a> {
    /// The time zone that the browser reports; empty: unknown.
    pub zone: &'a str,
    /// The path of the page that was requested before the login.
    pub next: &'a str,
    pub now: Timestamp,
}

/// Begins a session with a new key, so that a key known before the login is worthless.
pub async fn sign_in(state: &State, visitor: &Visitor, person: &Person, session: NewSession<'_>) -> PageResult {
    let NewSession { zone, next, now } = session;
    let key = opaque::new("");
    let before = visitor.session.as_deref();
    state.deps.store.begin_session(person.id, &opaque::hash(&key), before, now).await?;
    // Users who were added on the command line get the settings of their browser.
    let language = if person.language.is_empty() { visitor.words.tag() } else { &person.language };
    let zone = if person.zone.is_empty() && jiff::tz::TimeZone::get(zone).is_ok() { zone } else { &person.zone };
    if (language, zone) != (&person.language, &person.zone) {
        state.deps.store.set_preferences(person.id, language, zone).await?;
    }
    Ok((AppendHeaders([set_cookie(SESSION, &key, None)]), Redirect::to(&local_path(next))).into_response())
}

/// Ends the session, on the server and in the browser.
pub async fn log_out(FromState(state): FromState<State>, headers: HeaderMap) -> Result<Response, PageError> {
    if let Some(key) = cookie(&headers, SESSION) {
        state.deps.store.end_session(&opaque::hash(key)).await?;
    }
    let expired = AppendHeaders([set_cookie(SESSION, "", Some(0)), set_cookie(ZONE, "", Some(0))]);
    Ok((expired, Redirect::to("/login")).into_response())
}

/// Whether a path belongs to this site: `//host` and `/\host` would lead to another.
pub fn is_local_path(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.chars().any(|c| c == '\\' || c.is_control())
}

/// The page to show after signing in.
fn local_path(next: &str) -> String {
    if is_local_path(next) && !next.starts_with("/login") { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_redirects_only_within_the_site() {
        for (next, expected) in [
            ("/mailboxes/x?y=1", "/mailboxes/x?y=1"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\n/evil", "/"),
            ("/login?next=/login", "/"),
        ] {
            assert_eq!(local_path(next), expected);
        }
    }
}
