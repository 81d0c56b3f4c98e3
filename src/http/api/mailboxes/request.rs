//! What a body tells a mailbox to be, checked as the command line's wishes are.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::address::Address;
use crate::app::mailboxes::settings::{self, ServerRequest};
use crate::config::Span;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::nullable;
use crate::http::api::problem::Refusal;
use crate::http::api::validate::{Checks, line};
use crate::mailbox::{SettingsChange, TlsMode};
use crate::oauth::grant_request::GrantRequest;
use crate::store::NewLogin;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// TLS from the first byte, usually port 993.
    Implicit,
    /// STARTTLS, required, usually port 143.
    StartTls,
    /// None.
    None,
}

impl From<Protection> for TlsMode {
    fn from(tls: Protection) -> Self {
        match tls {
            Protection::Implicit => Self::Implicit,
            Protection::StartTls => Self::StartTls,
            Protection::None => Self::None,
        }
    }
}

/// Access tokens to open a mailbox with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantBody {
    /// The provider's name in the configuration.
    #[schema(example = "microsoft")]
    provider: String,
    /// The application itself has the right, and nobody consents; for tokens of all organisations.
    #[serde(default)]
    #[schema(required = false)]
    app_only: bool,
    /// The account that consents and logs in [default: the mailbox's address].
    login_identity: Option<String>,
}

/// Two bodies of the same parts.
macro_rules! bodies {
    ($($(#[$about:meta])* $part:ident: $type:ty,)*) => {
        /// A new mailbox. It needs a host and either a password or oauth; with a provider's oauth the host is known.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct NewMailboxBody {
            /// The customer's address.
            #[schema(example = "jobb@lillestad.se")]
            address: String,
            /// The inbox that it feeds.
            #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
            inbox: String,
            $($(#[$about])* $part: $type,)*
        }

        /// What is to change of a mailbox; what is left out stays.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct MailboxPatch {
            /// The inbox that it feeds.
            #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
            inbox: Option<String>,
            $($(#[$about])* $part: $type,)*
        }

        impl NewMailboxBody {
            /// Its address, and what it is told.
            pub fn parted(self) -> (String, MailboxPatch) {
                (self.address, MailboxPatch { inbox: Some(self.inbox), $($part: self.$part,)* })
            }
        }
    };
}

bodies! {
    /// The mail server [usual with oauth: the provider's].
    #[schema(example = "imap.lillestad.se")]
    host: Option<String>,
    /// Its port [usual: 993, or 143 without implicit TLS].
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// How the connection is protected [usual: implicit].
    tls: Option<Protection>,
    /// Trust these certificate authorities (PEM) and no others; null: the usual.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    ca_pem: Option<Option<String>>,
    /// Trust the certificate with this SHA-256 and no other; null: the usual.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pin_sha256: Option<Option<String>>,
    /// The login name [usual: the address].
    username: Option<String>,
    /// The password. It is never given back.
    #[schema(write_only)]
    password: Option<String>,
    /// Access tokens in place of a password.
    oauth: Option<GrantBody>,
    /// The folders to poll [usual: INBOX].
    #[schema(example = json!(["INBOX"]))]
    folders: Option<Vec<String>>,
    /// From when: now, all, or a date YYYY-MM-DD (UTC) [usual: now].
    #[schema(example = "now")]
    start: Option<String>,
    /// What happens to the customer's copy: leave, seen, keyword:NAME, move:FOLDER, delete [usual: leave].
    #[schema(example = "leave")]
    after_import: Option<String>,
    /// The time between two polls [usual: 60s; at least 10s, unless the operator has chosen otherwise].
    #[schema(example = "60s")]
    interval: Option<String>,
    /// Larger mail is put aside [usual: 50000000].
    #[schema(minimum = 1)]
    max_size: Option<u64>,
}

/// The same, read.
pub struct MailboxRequest {
    pub inbox: Option<Address>,
    pub server: ServerRequest,
    pub username: Option<String>,
    pub login: Option<NewLogin>,
    /// The provider's usual server, with oauth.
    pub usual_host: Option<String>,
    pub settings: SettingsChange,
}

impl MailboxPatch {
    /// Reads it; `address`: the mailbox's, for what is usual.
    ///
    /// # Errors
    /// All that cannot be.
    pub fn read(&self, address: &Address, caller: &Caller, state: &State) -> Result<MailboxRequest, Refusal> {
        let mut checks = Checks::default();
        let (login, usual_host) = self.login(address, caller, state, &mut checks);
        let interval = checks.perhaps("/interval", self.interval.as_ref(), |text| {
            settings::interval_ms(text.parse::<Span>()?.0, state.deps.store.least_interval())
                .map_err(|why| why.to_string())
        });
        let folders = self.folders.as_ref().and_then(|names| match names.as_slice() {
            [] => checks.part("/folders", Err("one at least")),
            names => checks.part("/folders", settings::folders(names)),
        });
        if self.max_size.is_some_and(|size| size == 0 || i64::try_from(size).is_err()) {
            checks.wrong("/max_size", "a number of bytes, 1 to 9223372036854775807");
        }
        let wish = MailboxRequest {
            inbox: checks.perhaps("/inbox", self.inbox.as_ref(), str::parse),
            server: ServerRequest {
                host: self.host.clone(),
                port: self.port,
                tls: self.tls.map(TlsMode::from),
                ca_pem: self.ca_pem.clone(),
                pin_sha256: self.pin_sha256.clone(),
            },
            username: checks.perhaps("/username", self.username.as_ref(), line),
            login,
            usual_host,
            settings: SettingsChange {
                folders,
                start: checks.perhaps("/start", self.start.as_ref(), str::parse),
                after_import: checks.perhaps("/after_import", self.after_import.as_ref(), str::parse),
                interval_ms: interval,
                max_size: self.max_size,
            },
        };
        if matches!((&self.ca_pem, &self.pin_sha256), (Some(Some(_)), Some(Some(_)))) {
            checks.wrong("/pin_sha256", "goes not with ca_pem");
        }
        checks.done().map(|()| wish)
    }

    fn login(
        &self,
        address: &Address,
        caller: &Caller,
        state: &State,
        checks: &mut Checks,
    ) -> (Option<NewLogin>, Option<String>) {
        match (&self.password, &self.oauth) {
            (None, None) => (None, None),
            (Some(_), Some(_)) => {
                checks.wrong("/oauth", "goes not with a password");
                (None, None)
            }
            (Some(text), None) => (checks.part("/password", settings::password(text)).map(NewLogin::Password), None),
            (None, Some(body)) => {
                // Whatever the application may open, it would open for this organisation.
                if body.app_only && caller.scope().id().is_some() {
                    checks.wrong("/oauth/app_only", "is for tokens of all organisations");
                    return (None, None);
                }
                let identity =
                    checks.perhaps("/oauth/login_identity", body.login_identity.as_ref(), str::parse::<Address>);
                let grant =
                    GrantRequest { provider: &body.provider, app_only: body.app_only, identity: identity.as_ref() };
                let config = &state.deps.oauth;
                let key = checks.part("/oauth/provider", grant.key(address, config));
                let usual = grant.imap_host(config).ok().flatten();
                (key.map(NewLogin::OAuth), usual)
            }
        }
    }
}
