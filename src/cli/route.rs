//! `mailferry route`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::routes;
use crate::store::{Route, Scope};

#[derive(Subcommand)]
pub enum Command {
    /// Add a route that sends the mail of a recipient to an inbox
    Add {
        /// Address of the inbox
        #[arg(long, value_name = "ADDRESS")]
        inbox: Address,
        /// Address of the recipient, as in the fields Delivered-To or To
        #[arg(long, value_name = "ADDRESS")]
        recipient: Address,
    },
    /// List the routes
    List,
    /// Remove the routes of a recipient
    Remove {
        /// Only the route to this inbox
        #[arg(long, value_name = "ADDRESS")]
        inbox: Option<Address>,
        /// Address of the recipient
        #[arg(long, value_name = "ADDRESS")]
        recipient: Address,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let output = context.output;
    match command {
        Command::Add { inbox, recipient } => {
            routes::add(context.acting(), &recipient, &inbox).await?;
            let added = json!({ "recipient": recipient, "inbox": inbox });
            output.object(&added, || format!("Mail for {recipient} goes to {inbox}"))?;
        }
        Command::List => output.rows(
            &context.store.routes(Scope::All).await?,
            &["RECIPIENT", "INBOX"],
            |route: &Route| vec![route.recipient.clone(), route.inbox.clone()],
            "No routes. Every mailbox feeds its own inbox.",
        )?,
        Command::Remove { inbox, recipient } => {
            routes::remove(context.acting(), &recipient, inbox.as_ref()).await?;
            output.message(&format!("Removed the route of {recipient}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
