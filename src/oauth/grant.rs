//! The access token of a grant: cached while it is valid, and renewed once for all mailboxes of the grant.
//!
//! Renewal is single flight: the worker that holds the grant's database lock sends the request, and all other workers,
//! in this or another process, wait for the result. The result is stored durably before it is used, so that no crash
//! loses a rotated refresh token. The request runs in its own task, so that a cancelled poll does not lose the
//! response.

mod keep;
mod lock;

use std::time::Duration;

use secrecy::SecretString;

use super::OAuthDeps;
use super::provider::Provider;
use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::{Cause, CauseOwner, Trouble};
use crate::clock::Timestamp;
use crate::https::HttpClient;
use crate::locale::Language;
use crate::store::{Flow, Grant, GrantKey, GrantKind, GrantProblem, StoreError, access_row, refresh_row};

pub use keep::{connect, reseal};
pub use lock::Lock;

/// A token that is due for renewal but cannot be renewed is still used while it has more remaining lifetime than this.
const MIN_REMAINING_LIFETIME: Duration = Duration::from_secs(30);
/// A server that refuses a younger token does so for a reason other than its age.
const FRESH_TOKEN_AGE: Duration = Duration::from_mins(5);
/// Time to store the result, in addition to the provider's deadline. Then the lock expires.
const STORE_TIME: Duration = Duration::from_secs(20);
/// How far the clocks of two processes may differ. A stored time that is later than we could have set it, by more than this,
/// was written with a wrong clock.
const MAX_CLOCK_ERROR: Duration = Duration::from_mins(2);
/// First and longest delay before a failed request is repeated.
const MIN_RETRY_DELAY: Duration = Duration::from_mins(1);
const MAX_RETRY_DELAY: Duration = Duration::from_hours(1);
/// Maximum size of a token response in bytes; usual responses have a few kilobytes.
const MAX_RESPONSE: usize = 1 << 20;

/// An access token for a login.
#[derive(Debug, Clone)]
pub struct AccessToken {
    pub token: SecretString,
    /// The version of the grant's tokens.
    pub version: i64,
    /// The time at which the token expires.
    pub expires_at: Timestamp,
    /// The time at which the token was received.
    pub since: Timestamp,
}

impl AccessToken {
    /// Whether a refusal of the token may be due to its age.
    pub fn may_be_stale(&self, now: Timestamp) -> bool {
        now.since(self.since) >= FRESH_TOKEN_AGE || now >= self.expires_at || self.since > now.plus(MAX_CLOCK_ERROR)
    }
}

/// The reason why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The provider, the application or the consent failed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database or the vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Trouble> for GrantError {
    fn from(trouble: Trouble) -> Self {
        Self::Token(trouble.into())
    }
}

/// A valid access token of this grant. `refused` is the version of a token that a mail server has just refused.
pub async fn access_token(grant_id: i64, refused: Option<i64>, deps: &OAuthDeps) -> Result<AccessToken, GrantError> {
    let grant = deps.store.grant(grant_id).await?;
    if let Some(settled) = cached(&grant, refused, deps).await? {
        return Ok(settled);
    }
    let deps = deps.clone();
    let renewing = deps.renewals.tasks.clone().spawn(async move { lock_and_renew(grant_id, refused, &deps).await });
    renewing.await.map_err(|_| GrantError::from(waiting(&grant.key)))?
}

/// Takes the lock of the grant, and renews the token unless another worker has just done so.
async fn lock_and_renew(grant_id: i64, refused: Option<i64>, deps: &OAuthDeps) -> Result<AccessToken, GrantError> {
    let was = deps.store.grant(grant_id).await?;
    let (version, failures) = (was.version, was.failures);
    let lock = Lock::take_unless(grant_id, deps, |now| now.version != version || now.failures != failures).await?;
    let Some(lock) = lock else {
        // Another worker has sent the request: use the result of that request.
        let grant = deps.store.grant(grant_id).await?;
        let settled = cached(&grant, refused, deps).await?;
        let why = grant.problem.as_deref().and_then(Trouble::from_json);
        let why = why.unwrap_or_else(|| waiting(&grant.key));
        return settled.ok_or_else(|| why.into());
    };
    // Another worker may have renewed the token before we got the lock.
    let done = match cached(&lock.grant, refused, deps).await {
        // Shutdown has begun; nobody waits for the token any more.
        Ok(None) if deps.renewals.stop.is_cancelled() => Err(waiting(&lock.grant.key).into()),
        Ok(None) => renew(&lock, refused, deps).await,
        Ok(Some(settled)) => Ok(settled),
        Err(error) => Err(error),
    };
    lock.release(deps).await;
    done
}

