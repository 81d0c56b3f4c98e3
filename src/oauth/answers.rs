//! Finds the cause of a provider's refusal in tables of error codes and texts.
//!
//! Microsoft's codes: learn.microsoft.com "Microsoft Entra authentication and authorization error codes"
//! (entra/identity-platform/reference-error-codes), and the threads of reference rows F6 and F7. Google's texts:
//! developers.google.com "Using OAuth 2.0 for Web Server Applications" (errors) and "Using OAuth 2.0 to Access Google
//! APIs" (refresh token expiration), and reference row F10. If no entry matches, the standard error code decides (RFC
//! 6749 5.2).

use super::provider::Provider;
use crate::cause::{Cause, Trouble};
use crate::shown::shown;

/// Microsoft's codes. The first code in a description counts.
const AADSTS: &[(u32, Cause)] = &[
    (50001, Cause::ScopeRefused),
    (50011, Cause::RedirectMismatch),
    (50020, Cause::OtherTenant),
    (50034, Cause::AccountDisabled), // not in this directory
    (50053, Cause::AccountDisabled), // locked
    (50055, Cause::PasswordChanged), // expired
    (50056, Cause::PasswordChanged),
    (50057, Cause::AccountDisabled),
    (50058, Cause::MfaNeeded),
    (50059, Cause::TenantUnknown),
    (50072, Cause::MfaNeeded),
    (50074, Cause::MfaNeeded),
    (50076, Cause::MfaNeeded),
    (50078, Cause::MfaNeeded),
    (50079, Cause::MfaNeeded),
    (50097, Cause::AccessBlocked), // device authentication
    (50105, Cause::NotAssigned),
    (50126, Cause::PasswordChanged),
    (50128, Cause::TenantUnknown),
    (50129, Cause::AccessBlocked),
    (50131, Cause::AccessBlocked),
    (50132, Cause::PasswordChanged),
    (50133, Cause::PasswordChanged),
    (50140, Cause::MfaNeeded),
    (50144, Cause::PasswordChanged),
    (50158, Cause::MfaNeeded),
    (50173, Cause::Ended),         // revoked by the person or an admin, or the password was reset
    (50194, Cause::TenantUnknown), // not a multi-tenant application
    (50196, Cause::Busy),          // too many requests
    (53000, Cause::AccessBlocked),
    (53001, Cause::AccessBlocked),
    (53002, Cause::AccessBlocked),
    (53003, Cause::AccessBlocked),
    (53004, Cause::MfaNeeded),
    (53010, Cause::MfaNeeded),
    (530032, Cause::AccessBlocked),
    (530034, Cause::AccessBlocked),
    (530035, Cause::AccessBlocked),
    (530036, Cause::AccessBlocked),
    (54005, Cause::Ended),        // an authorization code that was already used
    (65001, Cause::AdminConsent), // there is no consent, and a poll cannot ask for one
    (65004, Cause::Denied),
    (65005, Cause::ScopeRefused),
    (70000, Cause::Ended),
    (70008, Cause::Inactive),
    (70011, Cause::ScopeRefused),
    (70018, Cause::TimedOut),
    (70019, Cause::TimedOut),
    (70020, Cause::TimedOut),
    (70043, Cause::SignInFrequency),
    (70044, Cause::SignInFrequency),
    (700003, Cause::AccessBlocked), // device gone
    (700016, Cause::AppUnknown),
    (700020, Cause::MfaNeeded), // interaction required
    (700025, Cause::SecretNotAllowed),
    (700027, Cause::SecretWrong),
    (700054, Cause::FlowNotAllowed),
    (700081, Cause::Inactive),
    (700082, Cause::Inactive),
    (700084, Cause::FlowNotAllowed), // the redirect URI belongs to a single-page application
    (7000112, Cause::AppDisabled),
    (7000215, Cause::SecretWrong),
    (7000218, Cause::PublicClientOff),
    (7000222, Cause::SecretExpired),
    (90002, Cause::TenantUnknown),
    (90008, Cause::AdminConsent),
    (90009, Cause::ScopeRefused),
    (90019, Cause::TenantUnknown),
    (90024, Cause::Down),
    (90033, Cause::Down),
    (90055, Cause::Busy),
    (90072, Cause::OtherTenant),
    (90094, Cause::AdminConsent),
    (90095, Cause::AdminConsent),
    (90099, Cause::AdminConsent),
    (900144, Cause::AppRefused),
    (900382, Cause::AppRefused), // another cloud's endpoint
    (900971, Cause::RedirectMismatch),
    (500011, Cause::NoMailService), // no such resource in this tenant
    (500014, Cause::NoMailService),
    (500021, Cause::AccessBlocked), // the network's tenant restrictions
    (500112, Cause::RedirectMismatch),
    (500113, Cause::RedirectMismatch),
    (500133, Cause::Ended),
    (500200, Cause::OtherTenant),
    (650052, Cause::NoMailService),
    (650053, Cause::ScopeRefused),
    (650056, Cause::AdminConsent),
    (650057, Cause::ScopeRefused),
    (120000, Cause::PasswordChanged),
    (120002, Cause::PasswordChanged),
    (130004, Cause::MfaNeeded),
    (135010, Cause::Ended),
    (9002313, Cause::AppRefused),
    (9002325, Cause::FlowNotAllowed), // registered as a single-page application
    (9002326, Cause::FlowNotAllowed),
    (28002, Cause::ScopeRefused),
    (28003, Cause::ScopeRefused),
    (700022, Cause::ScopeRefused),
    (700005, Cause::OtherTenant),
];

