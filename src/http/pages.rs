//! The pages: one file each, with their templates in `templates/`.

pub mod account;
pub mod audit;
pub mod connect_link;
pub mod consent;
pub mod inboxes;
mod inspect_failure;
pub mod invitation;
pub mod login;
pub mod login_form;
pub mod mailbox;
pub mod mailboxes;
pub mod messages;
pub mod oauth_callback;
pub mod people;
pub mod raw_mail;
pub mod settings;
pub mod setup;
pub mod sso;
pub mod targets;
pub mod test_mail;
#[cfg(test)]
mod tests;

use super::Settings;
use crate::app::invitations;
use crate::clock::Timestamp;
use crate::http::page::error::PageError;
use crate::store::{Store, StoreError};

/// Fallback handler: 404 for any unknown path.
pub async fn not_found() -> PageError {
    PageError::NotFound
}

/// The link for creating the first account; `None` if there is an account already. Each call makes a new link.
pub async fn set_up_link(store: &Store, settings: &Settings, now: Timestamp) -> Result<Option<String>, StoreError> {
    let key = invitations::set_up(store, now).await?;
    Ok(key.map(|key| settings.link(&format!("/setup/{key}"))))
}