/// The cached token, or the known reason why there is none. `None` if a request is necessary.
async fn cached(grant: &Grant, refused: Option<i64>, deps: &OAuthDeps) -> Result<Option<AccessToken>, GrantError> {
    let now = deps.clock.now();
    let kept = cached_token(grant, deps).filter(|access| refused != Some(access.version));
    if let Some(access) =
        kept.clone().filter(|access| now < grant.renew_at && access.since <= now.plus(MAX_CLOCK_ERROR))
    {
        return Ok(Some(access));
    }
    if grant.needs_consent {
        let problem = grant.problem.as_deref().and_then(Trouble::from_json);
        return Err(problem.unwrap_or_else(|| not_connected(&grant.key)).into());
    }
    if grant.key.kind == GrantKind::Delegated && grant.refresh_sealed.is_none() {
        return Err(not_connected(&grant.key).into());
    }
    // After a failed request, no mailbox repeats the request at once.
    let app = match grant.flow {
        Some(Flow::Device) => None, // a device flow does not use the application's secret
        _ => deps.store.app_problem(&grant.key.provider).await?,
    };
    let is_ahead = |at: Timestamp| now < at && at <= now.plus(MAX_RETRY_DELAY + MAX_CLOCK_ERROR);
    let problem = match (app, &grant.problem) {
        (Some(app), _) if is_ahead(Timestamp(app.retry_at)) => app.problem,
        (_, Some(problem)) if grant.retry_at.is_some_and(is_ahead) || grant.provider_retry_at.is_some_and(is_ahead) => {
            problem.clone()
        }
        _ => return Ok(None),
    };
    // A valid token stays in use until the request for a new one may be repeated.
    if let Some(access) = kept.filter(|access| now.plus(MIN_REMAINING_LIFETIME) < access.expires_at) {
        return Ok(Some(access));
    }
    let unknown = || Trouble::new(Cause::Down).with_arg("provider", &grant.key.provider);
    Err(Trouble::from_json(&problem).unwrap_or_else(unknown).into())
}

/// The trouble while another worker is sending the request, or once shutdown has begun.
fn waiting(key: &GrantKey) -> Trouble {
    Trouble::new(Cause::Waiting).with_arg("provider", &key.provider)
}

fn not_connected(key: &GrantKey) -> Trouble {
    Trouble::new(Cause::NotConnected).with_arg("identity", &key.identity).with_arg("provider", &key.provider)
}

/// The cached access token. A token whose encryption key is gone counts as missing, since a new token can be requested.
fn cached_token(grant: &Grant, deps: &OAuthDeps) -> Option<AccessToken> {
    let sealed = grant.access_sealed.as_deref()?;
    let token = deps.vault.open(&access_row(grant.id), sealed).ok()?;
    let since = grant.refreshed_at.unwrap_or(Timestamp(0));
    Some(AccessToken { token, version: grant.version, expires_at: grant.access_expires_at, since })
}

/// Requests a token, and stores the result or the failure.
async fn renew(lock: &Lock, refused: Option<i64>, deps: &OAuthDeps) -> Result<AccessToken, GrantError> {
    let grant = &lock.grant;
    match request_tokens(grant, deps).await {
        Ok(tokens) => {
            crate::crash::point("tokens came");
            let now = deps.clock.now();
            let mine = keep::store_renewed(lock, &tokens, now, deps).await?;
            crate::crash::point("tokens kept");
            record_app_works(&grant.key, grant.flow, now, deps).await;
            let Some(expires_at) = mine else { return stored_by_other(grant, deps).await };
            Ok(AccessToken { token: tokens.access, version: grant.version + 1, expires_at, since: now })
        }
        Err(GrantError::Token(error)) => record_failure(grant, refused, error, deps).await,
        Err(other) => Err(other),
    }
}

/// Records that the application works. A device flow does not prove it, since no client secret is sent.
async fn record_app_works(key: &GrantKey, flow: Option<Flow>, now: Timestamp, deps: &OAuthDeps) {
    if flow == Some(Flow::Device) {
        return;
    }
    match deps.store.app_works(&key.provider, now).await {
        Ok(true) => tracing::info!(provider = key.provider, "the application gets tokens again"),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(provider = key.provider, %error, "the recovery of an application could not be recorded")
        }
    }
}

/// The token that another worker has stored meanwhile, for instance after a new consent.
async fn stored_by_other(grant: &Grant, deps: &OAuthDeps) -> Result<AccessToken, GrantError> {
    let current = deps.store.grant(grant.id).await?;
    cached_token(&current, deps).ok_or_else(|| not_connected(&current.key).into())
}

