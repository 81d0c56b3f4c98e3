//! `mailferry mailbox verify`

use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::Failure;
use crate::address::Address;
use crate::app::mailboxes::{self, PollNow, VerifiedFolder};
use crate::cli::mailbox::show::unaccounted;
use crate::cli::{Context, poll};
use crate::clock::Timestamp;
use crate::lifecycle;
use crate::shown::shown_within;

/// The comparison of one folder with the ledger.
#[derive(Serialize)]
struct Line<'a> {
    mailbox: &'a str,
    folder: &'a str,
    /// Number of UIDs on the server that the ledger still cannot explain; null if the number is unknown because the server's
    /// answers contradict each other.
    unaccounted: Option<i64>,
    /// Number of UIDs that were missing from the ledger; all of them were requested.
    found: i64,
    verified_at: Option<Timestamp>,
}

pub async fn run(address: &Address, context: Context) -> Result<ExitCode, Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let stop = lifecycle::on_signals()?;
    let (deps, config, output) = context.into_deps().await?;
    let deps = Arc::new(deps);
    let options = PollNow { deps: deps.clone(), limits: poll::limits(&config), stop, progress: Arc::default() };
    let verified = mailboxes::verify(&mailbox, options).await?;
    for VerifiedFolder { now: folder, missed } in &verified.folders {
        let line = Line {
            mailbox: &mailbox.address,
            folder: &folder.name,
            unaccounted: folder.unaccounted(),
            found: *missed,
            verified_at: folder.verified_at.map(Timestamp),
        };
        output.object(&line, || describe(&line))?;
    }
    if let Some(error) = &verified.report.error {
        eprintln!("mailferry: {}: {}", error.step.name(), shown_within(&error.message, 2000));
    }
    deps.close().await;
    Ok(if verified.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(line: &Line<'_>) -> String {
    match line.verified_at {
        Some(_) if line.found == 0 => format!("ok      {}: the ledger explains every mail on the server", line.folder),
        Some(_) => {
            format!("fixed   {}: {} mails were missing in the ledger and were requested", line.folder, line.found)
        }
        None => {
            let count = unaccounted(line.unaccounted);
            format!("FAILED  {}: could not be compared completely, {count} unaccounted", line.folder)
        }
    }
}
