//! Deliveries, which people can list, resend, move and drop.

use super::{Acting, Error, Target, targets};
use crate::fact::{AuditEvent, Conflict};
use crate::store::{DeliveryFilter, DeliveryLine};

/// The delivery as the object of an audit line.
fn audited(delivery: &DeliveryLine) -> Target<'_> {
    Target { organisation: Some(delivery.organisation_id), name: &delivery.inbox }
}

/// Removes those details of the problem that the actor may not see.
fn without_hidden_details(acting: Acting<'_>, delivery: DeliveryLine) -> DeliveryLine {
    DeliveryLine { problem: targets::problem_in_scope(acting.scope(), delivery.problem.clone()), ..delivery }
}

/// Returns one page of the deliveries that the actor may see, newest first.
///
/// # Errors
/// The database failed.
pub async fn list(
    acting: Acting<'_>,
    filter: DeliveryFilter<'_>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeliveryLine>, Error> {
    let found = acting.store.read().await?.deliveries(acting.scope(), filter, before, limit).await?;
    Ok(found.into_iter().map(|delivery| without_hidden_details(acting, delivery)).collect())
}

/// Finds a delivery by its number.
///
/// # Errors
/// The delivery does not exist, or the actor may not see it.
pub async fn find(acting: Acting<'_>, id: i64) -> Result<DeliveryLine, Error> {
    Ok(without_hidden_details(acting, acting.store.read().await?.delivery(id, acting.scope()).await?))
}

/// Resends a delivery that is held, waits for its next attempt or was dropped.
///
/// # Errors
/// The delivery is missing; [`Conflict::DeliveryNotOpen`].
pub async fn retry(acting: Acting<'_>, id: i64) -> Result<DeliveryLine, Error> {
    let mut tx = acting.begin().await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    if !tx.retry_delivery(&delivery, acting.now).await? {
        return Err(Conflict::DeliveryNotOpen(id).into());
    }
    acting.audit(&mut tx, &AuditEvent::DeliveryRetried { message: delivery.message }, audited(&delivery)).await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    tx.commit().await?;
    Ok(without_hidden_details(acting, delivery))
}

/// Sends a held delivery to another target of its inbox.
///
/// # Errors
/// The delivery or the target is missing; [`Conflict::TargetOfOtherInbox`], [`Conflict::DeliveryNotHeld`].
pub async fn move_to_target(acting: Acting<'_>, id: i64, target_id: i64) -> Result<DeliveryLine, Error> {
    let target = targets::find(acting, target_id).await?;
    let mut tx = acting.begin().await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    if target.inbox.as_deref().is_some_and(|inbox| inbox != delivery.inbox) {
        return Err(Conflict::TargetOfOtherInbox(target_id).into());
    }
    if !tx.move_delivery(&delivery, target_id, acting.now).await? {
        return Err(Conflict::DeliveryNotHeld(id).into());
    }
    let event = AuditEvent::DeliveryMoved { message: delivery.message, url: target.url };
    acting.audit(&mut tx, &event, audited(&delivery)).await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    tx.commit().await?;
    Ok(without_hidden_details(acting, delivery))
}

/// Drops an unfinished delivery. The message stays in its inbox.
///
/// # Errors
/// The delivery is missing; [`Conflict::DeliveryNotOpen`].
pub async fn drop_delivery(acting: Acting<'_>, id: i64) -> Result<DeliveryLine, Error> {
    let mut tx = acting.begin().await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    if !tx.drop_delivery(&delivery, acting.now).await? {
        return Err(Conflict::DeliveryNotOpen(id).into());
    }
    acting.audit(&mut tx, &AuditEvent::DeliveryDropped { message: delivery.message }, audited(&delivery)).await?;
    let delivery = tx.delivery(id, acting.scope()).await?;
    tx.commit().await?;
    Ok(without_hidden_details(acting, delivery))
}

/// Resends all held deliveries of a target. Returns their number.
///
/// # Errors
/// The target is missing.
pub async fn retry_held(acting: Acting<'_>, target_id: i64) -> Result<u64, Error> {
    let target = targets::find(acting, target_id).await?;
    let mut tx = acting.begin().await?;
    let count = tx.retry_held(target_id, acting.now).await?;
    let name = target.inbox.as_deref().unwrap_or(&target.url);
    let event = AuditEvent::HeldRetried { count };
    acting.finish(tx, &event, Target { organisation: target.organisation_id, name }).await?;
    Ok(count)
}

/// Drops all held deliveries of a target. The messages stay in their inboxes. Returns the number of deliveries dropped.
///
/// # Errors
/// The target is missing.
pub async fn drop_held(acting: Acting<'_>, target_id: i64) -> Result<u64, Error> {
    let target = targets::find(acting, target_id).await?;
    let mut tx = acting.begin().await?;
    let count = tx.drop_held(target_id, acting.now).await?;
    let name = target.inbox.as_deref().unwrap_or(&target.url);
    let event = AuditEvent::HeldDropped { count };
    acting.finish(tx, &event, Target { organisation: target.organisation_id, name }).await?;
    Ok(count)
}
