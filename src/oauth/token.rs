//! Sends requests to a token endpoint (RFC 6749), and interprets the responses.

use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ErrorResponseType,
    ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardErrorResponse,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::answers;
use super::provider::Provider;
use crate::cause::{Cause, Trouble};
use crate::https::{HttpClient, HttpError};
use crate::store::Flow;

/// Additional fields of a token response.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct ExtraFields {
    id_token: Option<String>,
    /// The lifetime of a consent with a time limit, as Google sends it.
    refresh_token_expires_in: Option<u64>,
}

/// Never prints the fields, since they identify a person.
impl std::fmt::Debug for ExtraFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Beside")
    }
}

impl ExtraTokenFields for ExtraFields {}

type Response = StandardTokenResponse<ExtraFields, BasicTokenType>;

/// The `oauth2` client for a provider's token endpoint.
pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Response,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// A token response.
#[derive(Debug)]
pub struct Tokens {
    pub access: SecretString,
    /// Lifetime of the access token.
    pub lifetime: Duration,
    /// The refresh token, if the provider sent one.
    pub refresh: Option<SecretString>,
    /// Lifetime of the consent, if the provider limits it.
    pub consent_lifetime: Option<Duration>,
    /// The ID token, if the provider sent one.
    pub id_token: Option<SecretString>,
    /// The granted scopes; `None` means the requested ones (RFC 6749 5.1).
    pub scopes: Option<Vec<String>>,
}

/// A failed token request.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{trouble}")]
pub struct TokenError {
    /// The cause.
    pub trouble: Trouble,
    /// The time that the provider asks us to wait.
    pub retry_after: Option<Duration>,
}

impl From<Trouble> for TokenError {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, retry_after: None }
    }
}

/// The lifetime of a token if the response does not state it (RFC 6749 5.1 only recommends that).
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);
/// Longer lifetimes are capped. A token that the server refuses earlier is renewed then.
const MAX_LIFETIME: Duration = Duration::from_hours(24 * 30);

/// The token endpoint of one provider.
pub struct TokenEndpoint<'a> {
    pub provider: &'a Provider<'a>,
    /// The HTTP client.
    pub http: &'a HttpClient<'a>,
}

impl TokenEndpoint<'_> {
    /// The `oauth2` client; without the secret if `is_public`, for the flow of a public client.
    pub(super) fn client(&self, is_public: bool) -> Result<Client, Trouble> {
        let url = TokenUrl::from_url(self.provider.token_url()?);
        // The secret is sent in the body, since some providers decode it wrongly in the header (AADSTS7000215).
        let mut client = oauth2::Client::new(ClientId::new(self.provider.app.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(url);
        if !is_public && let Some(secret) = self.provider.secret()? {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Ok(client)
    }

    /// Exchanges an authorization code (RFC 6749 4.1.3, RFC 7636).
    pub async fn for_code(&self, code: &str, verifier: String, redirect: &url::Url) -> Result<Tokens, TokenError> {
        let client = self.client(false)?.set_redirect_uri(RedirectUrl::from_url(redirect.clone()));
        let response = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(self.http)
            .await;
        self.read(response)
    }

    /// Exchanges a refresh token (RFC 6749 6).
    pub async fn refresh(&self, token: &SecretString, flow: Option<Flow>) -> Result<Tokens, TokenError> {
        let client = self.client(flow == Some(Flow::Device))?;
        let token = RefreshToken::new(token.expose_secret().to_owned());
        self.read(client.exchange_refresh_token(&token).request_async(self.http).await)
    }

    /// Requests a token for the application itself (RFC 6749 4.4).
    pub async fn app_only(&self) -> Result<Tokens, TokenError> {
        let client = self.client(false)?;
        let scopes = self.provider.app.app_only_scopes.iter().cloned().map(Scope::new);
        self.read(client.exchange_client_credentials().add_scopes(scopes).request_async(self.http).await)
    }

    /// Revokes a token (RFC 7009). Returns false if the provider has no revocation endpoint.
    pub async fn revoke(&self, token: &SecretString, flow: Option<Flow>) -> Result<bool, TokenError> {
        let Some(url) = self.provider.url(&self.provider.app.revoke_url)? else { return Ok(false) };
        let secret = if flow == Some(Flow::Device) { None } else { self.provider.secret()? };
        let form = {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", "refresh_token");
            form.append_pair("client_id", &self.provider.app.client_id);
            if let Some(secret) = &secret {
                form.append_pair("client_secret", secret.expose_secret());
            }
            form.finish()
        };
        let request = hyper::Request::post(url.as_str())
            .header(hyper::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|_| self.trouble(Cause::Unreachable))?;
        let answer = self.http.send(request).await.map_err(|error| self.transport_error(&error))?;
        if answer.status().is_success() {
            return Ok(true);
        }
        match serde_json::from_slice::<BasicErrorResponse>(answer.body()) {
            // An unknown token counts as revoked (RFC 7009 2.2).
            Ok(refused) if matches!(refused.error().as_ref(), "invalid_token" | "invalid_grant") => Ok(true),
            Ok(refused) => Err(self.refused(&refused)),
            Err(_) => Err(self.trouble(Cause::NotJson).into()),
        }
    }

    pub(super) fn read(
        &self,
        response: Result<Response, RequestTokenError<HttpError, BasicErrorResponse>>,
    ) -> Result<Tokens, TokenError> {
        match response {
            Ok(response) => {
                let secret = |text: &str| SecretString::from(text);
                Ok(Tokens {
                    access: sendable(response.access_token().secret()).ok_or_else(|| self.trouble(Cause::NotJson))?,
                    lifetime: response.expires_in().unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME),
                    refresh: response
                        .refresh_token()
                        .map(|token| secret(token.secret()))
                        .filter(|t| !t.expose_secret().is_empty()),
                    consent_lifetime: response.extra_fields().refresh_token_expires_in.map(Duration::from_secs),
                    id_token: response.extra_fields().id_token.as_deref().map(secret),
                    scopes: response.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
                })
            }
            Err(RequestTokenError::ServerResponse(refused)) => Err(self.refused(&refused)),
            Err(RequestTokenError::Request(error)) => Err(self.transport_error(&error)),
            // The response is never quoted, since it may contain a token.
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => Err(self.trouble(Cause::NotJson).into()),
        }
    }

    /// Converts a standard error response (RFC 6749 5.2).
    pub(super) fn refused<T>(&self, refused: &StandardErrorResponse<T>) -> TokenError
    where
        T: ErrorResponseType + AsRef<str>,
    {
        let description = refused.error_description().map(String::as_str);
        answers::refused(self.provider, refused.error().as_ref(), description).into()
    }

    pub(super) fn transport_error(&self, error: &HttpError) -> TokenError {
        TokenError {
            trouble: self.trouble(error.cause).with_code(Some(error.detail.clone())),
            retry_after: error.retry_after,
        }
    }

    fn trouble(&self, cause: Cause) -> Trouble {
        self.provider.trouble(cause)
    }
}

/// Accepts an access token only if it consists of visible ASCII characters (RFC 6750 2.1 permits some of them), since
/// control characters delimit it in a SASL response.
fn sendable(token: &str) -> Option<SecretString> {
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| SecretString::from(token))
}
