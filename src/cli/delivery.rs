//! `mailferry delivery`

use std::process::ExitCode;

use clap::{ArgGroup, Subcommand};
use serde_json::json;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::deliveries;
use crate::locale::Language;
use crate::store::{DeliveryFilter, DeliveryLine, DeliveryState};

/// The deliveries that a command applies to.
#[derive(clap::Args)]
#[command(group(ArgGroup::new("which").required(true).args(["id", "all_held_of"])))]
pub struct Selection {
    /// Number of the delivery
    id: Option<i64>,
    /// All held deliveries of this target
    #[arg(long, value_name = "TARGET")]
    all_held_of: Option<i64>,
}

#[derive(Subcommand)]
pub enum Command {
    /// List deliveries, the newest first
    List {
        /// Only deliveries in this state
        #[arg(long, value_enum)]
        state: Option<DeliveryState>,
        /// Only deliveries to this target
        #[arg(long, value_name = "TARGET")]
        target: Option<i64>,
        /// Only deliveries from this inbox
        #[arg(long, value_name = "ADDRESS")]
        inbox: Option<Address>,
        /// Only deliveries of this message
        #[arg(long, value_name = "MESSAGE")]
        message: Option<i64>,
        /// Maximum number of lines
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Show a delivery, with the target's answer
    Show {
        /// Number of the delivery
        id: i64,
    },
    /// Resend a delivery that is held, waits for its next attempt or was dropped
    Retry {
        #[command(flatten)]
        selection: Selection,
        /// Send a held delivery to this other target of its inbox instead
        #[arg(long, value_name = "TARGET", conflicts_with = "all_held_of")]
        to: Option<i64>,
    },
    /// Drop a delivery; its message stays in the inbox
    Drop {
        #[command(flatten)]
        selection: Selection,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    let (acting, output) = (context.acting(), context.output);
    match command {
        Command::List { state, target, inbox, message, limit } => {
            let filter = DeliveryFilter { state, target, inbox: inbox.as_ref().map(Address::as_str), message };
            let found = deliveries::list(acting, filter, None, limit).await?;
            let headings = ["DELIVERY", "MESSAGE", "INBOX", "TARGET", "STATE", "ATTEMPTS", "PROBLEM"];
            output.rows(&found, &headings, cells, "No deliveries.")?;
        }
        Command::Show { id } => {
            let delivery = deliveries::find(acting, id).await?;
            output.object(&delivery, || describe(&delivery))?;
        }
        Command::Retry { selection: Selection { id: Some(id), .. }, to: Some(target) } => {
            let moved = deliveries::move_to_target(acting, id, target).await?;
            output.object(&moved, || format!("Delivery {id} goes to target {target}"))?;
        }
        Command::Retry { selection: Selection { id: Some(id), .. }, .. } => {
            let retried = deliveries::retry(acting, id).await?;
            output.object(&retried, || format!("Delivery {id} is sent again"))?;
        }
        Command::Retry { selection: Selection { all_held_of, .. }, .. } => {
            let target = all_held_of.unwrap_or_default();
            let count = deliveries::retry_held(acting, target).await?;
            output
                .object(&json!({ "target": target, "retried": count }), || format!("Deliveries sent again: {count}"))?;
        }
        Command::Drop { selection: Selection { id: Some(id), .. } } => {
            let dropped = deliveries::drop_delivery(acting, id).await?;
            output.object(&dropped, || format!("Dropped delivery {id}; message {} stays", dropped.message))?;
        }
        Command::Drop { selection: Selection { all_held_of, .. } } => {
            let target = all_held_of.unwrap_or_default();
            let count = deliveries::drop_held(acting, target).await?;
            output.object(&json!({ "target": target, "dropped": count }), || format!("Deliveries dropped: {count}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn problem(delivery: &DeliveryLine) -> Option<String> {
    delivery.problem.as_ref().map(|problem| problem.words(Language::English))
}

fn cells(delivery: &DeliveryLine) -> Vec<String> {
    vec![
        delivery.id.to_string(),
        delivery.message.to_string(),
        delivery.inbox.clone(),
        delivery.target.to_string(),
        delivery.state.as_str().to_owned(),
        delivery.attempts.to_string(),
        problem(delivery).unwrap_or_default(),
    ]
}

fn describe(delivery: &DeliveryLine) -> String {
    let at = |time: Option<crate::clock::Timestamp>| time.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    format!(
        "Delivery      {}\nMessage       {}\nFrom          {}\nSubject       {}\nInbox         {}\nTarget        {} ({})\n\
         State         {}{}\nAttempts      {}\nQueued        {}\nLast attempt  {}\nNext attempt  {}\nProblem       {}\n\
         Answer        {}\nFinished      {}",
        delivery.id,
        delivery.message,
        or_none(delivery.from.clone()),
        or_none(delivery.subject.clone()),
        delivery.inbox,
        delivery.target,
        delivery.url,
        delivery.state.as_str(),
        if delivery.unsure { ", may have arrived" } else { "" },
        delivery.attempts,
        delivery.created_at,
        at(delivery.last_attempt_at),
        at(delivery.retry_at),
        or_none(problem(delivery)),
        or_none(delivery.answer.clone()),
        at(delivery.finished_at),
    )
}
