//! `mailferry message`

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Context, Failure};
use crate::address::Address;
use crate::store::{MessageFilter, MessageLine};

#[derive(Subcommand)]
pub enum Command {
    /// List imported messages in the order of their import
    List {
        /// Only messages in this inbox
        #[arg(long, value_name = "ADDRESS")]
        inbox: Option<Address>,
        /// Only messages imported from this mailbox
        #[arg(long, value_name = "ADDRESS")]
        mailbox: Option<Address>,
    },
    /// Write the original bytes of a message to standard output
    Raw {
        /// Id of the message, from `message list`
        id: i64,
    },
}

/// Maximum number of messages that one query reads.
const PAGE_SIZE: i64 = 1000;

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::List { inbox, mailbox } => list(inbox.as_ref(), mailbox.as_ref(), context).await?,
        Command::Raw { id } => raw(id, context).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(inbox: Option<&Address>, mailbox: Option<&Address>, context: &Context) -> Result<(), Failure> {
    if let Some(inbox) = inbox {
        context.store.inbox(inbox).await?; // a misspelt address must not look like an empty inbox
    }
    let filter = MessageFilter {
        inbox: inbox.map(Address::as_str),
        mailbox: mailbox.map(Address::as_str),
        unacknowledged: false,
    };
    let headings = ["ID", "INBOX", "FROM", "SUBJECT", "SIZE", "IMPORTED", "WHY"];
    let mut after = 0;
    let mut first = true;
    loop {
        let page = context.store.messages(filter, after, PAGE_SIZE).await?;
        let Some(last) = page.last() else {
            if first {
                context.output.rows(&page, &headings, cells, "No messages.")?;
            }
            return Ok(());
        };
        after = last.id;
        context.output.rows(&page, &headings, cells, "")?;
        first = false;
    }
}

fn cells(message: &MessageLine) -> Vec<String> {
    vec![
        message.id.to_string(),
        message.inbox.clone(),
        message.from.clone().unwrap_or_else(|| "-".to_owned()),
        message.subject.clone().unwrap_or_else(|| "-".to_owned()),
        message.size.to_string(),
        message.imported_at.to_string(),
        message.why.clone(),
    ]
}

async fn raw(id: i64, context: &Context) -> Result<(), Failure> {
    let sha256 = context.store.message_sha256(id).await?;
    let mut seq = 0;
    while let Some(chunk) = context.store.raw_chunk(&sha256, seq).await? {
        let written = std::io::stdout().lock().write_all(&chunk);
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
        seq += 1;
    }
    std::io::stdout().lock().flush()?;
    Ok(())
}
