//! `mailferry inbox deliver` and `mailferry inbox delivery`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Subcommand};

use crate::address::Address;
use crate::app::any;
use crate::app::targets::{self, TargetDeps, TargetRequest, TargetView};
use crate::cli::{Context, Failure, secret};
use crate::egress::Egress;
use crate::fact::Fact;
use crate::locale::Language;
use crate::target::{MailboxUrl, TargetUrl, WebhookFormat, WhenUnknown};
use crate::vault::Vault;
use crate::wiring;

/// The options of a new target.
#[derive(clap::Args)]
#[command(group(ArgGroup::new("protocol").required(true).args(["smtp", "mx", "lmtp", "webhook"])))]
pub struct NewTarget {
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    settings: Settings,
}

/// The server of a target.
#[derive(clap::Args)]
pub struct Destination {
    /// A mail server: smtp://HOST[:PORT] (587; STARTTLS is required, except to this machine) or smtps://HOST[:PORT] (465)
    #[arg(long, value_name = "URL")]
    smtp: Option<String>,
    /// The mail servers (MX) of the recipient's domain, on port 25, with MTA-STS
    #[arg(long, conflicts_with = "smtp")]
    mx: bool,
    /// An LMTP server: HOST:PORT, or the path of a Unix socket
    #[arg(long, value_name = "HOST:PORT|SOCKET", conflicts_with_all = ["smtp", "mx"])]
    lmtp: Option<String>,
    /// An HTTP endpoint that receives each mail as a POST request
    #[arg(long, value_name = "URL", conflicts_with_all = ["smtp", "mx", "lmtp"])]
    webhook: Option<String>,
}

impl Destination {
    fn url(&self) -> Result<Option<TargetUrl>, Failure> {
        if self.mx {
            return Ok(Some(TargetUrl::Mx));
        }
        let with_scheme = |text: &str, scheme: &str| match text.contains("://") {
            true => text.to_owned(),
            false => format!("{scheme}://{text}"),
        };
        let text = match (&self.smtp, &self.lmtp, &self.webhook) {
            (Some(text), ..) => with_scheme(text, "smtp"),
            (_, Some(path), _) if path.starts_with('/') => format!("lmtp:{path}"),
            (_, Some(text), _) => with_scheme(text, "lmtp"),
            (.., Some(text)) => with_scheme(text, "https"),
            (None, None, None) => return Ok(None),
        };
        let url = text.parse::<TargetUrl>().map_err(|why| Failure::usage(why.to_string()))?;
        let has_own_scheme = match (&self.smtp, &self.lmtp) {
            (Some(_), _) => url.kind() == crate::target::TargetKind::Smtp,
            (_, Some(_)) => url.kind() == crate::target::TargetKind::Lmtp,
            (None, None) => url.kind() == crate::target::TargetKind::Webhook,
        };
        if has_own_scheme { Ok(Some(url)) } else { Err(Failure::usage(format!("{text} is a {} target", url.kind()))) }
    }
}

/// The settings of a target.
#[derive(clap::Args)]
pub struct Settings {
    /// Envelope recipient [default: the inbox's own address]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<Address>,
    /// Body of a webhook's requests: signed JSON, or the bytes of the mail as message/rfc822 [default: json]
    #[arg(long, value_enum)]
    format: Option<WebhookFormat>,
    /// Login name for SMTP, or for HTTP Basic
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// File with the password, the bearer token, or the signing secret (whsec_...) of a webhook
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with the certificate authorities (PEM) to trust, in place of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Maximum number of connections at once; with more than one, mail may arrive out of order [default: 1]
    #[arg(long, value_name = "N")]
    concurrency: Option<i64>,
    /// IMAP server of the recipient's mailbox: imaps://HOST[:PORT] or imap://HOST[:PORT]. If the answer to a mail is lost,
    /// Mailferry searches this mailbox before it sends the mail again; "none" turns this off [default: none]
    #[arg(long, value_name = "URL")]
    look_in: Option<String>,
    /// Login name at the IMAP server
    #[arg(long, value_name = "NAME")]
    look_username: Option<String>,
    /// File with the password for the IMAP server
    #[arg(long, value_name = "FILE")]
    look_password_file: Option<PathBuf>,
    /// If the answer to a mail is lost and the mail is not found: send it again with the same id, so that it may arrive
    /// twice, or hold it [default: repeat]
    #[arg(long, value_enum)]
    when_unknown: Option<WhenUnknown>,
    /// Turn lone CR and LF into CRLF for a server without CHUNKING, instead of holding the mail
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    repair_line_ends: Option<bool>,
    /// Delete the bytes of a mail from the built-in store some time after its delivery (delivery.raw_retention)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    only: Option<bool>,
    /// Maximum number of mails per minute; 0: no limit [default: 0]
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
}