/// Google's texts, in an error code or description.
const GOOGLE: &[(&str, Cause)] = &[
    ("invalid_rapt", Cause::SignInFrequency),
    ("reauth related error", Cause::SignInFrequency),
    ("admin_policy_enforced", Cause::AccessBlocked),
    ("org_internal", Cause::AccessBlocked),
    ("account has been deleted", Cause::AccountDisabled),
    ("account has been disabled", Cause::AccountDisabled),
    ("account restricted", Cause::AccountDisabled),
    ("deleted_client", Cause::AppGone),
    ("oauth client was deleted", Cause::AppGone),
    ("oauth client was not found", Cause::AppGone),
    ("disabled_client", Cause::AppGone),
    ("oauth client was disabled", Cause::AppGone),
    ("restricted_client", Cause::ScopeRefused),
    ("redirect_uri_mismatch", Cause::RedirectMismatch),
    ("rate_limit_exceeded", Cause::Busy),
];

/// The standard error codes (RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, OpenID Connect Core 3.1.2.6).
const STANDARD: &[(&str, Cause)] = &[
    ("invalid_grant", Cause::Ended),
    ("interaction_required", Cause::MfaNeeded),
    ("login_required", Cause::MfaNeeded),
    ("consent_required", Cause::AdminConsent),
    ("account_selection_required", Cause::MfaNeeded),
    ("invalid_client", Cause::SecretWrong),
    ("unauthorized_client", Cause::FlowNotAllowed),
    ("unsupported_grant_type", Cause::FlowNotAllowed),
    ("unsupported_response_type", Cause::FlowNotAllowed),
    ("invalid_scope", Cause::ScopeRefused),
    ("invalid_target", Cause::ScopeRefused),
    ("invalid_resource", Cause::ScopeRefused),
    ("access_denied", Cause::Denied),
    ("authorization_declined", Cause::Denied),
    ("expired_token", Cause::TimedOut),
    ("code_expired", Cause::TimedOut),
    ("slow_down", Cause::Busy),
    ("temporarily_unavailable", Cause::Down),
    ("server_error", Cause::Down),
];

/// The cause of a refusal, with the provider's error code. The description is not kept, since it may contain secrets
/// from the request.
pub fn refused(provider: &Provider<'_>, error: &str, description: Option<&str>) -> Trouble {
    let text = description.unwrap_or_default();
    let microsoft = aadsts(text);
    let lower = format!("{error} {text}").to_lowercase();
    let cause = microsoft
        .and_then(|code| AADSTS.iter().find(|(known, _)| *known == code))
        .map(|(_, cause)| *cause)
        // An `invalid_client` with an unknown code other than 70002 does not prove that the client secret is wrong.
        .or_else(|| {
            (error == "invalid_client" && microsoft.is_some_and(|code| code != 70002)).then_some(Cause::AppRefused)
        })
        .or_else(|| GOOGLE.iter().find(|(words, _)| lower.contains(words)).map(|(_, cause)| *cause))
        .or_else(|| STANDARD.iter().find(|(name, _)| *name == error).map(|(_, cause)| *cause))
        .unwrap_or(Cause::AppRefused);
    // Google does not say why a consent has ended; with an application in testing, the likely reason is its seven-day
    // limit.
    let cause = if cause == Cause::Ended && provider.app.testing { Cause::GoogleTesting } else { cause };
    let code = match microsoft {
        Some(code) => format!("AADSTS{code}"),
        None => shown(error).chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).take(60).collect(),
    };
    provider.trouble(cause).with_code(Some(code).filter(|code| !code.is_empty()))
}

