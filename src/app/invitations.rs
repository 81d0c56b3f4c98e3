//! Invitations: links for creating an account.

use std::time::Duration;

use super::error::Forbidden;
use super::organisations::{Owner, owner_of_person};
use super::{Acting, Actor, Error, Target};
use crate::clock::Timestamp;
use crate::fact::{AuditEvent, Resource};
use crate::opaque;
use crate::store::{LinkClaim, NewLink, NewPerson, Purpose, Role, Store, StoreError};
use crate::vault::hex;

/// How long an invitation is valid.
const LIFETIME: Duration = Duration::from_hours(7 * 24);

/// How long the link for the first account is valid.
const SETUP_LIFETIME: Duration = Duration::from_hours(24);

/// Creates the single-use link for the first operator's account and returns the key of the link; `None` if a user exists
/// already.
///
/// # Errors
/// The database fails.
pub async fn set_up(store: &Store, now: Timestamp) -> Result<Option<String>, StoreError> {
    if store.has_people().await? {
        return Ok(None);
    }
    let key = opaque::new("");
    let link = NewLink {
        key_hash: &opaque::hash(&key),
        purpose: &Purpose::Setup,
        creator: "serve".into(),
        expires_at: now.plus(SETUP_LIFETIME),
    };
    let mut tx = store.begin().await?;
    tx.add_link(link, now).await?;
    tx.commit().await?;
    Ok(Some(key))
}

/// Invites a user and returns the key of the link. Only the hash of the key is stored, so the key can be shown only once.
///
/// # Errors
/// The actor has read-only access, or invites an operator without being one.
pub async fn invite(acting: Acting<'_>, role: Role, of: &Owner) -> Result<String, Error> {
    if role == Role::Operator && acting.actor.may_do_all().is_err() {
        return Err(Forbidden::OneOrganisation.into());
    }
    let mut tx = acting.begin().await?;
    let organisation_id = owner_of_person(acting, role, of, &mut tx).await?;
    let (key, name) = (opaque::new(""), acting.actor.name());
    let link = NewLink {
        key_hash: &opaque::hash(&key),
        purpose: &Purpose::Invite { role, organisation_id },
        creator: acting.actor.link_creator(&name),
        expires_at: acting.now.plus(LIFETIME),
    };
    tx.add_link(link, acting.now).await?;
    let target = Target { organisation: organisation_id, name: role.as_str() };
    acting.finish(tx, &AuditEvent::PersonInvited, target).await?;
    Ok(key)
}

/// Revokes an invitation. `key_hash` is the hash of its key in hexadecimal.
///
/// # Errors
/// The invitation does not exist, or the actor may not see it.
pub async fn revoke(acting: Acting<'_>, key_hash: &str) -> Result<(), Error> {
    let missing = || Error::Missing(Resource::Invitation);
    let open = acting.store.open_invitations(acting.scope(), acting.now).await?;
    let one = open.into_iter().find(|one| hex(&one.key_hash) == key_hash).ok_or_else(missing)?;
    let mut tx = acting.begin().await?;
    if !tx.revoke_invitation(&one.key_hash, acting.scope()).await? {
        return Err(missing());
    }
    let target = Target { organisation: one.organisation_id, name: one.role.as_str() };
    acting.finish(tx, &AuditEvent::InvitationRevoked, target).await
}

/// Adds the user for whom a claimed link was made, and uses up the link in the same transaction.
///
/// # Errors
/// [`Error::LinkInvalid`]; or the name is taken, in which case the link stays valid.
pub async fn accept(acting: Acting<'_>, claim: &LinkClaim, new: &NewPerson<'_>, invited_by: &str) -> Result<(), Error> {
    debug_assert!(matches!(acting.actor, Actor::Guest { .. }));
    let mut tx = acting.begin().await?;
    tx.consume_link(claim, acting.now).await?;
    tx.add_person(new, acting.now).await?;
    let done = AuditEvent::PersonJoined { invited_by: invited_by.to_owned() };
    let name = acting.actor.name();
    acting.finish(tx, &done, Target { organisation: new.organisation_id, name: &name }).await
}