impl Settings {
    fn request(self, url: Option<TargetUrl>) -> Result<TargetRequest, Failure> {
        let ca_pem = self.ca_file.map(|path| {
            std::fs::read_to_string(&path)
                .map_err(|error| Failure::failed(format!("{}: cannot be read: {error}", path.display())))
        });
        let look_in = match self.look_in.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(text) => Some(Some(text.parse::<MailboxUrl>().map_err(|why| Failure::usage(why.to_string()))?)),
        };
        Ok(TargetRequest {
            url,
            recipient: self.to.map(Some),
            format: self.format,
            username: self.username.map(Some),
            secret: secret::read(self.secret_file.as_deref(), false)?.map(Some),
            ca_pem: ca_pem.transpose()?.map(Some),
            concurrency: self.concurrency,
            look_in,
            look_username: self.look_username.map(Some),
            look_password: secret::read(self.look_password_file.as_deref(), false)?,
            when_unknown: self.when_unknown,
            repair_line_ends: self.repair_line_ends,
            only: self.only,
            rate: self.rate.map(|rate| Some(i64::from(rate)).filter(|rate| *rate > 0)),
        })
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// List the targets, with the numbers of waiting, held and delivered mails
    List {
        /// Only the targets of this inbox
        #[arg(value_name = "ADDRESS")]
        inbox: Option<Address>,
    },
    /// Change a target
    Set {
        /// Number of the target
        id: i64,
        #[command(flatten)]
        destination: Destination,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Pause a target: mail is queued and waits
    Pause {
        /// Number of the target
        id: i64,
    },
    /// Resume a paused target
    Resume {
        /// Number of the target
        id: i64,
    },
    /// Connect to a target and log in, without sending a mail
    Test {
        /// Number of the target
        id: i64,
    },
    /// Remove a target; its mail stays in the inbox
    Remove {
        /// Number of the target
        id: i64,
        /// Drop the deliveries that wait or are held
        #[arg(long)]
        with_undelivered: bool,
    },
}

/// Adds a target.
pub async fn add(inbox: &Address, target: NewTarget, context: &Context) -> Result<(), Failure> {
    let request = target.settings.request(target.destination.url()?)?;
    let (vault, egress) = (context.vault().await?, wiring::egress(&context.config));
    let added = targets::add(context.acting(), inbox, request, deps(&vault, &egress, context)).await?;
    let added = targets::with_counts(context.acting(), added).await?;
    let described = || format!("Added target {}: mail of {inbox} is delivered to {} from now on", added.id, added.url);
    Ok(context.output.object(&added, described)?)
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (acting, output) = (context.acting(), context.output);
    match command {
        Command::List { inbox } => list(inbox.as_ref(), context).await?,
        Command::Set { id, destination, settings } => {
            let request = settings.request(destination.url()?)?;
            let (vault, egress) = (context.vault().await?, wiring::egress(&context.config));
            let changed = targets::change(acting, id, request, deps(&vault, &egress, context), any).await?;
            let changed = targets::with_counts(acting, changed).await?;
            output.object(&changed, || format!("Changed target {id}"))?;
        }
        Command::Pause { id } => {
            targets::pause(acting, id, true).await?;
            output.message(&format!("Paused target {id}"))?;
        }
        Command::Resume { id } => {
            targets::pause(acting, id, false).await?;
            output.message(&format!("Resumed target {id}"))?;
        }
        Command::Test { id } => return test(id, context).await,
        Command::Remove { id, with_undelivered } => {
            targets::remove(acting, id, with_undelivered, any).await?;
            output.message(&format!("Removed target {id}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn deps<'a>(vault: &'a Vault, egress: &'a Egress, context: &'a Context) -> TargetDeps<'a> {
    TargetDeps { vault, ports: &context.config.delivery.ports, mailbox_ports: &context.config.egress.ports, egress }
}

async fn list(inbox: Option<&Address>, context: &Context) -> Result<(), Failure> {
    let mut views = Vec::new();
    for target in targets::list(context.acting(), inbox).await? {
        views.push(targets::with_counts(context.acting(), target).await?);
    }
    let cells = |view: &TargetView| {
        vec![
            view.id.to_string(),
            view.inbox.clone().unwrap_or_else(|| "all others".to_owned()),
            view.url.clone(),
            with_progress(state(view), view),
            view.counts.waiting.to_string(),
            view.counts.held.to_string(),
            view.counts.delivered.to_string(),
        ]
    };
    let headings = ["TARGET", "INBOX", "URL", "STATE", "WAITING", "HELD", "DELIVERED"];
    let empty = "No delivery targets: mail stays in the built-in store. Add one: mailferry inbox deliver --help";
    Ok(context.output.rows(&views, &headings, cells, empty)?)
}

/// Adds the progress through a backlog to the state of a target.
fn with_progress(state: String, view: &TargetView) -> String {
    match &view.catch_up {
        Some(progress) => format!("{state}; {}", progress.words(Language::English)),
        None => state,
    }
}

fn state(view: &TargetView) -> String {
    match &view.problem {
        _ if !view.in_use => "not in use".to_owned(),
        Some(problem) if view.paused => format!("paused: {}", problem.words(Language::English)),
        _ if view.paused => "paused".to_owned(),
        Some(problem) => format!("failing: {}", problem.words(Language::English)),
        None => "ok".to_owned(),
    }
}

async fn test(id: i64, context: &Context) -> Result<ExitCode, Failure> {
    let deps = context.deliver_deps().await?;
    match targets::test(context.acting(), id, &deps).await? {
        Ok(answer) => {
            let found = serde_json::json!({ "target": id, "ok": true, "answer": answer });
            context.output.object(&found, || format!("Target {id} is ready: {answer}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            let words = problem.words(Language::English);
            let found = serde_json::json!({ "target": id, "ok": false, "problem": words });
            context.output.object(&found, || format!("Target {id} is not ready: {words}"))?;
            Ok(ExitCode::FAILURE)
        }
    }
}
