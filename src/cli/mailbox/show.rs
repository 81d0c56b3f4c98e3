//! What is shown of a mailbox: how it was told to be, and how it fares.

use serde::Serialize;
use serde_json::Value;

use super::super::output::Output;
use super::Failure;
use crate::address::Address;
use crate::cli::Context;
use crate::clock::Timestamp;
use crate::poll::MOST_CHANGES;
use crate::store::{Completeness, Mailbox, OpenCases, Store};

/// A mailbox as shown; never its password.
#[derive(Serialize)]
pub struct View {
    address: String,
    inbox: String,
    host: String,
    port: u16,
    tls: String,
    ca_file: bool,
    pin_sha256: Option<String>,
    username: String,
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
    pending: i64,
    quarantined: i64,
    effects_pending: i64,
    effects_impossible: i64,
    effects_problem: Option<String>,
    unaccounted: i64,
    completeness: Vec<FolderView>,
    who_must_act: &'static str,
}

/// Whether the ledger explains every UID of a folder.
#[derive(Serialize)]
pub struct FolderView {
    folder: String,
    unaccounted: i64,
    found_late: i64,
    verified_at: Option<Timestamp>,
    uidvalidity: &'static str,
}

/// What is said of a folder whose UIDVALIDITY is of no use.
const UNSTABLE: &str = "the server gives no lasting UIDVALIDITY, so at each poll some mails are looked at to see whether the \
                        UIDs still mean the same";

impl FolderView {
    fn of(folder: Completeness) -> Self {
        Self {
            uidvalidity: match folder.uidvalidity {
                _ if folder.uidvalidity_changes >= MOST_CHANGES => "changing",
                0 => "missing",
                -1 => "unknown",
                _ => "lasting",
            },
            folder: folder.name,
            unaccounted: folder.unaccounted,
            found_late: folder.found_late,
            verified_at: folder.verified_at.map(Timestamp),
        }
    }
}

impl View {
    /// Gathers it.
    pub async fn of(mailbox: &Mailbox, store: &Store, now: Timestamp) -> Result<Self, Failure> {
        Ok(Self::with(mailbox, store.open_cases(mailbox.id).await?, now))
    }

    fn with(mailbox: &Mailbox, open: OpenCases, now: Timestamp) -> Self {
        let unaccounted = open.unaccounted();
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
            folders: mailbox.folders.clone(),
            start: mailbox.start.to_string(),
            after_import: mailbox.after_import.to_string(),
            interval: humantime::format_duration(interval).to_string(),
            max_size: mailbox.max_size,
            paused: mailbox.paused,
            added_at: mailbox.added_at,
            state: mailbox.state(now),
            last_success_at: status.last_success_at.map(Timestamp),
            last_attempt_at: status.last_attempt_at.map(Timestamp),
            next_poll_at: if mailbox.paused { None } else { status.next_poll_at.max(status.hold_until).map(Timestamp) },
            failures: status.failures,
            failing_since: status.failing_since.map(Timestamp),
            who_must_act: who_must_act(error.as_ref()),
            error,
            pending: open.pending,
            quarantined: open.quarantined,
            effects_pending: open.effects_pending,
            effects_impossible: open.effects_impossible,
            effects_problem: open.effects_problem,
            unaccounted,
            completeness: open.folders.into_iter().map(FolderView::of).collect(),
        }
    }

    fn trouble(&self) -> String {
        let text = |key: &str| self.error.as_ref().and_then(|error| error.get(key)).and_then(Value::as_str);
        match text("message") {
            Some(message) => format!("{}: {message}", text("step").unwrap_or_default()),
            None => String::new(),
        }
    }
}

