//! Checks who has consented, and to which scopes, before a consent is stored.

use secrecy::ExposeSecret;

use super::claims::Claims;
use super::provider::Provider;
use super::token::Tokens;
use crate::cause::{Cause, Trouble};
use crate::clock::Timestamp;
use crate::shown::shown;

/// Permitted clock difference, in seconds.
const SKEW: f64 = 300.0;

/// Scopes that grant no access to mail, and may be missing.
const OPTIONAL_SCOPES: [&str; 4] = ["openid", "email", "profile", "offline_access"];

/// Checks that a consent is from `wanted`, has the requested scopes, and has a refresh token. Returns the identity.
pub fn check(tokens: &Tokens, provider: &Provider<'_>, wanted: &str, now: Timestamp) -> Result<String, Trouble> {
    let identity = identity_of(tokens, provider, wanted, now)?;
    check_scopes(tokens, provider)?;
    if tokens.refresh.is_none() {
        return Err(provider.trouble(Cause::NoRefreshToken));
    }
    Ok(identity)
}

/// The identity from the ID token or, without one, from a readable access token. The token may contain several names:
/// at Microsoft the login name and the mail address may differ.
fn identity_of(tokens: &Tokens, provider: &Provider<'_>, wanted: &str, now: Timestamp) -> Result<String, Trouble> {
    let id_token = tokens.id_token.as_ref().map(|token| Claims::read(token.expose_secret()).unwrap_or_default());
    if let Some(claims) = &id_token {
        let issuer = claims.iss.as_deref().unwrap_or_default();
        if !provider.issued_by(issuer, claims.tid.as_deref()) {
            return Err(provider.trouble(Cause::WrongIssuer).with_arg("issuer", shown(issuer)));
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
    Err(provider.trouble(Cause::WrongAccount).with_arg("wanted", wanted).with_arg("found", shown(first)))
}

/// Checks that all necessary scopes were granted: people may deselect scopes (Google), and providers may grant fewer
/// than requested (RFC 6749 3.3).
fn check_scopes(tokens: &Tokens, provider: &Provider<'_>) -> Result<(), Trouble> {
    let Some(granted) = &tokens.scopes else { return Ok(()) };
    let missing = provider.app.scopes.iter().find(|wanted| {
        !OPTIONAL_SCOPES.contains(&wanted.as_str())
            && !granted.iter().any(|scope| comparable(scope) == comparable(wanted))
    });
    missing.map_or(Ok(()), |scope| Err(provider.trouble(Cause::ScopeMissing).with_arg("scope", scope)))
}

/// The comparable part of a scope: Microsoft repeats its own scopes under another host name.
fn comparable(scope: &str) -> String {
    scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}
