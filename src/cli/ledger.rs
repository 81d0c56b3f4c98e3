//! `mailferry ledger`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::inspect;
use crate::app::{Error, ledger};
use crate::fact::Conflict;
use crate::locale::Language;
use crate::store::{LedgerLine, Mailbox, QuarantineFilter, Store, WatchedFolder};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Only UIDs of this mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<Address>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Request quarantined mail again at the next poll
    Retry {
        /// Address of the mailbox
        #[arg(long, value_name = "ADDRESS")]
        mailbox: Address,
        /// Only this UID
        #[arg(long)]
        uid: Option<u32>,
    },
    /// Give up on a quarantined or pending mail; it stays in the customer's mailbox
    Skip(MailArgs),
    /// Fetch one mail unchanged from the server, regardless of all limits, without importing it
    Download {
        #[command(flatten)]
        mail: MailArgs,
        /// Write the mail to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// The arguments that name one mail in the ledger.
#[derive(clap::Args)]
struct MailArgs {
    /// Address of the mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Address,
    /// UID of the mail
    #[arg(long)]
    uid: u32,
    /// Folder of the mail; needed if the mailbox has several
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
}

impl MailArgs {
    /// Finds the mailbox and the folder.
    async fn find(&self, store: &Store) -> Result<(Mailbox, WatchedFolder), Failure> {
        let mailbox = store.mailbox(&self.mailbox).await?;
        let folders = store.watched_folders(mailbox.id).await?;
        let is_needed = self.folder.is_none() && folders.len() > 1;
        let folder = WatchedFolder::select(folders, self.folder.as_deref());
        let folder =
            folder.map_err(|why| Failure::usage(if is_needed { format!("--folder is needed; {why}") } else { why }))?;
        Ok((mailbox, folder))
    }
}

/// `ledger skip`
async fn skip(mail: &MailArgs, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, folder) = mail.find(&context.store).await?;
    let skipped = ledger::skip(context.acting(), &mailbox, &folder, mail.uid, None).await;
    skipped.map_err(|error| match error {
        Error::Conflict(Conflict::UidNotOpen { folder, uid }) => Failure::failed(format!(
            "UID {uid} of {folder} is neither pending nor quarantined; see `mailferry ledger --mailbox {}`",
            mail.mailbox
        )),
        error => error.into(),
    })?;
    context
        .output
        .object(&serde_json::json!({ "mailbox": mail.mailbox, "folder": folder.name, "skipped": mail.uid }), || {
            format!("UID {} of {} is skipped; it stays in the customer's mailbox", mail.uid, folder.name)
        })?;
    Ok(ExitCode::SUCCESS)
}

/// `ledger download`
async fn download(mail: &MailArgs, to: Option<&Path>, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, folder) = mail.find(&context.store).await?;
    let servers = context.servers().await?;
    let mut sink: Box<dyn Write + Send> = match to {
        Some(path) => {
            let file = std::fs::File::create_new(path);
            Box::new(file.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?)
        }
        None => Box::new(std::io::stdout()),
    };
    let take = move |bytes: &[u8]| sink.write_all(bytes).and_then(|()| sink.flush()).map_err(|error| error.to_string());
    let size = inspect::download(servers.inspector(context), &mailbox, (folder, mail.uid), take).await;
    let size = size.map_err(|error| {
        if let Some(path) = to {
            let _ = std::fs::remove_file(path); // an incomplete mail is useless
        }
        match error {
            Error::Server(error) => Failure::failed(error.to_string()),
            error => error.into(),
        }
    })?;
    if let Some(path) = to {
        let line = serde_json::json!({ "file": path, "bytes": size });
        context.output.object(&line, || format!("{}: {size} bytes", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Maximum number of ledger lines that one query reads.
const PAGE_SIZE: i64 = 2000;

pub async fn run(args: Args, context: Context) -> Result<ExitCode, Failure> {
    match args.command {
        Some(Command::Download { mail, output }) => {
            context.run_and_close(async |context| download(&mail, output.as_deref(), context).await).await
        }
        Some(Command::Skip(mail)) => context.run_and_close(async |context| skip(&mail, context).await).await,
        Some(Command::Retry { mailbox, uid }) => {
            context.run_and_close(async |context| retry(&mailbox, uid, context).await).await
        }
        None => context.run_and_close(async |context| list(&args, context).await).await,
    }
}

/// `ledger retry`
async fn retry(mailbox: &Address, uid: Option<u32>, context: &Context) -> Result<ExitCode, Failure> {
    let found = context.store.mailbox(mailbox).await?;
    let which = QuarantineFilter { uid, ..QuarantineFilter::default() };
    let count = ledger::retry(context.acting(), &found, which).await?;
    let words = || format!("The next poll of {mailbox} requests {count} quarantined mails again");
    context.output.object(&serde_json::json!({ "mailbox": mailbox, "retried": count }), words)?;
    Ok(if count > 0 || uid.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(mailbox) = &args.mailbox {
        context.store.mailbox(mailbox).await?; // a misspelt address must not look like an empty ledger
    }
    let headings = ["MAILBOX", "FOLDER", "UIDVALIDITY", "UID", "STATE", "MESSAGE", "REASON"];
    let mut after = (0, 0);
    let mut first = true;
    loop {
        let (page, next) =
            context.store.ledger_page(args.mailbox.as_ref().map(Address::as_str), after, PAGE_SIZE).await?;
        if page.is_empty() && !first {
            break;
        }
        context.output.rows(&page, &headings, cells, "No UIDs have been seen yet.")?;
        first = false;
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(line: &LedgerLine) -> Vec<String> {
    let uid = match line.uid_last {
        Some(last) => format!("{}-{last}", line.uid),
        None => line.uid.to_string(),
    };
    vec![
        line.mailbox.clone(),
        line.folder.clone(),
        line.uidvalidity.to_string(),
        uid,
        line.state.as_str().to_owned(),
        line.message.map(|id| id.to_string()).unwrap_or_default(),
        line.reason.as_ref().map(|reason| reason.words(Language::English)).unwrap_or_default(),
    ]
}
