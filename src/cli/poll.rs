//! `mailferry poll`

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::output::{Output, is_interactive};
use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::{self, PollNow};
use crate::config::Config;
use crate::lifecycle;
use crate::poll::{Progress, Report};
use crate::schedule::{deliveries, housekeeping, worker};
use crate::store::Mailbox;
use crate::wiring;

#[derive(clap::Args)]
pub struct Args {
    /// Mailboxes to poll [default: all that are not paused]
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<Address>,
}

pub async fn run(args: Args, context: Context) -> Result<ExitCode, Failure> {
    let mut mailboxes = Vec::new();
    if args.addresses.is_empty() {
        mailboxes = context.store.mailboxes().await?;
        mailboxes.retain(|mailbox| !mailbox.paused);
    } else {
        for address in &args.addresses {
            if !mailboxes.iter().any(|known: &Mailbox| known.address == address.as_str()) {
                mailboxes.push(context.store.mailbox(address).await?);
            }
        }
    }
    if mailboxes.is_empty() {
        context.output.message("No mailboxes to poll. Add one: mailferry mailbox add --help")?;
    }
    let stop = lifecycle::on_signals()?;
    let (deps, config, output) = context.into_deps().await?;
    let deps = Arc::new(deps);
    for mailbox in &mailboxes {
        deps.store.clear_token_backoff(mailbox.id).await?;
    }

    let bars = (!output.json && is_interactive()).then(MultiProgress::new);
    let limits = limits(&config);
    let slots = Arc::new(Semaphore::new(config.schedule.parallel.0));
    let mut polls = JoinSet::new();
    for mailbox in mailboxes {
        let (deps, stop, slots, bars) = (deps.clone(), stop.clone(), slots.clone(), bars.clone());
        polls.spawn(async move {
            let _slot = slots.acquire_owned().await;
            let progress = Arc::new(Progress::default());
            let drawing = bars.map(|bars| tokio::spawn(draw_progress(bars, mailbox.address.clone(), progress.clone())));
            let report = mailboxes::poll_now(&mailbox, PollNow { deps, limits, stop, progress }).await;
            if let Some(drawing) = drawing {
                drawing.abort();
            }
            report
        });
    }
    let mut failed = false;
    while let Some(report) = polls.join_next().await {
        let report = report.map_err(|error| Failure::failed(format!("a worker panicked: {error}")))?;
        failed |= report.error.is_some();
        print(&report, output)?;
    }
    let deliver_deps = wiring::deliver_deps(&config, &deps).await?;
    deliveries::run_once(Arc::new(deliver_deps), stop).await;
    housekeeping::run_if_reports_are_old(&deps.store, deps.raw_retention, deps.clock.now()).await?;
    deps.close().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The time limits of a poll.
pub fn limits(config: &Config) -> worker::Limits {
    worker::Limits { time: config.schedule.poll_time.0, grace: config.schedule.grace.0 }
}

fn print(report: &Report, output: Output) -> std::io::Result<()> {
    output.object(report, || {
        let Report { mailbox, imported, skipped, quarantined, effects_done, effects_pending, bytes, seconds, error } =
            report;
        let mut words = String::new();
        if let Some(error) = error {
            let next = error.retry.map_or_else(|| "a person must act first".to_owned(), |at| format!("next try {at}"));
            words = format!("{mailbox}: FAILED at {}: {} ({next})\n", error.step.name(), error.message);
        }
        let size = bytesize::ByteSize(*bytes).display().si();
        words.push_str(&format!(
            "{mailbox}: {imported} imported ({size}), {skipped} skipped, {quarantined} quarantined"
        ));
        if effects_done + effects_pending > 0 {
            words.push_str(&format!(", {effects_done} effects done, {effects_pending} pending"));
        }
        words.push_str(&format!(", {seconds} s"));
        words
    })
}

/// Draws a progress bar until the task is aborted.
async fn draw_progress(bars: MultiProgress, name: String, progress: Arc<Progress>) {
    let bar = bars.add(ProgressBar::new(0));
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name);
    loop {
        bar.set_length(progress.found.load(Ordering::Relaxed));
        bar.set_position(progress.done.load(Ordering::Relaxed));
        bar.set_message(bytesize::ByteSize(progress.bytes.load(Ordering::Relaxed)).to_string());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
