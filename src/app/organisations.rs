//! Organisations: the owners of inboxes, mailboxes, users and tokens.

use super::{Acting, Error, Target};
use crate::fact::{AuditEvent, Conflict, Resource};
use crate::store::{Organisation, Role, Scope, Tx};

/// The organisation that a new inbox, user or token will belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The actor's own organisation; an actor who sees all organisations has none.
    Own,
    /// The organisation with this row number.
    Row(i64),
    /// The existing organisation with this name.
    Named(String),
    /// The organisation with this name, added if missing.
    NamedOrNew(String),
}

/// Adds an organisation.
///
/// # Errors
/// [`Conflict::OrganisationExists`], [`Conflict::InvalidOrganisationName`].
pub async fn add(acting: Acting<'_>, name: &str) -> Result<Organisation, Error> {
    acting.actor.may_do_all()?;
    let mut tx = acting.begin().await?;
    let (organisation, is_new) = tx.add_organisation(name, acting.now).await?;
    if !is_new {
        return Err(Conflict::OrganisationExists.into());
    }
    let target = Target { organisation: Some(organisation.id), name: &organisation.name };
    acting.finish(tx, &AuditEvent::OrganisationAdded, target).await?;
    Ok(organisation)
}

/// The row number of the organisation that a new user belongs to; `None` for an operator.
pub(super) async fn owner_of_person(
    acting: Acting<'_>,
    role: Role,
    of: &Owner,
    tx: &mut Tx<'_>,
) -> Result<Option<i64>, Error> {
    match role {
        Role::Operator => Ok(None),
        _ => Ok(owner(acting, of, tx).await?.map(|organisation| organisation.id)),
    }
}

/// Finds or adds the organisation that a new inbox, user or token will belong to; `None` if it will belong to none. An actor
/// of one organisation gets the same error for another organisation's name as for a name that does not exist.
pub(super) async fn owner(acting: Acting<'_>, owner: &Owner, tx: &mut Tx<'_>) -> Result<Option<Organisation>, Error> {
    let all = tx.organisations().await?;
    let scope = acting.scope();
    let is_named = |one: &Organisation, name: &str| one.name == name.trim();
    match (owner, scope) {
        (Owner::Own, Scope::All) => Ok(None),
        (Owner::Own, Scope::Organisation(own)) => Ok(all.into_iter().find(|one| one.id == own)),
        (Owner::Row(id), _) => {
            let found = all.into_iter().find(|one| one.id == *id && scope.has(*id));
            found.map(Some).ok_or_else(|| Error::Missing(Resource::Organisation(id.to_string())))
        }
        (Owner::NamedOrNew(name), Scope::All) => {
            let (organisation, is_new) = tx.add_organisation(name, acting.now).await?;
            if is_new {
                let target = Target { organisation: Some(organisation.id), name: &organisation.name };
                acting.audit(tx, &AuditEvent::OrganisationAdded, target).await?;
            }
            Ok(Some(organisation))
        }
        (Owner::Named(name) | Owner::NamedOrNew(name), _) => {
            let found = all.into_iter().find(|one| is_named(one, name) && scope.has(one.id));
            found.map(Some).ok_or_else(|| Error::Missing(Resource::Organisation(name.clone())))
        }
    }
}
