//! `mailferry mailbox check`: logs in to a mailbox and prints a line for each step as it completes.

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
    let print_error = Arc::new(OnceLock::new());
    let report = {
        let print_error = print_error.clone();
        move |line: &CheckLine| {
            if print_error.get().is_none()
                && let Err(error) = print(line, output)
            {
                let _ = print_error.set(error); // it is only set here
            }
        }
    };
    let checked =
        inspect::check(servers.inspector(context), &mailbox, CheckOptions { as_polled, on_step: report }).await?;
    if let Some(error) = Arc::into_inner(print_error).and_then(OnceLock::into_inner) {
        return Err(error.into());
    }
    let succeeded = checked.steps.iter().all(|step| step.ok) && checked.trouble.is_none();
    if let Some(trouble) = &checked.trouble {
        print(&CheckLine::diagnosis(trouble, context.language), output)?;
    }
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(line: &CheckLine, output: Output) -> std::io::Result<()> {
    output.object(line, || {
        let text = format!("{}  {}: {}", if line.ok { "ok    " } else { "FAILED" }, line.step, line.detail);
        line.remedy.as_ref().map_or_else(|| text.clone(), |remedy| format!("{text}\n        {remedy}"))
    })
}