/// Who can do something about a failure: nobody needs to where it may pass by itself.
fn who_must_act(error: Option<&Value>) -> &'static str {
    let Some(error) = error.filter(|error| !error.is_null()) else { return "nobody" };
    let step = error.get("step").and_then(Value::as_str).unwrap_or_default();
    let waits_for_a_person = error.get("retry").is_none_or(Value::is_null);
    match error.get("blame").and_then(Value::as_str).unwrap_or_default() {
        "us" => "operator",
        "mailbox" if step == "dns" => "operator",
        "mailbox" if waits_for_a_person || matches!(step, "login" | "select") => "admin",
        "folder" if step == "select" => "admin",
        "host" => "mail server",
        _ => "nobody",
    }
}

/// `mailbox list`
pub async fn list(store: &Store, output: Output) -> Result<(), Failure> {
    let now = Context::now();
    let mut views = Vec::new();
    let mut open = store.all_open_cases().await?;
    for mailbox in store.mailboxes().await? {
        views.push(View::with(&mailbox, open.remove(&mailbox.id).unwrap_or_default(), now));
    }
    let cells = |view: &View| {
        let or_never = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        vec![
            view.address.clone(),
            view.inbox.clone(),
            view.state.to_owned(),
            or_never(view.last_success_at),
            view.next_poll_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            view.failing_since.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            view.who_must_act.to_owned(),
            view.trouble(),
        ]
    };
    let headings = ["MAILBOX", "INBOX", "STATE", "LAST LOOK", "NEXT", "FAILING SINCE", "WHO ACTS", "TROUBLE"];
    output.rows(&views, &headings, cells, "No mailboxes yet. Add one: mailferry mailbox add --help")?;
    Ok(())
}

/// `mailbox show`
pub async fn one(address: &Address, store: &Store, output: Output) -> Result<(), Failure> {
    let mailbox = store.mailbox(address).await?;
    let view = View::of(&mailbox, store, Context::now()).await?;
    let polls = store.recent_polls(mailbox.id, 5).await?;
    output.one(&view, || describe(&view, &polls))?;
    Ok(())
}

fn describe(view: &View, polls: &[(Timestamp, String, String)]) -> String {
    let or_none = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let trust = match (&view.pin_sha256, view.ca_file) {
        (Some(pin), _) => format!(", only the certificate {pin}"),
        (None, true) => ", only its own CA".to_owned(),
        (None, false) => String::new(),
    };
    let mut lines = vec![
        format!("Mailbox       {}", view.address),
        format!("Feeds         {}", view.inbox),
        format!("Server        {} port {}, TLS {}{trust}", view.host, view.port, view.tls),
        format!("Login         {}", view.username),
        format!("Folders       {}", view.folders.join(", ")),
        format!("Start         {} (added {})", view.start, view.added_at),
        format!("After import  {}", view.after_import),
        format!("Every         {}, mail up to {}", view.interval, bytesize::ByteSize(view.max_size).display().si()),
        format!("State         {}", view.state),
        format!("Last look     {}", or_none(view.last_success_at)),
        format!("Next poll     {}", or_none(view.next_poll_at)),
        format!("Open          {} pending, {} quarantined", view.pending, view.quarantined),
        format!("Copies        {} to deal with, {} impossible", view.effects_pending, view.effects_impossible),
    ];
    if let Some(problem) = &view.effects_problem {
        lines.push(format!("              {problem}"));
    }
    for folder in &view.completeness {
        let at = folder.verified_at.map_or_else(|| "not yet".to_owned(), |at| at.to_string());
        lines.push(format!("Complete      {}: {} unaccounted, compared {at}", folder.folder, folder.unaccounted));
        if matches!(folder.uidvalidity, "missing" | "changing") {
            lines.push(format!("              {UNSTABLE}"));
        }
    }
    if view.error.is_some() {
        lines.push(format!("Trouble       {} (since {})", view.trouble(), or_none(view.failing_since)));
        lines.push(format!("Who acts      {}", view.who_must_act));
    }
    for (at, _, notes) in polls.iter().filter(|(_, _, notes)| !notes.is_empty()) {
        lines.push(format!("Note          {at}: {notes}"));
    }
    lines.join("\n")
}
