//! Consents: a person lets us read mail at an identity provider.

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{Conflict, Done, GivenUp};
use crate::oauth::{self, revocation};
use crate::store::{GrantKind, Login, Mailbox};

/// Writes down that somebody was sent to consent.
///
/// # Errors
/// The actor may only look.
pub async fn ask(acting: Acting<'_>, mailbox: &Mailbox, identity: &str) -> Result<(), Error> {
    let tx = acting.begin().await?;
    acting.finish(tx, &Done::ConsentAsked { identity: identity.to_owned() }, target(mailbox)).await
}

/// Writes down that somebody has consented for a mailbox, as it was when they were asked. It is polled at once where it had waited
/// for that.
///
/// # Errors
/// The actor may only look.
pub async fn given(acting: Acting<'_>, mailbox: &Mailbox, identity: &str) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    tx.consented(mailbox.id, &mailbox.username, acting.now).await?;
    acting.finish(tx, &Done::ConsentGiven { identity: identity.to_owned() }, target(mailbox)).await
}

/// Gives the consent of a mailbox up, at its provider and here, with all mailboxes that are opened with it.
///
/// # Errors
/// [`Conflict::NoConsentOfApplication`], [`Conflict::NoConsentOfPassword`]; it is being renewed just now.
pub async fn give_up(acting: Acting<'_>, mailbox: &Mailbox, deps: &oauth::OAuthDeps) -> Result<GivenUp, Error> {
    let grant_id = match &mailbox.login {
        Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly => {
            return Err(Conflict::NoConsentOfApplication.into());
        }
        Login::OAuth { grant_id, .. } => *grant_id,
        Login::Password(_) => return Err(Conflict::NoConsentOfPassword.into()),
    };
    acting.actor.may_change()?;
    let held = revocation::lock_consent(grant_id, deps).await?;
    let consent = held.end(deps).await.unwrap_or(GivenUp::Shared);
    let forgotten = async {
        let mut tx = acting.begin().await?;
        tx.forget_tokens(grant_id).await?;
        acting.finish(tx, &Done::ConsentGivenUp { consent: consent.clone() }, target(mailbox)).await
    };
    let forgotten = forgotten.await;
    held.release(deps).await;
    forgotten.map(|()| consent)
}
