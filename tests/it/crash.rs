//! The process is killed repeatedly at random moments of an import. In the end every mail is imported once. With "delete", every
//! mail that is gone from the customer's folder has been stored.
//!
//! MAILFERRY_TEST_KILLS and MAILFERRY_TEST_KILL_MESSAGES make the test longer, MAILFERRY_TEST_SEED repeats a run.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt as _, rngs::StdRng};

use crate::support::{
    delivered::Delivered,
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX},
    knob::{self, number_from},
    mailferry::{Database, Mailferry},
};

#[test]
fn no_mail_is_lost_or_doubled_by_kills_on_sqlite_with_leave() {
    Trial::new(Database::Sqlite, "leave").run();
}

#[test]
fn no_mail_is_lost_or_doubled_by_kills_on_sqlite_with_delete() {
    Trial::new(Database::Sqlite, "delete").run();
}

#[test]
fn no_mail_is_lost_or_doubled_by_kills_on_postgres_with_leave() {
    Trial::new(Database::Postgres, "leave").run();
}

#[test]
fn no_mail_is_lost_or_doubled_by_kills_on_postgres_with_delete() {
    Trial::new(Database::Postgres, "delete").run();
}

struct Trial {
    server: Dovecot,
    mailferry: Mailferry,
    deletes: bool,
    delivered: Delivered,
    random: StdRng,
}

impl Trial {
    fn new(database: Database, after_import: &str) -> Self {
        let server = Dovecot::start(&[JOBB]);
        let mut mailferry = Mailferry::with_database(database);
        // Small batches, so that a kill finds some of them committed, some written and some in flight.
        mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "7");
        mailferry.add_inbox(JOBB_INBOX);
        let more = ["--start", "all", "--after-import", after_import];
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &server.tls_options(), &more);
        let random = knob::random(&format!("{database:?}, {after_import}"));
        Self { server, mailferry, deletes: after_import == "delete", delivered: Delivered::default(), random }
    }

    fn run(mut self) {
        let kills = number_from("MAILFERRY_TEST_KILLS").unwrap_or(5);
        let messages = number_from("MAILFERRY_TEST_KILL_MESSAGES").unwrap_or(300);
        // The first run is only timed. Then half of the mail is delivered at once, so that one import is killed several
        // times. Some of the rest is delivered before every further run, so that there is always a poll to interrupt.
        let share = messages / 2 / (kills + 1);
        self.deliver(share);
        let start = Instant::now();
        self.mailferry.poll_ok();
        let whole_run = start.elapsed();
        self.deliver(messages - (kills + 1) * share);

        let mut in_the_middle = 0;
        for _ in 0..kills {
            self.deliver(share);
            in_the_middle += u64::from(self.kill_during(whole_run));
            self.delivered.assert_nothing_lost(&self.server, &self.mailferry);
        }
        println!("{in_the_middle} of {kills} kills came before the end of a poll");
        assert!(kills == 0 || in_the_middle > 0, "no kill interrupted a run");

        self.mailferry.poll_ok();
        self.delivered.assert_nothing_lost(&self.server, &self.mailferry);
        self.delivered.assert_all_imported_once(&self.mailferry);
        assert_eq!(self.mailferry.poll_ok(), 0, "a further poll finds nothing");
        let left = self.server.names(JOBB, "INBOX").len();
        assert_eq!(left, if self.deletes { 0 } else { self.delivered.len() }, "the customer's copies");
    }

    fn deliver(&mut self, count: u64) {
        // The sizes of the mails differ, so that a kill hits messages and batches at different points.
        self.delivered.deliver(&self.server, count, &mut self.random);
    }

    /// Starts a poll and kills it after a random part of this time. Returns whether the poll was still running.
    fn kill_during(&mut self, whole_run: Duration) -> bool {
        let mut command = self.mailferry.command(&["poll"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // This wait is not for synchronisation: its random length is the purpose of the test.
        thread::sleep(whole_run.mul_f64(self.random.random_range(0.0..1.1)));
        let was_running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        was_running
    }
}
