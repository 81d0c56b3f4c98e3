//! Settings of the recipient's mailbox, which is searched for a mail if the answer to its delivery was lost.

use secrecy::SecretString;

use super::{TargetRequest, invalid};
use crate::app::Error;
use crate::fact::Invalid;
use crate::store::{StoreError, TargetSettings, Tx, target_look_password_row};
use crate::target::TargetKind;
use crate::vault::Vault;

/// Applies the mailbox settings of a request.
pub fn apply(settings: &mut TargetSettings, before: &TargetSettings, request: &TargetRequest) -> Result<(), Error> {
    if let Some(server) = &request.look_in {
        settings.look_in = server.as_ref().map(ToString::to_string);
    }
    if let Some(name) = &request.look_username {
        settings.look_username = name.clone().filter(|name| !name.is_empty());
    }
    let has_password = request.look_password.is_some();
    if settings.look_in.is_none() {
        let is_named = matches!(&request.look_username, Some(Some(name)) if !name.is_empty());
        settings.look_username = None;
        return if is_named || has_password { Err(invalid("look_in", Invalid::MailboxLogin)) } else { Ok(()) };
    }
    if settings.kind() == TargetKind::Webhook {
        let setting = "look_in";
        let kind = settings.kind().to_string();
        return Err(invalid(setting, Invalid::NotForTarget { setting: setting.to_owned(), kind }));
    }
    // The stored password was entered for this server, these authorities and this login name only.
    let keeps_password = settings.look_in == before.look_in
        && settings.look_username == before.look_username
        && settings.ca_pem == before.ca_pem;
    match settings.look_username {
        None => Err(invalid("look_username", Invalid::MailboxLogin)),
        Some(_) if !has_password && !keeps_password => Err(invalid("look_password", Invalid::MailboxLogin)),
        Some(_) => Ok(()),
    }
}

/// Stores a new password for the mailbox, or deletes the password if no mailbox is set.
pub async fn store_password(
    id: i64,
    settings: &TargetSettings,
    password: Option<&SecretString>,
    vault: &Vault,
    tx: &mut Tx<'_>,
) -> Result<(), Error> {
    if settings.look_in.is_none() {
        return Ok(tx.set_look_password(id, None).await?);
    }
    let Some(password) = password else { return Ok(()) };
    let sealed = vault.seal(&target_look_password_row(id), password).map_err(StoreError::Vault)?;
    Ok(tx.set_look_password(id, Some(sealed)).await?)
}
