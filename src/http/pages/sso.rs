//! Single sign-on (OpenID Connect Core 1.0): an identity provider says who somebody is, and whoever has an account here by that name is
//! signed in. Nobody gets an account by it.

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

use crate::app::mailboxes::guesses::minutes;
use crate::http::State;
use crate::http::page::answer::Answer;
use crate::http::page::error::PageError;
use crate::http::page::guard::{cookie, set_cookie};
use crate::http::page::visitor::Visitor;
use crate::http::pages::login::{self, Visit};
use crate::https::HttpClient;
use crate::opaque;
use crate::store::{LoginLimit, PendingAuth, StoreError, pending_auth_row};
use crate::vault::hex;

/// What the browser that leaves is known by when it comes back.
const BROWSER: &str = "__Host-sign-on";
/// As long as an errand lasts, in seconds.
const AWAY: i64 = 15 * 60;
/// The path that is registered with the provider.
pub const CALLBACK: &str = "/sso/callback";
/// No answer of a provider, its keys included, has more bytes.
const LARGEST: usize = 1 << 20;

/// So long what the provider says of itself is taken for true.
const LONGEST: Duration = Duration::from_hours(1);
/// It is not asked again sooner, whatever comes.
const SOONEST: Duration = Duration::from_mins(1);
/// Whoever begins and never comes back is counted.
const OF_BEGINNINGS: LoginLimit = LoginLimit { free: 100, longest_ms: 15 * 60 * 1000 };

/// What is kept while somebody is away.
#[derive(Serialize, Deserialize)]
struct Away {
    verifier: String,
    nonce: String,
}

/// What somebody brings back.
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
}

/// Why it did not come about; for the log, not for the page.
type Failed = String;

fn http(state: &State) -> HttpClient<'_> {
    let allow_http_loopback = state.page.sso.allow_http_loopback;
    HttpClient { egress: &state.deps.egress, deadlines: &state.deps.deadlines, max_size: LARGEST, allow_http_loopback }
}

/// The provider as it describes itself, with its keys. What was read is taken for an hour; where a key is not known, not even for that.
async fn metadata(state: &State, is_anew: bool) -> Result<Arc<CoreProviderMetadata>, Failed> {
    let mut kept = state.page.provider.lock().await;
    let age = |at: &Instant| at.elapsed();
    if let Some((at, metadata)) = kept.as_ref()
        && age(at) < if is_anew { SOONEST } else { LONGEST }
    {
        return Ok(metadata.clone());
    }
    let issuer = IssuerUrl::new(state.page.sso.issuer.clone()).map_err(|error| error.to_string())?;
    let metadata = CoreProviderMetadata::discover_async(issuer, &http(state)).await;
    let metadata = Arc::new(metadata.map_err(|error| format!("the provider cannot be discovered: {error}"))?);
    *kept = Some((Instant::now(), metadata.clone()));
    Ok(metadata)
}

macro_rules! client {
    ($state:expr, $metadata:expr) => {{
        let sso = &$state.page.sso;
        let secret = Some(sso.client_secret.expose_secret()).filter(|secret| !secret.is_empty());
        let secret = secret.map(|secret| ClientSecret::new(secret.to_owned()));
        let redirect = RedirectUrl::new($state.page.link(CALLBACK)).map_err(|error| error.to_string())?;
        CoreClient::from_provider_metadata((*$metadata).clone(), ClientId::new(sso.client_id.clone()), secret)
            .set_redirect_uri(redirect)
    }};
}

/// Sends somebody to sign in.
pub async fn begin(FromState(state): FromState<State>, reader: Visitor, headers: HeaderMap) -> Answer {
    if !state.page.sso.is_on() {
        return Err(PageError::NotFound);
    }
    let subject = subject(&state, &reader, &headers).await?;
    if let Err(wait) = state.deps.store.count_login(&[(subject, OF_BEGINNINGS)], state.deps.clock.now()).await? {
        return login::refused(&reader, &state, reader.words.n("login-wait", minutes(wait)));
    }
    match leave(&state).await {
        Ok(answer) => answer,
        Err(error) => failed(&error, &reader, &state),
    }
}

/// Against what a beginning is counted: strangers behind the same address do not keep out a browser that is known.
async fn subject(state: &State, reader: &Visitor, headers: &HeaderMap) -> Result<String, StoreError> {
    Ok(match login::known_browser(headers, state).await? {
        Some(key) => format!("sso in {}", hex(&opaque::hash(&key))),
        None => format!("sso {}", reader.address),
    })
}

fn failed(error: &str, reader: &Visitor, state: &State) -> Answer {
    tracing::warn!(%error, "single sign-on failed");
    login::refused(reader, state, reader.words.t1("login-sso-failed", "name", &state.page.sso.name))
}

