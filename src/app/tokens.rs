//! API tokens.

use super::organisations::{Owner, owner};
use super::{Acting, Error, Target, check_precondition};
use crate::fact::{AuditEvent, Resource};
use crate::opaque;
use crate::store::{NewToken, Organisation, Token, TokenScope};

/// A new token.
pub struct IssuedToken {
    /// The row number of the token.
    pub id: i64,
    /// The organisation that the token is limited to; `None`: all organisations.
    pub organisation: Option<Organisation>,
    /// The secret token. Only the hash is stored, so the token can be shown only once.
    pub token: String,
}

/// A revoked token with the tokens that were created with it, directly or indirectly.
pub struct RevokedToken {
    /// The revoked token.
    pub token: Token,
    /// Names of the tokens that were created with the revoked token.
    pub descendants: Vec<String>,
}

/// Creates a token. Its rights never exceed those of its creator.
///
/// # Errors
/// [`crate::fact::Conflict::InvalidTokenName`], [`crate::fact::Conflict::TokenExists`]; the organisation is missing.
pub async fn create(acting: Acting<'_>, name: &str, scope: TokenScope, of: &Owner) -> Result<IssuedToken, Error> {
    let mut tx = acting.begin().await?;
    let organisation = owner(acting, of, &mut tx).await?;
    let (token, name) = (opaque::new(opaque::TOKEN), name.trim());
    let organisation_id = organisation.as_ref().map(|organisation| organisation.id);
    let creator = acting.actor.link_creator(acting.actor.person());
    let new = NewToken { name, hash: &opaque::hash(&token), scope, organisation_id, creator };
    let id = tx.add_token(new, acting.now).await?;
    let done = AuditEvent::TokenCreated { scope: scope.as_str().to_owned() };
    acting.finish(tx, &done, Target { organisation: organisation_id, name }).await?;
    Ok(IssuedToken { id, organisation, token })
}

/// Identifies a token.
pub enum TokenSelector<'a> {
    /// Selects a token by name. `organisation` is needed if several organisations have a token with this name.
    Named { name: &'a str, organisation: Option<&'a str> },
    /// Selects a token by name and, if given, row number.
    Row { name: &'a str, id: Option<i64> },
}

/// Finds a token.
///
/// # Errors
/// The actor sees no such token, or several organisations have a token with this name.
pub async fn find(acting: Acting<'_>, which: &TokenSelector<'_>) -> Result<Token, Error> {
    match which {
        TokenSelector::Named { name, organisation } => {
            Ok(acting.store.token(name, *organisation, acting.scope()).await?)
        }
        TokenSelector::Row { name, id } => {
            let precondition = |token: &Token| token.name == *name && id.is_none_or(|id| id == token.id);
            let mut meant = acting.store.tokens(acting.scope()).await?.into_iter().filter(precondition);
            match (meant.next(), meant.next()) {
                (Some(token), None) => Ok(token),
                _ => Err(Error::Missing(Resource::Token((*name).to_owned()))),
            }
        }
    }
}

/// Revokes a token at once; `with_made` also revokes the tokens that were created with it.
///
/// # Errors
/// The token does not exist or does not meet the precondition.
pub async fn revoke(
    acting: Acting<'_>,
    which: TokenSelector<'_>,
    with_made: bool,
    precondition: impl FnOnce(&Token) -> bool,
) -> Result<RevokedToken, Error> {
    let token = find(acting, &which).await?;
    check_precondition(&token, precondition)?;
    let mut tx = acting.begin().await?;
    let descendants: Vec<String> = tx.descendants_of_token(token.id).await?.into_iter().map(|one| one.name).collect();
    if tx.revoke_token(token.id, with_made).await? == 0 {
        return Err(Error::Missing(Resource::Token(token.name))); // another request revoked it first
    }
    let done = AuditEvent::TokenRevoked { made: descendants.clone(), made_revoked: with_made };
    let target = Target { organisation: token.organisation_id, name: &token.name };
    acting.finish(tx, &done, target).await?;
    Ok(RevokedToken { token, descendants })
}
