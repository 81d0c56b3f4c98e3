//! `mailferry mailbox list` and `mailferry mailbox show`: the settings and the status of mailboxes.

use serde::Serialize;
use serde_json::Value;

use std::collections::BTreeMap;

use super::Failure;
use crate::address::Address;
use crate::cli::Context;
use crate::cli::oauth::{GrantView, grant_views};
use crate::clock::Timestamp;
use crate::fact::{Backlog, BothWays, Fact, Notice, Obstacle, StoredFact};
use crate::locale::Language;
use crate::poll::MAX_UIDVALIDITY_CHANGES;
use crate::shown::shown_within;
use crate::store::{Completeness, Login, Mailbox, MailboxState, OpenCases};

/// The settings and the status of a mailbox; never its password.
#[derive(Serialize)]
pub struct MailboxView {
    address: String,
    inbox: String,
    host: String,
    port: u16,
    tls: String,
    ca_file: bool,
    pin_sha256: Option<String>,
    username: String,
    /// `password` or `oauth`.
    login: &'static str,
    /// The grant that the mailbox uses.
    oauth: Option<GrantView>,
    folders: Vec<String>,
    start: String,
    after_import: String,
    interval: String,
    max_size: u64,
    paused: bool,
    added_at: Timestamp,
    state: &'static str,
    last_success_at: Option<Timestamp>,
    last_attempt_at: Option<Timestamp>,
    next_poll_at: Option<Timestamp>,
    failures: i64,
    failing_since: Option<Timestamp>,
    error: Option<Value>,
    /// The progress of the import through a backlog.
    backlog: Option<Backlog>,
    pending: i64,
    quarantined: i64,
    effects_pending: i64,
    effects_impossible: i64,
    effects_problem: Option<StoredFact<Obstacle>>,
    unaccounted: Option<i64>,
    completeness: Vec<FolderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    both_ways: Option<BothWays>,
    who_must_act: &'static str,
    /// Warnings about client secrets and consents that expire soon.
    warnings: Vec<String>,
}

/// Whether the ledger explains every UID of a folder.
#[derive(Serialize)]
pub struct FolderView {
    folder: String,
    unaccounted: Option<i64>,
    found_late: i64,
    verified_at: Option<Timestamp>,
    uidvalidity: &'static str,
}

/// The note on a folder whose UIDVALIDITY is missing or keeps changing.
const UNSTABLE_UIDVALIDITY: &str = "the server gives no lasting UIDVALIDITY, so each poll examines some mails to see whether the \
                                    UIDs still name the same mails";

/// Writes the number of UIDs that the ledger cannot explain; `None`: the number is unknown.
pub fn unaccounted(count: Option<i64>) -> String {
    count.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string())
}

impl From<Completeness> for FolderView {
    fn from(folder: Completeness) -> Self {
        Self {
            uidvalidity: match folder.uidvalidity {
                _ if folder.uidvalidity_changes >= MAX_UIDVALIDITY_CHANGES => "changing",
                0 => "missing",
                -1 => "unknown",
                _ => "lasting",
            },
            unaccounted: folder.unaccounted(),
            folder: folder.name,
            found_late: folder.found_late,
            verified_at: folder.verified_at.map(Timestamp),
        }
    }
}

impl MailboxView {
    pub async fn load(mailbox: &Mailbox, context: &Context) -> Result<Self, Failure> {
        let open = context.store.open_cases(mailbox.id).await?;
        let both_ways = context.store.both_ways(mailbox).await?;
        Ok(Self { both_ways, ..Self::new(mailbox, open, &grants(context).await?, Context::now()) })
    }