async fn leave(state: &State) -> Result<Answer, Failed> {
    let metadata = metadata(state, false).await?;
    let client = client!(state, metadata);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (link, csrf, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["email", "profile"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let away = Away { verifier: verifier.into_secret(), nonce: nonce.secret().clone() };
    let (state_hash, browser) = (opaque::hash(csrf.secret()), opaque::new(""));
    let text = SecretString::from(serde_json::to_string(&away).map_err(|error| error.to_string())?);
    let sealed = state.deps.vault.seal(&pending_auth_row(&state_hash), &text).map_err(|error| error.to_string())?;
    let errand = PendingAuth { browser_hash: opaque::hash(&browser), mailbox_id: None, link_hash: None, sealed };
    let begun = state.deps.store.begin_auth(&state_hash, &errand, state.deps.clock.now()).await;
    begun.map_err(|error| error.to_string())?;
    let leaving = AppendHeaders([set_cookie(BROWSER, &browser, Some(AWAY))]);
    Ok(Ok((leaving, Redirect::to(link.as_str())).into_response()))
}

/// Somebody is back.
pub async fn callback(
    FromState(state): FromState<State>,
    reader: Visitor,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    if !state.page.sso.is_on() {
        return Err(PageError::NotFound);
    }
    let now = state.deps.clock.now();
    let state_hash = opaque::hash(&back.state);
    let browser = cookie(&headers, BROWSER).map(opaque::hash).unwrap_or_default();
    let Some(errand) = state.deps.store.end_auth(&state_hash, &browser, now).await? else {
        return failed("nobody waited for this answer", &reader, &state);
    };
    let known = match who(&state_hash, &errand, back.code, &state).await {
        Ok(known) => known,
        Err(error) => return failed(&error, &reader, &state),
    };
    let store = &state.deps.store;
    // Names change hands at a provider, subjects do not: the first login by a name is the last that only the name decides.
    let mut refusal = "login-sso-nobody";
    let person = match store.person_by_subject(&known.subject).await? {
        Some(person) => Some(person),
        None => match store.person(&known.name).await? {
            Some(person) if store.bind_subject(person.id, &known.subject).await? => Some(person),
            Some(_) => {
                refusal = "login-sso-other";
                None
            }
            None => None,
        },
    };
    match person {
        Some(person) => {
            store.forget_failures(&subject(&state, &reader, &headers).await?).await?;
            let answer = login::sign_in(&state, &reader, &person, Visit { zone: "", next: "/", now }).await?;
            login::remembered(&state, &person, &headers, answer, now).await
        }
        None => {
            let shown = crate::shown::shown(&known.name);
            login::refused(&reader, &state, reader.words.t1(refusal, "identity", shown))
        }
    }
}

/// Somebody, as the provider knows them.
struct Known {
    /// Issuer and subject, which are theirs for ever (OpenID Connect Core 1.0, 5.7).
    subject: String,
    /// The claim that is their name here.
    name: String,
}

/// Who somebody is, as the provider has signed it, for us and for this errand.
async fn who(state_hash: &[u8], errand: &PendingAuth, code: String, state: &State) -> Result<Known, Failed> {
    if errand.mailbox_id.is_some() {
        return Err("the answer belongs to a mailbox".to_owned());
    }
    let sealed =
        state.deps.vault.open(&pending_auth_row(state_hash), &errand.sealed).map_err(|error| error.to_string())?;
    let away: Away = serde_json::from_str(sealed.expose_secret()).map_err(|error| error.to_string())?;
    let known = metadata(state, false).await?;
    let client = client!(state, known);
    let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| error.to_string())?;
    let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(away.verifier));
    let http = http(state);
    let tokens = exchange.request_async(&http).await.map_err(|error| format!("no token: {error}"))?;
    let (id_token, nonce) = (tokens.id_token().ok_or("no ID token came")?, Nonce::new(away.nonce));
    let claims = match id_token.claims(&client.id_token_verifier(), &nonce) {
        Ok(claims) => claims.clone(),
        // The provider may sign with a key that is newer than what we know of it.
        Err(_) => {
            let newer = metadata(state, true).await?;
            let claims = id_token.claims(&client!(state, newer).id_token_verifier(), &nonce).cloned();
            claims.map_err(|error| format!("the ID token is not good: {error}"))?
        }
    };
    let name = match state.page.sso.claim.as_str() {
        // An address that nobody has verified is anybody's.
        "email" if claims.email_verified() != Some(true) => return Err("the address is not verified".to_owned()),
        "email" => claims.email().map(|email| email.to_string()),
        "preferred_username" => claims.preferred_username().map(|name| name.to_string()),
        _ => Some(claims.subject().to_string()),
    };
    Ok(Known {
        subject: format!("{} {}", claims.issuer().as_str(), claims.subject().as_str()),
        name: name.ok_or_else(|| format!("the ID token has no {}", state.page.sso.claim))?,
    })
}
