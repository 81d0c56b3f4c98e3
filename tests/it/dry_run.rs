//! The dry run reports correctly what the next poll will do, and changes nothing.

mod dovecot;
mod greenmail;
mod offers;
mod servers;

use serde_json::Value;

use crate::support::{
    facts::{JOBB, with},
    mailferry::{Mailferry, Output},
};

/// The report of each folder, and the totals.
struct DryRunReport {
    folders: Vec<Value>,
    total: Value,
}

impl DryRunReport {
    fn from_output(output: &Output) -> Self {
        let mut folders = output.json();
        let total = folders.pop().unwrap_or_else(|| panic!("a total: {}", output.all()));
        let number = |object: &Value, key: &str| object[key].as_u64().unwrap_or_else(|| panic!("{key}: {object}"));
        for counts in folders.iter().chain([&total]) {
            let parts =
                ["would_import", "before_start", "known", "too_big", "duplicates", "undecided", "not_looked_at"];
            let sum: u64 = parts.iter().map(|key| number(counts, key)).sum();
            assert_eq!(sum, number(counts, "found"), "all mails are accounted for: {counts}");
        }
        Self { folders, total }
    }

    fn count(&self, key: &str) -> u64 {
        self.total[key].as_u64().unwrap()
    }

    /// The line of the mail with this subject.
    fn mail(&self, subject: &str) -> &Value {
        let lines = self.folders.iter().flat_map(|folder| folder["shown"].as_array().unwrap());
        let mut found = lines.filter(|line| line["subject"] == subject);
        found.next().unwrap_or_else(|| panic!("{subject}: {:?}", self.folders))
    }
}

/// A dry run of JOBB that meets no problem.
fn dry_run(mailferry: &Mailferry) -> DryRunReport {
    DryRunReport::from_output(&mailferry.ok(&["--json", "mailbox", "dry-run", JOBB]))
}

/// A dry run of JOBB that meets a problem in a folder.
fn dry_run_with_a_problem(mailferry: &Mailferry) -> DryRunReport {
    let output = mailferry.run(&["--json", "mailbox", "dry-run", JOBB]);
    assert_eq!(output.code, 1, "{}", output.all());
    DryRunReport::from_output(&output)
}

/// Checks that a poll does what a dry run has reported, and that a second dry run finds nothing to do. Returns
/// the report of the first.
fn check_poll_matches_dry_run(mailferry: &Mailferry) -> DryRunReport {
    let report = dry_run(mailferry);
    assert_eq!(report.total["partial"], false, "{}", report.total);
    let line = mailferry.poll().remove(0);
    assert!(line["error"].is_null(), "{line}");
    for (done, expected) in [
        ("imported", report.count("would_import")),
        ("quarantined", report.count("too_big")),
        ("skipped", report.count("before_start") + report.count("duplicates")),
    ] {
        assert_eq!(line[done], expected, "{done}: {line} after {}", report.total);
    }
    let again = dry_run(mailferry);
    assert_eq!((again.count("known"), again.count("found")), (report.count("found"), report.count("found")));
    report
}

/// All stored data that the program shows, and the database file, if there is one.
fn stored_state(mailferry: &Mailferry) -> (Vec<Value>, Vec<Value>, Vec<Value>, Option<Vec<u8>>) {
    let file = std::fs::read(mailferry.dir().join("mailferry.db")).ok();
    (mailferry.ledger(), mailferry.messages(), mailferry.json(&["mailbox", "show", JOBB]), file)
}

/// The messages in an inbox, by their subjects.
fn subjects_in(mailferry: &Mailferry, inbox: &str) -> Vec<String> {
    let messages = mailferry.messages();
    let mut subjects: Vec<String> =
        with(&messages, "inbox", inbox).iter().map(|message| message["subject"].as_str().unwrap().to_owned()).collect();
    subjects.sort();
    subjects
}
