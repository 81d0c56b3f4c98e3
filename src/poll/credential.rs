//! Step 1: what to log in with, before anything is connected to: a consent that has ended costs no connection.

use secrecy::SecretString;

use super::{Blame, Deps, PollError, Retry, Step};
use crate::cause::{Cause, Whose};
use crate::oauth::{Access, GrantError, TokenError, grant};
use crate::store::{Login, Mailbox, StoreError, password_row};

/// What a login is made with.
pub struct Credential {
    pub(super) secret: Secret,
    /// The server has refused a token at the login of this poll.
    refused: bool,
    /// Tokens that died in the middle of this poll.
    died: u32,
}

/// A password, or an access token.
pub(super) enum Secret {
    Password(SecretString),
    Bearer(Access),
}

/// So many tokens may die in one poll, which takes minutes: a server that ends every session so is not asked for ever.
const MOST_DEATHS: u32 = 5;

/// Opens the sealed password, or gets an access token.
pub async fn ready(mailbox: &Mailbox, deps: &Deps) -> Result<Credential, PollError> {
    let secret = match &mailbox.login {
        Login::OAuth { grant_id, .. } => Secret::Bearer(token(*grant_id, None, mailbox, deps).await?),
        Login::Password(None) => {
            let message = format!(
                "no password is stored; give one with `mailferry mailbox set {} --password-stdin`",
                mailbox.address
            );
            return Err(PollError::new(Step::Login, Blame::Mailbox, Retry::Person, message));
        }
        Login::Password(Some(sealed)) => {
            let opened = deps.vault.open(&password_row(mailbox.id), sealed);
            Secret::Password(opened.map_err(|error| PollError {
                retry: Retry::Person,
                ..PollError::store(Step::Login, &StoreError::Vault(error))
            })?)
        }
    };
    Ok(Credential { secret, refused: false, died: 0 })
}

impl Credential {
    /// Another token, where the error is one that a new token may mend: refused at the login once, or dead in the middle of a
    /// poll (Exchange: `BYE Session invalidated - AccessTokenExpired`, imapsync#250). Else the error.
    pub async fn renewed(self, error: PollError, mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        let Secret::Bearer(access) = &self.secret else { return Err(error.without_renewal()) };
        let Login::OAuth { grant_id, .. } = &mailbox.login else { return Err(error.without_renewal()) };
        let at_login = error.step == Step::Login;
        if error.retry != Retry::Renew || (at_login && self.refused) || self.died >= MOST_DEATHS {
            return Err(error.without_renewal());
        }
        tracing::info!(mailbox = mailbox.address, "the server takes the access token no longer; it is renewed");
        let access = token(*grant_id, Some(access.version), mailbox, deps).await?;
        Ok(Self { secret: Secret::Bearer(access), refused: at_login, died: self.died + u32::from(!at_login) })
    }
}

async fn token(grant_id: i64, refused: Option<i64>, mailbox: &Mailbox, deps: &Deps) -> Result<Access, PollError> {
    grant::access_token(grant_id, refused, &deps.tokens()).await.map_err(|error| match error {
        GrantError::Store(error) => PollError::store(Step::Token, &error),
        GrantError::Token(error) => no_token(error, mailbox),
    })
}

/// No token: whose business it is, and when to ask again.
fn no_token(TokenError { trouble, .. }: TokenError, mailbox: &Mailbox) -> PollError {
    let (blame, retry) = match (trouble.cause.whose(), &mailbox.login) {
        (Whose::App, _) => (Blame::Us, Retry::Soon),
        // An application's own right: an admin gives it at the provider, and nobody tells us.
        (Whose::Consent, Login::OAuth { key, .. }) if key.kind == crate::store::GrantKind::AppOnly => {
            (Blame::Mailbox, Retry::Credentials)
        }
        (Whose::Consent, _) => (Blame::Mailbox, Retry::Person),
        // How often the provider is asked is the grant's business.
        (Whose::Provider | Whose::Mailbox, _) => (Blame::Host, Retry::Soon),
    };
    let trouble = match trouble.cause {
        Cause::NotRegistered => trouble,
        _ => trouble.about("mailbox", &mailbox.address),
    };
    PollError::of(Step::Token, blame, retry, trouble)
}
