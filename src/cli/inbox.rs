//! `mailferry inbox`

mod delivery;

use std::process::ExitCode;

use clap::Subcommand;

use delivery::NewTarget;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::any;
use crate::app::inboxes::{self, WantedInbox};
use crate::app::organisations::Owner;
use crate::store::{InboxOverview, Scope};

#[derive(Subcommand)]
pub enum Command {
    /// Add an inbox
    #[command(override_usage = "mailferry inbox add (<ADDRESS> | --for <ADDRESS> --domain <DOMAIN>) [OPTIONS]")]
    Add {
        /// Address of the inbox, e.g. jobb.lillestad.se@mail.kundo.se
        #[arg(required_unless_present = "for", conflicts_with = "for")]
        address: Option<Address>,
        /// Derive the address from the customer's address, e.g. jobb@lillestad.se
        #[arg(long = "for", value_name = "ADDRESS", requires = "domain")]
        r#for: Option<Address>,
        /// The domain of derived addresses, e.g. mail.kundo.se
        #[arg(long, value_name = "DOMAIN", requires = "for")]
        domain: Option<String>,
        /// Display name
        #[arg(long)]
        name: Option<String>,
        /// The address that replies to the inbox's mail must be sent from
        #[arg(long, value_name = "ADDRESS")]
        reply_from: Option<Address>,
        /// Organisation that owns the inbox; a new name creates a new organisation [default: default]
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
    },
    /// List the inboxes
    List,
    /// Show an inbox, its mailboxes and its routes
    Show {
        /// Address of the inbox
        address: Address,
    },
    /// Deliver the mail of an inbox to a server or webhook too
    Deliver {
        /// Address of the inbox
        address: Address,
        #[command(flatten)]
        target: NewTarget,
    },
    /// The delivery targets of inboxes
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Remove an inbox that no mailbox feeds any more
    Remove {
        /// Address of the inbox
        address: Address,
        /// Delete its messages too, permanently
        #[arg(long)]
        with_messages: bool,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (store, output) = (&context.store, context.output);
    match command {
        Command::Add { address, r#for, domain, name, reply_from, organisation } => {
            let address = match (address, r#for, domain) {
                (Some(address), ..) => address,
                (None, Some(customer), Some(domain)) => Address::derive(&customer, &domain).map_err(Failure::usage)?,
                _ => return Err(Failure::usage("give an address, or --for and --domain")),
            };
            let owner = organisation.map_or(Owner::Own, Owner::NamedOrNew);
            let wanted = WantedInbox { address: address.clone(), name, reply_from, owner };
            inboxes::add(context.acting(), wanted).await?;
            let added = store.inbox_overview(&address).await?;
            output.object(&added, || format!("Added inbox {address}"))?;
        }
        Command::List => {
            let cells = |inbox: &InboxOverview| {
                vec![
                    inbox.inbox.address.clone(),
                    inbox.inbox.name.clone().unwrap_or_default(),
                    inbox.mailboxes.join(", "),
                    inbox.messages.to_string(),
                ]
            };
            output.rows(
                &store.inboxes(Scope::All).await?,
                &["INBOX", "NAME", "FED BY", "MESSAGES"],
                cells,
                "No inboxes yet. Add one: mailferry inbox add ADDRESS",
            )?;
        }
        Command::Show { address } => {
            let inbox = store.inbox_overview(&address).await?;
            output.object(&inbox, || describe(&inbox))?;
        }
        Command::Deliver { address, target } => delivery::add(&address, target, context).await?,
        Command::Delivery(command) => return delivery::run(command, context).await,
        Command::Remove { address, with_messages } => {
            inboxes::remove(context.acting(), &address, with_messages, any).await?;
            output.message(&format!("Removed inbox {address}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(overview: &InboxOverview) -> String {
    let or_none = |list: &[String]| {
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    };
    let inbox = &overview.inbox;
    format!(
        "Inbox       {}\nName        {}\nReply from  {}\nMailboxes   {}\nRoutes      {}\nMessages    {}\nAdded       {}",
        inbox.address,
        inbox.name.as_deref().unwrap_or("-"),
        inbox.reply_from.as_deref().unwrap_or("-"),
        or_none(&overview.mailboxes),
        or_none(&overview.routes),
        overview.messages,
        inbox.created_at,
    )
}
