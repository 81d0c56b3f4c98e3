//! A mailbox in responses: its settings and its status, but never its credentials.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::fact::{Backlog, BothWays};
use crate::http::State;
use crate::http::api::auth::Caller;
use crate::http::api::etag::EntityTag;
use crate::http::api::problem::Refusal;
use crate::http::page::last_error::LastError;
use crate::locale::Language;
use crate::store::{Login, Mailbox as Stored, MailboxLine, MailboxState};

/// A mailbox in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailboxSummary {
    /// The customer's address.
    #[schema(example = "jobb@lillestad.se")]
    address: String,
    /// The address of the inbox that the mailbox feeds.
    inbox: String,
    /// The organisation that the mailbox belongs to.
    organisation: String,
    /// The mailbox's state.
    state: MailboxState,
    /// The problem, in one sentence.
    problem: Option<String>,
    /// When the polls began to fail.
    failing_since: Option<Timestamp>,
    /// When a poll last checked every folder successfully.
    last_success_at: Option<Timestamp>,
    /// When a message was last imported.
    last_mail_at: Option<Timestamp>,
    /// When the mailbox is polled next.
    next_poll_at: Option<Timestamp>,
    /// When the mailbox was added or started.
    added_at: Timestamp,
}

impl From<MailboxLine> for MailboxSummary {
    fn from(line: MailboxLine) -> Self {
        Self {
            address: line.address,
            inbox: line.inbox,
            organisation: line.organisation,
            state: line.mailbox_state,
            problem: line.last_error.as_deref().map(|error| LastError::from_json(error).sentence(Language::English)),
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
    /// The address of the inbox that the mailbox feeds.
    #[schema(example = "jobb.lillestad.se@mail.kundo.se")]
    inbox: String,
    /// The mail server.
    #[schema(example = "imap.lillestad.se")]
    host: String,
    /// The mail server's port.
    port: u16,
    /// How the connection is encrypted: implicit, starttls or none.
    tls: String,
    /// The only certificate authorities that are trusted (PEM); null: the default ones.
    ca_pem: Option<String>,
    /// The SHA-256 fingerprint of the only certificate that is trusted.
    pin_sha256: Option<String>,
    /// The login name.
    username: String,
    /// Whether a password is stored.
    has_password: bool,
    /// The OAuth grant with which Mailferry logs in; null if it uses a password.
    oauth: Option<Grant>,
    /// The folders that are polled.
    folders: Vec<String>,
    /// The start date: now, all, or a date.
    start: String,
    /// The effect on the customer's copy after the import.
    after_import: String,
    /// The time between two polls.
    #[schema(example = "1m")]
    interval: String,
    /// The largest message to import, in bytes; larger ones are quarantined.
    max_size: u64,
    /// The mailbox's status.
    status: Status,
}

/// The OAuth grant with which Mailferry logs in to a mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub struct Grant {
    /// The provider's name in the configuration.
    #[schema(example = "microsoft")]
    provider: String,
    /// The kind of grant: delegated (a person consented) or app-only (the application has its own right).
    kind: &'static str,
    /// The account; for app-only, the tenant.
    identity: String,
    /// The state of the consent: connected, not-connected, needs-consent, app-problem, waiting or new.
    state: &'static str,
}

/// The status of a mailbox.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailboxStatus)]
pub struct Status {
    /// The mailbox's state.
    state: MailboxState,
    /// When the mailbox was added or started.
    added_at: Timestamp,
    /// When a poll last checked every folder successfully.
    last_success_at: Option<Timestamp>,
    /// When the last poll ran, successful or not.
    last_attempt_at: Option<Timestamp>,
    /// When the mailbox is polled next; null if a person must act first or the mailbox is paused.
    next_poll_at: Option<Timestamp>,
    /// The number of consecutive failed polls.
    failures: i64,
    /// When the polls began to fail.
    failing_since: Option<Timestamp>,
    /// The error of the last poll.
    error: Option<Failure>,
    /// The progress of the import through a backlog; null if only a few mails wait on the server.
    backlog: Option<Backlog>,
    /// The number of messages that the server listed but did not return; they are requested again.
    pending: i64,
    /// The number of quarantined messages.
    quarantined: i64,
    /// The number of copies that are still to be changed as configured.
    effects_pending: i64,
    /// The number of copies that cannot be changed as configured.
    effects_impossible: i64,
    /// How many of the latest mails arrived both by polling and by forwarding; null if none did.
    both_ways: Option<BothWays>,
    /// The number of messages on the server that the ledger cannot explain; null if it is unknown, because the server's
    /// answers contradict each other.
    unaccounted: Option<i64>,
}

/// The error of a poll.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailboxFailure)]
pub struct Failure {
    /// The problem, in one sentence.
    problem: String,
    /// How to fix the problem.
    remedy: String,
    /// Technical details. They reveal internal hosts, so only tokens for all organisations receive them.
    detail: Option<String>,
    /// When Mailferry retries; null if a person must act first.
    retry: Option<String>,
}

/// The version of a mailbox. A new password changes the version, too.
pub fn version(mailbox: &Stored) -> EntityTag {
    let (server, login) = (
        &mailbox.server,
        match &mailbox.login {
            Login::Password(sealed) => format!("{:?}", sealed.as_ref().map(Sha256::digest)),
            Login::OAuth { key, .. } => format!("{} {} {}", key.provider, key.kind.as_str(), key.identity),
        },
    );
    let connection =
        (&server.host, server.port, server.tls.to_string(), &server.ca_pem, &server.pin_sha256, &mailbox.username);
    let polled = (&mailbox.folders, mailbox.start.to_string(), mailbox.after_import.to_string(), mailbox.interval_ms);
    EntityTag::new(&(mailbox.id, &mailbox.inbox, connection, login, polled, mailbox.max_size, mailbox.paused))
}

impl Mailbox {
    pub async fn from_stored(mailbox: &Stored, caller: &Caller, state: &State) -> Result<Self, Refusal> {
        let (has_password, oauth) = match &mailbox.login {
            Login::Password(sealed) => (sealed.is_some(), None),
            Login::OAuth { grant_id, .. } => {
                (false, Some(Grant::from_stored(*grant_id, mailbox.needs_consent, state).await?))
            }
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
            interval: crate::duration::format(mailbox.interval()),
            max_size: mailbox.max_size,
            status: Status::from_stored(mailbox, caller, state).await?,
        })
    }
}

