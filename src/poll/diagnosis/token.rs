//! What an access token says of itself, and what it lacks.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use crate::cause::{Cause, Trouble};
use crate::config::Application;
use crate::fact::{CheckFinding, TokenContents};
use crate::oauth::{Claims, Provider};
use crate::poll::credential::{self, Credential, Secret};
use crate::poll::{Blame, Deps, PollError, Retry, Step};
use crate::powershell::literal;
use crate::shown::shown;
use crate::store::{GrantKind, Login, Mailbox};

/// A token to check with, and what it says of itself. One that lacks something is asked for anew: it may be older than what an
/// admin has mended.
pub async fn token(mailbox: &Mailbox, deps: &Deps) -> Result<(Credential, Option<CheckFinding>), PollError> {
    let mut credential = credential::ready(mailbox, deps).await?;
    let (mut said, mut wrong) = look_at_token(&credential, mailbox, deps);
    if wrong.is_some() {
        credential = credential.anew(mailbox, deps).await?;
        (said, wrong) = look_at_token(&credential, mailbox, deps);
    }
    match wrong {
        Some(trouble) => Err(PollError::of(Step::Token, Blame::Mailbox, Retry::Credentials, trouble)),
        None => Ok((credential, said)),
    }
}

/// What an access token says of itself, and the first thing that is wrong with it. A token that cannot be read is none to judge.
fn look_at_token(credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> (Option<CheckFinding>, Option<Trouble>) {
    let (Secret::Bearer(access), Login::OAuth { key, .. }) = (&credential.secret, &mailbox.login) else {
        return (None, None);
    };
    let of = |contents: TokenContents| {
        let (provider, identity) = (key.provider.clone(), key.identity.clone());
        Some(CheckFinding::Token { provider, identity, until: access.expires_at, contents })
    };
    let Some(claims) = Claims::read(access.token.expose_secret()) else { return (of(TokenContents::Unreadable), None) };
    let rights: Vec<&str> =
        claims.scp.iter().map(String::as_str).chain(claims.roles.iter().map(String::as_str)).collect();
    let held = TokenContents::Read { audience: shown(&claims.aud.join(", ")), rights: shown(&rights.join(" ")) };
    let wrong = Provider::of(&deps.oauth, key).ok().and_then(|provider| wrong_claim(&claims, key.kind, provider.app));
    (of(held), wrong.map(|trouble| trouble.about_all(&about(mailbox, deps, Some(&claims)))))
}

fn wrong_claim(claims: &Claims, kind: GrantKind, app: &Application) -> Option<Trouble> {
    let bare = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    let is_for_mail = |aud: &String| app.audiences.iter().any(|wanted| bare(wanted) == bare(aud));
    if !app.audiences.is_empty() && !claims.aud.is_empty() && !claims.aud.iter().any(is_for_mail) {
        return Some(Trouble::new(Cause::AudienceWrong).about("found", shown(&claims.aud.join(", "))));
    }
    match kind {
        GrantKind::AppOnly if !app.app_only_role.is_empty() && !claims.roles.contains(&app.app_only_role) => {
            Some(Trouble::new(Cause::RoleMissing).about("role", &app.app_only_role))
        }
        // Microsoft names scopes there by their last part.
        GrantKind::Delegated => {
            let scp = claims.scp.as_deref()?;
            let wanted = app.scopes.iter().filter(|scope| scope.contains("://"));
            let last = |scope: &String| scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let missing =
                wanted.map(last).find(|wanted| !scp.split(' ').any(|held| held.eq_ignore_ascii_case(wanted)))?;
            Some(Trouble::new(Cause::TokenScopeMissing).about("scope", missing))
        }
        GrantKind::AppOnly => None,
    }
}

/// Everything that a sentence may name.
pub fn about(mailbox: &Mailbox, deps: &Deps, claims: Option<&Claims>) -> BTreeMap<String, String> {
    let mut about = credential::about(mailbox, deps);
    // Whom Exchange knows the application as.
    let id = claims
        .and_then(|claims| claims.oid.clone())
        .filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let id = id.unwrap_or_else(|| "OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION".to_owned());
    about.insert("ps_object_id".to_owned(), literal(&id));
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_it_lacks() {
        let app = Application {
            audiences: vec!["https://outlook.office.com".into()],
            scopes: vec!["https://outlook.office.com/IMAP.AccessAsUser.All".into(), "openid".into()],
            app_only_role: "IMAP.AccessAsApp".into(),
            ..Application::default()
        };
        let judged = |aud: &str, scp: Option<&str>, roles: &[&str], kind| {
            let claims = Claims {
                aud: vec![aud.to_owned()],
                scp: scp.map(str::to_owned),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                ..Claims::default()
            };
            wrong_claim(&claims, kind, &app).map(|trouble| trouble.cause)
        };
        let outlook = "https://outlook.office.com/";
        assert_eq!(judged(outlook, Some("imap.accessasuser.all Mail.Send"), &[], GrantKind::Delegated), None);
        assert_eq!(judged(outlook, Some("Mail.Read"), &[], GrantKind::Delegated), Some(Cause::TokenScopeMissing));
        let graph = "https://graph.microsoft.com";
        assert_eq!(judged(graph, Some("IMAP.AccessAsUser.All"), &[], GrantKind::Delegated), Some(Cause::AudienceWrong));
        assert_eq!(judged(outlook, None, &["IMAP.AccessAsApp"], GrantKind::AppOnly), None);
        assert_eq!(judged(outlook, None, &["POP.AccessAsApp"], GrantKind::AppOnly), Some(Cause::RoleMissing));
    }
}
