//! Logs in to the server, by password or access token.

use super::connect::{self, Connection, ServerAddresses};
use super::credential::{self, Credential, Secret};
use super::login_attempts::{LoginAccount, LoginAttempt, LoginTrigger};
use super::{Deps, PollError, Step};
use crate::imap::{LoginError, Session};
use crate::store::Mailbox;

/// A login with a rate limit: too many refused logins delay the next attempt.
#[derive(Clone, Copy)]
pub struct CountedLogin<'a> {
    pub credential: &'a Credential,
    pub mailbox: &'a Mailbox,
    pub trigger: LoginTrigger,
    pub deps: &'a Deps,
}

/// Logs in, with the rate limit, and returns the session.
pub async fn login(
    connection: Connection,
    credential: &Credential,
    mailbox: &Mailbox,
    trigger: LoginTrigger,
    deps: &Deps,
) -> Result<Session, PollError> {
    let mut session = connection.session;
    CountedLogin { credential, mailbox, trigger, deps }.log_in(&mut session, &connection.server_addresses).await?;
    Ok(session)
}

impl CountedLogin<'_> {
    /// Logs in, unless the account has had too many refused logins.
    pub async fn log_in(self, session: &mut Session, server_addresses: &ServerAddresses) -> Result<(), PollError> {
        let Self { credential, mailbox, trigger, deps } = self;
        let account =
            LoginAccount::new(mailbox.organisation_id, &mailbox.server, &mailbox.username, &server_addresses.resolved);
        let login_attempt =
            LoginAttempt::begin(&account.connected_to(server_addresses.peer), trigger, mailbox, deps).await?;
        let result = attempt(session, credential, mailbox).await;
        let failure = result.as_ref().err().map(|error| login_error(error, mailbox, deps));
        login_attempt.end(result.as_ref().map_err(|error| (error, failure.as_ref()))).await;
        match failure {
            Some(failure) => Err(failure),
            None => send_client_id(session).await,
        }
    }
}

/// Logs in without a rate limit, to diagnose a counted login that has failed.
pub async fn log_in(
    session: &mut Session,
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<(), PollError> {
    attempt(session, credential, mailbox).await.map_err(|error| login_error(&error, mailbox, deps))?;
    send_client_id(session).await
}

/// Sends the password or the access token. A mailbox with an access token is never opened with a password (reference
/// row F13).
async fn attempt(session: &mut Session, credential: &Credential, mailbox: &Mailbox) -> Result<(), LoginError> {
    match &credential.secret {
        Secret::Password(password) => session.login(&mailbox.username, password).await,
        Secret::Bearer(access) => {
            let server = &mailbox.server;
            session.login_with_token(&mailbox.username, &access.token, &server.host, server.port).await
        }
    }
}

fn login_error(error: &LoginError, mailbox: &Mailbox, deps: &Deps) -> PollError {
    PollError::login(error, &mailbox.server.host, &credential::text_args(mailbox, deps))
}

async fn send_client_id(session: &mut Session) -> Result<(), PollError> {
    session.send_client_id().await.map_err(|error| PollError::imap(Step::Login, &error))
}

/// Opens a session outside a poll. A refused access token is renewed once.
pub async fn session(mailbox: &Mailbox, deps: &Deps) -> Result<Session, PollError> {
    let mut credential = credential::obtain(mailbox, deps).await?;
    loop {
        let connection = connect::open(&mailbox.server, deps).await?;
        match login(connection, &credential, mailbox, LoginTrigger::Person, deps).await {
            Ok(session) => return Ok(session),
            Err(error) => credential = credential.renew_after(error, mailbox, deps).await?,
        }
    }
}
