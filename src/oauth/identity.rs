//! Who has consented, and to what: checked before anything of a consent is kept.

use secrecy::ExposeSecret;

use super::claims::Claims;
use super::provider::Provider;
use super::token::Tokens;
use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::shown::shown;

/// Clocks may differ by so much, in seconds.
const SKEW: f64 = 300.0;

/// Scopes that are no right to mail, so nobody misses them.
const NO_RIGHTS: [&str; 4] = ["openid", "email", "profile", "offline_access"];

/// Checks that a consent is of `wanted`, holds what was asked for, and lasts. Returns the identity as the provider writes it.
pub fn check(tokens: &Tokens, provider: &Provider<'_>, wanted: &str, now: Timestamp) -> Result<String, Trouble> {
    let identity = who(tokens, provider, wanted, now)?;
    scopes(tokens, provider)?;
    if tokens.refresh.is_none() {
        return Err(provider.trouble(Cause::NoRefreshToken));
    }
    Ok(identity)
}

/// From the ID token or, where none comes, from the access token if it can be read. More than one name may be right: at
/// Microsoft the login name and the mail address may differ.
fn who(tokens: &Tokens, provider: &Provider<'_>, wanted: &str, now: Timestamp) -> Result<String, Trouble> {
    let id_token = tokens.id_token.as_ref().map(|token| Claims::read(token.expose_secret()).unwrap_or_default());
    if let Some(claims) = &id_token {
        let issuer = claims.iss.as_deref().unwrap_or_default();
        if !provider.issued_by(issuer, claims.tid.as_deref()) {
            return Err(provider.trouble(Cause::WrongIssuer).about("issuer", shown(issuer)));
        }
        let is_ours = claims.aud.contains(&provider.app.client_id);
        let seconds = now.0 as f64 / 1000.0;
        if !is_ours || claims.exp.is_none_or(|exp| exp + SKEW < seconds) {
            return Err(provider.trouble(Cause::NoIdentity));
        }
    }
    let access = || Claims::read(tokens.access.expose_secret());
    let identities = id_token.or_else(access).map(|claims| claims.identities()).unwrap_or_default();
    let Some(first) = identities.first() else {
        return Err(provider.trouble(Cause::NoIdentity));
    };
    if identities.iter().any(|identity| *identity == wanted.to_lowercase()) {
        return Ok(wanted.to_lowercase());
    }
    Err(provider.trouble(Cause::WrongAccount).about("wanted", wanted).about("found", shown(first)))
}

/// People may untick what they are asked for (Google), and providers may grant less (RFC 6749 3.3).
fn scopes(tokens: &Tokens, provider: &Provider<'_>) -> Result<(), Trouble> {
    let Some(granted) = &tokens.scopes else { return Ok(()) };
    let missing = provider.app.scopes.iter().find(|wanted| {
        !NO_RIGHTS.contains(&wanted.as_str()) && !granted.iter().any(|scope| short(scope) == short(wanted))
    });
    missing.map_or(Ok(()), |scope| Err(provider.trouble(Cause::ScopeMissing).about("scope", scope)))
}

/// A scope as it can be compared: Microsoft repeats its own under another host's name.
fn short(scope: &str) -> String {
    scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}