/// The number after the first `AADSTS`.
fn aadsts(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::CauseOwner;
    use crate::config::{Application, OAuth};

    fn provider(testing: bool) -> OAuth {
        let app = Application { client_id: "app".into(), testing, ..Application::default() };
        OAuth { loopback_port: 0, providers: [("p".to_owned(), app)].into() }
    }

    #[test]
    fn every_refusal_names_who_must_act() {
        let (config, in_testing) = (provider(false), provider(true));
        let provider = Provider::named(&config, "p").unwrap();
        for (error, description, cause, owner) in [
            (
                "invalid_grant",
                "AADSTS700082: The refresh token has expired due to inactivity.",
                Cause::Inactive,
                CauseOwner::Consent,
            ),
            (
                "invalid_grant",
                "AADSTS70043: The refresh token is invalid due to sign-in frequency",
                Cause::SignInFrequency,
                CauseOwner::Consent,
            ),
            (
                "invalid_grant",
                "AADSTS50173: The provided grant has expired due to it being revoked",
                Cause::Ended,
                CauseOwner::Consent,
            ),
            (
                "invalid_grant",
                "AADSTS65001: The user or administrator has not consented",
                Cause::AdminConsent,
                CauseOwner::Consent,
            ),
            (
                "interaction_required",
                "AADSTS50076: Due to a configuration change",
                Cause::MfaNeeded,
                CauseOwner::Consent,
            ),
            (
                "invalid_client",
                "AADSTS7000222: The provided client secret keys are expired.",
                Cause::SecretExpired,
                CauseOwner::App,
            ),
            (
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided. Ensure",
                Cause::SecretWrong,
                CauseOwner::App,
            ),
            ("unauthorized_client", "AADSTS700016: Application with identifier", Cause::AppUnknown, CauseOwner::Admin),
            ("invalid_grant", "Token has been expired or revoked.", Cause::Ended, CauseOwner::Consent),
            ("invalid_grant", "reauth related error (invalid_rapt)", Cause::SignInFrequency, CauseOwner::Consent),
            ("invalid_client", "The OAuth client was not found.", Cause::AppGone, CauseOwner::App),
            ("invalid_client", "Unauthorized", Cause::SecretWrong, CauseOwner::App),
            (
                "invalid_grant",
                "AADSTS70002: Error validating credentials. AADSTS70008: expired",
                Cause::Ended,
                CauseOwner::Consent,
            ),
            ("invalid_client", "AADSTS70002: Client credentials", Cause::SecretWrong, CauseOwner::App),
            ("invalid_client", "AADSTS123: new", Cause::AppRefused, CauseOwner::Admin),
            ("access_denied", "", Cause::Denied, CauseOwner::Consent),
            ("temporarily_unavailable", "", Cause::Down, CauseOwner::Provider),
            ("something_new", "AADSTS123: never heard of", Cause::AppRefused, CauseOwner::Admin),
            ("invalid_grant", "AADSTS99999999999: too long a number", Cause::Ended, CauseOwner::Consent),
        ] {
            let trouble = refused(&provider, error, Some(description));
            assert_eq!((trouble.cause, trouble.cause.owner()), (cause, owner), "{error} {description}");
        }
        let provider = Provider::named(&in_testing, "p").unwrap();
        assert_eq!(refused(&provider, "invalid_grant", None).cause, Cause::GoogleTesting);
    }

    #[test]
    fn only_the_code_of_a_refusal_is_kept() {
        let config = provider(false);
        let provider = Provider::named(&config, "p").unwrap();
        let trouble = refused(&provider, "invalid_grant", Some("AADSTS70000: kanarie-token"));
        assert!(!format!("{trouble} {trouble:?}").contains("kanarie"));
        assert_eq!(trouble.code.as_deref(), Some("AADSTS70000"));
        assert_eq!(refused(&provider, "a b\u{1b}[31m<c>", None).code.as_deref(), Some("ab31mc"));
    }
}
