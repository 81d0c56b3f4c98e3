//! Finds the cause when an access token does not open a mailbox. Exchange gives the same answer for many causes, so
//! further logins narrow them down (reference rows D1, F2 to F4).
//!
//! Seen at outlook.office365.com: `NO AUTHENTICATE failed.` means a problem with the token or with Exchange's record of
//! the application; `OK` followed by `BAD User is authenticated but not connected.` means that the token was accepted
//! but the mailbox did not open. (office-developer-exchange-docs#87, MailKit#1486 and #1811, email-oauth2-proxy#74 and
//! #275, imapsync#250.)

mod token;

use std::time::Duration;

use secrecy::ExposeSecret;

use super::credential::{Credential, Secret};
use super::error::is_not_connected;
use super::{Blame, Deps, PollError, Retry, Step, authenticate, connect};
use crate::cause::{Cause, Trouble};
use crate::mailbox::Settings;
use crate::oauth::Claims;
use crate::store::{GrantKind, Login, Mailbox};
use token::text_args;

pub use token::token;

/// The result of a login attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoginProbe {
    /// The mailbox opened.
    Opened,
    /// The server refused the login.
    Refused,
    /// The login succeeded, but the mailbox did not open.
    NotConnected,
    /// The login was not attempted, or its failure proves nothing.
    Unknown,
}

/// The evidence about a failed login.
#[derive(Debug, Clone, Copy)]
struct LoginEvidence {
    /// Whether the server is Exchange Online. Only there do the results below distinguish causes.
    is_exchange: bool,
    kind: GrantKind,
    /// Whether the mailbox is another one than the consenting person's own.
    is_shared: bool,
    first: LoginProbe,
    /// The result of a second attempt, a little later.
    second: LoginProbe,
    /// The result of a login to the consenting person's own mailbox with the same token.
    own: LoginProbe,
    /// The result of a login to another mailbox of the same grant.
    sibling: LoginProbe,
}

/// Pause before the second attempt. Temporary failures should have passed by then.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// Returns the cause that the evidence leaves. If IMAP cannot distinguish two causes, returns the likelier one, whose
/// remedy also covers the other.
fn cause(found: LoginEvidence) -> Cause {
    use LoginProbe::{NotConnected, Opened, Refused, Unknown};
    match found {
        LoginEvidence { second: Opened, .. } => Cause::ServerUnwell,
        LoginEvidence { is_exchange: false, .. } => Cause::TokenRefused,
        LoginEvidence { kind: GrantKind::AppOnly, sibling: Opened, .. } => Cause::AppPermissionMissing,
        LoginEvidence { kind: GrantKind::AppOnly, first: Refused, .. } => Cause::ServicePrincipalMissing,
        LoginEvidence { kind: GrantKind::AppOnly, .. } => Cause::AppPermissionMissing,
        LoginEvidence { is_shared: true, own: Opened, .. } => Cause::DelegatePermissionMissing,
        LoginEvidence { is_shared: true, own: NotConnected, .. } => Cause::ImapOff,
        LoginEvidence { is_shared: true, first: NotConnected, own: Unknown, .. } => Cause::DelegatePermissionMissing,
        LoginEvidence { first: NotConnected, .. } => Cause::ImapOff,
        LoginEvidence { .. } => Cause::TokenRefused,
    }
}

