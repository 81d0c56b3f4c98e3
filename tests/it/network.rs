//! The network fails in the middle of polls, in every way and at any byte. Each poll ends in time, and in the end every mail
//! is imported once. With "delete", every mail that is gone from the customer's folder has been stored.
//!
//! MAILFERRY_TEST_FAULTS sets the number of faults in all four trials, MAILFERRY_TEST_SEED repeats a run.

mod other_hosts;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rand::{RngExt as _, rngs::StdRng};

use crate::support::{
    delivered::Delivered,
    dovecot::Dovecot,
    facts::{JOBB, JOBB_INBOX, text, with},
    fault_proxy::{Fault, FaultProxy, LATENCY},
    knob,
    mailferry::{Database, Mailferry},
};

/// The faults of one trial, in turn. `Latency` occurs twice: with deadlines that it exceeds and that it meets.
const FAULTS: [(Fault, &Deadlines); 6] = [
    (Fault::Reset, &SHORT),
    (Fault::BlackHole, &SHORT),
    (Fault::Slow, &SHORT),
    (Fault::HalfClose, &SHORT),
    (Fault::Latency, &SHORT),
    (Fault::Latency, &PATIENT),
];

/// No poll may run for longer than `poll_time` plus this.
const GRACE: Duration = Duration::from_secs(5);

/// The number of small mails that are delivered before a fault in the last answers of a poll; these answers have about 20
/// bytes for each mail.
const TINY: u64 = 40;

struct Deadlines {
    poll_time: Duration,
    silence: &'static str,
    command: &'static str,
}

const SHORT: Deadlines = Deadlines { poll_time: Duration::from_secs(6), silence: "2s", command: "4s" };
/// Deadlines that are longer than `LATENCY`, by which a connection is delayed once.
const PATIENT: Deadlines = Deadlines { poll_time: Duration::from_secs(30), silence: "10s", command: "20s" };

#[test]
fn no_connection_fault_loses_or_doubles_mail_on_sqlite_with_leave() {
    Trial::new(Database::Sqlite, "leave").run(0);
}

#[test]
fn no_connection_fault_loses_or_doubles_mail_on_sqlite_with_delete() {
    Trial::new(Database::Sqlite, "delete").run(1);
}

#[test]
fn no_connection_fault_loses_or_doubles_mail_on_postgres_with_leave() {
    Trial::new(Database::Postgres, "leave").run(2);
}

#[test]
fn no_connection_fault_loses_or_doubles_mail_on_postgres_with_delete() {
    Trial::new(Database::Postgres, "delete").run(3);
}

struct Trial {
    name: String,
    server: Dovecot,
    proxy: FaultProxy,
    mailferry: Mailferry,
    deletes: bool,
    delivered: Delivered,
    /// The size of the mails delivered since the last poll without an error: about as many bytes as the server will send.
    unsent_bytes: u64,
    random: StdRng,
    /// How the polls ended, for the failure message.
    outcomes: BTreeMap<String, u32>,
    longest_overrun: Duration,
}

impl Trial {
    fn new(database: Database, after_import: &str) -> Self {
        let server = Dovecot::start(&[JOBB]);
        let proxy = FaultProxy::start(server.imaps);
        let mut mailferry = Mailferry::with_database(database);
        // Small batches, so that a fault finds some of them committed, some written and some in flight.
        mailferry.env("MAILFERRY__LIMITS__BATCH_MESSAGES", "7");
        mailferry.add_inbox(JOBB_INBOX);
        let mut options = server.tls_options();
        *options.last_mut().unwrap() = proxy.port.to_string();
        mailferry.add_mailbox(JOBB, JOBB_INBOX, &options, &["--start", "all", "--after-import", after_import]);
        let name = format!("{database:?}, {after_import}");
        Self {
            random: knob::random(&name),
            name,
            server,
            proxy,
            mailferry,
            deletes: after_import == "delete",
            delivered: Delivered::default(),
            unsent_bytes: 0,
            outcomes: BTreeMap::new(),
            longest_overrun: Duration::ZERO,
        }
    }