    fn new(mailbox: &Mailbox, open: OpenCases, grants: &BTreeMap<i64, GrantView>, now: Timestamp) -> Self {
        let unaccounted = open.unaccounted();
        let oauth = match mailbox.login {
            Login::OAuth { grant_id, .. } => grants.get(&grant_id).cloned(),
            Login::Password(_) => None,
        };
        let status = &mailbox.status;
        let interval = mailbox.interval();
        let error: Option<Value> = status.last_error.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            address: mailbox.address.clone(),
            inbox: mailbox.inbox.clone(),
            host: mailbox.server.host.clone(),
            port: mailbox.server.port,
            tls: mailbox.server.tls.to_string(),
            ca_file: mailbox.server.ca_pem.is_some(),
            pin_sha256: mailbox.server.pin_sha256.clone(),
            username: mailbox.username.clone(),
            login: if matches!(mailbox.login, Login::OAuth { .. }) { "oauth" } else { "password" },
            warnings: oauth.as_ref().map(|grant| grant.warnings.clone()).unwrap_or_default(),
            folders: mailbox.folders.clone(),
            start: mailbox.start.to_string(),
            after_import: mailbox.after_import.to_string(),
            interval: crate::duration::format(interval),
            max_size: mailbox.max_size,
            paused: mailbox.paused,
            added_at: mailbox.added_at,
            state: MailboxState::for_mailbox(mailbox, now).short_id(),
            last_success_at: status.last_success_at.map(Timestamp),
            last_attempt_at: status.last_attempt_at.map(Timestamp),
            next_poll_at: if mailbox.paused { None } else { status.next_poll_at.max(status.hold_until).map(Timestamp) },
            failures: status.failures,
            failing_since: status.failing_since.map(Timestamp),
            who_must_act: match who_must_act(error.as_ref()) {
                "nobody" => oauth.as_ref().map_or("nobody", GrantView::who_must_act),
                somebody => somebody,
            },
            error,
            backlog: open.backlog(mailbox, now),
            pending: open.pending,
            quarantined: open.quarantined,
            effects_pending: open.effects_pending,
            effects_impossible: open.effects_impossible,
            effects_problem: open.effects_problem,
            oauth,
            unaccounted,
            both_ways: None,
            completeness: open.folders.into_iter().map(FolderView::from).collect(),
        }
    }

    /// The state, with the progress through a backlog.
    fn state_with_progress(&self) -> String {
        match &self.backlog {
            Some(backlog) => format!("{}; {}", self.state, backlog.words(Language::English)),
            None => self.state.to_owned(),
        }
    }

    fn trouble(&self) -> String {
        let text = |key: &str| self.error.as_ref().and_then(|error| error.get(key)).and_then(Value::as_str);
        let trouble = text("message")
            .map(|message| format!("{}: {}", text("step").unwrap_or_default(), shown_within(message, 2000)));
        let trouble = trouble.or_else(|| self.oauth.as_ref().and_then(GrantView::trouble));
        trouble.into_iter().chain(self.warnings.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// The views of all grants, by the id of the grant.
async fn grants(context: &Context) -> Result<BTreeMap<i64, GrantView>, Failure> {
    Ok(grant_views(&context.store, &context.config.oauth, Context::now(), context.language).await?)
}

/// The party that must act on a failure; "nobody" if the failure may end without action.
fn who_must_act(error: Option<&Value>) -> &'static str {
    let Some(error) = error.filter(|error| !error.is_null()) else { return "nobody" };
    let step = error.get("step").and_then(Value::as_str).unwrap_or_default();
    let waits_for_a_person = error.get("retry").is_none_or(Value::is_null);
    match error.get("blame").and_then(Value::as_str).unwrap_or_default() {
        "us" => "operator",
        "mailbox" if waits_for_a_person || matches!(step, "token" | "login" | "select") => "admin",
        "folder" if step == "select" => "admin",
        "host" if step == "token" => "identity provider",
        "host" => "mail server",
        _ => "nobody",
    }
}

/// `mailbox list`
pub async fn list(context: &Context) -> Result<(), Failure> {
    let (store, output, now) = (&context.store, context.output, Context::now());
    let grants = grants(context).await?;
    let mut views = Vec::new();
    let mut open = store.all_open_cases().await?;
    for mailbox in store.mailboxes().await? {
        views.push(MailboxView::new(&mailbox, open.remove(&mailbox.id).unwrap_or_default(), &grants, now));
    }
    let cells = |view: &MailboxView| {
        let or_never = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        vec![
            view.address.clone(),
            view.inbox.clone(),
            view.state_with_progress(),
            or_never(view.last_success_at),
            view.next_poll_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            view.failing_since.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            view.who_must_act.to_owned(),
            view.trouble(),
        ]
    };
    let headings = ["MAILBOX", "INBOX", "STATE", "LAST SUCCESS", "NEXT", "FAILING SINCE", "WHO ACTS", "TROUBLE"];
    output.rows(&views, &headings, cells, "No mailboxes yet. Add one: mailferry mailbox add --help")?;
    Ok(())
}

/// `mailbox show`
pub async fn show(address: &Address, context: &Context) -> Result<(), Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let view = MailboxView::load(&mailbox, context).await?;
    let polls = context.store.recent_polls(mailbox.id, 5).await?;
    context.output.object(&view, || describe(&view, &polls))?;
    Ok(())
}

