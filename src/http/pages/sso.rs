//! Single sign-on (OpenID Connect Core 1.0). An identity provider identifies the user by a permanent subject. The first
//! sign-in binds the subject to the account with the user's name; later ones find the account by the subject. Single sign-on
//! creates no accounts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Query, State as FromState};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::app::mailboxes::login_limit::minutes;
use crate::http::State;
use crate::http::page::answer::PageResult;
use crate::http::page::error::PageError;
use crate::http::page::guard::{cookie, set_cookie};
use crate::http::page::visitor::Visitor;
use crate::http::pages::login::{self, NewSession};
use crate::https::HttpClient;
use crate::opaque;
use crate::store::{LoginLimit, PendingAuth, StoreError, pending_auth_row};
use crate::vault::hex;

/// The cookie that identifies the browser when it returns.
const BROWSER_COOKIE: &str = "__Host-sign-on";
/// How long a pending sign-in is valid, in seconds.
const PENDING_SECONDS: i64 = 15 * 60;
/// The path that is registered with the provider.
pub const CALLBACK: &str = "/sso/callback";
/// The largest response of the provider, in bytes.
const MAX_RESPONSE: usize = 1 << 20;

/// How long the provider's metadata is cached.
const METADATA_MAX_AGE: Duration = Duration::from_hours(1);
/// The shortest time between a successful request for the metadata and the next request.
const METADATA_MIN_AGE: Duration = Duration::from_mins(1);
/// The limit on sign-ins that are begun but never completed.
const SIGN_IN_LIMIT: LoginLimit = LoginLimit { free_failures: 100, max_wait_ms: 15 * 60 * 1000 };

/// A sign-in that has begun, stored sealed until the browser returns.
#[derive(Serialize, Deserialize)]
struct PendingSignIn {
    verifier: String,
    nonce: String,
}

/// The parameters of the redirect from the provider.
#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
}

/// Why a sign-in failed; for the log, not for the page.
type SsoError = String;

fn http(state: &State) -> HttpClient<'_> {
    let allow_http_loopback = state.settings.sso.allow_http_loopback;
    HttpClient {
        egress: &state.deps.egress,
        deadlines: &state.deps.deadlines,
        max_size: MAX_RESPONSE,
        allow_http_loopback,
    }
}

/// Returns the provider's metadata with its keys, cached for an hour; with `refresh`, for a minute only. A caller sets
/// `refresh` if an ID token cannot be verified, because its key may be newer than the cached metadata.
async fn metadata(state: &State, refresh: bool) -> Result<Arc<CoreProviderMetadata>, SsoError> {
    let mut cached = state.settings.sso_metadata.lock().await;
    let age = |at: &Instant| at.elapsed();
    if let Some((at, metadata)) = cached.as_ref()
        && age(at) < if refresh { METADATA_MIN_AGE } else { METADATA_MAX_AGE }
    {
        return Ok(metadata.clone());
    }
    let issuer = IssuerUrl::new(state.settings.sso.issuer.clone()).map_err(|error| error.to_string())?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &http(state)).await;
    let metadata = Arc::new(metadata.map_err(|error| format!("the provider cannot be discovered: {error}"))?);
    *cached = Some((Instant::now(), metadata.clone()));
    Ok(metadata)
}

macro_rules! client {
    ($state:expr, $metadata:expr) => {{
        let sso = &$state.settings.sso;
        let secret = Some(sso.client_secret.expose_secret()).filter(|secret| !secret.is_empty());
        let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
        let redirect = RedirectUrl::new($state.settings.link(CALLBACK)).map_err(|error| error.to_string())?;
        CoreClient::from_provider_metadata((*$metadata).clone(), ClientId::new(sso.client_id.clone()), secret)
            .set_redirect_uri(redirect)
    }};
}

/// Redirects to the provider.
pub async fn begin(FromState(state): FromState<State>, visitor: Visitor, headers: HeaderMap) -> PageResult {
    if !state.settings.sso.is_on() {
        return Err(PageError::NotFound);
    }
    let limit_key = limit_key(&state, &visitor, &headers).await?;
    if let Err(wait) = state.deps.store.count_login(&[(limit_key, SIGN_IN_LIMIT)], state.deps.clock.now()).await? {
        return login::refused(&visitor, &state, visitor.words.n("login-wait", minutes(wait)));
    }
    match begin_at_provider(&state).await {
        Ok(answer) => answer,
        Err(error) => failed(&error, &visitor, &state),
    }
}

/// The subject of the rate limit: a known browser, else the client's address. Strangers behind the same address therefore
/// do not lock out a known browser.
async fn limit_key(state: &State, visitor: &Visitor, headers: &HeaderMap) -> Result<String, StoreError> {
    Ok(match login::known_browser(headers, state).await? {
        Some(key) => format!("sso in {}", hex(&opaque::hash(&key))),
        None => format!("sso {}", visitor.address),
    })
}

fn failed(error: &str, visitor: &Visitor, state: &State) -> PageResult {
    tracing::warn!(%error, "single sign-on failed");
    login::refused(visitor, state, visitor.words.t1("login-sso-failed", "name", &state.settings.sso.name))
}

