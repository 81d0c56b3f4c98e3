//! What can be wrong with a mailbox, at its server or its identity provider, as one closed list: what a person is told of each, in Swedish
//! and in English, stands in `locale/`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::locale::{self, Language};
use crate::shown::shown_within;

/// Whose business a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseOwner {
    /// This installation's configuration: the operator's. It says nothing of what other workers are told.
    Here,
    /// The registered application's, for all of its mailboxes at once: the operator's.
    App,
    /// One consent's: a person must consent anew.
    Consent,
    /// A rule or a setting at the provider, of one tenant or account: its admin's, who mends it without telling us.
    Admin,
    /// One mailbox's rights and switches at its server: its admin's.
    Mailbox,
    /// The provider's: it passes by itself.
    Provider,
}

macro_rules! causes {
    ($($whose:ident { $($(#[$doc:meta])* $name:ident = $id:literal,)* })*) => {
        /// One cause.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $($($(#[$doc])* #[serde(rename = $id)] $name,)*)*
        }

        impl Cause {
            /// All of them.
            #[cfg(test)]
            pub const ALL: &[Cause] = &[$($(Cause::$name,)*)*];

            /// Its name, as in JSON and in the language files.
            pub fn id(self) -> &'static str {
                match self { $($(Cause::$name => $id,)*)* }
            }

            /// Whose business it is.
            pub fn whose(self) -> CauseOwner {
                match self { $($(Cause::$name => CauseOwner::$whose,)*)* }
            }
        }
    };
}

causes! {
    Here {
        /// The configuration names no client id, or the provider is not in it.
        NotRegistered = "app-not-registered",
        /// The file with the client secret cannot be read.
                SecretUnreadable = "app-secret-unreadable",
        /// The provider gives no device codes.
        NoDeviceCodes = "app-no-device-codes",
        /// The application's own token names no object id.
        NoObjectId = "app-no-object-id",
            }
    App {
        /// The client secret has ended.
        SecretExpired = "app-secret-expired",
        /// The client secret is another, or its id was given in place of its value.
        SecretWrong = "app-secret-wrong",
                /// The provider has deleted the application or switched it off, or never knew it.
        AppGone = "app-gone",
    }
    Admin {
        /// This tenant does not know the application.
        AppUnknown = "app-unknown",
        /// This tenant has switched the application off.
        AppDisabled = "app-disabled",
        /// There is no such tenant.
        TenantUnknown = "app-tenant-unknown",
        /// Device codes need "Allow public client flows".
        PublicClientOff = "app-public-client-off",
        /// The application is registered as a public client and must send no secret.
        SecretNotAllowed = "app-secret-not-allowed",
        /// The address that the browser returns to is not registered.
        RedirectMismatch = "app-redirect-mismatch",
        /// A scope that the application may not ask for.
        ScopeRefused = "app-scope-refused",
        /// This kind of application may not get tokens this way.
        FlowNotAllowed = "app-flow-not-allowed",
                /// The provider takes our request for wrong, for another reason.
        AppRefused = "app-refused",
        /// The tenant's rules do not let this application, place or device in.
        AccessBlocked = "admin-access-blocked",
        /// The account is switched off, locked or gone.
        AccountDisabled = "admin-account-disabled",
        /// The account is not among those that may use the application.
        NotAssigned = "admin-not-assigned",
        /// The account belongs to another tenant than the one that was asked.
        OtherTenant = "admin-other-tenant",
        /// The tenant has no Exchange Online.
        NoMailService = "admin-no-mail-service",
    }
    Consent {
        /// Nobody has consented yet.
        NotConnected = "consent-missing",
        /// It was given for another login name than the mailbox has.
        OtherLoginName = "consent-other-login-name",
        /// An admin of the tenant must consent first.
        AdminConsent = "consent-admin-needed",
        /// It was not used for too long.
        Inactive = "consent-inactive",
        /// The tenant asks its people to sign in again after some time.
        SignInFrequency = "consent-sign-in-frequency",
        /// The password was changed.
        PasswordChanged = "consent-password-changed",
        /// It was withdrawn, or has ended for another reason.
        Ended = "consent-ended",
        /// Google ends consents to applications in testing after seven days.
        GoogleTesting = "consent-google-testing",
        /// A further proof is needed, as by telephone.
        MfaNeeded = "consent-mfa-needed",

        /// Somebody else consented than was wanted.
        WrongAccount = "consent-wrong-account",
        /// The provider does not say who consented.
        NoIdentity = "consent-no-identity",
        /// Less was consented to than was asked for.
        ScopeMissing = "consent-scope-missing",
        /// No refresh token came.
        NoRefreshToken = "consent-no-refresh-token",
        /// The answer comes from another issuer.
        WrongIssuer = "consent-wrong-issuer",
        /// The answer does not belong to the question.
        WrongState = "consent-wrong-state",
        /// The person said no.
        Denied = "consent-denied",
        /// Nobody entered the device code in time, or nobody came back from the browser.
        TimedOut = "consent-timed-out",
    }
    Provider {
        /// It asks to come back later.
        Busy = "provider-busy",
        /// It has trouble of its own.
        Down = "provider-down",
        /// No connection.
        Unreachable = "provider-unreachable",
        /// No whole answer in time.
        Slow = "provider-slow",
        /// An answer that is no token answer, such as a web page.
        NotJson = "provider-not-json",
        /// It sends us elsewhere, where we do not go with a secret.
        Redirected = "provider-redirected",
        /// An answer above a megabyte.
        TooLarge = "provider-too-large",
        /// Another worker is renewing the token and does not come to its end.
        Waiting = "provider-waiting",
        /// The mail server had a moment's trouble: it worked when asked again.
        ServerUnwell = "server-unwell",
        /// The mail server asks to come back later.
        Throttled = "server-throttled",
    }
    Mailbox {
        /// The server takes no access tokens.
        NoOauthOffered = "mailbox-no-oauth",
        /// The server takes no passwords any more.
        PasswordLoginOff = "mailbox-password-login-off",
        /// The token is for somebody else.
        AudienceWrong = "mailbox-audience-wrong",
        /// The token does not hold the right to read mail.
        TokenScopeMissing = "mailbox-token-scope-missing",
        /// The application's token names no role for IMAP.
        RoleMissing = "mailbox-role-missing",
        /// Exchange does not know the application, or knows it by another id.
        ServicePrincipalMissing = "mailbox-service-principal-missing",
        /// The application has no right to this mailbox.
        AppPermissionMissing = "mailbox-app-permission-missing",
        /// The person has no right to the shared mailbox.
        DelegatePermissionMissing = "mailbox-delegate-permission-missing",
        /// IMAP is switched off.
        ImapOff = "mailbox-imap-off",
        /// The token is refused, and nothing tells why.
        TokenRefused = "mailbox-token-refused",
        /// Answers of one session speak of the same mails and cannot all be true.
        AnswersContradict = "server-answers-contradict",
        /// A mail that an effect of ours has moved or removed is there again.
        CopyReturns = "mailbox-copy-returns",
        /// Its server has refused too many logins that were asked for here.
        TooManyRefusals = "mailbox-too-many-refusals",
    }
}

/// The longest of what a sentence names.
const MOST_NAMED: usize = 2000;

/// A cause with what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which.
    pub cause: Cause,
    /// The provider's own code, such as AADSTS700082 or `invalid_grant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What its sentences name: addresses, scopes, a provider. Never a secret.
    #[serde(default)]
    pub about: BTreeMap<String, String>,
}

impl Trouble {
    /// A cause alone.
    pub fn new(cause: Cause) -> Self {
        Self { cause, code: None, about: BTreeMap::new() }
    }

    /// With something that its sentences name.
    #[must_use]
    pub fn about(mut self, name: &str, value: impl Into<String>) -> Self {
        // Some of it a server, a provider or a stranger has named.
        self.about.insert(name.to_owned(), shown_within(&value.into(), MOST_NAMED));
        self
    }

    /// With all of these that it does not have yet.
    #[must_use]
    pub fn about_all(mut self, names: &BTreeMap<String, String>) -> Self {
        for (name, value) in names {
            self.about.entry(name.clone()).or_insert_with(|| shown_within(value, MOST_NAMED));
        }
        self
    }

    /// With the provider's own code.
    #[must_use]
    pub fn coded(mut self, code: Option<String>) -> Self {
        self.code = code.or(self.code);
        self
    }

    /// For somebody who reads it on a page, and has no terminal.
    #[must_use]
    pub fn on_page(self) -> Self {
        self.about("place", "page")
    }

    /// What is wrong, in one sentence, with the provider's code behind it.
    pub fn sentence(&self, language: Language) -> String {
        let sentence = locale::message(language, self.cause.id(), None, &self.about);
        match (&self.code, sentence.strip_suffix('.')) {
            (Some(code), Some(sentence)) => format!("{sentence} ({code})."),
            (Some(code), None) => format!("{sentence} ({code})"),
            (None, _) => sentence,
        }
    }

    /// The click or the command that mends it.
    pub fn remedy(&self, language: Language) -> String {
        locale::message(language, self.cause.id(), Some("remedy"), &self.about)
    }

    /// Both.
    pub fn in_full(&self, language: Language) -> String {
        format!("{} {}", self.sentence(language), self.remedy(language))
    }

    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was kept; `None` if a later version wrote it.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence(Language::English))
    }
}
