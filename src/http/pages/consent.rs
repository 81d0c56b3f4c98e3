//! A consent at an identity provider: the person is sent there, and comes back with an answer that is taken once, from the browser
//! that left (RFC 6749 10.12, RFC 9700 4.7).

use axum::Form;
use axum::extract::{Path, Query, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::login_form::registered;
use super::mailbox::seen;
use super::{customer, setup};
use crate::address::Address;
use crate::app::mailboxes::{self, MovedLogin, Request, credential_policy};
use crate::app::{Actor, Error, any, consents};
use crate::cause::{Cause, Trouble};
use crate::http::State;
use crate::http::fault::{Answer, Fault, go};
use crate::http::guard::{cookie, set_cookie};
use crate::http::paths::mailbox as path;
use crate::http::reader::{Reader, Who};
use crate::mailbox::TlsMode;
use crate::oauth::{Attempt, Away, Callback, GrantError, TokenEndpoint, Wanted, grant};
use crate::opaque;
use crate::store::{
    Changes, Flow, GrantKey, GrantKind, LinkClaim, Login, Mailbox, NewLogin, PendingAuth, Scope, Server,
    pending_auth_row,
};

/// What the browser that leaves is known by when it comes back.
const BROWSER: &str = "__Host-errand";
/// As long as an errand lasts, in seconds.
pub const AWAY: i64 = 15 * 60;
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

/// What is kept, sealed, while somebody is away: what was asked for, and by what the answer is known.
#[derive(Serialize, Deserialize)]
struct Gone {
    provider: String,
    identity: String,
    /// The mail server, its trust and the login name, as they were shown.
    shown: String,
    away: Away,
}

/// Sends the reader to consent.
pub async fn begin(
    FromState(state): FromState<State>,
    who: Who,
    Path(address): Path<String>,
    Form(with): Form<With>,
) -> Answer {
    let mailbox = seen(&address, &state, &who).await?;
    match choose(&mailbox, &with, who.scope(), &state) {
        Ok(key) => {
            consents::ask(state.acting(&who.actor), &mailbox, &key.identity).await?;
            send(&mailbox, key, None, &state, &who.reader).await
        }
        Err(name) => setup::refused(mailbox, who.reader.words.t(name), &state, &who),
    }
}

/// The consent that is wanted. `Err`: the name of what is wrong.
pub fn choose(mailbox: &Mailbox, with: &With, scope: Scope, state: &State) -> Result<GrantKey, &'static str> {
    if with.provider.is_empty() {
        // The one that it has already, anew.
        return match &mailbox.login {
            Login::OAuth { key, .. } if key.kind == GrantKind::Delegated => Ok(key.clone()),
            _ => Err("provider-none"),
        };
    }
    if !registered(state).contains(&with.provider) {
        return Err("provider-none");
    }
    let identity = match with.identity.trim() {
        "" => mailbox.address.clone(),
        text => text.parse::<Address>().map_err(|_| "fault-address")?.to_string(),
    };
    let key = GrantKey { provider: with.provider.clone(), kind: GrantKind::Delegated, identity };
    let (server, login) = (home(mailbox, &key, state), NewLogin::OAuth(key.clone()));
    let (before, server, login) = (Some(mailbox), server.as_ref(), Some(&login));
    let change = credential_policy::Change { before, server, is_renamed: false, login };
    match state.around().rules(scope).judge(&change) {
        Ok(_) => Ok(key),
        Err(_) => Err("server-unknown-to-provider"),
    }
}

/// The server that a provider's tokens are told to, where the mailbox is to be opened at another one so far.
fn home(mailbox: &Mailbox, key: &GrantKey, state: &State) -> Option<Server> {
    let home = state.deps.oauth.server_of(&key.provider)?;
    let is_there = home.eq_ignore_ascii_case(&mailbox.server.host);
    (!is_there).then(|| Server::usual(home.to_owned(), TlsMode::Implicit))
}

