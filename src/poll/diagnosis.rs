//! Why an access token does not open a mailbox: what Exchange answers to one of many causes is told apart by asking in other
//! ways, until one cause is left (reference rows D1, F2 to F4).
//!
//! Seen at outlook.office365.com: `NO AUTHENTICATE failed.` is about the token or about what Exchange knows of the application;
//! `OK` and then `BAD User is authenticated but not connected.` means that the token was taken and the mailbox was not opened.
//! (office-developer-exchange-docs#87, MailKit#1486 and #1811, email-oauth2-proxy#74 and #275, imapsync#250.)

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
use token::about;

pub use token::token;

/// How far a login came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// The folder opened.
    Opened,
    /// The login was refused.
    Refused,
    /// The login went through, and the mailbox did not open.
    NotConnected,
    /// It was not tried, or failed in a way that tells nothing.
    Unknown,
}

/// What was found out.
#[derive(Debug, Clone, Copy)]
struct Findings {
    /// It is Exchange Online, whose answers these are.
    is_exchange: bool,
    kind: GrantKind,
    /// Somebody else's mailbox is opened than that of who consented.
    is_shared: bool,
    came: Came,
    /// The same once more, a little later.
    again: Came,
    /// The same token, for the mailbox of who consented.
    own: Came,
    /// Another mailbox of the same application.
    sibling: Came,
}

/// A moment's trouble has passed by then.
const PAUSE: Duration = Duration::from_secs(3);

/// One cause. What cannot be told apart over IMAP is named by the likeliest, whose remedy looks at the others too.
fn cause(found: Findings) -> Cause {
    use Came::{NotConnected, Opened, Refused, Unknown};
    match found {
        Findings { again: Opened, .. } => Cause::ServerUnwell,
        Findings { is_exchange: false, .. } => Cause::TokenRefused,
        Findings { kind: GrantKind::AppOnly, sibling: Opened, .. } => Cause::AppPermissionMissing,
        Findings { kind: GrantKind::AppOnly, came: Refused, .. } => Cause::ServicePrincipalMissing,
        Findings { kind: GrantKind::AppOnly, .. } => Cause::AppPermissionMissing,
        Findings { is_shared: true, own: Opened, .. } => Cause::DelegatePermissionMissing,
        Findings { is_shared: true, own: NotConnected, .. } => Cause::ImapOff,
        Findings { is_shared: true, came: NotConnected, own: Unknown, .. } => Cause::DelegatePermissionMissing,
        Findings { came: NotConnected, .. } => Cause::ImapOff,
        Findings { .. } => Cause::TokenRefused,
    }
}

