//! A consent at an identity provider: the person is sent there, and comes back with an answer that is taken once, from the browser
//! that left (RFC 6749 10.12, RFC 9700 4.7).

use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::mailbox::{path, seen};
use super::{customer, setup};
use crate::address::Address;
use crate::cause::{Cause, Trouble};
use crate::http::State;
use crate::http::fault::{Answer, Fault, go};
use crate::http::guard::{cookie, set_cookie};
use crate::http::reader::{Reader, Who};
use crate::mailbox::TlsMode;
use crate::oauth::give_up;
use crate::oauth::{Attempt, Away, Callback, GrantError, TokenEndpoint, Wanted, grant};
use crate::opaque;
use crate::store::{Change, Changes, Errand, Flow, GrantKey, GrantKind, Login, Mailbox, NewLogin, Scope, Server, errand_row};

/// What the browser that leaves is known by when it comes back.
const BROWSER: &str = "__Host-errand";
/// As long as an errand lasts, in seconds.
const AWAY: i64 = 15 * 60;
/// The path that is registered with providers.
pub const CALLBACK: &str = "/oauth/callback";

/// A provider as people know it.
pub fn provider_name(name: &str) -> &str {
    match name {
        "microsoft" => "Microsoft",
        "google" => "Google",
        other => other,
    }
}

#[derive(Deserialize)]
pub struct With {
    /// The provider's name in the configuration; empty: as it is.
    #[serde(default)]
    pub provider: String,
    /// Who consents; empty: whose mailbox it is.
    #[serde(default)]
    pub identity: String,
}

/// Has a mailbox opened with tokens, and sends the reader to consent.
pub async fn begin(
    FromState(state): FromState<State>,
    who: Who,
    Path(address): Path<String>,
    Form(with): Form<With>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    match choose(&mailbox, &with, &state).await? {
        Ok(mailbox) => {
            let change = who.change(Some(mailbox.organisation_id), "consent-asked", &mailbox.address, &with.identity);
            state.deps.store.audit(change, state.deps.clock.now()).await?;
            send(&mailbox, None, &state, &who.reader).await
        }
        Err(name) => setup::refused(mailbox, who.reader.words.t(name), &state, &who),
    }
}

/// Points a mailbox at the consent that is wanted. The inner `Err`: the name of what is wrong.
pub async fn choose(mailbox: &Mailbox, with: &With, state: &State) -> Result<Result<Mailbox, &'static str>, Fault> {
    let key = match wanted_key(mailbox, with, state) {
        Ok(key) => key,
        Err(name) => return Ok(Err(name)),
    };
    let deps = &state.deps;
    // Its tokens are told to its own server only, whatever was thought of before.
    let home = deps.oauth.server_of(&key.provider).filter(|host| !host.eq_ignore_ascii_case(&mailbox.server.host));
    let server = home.map(|host| Server::usual(host.to_owned(), TlsMode::Implicit));
    // A consent is its organisation's own, whoever names its account.
    if !deps.store.is_grant_within(&key, Scope::Organisation(mailbox.organisation_id)).await? {
        return Ok(Err("consent-not-here"));
    }
    let is_there = matches!(&mailbox.login, Login::OAuth { key: before, .. } if *before == key);
    if is_there && server.is_none() {
        return Ok(Ok(mailbox.clone()));
    }
    change(mailbox, &Changes { login: Some(NewLogin::OAuth(key)), server, ..Changes::default() }, state).await?;
    Ok(Ok(deps.store.mailbox_of_row(mailbox.id).await?))
}

fn wanted_key(mailbox: &Mailbox, with: &With, state: &State) -> Result<GrantKey, &'static str> {
    if with.provider.is_empty() {
        // The one that it has already, anew.
        return match &mailbox.login {
            Login::OAuth { key, .. } => Ok(key.clone()),
            Login::Password(_) => Err("provider-none"),
        };
    }
    if !setup::registered(state).contains(&with.provider) {
        return Err("provider-none");
    }
    let identity = match with.identity.trim() {
        "" => mailbox.address.clone(),
        text => text.parse::<Address>().map_err(|_| "fault-address")?.to_string(),
    };
    Ok(GrantKey { provider: with.provider.clone(), kind: GrantKind::Delegated, identity })
}

/// Has a mailbox opened in another way.
pub async fn change_login(mailbox: &Mailbox, login: NewLogin, state: &State) -> Result<(), Fault> {
    change(mailbox, &Changes { login: Some(login), ..Changes::default() }, state).await
}

/// Changes a mailbox, with what that means for its consent.
pub async fn change(mailbox: &Mailbox, changes: &Changes, state: &State) -> Result<(), Fault> {
    let told = give_up::change(mailbox, changes, &state.deps.tokens()).await?;
    if let Some(told) = told {
        tracing::info!(mailbox = mailbox.address, ended = told.at_provider, "a consent was given up");
    }
    Ok(())
}

