//! The access token of a grant: kept while it is good, renewed once for all who need it, and never asked for in vain.
//!
//! Renewing is single flight: whoever holds the grant's lock in the database asks, and all others, in this process or another,
//! wait for what comes. What came is on the disk before it is used, so that no crash loses a rotated refresh token; and whoever
//! asks is a task of its own, so that no poll that is cut off takes an answer with it.

mod keep;
mod lock;

use std::time::Duration;

use secrecy::SecretString;

use super::Deps;
use super::provider::Provider;
use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::{Cause, Trouble, CauseOwner};
use crate::clock::Timestamp;
use crate::https::HttpClient;
use crate::locale::Language;
use crate::store::{Flow, Grant, GrantKey, GrantKind, GrantProblem, StoreError, access_row, refresh_row};

pub use keep::{connect, reseal};
pub use lock::Lock;

/// So long before its end a token is no longer begun a poll with, even if it cannot be renewed.
const LAST_USE: Duration = Duration::from_secs(30);
/// A server that refuses a token that is younger does so for another reason than its age.
const YOUNG: Duration = Duration::from_mins(5);
/// Beside the provider's deadline, whoever renews has so long to write down what came; then somebody else may.
const TO_WRITE: Duration = Duration::from_secs(20);
/// A moment that lies further ahead than we ever set one was written by a clock that was wrong.
const SLACK: Duration = Duration::from_mins(2);
/// Between two requests for a token that does not come.
const FIRST_WAIT: Duration = Duration::from_mins(1);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Token answers have a few kilobytes.
const LARGEST_ANSWER: usize = 1 << 20;

/// An access token to log in with.
#[derive(Debug, Clone)]
pub struct Access {
    /// The token.
    pub token: SecretString,
    /// Which of the grant's tokens it is.
    pub version: i64,
    /// Until when it lives.
    pub expires_at: Timestamp,
    /// Since when it is here.
    pub since: Timestamp,
}

