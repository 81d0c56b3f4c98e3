//! `mailferry mailbox verify`

use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::Failure;
use crate::address::Address;
use crate::cli::mailbox::show::unaccounted;
use crate::cli::{Context, poll};
use crate::clock::Timestamp;
use crate::lifecycle;
use crate::shown::shown_within;

/// A folder, compared.
#[derive(Serialize)]
struct Line {
    mailbox: String,
    folder: String,
    /// UIDs that the server has and the ledger still cannot explain; null: not known, since the server's answers contradict each other.
    unaccounted: Option<i64>,
    /// UIDs that this comparison has found, all of which were asked for.
    found: i64,
    verified_at: Option<Timestamp>,
}

pub async fn run(address: &Address, context: Context) -> Result<ExitCode, Failure> {
    let mailbox = context.store.mailbox(address).await?;
    let before = context.store.open_cases(mailbox.id).await?.folders;
    context.store.compare_again(mailbox.id).await?;
    let stop = lifecycle::on_signals()?;
    let (deps, config, output) = context.into_deps().await?;
    let deps = Arc::new(deps);
    let report = poll::poll(&mailbox, &deps, poll::limits(&config), stop, Arc::default()).await;
    let mut complete = report.error.is_none();
    for folder in deps.store.open_cases(mailbox.id).await?.folders {
        let earlier = before.iter().find(|earlier| earlier.name == folder.name).map_or(0, |earlier| earlier.found_late);
        let line = Line {
            mailbox: mailbox.address.clone(),
            folder: folder.name.clone(),
            unaccounted: folder.unaccounted(),
            found: folder.found_late - earlier,
            verified_at: folder.verified_at.map(Timestamp),
        };
        complete &= line.unaccounted == Some(0) && line.verified_at.is_some();
        output.one(&line, || match line.verified_at {
            Some(_) if line.found == 0 => {
                format!("ok      {}: the ledger explains every mail on the server", line.folder)
            }
            Some(_) => {
                format!("mended  {}: {} mails were missing in the ledger and were asked for", line.folder, line.found)
            }
            None => {
                let count = unaccounted(line.unaccounted);
                format!("FAILED  {}: could not be compared to its end, {count} unaccounted", line.folder)
            }
        })?;
    }
    if let Some(error) = &report.error {
        eprintln!("mailferry: {}: {}", error.step.name(), shown_within(&error.message, 2000));
    }
    deps.close().await;
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
