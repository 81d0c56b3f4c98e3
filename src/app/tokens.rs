//! Tokens of the API.

use super::organisations::{Owner, owner};
use super::{Acting, Error, Target, meant};
use crate::fact::{AuditEvent, Resource};
use crate::opaque;
use crate::store::{NewToken, Organisation, Token, TokenScope};

/// A token that was just made.
pub struct MadeToken {
    /// Its row.
    pub id: i64,
    /// The organisation whose things it is for; `None`: everybody's.
    pub organisation: Option<Organisation>,
    /// The token itself. Only its hash is kept, so it can be shown now and never again.
    pub token: String,
}

/// The tokens that were made by a revoked one, by those in turn, and so on.
pub struct RevokedToken {
    /// The revoked token.
    pub token: Token,
    /// Their names.
    pub made: Vec<String>,
}

/// Makes a token. It is never broader than its maker.
///
/// # Errors
/// [`crate::fact::Conflict::InvalidTokenName`], [`crate::fact::Conflict::TokenExists`]; the organisation is missing.
pub async fn make(acting: Acting<'_>, name: &str, scope: TokenScope, of: &Owner) -> Result<MadeToken, Error> {
    let mut tx = acting.begin().await?;
    let organisation = owner(acting, of, &mut tx).await?;
    let (token, name) = (opaque::new(opaque::TOKEN), name.trim());
    let organisation_id = organisation.as_ref().map(|organisation| organisation.id);
    let maker = acting.actor.link_maker(acting.actor.person());
    let new = NewToken { name, hash: &opaque::hash(&token), scope, organisation_id, maker };
    let id = tx.add_token(new, acting.now).await?;
    let done = AuditEvent::TokenCreated { scope: scope.as_str().to_owned() };
    acting.finish(tx, &done, Target { organisation: organisation_id, name }).await?;
    Ok(MadeToken { id, organisation, token })
}

/// Which token is meant.
pub enum WhichToken<'a> {
    /// The one of this name; where several organisations have one, this organisation's.
    Named { name: &'a str, organisation: Option<&'a str> },
    /// The one of this name and row.
    Row { name: &'a str, id: Option<i64> },
}

/// The token that is meant.
///
/// # Errors
/// It is missing; several organisations have one of this name.
pub async fn find(acting: Acting<'_>, which: &WhichToken<'_>) -> Result<Token, Error> {
    match which {
        WhichToken::Named { name, organisation } => Ok(acting.store.token(name, *organisation, acting.scope()).await?),
        WhichToken::Row { name, id } => {
            let is_meant = |token: &Token| token.name == *name && id.is_none_or(|id| id == token.id);
            let mut meant = acting.store.tokens(acting.scope()).await?.into_iter().filter(is_meant);
            match (meant.next(), meant.next()) {
                (Some(token), None) => Ok(token),
                _ => Err(Error::Missing(Resource::Token((*name).to_owned()))),
            }
        }
    }
}

/// Revokes a token: it is refused from then on. Tokens made by it go too where `with_made` says so.
///
/// # Errors
/// It is missing, or is not the one that was meant.
pub async fn revoke(
    acting: Acting<'_>,
    which: WhichToken<'_>,
    with_made: bool,
    is_meant: impl FnOnce(&Token) -> bool,
) -> Result<RevokedToken, Error> {
    let token = find(acting, &which).await?;
    meant(&token, is_meant)?;
    let mut tx = acting.begin().await?;
    let made: Vec<String> = tx.tokens_made_by(token.id).await?.into_iter().map(|one| one.name).collect();
    if tx.revoke_token(token.id, with_made).await? == 0 {
        return Err(Error::Missing(Resource::Token(token.name))); // revoked by somebody else meanwhile
    }
    let done = AuditEvent::TokenRevoked { made: made.clone(), made_revoked: with_made };
    let target = Target { organisation: token.organisation_id, name: &token.name };
    acting.finish(tx, &done, target).await?;
    Ok(RevokedToken { token, made })
}