async fn begin_at_provider(state: &State) -> Result<PageResult, SsoError> {
    let metadata = metadata(state, false).await?;
    let client = client!(state, metadata);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (link, csrf, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["email", "profile"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let pending_sign_in = PendingSignIn { verifier: verifier.into_secret(), nonce: nonce.secret().clone() };
    let (state_hash, browser) = (opaque::hash(csrf.secret()), opaque::new(""));
    let text = SecretString::from(serde_json::to_string(&pending_sign_in).map_err(|error| error.to_string())?);
    let sealed = state.deps.vault.seal(&pending_auth_row(&state_hash), &text).map_err(|error| error.to_string())?;
    let pending = PendingAuth { browser_hash: opaque::hash(&browser), mailbox_id: None, link_hash: None, sealed };
    let begun = state.deps.store.begin_auth(&state_hash, &pending, state.deps.clock.now()).await;
    begun.map_err(|error| error.to_string())?;
    let cookies = AppendHeaders([set_cookie(BROWSER_COOKIE, &browser, Some(PENDING_SECONDS))]);
    Ok(Ok((cookies, Redirect::to(link.as_str())).into_response()))
}

/// Handles the return from the provider.
pub async fn callback(
    FromState(state): FromState<State>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<SignInQuery>,
) -> PageResult {
    if !state.settings.sso.is_on() {
        return Err(PageError::NotFound);
    }
    let now = state.deps.clock.now();
    let state_hash = opaque::hash(&query.state);
    let browser = cookie(&headers, BROWSER_COOKIE).map(opaque::hash).unwrap_or_default();
    let Some(pending) = state.deps.store.take_auth(&state_hash, &browser, now).await? else {
        return failed("no sign-in is pending for this answer", &visitor, &state);
    };
    let identity = match identify(&state_hash, &pending, query.code, &state).await {
        Ok(identity) => identity,
        Err(error) => return failed(&error, &visitor, &state),
    };
    let store = &state.deps.store;
    // A provider may later assign a name to another person, but never a subject. The name therefore decides only the first
    // sign-in, which binds the subject to the account.
    let mut refusal = "login-sso-no-account";
    let person = match store.person_by_subject(&identity.subject).await? {
        Some(person) => Some(person),
        None => match store.person(&identity.name).await? {
            Some(person) if store.bind_subject(person.id, &identity.subject).await? => Some(person),
            Some(_) => {
                refusal = "login-sso-other";
                None
            }
            None => None,
        },
    };
    match person {
        Some(person) => {
            store.forget_failures(&limit_key(&state, &visitor, &headers).await?).await?;
            let answer = login::sign_in(&state, &visitor, &person, NewSession { zone: "", next: "/", now }).await?;
            login::remember_browser(&state, &person, &headers, answer, now).await
        }
        None => {
            let shown = crate::shown::shown(&identity.name);
            login::refused(&visitor, &state, visitor.words.t1(refusal, "identity", shown))
        }
    }
}

/// A user, as identified by the provider.
struct Identity {
    /// Issuer and subject, which identify the user permanently (OpenID Connect Core 1.0, 5.7).
    subject: String,
    /// The user's name in Mailferry, from the configured claim.
    name: String,
}

/// Verifies the provider's answer to this sign-in, and returns the user's identity.
async fn identify(state_hash: &[u8], pending: &PendingAuth, code: String, state: &State) -> Result<Identity, SsoError> {
    if pending.mailbox_id.is_some() {
        return Err("the answer belongs to a consent for a mailbox".to_owned());
    }
    let sealed =
        state.deps.vault.open(&pending_auth_row(state_hash), &pending.sealed).map_err(|error| error.to_string())?;
    let pending_sign_in: PendingSignIn =
        serde_json::from_str(sealed.expose_secret()).map_err(|error| error.to_string())?;
    let cached = metadata(state, false).await?;
    let client = client!(state, cached);
    let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| error.to_string())?;
    let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(pending_sign_in.verifier));
    let http = http(state);
    let tokens = exchange.request_async(&http).await.map_err(|error| format!("the token request failed: {error}"))?;
    let (id_token, nonce) =
        (tokens.id_token().ok_or("the response contains no ID token")?, Nonce::new(pending_sign_in.nonce));
    let claims = match id_token.claims(&client.id_token_verifier(), &nonce) {
        Ok(claims) => claims.clone(),
        // The provider may have signed with a key that is newer than the cached metadata.
        Err(_) => {
            let newer = metadata(state, true).await?;
            let claims = id_token.claims(&client!(state, newer).id_token_verifier(), &nonce).cloned();
            claims.map_err(|error| format!("the ID token is invalid: {error}"))?
        }
    };
    let name = match state.settings.sso.claim.as_str() {
        // Anybody can claim an unverified address.
        "email" if claims.email_verified() != Some(true) => return Err("the address is not verified".to_owned()),
        "email" => claims.email().map(|email| email.to_string()),
        "preferred_username" => claims.preferred_username().map(|name| name.to_string()),
        _ => Some(claims.subject().to_string()),
    };
    Ok(Identity {
        subject: format!("{} {}", claims.issuer().as_str(), claims.subject().as_str()),
        name: name.ok_or_else(|| format!("the ID token has no {}", state.settings.sso.claim))?,
    })
}
