//! Consent in the browser: the authorization code flow with PKCE (RFC 6749 4.1, RFC 7636, RFC 9700).

use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde::{Deserialize, Serialize};
use url::Url;

use super::answers;
use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::{Cause, Trouble};
use crate::shown::shown;

/// A pending consent. Its `state` ties it to one browser session, and it can be used once.
pub struct ConsentAttempt {
    /// The page where the person consents.
    pub link: Url,
    redirect: Url,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
}

/// The query parameters of the redirect.
#[derive(Deserialize)]
pub struct Callback {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Callback {
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

impl ConsentAttempt {
    /// Starts a consent, with the wanted account as the login hint.
    pub fn begin(endpoint: &TokenEndpoint<'_>, wanted: &str, redirect: Url) -> Result<Self, Trouble> {
        let provider = endpoint.provider;
        let none = || provider.trouble(Cause::FlowNotAllowed);
        let authorize = provider.url(&provider.app.authorize_url)?.ok_or_else(none)?;
        let client = endpoint
            .client(false)?
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_redirect_uri(RedirectUrl::from_url(redirect.clone()));
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(|| CsrfToken::new_random_len(32))
            .add_scopes(provider.app.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("login_hint", wanted);
        for (name, value) in &provider.app.authorize_params {
            request = request.add_extra_param(name, value);
        }
        let (link, state) = request.url();
        Ok(Self { link, redirect, state, verifier })
    }

    /// The data needed after the redirect, to be stored encrypted until then.
    pub fn to_pending(&self) -> PendingConsent {
        PendingConsent {
            state: self.state.secret().clone(),
            verifier: self.verifier.secret().clone(),
            redirect: self.redirect.clone(),
        }
    }

    /// Handles the redirect: checks it and exchanges its code for tokens. Consumes the attempt.
    pub async fn finish(self, callback: Callback, endpoint: &TokenEndpoint<'_>) -> Result<Tokens, TokenError> {
        self.to_pending().finish(callback, endpoint).await
    }
}

/// The stored form of a pending consent.
#[derive(Serialize, Deserialize)]
pub struct PendingConsent {
    state: String,
    verifier: String,
    redirect: Url,
}

impl PendingConsent {
    /// The `state` of the pending consent.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Handles the redirect: checks it and exchanges its code for tokens. Consumes the attempt.
    pub async fn finish(self, callback: Callback, endpoint: &TokenEndpoint<'_>) -> Result<Tokens, TokenError> {
        let provider = endpoint.provider;
        if !callback.state.is_some_and(|state| equal_in_constant_time(state.as_bytes(), self.state.as_bytes())) {
            return Err(provider.trouble(Cause::WrongState).into());
        }
        // RFC 9207: a response with another issuer is a mix-up. The tenant in Microsoft's issuer is not known yet, so
        // any tenant is accepted here.
        if let Some(iss) = callback.iss.filter(|iss| !provider.issued_by(iss, tenant_in(iss))) {
            return Err(provider.trouble(Cause::WrongIssuer).with_arg("issuer", shown(&iss)).into());
        }
        if let Some(error) = callback.error {
            return Err(answers::refused(provider, &error, callback.error_description.as_deref()).into());
        }
        let code = callback.code.ok_or_else(|| provider.trouble(Cause::WrongState))?;
        endpoint.for_code(&code, self.verifier, &self.redirect).await
    }
}

/// The tenant in `https://login.microsoftonline.com/TENANT/v2.0`.
fn tenant_in(issuer: &str) -> Option<&str> {
    issuer.split('/').nth(3)
}

/// Whether two texts are equal, compared in constant time, so that the duration does not reveal where they differ.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
