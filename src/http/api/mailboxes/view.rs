//! What is told of a mailbox: how it was told to be, and how it fares. Never its credentials.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::Version;
use crate::http::api::problem::Refusal;
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::store::{Login, Mailbox as Stored, MailboxLine, MailboxState};

/// A mailbox in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailboxSummary {
    /// The customer's address.
    #[schema(example = "jobb@lillestad.se")]
    address: String,
    /// The inbox that it feeds.
    inbox: String,
    /// Whose it is.
    organisation: String,
    /// How it fares.
    state: MailboxState,
    /// What is wrong, as a sentence.
    problem: Option<String>,
    /// Since when it fails.
    failing_since: Option<Timestamp>,
    /// The last poll that saw every folder.
    last_success_at: Option<Timestamp>,
    /// When the last mail was imported.
    last_mail_at: Option<Timestamp>,
    /// When it is looked at next.
    next_poll_at: Option<Timestamp>,
    /// When it was added.
    added_at: Timestamp,
}

impl From<MailboxLine> for MailboxSummary {
    fn from(line: MailboxLine) -> Self {
        Self {
            address: line.address,
            inbox: line.inbox,
            organisation: line.organisation,
            state: line.mailbox_state,
            problem: line.last_error.as_deref().map(|error| LastError::read(error).sentence(Language::English)),
            failing_since: line.failing_since,
            last_success_at: line.last_success_at,
            last_mail_at: line.last_mail_at,
            next_poll_at: line.next_poll_at,
            added_at: line.added_at,
        }
    }
}

/// A mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mailbox {
    /// The customer's address.
    #[schema(example = "jobb@lillestad.se")]
    address: String,
    /// The inbox that it feeds.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    inbox: String,
    /// The mail server.
    #[schema(example = "imap.lillestad.se")]
    host: String,
    /// Its port.
    port: u16,
    /// How the connection is protected: implicit, starttls or none.
    tls: String,
    /// The certificate authorities that are trusted, in place of the usual (PEM).
    ca_pem: Option<String>,
    /// The SHA-256 of the one certificate that is trusted.
    pin_sha256: Option<String>,
    /// The login name.
    username: String,
    /// Whether a password is stored.
    has_password: bool,
    /// The access tokens that it is opened with; null: a password.
    oauth: Option<Grant>,
    /// The folders that are polled.
    folders: Vec<String>,
    /// From when mail is wanted.
    start: String,
    /// What happens to the customer's copy.
    after_import: String,
    /// The time between two polls.
    #[schema(example = "1m")]
    interval: String,
    /// Larger mail is put aside.
    max_size: u64,
    /// How it fares.
    status: Status,
}

/// Access tokens that a mailbox is opened with.
#[derive(Debug, Serialize, ToSchema)]
pub struct Grant {
    /// The provider's name in the configuration.
    #[schema(example = "microsoft")]
    provider: String,
    /// Who consents: delegated (a person) or app-only (the application itself).
    kind: &'static str,
    /// Which person, or which tenant.
    identity: String,
    /// How it fares: connected, not-connected, needs-consent, app-problem, waiting or new.
    state: &'static str,
}

/// How a mailbox fares.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailboxStatus)]
pub struct Status {
    /// In one word.
    state: MailboxState,
    /// When it was added, or started.
    added_at: Timestamp,
    /// The last poll that saw every folder.
    last_success_at: Option<Timestamp>,
    /// The last poll, however it ended.
    last_attempt_at: Option<Timestamp>,
    /// When it is looked at next; null: a person must act first, or it is paused.
    next_poll_at: Option<Timestamp>,
    /// Failed polls in a row.
    failures: i64,
    /// Since when they fail.
    failing_since: Option<Timestamp>,
    /// What the last poll failed with.
    error: Option<Failure>,
    /// Mails that are to be fetched still.
    pending: i64,
    /// Mails that were put aside.
    quarantined: i64,
    /// Copies that are to be dealt with still.
    effects_pending: i64,
    /// Copies that cannot be dealt with.
    effects_impossible: i64,
    /// Mails that the server has and the ledger cannot explain; null: not known, since the server's answers contradict each other.
    unaccounted: Option<i64>,
}

