//! Adding a mailbox.

use super::settings::{check_move_target, require_tls_for_tokens};
use super::{ChangeDeps, credential_policy, login_limit, target};
use crate::app::inboxes::{WantedInbox, add_in, visible};
use crate::app::targets::check_not_target;
use crate::app::{Acting, Error};
use crate::fact::{AuditEvent, Conflict};
use crate::store::{GrantKind, Mailbox, NewLogin, NewMailbox};
use crate::vault::Vault;

/// A mailbox to add.
pub struct WantedMailbox {
    pub new: NewMailbox,
    /// The inbox to add in the same transaction; `None` if the mailbox feeds an existing inbox.
    pub inbox: Option<WantedInbox>,
}

impl From<NewMailbox> for WantedMailbox {
    fn from(new: NewMailbox) -> Self {
        Self { new, inbox: None }
    }
}

/// Adds a mailbox. No connection is made before its first poll. `deps_for_change` is required for actors under the credential policy.
///
/// # Errors
/// A field is invalid or refused by the policy, the address is taken, or the server has refused too many passwords.
pub async fn add(
    acting: Acting<'_>,
    wanted: WantedMailbox,
    vault: &Vault,
    deps_for_change: Option<ChangeDeps<'_>>,
) -> Result<Mailbox, Error> {
    let WantedMailbox { mut new, inbox } = wanted;
    let is_by_token = matches!(new.login, Some(NewLogin::OAuth(_)));
    check_move_target(&new.settings.after_import, &new.settings.folders)?;
    require_tls_for_tokens(&new.server, is_by_token)?;
    // For a mailbox in setup, Mailferry does not connect before the server step of the setup, which applies the policy
    // itself.
    let is_opened = !new.setup || new.login.is_some();
    if let Some(deps_for_change) = deps_for_change.filter(|_| acting.actor.is_bound_by_credential_policy() && is_opened)
    {
        judge(acting, &new, inbox.is_some(), deps_for_change).await?;
        // A consent covers one mailbox: the person must consent again before it gives access to another.
        new.needs_consent = matches!(&new.login, Some(NewLogin::OAuth(key)) if key.kind == GrantKind::Delegated);
    }
    let mut tx = acting.begin().await?;
    match inbox {
        Some(inbox) => drop(add_in(acting, inbox, &mut tx).await?),
        None => drop(visible(acting, &new.inbox, &mut tx).await?),
    }
    if let Ok(there) = tx.mailbox(&new.address).await {
        let taken = Conflict::MailboxExists(new.address.to_string());
        return Err(acting.address_taken(taken, there.organisation_id));
    }
    tx.add_mailbox(&new, vault, acting.now).await?;
    let mailbox = tx.mailbox(&new.address).await?;
    check_not_target(&mailbox, &mut tx).await?;
    acting.finish(tx, &AuditEvent::MailboxAdded, target(&mailbox)).await?;
    Ok(mailbox)
}

/// Applies the credential policy and the limit on refused passwords.
async fn judge(
    acting: Acting<'_>,
    new: &NewMailbox,
    is_inbox_new: bool,
    deps_for_change: ChangeDeps<'_>,
) -> Result<(), Error> {
    let login = new.login.as_ref();
    let change =
        credential_policy::Change { before: None, server: Some(&new.server), is_renamed: login.is_some(), login };
    deps_for_change.rules(acting.scope()).judge(&change).map_err(Error::from)?;
    if is_inbox_new || !matches!(login, Some(NewLogin::Password(_))) {
        return Ok(());
    }
    let mut reader = acting.store.read().await?;
    let inbox = visible(acting, &new.inbox, &mut reader).await?;
    drop(reader);
    match login_limit::login_wait_minutes(&new.server, &new.username, inbox.organisation_id, deps_for_change.deps)
        .await?
    {
        Some(minutes) => Err(Error::PasswordRateLimited(minutes)),
        None => Ok(()),
    }
}
