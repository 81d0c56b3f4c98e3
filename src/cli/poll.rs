//! `mailferry poll`

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::output::{Output, is_watched};
use super::{Context, Failure};
use crate::address::Address;
use crate::config::Config;
use crate::lifecycle;
use crate::poll::{Blame, Deps, PollError, Progress, Report, ReportedError, Retry, Step, Tally};
use crate::schedule::{housekeeping, lease, worker};
use crate::store::{Mailbox, StoreError};

#[derive(clap::Args)]
pub struct Args {
    /// The mailboxes; all that are not paused if none is named
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
        context.output.say("No mailboxes to poll. Add one: mailferry mailbox add --help")?;
    }
    let stop = lifecycle::on_signals()?;
    let (deps, config, output) = context.into_deps().await?;
    let deps = Arc::new(deps);
    for mailbox in &mailboxes {
        deps.store.ask_again(mailbox.id).await?;
    }

    let bars = (!output.json && is_watched()).then(MultiProgress::new);
    let limits = limits(&config);
    let places = Arc::new(Semaphore::new(config.schedule.parallel.0));
    let mut polls = JoinSet::new();
    for mailbox in mailboxes {
        let (deps, stop, places, bars) = (deps.clone(), stop.clone(), places.clone(), bars.clone());
        polls.spawn(async move {
            let _place = places.acquire_owned().await;
            let progress = Arc::new(Progress::default());
            let watching = bars.map(|bars| tokio::spawn(watch(bars, mailbox.address.clone(), progress.clone())));
            let report = poll(&mailbox, &deps, limits, stop, progress).await;
            if let Some(watching) = watching {
                watching.abort();
            }
            report
        });
    }
    let mut failed = false;
    while let Some(report) = polls.join_next().await {
        let report = report.map_err(|error| Failure::failed(format!("a worker ended badly: {error}")))?;
        failed |= report.error.is_some();
        tell(&report, output)?;
    }
    housekeeping::run_if_reports_are_old(&deps.store, deps.clock.now()).await?;
    deps.close().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How long a poll may take.
pub fn limits(config: &Config) -> worker::Limits {
    worker::Limits { time: config.schedule.poll_time.0, grace: config.schedule.grace.0 }
}

/// At once, past any back-off of ours, but not past what the server has told us to wait.
pub async fn poll(
    mailbox: &Mailbox,
    deps: &Arc<Deps>,
    limits: worker::Limits,
    stop: CancellationToken,
    progress: Arc<Progress>,
) -> Report {
    let not_polled = |blame, message: String, retry| {
        let error = PollError::new(Step::Lease, blame, Retry::Soon, message);
        Report::new(&mailbox.address, &Tally::default(), 0, 0.0, Some(ReportedError::new(&error, retry)))
    };
    let now = deps.clock.now();
    if let Some(until) = mailbox.held_until(now) {
        return not_polled(Blame::Host, PollError::held(until, now).message, Some(until));
    }
    if mailbox.paused {
        return not_polled(
            Blame::Mailbox,
            format!("it is paused; resume it: mailferry mailbox resume {}", mailbox.address),
            None,
        );
    }
    let taken = match mailbox.address.parse::<Address>() {
        Ok(address) => lease::wait_for(deps, &address).await,
        Err(what) => Err(StoreError::Unknown(what)),
    };
    match taken {
        Ok(Some(lease)) => worker::poll(lease, deps, limits, stop, progress).await,
        Ok(None) => not_polled(Blame::Mailbox, "another process is polling it".to_owned(), Some(now)),
        Err(error) => not_polled(Blame::Us, error.to_string(), Some(now)),
    }
}

fn tell(report: &Report, output: Output) -> std::io::Result<()> {
    output.one(report, || {
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
            words.push_str(&format!(", {effects_done} copies dealt with, {effects_pending} still to do"));
        }
        words.push_str(&format!(", {seconds} s"));
        words
    })
}

/// Draws a bar until it is aborted.
async fn watch(bars: MultiProgress, name: String, progress: Arc<Progress>) {
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
