//! Step 3: the login.

use super::connect::{self, Connection};
use super::credential::{self, Credential, Secret};
use super::{Deps, PollError, Step};
use crate::imap::Session;
use crate::store::Mailbox;

/// Logs in with what is ready for that.
pub async fn login(
    connection: Connection,
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<Session, PollError> {
    let mut session = connection.session;
    log_in(&mut session, credential, mailbox, deps).await?;
    Ok(session)
}

/// Logs in as the mailbox's user: by password, or by access token and never by anything else then (reference row F13).
pub async fn log_in(
    session: &mut Session,
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<(), PollError> {
    let logged_in = match &credential.secret {
        Secret::Password(password) => session.login(&mailbox.username, password).await,
        Secret::Bearer(access) => {
            let server = &mailbox.server;
            session.login_by_token(&mailbox.username, &access.token, &server.host, server.port).await
        }
    };
    logged_in.map_err(|error| PollError::login(&error, &mailbox.server.host, &credential::about(mailbox, deps)))?;
    session.identify().await.map_err(|error| PollError::imap(Step::Login, &error))
}

/// A session of a mailbox for what is no poll, with another token where the first is refused.
pub async fn session(mailbox: &Mailbox, deps: &Deps) -> Result<Session, PollError> {
    let mut credential = credential::ready(mailbox, deps).await?;
    loop {
        let connection = connect::open(&mailbox.server, deps).await?;
        match login(connection, &credential, mailbox, deps).await {
            Ok(session) => return Ok(session),
            Err(error) => credential = credential.renewed(error, mailbox, deps).await?,
        }
    }
}