fn wanted<'a>(mailbox: &Mailbox, address: &'a Address) -> Option<Wanted<'a>> {
    match &mailbox.login {
        Login::OAuth { key, .. } if key.kind == GrantKind::Delegated => Some(Wanted { address, key: key.clone() }),
        _ => None,
    }
}

/// Sends the reader to the provider; `link`: the hash of the link that they came by.
pub async fn send(mailbox: &Mailbox, link: Option<Vec<u8>>, state: &State, reader: &Reader) -> Answer {
    let address: Address = mailbox.address.parse().map_err(|_| Fault::Inside)?;
    let wanted = wanted(mailbox, &address).ok_or(Fault::Wrong("provider-none"))?;
    let tokens = state.deps.tokens();
    let told = |trouble: Trouble| Fault::Conflict(wanted.told(trouble).in_full(reader.words.language));
    let provider = wanted.provider(&tokens).map_err(|error| told(error.trouble))?;
    let http = grant::http(&provider, &tokens);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let redirect = state.page.base.join(CALLBACK).map_err(|_| Fault::Inside)?;
    let attempt = Attempt::begin(&endpoint, &wanted.key.identity, redirect).map_err(told)?;
    let away = attempt.away();
    let (state_hash, browser) = (opaque::hash(away.state()), opaque::new(""));
    let text = serde_json::to_string(&away).map_err(|_| Fault::Inside)?;
    let sealed = state.deps.vault.seal(&errand_row(&state_hash), &SecretString::from(text)).map_err(|error| {
        tracing::error!(%error);
        Fault::Inside
    })?;
    let errand = Errand { browser_hash: opaque::hash(&browser), mailbox_id: Some(mailbox.id), link_hash: link, sealed };
    state.deps.store.begin_errand(&state_hash, &errand, state.deps.clock.now()).await?;
    let leaving = AppendHeaders([set_cookie(BROWSER, &browser, Some(AWAY))]);
    Ok((leaving, Redirect::to(attempt.link.as_str())).into_response())
}

/// The browser is back.
pub async fn callback(
    FromState(state): FromState<State>,
    reader: Reader,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Answer {
    let now = state.deps.clock.now();
    let state_hash = callback.state().map(opaque::hash).unwrap_or_default();
    let browser = cookie(&headers, BROWSER).map(opaque::hash).unwrap_or_default();
    let errand = state.deps.store.end_errand(&state_hash, &browser, now).await?.ok_or(Fault::Wrong("errand-over"))?;
    let mailbox = state.deps.store.mailbox_of_row(errand.mailbox_id.ok_or(Fault::Wrong("errand-over"))?).await?;
    let ended = finish(&mailbox, &state_hash, &errand, callback, &state).await;
    let problem = match ended {
        Ok(()) => None,
        Err(GrantError::Token(error)) => Some(told(&mailbox, error.trouble, &reader)),
        Err(GrantError::Store(error)) => {
            tracing::error!(%error, mailbox = mailbox.address, "a consent could not be kept");
            Some(reader.words.t("errand-over"))
        }
    };
    // Whose errand it was, that one is told how it went.
    if let Some(link) = errand.link_hash {
        return customer::back(&mailbox, &link, problem, &state, &reader).await;
    }
    let person = reader.person.clone().ok_or(Fault::SignIn)?;
    let who = Who { reader, person };
    let mailbox = who.sees(mailbox)?;
    if let Some(problem) = problem {
        return setup::refused(mailbox, problem, &state, &who);
    }
    let change = Change {
        who: &who.person.name,
        organisation: Some(mailbox.organisation_id),
        action: "consent-given",
        target: &mailbox.address,
        detail: "",
    };
    state.deps.store.audit(change, now).await?;
    match mailbox.setup {
        true => go(&format!("{}/setup/folders", path(&mailbox.address))),
        false => go(&format!("{}?done=consent", path(&mailbox.address))),
    }
}

fn told(mailbox: &Mailbox, trouble: Trouble, reader: &Reader) -> String {
    let address = mailbox.address.parse().ok();
    let trouble = match address.as_ref().and_then(|address| wanted(mailbox, address)) {
        Some(wanted) => wanted.told(trouble),
        None => trouble,
    };
    trouble.in_full(reader.words.language)
}

async fn finish(
    mailbox: &Mailbox,
    state_hash: &[u8],
    errand: &Errand,
    callback: Callback,
    state: &State,
) -> Result<(), GrantError> {
    let lost = || GrantError::Token(Trouble::new(Cause::WrongState).into());
    let address: Address = mailbox.address.parse().map_err(|_| lost())?;
    let wanted = wanted(mailbox, &address).ok_or_else(lost)?;
    let tokens = state.deps.tokens();
    let sealed = state.deps.vault.open(&errand_row(state_hash), &errand.sealed).map_err(|_| lost())?;
    let away: Away = serde_json::from_str(sealed.expose_secret()).map_err(|_| lost())?;
    let provider = wanted.provider(&tokens)?;
    let http = grant::http(&provider, &tokens);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let given = away.finish(callback, &endpoint).await?;
    wanted.keep(&given, Flow::Code, &endpoint, &tokens).await
}
