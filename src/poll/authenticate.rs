//! Step 2: the login.

use super::connect::Connection;
use super::{Blame, Deps, PollError, Retry, Step};
use crate::imap::Session;
use crate::store::{Lease, Mailbox, StoreError};
use crate::vault::VaultError;

/// Logs in with the mailbox's password.
pub async fn login(connection: Connection, lease: &Lease, deps: &Deps) -> Result<Session, PollError> {
    let mut session = connection.session;
    log_in(&mut session, &lease.mailbox, deps).await?;
    Ok(session)
}

/// Opens the sealed password for as long as the login takes.
pub async fn log_in(session: &mut Session, mailbox: &Mailbox, deps: &Deps) -> Result<(), PollError> {
    let broken = |error: VaultError| PollError {
        retry: Retry::Person,
        ..PollError::store(Step::Login, &StoreError::Vault(error))
    };
    let Some(sealed) = &mailbox.password_sealed else {
        let message = format!(
            "no password is stored; give one with `mailferry mailbox set {} --password-stdin`",
            mailbox.address
        );
        return Err(PollError::new(Step::Login, Blame::Mailbox, Retry::Person, message));
    };
    let password = deps.vault.open(&crate::store::password_row(mailbox.id), sealed).map_err(broken)?;
    session.login(&mailbox.username, &password).await.map_err(|error| PollError::login(&error))?;
    session.identify().await.map_err(|error| PollError::imap(Step::Login, &error))
}
