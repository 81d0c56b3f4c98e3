//! `mailferry ledger`

use std::process::ExitCode;

use super::{Context, Failure};
use crate::address::Address;
use crate::store::LedgerLine;

#[derive(clap::Args)]
pub struct Args {
    /// Only of this mailbox
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<Address>,
}

/// Lines read in one go.
const PAGE: i64 = 2000;

pub async fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
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
