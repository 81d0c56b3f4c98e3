//! The login.

use super::connect::{self, Connection, Place};
use super::credential::{self, Credential, Secret};
use super::guesses::{Account, LoginTrigger, Try};
use super::{Deps, PollError, Step};
use crate::imap::{LoginError, Session};
use crate::store::Mailbox;

/// A login that counts: too many refusals make the next ones wait.
#[derive(Clone, Copy)]
pub struct Counted<'a> {
    pub credential: &'a Credential,
    pub mailbox: &'a Mailbox,
    pub asked: LoginTrigger,
    pub deps: &'a Deps,
}

/// Logs in with what is ready for that.
pub async fn login(
    connection: Connection,
    credential: &Credential,
    mailbox: &Mailbox,
    asked: LoginTrigger,
    deps: &Deps,
) -> Result<Session, PollError> {
    let mut session = connection.session;
    Counted { credential, mailbox, asked, deps }.log_in(&mut session, &connection.place).await?;
    Ok(session)
}

impl Counted<'_> {
    /// Logs in, unless too many logins at this account were refused before.
    pub async fn log_in(self, session: &mut Session, place: &Place) -> Result<(), PollError> {
        let Self { credential, mailbox, asked, deps } = self;
        let account = Account::new(mailbox.organisation_id, &mailbox.server, &mailbox.username, &place.addresses);
        let one = Try::begin(&account.connected_to(place.peer), asked, mailbox, deps).await?;
        let tried = attempt(session, credential, mailbox).await;
        let failure = tried.as_ref().err().map(|error| told(error, mailbox, deps));
        one.end(tried.as_ref().map_err(|error| (error, failure.as_ref()))).await;
        match failure {
            Some(failure) => Err(failure),
            None => identified(session).await,
        }
    }
}

/// Logs in as the mailbox's user, to find out why a login that was counted has failed.
pub async fn log_in(
    session: &mut Session,
    credential: &Credential,
    mailbox: &Mailbox,
    deps: &Deps,
) -> Result<(), PollError> {
    attempt(session, credential, mailbox).await.map_err(|error| told(&error, mailbox, deps))?;
    identified(session).await
}

/// By password, or by access token and never by anything else then (reference row F13).
async fn attempt(session: &mut Session, credential: &Credential, mailbox: &Mailbox) -> Result<(), LoginError> {
    match &credential.secret {
        Secret::Password(password) => session.login(&mailbox.username, password).await,
        Secret::Bearer(access) => {
            let server = &mailbox.server;
            session.login_by_token(&mailbox.username, &access.token, &server.host, server.port).await
        }
    }
}

fn told(error: &LoginError, mailbox: &Mailbox, deps: &Deps) -> PollError {
    PollError::login(error, &mailbox.server.host, &credential::about(mailbox, deps))
}

async fn identified(session: &mut Session) -> Result<(), PollError> {
    session.identify().await.map_err(|error| PollError::imap(Step::Login, &error))
}

/// A session of a mailbox for what is no poll, with another token where the first is refused.
pub async fn session(mailbox: &Mailbox, deps: &Deps) -> Result<Session, PollError> {
    let mut credential = credential::ready(mailbox, deps).await?;
    loop {
        let connection = connect::open(&mailbox.server, deps).await?;
        match login(connection, &credential, mailbox, LoginTrigger::ByPerson, deps).await {
            Ok(session) => return Ok(session),
            Err(error) => credential = credential.renewed(error, mailbox, deps).await?,
        }
    }
}
