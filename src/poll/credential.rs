//! What to log in with, before anything is connected to: a consent that has ended costs no connection.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::{Blame, Deps, PollError, Retry, Step};
use crate::cause::{Cause, Trouble, CauseOwner};
use crate::mailbox::TlsMode;
use crate::oauth::{Access, GrantError, TokenError, grant};
use crate::powershell::literal;
use crate::store::{GrantKind, Login, Mailbox, StoreError, password_row};

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
        Login::OAuth { grant_id, .. } => {
            never_in_clear_text(mailbox)?;
            consented_for(mailbox, deps)?;
            Secret::Bearer(token(*grant_id, None, mailbox, deps).await?)
        }
        Login::Password(None) => {
            let message = "no password is stored; give one";
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
    /// Another token, where the error is one that a new token may mend: refused at the login once, if it is not a young one, or
    /// dead in the middle of a poll (Exchange: `BYE Session invalidated - AccessTokenExpired`, imapsync#250). Else the error.
    pub async fn renewed(self, error: PollError, mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        let Secret::Bearer(access) = &self.secret else { return Err(error.without_renewal()) };
        let at_login = error.step == Step::Login;
        let is_in_vain = at_login && (self.refused || !access.may_be_stale(deps.clock.now()));
        if error.retry != Retry::Renew || is_in_vain || self.died >= MOST_DEATHS {
            return Err(error.without_renewal());
        }
        tracing::info!(mailbox = mailbox.address, "the server takes the access token no longer; it is renewed");
        let died = self.died + u32::from(!at_login);
        Ok(Self { refused: at_login, died, ..self.anew(mailbox, deps).await? })
    }

    /// Another token, whatever is wrong with this one.
    pub async fn anew(&self, mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        match (&self.secret, &mailbox.login) {
            (Secret::Bearer(access), Login::OAuth { grant_id, .. }) => {
                let access = token(*grant_id, Some(access.version), mailbox, deps).await?;
                Ok(Self { secret: Secret::Bearer(access), refused: false, died: 0 })
            }
            _ => ready(mailbox, deps).await,
        }
    }
}

async fn token(grant_id: i64, refused: Option<i64>, mailbox: &Mailbox, deps: &Deps) -> Result<Access, PollError> {
    grant::access_token(grant_id, refused, &deps.tokens()).await.map_err(|error| match error {
        GrantError::Store(error) => PollError::store(Step::Token, &error),
        GrantError::Token(error) => no_token(error, mailbox, deps),
    })
}

/// No token: whose business it is, and when to ask again.
fn no_token(TokenError { trouble, .. }: TokenError, mailbox: &Mailbox, deps: &Deps) -> PollError {
    let is_app_only = matches!(&mailbox.login, Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly);
    let (blame, retry) = match trouble.cause.whose() {
        CauseOwner::Here | CauseOwner::App => (Blame::Us, Retry::Soon),
        // Nobody consents to what is the application's own: an admin gives it the right at the provider, and nobody tells us.
        CauseOwner::Consent if !is_app_only => (Blame::Mailbox, Retry::Person),
        CauseOwner::Consent | CauseOwner::Admin | CauseOwner::Mailbox => (Blame::Mailbox, Retry::Credentials),
        // How often the provider is asked is the grant's business.
        CauseOwner::Provider => (Blame::Host, Retry::Soon),
    };
    PollError::of(Step::Token, blame, retry, trouble.about_all(&about(mailbox, deps)))
}

/// A consent opens the mailbox that it was given for, and no other that its account may open.
fn consented_for(mailbox: &Mailbox, deps: &Deps) -> Result<(), PollError> {
    match mailbox.asks_consent {
        true => {
            let trouble = Trouble::new(Cause::OtherLoginName).about_all(&about(mailbox, deps));
            Err(PollError::of(Step::Token, Blame::Mailbox, Retry::Person, trouble))
        }
        false => Ok(()),
    }
}

/// A token is as good as a password to whoever listens (RFC 6750 5.3).
fn never_in_clear_text(mailbox: &Mailbox) -> Result<(), PollError> {
    if mailbox.server.tls == TlsMode::None && !mailbox.server.is_this_machine() {
        let message = format!(
            "an access token is never sent without TLS; choose it: mailferry mailbox set {} --tls implicit",
            mailbox.address
        );
        return Err(PollError::new(Step::Token, Blame::Mailbox, Retry::Person, message));
    }
    Ok(())
}

/// Everything that a sentence may name of a mailbox: `mailbox` is how we call it, `target` how its server does; names that begin
/// with `ps_` are quoted for PowerShell.
pub fn about(mailbox: &Mailbox, deps: &Deps) -> BTreeMap<String, String> {
    let (target, mut about) = (&mailbox.username, BTreeMap::new());
    let mut put = |name: &str, value: &str| drop(about.insert(name.to_owned(), value.to_owned()));
    put("mailbox", &mailbox.address);
    put("target", target);
    put("ps_target", &literal(target));
    put("host", &mailbox.server.host);
    if let Login::OAuth { key, .. } = &mailbox.login {
        put("identity", &key.identity);
        put("ps_identity", &literal(&key.identity));
        put("provider", &key.provider);
        put("kind", key.kind.as_str());
        let app = deps.oauth.providers.get(&key.provider);
        put("family", app.map_or("other", |app| app.family()));
        if let Some(app) = app {
            put("client_id", &app.client_id);
            put("ps_client_id", &literal(&app.client_id));
            put("tenant", if key.kind == GrantKind::AppOnly { &key.identity } else { &app.tenant });
        }
    }
    about
}
