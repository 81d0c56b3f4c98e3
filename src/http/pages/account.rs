//! The user's own account: password, language, time zone.

use askama::Template;
use axum::Form;
use axum::extract::State as FromState;
use axum::response::{IntoResponse, Redirect};
use secrecy::SecretString;
use serde::Deserialize;

use crate::app::people;
use crate::http::State;
use crate::http::page::answer::{PageResult, redirect, show, show_invalid};
use crate::http::page::error::PageError;
use crate::http::page::frame::Frame;
use crate::http::page::guard::{LANGUAGE, set_cookie};
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::http::pages::login::{ACCOUNT_LIMIT, is_local_path};
use crate::locale::Language;
use crate::password;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    user: SignedIn,
    zones: Vec<String>,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub struct PreferencesForm {
    #[serde(default)]
    language: String,
    #[serde(default)]
    zone: String,
}

#[derive(Deserialize)]
pub struct PasswordForm {
    /// The current password.
    #[serde(default)]
    now: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

#[derive(Deserialize)]
pub struct LanguageForm {
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

pub async fn page(user: SignedIn) -> PageResult {
    show(&AccountPage { f: Frame::new(&user.visitor, "account"), user, zones: zones(), problem: None })
}

/// Saves language and time zone.
pub async fn preferences(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<PreferencesForm>,
) -> PageResult {
    let zone = if jiff::tz::TimeZone::get(&form.zone).is_ok() { form.zone.as_str() } else { &user.person.zone };
    state.deps.store.set_preferences(user.person.id, tag(&form.language), zone).await?;
    redirect("/account?done=saved")
}

/// Changes the password, and ends all other sessions of the user.
pub async fn password(
    FromState(state): FromState<State>,
    user: SignedIn,
    Form(form): Form<PasswordForm>,
) -> PageResult {
    let words = user.visitor.words.clone();
    let show_problem = |user: SignedIn, name: &str| {
        let problem = Some(words.t(name));
        show_invalid(&AccountPage { f: Frame::new(&user.visitor, "account"), user, zones: zones(), problem })
    };
    // Count the attempt like a login, so that a stolen session cannot be used to guess the password.
    let (store, now) = (&state.deps.store, state.deps.clock.now());
    let subject = format!("password of {}", user.person.id);
    if store.count_login(&[(subject.clone(), ACCOUNT_LIMIT)], now).await?.is_err() {
        return show_problem(user, "login-busy");
    }
    match password::is_right(SecretString::from(form.now), user.person.password_hash.clone()).await {
        Some(true) => store.forget_failures(&subject).await?,
        Some(false) => return show_problem(user, "password-now-wrong"),
        None => {
            store.uncount_login(&subject, ACCOUNT_LIMIT).await?;
            return show_problem(user, "login-busy");
        }
    }
    let new = SecretString::from(form.new.as_str());
    if let Some(weak) = password::weakness(&new) {
        return show_problem(user, weak);
    }
    if form.new != form.again {
        return show_problem(user, "password-differs");
    }
    let hash = password::hash(new).await.map_err(|error| {
        tracing::error!(%error);
        PageError::Internal
    })?;
    let acting = state.acting(&user.actor);
    people::change_own_password(acting, &user.person, &hash, user.visitor.session.as_deref()).await?;
    redirect("/account?done=password")
}

/// Switches the language, on any page.
pub async fn language(
    FromState(state): FromState<State>,
    visitor: Visitor,
    Form(form): Form<LanguageForm>,
) -> PageResult {
    let tag = tag(&form.language);
    if let Some(person) = &visitor.person {
        state.deps.store.set_preferences(person.id, tag, &person.zone).await?;
    }
    let back = if is_local_path(&form.back) { form.back } else { "/".to_owned() };
    Ok(([set_cookie(LANGUAGE, tag, Some(365 * 24 * 3600))], Redirect::to(&back)).into_response())
}
