//! `mailferry route`

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{Context, Failure};
use crate::address::Address;
use crate::store::{Route, Scope};

#[derive(Subcommand)]
pub enum Command {
    /// Send mail for a recipient to an inbox
    Add {
        /// The inbox's address
        #[arg(long, value_name = "ADDRESS")]
        inbox: Address,
        /// The recipient's address, as it stands in Delivered-To or To
        #[arg(long, value_name = "ADDRESS")]
        recipient: Address,
    },
    /// List the routes
    List,
    /// Remove a recipient's route
    Remove {
        /// Only the route to this inbox
        #[arg(long, value_name = "ADDRESS")]
        inbox: Option<Address>,
        /// The recipient's address
        #[arg(long, value_name = "ADDRESS")]
        recipient: Address,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Add { inbox, recipient } => {
            store.add_route(&recipient, &inbox, Context::now()).await?;
            let organisation = store.inbox(&inbox).await?.organisation_id;
            context.audit(Some(organisation), "route-added", inbox.as_str(), recipient.as_str()).await?;
            let added = json!({ "recipient": recipient, "inbox": inbox });
            output.one(&added, || format!("Mail for {recipient} goes to {inbox}"))?;
        }
        Command::List => output.rows(
            &store.routes(Scope::All).await?,
            &["RECIPIENT", "INBOX"],
            |route: &Route| vec![route.recipient.clone(), route.inbox.clone()],
            "No routes. Every mailbox feeds its own inbox.",
        )?,
        Command::Remove { inbox, recipient } => {
            store.remove_route(&recipient, inbox.as_ref()).await?;
            let organisation = match &inbox {
                Some(inbox) => Some(store.inbox(inbox).await?.organisation_id),
                None => None,
            };
            let target = inbox.as_ref().map_or("", Address::as_str);
            context.audit(organisation, "route-removed", target, recipient.as_str()).await?;
            output.say(&format!("Removed the route of {recipient}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