    /// Runs the trial. Trials begin at different faults, so that a few of them together meet all faults.
    fn run(mut self, place: u64) {
        let runs = knob::number_from("MAILFERRY_TEST_FAULTS").unwrap_or(20).div_ceil(4);
        self.deliver(30);
        for run in 0..runs {
            let turn = usize::try_from(place * 2 + run).unwrap() % FAULTS.len();
            let (fault, deadlines) = FAULTS[turn];
            let after = if run % 5 == 4 { self.choose_late_byte() } else { self.choose_any_byte(run) };
            self.poll_with_fault(fault, after, deadlines);
            self.delivered.assert_nothing_lost(&self.server, &self.mailferry);
        }
        println!(
            "{}: {} of {runs} polls met their fault: {:#?}",
            self.name,
            self.proxy.faults_applied(),
            self.outcomes
        );
        println!("{}: longest beyond poll_time: {:?}", self.name, self.longest_overrun);
        assert!(runs == 0 || self.proxy.faults_applied() > 0, "no fault interrupted a poll");

        self.proxy.plan(Fault::None, 0);
        self.set(&PATIENT);
        self.mailferry.poll_ok();
        self.delivered.assert_nothing_lost(&self.server, &self.mailferry);
        let ledger = self.mailferry.ledger();
        let quarantined = with(&ledger, "state", "quarantined");
        assert!(quarantined.is_empty(), "mail was quarantined because of a network fault: {quarantined:?}");
        self.delivered.assert_all_imported_once(&self.mailferry);
        assert_eq!(self.mailferry.poll_ok(), 0, "a further poll finds nothing");
        let left = self.server.names(JOBB, "INBOX").len();
        assert_eq!(left, if self.deletes { 0 } else { self.delivered.len() }, "the customer's copies");
    }

    fn set(&mut self, deadlines: &Deadlines) {
        let Deadlines { poll_time, silence, command } = deadlines;
        for (name, value) in [
            ("SCHEDULE__POLL_TIME", format!("{}s", poll_time.as_secs()).as_str()),
            ("DEADLINES__TLS", silence),
            ("DEADLINES__GREETING", silence),
            ("DEADLINES__LOGIN", silence),
            ("DEADLINES__SILENCE", silence),
            ("DEADLINES__COMMAND", command),
        ] {
            self.mailferry.env(&format!("MAILFERRY__{name}"), value);
        }
    }

    fn deliver(&mut self, count: u64) {
        self.unsent_bytes += self.delivered.deliver(&self.server, count, &mut self.random);
    }

    /// Delivers mail, and chooses a byte of what the server will send.
    fn choose_any_byte(&mut self, run: u64) -> u64 {
        self.deliver(6);
        if run.is_multiple_of(3) {
            self.unsent_bytes += self.delivered.deliver_large(&self.server, &mut self.random);
        }
        // Handshake, login and opening the folder are short compared with the mail, but must be hit as often.
        let beginning = 8_000;
        match self.random.random_range(0..4) {
            0 => self.random.random_range(0..beginning),
            _ => self.random.random_range(0..self.unsent_bytes + beginning),
        }
    }

    /// Delivers mail, and chooses a byte of the last answers, where copies are deleted. A poll of such mails without a fault shows
    /// how many bytes a whole poll receives.
    fn choose_late_byte(&mut self) -> u64 {
        self.proxy.plan(Fault::None, 0);
        self.set(&PATIENT);
        self.mailferry.poll_ok();
        self.delivered.deliver_tiny(&self.server, TINY);
        self.mailferry.poll_ok();
        let whole = self.proxy.bytes_passed();
        self.unsent_bytes = self.delivered.deliver_tiny(&self.server, TINY);
        whole - self.random.random_range(0..TINY * 20)
    }

    /// Runs one poll with this fault.
    fn poll_with_fault(&mut self, fault: Fault, after: u64, deadlines: &Deadlines) {
        self.set(deadlines);
        self.proxy.plan(fault, after);
        let met_before = self.proxy.faults_applied();
        let start = Instant::now();
        let line = self.mailferry.poll().remove(0);
        let took = start.elapsed();
        let was_met = self.proxy.faults_applied() > met_before;
        let error = &line["error"];
        if error.is_null() {
            self.unsent_bytes = 0;
        }

        let what = format!("{}: {fault:?} after {after} bytes, in {took:?}: {line}", self.name);
        self.longest_overrun = self.longest_overrun.max(took.saturating_sub(deadlines.poll_time));
        assert!(took < deadlines.poll_time + GRACE, "the poll does not end in time: {what}");
        let is_latency = fault == Fault::Latency;
        if is_latency && deadlines.poll_time == PATIENT.poll_time {
            assert!(error.is_null(), "the poll should succeed within the deadlines: {what}");
            assert!(!was_met || took >= LATENCY, "the proxy did not delay the connection: {what}");
        }
        if !was_met {
            assert!(error.is_null(), "no fault was applied: {what}");
        }
        let allows = if is_latency { format!(" with silence {}", deadlines.silence) } else { String::new() };
        let end = if error.is_null() { "no error" } else { text(error, "step") };
        let met = if was_met { "met" } else { "not met" };
        *self.outcomes.entry(format!("{fault:?}{allows}, {met}: {end}")).or_default() += 1;
    }
}
