//! The process is killed at random moments of an import, again and again. In the end every mail is there, once, and with
//! "delete" nothing of the customer's is gone that is not stored.
//!
//! MAILFERRY_TEST_KILLS and MAILFERRY_TEST_KILL_MESSAGES make it longer, MAILFERRY_TEST_SEED repeats a run.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::support::{
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text},
    mailferry::{Database, Mailferry},
    sha256, wait,
};

#[test]
fn killed_on_sqlite_with_leave() {
    Trial::new(Database::Sqlite, "leave").run();
}

#[test]
fn killed_on_sqlite_with_delete() {
    Trial::new(Database::Sqlite, "delete").run();
}

#[test]
fn killed_on_postgres_with_leave() {
    Trial::new(Database::Postgres, "leave").run();
}

#[test]
fn killed_on_postgres_with_delete() {
    Trial::new(Database::Postgres, "delete").run();
}

struct Trial {
    server: Dovecot,
    mailferry: Mailferry,
    deletes: bool,
    /// What was delivered: the name of the file, and the SHA-256 of the mail.
    delivered: BTreeMap<String, String>,
    random: StdRng,
}

impl Trial {
    fn new(database: Database, after_import: &str) -> Self {
        let server = Dovecot::start(&[JOBB]);
        let mut mailferry = Mailferry::on(database);
        // Small batches, so that a kill finds some committed, some written, some on their way.
        mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "7");
        mailferry.add_inbox(JOBB_INBOX);
        let more = ["--start", "all", "--after-import", after_import];
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &more);
        let seed = number_from("MAILFERRY_TEST_SEED").unwrap_or_else(rand::random);
        println!("{database:?}, {after_import}: MAILFERRY_TEST_SEED={seed}");
        let random = StdRng::seed_from_u64(seed);
        Self { server, mailferry, deletes: after_import == "delete", delivered: BTreeMap::new(), random }
    }

    fn run(mut self) {
        let kills = number_from("MAILFERRY_TEST_KILLS").unwrap_or(5);
        let messages = number_from("MAILFERRY_TEST_KILL_MESSAGES").unwrap_or(300);
        // The first run is only measured. Then half of the mail lies there at once, so that one import is killed several
        // times, and some comes before every further run, so that there always is something to interrupt.
        let share = messages / 2 / (kills + 1);
        self.deliver(share);
        let start = Instant::now();
        self.mailferry.poll_ok();
        let whole_run = start.elapsed();
        self.deliver(messages - (kills + 1) * share);

        let mut in_the_middle = 0;
        for _ in 0..kills {
            self.deliver(share);
            in_the_middle += u64::from(self.killed_within(whole_run));
            self.nothing_is_gone();
        }
        println!("{in_the_middle} of {kills} kills came before the end of a poll");
        assert!(kills == 0 || in_the_middle > 0, "no kill has interrupted anything");

        self.mailferry.poll_ok();
        self.nothing_is_gone();
        self.everything_is_there_once();
        assert_eq!(self.mailferry.poll_ok(), 0, "and a further poll finds nothing");
        let left = self.server.names(JOBB, "INBOX").len();
        assert_eq!(left, if self.deletes { 0 } else { self.delivered.len() }, "the customer's copies");
    }

    fn deliver(&mut self, count: u64) {
        for _ in 0..count {
            let number = self.delivered.len();
            // Between 0.3 and 60 KB, so that a kill meets messages and batches at different places.
            let lines = self.random.random_range(1..900);
            let mail = [
                format!("From: anna@example.se\r\nTo: {JOBB}\r\nSubject: {number}\r\n").into_bytes(),
                format!("Message-ID: <{number}@example.se>\r\n\r\n").into_bytes(),
                format!("{number:06}: the quick brown fox jumps over the lazy dog. 0123456789\r\n")
                    .repeat(lines)
                    .into_bytes(),
            ]
            .concat();
            let name = format!("{number:06}");
            self.server.deliver(JOBB, "INBOX", &name, &mail);
            self.delivered.insert(name, sha256::hex(&mail));
        }
    }

    /// Starts a poll and kills it after a random part of this time. Tells whether it was still running.
    fn killed_within(&mut self, whole_run: Duration) -> bool {
        let mut command = self.mailferry.command(&["poll"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // This wait is no synchronisation: its length is what the test is about.
        thread::sleep(whole_run.mul_f64(self.random.random_range(0.0..1.1)));
        let was_running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        was_running
    }

    /// Every mail is with the customer still, or stored, or both.
    fn nothing_is_gone(&self) {
        let messages = self.mailferry.messages();
        let stored: BTreeSet<&str> = messages.iter().map(|message| text(message, "sha256")).collect();
        let is_nowhere = || -> Vec<&String> {
            let with_customer: BTreeSet<String> = self.server.names(JOBB, "INBOX").into_iter().collect();
            let all = self.delivered.iter();
            all.filter(|(name, sha256)| !with_customer.contains(*name) && !stored.contains(sha256.as_str()))
                .map(|(name, _)| name)
                .collect()
        };
        // The server may still be renaming files for the killed client; what is gone for good stays away.
        let settled = wait::within(Duration::from_secs(5), || is_nowhere().is_empty().then_some(()));
        assert!(settled.is_some(), "deleted without a stored copy: {:?}", is_nowhere());
    }

    fn everything_is_there_once(&mut self) {
        let messages = self.mailferry.messages();
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for message in &messages {
            *times.entry(text(message, "sha256")).or_default() += 1;
        }
        let lost: Vec<_> = self.delivered.iter().filter(|(_, sha256)| !times.contains_key(sha256.as_str())).collect();
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(lost.is_empty() && twice.is_empty(), "lost: {lost:?}, more than once: {twice:?}");
        assert_eq!(messages.len(), self.delivered.len());
        // The list tells what was computed on the way in; a few are read back to see what is stored.
        for _ in 0..20 {
            let message = &messages[self.random.random_range(0..messages.len())];
            assert_eq!(sha256::hex(&self.mailferry.raw(message)), text(message, "sha256"));
        }
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}
