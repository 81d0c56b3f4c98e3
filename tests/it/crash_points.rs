//! The process is killed at every single step of a poll, and started again: the result is the same as without a crash, and a
//! further poll changes nothing.
//!
//! MAILFERRY_TEST_SWEEP=all tests every step in every combination; without it, each combination tests only some of the
//! steps. Needs the feature `crash-points`, which `make test` enables.

use std::{fs, thread};

use mailferry::test_server::Account;
use serde_json::{Value, json};

use crate::support::{
    facts::{JOBB, JOBB_INBOX, text},
    faulty::Faulty,
    mail::mail,
    mailferry::{Database, Mailferry, databases},
};

/// Every effect, and `move` also on a server without MOVE.
const CHOICES: [&str; 6] = ["leave", "seen", "keyword:Kundo", "move:Klart", "delete", "move:Klart without MOVE"];

struct Trial {
    server: Faulty,
    mailferry: Mailferry,
}

impl Trial {
    fn new(database: Database, choice: &str) -> Self {
        let mut large = mail("large", JOBB);
        large.extend(b"0123456789\r\n".repeat(120_000));
        let mails = [mail("one", JOBB), mail("same", JOBB), mail("same", JOBB), large, mail("two", JOBB)];
        let server = Faulty::start(Account::with_mails(mails));
        let (choice, lacks_move) = choice.split_once(" without").map_or((choice, false), |(choice, _)| (choice, true));
        if lacks_move {
            server.account().faults.missing_capabilities.insert("MOVE");
        }
        let mut mailferry = Mailferry::with_database(database);
        mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "2");
        mailferry.add_inbox(JOBB_INBOX);
        let more = ["--start", "all", "--after-import", choice];
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.options(), &more);
        Self { server, mailferry }
    }

    /// Runs a poll that is killed at this step; returns whether it reached the step.
    fn crash_at(&self, step: usize) -> bool {
        let mut command = self.mailferry.command(&["--json", "poll"]);
        let output = command.env("MAILFERRY_CRASH_AT", step.to_string()).output().unwrap();
        output.status.code().is_none()
    }

    /// The number of steps of an undisturbed poll.
    fn steps(database: Database, choice: &str) -> usize {
        let trial = Self::new(database, choice);
        let log = trial.mailferry.dir().join("steps");
        let mut command = trial.mailferry.command(&["poll"]);
        assert!(command.env("MAILFERRY_CRASH_LOG", &log).status().unwrap().success());
        fs::read_to_string(log).unwrap().lines().count()
    }

    /// The visible result, without the parts that differ from run to run.
    fn state(&self) -> Value {
        let folders: Vec<Value> = {
            let account = self.server.account();
            let mails = |folder: &mailferry::test_server::Folder| -> Vec<Value> {
                let mails = folder.messages.iter();
                mails.map(|mail| json!([String::from_utf8_lossy(&mail.bytes).len(), mail.flags])).collect()
            };
            account.folders.iter().map(|(name, folder)| json!([name, mails(folder)])).collect()
        };
        let mut messages: Vec<Value> =
            self.mailferry.messages().iter().map(|m| json!([m["uid"], m["sha256"], m["size"], m["inbox"]])).collect();
        messages.sort_by_key(Value::to_string);
        let ledger: Vec<Value> = self.mailferry.ledger().iter().map(|l| json!([l["uid"], l["state"]])).collect();
        let shown = self.mailferry.json(&["mailbox", "show", JOBB]).remove(0);
        let open: Vec<&Value> =
            ["pending", "quarantined", "effects_pending", "effects_impossible", "unaccounted", "error", "state"]
                .iter()
                .map(|key| &shown[*key])
                .collect();
        json!({ "folders": folders, "messages": messages, "ledger": ledger, "open": open })
    }
}

/// Tests every step of this combination whose number leaves the same remainder as `share` when divided by `of`.
fn sweep(database: Database, choice: &str, share: usize, of: usize) {
    let whole = Trial::new(database, choice);
    whole.mailferry.poll_ok();
    let wanted = whole.state();
    assert_eq!(wanted["messages"].as_array().unwrap().len(), 5, "{wanted}");
    let steps = Trial::steps(database, choice);
    assert!(steps > 20, "crash points are compiled in");
    let mut tried = 0;
    for step in (1..=steps).filter(|step| step % of == share % of) {
        let trial = Trial::new(database, choice);
        // The order of threads varies, so a poll may have a few steps fewer than the one that was counted.
        let crashed = trial.crash_at(step);
        assert!(crashed || step + 4 > steps, "{database:?} {choice}: step {step} of {steps} was not reached");
        let about = format!("{database:?} {choice}: ended at step {step} of {steps}");
        let line = trial.mailferry.poll().remove(0);
        assert!(line["error"].is_null(), "{about}: {line}");
        assert_eq!(trial.state(), wanted, "{about}");
        let line = trial.mailferry.poll().remove(0);
        assert_eq!(
            (text(&line, "error"), &line["imported"], &line["effects_done"]),
            ("", &0.into(), &0.into()),
            "{about}"
        );
        assert_eq!(trial.state(), wanted, "{about}: a further poll changes nothing");
        tried += 1;
    }
    println!("{database:?} {choice}: {tried} of {steps} steps");
}

#[test]
fn a_crash_at_any_crash_point_loses_and_doubles_no_mail() {
    if !cfg!(feature = "crash-points") {
        println!("skipped: built without the feature crash-points; `make test` has it");
        return;
    }
    let of = if std::env::var("MAILFERRY_TEST_SWEEP").is_ok_and(|text| text == "all") { 1 } else { 10 };
    let all = || databases().into_iter().flat_map(|database| CHOICES.map(|choice| (database, choice)));
    // Two at a time: most of the time is spent waiting for disks and processes.
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for (share, (database, choice)) in all().enumerate().filter(|(at, _)| at % 2 == half) {
                    sweep(database, choice, share, of);
                }
            });
        }
    });
}
