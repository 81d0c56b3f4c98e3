//! Routes: rules that send the mail of a recipient to an inbox.

use super::{Acting, Error, Target, inboxes};
use crate::address::Address;
use crate::fact::{AuditEvent, Resource};
use crate::store::{Reader, Route};

/// Adds a route. Adding a route that exists changes nothing.
///
/// # Errors
/// The inbox does not exist.
pub async fn add(acting: Acting<'_>, recipient: &Address, inbox: &Address) -> Result<Route, Error> {
    let mut tx = acting.begin().await?;
    let inbox = inboxes::visible(acting, inbox, &mut tx).await?;
    tx.add_route(recipient, inbox.id, acting.now).await?;
    let done = AuditEvent::RouteAdded { recipient: recipient.to_string() };
    acting.finish(tx, &done, inboxes::target(&inbox)).await?;
    let (inbox_id, organisation_id) = (inbox.id, inbox.organisation_id);
    Ok(Route { recipient: recipient.to_string(), inbox: inbox.address, inbox_id, organisation_id })
}

/// Finds the route of a recipient to an inbox.
///
/// # Errors
/// The route does not exist, or the actor may not see it.
pub async fn find(acting: Acting<'_>, recipient: &str, inbox: &str) -> Result<Route, Error> {
    let missing = || Error::Missing(Resource::Route(recipient.to_owned()));
    let recipient: Address = recipient.parse().map_err(|_| missing())?;
    let inbox: Address = inbox.parse().map_err(|_| missing())?;
    let mut reader = acting.store.read().await?;
    routes(acting, &recipient, Some(&inbox), &mut reader).await?.pop().ok_or_else(missing)
}

/// Removes a recipient's route to one inbox, or all routes of the recipient. Returns the removed routes.
///
/// # Errors
/// The inbox does not exist, or the actor sees no such route.
pub async fn remove(acting: Acting<'_>, recipient: &Address, inbox: Option<&Address>) -> Result<Vec<Route>, Error> {
    let mut tx = acting.begin().await?;
    if let Some(inbox) = inbox {
        inboxes::visible(acting, inbox, &mut tx).await?;
    }
    let removed = routes(acting, recipient, inbox, &mut tx).await?;
    if removed.is_empty() {
        return Err(Error::Missing(Resource::Route(recipient.to_string())));
    }
    let done = AuditEvent::RouteRemoved { recipient: recipient.to_string() };
    for route in &removed {
        tx.remove_routes(recipient, Some(route.inbox_id)).await?;
        let target = Target { organisation: Some(route.organisation_id), name: &route.inbox };
        acting.audit(&mut tx, &done, target).await?;
    }
    tx.commit().await?;
    Ok(removed)
}

/// The routes of a recipient that the actor may see, to one inbox or to all.
async fn routes(
    acting: Acting<'_>,
    recipient: &Address,
    inbox: Option<&Address>,
    reader: &mut Reader,
) -> Result<Vec<Route>, Error> {
    let mut routes = reader.routes_for(recipient).await?;
    let precondition = |route: &Route| inbox.is_none_or(|inbox| route.inbox == inbox.as_str());
    routes.retain(|route| acting.scope().has(route.organisation_id) && precondition(route));
    Ok(routes)
}
