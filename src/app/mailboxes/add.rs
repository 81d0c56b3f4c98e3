//! Adding a mailbox.

use super::settings::{check_move_target, require_tls_for_tokens};
use super::{ChangeDeps, credential_policy, login_limit, target};
use crate::app::inboxes::{WantedInbox, add_in, visible};
use crate::app::{Acting, Error};
use crate::fact::{AuditEvent, Conflict};
use crate::store::{GrantKind, Mailbox, NewLogin, NewMailbox};
use crate::vault::Vault;

/// A mailbox to add.
pub struct WantedMailbox {
    pub new: NewMailbox,
    /// The inbox it feeds, if that is added in the same transaction.
    pub inbox: Option<WantedInbox>,
}

impl From<NewMailbox> for WantedMailbox {
    fn from(new: NewMailbox) -> Self {
        Self { new, inbox: None }
    }
}

/// Adds a mailbox. No connection is made before its first poll. `change_deps` is required for actors under the credential policy.
///
/// # Errors
/// A part is invalid or refused by the policy; the address is taken; its server has refused too many passwords.
pub async fn add(
    acting: Acting<'_>,
    wanted: WantedMailbox,
    vault: &Vault,
    change_deps: Option<ChangeDeps<'_>>,
) -> Result<Mailbox, Error> {
    let WantedMailbox { mut new, inbox } = wanted;
    let is_by_token = matches!(new.login, Some(NewLogin::OAuth(_)));
    check_move_target(&new.settings.after_import, &new.settings.folders)?;
    require_tls_for_tokens(&new.server, is_by_token)?;
    // A mailbox in setup is not opened before the server step, which applies the policy.
    let is_opened = !new.setup || new.login.is_some();
    if let Some(change_deps) = change_deps.filter(|_| acting.actor.is_bound_by_credential_policy() && is_opened) {
        judge(acting, &new, inbox.is_some(), change_deps).await?;
        // A consent given for one mailbox opens another only after the person has consented for that one too.
        new.asks_consent = matches!(&new.login, Some(NewLogin::OAuth(key)) if key.kind == GrantKind::Delegated);
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
    acting.finish(tx, &AuditEvent::MailboxAdded, target(&mailbox)).await?;
    Ok(mailbox)
}

/// Applies the credential policy and the limit on refused passwords.
async fn judge(
    acting: Acting<'_>,
    new: &NewMailbox,
    is_inbox_new: bool,
    change_deps: ChangeDeps<'_>,
) -> Result<(), Error> {
    let login = new.login.as_ref();
    let change =
        credential_policy::Change { before: None, server: Some(&new.server), is_renamed: login.is_some(), login };
    change_deps.rules(acting.scope()).judge(&change).map_err(Error::from)?;
    if is_inbox_new || !matches!(login, Some(NewLogin::Password(_))) {
        return Ok(());
    }
    let mut reader = acting.store.read().await?;
    let inbox = visible(acting, &new.inbox, &mut reader).await?;
    drop(reader);
    match login_limit::login_wait(&new.server, &new.username, inbox.organisation_id, change_deps.deps).await? {
        Some(minutes) => Err(Error::PasswordRateLimited(minutes)),
        None => Ok(()),
    }
}
