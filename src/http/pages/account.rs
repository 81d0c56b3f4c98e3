//! One's own account: password, language, zone.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use axum::response::{IntoResponse, Redirect};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::people;
use crate::http::State;
use crate::http::page::answer::{Answer, go, show, show_again};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::{LANGUAGE, set_cookie};
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::http::pages::login::{OF_ACCOUNT, is_ours};
use crate::locale::Language;
use crate::password;

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    f: Frame,
    who: SignedIn,
    zones: Vec<String>,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct Taste {
    #[serde(default)]
    language: String,
    #[serde(default)]
    zone: String,
}

#[derive(Deserialize)]
pub struct Passwords {
    #[serde(default)]
    now: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

#[derive(Deserialize)]
pub struct Choice {
    #[serde(default)]
    language: String,
    #[serde(default)]
    back: String,
}

fn zones() -> Vec<String> {
    let names = jiff::tz::db().available().map(|name| name.to_string());
    names.filter(|name| name == "UTC" || (name.contains('/') && !name.starts_with("Etc/"))).collect()
}

fn tag(language: &str) -> &'static str {
    Language::choose(language).tag()
}

/// The page.
pub async fn page(who: SignedIn) -> Answer {
    show(&Page { f: Frame::new(&who.reader, "account"), who, zones: zones(), problem: None })
}

/// Language and zone.
pub async fn taste(FromState(state): FromState<State>, who: SignedIn, Form(taste): Form<Taste>) -> Answer {
    let zone = if jiff::tz::TimeZone::get(&taste.zone).is_ok() { taste.zone.as_str() } else { &who.person.zone };
    state.deps.store.set_taste(who.person.id, tag(&taste.language), zone).await?;
    go("/account?done=saved")
}

/// A new password, which ends every other session.
pub async fn password(FromState(state): FromState<State>, who: SignedIn, Form(given): Form<Passwords>) -> Answer {
    let words = who.reader.words.clone();
    let again = |who: SignedIn, name: &str| {
        let problem = Some(words.t(name));
        show_again(&Page { f: Frame::new(&who.reader, "account"), who, zones: zones(), problem })
    };
    // Counted as a login is: a session that was stolen must not find out the password.
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let subject = format!("password of {}", who.person.id);
    if store.count_login(&[(subject.clone(), OF_ACCOUNT)], now).await?.is_err() {
        return again(who, "login-busy");
    }
    match password::is_right(SecretString::from(given.now), who.person.password_hash.clone()).await {
        Some(true) => store.forget_failures(&subject).await?,
        Some(false) => return again(who, "password-now-wrong"),
        None => {
            store.uncount_login(&subject, OF_ACCOUNT).await?;
            return again(who, "login-busy");
        }
    }
    let new = SecretString::from(given.new.as_str());
    if let Some(weak) = password::weakness(&new) {
        return again(who, weak);
    }
    if given.new != given.again {
        return again(who, "password-differs");
    }
    let hash = password::hash(new).await.map_err(|error| {
        tracing::error!(%error);
        PageError::Inside
    })?;
    let acting = state.acting(&who.actor);
    people::change_own_password(acting, &who.person, &hash, who.reader.session.as_deref()).await?;
    go("/account?done=password")
}

/// The other language, on whichever page.
pub async fn language(FromState(state): FromState<State>, reader: Visitor, Form(choice): Form<Choice>) -> Answer {
    let tag = tag(&choice.language);
    if let Some(person) = &reader.person {
        state.deps.store.set_taste(person.id, tag, &person.zone).await?;
    }
    let back = if is_ours(&choice.back) { choice.back } else { "/".to_owned() };
    Ok(([set_cookie(LANGUAGE, tag, Some(365 * 24 * 3600))], Redirect::to(&back)).into_response())
}
