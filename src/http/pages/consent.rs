//! A consent at an identity provider: the person is sent there, and comes back with an answer that is taken once, from the browser
//! that left (RFC 6749 10.12, RFC 9700 4.7).

use axum::Form;
use axum::extract::{Path, State as FromState};
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::login_form::registered;
use super::mailbox::seen;
use super::setup;
use crate::address::Address;
use crate::app::consents;
use crate::app::mailboxes::credential_policy;
use crate::cause::Trouble;
use crate::http::State;
use crate::http::page::answer::Answer;
use crate::http::page::error::PageError;
use crate::http::page::guard::set_cookie;
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::mailbox::TlsMode;
use crate::oauth::{ConsentAttempt, ConsentRequest, PendingConsent, TokenEndpoint, grant};
use crate::opaque;
use crate::store::{GrantKey, GrantKind, Login, Mailbox, NewLogin, PendingAuth, Scope, Server, pending_auth_row};

/// What the browser that leaves is known by when it comes back.
pub const BROWSER: &str = "__Host-errand";
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
pub struct Gone {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Who was to consent.
    pub identity: String,
    /// The mail server, its trust and the login name, as they were shown.
    pub shown: String,
    /// By what the answer is known.
    pub away: PendingConsent,
}

/// Sends the reader to consent.
pub async fn begin(
    FromState(state): FromState<State>,
    who: SignedIn,
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
    match state.change_deps().rules(scope).judge(&change) {
        Ok(_) => Ok(key),
        Err(_) => Err("server-unknown-to-provider"),
    }
}

/// The server that a provider's tokens are told to, where the mailbox is to be opened at another one so far.
pub fn home(mailbox: &Mailbox, key: &GrantKey, state: &State) -> Option<Server> {
    let home = state.deps.oauth.server_of(&key.provider)?;
    let is_there = home.eq_ignore_ascii_case(&mailbox.server.host);
    (!is_there).then(|| Server::usual(home.to_owned(), TlsMode::Implicit))
}

/// Sends the reader to the provider; `link`: the hash of the link that they came by. The mailbox stays as it is until they are back:
/// whoever turns round at the provider has lost nothing.
pub async fn send(mailbox: &Mailbox, key: GrantKey, link: Option<Vec<u8>>, state: &State, reader: &Visitor) -> Answer {
    let address: Address = mailbox.address.parse().map_err(|_| PageError::Inside)?;
    let wanted = ConsentRequest { address: &address, key };
    let tokens = state.deps.tokens();
    let told = |trouble: Trouble| PageError::Said(wanted.with_args(trouble).on_page().in_full(reader.words.language));
    let provider = wanted.provider(&tokens).map_err(|error| told(error.trouble))?;
    let http = grant::http(&provider, &tokens);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let redirect = state.page.base.join(CALLBACK).map_err(|_| PageError::Inside)?;
    let attempt = ConsentAttempt::begin(&endpoint, &wanted.key.identity, redirect).map_err(told)?;
    let away = attempt.to_pending();
    let (state_hash, browser) = (opaque::hash(away.state()), opaque::new(""));
    let GrantKey { provider, identity, .. } = wanted.key.clone();
    let text = serde_json::to_string(&Gone { provider, identity, shown: credential_policy::shown(mailbox), away })
        .map_err(|_| PageError::Inside)?;
    let sealed = state.deps.vault.seal(&pending_auth_row(&state_hash), &SecretString::from(text)).map_err(|error| {
        tracing::error!(%error);
        PageError::Inside
    })?;
    let errand =
        PendingAuth { browser_hash: opaque::hash(&browser), mailbox_id: Some(mailbox.id), link_hash: link, sealed };
    state.deps.store.begin_auth(&state_hash, &errand, state.deps.clock.now()).await?;
    let leaving = AppendHeaders([set_cookie(BROWSER, &browser, Some(AWAY))]);
    Ok((leaving, Redirect::to(attempt.link.as_str())).into_response())
}