impl Grant {
    async fn from_stored(id: i64, needs_consent: bool, state: &State) -> Result<Self, Refusal> {
        let grant = state.deps.store.grant(id).await?;
        let app_fails = state.deps.store.app_problem(&grant.key.provider).await?.is_some();
        let grant_state = if needs_consent { "needs-consent" } else { grant.state(app_fails) };
        Ok(Self {
            provider: grant.key.provider,
            kind: grant.key.kind.as_str(),
            identity: grant.key.identity,
            state: grant_state,
        })
    }
}

impl Status {
    async fn from_stored(mailbox: &Stored, caller: &Caller, state: &State) -> Result<Self, Refusal> {
        let (now, status) = (state.deps.clock.now(), &mailbox.status);
        let open = state.deps.store.open_cases(mailbox.id).await?;
        Ok(Self {
            state: MailboxState::for_mailbox(mailbox, now),
            added_at: mailbox.added_at,
            last_success_at: status.last_success_at.map(Timestamp),
            last_attempt_at: status.last_attempt_at.map(Timestamp),
            next_poll_at: if mailbox.paused { None } else { status.next_poll_at.max(status.hold_until).map(Timestamp) },
            failures: status.failures,
            failing_since: status.failing_since.map(Timestamp),
            error: status.last_error.as_deref().map(|json| Failure::from_error(&LastError::from_json(json), caller)),
            unaccounted: open.unaccounted(),
            backlog: open.backlog(mailbox, now),
            pending: open.pending,
            quarantined: open.quarantined,
            effects_pending: open.effects_pending,
            effects_impossible: open.effects_impossible,
            both_ways: state.deps.store.both_ways(mailbox).await?,
        })
    }
}

impl Failure {
    /// The error, as far as the caller may see it.
    pub fn from_error(error: &LastError, caller: &Caller) -> Self {
        Self {
            problem: error.sentence(Language::English),
            remedy: error.remedy_in(Language::English),
            detail: caller.scope().id().is_none().then(|| error.detail().to_owned()),
            retry: error.retry.clone(),
        }
    }
}
