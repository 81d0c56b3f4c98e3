//! `mailferry ledger`

use std::process::ExitCode;

use super::{Context, Failure};
use crate::address::Address;
use crate::store::LedgerLine;

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
}

/// Lines read in one go.
const PAGE: i64 = 2000;

pub async fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(Command::Retry { mailbox, uid }) = &args.command {
        let id = context.store.mailbox(mailbox).await?.id;
        let count = context.store.retry_quarantined(id, *uid, Context::now()).await?;
        let words = || format!("Asking again for {count} of what was put aside in {mailbox}, at the next poll");
        context.output.one(&serde_json::json!({ "mailbox": mailbox, "retried": count }), words)?;
        return Ok(if count > 0 || uid.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
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
        format!("{:?}", line.state).to_lowercase(),
        line.message.map(|id| id.to_string()).unwrap_or_default(),
        line.reason.clone().unwrap_or_default(),
    ]
}