/// Finds the cause of a failure, with at most two further logins.
pub async fn find(failure: &PollError, credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> Option<Trouble> {
    let Login::OAuth { key, .. } = &mailbox.login else { return failure.trouble.clone() };
    let claims = match &credential.secret {
        Secret::Bearer(access) => Claims::read(access.token.expose_secret()),
        Secret::Password(_) => None,
    };
    let known = |trouble: Trouble| Some(trouble.with_args(&text_args(mailbox, deps, claims.as_ref())));
    if matches!(failure.retry, Retry::After(_) | Retry::Quota) {
        return known(Trouble::new(Cause::Throttled));
    }
    if is_imap_off_text(&failure.message) {
        return known(Trouble::new(Cause::ImapOff));
    }
    let first = probe_result(Err(failure.clone()));
    let is_certain = failure.trouble.as_ref().is_some_and(|trouble| trouble.cause != Cause::TokenRefused);
    if is_certain || first == LoginProbe::Unknown {
        return failure.trouble.clone();
    }
    let mut found = LoginEvidence {
        is_exchange: deps.oauth.providers.get(&key.provider).is_some_and(|app| app.family() == "microsoft"),
        kind: key.kind,
        is_shared: key.kind == GrantKind::Delegated && !mailbox.username.eq_ignore_ascii_case(&key.identity),
        first,
        second: LoginProbe::Unknown,
        own: LoginProbe::Unknown,
        sibling: LoginProbe::Unknown,
    };
    tokio::time::sleep(RETRY_PAUSE).await;
    found.second = try_login(credential, mailbox, deps).await;
    if found.second != LoginProbe::Opened {
        if found.is_shared {
            let own = Mailbox {
                username: key.identity.clone(),
                settings: Settings { folders: vec!["INBOX".to_owned()], ..mailbox.settings.clone() },
                ..mailbox.clone()
            };
            found.own = try_login(credential, &own, deps).await;
        }
        if key.kind == GrantKind::AppOnly
            && let Some(sibling) = sibling(mailbox, deps).await
        {
            found.sibling = try_login(credential, &sibling, deps).await;
        }
    }
    known(Trouble::new(cause(found)))
}

/// Returns another mailbox of the same grant and host: the one with the latest successful poll.
async fn sibling(mailbox: &Mailbox, deps: &Deps) -> Option<Mailbox> {
    let Login::OAuth { grant_id, .. } = mailbox.login else { return None };
    let all = deps.store.mailboxes().await.ok()?;
    all.into_iter()
        .filter(|other| other.id != mailbox.id && other.server.host == mailbox.server.host)
        .filter(|other| other.status.last_success_at.is_some())
        .filter(|other| matches!(other.login, Login::OAuth { grant_id: its, .. } if its == grant_id))
        .max_by_key(|other| other.status.last_success_at)
}

async fn try_login(credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> LoginProbe {
    let attempt = async {
        let mut session = connect::open(&mailbox.server, deps).await?.session;
        authenticate::log_in(&mut session, credential, mailbox, deps).await?;
        let folder = mailbox.folders.first().map_or("INBOX", String::as_str);
        let opened = session.select(folder, true).await;
        opened.map_err(|error| PollError::folder(Step::Select, folder, &error))?;
        session.logout().await;
        Ok(())
    };
    probe_result(attempt.await)
}

fn probe_result(attempt: Result<(), PollError>) -> LoginProbe {
    match attempt {
        Ok(()) => LoginProbe::Opened,
        Err(error) if is_not_connected(&error.message) => LoginProbe::NotConnected,
        Err(PollError { step: Step::Login, blame: Blame::Mailbox, .. }) => LoginProbe::Refused,
        // The mailbox opened; only this folder did not.
        Err(PollError { step: Step::Select, blame: Blame::Folder, .. }) => LoginProbe::Opened,
        Err(_) => LoginProbe::Unknown,
    }
}

/// Whether Gmail or Exchange reports that IMAP is switched off.
fn is_imap_off_text(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    ["not enabled for imap", "imap access is disabled", "noadrecipient"].iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::LoginProbe::{NotConnected, Opened, Refused, Unknown};
    use super::*;

    #[test]
    fn the_evidence_leaves_a_single_cause() {
        let delegated = |is_shared, first, second, own| {
            cause(LoginEvidence {
                is_exchange: true,
                kind: GrantKind::Delegated,
                is_shared,
                first,
                second,
                own,
                sibling: Unknown,
            })
        };
        let app_only = |first, second, sibling| {
            cause(LoginEvidence {
                is_exchange: true,
                kind: GrantKind::AppOnly,
                is_shared: false,
                first,
                second,
                own: Unknown,
                sibling,
            })
        };
        for (wanted, found) in [
            // The second attempt succeeds: the first met a connection limit or a temporary server failure.
            (Cause::ServerUnwell, delegated(false, NotConnected, Opened, Unknown)),
            (Cause::ServerUnwell, app_only(NotConnected, Opened, Unknown)),
            // A person with access to a shared mailbox.
            (Cause::DelegatePermissionMissing, delegated(true, NotConnected, NotConnected, Opened)),
            (Cause::DelegatePermissionMissing, delegated(true, Refused, Refused, Opened)),
            (Cause::DelegatePermissionMissing, delegated(true, NotConnected, NotConnected, Unknown)),
            (Cause::ImapOff, delegated(true, NotConnected, NotConnected, NotConnected)),
            (Cause::TokenRefused, delegated(true, Refused, Refused, Refused)),
            // The consenting person's own mailbox.
            (Cause::ImapOff, delegated(false, NotConnected, NotConnected, Unknown)),
            (Cause::TokenRefused, delegated(false, Refused, Refused, Unknown)),
            // An app-only grant.
            (Cause::ServicePrincipalMissing, app_only(Refused, Refused, Unknown)),
            (Cause::ServicePrincipalMissing, app_only(Refused, Refused, Refused)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, NotConnected)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, Opened)),
            (Cause::AppPermissionMissing, app_only(Refused, Refused, Opened)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, Unknown)),
        ] {
            assert_eq!(found, wanted);
        }
    }
}