async fn request_tokens(grant: &Grant, deps: &OAuthDeps) -> Result<Tokens, GrantError> {
    let provider = Provider::for_grant(&deps.config, &grant.key)?;
    let http = http(&provider, deps);
    let endpoint = TokenEndpoint { provider: &provider, http: &http };
    match (&grant.refresh_sealed, grant.key.kind) {
        (_, GrantKind::AppOnly) => Ok(endpoint.app_only().await?),
        (Some(sealed), GrantKind::Delegated) => {
            let token = deps.vault.open(&refresh_row(grant.id), sealed).map_err(StoreError::Vault)?;
            Ok(endpoint.refresh(&token, grant.flow).await?)
        }
        (None, GrantKind::Delegated) => Err(not_connected(&grant.key).into()),
    }
}

/// The HTTP client for a provider.
pub fn http<'a>(provider: &Provider<'_>, deps: &'a OAuthDeps) -> HttpClient<'a> {
    HttpClient {
        egress: &deps.egress,
        deadlines: &deps.deadlines,
        max_size: MAX_RESPONSE,
        allow_http_loopback: provider.app.allow_http_loopback,
    }
}

/// Records the failure for the application or the grant that it concerns, so that no other mailbox repeats the request.
/// Returns the cached token, or the one that another worker has stored meanwhile, if it can be used nevertheless.
async fn record_failure(
    grant: &Grant,
    refused: Option<i64>,
    error: TokenError,
    deps: &OAuthDeps,
) -> Result<AccessToken, GrantError> {
    let now = deps.clock.now();
    let cause = error.trouble.cause;
    match cause.owner() {
        // A configuration error concerns this process only.
        CauseOwner::Configuration => return Err(error.into()),
        // A device flow sends no client secret, so the failure concerns the grant only.
        CauseOwner::App if grant.flow != Some(Flow::Device) => {
            // The failure is recorded once for the application, not once for each grant.
            let (provider, problem) = (&grant.key.provider, error.trouble.to_json());
            if deps.store.app_failed(provider, &problem, now.plus(MIN_RETRY_DELAY), now).await? {
                tracing::error!(
                    provider,
                    cause = cause.id(),
                    "no mailbox of this application gets a token: {}",
                    error.trouble.sentence(Language::English)
                );
            }
        }
        // App-only grants have no consent.
        CauseOwner::Consent if grant.key.kind == GrantKind::Delegated => {
            let problem = GrantProblem {
                problem: error.trouble.to_json(),
                needs_consent: true,
                retry_at: None,
                provider_retry_at: None,
            };
            if !deps.store.grant_failed(grant, &problem, now).await? {
                // Another worker has renewed the grant meanwhile, and our request used the old token.
                return stored_by_other(grant, deps).await;
            }
            return Err(error.into());
        }
        CauseOwner::Consent | CauseOwner::App | CauseOwner::Admin | CauseOwner::Provider | CauseOwner::Mailbox => {
            let times = u32::try_from(grant.failures.clamp(0, 6)).unwrap_or(0);
            let wait = match cause.owner() {
                CauseOwner::Provider => {
                    MIN_RETRY_DELAY.saturating_mul(2_u32.saturating_pow(times)).min(MAX_RETRY_DELAY)
                }
                _ => MAX_RETRY_DELAY,
            };
            let problem = GrantProblem {
                problem: error.trouble.to_json(),
                needs_consent: false,
                retry_at: Some(now.plus(wait)),
                provider_retry_at: error.retry_after.map(|wait| now.plus(wait)),
            };
            if !deps.store.grant_failed(grant, &problem, now).await? {
                return stored_by_other(grant, deps).await;
            }
        }
    }
    // A valid token stays in use while the request for a new one fails.
    let kept = cached_token(grant, deps).filter(|access| refused != Some(access.version));
    kept.filter(|access| now.plus(MIN_REMAINING_LIFETIME) < access.expires_at).ok_or_else(|| error.into())
}

/// Revokes a grant's tokens at its provider. Returns false if the provider has no revocation endpoint, or there is no
/// token.
pub async fn revoke(grant: &Grant, deps: &OAuthDeps) -> Result<bool, GrantError> {
    let Some(sealed) = &grant.refresh_sealed else { return Ok(false) };
    let provider = Provider::for_grant(&deps.config, &grant.key)?;
    let http = http(&provider, deps);
    let token = deps.vault.open(&refresh_row(grant.id), sealed).map_err(StoreError::Vault)?;
    Ok(TokenEndpoint { provider: &provider, http: &http }.revoke(&token, grant.flow).await?)
}
