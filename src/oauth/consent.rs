//! Checks and stores a consent.

use super::grant::{self, GrantError};
use super::identity::check;
use super::token::{TokenEndpoint, TokenError, Tokens};
use super::{OAuthDeps, Provider};
use crate::address::Address;
use crate::cause::{Cause, Trouble};
use crate::fact::Conflict;
use crate::store::{Flow, Grant, GrantKey, GrantKind, Login, StoreError};

/// The mailbox for which a consent has been requested.
pub struct ConsentRequest<'a> {
    pub address: &'a Address,
    /// The key of the mailbox's grant.
    pub key: GrantKey,
}

impl ConsentRequest<'_> {
    /// Checks a consent, and revokes it at once if it is from the wrong account.
    ///
    /// # Errors
    /// The consent is from another account, its account is not proven, or it lacks a scope or a refresh token.
    pub async fn check(
        &self,
        tokens: &Tokens,
        flow: Flow,
        endpoint: &TokenEndpoint<'_>,
        deps: &OAuthDeps,
    ) -> Result<(), GrantError> {
        if let Err(trouble) = check(tokens, endpoint.provider, &self.key.identity, deps.clock.now()) {
            revoke_wrong_consent(tokens, flow, endpoint, &trouble, deps).await;
            return Err(GrantError::Token(trouble.into()));
        }
        Ok(())
    }

    /// Stores a checked consent. Fails with `Conflict` if the mailbox was changed while the person consented.
    pub async fn keep(&self, tokens: &Tokens, flow: Flow, deps: &OAuthDeps) -> Result<(), GrantError> {
        let mailbox = deps.store.mailbox(self.address).await?;
        match mailbox.login {
            Login::OAuth { grant_id, key } if key == self.key => grant::connect(grant_id, flow, tokens, deps).await,
            _ => Err(StoreError::from(Conflict::MailboxChanged(self.address.to_string())).into()),
        }
    }

    /// Adds the mailbox and the grant as arguments of the cause's texts.
    pub fn with_args(&self, trouble: Trouble) -> Trouble {
        trouble
            .with_arg("mailbox", self.address.as_str())
            .with_arg("identity", &self.key.identity)
            .with_arg("kind", "delegated")
    }

    /// The provider of the grant, if an application is registered there.
    pub fn provider<'a>(&'a self, deps: &'a OAuthDeps) -> Result<Provider<'a>, TokenError> {
        Provider::for_grant(&deps.config, &self.key).map_err(TokenError::from)
    }
}

/// Revokes a consent from the wrong account, unless that would end a consent in use: Google revokes all consents of an
/// account together.
async fn revoke_wrong_consent(
    tokens: &Tokens,
    flow: Flow,
    endpoint: &TokenEndpoint<'_>,
    trouble: &Trouble,
    deps: &OAuthDeps,
) {
    let (Some(refresh), Some(found)) = (&tokens.refresh, trouble.args.get("found")) else { return };
    let Ok(grants) = deps.store.grants().await else { return };
    let provider = endpoint.provider.name;
    let is_in_use = |grant: &Grant| {
        grant.key.provider == provider && grant.refresh_sealed.is_some() && grant.key.kind == GrantKind::Delegated
    };
    if trouble.cause != Cause::WrongAccount || grants.iter().any(|g| is_in_use(g) && g.key.identity == *found) {
        return;
    }
    if let Err(error) = endpoint.revoke(refresh, Some(flow)).await {
        tracing::warn!(
            provider,
            cause = error.trouble.cause.id(),
            "a consent from the wrong account could not be revoked"
        );
    }
}