impl Access {
    /// Whether a server that refuses it may do so for its age.
    pub fn may_be_stale(&self, now: Timestamp) -> bool {
        now.since(self.since) >= YOUNG || now >= self.expires_at || self.since > now.plus(SLACK)
    }
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
pub async fn access_token(grant_id: i64, refused: Option<i64>, deps: &Deps) -> Result<Access, GrantError> {
    let grant = deps.store.grant(grant_id).await?;
    if let Some(settled) = without_asking(&grant, refused, deps).await? {
        return Ok(settled);
    }
    let deps = deps.clone();
    let renewing = deps.renewals.tasks.clone().spawn(async move { renewed(grant_id, refused, &deps).await });
    renewing.await.map_err(|_| GrantError::from(waiting(&grant.key)))?
}

async fn renewed(grant_id: i64, refused: Option<i64>, deps: &Deps) -> Result<Access, GrantError> {
    let was = deps.store.grant(grant_id).await?;
    let (version, failures) = (was.version, was.failures);
    let lock = Lock::unless(grant_id, deps, |now| now.version != version || now.failures != failures).await?;
    let Some(lock) = lock else {
        // Another has asked, and that is what there is.
        let grant = deps.store.grant(grant_id).await?;
        let settled = without_asking(&grant, refused, deps).await?;
        let why = grant.problem.as_deref().and_then(Trouble::from_json);
        let why = why.unwrap_or_else(|| waiting(&grant.key));
        return settled.ok_or_else(|| why.into());
    };
    // Somebody else may have renewed it between the look and the lock.
    let done = match without_asking(&lock.grant, refused, deps).await {
        // Nobody waits for it any more.
        Ok(None) if deps.renewals.stop.is_cancelled() => Err(waiting(&lock.grant.key).into()),
        Ok(None) => renew(&lock, refused, deps).await,
        Ok(Some(settled)) => Ok(settled),
        Err(error) => Err(error),
    };
    lock.release(deps).await;
    done
}

/// The token that is kept, or why there will be none; `None`: ask.
async fn without_asking(grant: &Grant, refused: Option<i64>, deps: &Deps) -> Result<Option<Access>, GrantError> {
    let now = deps.clock.now();
    let kept = kept(grant, deps).filter(|access| refused != Some(access.version));
    if let Some(access) = kept.clone().filter(|access| now < grant.renew_at && access.since <= now.plus(SLACK)) {
        return Ok(Some(access));
    }
    if grant.needs_consent {
        let problem = grant.problem.as_deref().and_then(Trouble::from_json);
        return Err(problem.unwrap_or_else(|| not_connected(&grant.key)).into());
    }
    if grant.key.kind == GrantKind::Delegated && grant.refresh_sealed.is_none() {
        return Err(not_connected(&grant.key).into());
    }
    // What has just failed is not asked for again at once, by any mailbox.
    let app = match grant.flow {
        Some(Flow::Device) => None, // no secret of the application's goes with it
        _ => deps.store.app_problem(&grant.key.provider).await?,
    };
    let is_ahead = |at: Timestamp| now < at && at <= now.plus(LONGEST_WAIT + SLACK);
    let problem = match (app, &grant.problem) {
        (Some(app), _) if is_ahead(Timestamp(app.retry_at)) => app.problem,
        (_, Some(problem)) if grant.retry_at.is_some_and(is_ahead) || grant.told_until.is_some_and(is_ahead) => {
            problem.clone()
        }
        _ => return Ok(None),
    };
    // A token lives on while its provider does not answer.
    if let Some(access) = kept.filter(|access| now.plus(LAST_USE) < access.expires_at) {
        return Ok(Some(access));
    }
    let unknown = || Trouble::new(Cause::Down).about("provider", &grant.key.provider);
    Err(Trouble::from_json(&problem).unwrap_or_else(unknown).into())
}

/// Another is asking, or nobody may ask any more.
fn waiting(key: &GrantKey) -> Trouble {
    Trouble::new(Cause::Waiting).about("provider", &key.provider)
}

fn not_connected(key: &GrantKey) -> Trouble {
    Trouble::new(Cause::NotConnected).about("identity", &key.identity).about("provider", &key.provider)
}

/// The access token that is kept. One that does not open, since its key is gone, is none: it can be had anew.
fn kept(grant: &Grant, deps: &Deps) -> Option<Access> {
    let sealed = grant.access_sealed.as_deref()?;
    let token = deps.vault.open(&access_row(grant.id), sealed).ok()?;
    let since = grant.refreshed_at.unwrap_or(Timestamp(0));
    Some(Access { token, version: grant.version, expires_at: grant.access_expires_at, since })
}

/// Asks the provider, and keeps what comes or why nothing does.
async fn renew(lock: &Lock, refused: Option<i64>, deps: &Deps) -> Result<Access, GrantError> {
    let grant = &lock.grant;
    match ask(grant, deps).await {
        Ok(tokens) => {
            crate::crash::point("tokens came");
            let now = deps.clock.now();
            let mine = keep::keep(lock, &tokens, now, deps).await?;
            crate::crash::point("tokens kept");
            works(&grant.key, grant.flow, now, deps).await;
            let Some(expires_at) = mine else { return newer(grant, deps).await };
            Ok(Access { token: tokens.access, version: grant.version + 1, expires_at, since: now })
        }
        Err(GrantError::Token(error)) => failed(grant, refused, error, deps).await,
        Err(other) => Err(other),
    }
}

/// The application gets tokens; a device's say nothing of its secret.
async fn works(key: &GrantKey, flow: Option<Flow>, now: Timestamp, deps: &Deps) {
    if flow == Some(Flow::Device) {
        return;
    }
    match deps.store.app_works(&key.provider, now).await {
        Ok(true) => tracing::info!(provider = key.provider, "the application gets tokens again"),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(provider = key.provider, %error, "that the application works could not be written down")
        }
    }
}

