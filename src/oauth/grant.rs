//! The access token of a grant: kept while it is good, renewed once for all who need it, and never asked for in vain.
//!
//! Renewing is single flight: whoever holds the grant's lock in the database asks, and all others, in this process or another,
//! wait for what comes. A rotated refresh token is on the disk before the access token that came with it is used, so that no
//! crash loses the consent; the old one is overwritten in the same statement.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::Deps;
use super::claims::Claims;
use super::http::HttpClient;
use super::provider::Provider;
use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::{Cause, Trouble, Whose};
use crate::clock::Timestamp;
use crate::owner;
use crate::store::{Flow, Grant, GrantKind, GrantProblem, SealedTokens, StoreError, access_row, refresh_row};

/// A token in the last part of its life is renewed before it is used: it may be needed for a long poll.
const RENEW_AT: f64 = 0.8;
/// So long before its end a token is no longer begun a poll with, even if it cannot be renewed.
const LAST_USE: Duration = Duration::from_secs(30);
/// Whoever renews has this long; then somebody else may.
const LOCK: Duration = Duration::from_secs(30);
/// How long others wait for it.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two requests for a token that does not come.
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// An access token to log in with.
#[derive(Debug, Clone)]
pub struct Access {
    /// The token.
    pub token: SecretString,
    /// Which of the grant's tokens it is.
    pub version: i64,
    /// Until when it lives.
    pub expires_at: Timestamp,
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The provider, the application or the consent.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Ourselves.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Trouble> for GrantError {
    fn from(trouble: Trouble) -> Self {
        Self::Token(trouble.into())
    }
}

/// A good access token of this grant; `refused` is the version of one that a mail server has just refused.
pub async fn access_token(grant_id: i64, refused: Option<i64>, deps: &Deps<'_>) -> Result<Access, GrantError> {
    let until = Instant::now() + PATIENCE;
    let mut dead = None;
    loop {
        let grant = deps.store.grant(grant_id).await?;
        if let Some(settled) = without_asking(&grant, refused, deps).await? {
            return Ok(settled);
        }
        let now = deps.clock.now();
        if let Some((grant, lock)) =
            deps.store.lock_grant(grant_id, owner::this_process(), dead, now, now.plus(LOCK)).await?
        {
            // Somebody else may have renewed it between the look and the lock.
            let settled = without_asking(&grant, refused, deps).await;
            if !matches!(settled, Ok(None)) {
                deps.store.unlock_grant(grant_id, lock).await?;
                return settled?.ok_or_else(|| Trouble::new(Cause::Waiting).into());
            }
            return renew(&grant, lock, refused, deps).await;
        }
        // After a crash nobody has to wait for the lock to run out.
        let holder = deps.store.grant_lock(grant_id).await?;
        dead = holder.filter(|(_, owner)| owner::is_dead(owner)).map(|(token, _)| token);
        if Instant::now() >= until {
            return Err(Trouble::new(Cause::Waiting).about("provider", &grant.key.provider).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The token that is kept, or why there will be none; `None`: ask.
async fn without_asking(grant: &Grant, refused: Option<i64>, deps: &Deps<'_>) -> Result<Option<Access>, GrantError> {
    let now = deps.clock.now();
    let is_good = grant.access_sealed.is_some() && refused != Some(grant.version);
    if is_good && now < grant.renew_at {
        return kept(grant, deps).map(Some);
    }
    if grant.needs_consent {
        return Err(grant
            .problem
            .as_deref()
            .and_then(Trouble::from_json)
            .unwrap_or_else(|| not_connected(grant))
            .into());
    }
    if grant.key.kind == GrantKind::Delegated && grant.refresh_sealed.is_none() {
        return Err(not_connected(grant).into());
    }
    // What has just failed is not asked for again at once, by any mailbox.
    let app = deps.store.app_problem(&grant.key.provider).await?;
    let problem = match (app, &grant.problem) {
        (Some(app), _) if now.0 < app.retry_at => app.problem,
        (_, Some(problem)) if grant.retry_at.max(grant.told_until).is_some_and(|at| now < at) => problem.clone(),
        _ => return Ok(None),
    };
    // A token lives on while its provider does not answer.
    if is_good && now.plus(LAST_USE) < grant.access_expires_at {
        return kept(grant, deps).map(Some);
    }
    Err(Trouble::from_json(&problem).unwrap_or_else(|| Trouble::new(Cause::Down)).into())
}

fn not_connected(grant: &Grant) -> Trouble {
    Trouble::new(Cause::NotConnected).about("identity", &grant.key.identity).about("provider", &grant.key.provider)
}

fn kept(grant: &Grant, deps: &Deps<'_>) -> Result<Access, GrantError> {
    let sealed = grant.access_sealed.as_deref().unwrap_or_default();
    let token = deps.vault.open(&access_row(grant.id), sealed).map_err(StoreError::Vault)?;
    Ok(Access { token, version: grant.version, expires_at: grant.access_expires_at })
}

/// Asks the provider, and keeps what comes or why nothing does.
async fn renew(grant: &Grant, lock: i64, refused: Option<i64>, deps: &Deps<'_>) -> Result<Access, GrantError> {
    match ask(grant, deps).await {
        Ok(tokens) => {
            let now = deps.clock.now();
            let sealed = seal(grant.id, &tokens, now, deps)?;
            crate::crash::point("tokens came");
            if !deps.store.keep_tokens(grant, &sealed, now).await? {
                // A new consent has come meanwhile: what it brought is newer.
                return kept(&deps.store.grant(grant.id).await?, deps);
            }
            crate::crash::point("tokens kept");
            if deps.store.app_works(&grant.key.provider, now).await? {
                tracing::info!(provider = grant.key.provider, "the application gets tokens again");
            }
            Ok(Access { token: tokens.access, version: grant.version + 1, expires_at: sealed.expires_at })
        }
        Err(GrantError::Token(error)) => failed(grant, lock, refused, error, deps).await,
        Err(other) => {
            deps.store.unlock_grant(grant.id, lock).await?;
            Err(other)
        }
    }
}

async fn ask(grant: &Grant, deps: &Deps<'_>) -> Result<Tokens, GrantError> {
    let provider = Provider::of(deps.config, &grant.key)?;
    let http = http(&provider, deps);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    match (&grant.refresh_sealed, grant.key.kind) {
        (_, GrantKind::AppOnly) => Ok(endpoint.app_only().await?),
        (Some(sealed), GrantKind::Delegated) => {
            let token = deps.vault.open(&refresh_row(grant.id), sealed).map_err(StoreError::Vault)?;
            Ok(endpoint.refresh(&token, grant.flow).await?)
        }
        (None, GrantKind::Delegated) => Err(not_connected(grant).into()),
    }
}

/// The way to a provider.
pub fn http<'a>(provider: &Provider<'_>, deps: &Deps<'a>) -> HttpClient<'a> {
    HttpClient { egress: deps.egress, deadlines: deps.deadlines, allow_http_loopback: provider.app.allow_http_loopback }
}

/// Seals tokens for their rows, with the times that go with them.
pub fn seal(grant_id: i64, tokens: &Tokens, now: Timestamp, deps: &Deps<'_>) -> Result<SealedTokens, StoreError> {
    let refresh = tokens.refresh.as_ref().map(|token| deps.vault.seal(&refresh_row(grant_id), token)).transpose()?;
    // Where the provider's word and the token's own differ, the earlier end counts.
    let told = now.plus(tokens.lifetime);
    let own = Claims::read(tokens.access.expose_secret()).and_then(|claims| claims.exp);
    let own = own.map(|seconds| Timestamp((seconds * 1000.0) as i64)).filter(|end| *end > now);
    let expires_at = own.map_or(told, |own| own.min(told));
    Ok(SealedTokens {
        access: deps.vault.seal(&access_row(grant_id), &tokens.access)?,
        refresh,
        expires_at,
        renew_at: now.plus(expires_at.since(now).mul_f64(RENEW_AT)),
    })
}

/// Writes down whose business it is, so that no other mailbox asks in vain.
async fn failed(
    grant: &Grant,
    lock: i64,
    refused: Option<i64>,
    error: TokenError,
    deps: &Deps<'_>,
) -> Result<Access, GrantError> {
    let now = deps.clock.now();
    let cause = error.trouble.cause;
    let doubled =
        FIRST_WAIT.saturating_mul(2_u32.saturating_pow(u32::try_from(grant.failures.clamp(0, 6)).unwrap_or(0)));

    if cause.whose() == Whose::App {
        // One problem of the application, and not one of each of its grants.
        let is_new =
            deps.store.app_failed(&grant.key.provider, &error.trouble.to_json(), now.plus(FIRST_WAIT), now).await?;
        if is_new {
            tracing::error!(
                provider = grant.key.provider,
                cause = cause.id(),
                "no mailbox of this application gets a token: {error}"
            );
        }
        deps.store.unlock_grant(grant.id, lock).await?;
    } else {
        // The application itself is not refused.
        if cause.whose() == Whose::Consent {
            deps.store.app_works(&grant.key.provider, now).await?;
        }
        // Nobody consents to what is the application's own: it is asked for again, rarely.
        let needs_consent = cause.whose() == Whose::Consent && grant.key.kind == GrantKind::Delegated;
        let problem = GrantProblem {
            problem: error.trouble.to_json(),
            needs_consent,
            retry_at: (!needs_consent).then(|| now.plus(doubled.min(LONGEST_WAIT))),
            told_until: error.retry_after.map(|wait| now.plus(wait)),
        };
        if !deps.store.grant_failed(grant, &problem, now).await? {
            // Another has renewed it meanwhile, and what we asked with was the old token.
            return kept(&deps.store.grant(grant.id).await?, deps);
        }
    }
    let is_good = grant.access_sealed.is_some() && refused != Some(grant.version);
    if is_good && cause.whose() != Whose::Consent && now.plus(LAST_USE) < grant.access_expires_at {
        return kept(grant, deps);
    }
    Err(error.into())
}

/// Keeps what a person has consented to.
pub async fn connect(grant_id: i64, flow: Flow, tokens: &Tokens, deps: &Deps<'_>) -> Result<(), StoreError> {
    let now = deps.clock.now();
    let sealed = seal(grant_id, tokens, now, deps)?;
    deps.store.keep_consent(grant_id, flow, &sealed, now).await
}

/// Gives a grant's tokens up at its provider. `false`: the provider has no place for that, or there is nothing to give up.
pub async fn revoke(grant: &Grant, deps: &Deps<'_>) -> Result<bool, GrantError> {
    let Some(sealed) = &grant.refresh_sealed else { return Ok(false) };
    let provider = Provider::of(deps.config, &grant.key)?;
    let http = http(&provider, deps);
    let token = deps.vault.open(&refresh_row(grant.id), sealed).map_err(StoreError::Vault)?;
    Ok(TokenEndpoint { provider: &provider, http: &http }.revoke(&token, grant.flow).await?)
}
