//! Users who sign in to the pages.

use super::error::Forbidden;
use super::organisations::{Owner, owner_of_person};
use super::{Acting, Actor, Error, Target, check_precondition};
use crate::fact::{AuditEvent, Conflict, Resource};
use crate::store::{NewPerson, Person, Role};

/// The user as the object of an audit line.
fn target(person: &Person) -> Target<'_> {
    Target { organisation: person.organisation_id, name: &person.name }
}

/// Finds a user by name.
///
/// # Errors
/// The user does not exist, or the actor may not see them.
pub async fn find(acting: Acting<'_>, name: &str) -> Result<Person, Error> {
    visible(acting, name, acting.store.person(name).await?)
}

fn visible(acting: Acting<'_>, name: &str, person: Option<Person>) -> Result<Person, Error> {
    let own = acting.actor.organisation();
    let person = person.filter(|person| own.is_none() || person.organisation_id == own);
    person.ok_or_else(|| Error::Missing(Resource::Person(name.to_owned())))
}

/// Adds a user with a password. Language and time zone are taken from the browser at the first login.
///
/// # Errors
/// [`Conflict::PersonExists`], [`Conflict::InvalidPersonName`]; the organisation is missing.
pub async fn add(acting: Acting<'_>, name: &str, role: Role, of: &Owner, password_hash: &str) -> Result<Person, Error> {
    let mut tx = acting.begin().await?;
    let organisation_id = owner_of_person(acting, role, of, &mut tx).await?;
    let password_hash = Some(password_hash);
    let new = NewPerson { name, role, organisation_id, password_hash, language: "", zone: "" };
    tx.add_person(&new, acting.now).await?;
    let person = tx.person(name).await?.ok_or(Error::Conflict(Conflict::InvalidPersonName))?;
    acting.finish(tx, &AuditEvent::PersonAdded, target(&person)).await?;
    Ok(person)
}

/// Removes a user, their sessions, and the links and tokens they made. Returns the number of tokens removed.
///
/// # Errors
/// The user does not exist or does not meet the precondition; [`Conflict::LastOperator`]; [`Forbidden::Yourself`].
pub async fn remove(acting: Acting<'_>, name: &str, precondition: impl FnOnce(&Person) -> bool) -> Result<u64, Error> {
    let mut tx = acting.begin().await?;
    let person = visible(acting, name, tx.person(name).await?)?;
    check_precondition(&person, precondition)?;
    if matches!(acting.actor, Actor::Person(one) if one.id == person.id) {
        return Err(Forbidden::Yourself.into());
    }
    let tokens = tx.remove_person(&person).await?;
    acting.finish(tx, &AuditEvent::PersonRemoved { tokens }, target(&person)).await?;
    Ok(tokens)
}

/// Sets a user's password. All their sessions end, and single sign-on has to be linked again.
///
/// # Errors
/// The user does not exist, or the actor may not see them.
pub async fn reset_password(acting: Acting<'_>, name: &str, hash: &str) -> Result<Person, Error> {
    let mut tx = acting.begin().await?;
    let person = visible(acting, name, tx.person(name).await?)?;
    tx.set_password(person.id, hash, None).await?;
    tx.forget_subject(person.id).await?;
    acting.finish(tx, &AuditEvent::PasswordChanged, target(&person)).await?;
    Ok(person)
}

/// Sets the actor's own password and ends all their sessions except the one with this key.
///
/// # Errors
/// The database fails.
pub async fn change_own_password(
    acting: Acting<'_>,
    me: &Person,
    hash: &str,
    session: Option<&[u8]>,
) -> Result<(), Error> {
    let mut tx = acting.store.begin().await?;
    tx.set_password(me.id, hash, session).await?;
    acting.finish(tx, &AuditEvent::PasswordChanged, target(me)).await
}
