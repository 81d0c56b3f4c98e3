//! The request bodies that add and change mailboxes, with the same validation as on the command line.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::address::Address;
use crate::app::mailboxes::settings::{self, ServerRequest};
use crate::config::Span;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::extract::nullable;
use crate::http::api::problem::Refusal;
use crate::http::api::validate::{Checks, single_line};
use crate::mailbox::{SettingsChange, TlsMode};
use crate::oauth::grant_request::GrantRequest;
use crate::store::NewLogin;

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// TLS from the first byte, usually on port 993.
    Implicit,
    /// STARTTLS, which is then required; usually on port 143.
    StartTls,
    /// No encryption.
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

/// The OAuth grant with which Mailferry logs in to the mailbox.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantBody {
    /// The provider's name in the configuration.
    #[schema(example = "microsoft")]
    provider: String,
    /// Whether the application uses its own right to access the mailbox, without a person's consent. Requires a token for
    /// all organisations.
    #[serde(default)]
    #[schema(required = false)]
    app_only: bool,
    /// The account that consents and logs in [default: the mailbox's address].
    login_identity: Option<String>,
}

/// Defines `NewMailboxBody` and `MailboxPatch`, which have the same settings.
macro_rules! bodies {
    ($($(#[$about:meta])* $part:ident: $type:ty,)*) => {
        /// A new mailbox. Requires either a password or `oauth`, and a host. With `oauth`, the host defaults to the
        /// provider's server.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct NewMailboxBody {
            /// The customer's address.
            #[schema(example = "jobb@lillestad.se")]
            address: String,
            /// The address of the inbox that the mailbox feeds.
            #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
            inbox: String,
            $($(#[$about])* $part: $type,)*
        }

        /// Changes to a mailbox. Omitted fields stay unchanged.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct MailboxPatch {
            /// The address of the inbox that the mailbox feeds.
            #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
            inbox: Option<String>,
            $($(#[$about])* $part: $type,)*
        }

        impl NewMailboxBody {
            /// Separates the address from the other fields.
            pub fn split(self) -> (String, MailboxPatch) {
                (self.address, MailboxPatch { inbox: Some(self.inbox), $($part: self.$part,)* })
            }
        }
    };
}

bodies! {
    /// The mail server [default with oauth: the provider's].
    #[schema(example = "imap.lillestad.se")]
    host: Option<String>,
    /// The port [default: 993, or 143 without implicit TLS].
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    /// How the connection is encrypted [default: implicit].
    tls: Option<Protection>,
    /// The only certificate authorities to trust (PEM); null: the default ones.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    ca_pem: Option<Option<String>>,
    /// The SHA-256 fingerprint of the only certificate to trust; null: any valid certificate.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pin_sha256: Option<Option<String>>,
    /// The login name [default: the address].
    username: Option<String>,
    /// The password. It is never returned.
    #[schema(write_only)]
    password: Option<String>,
    /// The OAuth grant to log in with, instead of a password.
    oauth: Option<GrantBody>,
    /// The folders to poll [default: INBOX].
    #[schema(example = json!(["INBOX"]))]
    folders: Option<Vec<String>>,
    /// The start date: now, all, or a date YYYY-MM-DD (UTC) [default: now].
    #[schema(example = "now")]
    start: Option<String>,
    /// The effect on the customer's copy after the import: leave, seen, keyword:NAME, move:FOLDER or delete [default:
    /// leave].
    #[schema(example = "leave")]
    after_import: Option<String>,
    /// The time between two polls [default: 60s; minimum: 10s, unless the operator has configured another minimum].
    #[schema(example = "60s")]
    interval: Option<String>,
    /// The largest message to import, in bytes; larger ones are quarantined [default: 50000000].
    #[schema(minimum = 1)]
    max_size: Option<u64>,
}

/// A validated body.
pub struct MailboxRequest {
    pub inbox: Option<Address>,
    pub server: ServerRequest,
    pub username: Option<String>,
    pub login: Option<NewLogin>,
    /// The provider's default server, with oauth.
    pub usual_host: Option<String>,
    pub settings: SettingsChange,
}

impl MailboxPatch {
    /// Validates the body. Defaults are derived from `address`, the mailbox's address.
    ///
    /// # Errors
    /// A field is invalid. The error lists all invalid fields.
    pub fn read(&self, address: &Address, caller: &Caller, state: &State) -> Result<MailboxRequest, Refusal> {
        let mut checks = Checks::default();
        let (login, usual_host) = self.login(address, caller, state, &mut checks);
        let interval = checks.optional("/interval", self.interval.as_ref(), |text| {
            settings::interval_ms(text.parse::<Span>()?.0, state.deps.store.least_interval())
                .map_err(|why| why.to_string())
        });
        let folders = self.folders.as_ref().and_then(|names| match names.as_slice() {
            [] => checks.field("/folders", Err("at least one is required")),
            names => checks.field("/folders", settings::folders(names)),
        });
        if self.max_size.is_some_and(|size| size == 0 || i64::try_from(size).is_err()) {
            checks.add("/max_size", "must be a number of bytes from 1 to 9223372036854775807");
        }
        let request = MailboxRequest {
            inbox: checks.optional("/inbox", self.inbox.as_ref(), str::parse),
            server: ServerRequest {
                host: self.host.clone(),
                port: self.port,
                tls: self.tls.map(TlsMode::from),
                ca_pem: self.ca_pem.clone(),
                pin_sha256: self.pin_sha256.clone(),
            },
            username: checks.optional("/username", self.username.as_ref(), single_line),
            login,
            usual_host,
            settings: SettingsChange {
                folders,
                start: checks.optional("/start", self.start.as_ref(), str::parse),
                after_import: checks.optional("/after_import", self.after_import.as_ref(), str::parse),
                interval_ms: interval,
                max_size: self.max_size,
            },
        };
        if matches!((&self.ca_pem, &self.pin_sha256), (Some(Some(_)), Some(Some(_)))) {
            checks.add("/pin_sha256", "cannot be combined with ca_pem");
        }
        checks.finish().map(|()| request)
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
                checks.add("/oauth", "cannot be combined with password");
                (None, None)
            }
            (Some(text), None) => (checks.field("/password", settings::password(text)).map(NewLogin::Password), None),
            (None, Some(body)) => {
                // The application can access mailboxes of other organisations, too.
                if body.app_only && caller.scope().id().is_some() {
                    checks.add("/oauth/app_only", "requires a token for all organisations");
                    return (None, None);
                }
                let identity =
                    checks.optional("/oauth/login_identity", body.login_identity.as_ref(), str::parse::<Address>);
                let grant =
                    GrantRequest { provider: &body.provider, app_only: body.app_only, identity: identity.as_ref() };
                let config = &state.deps.oauth;
                let key = checks.field("/oauth/provider", grant.key(address, config));
                let usual = grant.imap_host(config).ok().flatten();
                (key.map(NewLogin::OAuth), usual)
            }
        }
    }
}
