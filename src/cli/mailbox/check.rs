//! `mailferry mailbox check`: the way to a mailbox, a line a step, as it is walked.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::inspect::{self, CheckOptions};
use crate::cli::output::Output;
use crate::poll::check::CheckLine;

pub async fn run(address: &Address, as_polled: bool, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, output) = (context.store.mailbox(address).await?, context.output);
    let servers = context.servers().await?;
    let unprintable = Arc::new(OnceLock::new());
    let tell = {
        let unprintable = unprintable.clone();
        move |line: &CheckLine| {
            if unprintable.get().is_none()
                && let Err(error) = print(line, output)
            {
                let _ = unprintable.set(error); // nobody else sets it
            }
        }
    };
    let checked = inspect::check(servers.inspector(context), &mailbox, CheckOptions { as_polled, tell }).await?;
    if let Some(error) = Arc::into_inner(unprintable).and_then(OnceLock::into_inner) {
        return Err(error.into());
    }
    let is_well = checked.lines.iter().all(|line| line.ok) && checked.trouble.is_none();
    if let Some(trouble) = &checked.trouble {
        print(&CheckLine::diagnosis(trouble, context.language), output)?;
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(line: &CheckLine, output: Output) -> std::io::Result<()> {
    output.one(line, || {
        let told = format!("{}  {}: {}", if line.ok { "ok    " } else { "FAILED" }, line.step, line.detail);
        line.remedy.as_ref().map_or_else(|| told.clone(), |remedy| format!("{told}\n        {remedy}"))
    })
}
