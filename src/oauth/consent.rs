//! Keeping what a person has consented to, if it is what was wanted.

use super::grant::{self, GrantError};
use super::identity::check;
use super::token::{TokenEndpoint, TokenError, Tokens};
use super::{Deps, Provider};
use crate::address::Address;
use crate::cause::{Cause, Trouble};
use crate::fact::Conflict;
use crate::store::{Flow, Grant, GrantKey, GrantKind, Login, StoreError};

/// Whose consent is wanted, for which mailbox.
pub struct Wanted<'a> {
    /// The mailbox.
    pub address: &'a Address,
    /// The grant that it is opened with.
    pub key: GrantKey,
}

impl Wanted<'_> {
    /// Whether a consent is the one that was wanted; another is given up at once.
    ///
    /// # Errors
    /// It is another's, or of too little.
    pub async fn judge(
        &self,
        tokens: &Tokens,
        flow: Flow,
        endpoint: &TokenEndpoint<'_>,
        deps: &Deps,
    ) -> Result<(), GrantError> {
        if let Err(trouble) = check(tokens, endpoint.provider, &self.key.identity, deps.clock.now()) {
            drop_consent(tokens, flow, endpoint, &trouble, deps).await;
            return Err(GrantError::Token(trouble.into()));
        }
        Ok(())
    }

    /// Keeps a consent that was judged. Fails with `Conflict` if the mailbox was changed meanwhile: the person may have taken
    /// minutes.
    pub async fn keep(&self, tokens: &Tokens, flow: Flow, deps: &Deps) -> Result<(), GrantError> {
        let mailbox = deps.store.mailbox(self.address).await?;
        match mailbox.login {
            Login::OAuth { grant_id, key } if key == self.key => grant::connect(grant_id, flow, tokens, deps).await,
            _ => Err(StoreError::from(Conflict::MailboxChanged(self.address.to_string())).into()),
        }
    }

    /// A trouble with what its sentences name.
    pub fn told(&self, trouble: Trouble) -> Trouble {
        trouble.about("mailbox", self.address.as_str()).about("identity", &self.key.identity).about("kind", "delegated")
    }

    /// The endpoint's provider, if an application is registered there.
    pub fn provider<'a>(&'a self, deps: &'a Deps) -> Result<Provider<'a>, TokenError> {
        Provider::of(&deps.config, &self.key).map_err(TokenError::from)
    }
}

/// What somebody else has consented to is given up at once, unless that would end a consent that is wanted: Google ends all that an
/// account has consented to together.
async fn drop_consent(tokens: &Tokens, flow: Flow, endpoint: &TokenEndpoint<'_>, trouble: &Trouble, deps: &Deps) {
    let (Some(refresh), Some(found)) = (&tokens.refresh, trouble.about.get("found")) else { return };
    let Ok(grants) = deps.store.grants().await else { return };
    let provider = endpoint.provider.name;
    let may_be_wanted = |grant: &Grant| {
        grant.key.provider == provider && grant.refresh_sealed.is_some() && grant.key.kind == GrantKind::Delegated
    };
    if trouble.cause != Cause::WrongAccount || grants.iter().any(|g| may_be_wanted(g) && g.key.identity == *found) {
        return;
    }
    if let Err(error) = endpoint.revoke(refresh, Some(flow)).await {
        tracing::warn!(provider, cause = error.trouble.cause.id(), "the refused consent could not be given up");
    }
}
