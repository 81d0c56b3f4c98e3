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
    /// Only of this mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<Address>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Ask again for mail that was put aside (state quarantined)
    Retry {
        /// The mailbox
        #[arg(long, value_name = "ADDRESS")]
        mailbox: Address,
        /// Only this UID
        #[arg(long)]
        uid: Option<u32>,
    },
    /// Give up on a mail that was put aside or does not come; it stays in the customer's mailbox
    Skip(One),
    /// Fetch one mail from the server as it is, past every limit, without importing or changing it
    Download {
        #[command(flatten)]
        one: One,
        /// Write it to this file and not to standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// One mail in the ledger.
#[derive(clap::Args)]
struct One {
    /// The mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Address,
    /// The mail's UID
    #[arg(long)]
    uid: u32,
    /// The folder, where the mailbox has several
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
}

impl One {
    /// The mailbox, and the folder that is meant.
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
async fn skip(one: &One, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, folder) = one.find(&context.store).await?;
    let skipped = ledger::skip(context.acting(), &mailbox, &folder, one.uid, None).await;
    skipped.map_err(|error| match error {
        Error::Conflict(Conflict::NotOpen { folder, uid }) => Failure::failed(format!(
            "UID {uid} of {folder} is neither pending nor quarantined; see `mailferry ledger --mailbox {}`",
            one.mailbox
        )),
        error => error.into(),
    })?;
    context
        .output
        .one(&serde_json::json!({ "mailbox": one.mailbox, "folder": folder.name, "skipped": one.uid }), || {
            format!("UID {} of {} is skipped; it stays in the customer's mailbox", one.uid, folder.name)
        })?;
    Ok(ExitCode::SUCCESS)
}

/// `ledger download`
async fn download(one: &One, to: Option<&Path>, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, folder) = one.find(&context.store).await?;
    let servers = context.servers().await?;
    let mut sink: Box<dyn Write + Send> = match to {
        Some(path) => {
            let file = std::fs::File::create_new(path);
            Box::new(file.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?)
        }
        None => Box::new(std::io::stdout()),
    };
    let take = move |bytes: &[u8]| sink.write_all(bytes).and_then(|()| sink.flush()).map_err(|error| error.to_string());
    let size = inspect::download(servers.inspector(context), &mailbox, (folder, one.uid), take).await;
    let size = size.map_err(|error| {
        if let Some(path) = to {
            let _ = std::fs::remove_file(path); // half a mail is no mail
        }
        match error {
            Error::AtServer(error) => Failure::failed(error.to_string()),
            error => error.into(),
        }
    })?;
    if let Some(path) = to {
        let line = serde_json::json!({ "file": path, "bytes": size });
        context.output.one(&line, || format!("{}: {size} bytes", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lines read in one go.
const PAGE: i64 = 2000;

pub async fn run(args: Args, context: Context) -> Result<ExitCode, Failure> {
    match args.command {
        Some(Command::Download { one, output }) => {
            context.closing(async |context| download(&one, output.as_deref(), context).await).await
        }
        Some(Command::Skip(one)) => context.closing(async |context| skip(&one, context).await).await,
        Some(Command::Retry { mailbox, uid }) => {
            context.closing(async |context| retry(&mailbox, uid, context).await).await
        }
        None => context.closing(async |context| list(&args, context).await).await,
    }
}

/// `ledger retry`
async fn retry(mailbox: &Address, uid: Option<u32>, context: &Context) -> Result<ExitCode, Failure> {
    let found = context.store.mailbox(mailbox).await?;
    let which = QuarantineFilter { uid, ..QuarantineFilter::default() };
    let count = ledger::retry(context.acting(), &found, which).await?;
    let words = || format!("Asking again for {count} of what was put aside in {mailbox}, at the next poll");
    context.output.one(&serde_json::json!({ "mailbox": mailbox, "retried": count }), words)?;
    Ok(if count > 0 || uid.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(mailbox) = &args.mailbox {
        context.store.mailbox(mailbox).await?; // a misspelt address is not an empty ledger
    }
    let headings = ["MAILBOX", "FOLDER", "UIDVALIDITY", "UID", "STATE", "MESSAGE", "REASON"];
    let mut after = (0, 0);
    let mut first = true;
    loop {
        let (page, next) = context.store.ledger_page(args.mailbox.as_ref().map(Address::as_str), after, PAGE).await?;
        if page.is_empty() && !first {
            break;
        }
        context.output.rows(&page, &headings, cells, "Nothing has been seen yet.")?;
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
