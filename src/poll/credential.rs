//! Obtains the credential of a login. This happens before connecting, so that no connection is made if the consent has
//! ended.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::{Blame, Deps, PollError, Retry, Step};
use crate::cause::{Cause, CauseOwner, Trouble};
use crate::mailbox::TlsMode;
use crate::oauth::{AccessToken, GrantError, TokenError, grant};
use crate::powershell::literal;
use crate::store::{GrantKind, Login, Mailbox, StoreError, password_row};

/// The secret of a login, and how often its tokens have failed during this poll.
pub struct Credential {
    pub(super) secret: Secret,
    /// Whether this token replaces one that the server refused at the login.
    refused: bool,
    /// Number of tokens that expired during this poll.
    expiries: u32,
}

pub(super) enum Secret {
    Password(SecretString),
    Bearer(AccessToken),
}

/// Maximum number of tokens that may expire during one poll. A poll takes minutes, so more expiries mean that the
/// server ends every session this way.
const MAX_EXPIRIES: u32 = 5;

/// Returns the credential of a mailbox: the decrypted password, or an access token.
pub async fn obtain(mailbox: &Mailbox, deps: &Deps) -> Result<Credential, PollError> {
    let secret = match &mailbox.login {
        Login::OAuth { grant_id, .. } => {
            require_tls(mailbox)?;
            require_matching_consent(mailbox, deps)?;
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
    Ok(Credential { secret, refused: false, expiries: 0 })
}

impl Credential {
    /// Replaces the token after an error that a new token may fix: the first refusal at the login, unless the token was
    /// new, or an expiry during the poll (Exchange: `BYE Session invalidated - AccessTokenExpired`, imapsync#250).
    /// Fails with any other error.
    pub async fn renew_after(self, error: PollError, mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        let Secret::Bearer(access) = &self.secret else { return Err(error.without_renewal()) };
        let at_login = error.step == Step::Login;
        let is_hopeless = at_login && (self.refused || !access.may_be_stale(deps.clock.now()));
        if error.retry != Retry::Renew || is_hopeless || self.expiries >= MAX_EXPIRIES {
            return Err(error.without_renewal());
        }
        tracing::info!(mailbox = mailbox.address, "the server no longer accepts the access token; renewing it");
        let expiries = self.expiries + u32::from(!at_login);
        Ok(Self { refused: at_login, expiries, ..self.renew(mailbox, deps).await? })
    }

    /// Replaces the token unconditionally; decrypts a password again.
    pub async fn renew(&self, mailbox: &Mailbox, deps: &Deps) -> Result<Self, PollError> {
        match (&self.secret, &mailbox.login) {
            (Secret::Bearer(access), Login::OAuth { grant_id, .. }) => {
                let access = token(*grant_id, Some(access.version), mailbox, deps).await?;
                Ok(Self { secret: Secret::Bearer(access), refused: false, expiries: 0 })
            }
            _ => obtain(mailbox, deps).await,
        }
    }
}

async fn token(grant_id: i64, refused: Option<i64>, mailbox: &Mailbox, deps: &Deps) -> Result<AccessToken, PollError> {
    grant::access_token(grant_id, refused, &deps.tokens()).await.map_err(|error| match error {
        GrantError::Store(error) => PollError::store(Step::Token, &error),
        GrantError::Token(error) => token_error(error, mailbox, deps),
    })
}

/// Converts a token error. Its cause decides who has to act, and when to retry.
fn token_error(TokenError { trouble, .. }: TokenError, mailbox: &Mailbox, deps: &Deps) -> PollError {
    let is_app_only = matches!(&mailbox.login, Login::OAuth { key, .. } if key.kind == GrantKind::AppOnly);
    let (blame, retry) = match trouble.cause.owner() {
        CauseOwner::Configuration | CauseOwner::App => (Blame::Us, Retry::Soon),
        // An app-only grant involves no person's consent: an admin assigns the permission at the provider, which does
        // not notify us, so only a retry finds out.
        CauseOwner::Consent if !is_app_only => (Blame::Mailbox, Retry::Person),
        CauseOwner::Consent | CauseOwner::Admin | CauseOwner::Mailbox => (Blame::Mailbox, Retry::Credentials),
        // The grant itself limits how often a token is requested from the provider.
        CauseOwner::Provider => (Blame::Host, Retry::Soon),
    };
    PollError::from_trouble(Step::Token, blame, retry, trouble.with_args(&text_args(mailbox, deps)))
}

/// Fails if the person has not consented for this login name. A grant may open several mailboxes, but a mailbox that was
/// added or renamed later may need a new consent, even if the account may open it.
fn require_matching_consent(mailbox: &Mailbox, deps: &Deps) -> Result<(), PollError> {
    match mailbox.needs_consent {
        true => {
            let trouble = Trouble::new(Cause::OtherLoginName).with_args(&text_args(mailbox, deps));
            Err(PollError::from_trouble(Step::Token, Blame::Mailbox, Retry::Person, trouble))
        }
        false => Ok(()),
    }
}

/// Fails if the access token would travel unencrypted (RFC 6750 5.3) to a server other than this machine.
fn require_tls(mailbox: &Mailbox) -> Result<(), PollError> {
    if mailbox.server.tls == TlsMode::None && !mailbox.server.is_this_machine() {
        let message = format!(
            "an access token is never sent without TLS; choose it: mailferry mailbox set {} --tls implicit",
            mailbox.address
        );
        return Err(PollError::new(Step::Token, Blame::Mailbox, Retry::Person, message));
    }
    Ok(())
}

/// Returns the arguments for texts about a mailbox: `mailbox` is its address, `target` its login name at the server.
/// Values whose names begin with `ps_` are quoted for PowerShell.
pub fn text_args(mailbox: &Mailbox, deps: &Deps) -> BTreeMap<String, String> {
    let (target, mut text_args) = (&mailbox.username, BTreeMap::new());
    let mut insert = |name: &str, value: &str| drop(text_args.insert(name.to_owned(), value.to_owned()));
    insert("mailbox", &mailbox.address);
    insert("target", target);
    insert("ps_target", &literal(target));
    insert("host", &mailbox.server.host);
    if let Login::OAuth { key, .. } = &mailbox.login {
        insert("identity", &key.identity);
        insert("ps_identity", &literal(&key.identity));
        insert("provider", &key.provider);
        insert("kind", key.kind.as_str());
        let app = deps.oauth.providers.get(&key.provider);
        insert("family", app.map_or("other", |app| app.family()));
        if let Some(app) = app {
            insert("client_id", &app.client_id);
            insert("ps_client_id", &literal(&app.client_id));
            insert("tenant", if key.kind == GrantKind::AppOnly { &key.identity } else { &app.tenant });
        }
    }
    text_args
}