/// Finds the cause of a failure of this mailbox, by at most three further logins.
pub async fn find(failure: &PollError, credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> Option<Trouble> {
    let Login::OAuth { key, .. } = &mailbox.login else { return failure.trouble.clone() };
    let claims = match &credential.secret {
        Secret::Bearer(access) => Claims::read(access.token.expose_secret()),
        Secret::Password(_) => None,
    };
    let known = |trouble: Trouble| Some(trouble.about_all(&about(mailbox, deps, claims.as_ref())));
    if matches!(failure.retry, Retry::After(_) | Retry::Quota) {
        return known(Trouble::new(Cause::Throttled));
    }
    if says_imap_is_off(&failure.message) {
        return known(Trouble::new(Cause::ImapOff));
    }
    let came = how_far(Err(failure.clone()));
    let is_certain = failure.trouble.as_ref().is_some_and(|trouble| trouble.cause != Cause::TokenRefused);
    if is_certain || came == Came::Unknown {
        return failure.trouble.clone();
    }
    let mut found = Findings {
        is_exchange: deps.oauth.providers.get(&key.provider).is_some_and(|app| app.family() == "microsoft"),
        kind: key.kind,
        is_shared: key.kind == GrantKind::Delegated && !mailbox.username.eq_ignore_ascii_case(&key.identity),
        came,
        again: Came::Unknown,
        own: Came::Unknown,
        sibling: Came::Unknown,
    };
    tokio::time::sleep(PAUSE).await;
    found.again = try_login(credential, mailbox, deps).await;
    if found.again != Came::Opened {
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

/// The other mailbox of the same grant and host that was last seen to work.
async fn sibling(mailbox: &Mailbox, deps: &Deps) -> Option<Mailbox> {
    let Login::OAuth { grant_id, .. } = mailbox.login else { return None };
    let all = deps.store.mailboxes().await.ok()?;
    all.into_iter()
        .filter(|other| other.id != mailbox.id && other.server.host == mailbox.server.host)
        .filter(|other| other.status.last_success_at.is_some())
        .filter(|other| matches!(other.login, Login::OAuth { grant_id: its, .. } if its == grant_id))
        .max_by_key(|other| other.status.last_success_at)
}

async fn try_login(credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> Came {
    let attempt = async {
        let mut session = connect::open(&mailbox.server, deps).await?.session;
        authenticate::log_in(&mut session, credential, mailbox, deps).await?;
        let folder = mailbox.folders.first().map_or("INBOX", String::as_str);
        let opened = session.select(folder, true).await;
        opened.map_err(|error| PollError::folder(Step::Select, folder, &error))?;
        session.logout().await;
        Ok(())
    };
    how_far(attempt.await)
}

fn how_far(attempt: Result<(), PollError>) -> Came {
    match attempt {
        Ok(()) => Came::Opened,
        Err(error) if is_not_connected(&error.message) => Came::NotConnected,
        Err(PollError { step: Step::Login, blame: Blame::Mailbox, .. }) => Came::Refused,
        // It opened, but for this folder.
        Err(PollError { step: Step::Select, blame: Blame::Folder, .. }) => Came::Opened,
        Err(_) => Came::Unknown,
    }
}

/// Gmail and Exchange say so in words of their own.
fn says_imap_is_off(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    ["not enabled for imap", "imap access is disabled", "noadrecipient"].iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::Came::{NotConnected, Opened, Refused, Unknown};
    use super::*;

    #[test]
    fn what_was_found_out_leaves_one_cause() {
        let delegated = |is_shared, came, again, own| {
            cause(Findings {
                is_exchange: true,
                kind: GrantKind::Delegated,
                is_shared,
                came,
                again,
                own,
                sibling: Unknown,
            })
        };
        let app_only = |came, again, sibling| {
            cause(Findings {
                is_exchange: true,
                kind: GrantKind::AppOnly,
                is_shared: false,
                came,
                again,
                own: Unknown,
                sibling,
            })
        };
        for (wanted, seen) in [
            // The exchange works when tried again: one connection too many, or a server that was not well.
            (Cause::ServerUnwell, delegated(false, NotConnected, Opened, Unknown)),
            (Cause::ServerUnwell, app_only(NotConnected, Opened, Unknown)),
            // A member of a shared mailbox.
            (Cause::DelegatePermissionMissing, delegated(true, NotConnected, NotConnected, Opened)),
            (Cause::DelegatePermissionMissing, delegated(true, Refused, Refused, Opened)),
            (Cause::DelegatePermissionMissing, delegated(true, NotConnected, NotConnected, Unknown)),
            (Cause::ImapOff, delegated(true, NotConnected, NotConnected, NotConnected)),
            (Cause::TokenRefused, delegated(true, Refused, Refused, Refused)),
            // One's own mailbox.
            (Cause::ImapOff, delegated(false, NotConnected, NotConnected, Unknown)),
            (Cause::TokenRefused, delegated(false, Refused, Refused, Unknown)),
            // The application itself.
            (Cause::ServicePrincipalMissing, app_only(Refused, Refused, Unknown)),
            (Cause::ServicePrincipalMissing, app_only(Refused, Refused, Refused)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, NotConnected)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, Opened)),
            (Cause::AppPermissionMissing, app_only(Refused, Refused, Opened)),
            (Cause::AppPermissionMissing, app_only(NotConnected, NotConnected, Unknown)),
        ] {
            assert_eq!(seen, wanted);
        }
    }
}