/// What a poll failed with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailboxFailure)]
pub struct Failure {
    /// What is wrong.
    problem: String,
    /// What mends it.
    remedy: String,
    /// The program's and the server's own words, for tokens of all organisations: they tell what lies in our network.
    detail: Option<String>,
    /// When it is tried again; null: a person must act first.
    retry: Option<String>,
}

/// What of a mailbox a change is meant for. That another password was stored shows too.
pub fn version(mailbox: &Stored) -> Version {
    let (server, login) = (
        &mailbox.server,
        match &mailbox.login {
            Login::Password(sealed) => format!("{:?}", sealed.as_ref().map(Sha256::digest)),
            Login::OAuth { key, .. } => format!("{} {} {}", key.provider, key.kind.as_str(), key.identity),
        },
    );
    let reached =
        (&server.host, server.port, server.tls.to_string(), &server.ca_pem, &server.pin_sha256, &mailbox.username);
    let told = (&mailbox.folders, mailbox.start.to_string(), mailbox.after_import.to_string(), mailbox.interval_ms);
    Version::of(&(mailbox.id, &mailbox.inbox, reached, login, told, mailbox.max_size, mailbox.paused))
}

impl Mailbox {
    /// Gathers it.
    pub async fn of(mailbox: &Stored, caller: &Caller, state: &State) -> Result<Self, Refusal> {
        let (has_password, oauth) = match &mailbox.login {
            Login::Password(sealed) => (sealed.is_some(), None),
            Login::OAuth { grant_id, .. } => (false, Some(Grant::of(*grant_id, mailbox.asks_consent, state).await?)),
        };
        let server = &mailbox.server;
        Ok(Self {
            address: mailbox.address.clone(),
            inbox: mailbox.inbox.clone(),
            host: server.host.clone(),
            port: server.port,
            tls: server.tls.to_string(),
            ca_pem: server.ca_pem.clone(),
            pin_sha256: server.pin_sha256.clone(),
            username: mailbox.username.clone(),
            has_password,
            oauth,
            folders: mailbox.folders.clone(),
            start: mailbox.start.to_string(),
            after_import: mailbox.after_import.to_string(),
            interval: humantime::format_duration(mailbox.interval()).to_string(),
            max_size: mailbox.max_size,
            status: Status::of(mailbox, caller, state).await?,
        })
    }
}

impl Grant {
    async fn of(id: i64, asks_consent: bool, state: &State) -> Result<Self, Refusal> {
        let grant = state.deps.store.grant(id).await?;
        let app_fails = state.deps.store.app_problem(&grant.key.provider).await?.is_some();
        let fares = if asks_consent { "needs-consent" } else { grant.state(app_fails) };
        Ok(Self {
            provider: grant.key.provider,
            kind: grant.key.kind.as_str(),
            identity: grant.key.identity,
            state: fares,
        })
    }
}

impl Status {
    async fn of(mailbox: &Stored, caller: &Caller, state: &State) -> Result<Self, Refusal> {
        let (now, status) = (state.deps.clock.now(), &mailbox.status);
        let open = state.deps.store.open_cases(mailbox.id).await?;
        Ok(Self {
            state: MailboxState::of(mailbox, now),
            added_at: mailbox.added_at,
            last_success_at: status.last_success_at.map(Timestamp),
            last_attempt_at: status.last_attempt_at.map(Timestamp),
            next_poll_at: if mailbox.paused { None } else { status.next_poll_at.max(status.hold_until).map(Timestamp) },
            failures: status.failures,
            failing_since: status.failing_since.map(Timestamp),
            error: status.last_error.as_deref().map(|json| Failure::of(&LastError::read(json), caller)),
            unaccounted: open.unaccounted(),
            pending: open.pending,
            quarantined: open.quarantined,
            effects_pending: open.effects_pending,
            effects_impossible: open.effects_impossible,
        })
    }
}

impl Failure {
    /// An error as the caller may see it.
    pub fn of(error: &LastError, caller: &Caller) -> Self {
        Self {
            problem: error.sentence(Language::English),
            remedy: error.remedy_in(Language::English),
            detail: caller.scope().id().is_none().then(|| error.detail().to_owned()),
            retry: error.retry.clone(),
        }
    }
}
