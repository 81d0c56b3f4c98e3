//! Consent by device code (RFC 8628), in the browser of any machine, for operators at a command line.

use std::time::Duration;

use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponseType, RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
};

use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::Cause;
use crate::shown::shown;

/// A device code, with the instructions for the person.
pub struct DeviceCode {
    details: StandardDeviceAuthorizationResponse,
}

impl DeviceCode {
    /// Requests a device code.
    pub async fn request(endpoint: &TokenEndpoint<'_>) -> Result<Self, TokenError> {
        let provider = endpoint.provider;
        let none = || provider.trouble(Cause::NoDeviceCodes);
        let url = provider.url(&provider.app.device_url)?.ok_or_else(none)?;
        let client = endpoint.client(true)?.set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
        let scopes = provider.app.scopes.iter().cloned().map(Scope::new);
        let response: Result<StandardDeviceAuthorizationResponse, _> =
            client.exchange_device_code().add_scopes(scopes).request_async(endpoint.http).await;
        match response {
            Ok(details) => Ok(Self { details }),
            Err(RequestTokenError::ServerResponse(refused)) => Err(endpoint.refused(&refused)),
            Err(RequestTokenError::Request(error)) => Err(endpoint.transport_error(&error)),
            Err(_) => Err(provider.trouble(Cause::NotJson).into()),
        }
    }

    /// The page to open.
    pub fn page(&self) -> String {
        shown(self.details.verification_uri().as_str())
    }

    /// The code to enter on that page.
    pub fn code(&self) -> String {
        shown(self.details.user_code().secret())
    }

    /// Lifetime of the code.
    pub fn lifetime(&self) -> Duration {
        self.details.expires_in()
    }

    /// Polls until the person consents or declines, or the code expires. `pause` sleeps for the given time.
    pub async fn wait<P: Future<Output = ()>>(
        &self,
        endpoint: &TokenEndpoint<'_>,
        pause: impl Fn(Duration) -> P,
    ) -> Result<Tokens, TokenError> {
        let provider = endpoint.provider;
        let client = endpoint.client(true)?;
        let response = client
            .exchange_device_access_token(&self.details)
            .request_async(endpoint.http, pause, Some(self.lifetime()))
            .await;
        match response {
            Ok(response) => endpoint.read(Ok(response)),
            Err(RequestTokenError::ServerResponse(refused)) => Err(match refused.error() {
                DeviceCodeErrorResponseType::AccessDenied => provider.trouble(Cause::Denied).into(),
                DeviceCodeErrorResponseType::ExpiredToken => provider.trouble(Cause::TimedOut).into(),
                _ => endpoint.refused(&refused),
            }),
            Err(RequestTokenError::Request(error)) => Err(endpoint.transport_error(&error)),
            Err(_) => Err(provider.trouble(Cause::NotJson).into()),
        }
    }
}