/// Sends the reader to the provider; `link`: the hash of the link that they came by. The mailbox stays as it is until they are back:
/// whoever turns round at the provider has lost nothing.
pub async fn send(mailbox: &Mailbox, key: GrantKey, link: Option<Vec<u8>>, state: &State, reader: &Reader) -> Answer {
    let address: Address = mailbox.address.parse().map_err(|_| Fault::Inside)?;
    let wanted = Wanted { address: &address, key };
    let tokens = state.deps.tokens();
    let told = |trouble: Trouble| Fault::Said(wanted.told(trouble).on_page().in_full(reader.words.language));
    let provider = wanted.provider(&tokens).map_err(|error| told(error.trouble))?;
    let http = grant::http(&provider, &tokens);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let redirect = state.page.base.join(CALLBACK).map_err(|_| Fault::Inside)?;
    let attempt = Attempt::begin(&endpoint, &wanted.key.identity, redirect).map_err(told)?;
    let away = attempt.away();
    let (state_hash, browser) = (opaque::hash(away.state()), opaque::new(""));
    let GrantKey { provider, identity, .. } = wanted.key.clone();
    let text = serde_json::to_string(&Gone { provider, identity, shown: credential_policy::shown(mailbox), away })
        .map_err(|_| Fault::Inside)?;
    let sealed = state.deps.vault.seal(&pending_auth_row(&state_hash), &SecretString::from(text)).map_err(|error| {
        tracing::error!(%error);
        Fault::Inside
    })?;
    let errand =
        PendingAuth { browser_hash: opaque::hash(&browser), mailbox_id: Some(mailbox.id), link_hash: link, sealed };
    state.deps.store.begin_auth(&state_hash, &errand, state.deps.clock.now()).await?;
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
    let over = || Fault::Wrong("errand-over");
    let state_hash = callback.state().map(opaque::hash).unwrap_or_default();
    let browser = cookie(&headers, BROWSER).map(opaque::hash).unwrap_or_default();
    let errand = state.deps.store.end_auth(&state_hash, &browser, now).await?.ok_or_else(over)?;
    let mailbox = state.deps.store.mailbox_of_row(errand.mailbox_id.ok_or_else(over)?).await?;
    // Whoever was away may have lost what they were sent with: the right to change it, or the link.
    let mut claim = None;
    let who = match &errand.link_hash {
        Some(link) => {
            claim = state.deps.store.claim_link(link, now).await?;
            if claim.is_none() {
                return customer::over(&reader);
            }
            None
        }
        None => {
            let who = Who::new(reader.clone(), reader.person.clone().ok_or(Fault::SignIn)?);
            if !who.may_change() {
                return Err(Fault::Forbidden);
            }
            Some(who)
        }
    };
    let mailbox = match &who {
        Some(who) => who.sees(mailbox)?,
        None => mailbox,
    };
    let actor = match &who {
        Some(who) => who.actor.clone(),
        None => Actor::Link { organisation_id: mailbox.organisation_id },
    };
    let back =
        Back { mailbox: &mailbox, state_hash: &state_hash, errand: &errand, claim: claim.as_ref(), actor: &actor };
    let problem = back.finish(callback, &state, &reader).await.err();
    let Some(who) = who else {
        if let (Some(claim), true) = (&claim, problem.is_some()) {
            state.deps.store.give_link_back(claim).await?;
        }
        return customer::back(&mailbox, &errand.link_hash.unwrap_or_default(), problem, &headers, &state, &reader)
            .await;
    };
    if let Some(problem) = problem {
        return setup::refused(mailbox, problem, &state, &who);
    }
    match mailbox.setup {
        true => go(&format!("{}/setup/folders", path(&mailbox.address))),
        false => go(&format!("{}?done=consent", path(&mailbox.address))),
    }
}

/// Somebody who is back from the provider.
struct Back<'a> {
    mailbox: &'a Mailbox,
    state_hash: &'a [u8],
    errand: &'a PendingAuth,
    /// The link that they came by.
    claim: Option<&'a LinkClaim>,
    /// Who it is.
    actor: &'a Actor,
}

impl Back<'_> {
    /// Takes the answer, and has the mailbox opened with what was consented to. `Err`: what is wrong, in words.
    async fn finish(&self, callback: Callback, state: &State, reader: &Reader) -> Result<(), String> {
        let mailbox = self.mailbox;
        let lost = || Trouble::new(Cause::WrongState).on_page().in_full(reader.words.language);
        let address: Address = mailbox.address.parse().map_err(|_| lost())?;
        let sealed =
            state.deps.vault.open(&pending_auth_row(self.state_hash), &self.errand.sealed).map_err(|_| lost())?;
        let gone: Gone = serde_json::from_str(sealed.expose_secret()).map_err(|_| lost())?;
        let key = GrantKey { provider: gone.provider, kind: GrantKind::Delegated, identity: gone.identity };
        let wanted = Wanted { address: &address, key };
        let kept = async {
            let tokens = state.deps.tokens();
            let provider = wanted.provider(&tokens).map_err(GrantError::from)?;
            let http = grant::http(&provider, &tokens);
            let endpoint = TokenEndpoint { provider: &provider, http: &http };
            let given = gone.away.finish(callback, &endpoint).await.map_err(GrantError::from)?;
            wanted.judge(&given, Flow::Code, &endpoint, &tokens).await?;
            // Whoever consented saw this server and this login name: if they are others by now, the consent is not for them.
            if gone.shown != credential_policy::shown(mailbox) {
                return Err(Error::Moved(mailbox.address.clone()));
            }
            let changes = Changes {
                login: Some(NewLogin::OAuth(wanted.key.clone())),
                server: home(mailbox, &wanted.key, state),
                given_for: Some((mailbox.server.clone(), mailbox.username.clone())),
                asks_consent: Some(false),
                by_link: self.claim.cloned(),
                ..Changes::default()
            };
            let request = Request { before: mailbox, changes, moved_login: MovedLogin::GivenAnew };
            let acting = state.acting(self.actor);
            let changed = mailboxes::change(acting, request, Some(state.around()), any).await?.mailbox;
            wanted.keep(&given, Flow::Code, &tokens).await?;
            consents::given(acting, &changed, &wanted.key.identity).await
        };
        kept.await.map_err(|error| match error {
            Error::Moved(_) => reader.words.t("customer-server-changed"),
            Error::LinkOver => reader.words.t("link-over-text"),
            Error::Consent(error) => wanted.told(error.trouble).on_page().in_full(reader.words.language),
            error => {
                tracing::error!(?error, mailbox = mailbox.address, "a consent could not be kept");
                reader.words.t("errand-over")
            }
        })
    }
}