fn describe_grant(grant: &GrantView) -> String {
    format!(" by OAuth: {}", grant.in_words())
}

fn describe(view: &MailboxView, polls: &[(Timestamp, String, StoredFact<Vec<Notice>>)]) -> String {
    let or_none = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let trust = match (&view.pin_sha256, view.ca_file) {
        (Some(pin), _) => format!(", only the certificate {pin}"),
        (None, true) => ", only the configured CA".to_owned(),
        (None, false) => String::new(),
    };
    let mut lines = vec![
        format!("Mailbox       {}", view.address),
        format!("Feeds         {}", view.inbox),
        format!("Server        {} port {}, TLS {}{trust}", view.host, view.port, view.tls),
        format!("Login         {}{}", view.username, view.oauth.as_ref().map(describe_grant).unwrap_or_default()),
        format!("Folders       {}", view.folders.join(", ")),
        format!("Start         {} (added {})", view.start, view.added_at),
        format!("After import  {}", view.after_import),
        format!("Every         {}, mail up to {}", view.interval, bytesize::ByteSize(view.max_size).display().si()),
        format!("State         {}", view.state_with_progress()),
        format!("Last success  {}", or_none(view.last_success_at)),
        format!("Next poll     {}", or_none(view.next_poll_at)),
        format!("Open          {} pending, {} quarantined", view.pending, view.quarantined),
        format!("Effects       {} pending, {} impossible", view.effects_pending, view.effects_impossible),
    ];
    if let Some(problem) = &view.effects_problem {
        lines.push(format!("              {}", shown_within(&problem.words(Language::English), 2000)));
    }
    for folder in &view.completeness {
        let at = folder.verified_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        lines.push(format!(
            "Complete      {}: {} unaccounted, last compared {at}",
            folder.folder,
            unaccounted(folder.unaccounted)
        ));
        if matches!(folder.uidvalidity, "missing" | "changing") {
            lines.push(format!("              {UNSTABLE_UIDVALIDITY}"));
        }
    }
    if let Some(ways) = &view.both_ways {
        lines.push(format!("Forwarding    {}", ways.words(Language::English)));
    }
    if view.error.is_some() {
        lines.push(format!("Trouble       {} (since {})", view.trouble(), or_none(view.failing_since)));
        lines.push(format!("Who acts      {}", view.who_must_act));
    }
    lines.extend(view.warnings.iter().map(|warning| format!("Warning       {warning}")));
    for (at, _, notes) in polls {
        let notes = notes.each(|notice| notice.words(Language::English));
        if !notes.is_empty() {
            lines.push(format!("Note          {at}: {}", shown_within(&notes.join("\n"), 2000)));
        }
    }
    lines.join("\n")
}