/// What another has written meanwhile, as a new consent does.
async fn newer(grant: &Grant, deps: &Deps) -> Result<Access, GrantError> {
    let now = deps.store.grant(grant.id).await?;
    kept(&now, deps).ok_or_else(|| not_connected(&now.key).into())
}

async fn ask(grant: &Grant, deps: &Deps) -> Result<Tokens, GrantError> {
    let provider = Provider::of(&deps.config, &grant.key)?;
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

/// The way to a provider.
pub fn http<'a>(provider: &Provider<'_>, deps: &'a Deps) -> HttpClient<'a> {
    HttpClient {
        egress: &deps.egress,
        deadlines: &deps.deadlines,
        largest: LARGEST_ANSWER,
        allow_http_loopback: provider.app.allow_http_loopback,
    }
}

/// Writes down whose business it is, so that no other mailbox asks in vain.
async fn failed(grant: &Grant, refused: Option<i64>, error: TokenError, deps: &Deps) -> Result<Access, GrantError> {
    let now = deps.clock.now();
    let cause = error.trouble.cause;
    match cause.whose() {
        // What is wrong here is wrong for this process, and says nothing of what others are told.
        CauseOwner::Here => return Err(error.into()),
        // A device sends no secret, so what is wrong is its own.
        CauseOwner::App if grant.flow != Some(Flow::Device) => {
            // One problem of the application, and not one of each of its grants.
            let (provider, problem) = (&grant.key.provider, error.trouble.to_json());
            if deps.store.app_failed(provider, &problem, now.plus(FIRST_WAIT), now).await? {
                tracing::error!(
                    provider,
                    cause = cause.id(),
                    "no mailbox of this application gets a token: {}",
                    error.trouble.sentence(Language::English)
                );
            }
        }
        // Nobody consents to what is the application's own.
        CauseOwner::Consent if grant.key.kind == GrantKind::Delegated => {
            let problem = GrantProblem {
                problem: error.trouble.to_json(),
                needs_consent: true,
                retry_at: None,
                told_until: None,
            };
            if !deps.store.grant_failed(grant, &problem, now).await? {
                // Another has renewed it meanwhile, and what we asked with was the old token.
                return newer(grant, deps).await;
            }
            return Err(error.into());
        }
        CauseOwner::Consent | CauseOwner::App | CauseOwner::Admin | CauseOwner::Provider | CauseOwner::Mailbox => {
            let times = u32::try_from(grant.failures.clamp(0, 6)).unwrap_or(0);
            let wait = match cause.whose() {
                CauseOwner::Provider => FIRST_WAIT.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_WAIT),
                _ => LONGEST_WAIT,
            };
            let problem = GrantProblem {
                problem: error.trouble.to_json(),
                needs_consent: false,
                retry_at: Some(now.plus(wait)),
                told_until: error.retry_after.map(|wait| now.plus(wait)),
            };
            if !deps.store.grant_failed(grant, &problem, now).await? {
                return newer(grant, deps).await;
            }
        }
    }
    // A token lives on while its provider does not answer.
    let kept = kept(grant, deps).filter(|access| refused != Some(access.version));
    kept.filter(|access| now.plus(LAST_USE) < access.expires_at).ok_or_else(|| error.into())
}

/// Gives a grant's tokens up at its provider. `false`: the provider has no place for that, or there is nothing to give up.
pub async fn revoke(grant: &Grant, deps: &Deps) -> Result<bool, GrantError> {
    let Some(sealed) = &grant.refresh_sealed else { return Ok(false) };
    let provider = Provider::of(&deps.config, &grant.key)?;
    let http = http(&provider, deps);
    let token = deps.vault.open(&refresh_row(grant.id), sealed).map_err(StoreError::Vault)?;
    Ok(TokenEndpoint { provider: &provider, http: &http }.revoke(&token, grant.flow).await?)
}
