//! The known causes of a mailbox's failures, at its mail server or identity provider, as one closed list. `locale/` has
//! a sentence and a remedy for each, in every language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::locale::{self, Language};
use crate::shown::shown_within;

/// The party that has to act on a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseOwner {
    /// The operator: the configuration of this process is incomplete. Other workers may still be configured correctly.
    Configuration,
    /// The operator: the registered application fails for all of its mailboxes.
    App,
    /// A person has to consent again.
    Consent,
    /// The provider's admin: a policy or setting of one tenant or account. Mailferry is not told when it is fixed.
    Admin,
    /// The mail server's admin: a permission or switch of one mailbox.
    Mailbox,
    /// No one has to act: the provider's failure is temporary.
    Provider,
}

macro_rules! causes {
    ($($owner:ident { $($(#[$doc:meta])* $name:ident = $id:literal,)* })*) => {
        /// A known cause of a failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $($($(#[$doc])* #[serde(rename = $id)] $name,)*)*
        }

        impl Cause {
            #[cfg(test)]
            pub const ALL: &[Cause] = &[$($(Cause::$name,)*)*];

            /// The name in JSON and in the language files.
            pub fn id(self) -> &'static str {
                match self { $($(Cause::$name => $id,)*)* }
            }

            /// The party that has to act.
            pub fn owner(self) -> CauseOwner {
                match self { $($(Cause::$name => CauseOwner::$owner,)*)* }
            }
        }
    };
}

causes! {
    Configuration {
        /// The configuration has no client ID, or lacks the provider.
        NotRegistered = "app-not-registered",
        /// The file with the client secret is unreadable.
        SecretUnreadable = "app-secret-unreadable",
        /// The provider does not support device codes.
        NoDeviceCodes = "app-no-device-codes",
        /// The application's own token has no object ID.
        NoObjectId = "app-no-object-id",
    }
    App {
        /// The client secret has expired.
        SecretExpired = "app-secret-expired",
        /// The client secret is wrong, or its ID was entered instead of its value.
        SecretWrong = "app-secret-wrong",
        /// The application is deleted, disabled or unknown at the provider.
        AppGone = "app-gone",
    }
    Admin {
        /// The tenant does not know the application.
        AppUnknown = "app-unknown",
        /// The tenant has disabled the application.
        AppDisabled = "app-disabled",
        /// The tenant does not exist.
        TenantUnknown = "app-tenant-unknown",
        /// Device codes require "Allow public client flows".
        PublicClientOff = "app-public-client-off",
        /// The application is registered as a public client and must send no secret.
        SecretNotAllowed = "app-secret-not-allowed",
        /// The redirect URI is not registered.
        RedirectMismatch = "app-redirect-mismatch",
        /// The application may not request a scope.
        ScopeRefused = "app-scope-refused",
        /// The application may not get tokens with this grant type.
        FlowNotAllowed = "app-flow-not-allowed",
        /// The provider rejects the request for another reason.
        AppRefused = "app-refused",
        /// A policy of the tenant blocks this application, location or device.
        AccessBlocked = "admin-access-blocked",
        /// The account is disabled, locked or deleted.
        AccountDisabled = "admin-account-disabled",
        /// The account is not assigned to the application.
        NotAssigned = "admin-not-assigned",
        /// The account belongs to a tenant other than the requested one.
        OtherTenant = "admin-other-tenant",
        /// The tenant has no Exchange Online.
        NoMailService = "admin-no-mail-service",
    }
    Consent {
        /// There is no consent yet.
        NotConnected = "consent-missing",
        /// The consent was given for another login name.
        OtherLoginName = "consent-other-login-name",
        /// An admin of the tenant must consent first.
        AdminConsent = "consent-admin-needed",
        /// The consent was unused for too long.
        Inactive = "consent-inactive",
        /// The tenant requires a new sign-in after some time.
        SignInFrequency = "consent-sign-in-frequency",
        /// The password was changed.
        PasswordChanged = "consent-password-changed",
        /// The consent was revoked, or has ended for another reason.
        Ended = "consent-ended",
        /// Google ends consents to applications in testing after seven days.
        GoogleTesting = "consent-google-testing",
        /// Multi-factor authentication is required.
        MfaNeeded = "consent-mfa-needed",

        /// An account other than the requested one has consented.
        WrongAccount = "consent-wrong-account",
        /// The provider does not identify the account that consented.
        NoIdentity = "consent-no-identity",
        /// Fewer scopes were granted than requested.
        ScopeMissing = "consent-scope-missing",
        /// The provider sent no refresh token.
        NoRefreshToken = "consent-no-refresh-token",
        /// The response has another issuer.
        WrongIssuer = "consent-wrong-issuer",
        /// The response's `state` does not match the request.
        WrongState = "consent-wrong-state",
        /// The person declined.
        Denied = "consent-denied",
        /// The device code was not entered in time, or the browser did not return.
        TimedOut = "consent-timed-out",
    }
    Provider {
        /// The provider asks us to retry later.
        Busy = "provider-busy",
        /// The provider has an internal error.
        Down = "provider-down",
        /// The connection failed.
        Unreachable = "provider-unreachable",
        /// The response was not complete in time.
        Slow = "provider-slow",
        /// The response is not a token response but, for instance, a web page.
        NotJson = "provider-not-json",
        /// The provider redirects. A secret is never sent to a redirect target.
        Redirected = "provider-redirected",
        /// The response exceeds a megabyte.
        TooLarge = "provider-too-large",
        /// Another worker is renewing the token and has not finished in time.
        Waiting = "provider-waiting",
        /// The mail server failed temporarily: a second attempt succeeded.
        ServerUnwell = "server-unwell",
        /// The mail server asks us to retry later.
        Throttled = "server-throttled",
    }
    Mailbox {
        /// The server does not accept access tokens.
        NoOauthOffered = "mailbox-no-oauth",
        /// The server no longer accepts passwords.
        PasswordLoginOff = "mailbox-password-login-off",
        /// The token is for another service.
        AudienceWrong = "mailbox-audience-wrong",
        /// The token lacks the permission to read mail.
        TokenScopeMissing = "mailbox-token-scope-missing",
        /// The application's token has no role for IMAP.
        RoleMissing = "mailbox-role-missing",
        /// Exchange does not know the application, or knows another ID of it.
        ServicePrincipalMissing = "mailbox-service-principal-missing",
        /// The application has no permission for this mailbox.
        AppPermissionMissing = "mailbox-app-permission-missing",
        /// The person has no permission for the shared mailbox.
        DelegatePermissionMissing = "mailbox-delegate-permission-missing",
        /// IMAP is switched off.
        ImapOff = "mailbox-imap-off",
        /// The server refuses the token for an unknown reason.
        TokenRefused = "mailbox-token-refused",
        /// In one session, the server has given contradictory answers about the same mails.
        AnswersContradict = "server-answers-contradict",
        /// A mail has come back after one of our effects had moved, removed or marked it.
        CopyReturns = "mailbox-copy-returns",
        /// The server has refused too many logins from this organisation.
        TooManyRefusals = "mailbox-too-many-refusals",
    }
}

/// Maximum length of an argument, in characters.
const MAX_ARGUMENT: usize = 2000;

/// A cause, with the arguments of its texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub cause: Cause,
    /// The provider's own code, such as AADSTS700082 or `invalid_grant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Arguments of the texts: addresses, scopes, a provider. Never a secret.
    #[serde(default, rename = "about")]
    pub args: BTreeMap<String, String>,
}

impl Trouble {
    /// A cause without arguments.
    pub fn new(cause: Cause) -> Self {
        Self { cause, code: None, args: BTreeMap::new() }
    }

    /// Adds an argument for the texts.
    #[must_use]
    pub fn with_arg(mut self, name: &str, value: impl Into<String>) -> Self {
        // Servers, providers and strangers supply some of these values.
        self.args.insert(name.to_owned(), shown_within(&value.into(), MAX_ARGUMENT));
        self
    }

    /// Adds those arguments that are not set yet.
    #[must_use]
    pub fn with_args(mut self, names: &BTreeMap<String, String>) -> Self {
        for (name, value) in names {
            self.args.entry(name.clone()).or_insert_with(|| shown_within(value, MAX_ARGUMENT));
        }
        self
    }

    /// Adds the provider's own code.
    #[must_use]
    pub fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code.or(self.code);
        self
    }

    /// Adapts the texts to a reader on a web page, who has no terminal.
    #[must_use]
    pub fn on_page(self) -> Self {
        self.with_arg("place", "page")
    }

    /// The problem in one sentence, with the provider's code.
    pub fn sentence(&self, language: Language) -> String {
        let sentence = locale::message(language, self.cause.id(), None, &self.args);
        match (&self.code, sentence.strip_suffix('.')) {
            (Some(code), Some(sentence)) => format!("{sentence} ({code})."),
            (Some(code), None) => format!("{sentence} ({code})"),
            (None, _) => sentence,
        }
    }

    /// The action or command that fixes the problem.
    pub fn remedy(&self, language: Language) -> String {
        locale::message(language, self.cause.id(), Some("remedy"), &self.args)
    }

    /// The sentence and the remedy.
    pub fn in_full(&self, language: Language) -> String {
        format!("{} {}", self.sentence(language), self.remedy(language))
    }

    /// The trouble as JSON, for the database.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses JSON from the database; `None` if this version cannot read it, because a later version wrote it.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence(Language::English))
    }
}
