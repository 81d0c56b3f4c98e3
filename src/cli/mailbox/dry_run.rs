//! `mailferry mailbox dry-run`: what a poll would import, and into which inboxes.

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::inspect;
use crate::fact::Fact;
use crate::locale::Language;
use crate::poll::dry_run::{self, Counts, DryRun, FolderDryRun, ListedMail, Verdict};
use crate::shown::shown;

/// The last line of the output: the totals of all folders.
#[derive(Serialize)]
struct Total<'a> {
    mailbox: &'a str,
    folders: usize,
    #[serde(flatten)]
    counts: &'a Counts,
    partial: bool,
}

pub async fn run(address: &Address, within: Option<Duration>, context: &Context) -> Result<ExitCode, Failure> {
    let (mailbox, output) = (context.store.mailbox(address).await?, context.output);
    let servers = context.servers().await?;
    let report = inspect::dry_run(servers.inspector(context), &mailbox, within.unwrap_or(dry_run::TIME_LIMIT)).await?;
    for folder in &report.folders {
        output.object(folder, || describe_folder(folder))?;
    }
    let folders = report.folders.len();
    let total = Total { mailbox: &mailbox.address, folders, counts: &report.totals, partial: report.partial };
    output.object(&total, || describe_total(&report))?;
    let succeeded = report.folders.iter().all(|folder| folder.problem.is_none());
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe_folder(folder: &FolderDryRun) -> String {
    let name = shown(&folder.name);
    let mut lines = vec![format!("{name}: {}", describe_counts(&folder.counts))];
    lines.extend(folder.note.iter().map(|note| format!("  {}", shown(&note.words(Language::English)))));
    lines.extend(
        folder.problem.iter().map(|problem| format!("  FAILED  {}: {}", problem.step.name(), problem.with_remedy())),
    );
    lines.extend(folder.shown.iter().map(describe_mail));
    if folder.more > 0 {
        lines.push(format!("  and {} more", folder.more));
    }
    lines.join("\n")
}

fn describe_counts(counts: &Counts) -> String {
    let automatic = match counts.automatic {
        0 => String::new(),
        count => format!(" ({count} of them automatic)"),
    };
    let mut parts = vec![format!("{} of {} mails would be imported{automatic}", counts.would_import, counts.found)];
    for (count, outcome) in [
        (counts.too_big, "too large"),
        (counts.duplicates, "probably already imported"),
        (counts.before_start, "before the start"),
        (counts.known, "already in the ledger"),
        (counts.undecided, "undecided"),
        (counts.not_looked_at, "not examined"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {outcome}"));
        }
    }
    parts.join(", ")
}

fn describe_mail(mail: &ListedMail) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let date = mail.date.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let to = || {
        let to = mail.inboxes.iter().map(|target| format!("{} because of {}", target.inbox, target.why));
        to.collect::<Vec<_>>().join(" and ")
    };
    let outcome = match mail.verdict {
        Verdict::Import => format!("would go to {}", to()),
        Verdict::TooLarge => {
            let size =
                mail.size.map_or_else(String::new, |size| format!(" ({})", bytesize::ByteSize(size).display().si()));
            format!("is too large{size}: it would be quarantined, and stay where it is")
        }
        Verdict::Duplicate => format!("is probably already there: {}", to()),
        Verdict::Undecided => {
            format!("is undecided: {}", or_none(&mail.reason.as_ref().map(|why| why.words(Language::English))))
        }
    };
    let automatic = mail.automatic.as_ref().map(|field| format!(" [{field}]")).unwrap_or_default();
    format!("  UID {}  {date}  {}  {:?}{automatic}  {outcome}", mail.uid, or_none(&mail.from), or_none(&mail.subject))
}

fn describe_total(report: &DryRun) -> String {
    let partial = match report.partial {
        true => " This result is partial: not all mail could be examined (--within allows more time).",
        false => "",
    };
    let all = if report.folders.len() == 1 {
        String::new()
    } else {
        format!("In total: {}. ", describe_counts(&report.totals))
    };
    format!("{all}Nothing was imported, and nothing changed.{partial}")
}
