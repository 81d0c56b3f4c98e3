//! The pages: a file each, with their templates in `templates/`.

pub mod account;
pub mod audit;
pub mod consent;
pub mod customer;
pub mod entrance;
pub mod inboxes;
pub mod invitation;
pub mod login_form;
pub mod mailbox;
pub mod mailboxes;
pub mod messages;
pub mod people;
pub mod setup;
pub mod sso;
pub mod test_mail;
#[cfg(test)]
mod tests;

use super::Settings;
use super::fault::Fault;
use crate::clock::Timestamp;
use crate::opaque;
use crate::store::{NewLink, Purpose, Store, StoreError};

/// Whatever there is not.
pub async fn lost() -> Fault {
    Fault::NotFound
}

/// How long the link of the first run works.
const SET_UP_WITHIN: std::time::Duration = std::time::Duration::from_hours(24);

/// Where nobody can sign in yet: the link by which the first operator can, once.
pub async fn set_up_link(store: &Store, settings: &Settings, now: Timestamp) -> Result<Option<String>, StoreError> {
    if store.has_people().await? {
        return Ok(None);
    }
    let key = opaque::new("");
    let (key_hash, maker) = (opaque::hash(&key), "serve".into());
    let link = NewLink { key_hash: &key_hash, purpose: &Purpose::Setup, maker, expires_at: now.plus(SET_UP_WITHIN) };
    let mut tx = store.begin().await?;
    tx.add_link(link, now).await?;
    tx.commit().await?;
    Ok(Some(settings.link(&format!("/setup/{key}"))))
}
