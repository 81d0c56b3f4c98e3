//! Consent by device code (RFC 8628): on any machine with a browser, for operators at a command line.

use std::time::Duration;

use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponseType, RequestTokenError, Scope, StandardDeviceAuthorizationResponse,
};

use super::token::{TokenEndpoint, TokenError, Tokens};
use crate::cause::Cause;
use crate::shown::shown;

/// A device code, and what the person is to do with it.
pub struct DeviceCode {
    details: StandardDeviceAuthorizationResponse,
}

impl DeviceCode {
    /// Asks for one.
    pub async fn ask(endpoint: &TokenEndpoint<'_>) -> Result<Self, TokenError> {
        let provider = endpoint.provider;
        let none = || provider.trouble(Cause::NoDeviceCodes);
        let url = provider.url(&provider.app.device_url)?.ok_or_else(none)?;
        let client = endpoint.client(true)?.set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
        let scopes = provider.app.scopes.iter().cloned().map(Scope::new);
        let asked: Result<StandardDeviceAuthorizationResponse, _> =
            client.exchange_device_code().add_scopes(scopes).request_async(endpoint.http).await;
        match asked {
            Ok(details) => Ok(Self { details }),
            Err(RequestTokenError::ServerResponse(refused)) => Err(endpoint.refused(&refused)),
            Err(RequestTokenError::Request(error)) => Err(endpoint.unanswered(&error)),
            Err(_) => Err(provider.trouble(Cause::NotJson).into()),
        }
    }

    /// Where to go.
    pub fn page(&self) -> String {
        shown(self.details.verification_uri().as_str())
    }

    /// What to enter there.
    pub fn code(&self) -> String {
        shown(self.details.user_code().secret())
    }

    /// How long it holds.
    pub fn lifetime(&self) -> Duration {
        self.details.expires_in()
    }

    /// Asks again and again until the person has entered it, said no, or let it run out. `pause` waits as long as it is told.
    pub async fn wait<P: Future<Output = ()>>(
        &self,
        endpoint: &TokenEndpoint<'_>,
        pause: impl Fn(Duration) -> P,
    ) -> Result<Tokens, TokenError> {
        let provider = endpoint.provider;
        let client = endpoint.client(true)?;
        let asked = client
            .exchange_device_access_token(&self.details)
            .request_async(endpoint.http, pause, Some(self.lifetime()))
            .await;
        match asked {
            Ok(response) => endpoint.read(Ok(response)),
            Err(RequestTokenError::ServerResponse(refused)) => Err(match refused.error() {
                DeviceCodeErrorResponseType::AccessDenied => provider.trouble(Cause::Denied).into(),
                DeviceCodeErrorResponseType::ExpiredToken => provider.trouble(Cause::TimedOut).into(),
                _ => endpoint.refused(&refused),
            }),
            Err(RequestTokenError::Request(error)) => Err(endpoint.unanswered(&error)),
            Err(_) => Err(provider.trouble(Cause::NotJson).into()),
        }
    }
}
