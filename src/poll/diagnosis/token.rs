//! Reads an access token, and finds the first problem in it.

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

/// Obtains the credential of a mailbox, and describes its access token. A token with a problem is replaced once, since
/// an admin may have fixed the problem after the token was issued.
pub async fn token(mailbox: &Mailbox, deps: &Deps) -> Result<(Credential, Option<CheckFinding>), PollError> {
    let mut credential = credential::obtain(mailbox, deps).await?;
    let (mut finding, mut problem) = inspect_token(&credential, mailbox, deps);
    if problem.is_some() {
        credential = credential.renew(mailbox, deps).await?;
        (finding, problem) = inspect_token(&credential, mailbox, deps);
    }
    match problem {
        Some(trouble) => Err(PollError::from_trouble(Step::Token, Blame::Mailbox, Retry::Credentials, trouble)),
        None => Ok((credential, finding)),
    }
}

/// Returns the description of an access token, and the first problem found in it. An opaque token cannot be checked.
fn inspect_token(credential: &Credential, mailbox: &Mailbox, deps: &Deps) -> (Option<CheckFinding>, Option<Trouble>) {
    let (Secret::Bearer(access), Login::OAuth { key, .. }) = (&credential.secret, &mailbox.login) else {
        return (None, None);
    };
    let finding_with = |contents: TokenContents| {
        let (provider, identity) = (key.provider.clone(), key.identity.clone());
        Some(CheckFinding::Token { provider, identity, until: access.expires_at, contents })
    };
    let Some(claims) = Claims::read(access.token.expose_secret()) else {
        return (finding_with(TokenContents::Unreadable), None);
    };
    let rights: Vec<&str> =
        claims.scp.iter().map(String::as_str).chain(claims.roles.iter().map(String::as_str)).collect();
    let held = TokenContents::Read { audience: shown(&claims.aud.join(", ")), rights: shown(&rights.join(" ")) };
    let problem =
        Provider::for_grant(&deps.oauth, key).ok().and_then(|provider| claim_problem(&claims, key.kind, provider.app));
    (finding_with(held), problem.map(|trouble| trouble.with_args(&text_args(mailbox, deps, Some(&claims)))))
}

fn claim_problem(claims: &Claims, kind: GrantKind, app: &Application) -> Option<Trouble> {
    let bare = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    let is_for_mail = |aud: &String| app.audiences.iter().any(|wanted| bare(wanted) == bare(aud));
    if !app.audiences.is_empty() && !claims.aud.is_empty() && !claims.aud.iter().any(is_for_mail) {
        return Some(Trouble::new(Cause::AudienceWrong).with_arg("found", shown(&claims.aud.join(", "))));
    }
    match kind {
        GrantKind::AppOnly if !app.app_only_role.is_empty() && !claims.roles.contains(&app.app_only_role) => {
            Some(Trouble::new(Cause::RoleMissing).with_arg("role", &app.app_only_role))
        }
        // In a token, Microsoft names each scope by its last path segment.
        GrantKind::Delegated => {
            let scp = claims.scp.as_deref()?;
            let wanted = app.scopes.iter().filter(|scope| scope.contains("://"));
            let last = |scope: &String| scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let missing =
                wanted.map(last).find(|wanted| !scp.split(' ').any(|held| held.eq_ignore_ascii_case(wanted)))?;
            Some(Trouble::new(Cause::TokenScopeMissing).with_arg("scope", missing))
        }
        GrantKind::AppOnly => None,
    }
}

/// Returns the arguments for texts about a mailbox, including those from its token.
pub fn text_args(mailbox: &Mailbox, deps: &Deps, claims: Option<&Claims>) -> BTreeMap<String, String> {
    let mut args = credential::text_args(mailbox, deps);
    // In an app-only token, `oid` is the object ID by which Exchange knows the application.
    let id = claims
        .and_then(|claims| claims.oid.clone())
        .filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let id = id.unwrap_or_else(|| "OBJECT-ID-OF-THE-ENTERPRISE-APPLICATION".to_owned());
    args.insert("ps_object_id".to_owned(), literal(&id));
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lacks_an_audience_scope_or_role() {
        let app = Application {
            audiences: vec!["https://outlook.office.com".into()],
            scopes: vec!["https://outlook.office.com/IMAP.AccessAsUser.All".into(), "openid".into()],
            app_only_role: "IMAP.AccessAsApp".into(),
            ..Application::default()
        };
        let problem_of = |aud: &str, scp: Option<&str>, roles: &[&str], kind| {
            let claims = Claims {
                aud: vec![aud.to_owned()],
                scp: scp.map(str::to_owned),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                ..Claims::default()
            };
            claim_problem(&claims, kind, &app).map(|trouble| trouble.cause)
        };
        let outlook = "https://outlook.office.com/";
        assert_eq!(problem_of(outlook, Some("imap.accessasuser.all Mail.Send"), &[], GrantKind::Delegated), None);
        assert_eq!(problem_of(outlook, Some("Mail.Read"), &[], GrantKind::Delegated), Some(Cause::TokenScopeMissing));
        let graph = "https://graph.microsoft.com";
        assert_eq!(
            problem_of(graph, Some("IMAP.AccessAsUser.All"), &[], GrantKind::Delegated),
            Some(Cause::AudienceWrong)
        );
        assert_eq!(problem_of(outlook, None, &["IMAP.AccessAsApp"], GrantKind::AppOnly), None);
        assert_eq!(problem_of(outlook, None, &["POP.AccessAsApp"], GrantKind::AppOnly), Some(Cause::RoleMissing));
    }
}
