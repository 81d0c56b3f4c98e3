//! Consents: a person authorises Mailferry at an identity provider to read mail.

use super::mailboxes::target;
use super::{Acting, Error};
use crate::fact::{AuditEvent, Conflict, RevocationOutcome};
use crate::oauth::{self, revocation};
use crate::store::{GrantKind, Login, Mailbox};

/// Writes the audit line that a person was sent to the provider to give consent.
///
/// # Errors
/// The actor has read-only access.
pub async fn audit_request(acting: Acting<'_>, mailbox: &Mailbox, identity: &str) -> Result<(), Error> {
    let tx = acting.begin().await?;
    acting.finish(tx, &AuditEvent::ConsentAsked { identity: identity.to_owned() }, target(mailbox)).await
}

/// Records the consent that a person gave for a mailbox, under the login name that the mailbox had when the consent was
/// requested. If the mailbox was waiting for the consent, it is polled at once.
///
/// # Errors
/// The actor has read-only access.
pub async fn record(acting: Acting<'_>, mailbox: &Mailbox, identity: &str) -> Result<(), Error> {
    let mut tx = acting.begin().await?;
    tx.record_consent(mailbox.id, &mailbox.username, acting.now).await?;
    acting.finish(tx, &AuditEvent::ConsentGiven { identity: identity.to_owned() }, target(mailbox)).await
}

/// Revokes the consent of a mailbox at its provider and deletes the stored tokens. Every mailbox that shares the consent loses
/// access.
///
/// # Errors
/// [`Conflict::AppOnlyHasNoConsent`], [`Conflict::PasswordHasNoConsent`]; the consent is being renewed at this moment.
pub async fn revoke(
    acting: Acting<'_>,
    mailbox: &Mailbox,
    deps: &oauth::OAuthDeps,
) -> Result<RevocationOutcome, Error> {
    let grant_id = match &mailbox.login {
        Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly => {
            return Err(Conflict::AppOnlyHasNoConsent.into());
        }
        Login::OAuth { grant_id, .. } => *grant_id,
        Login::Password(_) => return Err(Conflict::PasswordHasNoConsent.into()),
    };
    acting.actor.may_change()?;
    let held = revocation::lock_consent(grant_id, deps).await?;
    let consent = held.end(deps).await.unwrap_or(RevocationOutcome::Shared);
    let forgotten = async {
        let mut tx = acting.begin().await?;
        tx.delete_tokens(grant_id).await?;
        acting.finish(tx, &AuditEvent::ConsentGivenUp { consent: consent.clone() }, target(mailbox)).await
    };
    let forgotten = forgotten.await;
    held.release(deps).await;
    forgotten.map(|()| consent)
}
