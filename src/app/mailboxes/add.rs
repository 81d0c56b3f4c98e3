//! Adding a mailbox.

use super::settings::{check_move_target, never_in_clear_text};
use super::{ChangeDeps, credential_policy, guesses, target};
use crate::app::inboxes::{WantedInbox, add_in, visible};
use crate::app::{Acting, Error};
use crate::fact::{Conflict, Done};
use crate::store::{GrantKind, Mailbox, NewLogin, NewMailbox};
use crate::vault::Vault;

/// A mailbox that somebody wants.
pub struct WantedMailbox {
    /// The mailbox.
    pub new: NewMailbox,
    /// The inbox that it feeds, where that is to be added with it.
    pub inbox: Option<WantedInbox>,
}

impl From<NewMailbox> for WantedMailbox {
    fn from(new: NewMailbox) -> Self {
        Self { new, inbox: None }
    }
}

/// Adds a mailbox. Nothing is connected to before its first poll. `around` is needed for an actor whom the credential policy asks.
///
/// # Errors
/// A part of it cannot be, or is refused; there is one of this address; its server has refused too many passwords.
pub async fn add(
    acting: Acting<'_>,
    wanted: WantedMailbox,
    vault: &Vault,
    change_deps: Option<ChangeDeps<'_>>,
) -> Result<Mailbox, Error> {
    let WantedMailbox { mut new, inbox } = wanted;
    let is_by_token = matches!(new.login, Some(NewLogin::OAuth(_)));
    check_move_target(&new.settings.after_import, &new.settings.folders)?;
    never_in_clear_text(&new.server, is_by_token)?;
    // Before the step of the server, which is judged, nothing is opened there.
    let is_opened = !new.setup || new.login.is_some();
    if let Some(change_deps) = change_deps.filter(|_| acting.actor.is_judged() && is_opened) {
        judge(acting, &new, inbox.is_some(), change_deps).await?;
        // A consent that somebody has given for one mailbox opens no other before they have consented for that one too.
        new.asks_consent = matches!(&new.login, Some(NewLogin::OAuth(key)) if key.kind == GrantKind::Delegated);
    }
    let mut tx = acting.begin().await?;
    match inbox {
        Some(inbox) => drop(add_in(acting, inbox, &mut tx).await?),
        None => drop(visible(acting, &new.inbox, &mut tx).await?),
    }
    if let Ok(there) = tx.mailbox(&new.address).await {
        let taken = Conflict::MailboxThere(new.address.to_string());
        return Err(acting.taken(taken, there.organisation_id));
    }
    tx.add_mailbox(&new, vault, acting.now).await?;
    let mailbox = tx.mailbox(&new.address).await?;
    acting.finish(tx, &Done::MailboxAdded, target(&mailbox)).await?;
    Ok(mailbox)
}

/// Refuses what the credential policy forbids, and passwords for an account whose server has refused too many.
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
    match guesses::held(&new.server, &new.username, inbox.organisation_id, change_deps.deps).await? {
        Some(minutes) => Err(Error::PasswordsWait(minutes)),
        None => Ok(()),
    }
}
