//! `mailferry mailbox dry-run`: what a poll would import, and where it would go.

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::{Context, Failure};
use crate::address::Address;
use crate::app::mailboxes::inspect;
use crate::fact::Fact;
use crate::locale::Language;
use crate::poll::dry_run::{self, Counts, DryRun, FolderDryRun, Line, Verdict};
use crate::shown::shown;

/// The last line.
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
    let told = inspect::dry_run(servers.inspector(context), &mailbox, within.unwrap_or(dry_run::TIME_LIMIT)).await?;
    for folder in &told.folders {
        output.one(folder, || of_folder(folder))?;
    }
    let folders = told.folders.len();
    let total = Total { mailbox: &mailbox.address, folders, counts: &told.totals, partial: told.partial };
    output.one(&total, || of_all(&told))?;
    let is_well = told.folders.iter().all(|folder| folder.problem.is_none());
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_folder(folder: &FolderDryRun) -> String {
    let name = shown(&folder.name);
    let mut lines = vec![format!("{name}: {}", of_counts(&folder.counts))];
    lines.extend(folder.note.iter().map(|note| format!("  {}", shown(&note.words(Language::English)))));
    lines.extend(
        folder.problem.iter().map(|problem| format!("  FAILED  {}: {}", problem.step.name(), problem.with_remedy())),
    );
    lines.extend(folder.shown.iter().map(of_mail));
    if folder.more > 0 {
        lines.push(format!("  and {} more", folder.more));
    }
    lines.join("\n")
}

fn of_counts(counts: &Counts) -> String {
    let automatic = match counts.automatic {
        0 => String::new(),
        count => format!(" ({count} of them automatic)"),
    };
    let mut parts = vec![format!("{} of {} mails would be imported{automatic}", counts.would_import, counts.found)];
    for (count, what) in [
        (counts.too_big, "too large"),
        (counts.duplicates, "probably here already"),
        (counts.before_start, "before the start"),
        (counts.known, "dealt with by an earlier poll"),
        (counts.undecided, "undecided"),
        (counts.not_looked_at, "not looked at"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

fn of_mail(mail: &Line) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let date = mail.date.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let to = || {
        let to = mail.inboxes.iter().map(|target| format!("{} because of {}", target.inbox, target.why));
        to.collect::<Vec<_>>().join(" and ")
    };
    let fate = match mail.verdict {
        Verdict::Import => format!("would go to {}", to()),
        Verdict::TooLarge => {
            let size =
                mail.size.map_or_else(String::new, |size| format!(" ({})", bytesize::ByteSize(size).display().si()));
            format!("is too large{size}: it would be put aside, and stay where it is")
        }
        Verdict::Duplicate => format!("is probably there already: {}", to()),
        Verdict::Undecided => {
            format!("is undecided: {}", or_none(&mail.reason.as_ref().map(|why| why.words(Language::English))))
        }
    };
    let automatic = mail.automatic.as_ref().map(|field| format!(" [{field}]")).unwrap_or_default();
    format!("  UID {}  {date}  {}  {:?}{automatic}  {fate}", mail.uid, or_none(&mail.from), or_none(&mail.subject))
}

fn of_all(told: &DryRun) -> String {
    let partial = match told.partial {
        true => " This is a part only: there was more than could be looked at (--within gives it more time).",
        false => "",
    };
    let all = if told.folders.len() == 1 { String::new() } else { format!("Together: {}. ", of_counts(&told.totals)) };
    format!("{all}Nothing was imported, and nothing changed.{partial}")
}
