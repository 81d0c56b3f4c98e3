//! A consent at an identity provider. The browser is redirected there and returns with an answer, which is accepted
//! only once and only from the same browser (RFC 6749 10.12, RFC 9700 4.7).

use axum::Form;
use axum::extract::{Path, State as FromState};
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::login_form::registered_providers;
use super::mailbox::find_mailbox;
use super::setup;
use crate::address::Address;
use crate::app::consents;
use crate::app::mailboxes::credential_policy;
use crate::cause::Trouble;
use crate::http::State;
use crate::http::page::answer::PageResult;
use crate::http::page::error::PageError;
use crate::http::page::guard::set_cookie;
use crate::http::page::visitor::{SignedIn, Visitor};
use crate::mailbox::TlsMode;
use crate::oauth::{ConsentAttempt, ConsentRequest, PendingConsent, TokenEndpoint, grant};
use crate::opaque;
use crate::store::{GrantKey, GrantKind, Login, Mailbox, NewLogin, PendingAuth, Scope, Server, pending_auth_row};

/// The cookie that identifies the browser when it returns.
pub const BROWSER_COOKIE: &str = "__Host-errand";
/// How long a pending consent is valid, in seconds.
pub const PENDING_SECONDS: i64 = 15 * 60;
/// The path that is registered with providers.
pub const CALLBACK: &str = "/oauth/callback";

/// The display name of a provider.
pub fn provider_name(name: &str) -> &str {
    match name {
        "microsoft" => "Microsoft",
        "google" => "Google",
        other => other,
    }
}

#[derive(Deserialize)]
pub struct ConsentForm {
    /// The provider's name in the configuration; empty: renew the current consent.
    #[serde(default)]
    pub provider: String,
    /// The account that consents; empty: the mailbox's own.
    #[serde(default)]
    pub identity: String,
}

/// A consent that has been requested, stored sealed until the browser returns.
#[derive(Serialize, Deserialize)]
pub struct SavedConsent {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The account that was asked to consent.
    pub identity: String,
    /// The mail server, its trusted certificate and the login name, as they were shown.
    pub shown: String,
    /// The secrets of the authorization request.
    pub away: PendingConsent,
}

/// Redirects the user to the provider.
pub async fn begin(
    FromState(state): FromState<State>,
    user: SignedIn,
    Path(address): Path<String>,
    Form(form): Form<ConsentForm>,
) -> PageResult {
    let mailbox = find_mailbox(&address, &state, &user).await?;
    match requested_grant(&mailbox, &form, user.scope(), &state) {
        Ok(key) => {
            consents::audit_request(state.acting(&user.actor), &mailbox, &key.identity).await?;
            send_to_provider(&mailbox, key, None, &state, &user.visitor).await
        }
        Err(name) => setup::refused(mailbox, user.visitor.words.t(name), &state, &user),
    }
}

/// The consent that the form asks for. `Err` is the id of a text that says what is wrong.
pub fn requested_grant(
    mailbox: &Mailbox,
    form: &ConsentForm,
    scope: Scope,
    state: &State,
) -> Result<GrantKey, &'static str> {
    if form.provider.is_empty() {
        // The form asks to renew the current consent.
        return match &mailbox.login {
            Login::OAuth { key, .. } if key.kind == GrantKind::Delegated => Ok(key.clone()),
            _ => Err("provider-none"),
        };
    }
    if !registered_providers(state).contains(&form.provider) {
        return Err("provider-none");
    }
    let identity = match form.identity.trim() {
        "" => mailbox.address.clone(),
        text => text.parse::<Address>().map_err(|_| "fault-address")?.to_string(),
    };
    let key = GrantKey { provider: form.provider.clone(), kind: GrantKind::Delegated, identity };
    let (server, login) = (provider_server(mailbox, &key, state), NewLogin::OAuth(key.clone()));
    let (before, server, login) = (Some(mailbox), server.as_ref(), Some(&login));
    let change = credential_policy::Change { before, server, is_renamed: false, login };
    match state.deps_for_change().rules(scope).judge(&change) {
        Ok(_) => Ok(key),
        Err(_) => Err("server-unknown-to-provider"),
    }
}

/// Returns the provider's own server if the mailbox uses a different one. Tokens are sent only to the provider's server.
pub fn provider_server(mailbox: &Mailbox, key: &GrantKey, state: &State) -> Option<Server> {
    let provider_server = state.deps.oauth.imap_host_of(&key.provider)?;
    let is_there = provider_server.eq_ignore_ascii_case(&mailbox.server.host);
    (!is_there).then(|| Server::on_default_port(provider_server.to_owned(), TlsMode::Implicit))
}

/// Redirects the browser to the provider; `link` is the hash of the connect link's key. The mailbox does not change before
/// the browser returns, so cancelling at the provider loses nothing.
pub async fn send_to_provider(
    mailbox: &Mailbox,
    key: GrantKey,
    link: Option<Vec<u8>>,
    state: &State,
    visitor: &Visitor,
) -> PageResult {
    let address: Address = mailbox.address.parse().map_err(|_| PageError::Internal)?;
    let wanted = ConsentRequest { address: &address, key };
    let tokens = state.deps.tokens();
    let consent_problem =
        |trouble: Trouble| PageError::ConflictText(wanted.with_args(trouble).on_page().in_full(visitor.words.language));
    let provider = wanted.provider(&tokens).map_err(|error| consent_problem(error.trouble))?;
    let http = grant::http(&provider, &tokens);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    let redirect = state.settings.base_url.join(CALLBACK).map_err(|_| PageError::Internal)?;
    let attempt = ConsentAttempt::begin(&endpoint, &wanted.key.identity, redirect).map_err(consent_problem)?;
    let away = attempt.to_pending();
    let (state_hash, browser) = (opaque::hash(away.state()), opaque::new(""));
    let GrantKey { provider, identity, .. } = wanted.key.clone();
    let text =
        serde_json::to_string(&SavedConsent { provider, identity, shown: credential_policy::shown(mailbox), away })
            .map_err(|_| PageError::Internal)?;
    let sealed = state.deps.vault.seal(&pending_auth_row(&state_hash), &SecretString::from(text)).map_err(|error| {
        tracing::error!(%error);
        PageError::Internal
    })?;
    let pending =
        PendingAuth { browser_hash: opaque::hash(&browser), mailbox_id: Some(mailbox.id), link_hash: link, sealed };
    state.deps.store.begin_auth(&state_hash, &pending, state.deps.clock.now()).await?;
    let cookies = AppendHeaders([set_cookie(BROWSER_COOKIE, &browser, Some(PENDING_SECONDS))]);
    Ok((cookies, Redirect::to(attempt.link.as_str())).into_response())
}
